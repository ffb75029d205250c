"""Spots of a single crystal: compact maxima of an image, and the two vectors that index them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.stats import binom

from slxrd.detector.image import DetectorImage
from slxrd.studies.images.rings.profile import covariance_of, minimise_by_differences
from slxrd.units import FloatArray

#: Standard deviations of spots in pixels that are tried; the background is averaged over so many of them.
_WIDTHS, _AROUND = (1.2, 2.5, 5.0), 2.5
#: Height over its error of a spot, and most spots.
_SIGNIFICANT, _MOST = 8.0, 80
#: Ratios of the widths of a spot along the radius and across it; an arc is wider.
_ROUND = (0.4, 2.5)
#: Fewest spots of a lattice, and the part of the spots that must be on it.
FEWEST, ON_LATTICE = 6, 0.75
#: Largest distance of a spot from its point: pixels, and part of the shorter vector.
_NEAR, _PART = 3.0, 0.15
#: Probability below which a lattice is no chance, and angles between its vectors in degrees.
_CHANCE, _ANGLES = 1e-6, (25.0, 155.0)


@dataclass(frozen=True)
class Spot:
    """Place of a spot in pixels, and its standard deviation in both directions."""

    row: float
    column: float
    error: float


@dataclass(frozen=True, eq=False)
class SpotLattice:
    """Two vectors that index spots.

    Parameters
    ----------
    vectors : ndarray, shape (2, 2)
        Each (row, column) in pixels, the shorter one first.
    centre : ndarray, shape (2,)
        Row and column of the direct beam.
    covariance : ndarray, shape (6, 6)
        Of the vectors and the centre.
    indexed : int
        Spots on the lattice.
    """

    vectors: FloatArray
    centre: FloatArray
    covariance: FloatArray
    indexed: int


def find_spots(image: DetectorImage, centre: tuple[float, float], least: float) -> list[Spot]:
    """Find compact maxima farther than ``least`` pixels from the centre."""
    used = (~image.mask).astype(float)
    counts = np.where(image.mask, 0.0, image.counts)
    rows, columns = np.indices(image.shape) + 0.5
    far = np.hypot(rows - centre[0], columns - centre[1]) > least
    found: list[tuple[float, int, int, float]] = []
    for width in _WIDTHS:
        near, around = (_mean(counts, used, each) for each in (width, _AROUND * width))
        # Variance of the difference of the two averages of white noise.
        factor = (1.0 + _AROUND**-2 - 4.0 / (1.0 + _AROUND**2)) / (4.0 * math.pi * width**2)
        noise = np.sqrt(image.photon * np.maximum(around, image.photon / (4.0 * math.pi * width**2)) * factor)
        height = np.where(far & ~image.mask, (near - around) / noise, 0.0)
        top = (height == maximum_filter(height, 2 * round(2.0 * width) + 1)) & (height > _SIGNIFICANT)
        found += [(float(height[r, c]), int(r), int(c), width) for r, c in np.argwhere(top)]
    spots: list[Spot] = []
    for _, row, column, width in sorted(found, reverse=True)[: 2 * _MOST]:
        if any(math.hypot(row + 0.5 - s.row, column + 0.5 - s.column) < 2.0 * width + 2.0 for s in spots):
            continue
        spot = _fitted(image, (row + 0.5, column + 0.5), width, centre)
        if spot is not None:
            spots.append(spot)
        if len(spots) == _MOST:
            break
    return spots


def _mean(counts: FloatArray, used: FloatArray, width: float) -> FloatArray:
    share = gaussian_filter(used, width)
    return np.asarray(
        np.divide(gaussian_filter(counts, width), share, out=np.zeros(counts.shape), where=share > 0.1)
    )


def _fitted(
    image: DetectorImage, at: tuple[float, float], width: float, centre: tuple[float, float]
) -> Spot | None:
    """Fit a Gaussian on a sloping background; None if it is no spot."""
    reach = math.ceil(3.5 * width) + 1
    r0, c0 = int(at[0]), int(at[1])
    rows = slice(max(r0 - reach, 0), min(r0 + reach + 1, image.shape[0]))
    columns = slice(max(c0 - reach, 0), min(c0 + reach + 1, image.shape[1]))
    good = ~image.mask[rows, columns]
    if good.sum() < 0.8 * (2 * reach + 1) ** 2:
        return None
    y, x = np.mgrid[rows, columns] + 0.5
    y, x, counts = y[good] - at[0], x[good] - at[1], image.counts[rows, columns][good]
    smooth = np.maximum(_mean(image.counts[rows, columns], good.astype(float), 1.0)[good], image.photon)
    sigma = np.sqrt(image.photon * smooth)
    angle = math.atan2(at[0] - centre[0], at[1] - centre[1])
    level = float(np.percentile(counts, 20))
    scale = max(float(counts.max()) - level, image.photon)

    def residual(p: FloatArray) -> FloatArray:
        *_, shape = _gaussian(p, y, x, angle)
        model = p[0] * shape + p[1] + (p[6] * y + p[7] * x) / reach
        return np.asarray((counts / scale - model) / (sigma / scale))

    start = np.array([1.0, level / scale, 0.0, 0.0, width, width, 0.0, 0.0])
    steepest = 2.0 + 2.0 * level / scale
    lower = [0.0, -1.0 + min(level / scale, 0.0), -width - 1.0, -width - 1.0, 0.4, 0.4]
    upper = [20.0, steepest, width + 1.0, width + 1.0, 4.0 * width, 4.0 * width]
    lower, upper = [*lower, -steepest, -steepest], [*upper, steepest, steepest]
    done = minimise_by_differences(residual, start, lower, upper)
    misfit = max(done.chi2 / max(counts.size - start.size, 1), 1.0)
    errors = np.sqrt(np.maximum(np.diag(covariance_of(done)), 0.0) * misfit)
    tall = done.x[0] > 5.0 * errors[0] > 0.0
    compact = _ROUND[0] < done.x[5] / done.x[4] < _ROUND[1] and not done.at_bound.any()
    error = math.sqrt(0.5 * float(errors[2] ** 2 + errors[3] ** 2))
    if not (tall and compact and 0.0 < error < width):
        return None
    nearer = _curvature(done.x, y, x, sigma, angle, math.dist(at, centre))
    row = at[0] + float(done.x[2]) + nearer * math.sin(angle)
    column = at[1] + float(done.x[3]) + nearer * math.cos(angle)
    return Spot(row, column, math.hypot(error, 0.02))


def _gaussian(
    p: FloatArray, y: FloatArray, x: FloatArray, angle: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distances from the middle of a spot along the radius and across it, and its Gaussian there."""
    dy, dx = y - p[2], x - p[3]
    along = dx * math.cos(angle) + dy * math.sin(angle)
    across = dy * math.cos(angle) - dx * math.sin(angle)
    return along, across, np.exp(-0.5 * ((along / p[4]) ** 2 + (across / p[5]) ** 2))


def _curvature(
    p: FloatArray, y: FloatArray, x: FloatArray, sigma: FloatArray, angle: float, radius: float
) -> float:
    """Return how much the middle of an arc is nearer to the centre than its radius, in pixels.

    At the distance v from its middle, an arc is nearer by v²/2r. The fit averages this with the weights of
    the derivative by the place. A spot is as wide along the radius as across it; an arc is wider by turns.

    Parameters
    ----------
    p : ndarray
        Parameters of the fitted spot.
    y, x, sigma : ndarray, shape (n,)
        Rows and columns of the pixels from the middle, and the standard deviations of their counts.
    angle, radius : float
        Of the middle from the centre.
    """
    along, across, shape = _gaussian(p, y, x, angle)
    weight = (along * shape / sigma) ** 2
    turned = max(1.0 - float(p[4] / p[5]) ** 2, 0.0)
    return turned * float(weight @ across**2 / weight.sum()) / (2.0 * radius)


def spot_lattice(spots: Sequence[Spot], centre: tuple[float, float]) -> SpotLattice | None:
    """Return the lattice that indexes most spots; None if none does so more often than by chance."""
    if len(spots) < FEWEST:
        return None
    places = np.array([(spot.row, spot.column) for spot in spots])
    errors = np.array([spot.error for spot in spots])
    best: tuple[float, FloatArray] | None = None
    for first, second in itertools.combinations(_candidates(places, np.array(centre)), 2):
        vectors = np.stack([first, second])
        near, density = _tolerance(vectors)
        angle = math.degrees(math.acos(np.clip(_cosine(first, second), -1.0, 1.0)))
        if not _ANGLES[0] < angle < _ANGLES[1]:
            continue
        indices, away = _indexed(places - np.array(centre), vectors)
        count = int((away < near).sum())
        if count < FEWEST or np.linalg.matrix_rank(indices[away < near]) < 2:
            continue
        # A lattice that is finer by a factor indexes all, too, but is more often right by chance.
        score = float(binom.logsf(count - 1, len(spots), min(density, 1.0)))
        if best is None or score < best[0]:
            best = (score, vectors)
    if best is None or best[0] > math.log(_CHANCE):
        return None
    return _refined(places, errors, best[1], np.array(centre))


def _cosine(first: FloatArray, second: FloatArray) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def _tolerance(vectors: FloatArray) -> tuple[float, float]:
    """Largest distance of a spot from its point, and the part of all places that is as near to one."""
    near = min(_NEAR, _PART * float(np.linalg.norm(vectors, axis=1).min()))
    return near, math.pi * near**2 / max(abs(float(np.linalg.det(vectors))), 1e-9)


def _indexed(places: FloatArray, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Indices of places, and their distances from these points."""
    indices = np.asarray(np.round(places @ np.linalg.inv(vectors)), dtype=np.float64)
    return indices, np.asarray(np.linalg.norm(places - indices @ vectors, axis=1))


def _candidates(places: FloatArray, centre: FloatArray) -> list[FloatArray]:
    """Vectors to the spots nearest to the centre, and the most frequent ones between neighbours."""
    own = places - centre
    own = own[np.argsort(np.linalg.norm(own, axis=1))][:10]
    between = places[:, None, :] - places[None, :, :]
    length = np.linalg.norm(between, axis=2)
    nearest = np.argsort(length, axis=1)[:, 1:6]
    steps = np.concatenate([between[k, nearest[k]] for k in range(places.shape[0])])
    steps[(steps[:, 0] < 0.0) | ((np.abs(steps[:, 0]) < 1.0) & (steps[:, 1] < 0.0))] *= -1.0
    frequent: list[tuple[int, FloatArray]] = []
    left = steps
    while left.shape[0] and len(frequent) < 10:
        members = [np.linalg.norm(left - each, axis=1) < _NEAR for each in left]
        group = members[int(np.argmax([each.sum() for each in members]))]
        frequent.append((int(group.sum()), left[group].mean(axis=0)))
        left = left[~group]
    return [*own, *(vector for _, vector in frequent)]


def _refined(places: FloatArray, errors: FloatArray, vectors: FloatArray, centre: FloatArray) -> SpotLattice:
    """Fit vectors and centre to the spots that they index."""
    vectors = _reduced(vectors)
    spread: FloatArray = np.zeros((6, 6))
    on = np.ones(places.shape[0], dtype=bool)
    for _ in range(5):
        near, _density = _tolerance(vectors)
        indices, away = _indexed(places - centre, vectors)
        on = away < near
        if on.sum() < FEWEST:
            break
        design = np.column_stack([indices[on], np.ones(on.sum())])
        weight = errors[on] ** -2
        inverse = np.linalg.pinv(design.T @ (weight[:, None] * design))
        solution = inverse @ design.T @ (weight[:, None] * places[on])
        left = places[on] - design @ solution
        degrees = max(2 * int(on.sum()) - 6, 1)
        misfit = max(float((left**2 * weight[:, None]).sum()) / degrees, 1.0)
        vectors, centre = np.asarray(solution[:2], dtype=np.float64), np.asarray(solution[2])
        # Rows and columns are independent, and have one covariance.
        spread = np.asarray(np.kron(inverse * misfit, np.eye(2)), dtype=np.float64)
    return SpotLattice(vectors, centre, spread, int(on.sum()))


def _reduced(vectors: FloatArray) -> FloatArray:
    """The two shortest vectors of the lattice, with an angle of at least 90° from the first to the second."""
    first, second = sorted(vectors, key=lambda each: float(np.linalg.norm(each)))
    for _ in range(50):
        second = second - np.round(first @ second / (first @ first)) * first
        if np.linalg.norm(second) >= np.linalg.norm(first) * (1.0 - 1e-9):
            break
        first, second = second, first
    if first @ second > 0.0:
        second = -second
    return np.stack([first, second])
