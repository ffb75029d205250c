"""A quadrilateral through the points of a contour, with the covariance of its four sides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from slxrd.studies.images.outlines.roughness import line_variances
from slxrd.units import FloatArray

#: Parts of a side at its ends that are left out, as corners are rounded, and their least length in pixels.
ENDS, LEAST_ENDS = 0.1, 2.0
#: Least points of a side that a line is fitted to.
LEAST_POINTS = 8
#: Rounds in which points are assigned to sides.
ROUNDS = 20


@dataclass(frozen=True, eq=False)
class Quadrilateral:
    """Four straight sides, in pixels.

    Side i is the line through ``middle[i]`` with ``direction[i]`` (rad); corner i is where sides i and
    i + 1 meet.

    Parameters
    ----------
    middle : ndarray, shape (4, 2)
        Mean of the points of each side, x (columns) and y (rows).
    direction : ndarray, shape (4,)
        Angle of each side in radians, ascending by about π/2.
    variance_across, variance_direction : ndarray, shape (4,)
        Variances of the sides' positions across themselves, and of their directions.
    residual : float
        Standard deviation of the contour from the sides, in pixels.
    """

    middle: FloatArray
    direction: FloatArray
    variance_across: FloatArray
    variance_direction: FloatArray
    residual: float

    @property
    def corners(self) -> FloatArray:
        """Corners, shape (4, 2)."""
        return corners(self.middle, self.direction)


def corners(middle: FloatArray, direction: FloatArray) -> FloatArray:
    """Intersect neighbouring sides.

    Parameters
    ----------
    middle : ndarray, shape (4, 2)
        A point of each side.
    direction : ndarray, shape (4,)
        Angles in radians.
    """
    along = np.stack([np.cos(direction), np.sin(direction)], axis=1)
    following, turned = np.roll(middle, -1, axis=0), np.roll(along, -1, axis=0)
    apart = following - middle
    cross = along[:, 0] * turned[:, 1] - along[:, 1] * turned[:, 0]
    distance = (apart[:, 0] * turned[:, 1] - apart[:, 1] * turned[:, 0]) / cross
    return np.asarray(middle + distance[:, None] * along)


def smallest_rectangle(points: FloatArray) -> FloatArray | None:
    """Return the corners of the rectangle of least area around points; None if they lie on a line.

    One side of it lies on a side of the convex hull.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    """
    try:
        hull = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):
        return None
    edges = np.roll(hull, -1, axis=0) - hull
    angles = np.unique(np.arctan2(edges[:, 1], edges[:, 0]) % (math.pi / 2.0))
    axes = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    across = np.stack([-axes[:, 1], axes[:, 0]], axis=1)
    u, v = hull @ axes.T, hull @ across.T
    best = int(np.argmin(np.ptp(u, axis=0) * np.ptp(v, axis=0)))
    u0, u1, v0, v1 = u[:, best].min(), u[:, best].max(), v[:, best].min(), v[:, best].max()
    at = np.array([[u1, v0], [u1, v1], [u0, v1], [u0, v0]])
    return np.asarray(at @ np.stack([axes[best], across[best]]))


def evenly_spaced(contour: FloatArray) -> FloatArray:
    """Return points of a closed contour one pixel apart.

    Parameters
    ----------
    contour : ndarray, shape (n, 2)
        The first and the last point are the same.
    """
    steps = np.hypot(*np.diff(contour, axis=0).T)
    place = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0.0, place[-1], max(int(place[-1]), 4), endpoint=False)
    return np.stack([np.interp(at, place, contour[:, k]) for k in (0, 1)], axis=1)


def fit_quadrilateral(contour: FloatArray) -> Quadrilateral | None:
    """Fit straight lines to the four sides of a contour.

    Each point belongs to the nearest side of the quadrilateral of the round before, the first of which is the
    rectangle of least area; points near corners are left out.

    Parameters
    ----------
    contour : ndarray, shape (n, 2)
        Closed, x and y in pixels.

    Returns
    -------
    Quadrilateral or None
        None if a side has too few points.
    """
    points = evenly_spaced(contour)
    at = smallest_rectangle(points)
    assigned = None
    sides: list[NDArray[np.intp]] = []
    for _ in range(ROUNDS):
        found = None if at is None else _of_sides(points, at)
        if at is None or found is None:
            return None
        sides = found
        middle, direction = _lines([points[each] for each in sides], at)
        at = corners(middle, direction)
        now = np.concatenate([sides[k] + k * len(points) for k in range(4)])
        if not np.isfinite(at).all():
            return None
        if assigned is not None and np.array_equal(assigned, now):
            break
        assigned = now
    return _with_variances([points[each] for each in sides], middle, direction)


def _of_sides(points: FloatArray, at: FloatArray) -> list[NDArray[np.intp]] | None:
    """Return the indices of the points of each side, in order along it, without those near its ends."""
    begins, ends = np.roll(at, 1, axis=0), at
    along = ends - begins
    lengths = np.hypot(along[:, 0], along[:, 1])
    if not (lengths > LEAST_POINTS).all():
        return None
    along = along / lengths[:, None]
    apart = points[:, None, :] - begins
    t = np.einsum("nsk,sk->ns", apart, along)
    outside = np.maximum(np.maximum(-t, t - lengths), 0.0)
    distance = np.hypot(apart[..., 0] * along[:, 1] - apart[..., 1] * along[:, 0], outside)
    nearest = np.argmin(distance, axis=1)
    found = []
    for k in range(4):
        margin = max(ENDS * lengths[k], LEAST_ENDS)
        chosen = np.flatnonzero((nearest == k) & (t[:, k] > margin) & (t[:, k] < lengths[k] - margin))
        if chosen.size < LEAST_POINTS:
            return None
        found.append(chosen[np.argsort(t[chosen, k])])
    return found


def _lines(sides: list[FloatArray], at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit a line to the points of each side by total least squares."""
    middle = np.array([side.mean(axis=0) for side in sides])
    guess = at - np.roll(at, 1, axis=0)
    direction = np.empty(4)
    for k, side in enumerate(sides):
        (xx, xy), (_, yy) = np.cov(side.T)
        angle = 0.5 * math.atan2(2.0 * xy, xx - yy)
        expected = math.atan2(guess[k, 1], guess[k, 0])
        direction[k] = angle + math.pi * round((expected - angle) / math.pi)
    return middle, direction


def _with_variances(sides: list[FloatArray], middle: FloatArray, direction: FloatArray) -> Quadrilateral:
    residuals, along = [], []
    for k, side in enumerate(sides):
        apart = side - middle[k]
        c, s = math.cos(direction[k]), math.sin(direction[k])
        along.append(apart[:, 0] * c + apart[:, 1] * s)
        residuals.append(apart[:, 1] * c - apart[:, 0] * s)
    across, turn = line_variances(along, residuals)
    count = sum(map(len, sides)) - 8
    residual = math.sqrt(sum(float(each @ each) for each in residuals) / count)
    return Quadrilateral(middle, direction, across, turn, residual)
