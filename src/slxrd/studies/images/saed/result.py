"""Result: centre, rings with spacings and arcs, vectors of spots, lattice constant and zone axis."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from slxrd._escape import csv_text
from slxrd._frozen import Sealed
from slxrd._short_repr import short_repr
from slxrd.data.pattern import Pattern
from slxrd.detector.maps import PolarMap
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.saed.arcs import RingArcs
from slxrd.studies.images.text import aligned, named_planes, number, plain, spacing, title


@dataclass(frozen=True)
class SaedRing:
    """One ring of an electron diffraction image.

    Parameters
    ----------
    planes : str
        Planes of the lattice that reflect it, such as ``"{100}"``; empty if none do.
    radius : Estimate
        Pixels.
    d : Estimate
        Spacing in Å; its error contains that of the camera constant, and is None if that is not known.
    expected : float or None
        Spacing of the planes of the lattice in Å.
    ratio : Estimate
        Radius over that of the innermost ring, which does not depend on the camera constant.
    width : Estimate
        Full width at half maximum along the radius in pixels, as measured.
    significance : float
        Height over its standard deviation when it was found.
    arcs : RingArcs
        Maxima over the azimuth.
    """

    planes: str
    radius: Estimate
    d: Estimate
    expected: float | None
    ratio: Estimate
    width: Estimate
    significance: float
    arcs: RingArcs


@dataclass(frozen=True)
class SpotVectors:
    """Two reciprocal vectors that index the spots of a single crystal.

    Parameters
    ----------
    lengths : (Estimate, Estimate)
        Pixels.
    d : (Estimate, Estimate)
        Their inverses in Å; the error is None if that of the camera constant is not known.
    ratio : Estimate
        Longer over shorter length.
    angle : Estimate
        Between them in degrees.
    indexed, spots : int
        Spots on the lattice, and all that are found.
    """

    lengths: tuple[Estimate, Estimate]
    d: tuple[Estimate, Estimate]
    ratio: Estimate
    angle: Estimate
    indexed: int
    spots: int


@short_repr
@dataclass(frozen=True, eq=False)
class Saed(Sealed):
    """What an electron diffraction image shows.

    Parameters
    ----------
    source : str
        File, or a description.
    simulated : bool
        Whether the image was simulated.
    conclusion : str
        Rings, arcs or spots in words.
    camera_constant : Estimate
        As it was given, in Å·pixel.
    centre : (Estimate, Estimate)
        Row and column of the direct beam in pixels from the corner of the first one.
    lattice : str
        Lattice that was given, or empty.
    rings : tuple of SaedRing
        In the order of their radii.
    scale : Estimate or None
        Spacings over those of the lattice.
    lattice_constant : Estimate or None
        Of a cubic lattice in Å.
    ratio_test : (float, int) or None
        χ² of the ratios of the radii by this lattice, and its degrees of freedom.
    zone_axis : str
        Direction of the crystals along the beam, ``"<001>"``; empty if it is not determined.
    zone_axes : tuple of str
        All directions that agree with the arcs.
    spots : SpotVectors or None
        Vectors of the spots, if they are those of a single crystal.
    ellipticity : Estimate or None
        Half of the relative difference of the largest and the smallest diameter of the rings.
    notes : tuple of str
        What is doubtful.
    polar : PolarMap
        The image over q and azimuth.
    radial : Pattern
        Intensity over q, averaged over all azimuths.
    history : tuple of str
        What was done, one sentence a step.
    """

    source: str
    simulated: bool
    conclusion: str
    camera_constant: Estimate
    centre: tuple[Estimate, Estimate]
    lattice: str
    rings: tuple[SaedRing, ...]
    scale: Estimate | None
    lattice_constant: Estimate | None
    ratio_test: tuple[float, int] | None
    zone_axis: str
    zone_axes: tuple[str, ...]
    spots: SpotVectors | None
    ellipticity: Estimate | None
    notes: tuple[str, ...]
    polar: PolarMap
    radial: Pattern
    history: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [title(self.source, self.simulated), self.conclusion]
        row, column = (_text(each) for each in self.centre)
        lines += [
            f"centre: row {row}, column {column}",
            f"camera constant: {_text(self.camera_constant)}, as given",
        ]
        if self.lattice:
            lines.append(f"lattice: {self.lattice}")
        if self.rings:
            rows = [["planes", "radius", "ratio", "d", "expected d", "width (FWHM)", "in arcs", "arc (FWHM)"]]
            for ring in self.rings:
                measured = map(_text, (ring.radius, ring.ratio, ring.d))
                arcs = [_text(ring.arcs.fraction), _text(ring.arcs.width) if ring.arcs.azimuths else "-"]
                name = named_planes(ring.planes, self.lattice)
                rows.append([name, *measured, spacing(ring.expected), _text(ring.width), *arcs])
            lines += ["", *aligned(rows), ""]
            for ring in self.rings:
                if ring.arcs.azimuths:
                    at = ", ".join(f"{each.value:.1f}" for each in ring.arcs.azimuths)
                    name = ring.planes or f"radius {ring.radius.value:.4g}"
                    turned = _text(ring.arcs.spread)
                    lines.append(f"arcs of {name}: at {at}° and opposite; crystals turned by {turned}")
        if self.spots is not None:
            found = self.spots
            lines.append(f"spots: {found.indexed} of {found.spots} on one lattice")
            for name, length, d in zip("12", found.lengths, found.d, strict=True):
                lines.append(f"  vector {name}: {_text(length)}, d = {_text(d)}")
            lines.append(f"  angle {_text(found.angle)}, ratio {_text(found.ratio)}")
        if self.ratio_test is not None:
            chi2, degrees = self.ratio_test
            lines.append(
                f"ratios of the rings by this lattice: χ² = {chi2:.3g}, degrees of freedom {degrees}"
            )
        if self.lattice_constant is not None:
            lines.append(f"lattice constant: {_text(self.lattice_constant)}")
        elif self.scale is not None:
            lines.append(f"spacings over those of the lattice: {_text(self.scale)}")
        if self.lattice:
            lines.append(f"zone axis: {self.zone_axis or 'not determined'}")
        return "\n".join([*lines, *(f"! {note}" for note in self.notes)])

    def as_dictionary(self) -> dict[str, Any]:
        """Return everything but the map and the pattern as plain data, for JSON."""
        return {
            "file": self.source,
            "simulated": self.simulated,
            "conclusion": self.conclusion,
            "camera_constant": asdict(self.camera_constant),
            "centre": [asdict(each) for each in self.centre],
            "lattice": self.lattice,
            "rings": [asdict(ring) for ring in self.rings],
            "scale": plain(self.scale),
            "lattice_constant": plain(self.lattice_constant),
            "ratio_test": None if self.ratio_test is None else list(self.ratio_test),
            "zone_axis": self.zone_axis or None,
            "zone_axes": list(self.zone_axes),
            "spots": None if self.spots is None else asdict(self.spots),
            "ellipticity": plain(self.ellipticity),
            "notes": list(self.notes),
            "history": list(self.history),
        }

    def csv(self) -> str:
        """Return the radial profile as a table."""
        pattern = self.radial
        columns = (pattern.x, 2.0 * np.pi / pattern.x, pattern.intensity, np.asarray(pattern.sigma))
        rows = ([f"{value:.6g}" for value in row] for row in zip(*columns, strict=True))
        return csv_text(["q (1/Å)", "d (Å)", "intensity", "sigma"], rows)


def _text(estimate: Estimate) -> str:
    if estimate.unit == "Å" and estimate.status == "determined" and estimate.error is None:
        return f"{estimate.value:.4g} Å"  # the camera constant limits its digits
    return number(estimate)
