"""A ring over its azimuth: position, width along q, and intensity above the background at each azimuth.

At each azimuth, counts over q are a linear background and the radial profile of the ring, and of its
neighbours, times their intensities there. These are linear, and at their best values for every position and
width (variable projection), so that background and intensity may depend on the azimuth in any way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from slxrd._least_squares import Residuals, Solution, covariance, minimise
from slxrd.units import FloatArray

#: The tail of a spot: a second Gaussian, wider by this factor.
TAIL = 2.5
#: A point of a profile needs this part of the information that an unmasked azimuth has.
_COVERED = 0.5
#: Bins of the azimuth over which intensities are smoothed for the noise.
_SMOOTH = 4.0
#: Expected counts are at least this part of the smoothed ones.
_FLOOR = 0.3
#: Fewest azimuths of a ring that is judged, and the probability below which it is uneven.
FEWEST, _UNEVEN = 20, 1e-3
#: Error of heights, as the profile within a pixel is not resolved.
_MODEL = 0.03


@dataclass(frozen=True, eq=False)
class RingData:
    """Counts about one ring over azimuth and q.

    Parameters
    ----------
    azimuth : ndarray, shape (m,)
        Mean of the pixels of each bin in rad.
    q : ndarray, shape (m, n)
        Mean of the pixels of each bin in Å⁻¹.
    counts, weight : ndarray, shape (m, n)
        Counts, and what they are divided by for an intensity.
    neighbours : tuple of (float, float)
        Position and width of other rings that reach into these bins.
    """

    azimuth: FloatArray
    q: FloatArray
    counts: FloatArray
    weight: FloatArray
    neighbours: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Shape:
    """Position and radial shape of a ring.

    Parameters
    ----------
    q : float
        Å⁻¹.
    width : float
        Standard deviation of the core in Å⁻¹.
    tail : float
        Part of the height that is in a Gaussian ``TAIL`` times as wide.
    right, up : float
        Displacement of the centre of the ring in Å⁻¹, along azimuths of 90° and 0.
    """

    q: float
    width: float
    tail: float = 0.0
    right: float = 0.0
    up: float = 0.0

    def height(self, q: FloatArray) -> FloatArray:
        """Return the profile over q, 1 at its maximum."""
        away = (q - self.q) / self.width
        core: FloatArray = (1.0 - self.tail) * np.exp(-0.5 * away**2)
        return core + self.tail * np.exp(-0.5 * (away / TAIL) ** 2)

    def radius(self, azimuth: FloatArray, q: FloatArray) -> FloatArray:
        """Return q from the centre of the ring, shape (m, n)."""
        right = np.sin(azimuth)[:, None] * q - self.right
        return np.asarray(np.hypot(right, np.cos(azimuth)[:, None] * q - self.up))

    def turned(self, azimuth: FloatArray) -> FloatArray:
        """Return azimuths from the centre of the ring."""
        return np.asarray(
            np.arctan2(np.sin(azimuth) * self.q - self.right, np.cos(azimuth) * self.q - self.up)
        )


@dataclass(frozen=True, eq=False)
class Profile:
    """Intensity of a ring above the background over the azimuth.

    Parameters
    ----------
    azimuth : ndarray, shape (m,)
        rad, from the centre of the ring.
    height, sigma : ndarray, shape (m,)
        Intensity at the ring's maximum, and its standard deviation; NaN where it is not measured.
    """

    azimuth: FloatArray
    height: FloatArray
    sigma: FloatArray


@dataclass(frozen=True, eq=False)
class RingFit:
    """Shape of a ring with its errors.

    Parameters
    ----------
    shape : Shape
        Best values.
    variances : ndarray, shape (5, 5)
        Covariance of q, width, tail, right, up; 0 for those that were not refined.
    misfit : float
        χ² a degree of freedom.
    """

    shape: Shape
    variances: FloatArray
    misfit: float


#: Fields of a shape in the order of their covariance.
FIELDS = ("q", "width", "tail", "right", "up")


@dataclass(eq=False)
class Extraction:
    """Linear coefficients at every azimuth for one shape."""

    data: RingData
    noise: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.noise = self._counts_of(self._smooth())

    def _smooth(self) -> FloatArray:
        """Rate of counts averaged over neighbouring bins."""
        near = [
            gaussian_filter1d(gaussian_filter1d(each, _SMOOTH, axis=0), 1.0, axis=1)
            for each in (self.data.counts, self.data.weight)
        ]
        return np.asarray(np.divide(near[0], near[1], out=np.zeros(near[0].shape), where=near[1] > 0.0))

    def _counts_of(self, rate: FloatArray) -> FloatArray:
        """Expected counts of a rate, which is nowhere far below the average."""
        measured = self.data.weight > 0.0
        floor = max(0.05 * float(rate[measured].mean()), 1e-9) if measured.any() else 1.0
        return np.asarray(np.maximum(rate, floor) * self.data.weight)

    def _background(self, found: FloatArray) -> FloatArray:
        """Smoothed background, above zero."""
        level, slope = (_smoothed(found[:, k], self.data.weight) for k in (1, 2))
        return np.asarray(np.maximum(level[:, None] + slope[:, None] * self._x(), 0.0))

    def weigh(self, shape: Shape, heights: FloatArray | None = None) -> None:
        """Take the variance of the counts from the background and a model of the heights, or smoothed ones.

        Were it that of each azimuth's own counts, those that are high by chance would have less weight.
        """
        columns = self.columns(shape)
        found, _ = self._solved(columns)
        if heights is None:
            heights = np.maximum(_smoothed(found[:, 0], self.data.weight), 0.0)
        rate = self._background(found) + heights[:, None] * columns[0]
        for k in range(3, columns.shape[0]):
            rate = rate + _smoothed(found[:, k], self.data.weight)[:, None] * columns[k]
        self.noise = self._counts_of(np.maximum(rate, _FLOOR * self._smooth()))

    def _x(self) -> FloatArray:
        q = self.data.q
        return np.asarray(2.0 * (q - q.mean()) / np.ptp(q))

    def columns(self, shape: Shape) -> FloatArray:
        """Return the ring, background, slope and neighbours, shape (k, m, n)."""
        data = self.data
        radius = shape.radius(data.azimuth, data.q)
        others = [replace(shape, q=q, width=width, tail=0.0).height(radius) for q, width in data.neighbours]
        ones = np.ones(radius.shape)
        return np.stack([shape.height(radius), ones, ones * self._x(), *others])

    def solve(self, shape: Shape) -> tuple[FloatArray, FloatArray]:
        """Return the coefficients at each azimuth, shape (m, k), and the variance of the first (or inf)."""
        return self._solved(self.columns(shape))

    def _solved(self, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what :meth:`solve` does, for given columns."""
        weight = self.data.weight
        precision = np.where(weight > 0.0, weight**2 / np.maximum(self.noise, 1e-12), 0.0)
        rate = np.divide(self.data.counts, weight, out=np.zeros(weight.shape), where=weight > 0.0)
        normal = np.einsum("kmn,mn,lmn->mkl", columns, precision, columns)
        right = np.einsum("kmn,mn,mn->mk", columns, precision, rate)
        scale = np.sqrt(np.einsum("mkk->mk", normal))
        scale = np.where(scale > 0.0, scale, 1.0)
        normal = normal / (scale[:, :, None] * scale[:, None, :])
        ideal = self._ideal(columns, precision)
        good = np.linalg.eigvalsh(normal)[:, 0] > _COVERED * ideal
        normal[~good] = np.eye(normal.shape[1])
        inverse = np.linalg.inv(normal)
        found = np.einsum("mkl,ml->mk", inverse, right / scale) / scale
        found[~good] = 0.0
        return found, np.where(good, inverse[:, 0, 0] / scale[:, 0] ** 2, np.inf)

    def _ideal(self, columns: FloatArray, precision: FloatArray) -> float:
        """Smallest eigenvalue of the scaled normal matrix where all bins are measured alike."""
        design = columns[:, columns.shape[1] // 2]
        normal = design @ design.T
        scale = np.sqrt(np.diag(normal))
        return float(np.linalg.eigvalsh(normal / np.outer(scale, scale))[0])

    def residual(self, shape: Shape) -> FloatArray:
        """Return the weighted residuals of all bins of azimuths that are measured."""
        columns = self.columns(shape)
        found, variance = self._solved(columns)
        model = np.einsum("mk,kmn->mn", found, columns) * self.data.weight
        used = (self.data.weight > 0.0) & np.isfinite(variance)[:, None]
        return np.asarray(
            np.where(used, (self.data.counts - model) / np.sqrt(self.noise + 1e-12), 0.0).ravel()
        )

    def profile(self, shape: Shape) -> Profile:
        """Return the intensity over the azimuth."""
        found, variance = self.solve(shape)
        known = np.isfinite(variance)
        near = _smoothed(found[:, 0], self.data.weight)
        sigma = np.sqrt(np.where(known, variance + (_MODEL * near) ** 2, np.nan))
        return Profile(shape.turned(self.data.azimuth), np.where(known, found[:, 0], np.nan), sigma)


def _smoothed(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Average of neighbouring azimuths."""
    there = weight.sum(axis=1)
    over = gaussian_filter1d(there, _SMOOTH)
    near = gaussian_filter1d(values * there, _SMOOTH)
    return np.asarray(np.divide(near, over, out=np.zeros(values.size), where=over > 0.0))


def _of_free_heights(heights: FloatArray, variances: FloatArray) -> float:
    """Factor of the variances of a shape, as the height at each azimuth is fitted too.

    With ρ the variance of a height over its square, the information of the derivatives is larger than the
    expected one by 1 + 2ρ, and the variance of the gradient is so by 1 + ρ.
    """
    known = np.isfinite(variances) & (variances > 0.0)
    count = int(known.sum())
    if not count:
        return 1.0
    total = float((heights[known] ** 2 / variances[known]).sum())
    share = count / max(total - count, math.sqrt(2.0 * count))
    return (1.0 + share) * (1.0 + 2.0 * share)


def fit_shape(
    extraction: Extraction, start: Shape, refined: tuple[str, ...], prior: dict[str, float]
) -> RingFit:
    """Fit position and shape of a ring.

    Parameters
    ----------
    extraction : Extraction
        Counts about the ring.
    start : Shape
        Initial values; those that are not refined stay.
    refined : tuple of str
        Fields that are refined.
    prior : dict
        Standard deviations of fields about zero.
    """
    size = {"q": start.width, "width": start.width, "tail": 1.0, "right": start.width, "up": start.width}
    scale = np.array([size[name] for name in refined])

    def shape_of(x: FloatArray) -> Shape:
        return replace(start, **{name: float(value) for name, value in zip(refined, x * scale, strict=True)})

    def residual(x: FloatArray) -> FloatArray:
        shape = shape_of(x)
        held = [getattr(shape, name) / sigma for name, sigma in prior.items() if name in refined]
        return np.concatenate([extraction.residual(shape), held])

    x = np.array([getattr(start, name) for name in refined]) / scale
    at = start.q / start.width
    lower = {"q": at - 1.5, "width": 0.25, "tail": 0.0, "right": -4.0, "up": -4.0}
    upper = {"q": at + 1.5, "width": 3.0, "tail": 0.8, "right": 4.0, "up": 4.0}
    done = minimise_by_differences(
        residual, x, [lower[name] for name in refined], [upper[name] for name in refined]
    )
    found = np.zeros((5, 5))
    places = [FIELDS.index(name) for name in refined]
    found[np.ix_(places, places)] = covariance_of(done) * np.outer(scale, scale)
    coefficients, variances = extraction.solve(shape_of(done.x))
    found *= _of_free_heights(coefficients[:, 0], variances)
    degrees = int(np.count_nonzero(done.state.residual)) - len(refined)
    return RingFit(shape_of(done.x), found, done.chi2 / max(degrees, 1))


def minimise_by_differences(
    residual: Callable[[FloatArray], FloatArray], start: FloatArray, lower: list[float], upper: list[float]
) -> Solution[Residuals]:
    """Minimise a sum of squares with derivatives by differences; parameters are about 1."""
    low, high = np.array(lower), np.array(upper)

    def evaluate(x: FloatArray) -> Residuals:
        base = residual(x)
        columns = []
        for k in range(x.size):
            step = 1e-5 if x[k] + 1e-5 <= high[k] else -1e-5
            moved = x.copy()
            moved[k] += step
            columns.append((residual(moved) - base) / step)
        return Residuals(base, np.stack(columns, axis=1))

    begun = np.clip(start, low + 1e-6 * (high - low), high - 1e-6 * (high - low))
    return minimise(evaluate, begun, low, high, scale=1.0, most_evaluations=40, ftol=1e-6, xtol=1e-6)


def covariance_of(done: Solution[Residuals]) -> FloatArray:
    """Return the covariance of the parameters that lie on no bound."""
    jacobian = done.state.jacobian
    return covariance(jacobian.T @ jacobian, ~done.at_bound)


def is_even(profile: Profile) -> bool | None:
    """Whether a ring has the same intensity at all azimuths, by χ²."""
    from scipy.stats import chi2

    known = np.isfinite(profile.sigma)
    if known.sum() < FEWEST:
        return None
    height, weight = profile.height[known], profile.sigma[known] ** -2
    deviation = (height - np.average(height, weights=weight)) ** 2 * weight
    return bool(chi2.sf(deviation.sum(), known.sum() - 1) > _UNEVEN)
