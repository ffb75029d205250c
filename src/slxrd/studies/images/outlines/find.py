"""Outlines of superlattices in a micrograph: size against distortion, as Fig. S9 of the 2021 paper."""

from __future__ import annotations

import math
import os

import numpy as np

from slxrd._arguments import check_arguments, real_array
from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.studies.images.outlines.measures import Scale, measure
from slxrd.studies.images.outlines.micrograph import Micrograph, read_micrograph
from slxrd.studies.images.outlines.objects import FoundObject, contour_of, objects_in, threshold_objects
from slxrd.studies.images.outlines.quadrilateral import Quadrilateral, fit_quadrilateral
from slxrd.studies.images.outlines.result import Outline, Outlines, Trend

#: Least side in pixels of an object of which the sides can be measured.
LEAST_SIDE = 20
#: Least share of its convex hull that a superlattice fills, and least ratio of both areas.
CONVEX, FILLED = 0.9, 0.9
#: Largest deviation of the contour from straight sides, as part of the square root of the area.
STRAIGHT = 0.04
#: Least outlines for a correlation, and its largest probability by chance.
LEAST_OUTLINES, BY_CHANCE = 8, 0.05
#: Why objects are left out.
AT_EDGE, SMALL, NO_QUADRILATERAL = (
    "touching the edge of the picture",
    "too small to be measured",
    "no quadrilaterals (several in contact, or of another shape)",
)


@check_arguments
def find_outlines(
    picture: object,
    pixel: float,
    *,
    pixel_error: float = 0.0,
    rows: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
    threshold: float | None = None,
    dark: bool | None = None,
    smallest: float | None = None,
) -> Outlines:
    """Measure the outlines of superlattices in a micrograph: diagonal, sides, angles.

    Objects are connected pixels on one side of a threshold. The contour of each, midway between its own grey
    level and that of its surroundings, is fitted by four straight sides. Objects that touch the edge of the
    picture are left out and counted, as are those that are too small or no quadrilaterals.

    Parameters
    ----------
    picture : array_like of shape (rows, columns), or path-like
        Grey levels, or a TIFF, PNG, JPEG or BMP file.
    pixel, pixel_error : float
        Length of a pixel in nm, and its standard deviation.
    rows, columns : (int, int), optional
        Part of the picture to analyse, first and last, counted from 0; it should leave out a scale bar.
    threshold : float, optional
        Grey level between objects and background; by default from the histogram (Otsu).
    dark : bool, optional
        Whether objects are darker than the background; by default the background is what most of the edge
        of the picture shows.
    smallest : float, optional
        Smallest object, by the square root of its area in nm; by default, and at least, 20 pixels.

    Returns
    -------
    Outlines
        Print it for a table.

    Raises
    ------
    SlxrdError
        If the picture cannot be read, has no objects, or an argument is invalid.
    """
    micrograph = _micrograph(picture)
    for name, value in (("pixel", pixel), ("smallest", smallest)):
        if value is not None and not (math.isfinite(value) and value > 0.0):
            raise SlxrdError(f"{name} {value:g}: must be a positive number of nm")
    if not (math.isfinite(pixel_error) and 0.0 <= pixel_error < pixel):
        raise SlxrdError(f"pixel_error {pixel_error:g}: must be 0 or more, and below the length of a pixel")
    first_row, first_column, values = _part(micrograph, rows, columns)
    try:
        found = threshold_objects(values, threshold, dark)
    except SlxrdError as error:
        raise SlxrdError(f"{micrograph.source}: {error}") from None
    scale = Scale(pixel, pixel_error)
    side = max(LEAST_SIDE, 0.0 if smallest is None else smallest / pixel)
    left_out = dict.fromkeys((AT_EDGE, SMALL, NO_QUADRILATERAL), 0)
    outlines: list[Outline] = []
    for each in objects_in(found, LEAST_SIDE**2 // 4):
        if each.at_edge:
            left_out[AT_EDGE] += 1
        elif math.sqrt(each.area) < side:
            left_out[SMALL] += 1
        elif (shape := _shape(each, contour_of(found, each))) is None:
            left_out[NO_QUADRILATERAL] += 1
        else:
            of = measure(shape, scale)
            corners = shape.corners + np.array([first_column, first_row])
            outlines.append(
                Outline(
                    len(outlines) + 1, corners, of.diagonal, of.length, of.width, of.side_ratio,
                    of.angle_error, of.angle_excess, shape.residual * pixel,
                )
            )  # fmt: skip
    if not outlines:
        reasons = "; ".join(f"{count} {reason}" for reason, count in left_out.items() if count)
        raise SlxrdError(
            f"{micrograph.source}: no outline could be measured ({reasons or 'no objects'}); look at "
            "the picture, and choose the threshold, or dark or bright objects"
        )
    return Outlines(
        micrograph.source, micrograph.simulated, micrograph.values, scale, found.threshold, found.dark,
        tuple(outlines), FrozenDict(left_out), _trend(outlines),
    )  # fmt: skip


def _micrograph(picture: object) -> Micrograph:
    if isinstance(picture, str | os.PathLike):
        return read_micrograph(picture)
    return Micrograph(real_array(picture, "picture").copy(), "an array")


def _part(
    micrograph: Micrograph, rows: tuple[int, int] | None, columns: tuple[int, int] | None
) -> tuple[int, int, np.ndarray]:
    chosen = []
    for name, given, size in zip(("rows", "columns"), (rows, columns), micrograph.values.shape, strict=True):
        first, last = (0, size - 1) if given is None else given
        if not 0 <= first < last < size or last - first < LEAST_SIDE:
            raise SlxrdError(
                f"{name} {first}:{last}: must lie within 0:{size - 1}, at least {LEAST_SIDE} apart"
            )
        chosen.append((first, last + 1))
    (top, bottom), (left, right) = chosen
    return top, left, micrograph.values[top:bottom, left:right]


def _shape(each: FoundObject, contour: np.ndarray | None) -> Quadrilateral | None:
    """Return the quadrilateral of an object; None if it has another shape."""
    if contour is None or each.solidity < CONVEX:
        return None
    shape = fit_quadrilateral(contour)
    if shape is None or shape.residual > STRAIGHT * math.sqrt(each.area):
        return None
    x, y = shape.corners.T
    area = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    return shape if FILLED * area < each.area < area / FILLED else None


def _trend(outlines: list[Outline]) -> Trend:
    """Relation of size and distortion; mean squares of angles less those of their errors have no bias."""
    if len(outlines) < LEAST_OUTLINES:
        return Trend(None, None, f"not determined: fewer than {LEAST_OUTLINES} outlines")
    from scipy.stats import spearmanr

    sizes = [each.diagonal.value for each in outlines]
    result = spearmanr(sizes, [each.angle_excess for each in outlines])
    correlation, probability = float(result.statistic), float(result.pvalue)
    if not math.isfinite(correlation):
        return Trend(None, None, "not determined: all sizes or all distortions are the same")
    which = "smaller" if correlation < 0.0 else "larger"
    numbers = f"rank correlation {correlation:.2f}, by chance with probability {probability:.2g}"
    if probability < BY_CHANCE:
        return Trend(correlation, probability, f"{which} ones are more distorted ({numbers})")
    return Trend(correlation, probability, f"no relation is seen ({numbers})")
