"""Result: rings of an image, preferred orientations, tilts, and rings of other crystals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from slxrd._escape import csv_text
from slxrd._frozen import Sealed
from slxrd._short_repr import short_repr
from slxrd.detector.maps import PolarMap
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.text import aligned, named_planes, number, plain, spacing, title
from slxrd.units import FloatArray


@short_repr
@dataclass(frozen=True, eq=False)
class Ring(Sealed):
    """One ring of an image.

    Parameters
    ----------
    planes : str
        Planes that reflect it, such as ``"{100}"``; empty if none of the crystal do.
    q : Estimate
        Position in Å⁻¹.
    d : Estimate
        Spacing of the planes in Å.
    expected : float or None
        Spacing that was expected for these planes, in Å.
    width : Estimate
        Full width at half maximum along q in Å⁻¹, as measured.
    significance : float
        Height over its standard deviation when it was found.
    even : bool or None
        Whether its intensity is the same at all azimuths within the errors; None if too few are measured.
    azimuth : ndarray, shape (m,)
        Degrees.
    height, sigma : ndarray, shape (m,)
        Intensity at the ring's maximum above the background, and its standard deviation; NaN where it is not
        measured.
    model : ndarray, shape (m,)
        Intensity by the orientations; NaN if the ring was not used for them.
    """

    planes: str
    q: Estimate
    d: Estimate
    expected: float | None
    width: Estimate
    significance: float
    even: bool | None
    azimuth: FloatArray
    height: FloatArray
    sigma: FloatArray
    model: FloatArray


@dataclass(frozen=True)
class PreferredOrientation:
    """Crystals in one orientation.

    Parameters
    ----------
    planes : str
        Planes parallel to the substrate, such as ``"{100}"``.
    fraction : Estimate
        Of the crystals.
    tilt : Estimate
        Standard deviation of the tilt about one axis, in degrees, corrected for the width of the spots
        themselves.
    rivals : tuple of str
        Planes that describe the image nearly as well in its place.
    """

    planes: str
    fraction: Estimate
    tilt: Estimate
    rivals: tuple[str, ...] = ()


@short_repr
@dataclass(frozen=True, eq=False)
class Orientations(Sealed):
    """Preferred orientations of the crystals in a film.

    Parameters
    ----------
    source : str
        File, or a description.
    simulated : bool
        Whether the image was simulated.
    lattice : str
        Lattice of the crystals, or empty.
    orientations : tuple of PreferredOrientation
        Orientations, the one that explains most first.
    random : Estimate or None
        Fraction of randomly oriented crystals; None without rings of the lattice.
    rings : tuple of Ring
        Rings in the order of q.
    displacement : (Estimate, Estimate) or None
        Displacement of the rings from the given centre in pixels, to the right and along the normal.
    misfit : float or None
        χ² a degree of freedom of the orientations.
    notes : tuple of str
        What is doubtful.
    polar : PolarMap
        The image over q and azimuth.
    history : tuple of str
        What was done, one sentence a step.
    """

    source: str
    simulated: bool
    lattice: str
    orientations: tuple[PreferredOrientation, ...]
    random: Estimate | None
    rings: tuple[Ring, ...]
    displacement: tuple[Estimate, Estimate] | None
    misfit: float | None
    notes: tuple[str, ...]
    polar: PolarMap
    history: tuple[str, ...] = ()

    @property
    def impurities(self) -> tuple[Ring, ...]:
        """Rings that no planes of the lattice, or of the given spacings, reflect."""
        return tuple(ring for ring in self.rings if not ring.planes) if self.lattice else ()

    @property
    def conclusion(self) -> str:
        """Preferred orientation in words."""
        if not self.rings:
            return "no rings: nothing exceeds the noise of the background"
        if self.random is None:
            return "orientation not determined: no ring of a lattice"
        if not self.orientations:
            return "no preferred orientation is seen"
        named = " and ".join(each.planes for each in self.orientations)
        return f"{named} parallel to the substrate"

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines = [title(self.source, self.simulated), self.conclusion]
        if self.lattice:
            lines.append(f"lattice: {self.lattice}")
        if self.random is not None:
            lines.append("")
            rows = [["crystals", "fraction", "tilt", ""]]
            for each in self.orientations:
                rivals = f"or {', '.join(each.rivals)}, not excluded" if each.rivals else ""
                values = map(number, (each.fraction, each.tilt))
                rows.append([f"{each.planes} parallel to the substrate", *values, rivals])
            rows.append(["random", number(self.random), "", ""])
            lines += aligned(rows)
        if self.rings:
            rows = [["planes", "q", "d", "expected d", "width (FWHM)", "significance", "azimuth"]]
            for ring in self.rings:
                even = {True: "even", False: "uneven", None: "not determined"}[ring.even]
                cells = [*map(number, (ring.q, ring.d)), spacing(ring.expected), number(ring.width)]
                name = named_planes(ring.planes, self.lattice)
                rows.append([name, *cells, f"{ring.significance:.1f} σ", even])
            lines += ["", *aligned(rows)]
        if self.displacement is not None:
            right, up = map(number, self.displacement)
            lines += ["", f"rings displaced from the given centre by {right} to the right and {up} upwards"]
        if self.misfit is not None:
            lines.append(f"misfit: χ² of {self.misfit:.2f} a degree of freedom")
        if self.orientations:
            lines.append("tilt: standard deviation about one axis, less the width of the spots themselves")
        return [*lines, *(f"! {note}" for note in self.notes)]

    def as_dictionary(self) -> dict[str, Any]:
        """Return everything but the map as plain data, for JSON."""
        return {
            "file": self.source,
            "simulated": self.simulated,
            "conclusion": self.conclusion,
            "lattice": self.lattice,
            "orientations": [asdict(each) for each in self.orientations],
            "random": plain(self.random),
            "rings": [_plain(ring) for ring in self.rings],
            "impurities": [ring.q.value for ring in self.impurities],
            "displacement": None
            if self.displacement is None
            else [asdict(each) for each in self.displacement],
            "misfit": self.misfit,
            "notes": list(self.notes),
            "history": list(self.history),
        }

    def csv(self) -> str:
        """Return the profiles of the rings over the azimuth as a table."""
        rows = []
        for place, ring in enumerate(self.rings, 1):
            for values in zip(ring.azimuth, ring.height, ring.sigma, ring.model, strict=True):
                if np.isfinite(values[2]):
                    cells = ["" if np.isnan(value) else f"{value:.6g}" for value in values]
                    rows.append([ring.planes or place, f"{ring.q.value:.6g}", *cells])
        return csv_text(["ring", "q (1/Å)", "azimuth (°)", "height", "sigma", "model"], rows)


def _plain(ring: Ring) -> Mapping[str, Any]:
    known = np.isfinite(ring.sigma)
    arrays = {
        name: [None if np.isnan(value) else float(value) for value in getattr(ring, name)[known]]
        for name in ("azimuth", "height", "sigma", "model")
    }
    return {
        "planes": ring.planes,
        "q": asdict(ring.q),
        "d": asdict(ring.d),
        "expected": ring.expected,
        "width": asdict(ring.width),
        "significance": ring.significance,
        "even": ring.even,
        **arrays,
    }
