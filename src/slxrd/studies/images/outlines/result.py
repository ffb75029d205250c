"""Result: outlines of superlattices, and those that were left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from slxrd._escape import csv_text
from slxrd._frozen import Sealed
from slxrd._short_repr import short_repr
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.outlines.measures import Scale
from slxrd.studies.images.text import aligned, number, title
from slxrd.units import FloatArray

#: Quantities of an outline, with their headings.
QUANTITIES = {
    "diagonal": "diagonal",
    "length": "length",
    "width": "width",
    "side_ratio": "side ratio",
    "angle_error": "angle error",
}


@short_repr
@dataclass(frozen=True, eq=False)
class Outline(Sealed):
    """Outline of one superlattice.

    Parameters
    ----------
    number : int
        Number in the picture, from 1.
    corners : ndarray, shape (4, 2)
        Corners of the quadrilateral, x (columns) and y (rows) in pixels.
    diagonal : Estimate
        The longer diagonal in nm.
    length, width : Estimate
        Sides of the rectangle of least area around the quadrilateral, in nm.
    side_ratio : Estimate
        Mean of the longer two opposite sides over that of the shorter two; 1 for a square.
    angle_error : Estimate
        Root mean square deviation of the four angles from 90°, in degrees.
    angle_excess : float
        Mean square deviation of the angles in (°)², less that of their errors; without bias, but also
        negative.
    roughness : float
        Standard deviation of the contour from straight sides, in nm.
    """

    number: int
    corners: FloatArray
    diagonal: Estimate
    length: Estimate
    width: Estimate
    side_ratio: Estimate
    angle_error: Estimate
    angle_excess: float
    roughness: float


@dataclass(frozen=True)
class Trend:
    """Whether smaller superlattices are more distorted: rank correlation of diagonal and angle error.

    Parameters
    ----------
    correlation : float or None
        Spearman's; negative if smaller ones are more distorted. None if there are too few.
    probability : float or None
        Of a correlation as large as this by chance.
    conclusion : str
        In words.
    """

    correlation: float | None
    probability: float | None
    conclusion: str


@short_repr
@dataclass(frozen=True, eq=False)
class Outlines(Sealed):
    """Outlines of the superlattices in a micrograph.

    Parameters
    ----------
    source : str
        File, or a description.
    simulated : bool
        Whether the picture was simulated.
    picture : ndarray, shape (rows, columns)
        Grey levels.
    scale : Scale
        Length of a pixel.
    threshold : float
        Grey level that separates objects from the background.
    dark : bool
        Whether the objects are darker than the background.
    outlines : tuple of Outline
        In the order of their rows.
    left_out : mapping of str to int
        Numbers of objects that were left out, by the reason.
    trend : Trend
        Relation of size and distortion.
    """

    source: str
    simulated: bool
    picture: FloatArray
    scale: Scale
    threshold: float
    dark: bool
    outlines: tuple[Outline, ...]
    left_out: Mapping[str, int]
    trend: Trend

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        kind = "dark" if self.dark else "bright"
        error = f" ± {self.scale.error:.2g}" if self.scale.error else ""
        lines = [
            title(self.source, self.simulated),
            f"{len(self.outlines)} outlines of {kind} objects, threshold {self.threshold:.4g}, "
            f"{self.scale.pixel:.4g}{error} nm a pixel",
            *(f"left out: {count} {reason}" for reason, count in self.left_out.items() if count),
            "",
        ]
        rows = [["no.", "at (x, y)", *QUANTITIES.values()]]
        for each in self.outlines:
            x, y = each.corners.mean(axis=0)
            values = [number(getattr(each, name)) for name in QUANTITIES]
            rows.append([str(each.number), f"{x:.0f}, {y:.0f}", *values])
        lines += aligned(rows)
        of_scale = "that of the scale" if self.scale.error else "none of the scale"
        return [
            *lines,
            "",
            f"size and distortion: {self.trend.conclusion}",
            "angle error: root mean square deviation of the four angles from 90°, less what noise adds",
            f"errors: noise and roughness of the sides, and {of_scale}; limits (<) at 95 %",
        ]

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON; lengths in nm, corners in pixels."""
        return {
            "file": self.source,
            "simulated": self.simulated,
            "pixel": asdict(self.scale),
            "threshold": self.threshold,
            "dark": self.dark,
            "left_out": dict(self.left_out),
            "outlines": [
                {
                    "number": each.number,
                    "corners": np.round(each.corners, 3).tolist(),
                    **{name: asdict(getattr(each, name)) for name in QUANTITIES},
                    "angle_excess": each.angle_excess,
                    "roughness": each.roughness,
                }
                for each in self.outlines
            ],
            "trend": asdict(self.trend),
        }

    def csv(self) -> str:
        """Write the outlines as a table, one a line; limits have no error."""
        columns = [part for name in QUANTITIES for part in (name, f"{name}_sigma", f"{name}_status")]
        rows = []
        for each in self.outlines:
            x, y = each.corners.mean(axis=0)
            cells: list[object] = [each.number, f"{x:.2f}", f"{y:.2f}"]
            for name in QUANTITIES:
                estimate: Estimate = getattr(each, name)
                cells += [f"{estimate.value:.6g}", "" if estimate.error is None else f"{estimate.error:.3g}"]
                cells.append(estimate.status)
            rows.append([*cells, f"{each.roughness:.4g}"])
        return csv_text(["number", "x", "y", *columns, "roughness"], rows)
