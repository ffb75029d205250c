"""Result: periods of a superlattice in and out of plane, from spots."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from slxrd._escape import csv_text
from slxrd._frozen import Sealed
from slxrd._short_repr import short_repr
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, remark
from slxrd.studies.images.spots.find import Spot
from slxrd.studies.images.spots.scattering import GeometryErrors
from slxrd.studies.images.text import title
from slxrd.units import FloatArray

#: Candidates that are printed.
_SHOWN = 5


@dataclass(frozen=True)
class RankedLattice:
    """A lattice that was tried.

    Parameters
    ----------
    name : str
        Name in words.
    a, c : float
        Periods in and out of plane, in Å.
    layers : int
        Layers in the period out of plane.
    indexed : int
        Spots that it explains.
    probability : float
        Probability among all lattices and periods that were tried.
    """

    name: str
    a: float
    c: float
    layers: int
    indexed: int
    probability: float


@short_repr
@dataclass(frozen=True, eq=False)
class Periods(Sealed):
    """Periods of a superlattice from the spots of an image at grazing incidence.

    Parameters
    ----------
    image : DetectorImage
        The image.
    geometry : Geometry
        Where the detector stands.
    errors : GeometryErrors
        Of the geometry, which are part of the errors of the periods.
    simulated : bool
        Whether the image was simulated.
    lattice : str
        The most probable lattice, in words.
    estimates : mapping of str to Estimate
        ``in_plane``: the period of the layers in Å; ``out_of_plane``: the distance from layer to layer, which
        Λ of a fit is; ``ratio``: the second over the first.
    spots : tuple of Spot
        All spots.
    q : ndarray, shape (n, 2)
        q_xy and q_z of the spots outside of the film, in Å⁻¹.
    indices : ndarray, shape (n, 3)
        h, k, l of each spot; NaN for spots that do not belong to the lattice.
    beams : tuple of str
        Beam of each spot: transmitted, reflected (by the substrate), both, or empty.
    ranked : tuple of RankedLattice
        Lattices with their periods, the most probable first.
    excluded : tuple of str
        Lattices that were tried, and are less probable than e⁻¹².
    notes : tuple of str
        Remarks on the result.
    """

    image: DetectorImage
    geometry: Geometry
    errors: GeometryErrors
    simulated: bool
    lattice: str
    estimates: Mapping[str, Estimate]
    spots: tuple[Spot, ...]
    q: FloatArray
    indices: FloatArray
    beams: tuple[str, ...]
    ranked: tuple[RankedLattice, ...]
    excluded: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        indexed = int(np.isfinite(self.indices[:, 0]).sum())
        rows = [
            ("Λ in plane", self.estimates["in_plane"]),
            ("Λ out of plane", self.estimates["out_of_plane"]),
            ("out of / in plane", self.estimates["ratio"]),
        ]
        return "\n".join(
            [
                title(self.image.name, self.simulated),
                f"{len(self.spots)} spots, {indexed} of them of the lattice: {self.lattice}",
                "",
                *(f"  {name:<18} {format_estimate(each)}{remark(each)}".rstrip() for name, each in rows),
                "",
                "lattices and periods that were tried, with their probabilities:",
                *(
                    f"  {_percent(each.probability):>7}  a {each.a:7.2f}  c {each.c:7.2f} Å  "
                    f"{each.indexed:2d} spots  {each.name}"
                    for each in self.ranked[:_SHOWN]
                ),
                *(f"  < 0.01%  {name}" for name in self.excluded),
                "",
                *(f"! {note}" for note in self.notes),
            ]
        )

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON; lengths in Å, positions in pixels."""
        return {
            "file": self.image.name,
            "simulated": self.simulated,
            "history": list(self.image.history),
            "geometry": str(self.geometry),
            "geometry_errors": asdict(self.errors),
            "lattice": self.lattice,
            "estimates": {name: asdict(each) for name, each in self.estimates.items()},
            "spots": [
                {
                    **asdict(spot),
                    "q_xy": float(q[0]),
                    "q_z": float(q[1]),
                    "indices": None if math.isnan(hkl[0]) else [int(i) for i in hkl],
                    "beam": beam or None,
                }
                for spot, q, hkl, beam in self._rows()
            ],
            "ranked": [asdict(each) for each in self.ranked],
            "excluded": list(self.excluded),
            "notes": list(self.notes),
        }

    def csv(self) -> str:
        """Write the spots as a table, one a line."""
        rows = []
        for spot, q, hkl, beam in self._rows():
            known = not math.isnan(hkl[0])
            numbers = [spot.row, spot.row_error, spot.column, spot.column_error, *q]
            rows.append(
                [*(f"{value:.6g}" for value in numbers), *(int(i) if known else "" for i in hkl), beam]
            )
        header = ["row", "row_error", "column", "column_error", "q_xy", "q_z", "h", "k", "l", "beam"]
        return csv_text(header, rows)

    def _rows(self) -> Sequence[tuple[Spot, FloatArray, FloatArray, str]]:
        return list(zip(self.spots, self.q, self.indices, self.beams, strict=True))


def _percent(probability: float) -> str:
    return "< 0.01%" if probability < 1e-4 else f"{100.0 * probability:.2f}%"
