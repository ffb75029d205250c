"""Size and distortion of a quadrilateral, with errors from those of its sides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.outlines.quadrilateral import Quadrilateral, corners
from slxrd.units import FloatArray

Quantity = Callable[[FloatArray], float]

#: Quantiles of a normal distribution: a one-sided limit at 95 %, and what counts as different from zero.
ONE_SIDED, DIFFERENT = 1.645, 2.0


@dataclass(frozen=True)
class Scale:
    """Length of a pixel.

    Parameters
    ----------
    pixel, error : float
        nm, and its standard deviation.
    """

    pixel: float
    error: float = 0.0


@dataclass(frozen=True)
class Measures:
    """Size and distortion of one outline.

    Parameters
    ----------
    diagonal : Estimate
        The longer diagonal in nm.
    side_ratio : Estimate
        Mean of the longer two opposite sides over that of the shorter two; 1 for a square.
    angle_error : Estimate
        Root mean square deviation of the four angles from 90°, in degrees.
    length, width : Estimate
        Sides of the rectangle of least area around the quadrilateral, in nm.
    angle_excess : float
        Mean square deviation of the angles in (°)², less that of their errors; without bias, but also
        negative.
    """

    diagonal: Estimate
    side_ratio: Estimate
    angle_error: Estimate
    length: Estimate
    width: Estimate
    angle_excess: float


def measure(shape: Quadrilateral, scale: Scale) -> Measures:
    """Measure a quadrilateral.

    Parameters
    ----------
    shape : Quadrilateral
        In pixels.
    scale : Scale
        Length of a pixel; its error is the systematic part of those of lengths.
    """
    diagonal, ratio = _propagated(shape, _diagonal(shape.corners)), _propagated(shape, _ratio(shape.corners))
    length, width = (_propagated(shape, each) for each in _rectangle(shape.corners))
    angle, excess = _angle_error(shape)
    return Measures(
        _in_nm(*diagonal, scale),
        _side_ratio(*ratio),
        angle,
        _in_nm(*length, scale),
        _in_nm(*width, scale),
        excess,
    )


def _in_nm(pixels: float, error: float, scale: Scale) -> Estimate:
    value, own, of_scale = pixels * scale.pixel, error * scale.pixel, pixels * scale.error
    return Estimate(value, math.hypot(own, of_scale), "nm", statistical=own, systematic=of_scale)


def _side_ratio(value: float, error: float) -> Estimate:
    """Return the ratio, which cannot lie below 1; a limit where it is 1 within its error."""
    if value - 1.0 < DIFFERENT * error:
        return Estimate(value + ONE_SIDED * error, None, "", "upper bound", "1 within its error")
    return Estimate(value, error, "")


def _propagated(shape: Quadrilateral, quantity: Quantity) -> tuple[float, float]:
    """Return a quantity of the corners, and its error from those of position and direction of each side."""
    value, variance = quantity(shape.corners), 0.0
    for k in range(4):
        across, turn = math.sqrt(shape.variance_across[k]), math.sqrt(shape.variance_direction[k])
        normal = np.array([-math.sin(shape.direction[k]), math.cos(shape.direction[k])])
        for step, turned in ((across, 0.0), (0.0, turn)):
            ends = []
            for sign in (1.0, -1.0):
                middle, direction = shape.middle.copy(), shape.direction.copy()
                middle[k] += sign * step * normal
                direction[k] += sign * turned
                ends.append(quantity(corners(middle, direction)))
            variance += (0.5 * (ends[0] - ends[1])) ** 2
    return value, math.sqrt(variance)


# Which diagonal is the longer, or which side the longest, is decided once; near equality it may change within
# the errors, and derivatives of the larger of two would be wrong.


def _diagonal(at: FloatArray) -> Quantity:
    k = 0 if math.dist(at[0], at[2]) >= math.dist(at[1], at[3]) else 1
    return lambda moved: math.dist(moved[k], moved[k + 2])


def _ratio(at: FloatArray) -> Quantity:
    def ratio(moved: FloatArray, k: int) -> float:
        sides = np.hypot(*(moved - np.roll(moved, 1, axis=0)).T)
        return float((sides[k] + sides[k + 2]) / (sides[1 - k] + sides[3 - k]))

    k = 0 if ratio(at, 0) >= 1.0 else 1
    return lambda moved: ratio(moved, k)


def _rectangle(at: FloatArray) -> tuple[Quantity, Quantity]:
    """Length and width of the rectangle of least area around four corners; one of their sides lies on it."""

    def extent(moved: FloatArray, k: int, across: bool) -> float:
        x, y = moved[k] - moved[k - 1]
        x, y = (-y, x) if across else (x, y)
        return float(np.ptp(moved @ (x, y)) / math.hypot(x, y))

    k = min(range(4), key=lambda side: extent(at, side, False) * extent(at, side, True))
    lengthwise = extent(at, k, False) >= extent(at, k, True)
    return (
        lambda moved: extent(moved, k, not lengthwise),
        lambda moved: extent(moved, k, lengthwise),
    )


def _angle_error(shape: Quadrilateral) -> tuple[Estimate, float]:
    """Root mean square deviation from 90°, less what the errors add; a limit where it is small."""
    turn = np.roll(shape.direction, -1) - shape.direction
    deviation = np.rad2deg(np.angle(np.exp(1j * (turn - math.pi / 2.0))))
    difference = np.roll(np.eye(4), -1, axis=0) - np.eye(4)
    covariance = difference @ np.diag(shape.variance_direction) @ difference.T * math.degrees(1.0) ** 2
    square = float(deviation @ deviation) / 4.0
    excess = square - float(np.trace(covariance)) / 4.0
    along = float(deviation @ covariance @ deviation)
    error = math.sqrt(along) / (4.0 * math.sqrt(square)) if square > 0.0 else 0.0
    if excess > (DIFFERENT * error) ** 2 and error > 0.0:
        return Estimate(math.sqrt(excess), error, "°"), excess
    worst = math.sqrt(float(np.linalg.eigvalsh(covariance)[-1])) / 2.0
    limit = math.sqrt(square) + ONE_SIDED * worst
    return Estimate(limit, None, "°", "upper bound", "right angles within their errors"), excess
