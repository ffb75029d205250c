"""Noise of measured points from their own point-to-point scatter.

Third differences y_i − 3 y_{i+1} + 3 y_{i+2} − y_{i+3} of the data, or of the residuals of a fit,
contain the noise with a variance of Σ c² σ² and next to nothing of a curve that is smooth over a few
points (Rice, Ann. Stat. 1984, 12, 1215, with first differences). Their spread, trimmed so that few
points with sharp structure do not matter, is compared with that of the assumed σ in groups of similar
intensity. Where neighbouring points are correlated, the differences are of points that are farther apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.assessment.correlated_noise import THIRD, Correlation
from slxrd.fitting.assessment.kernels import LAGS
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.units import FloatArray

#: Share of the differences that is kept, and the mean square of a Gaussian variable cut there.
KEPT, MEAN_SQUARE = 0.8, 0.43772
#: Relative standard deviation of a scatter, times √n: trimming, and the correlation of the differences.
PRECISION = 1.4
#: Differences in a group at least, and the largest number of groups.
LEAST, _GROUPS = 24, 4
#: No noise is smaller than this fraction of the point, or of the maximum of the region: no detector or
#: calculation is more exact.
_LEAST_OF_POINT, _LEAST_OF_MAXIMUM = 5e-4, 2e-5
#: Deviations, in standard deviations, up to which an assumed σ and one that is known are kept.
_ASSUMED, KNOWN = 2.5, 4.0
#: Median of intensity over σ below which the points are few counts.
_FEW = 1.3


@dataclass(frozen=True, eq=False)
class MeasuredNoise:
    """Noise of the points of one region.

    Parameters
    ----------
    sigma : ndarray, shape (n,)
        Standard deviation of each point, in the measured unit.
    ratio : float
        Root mean square of this noise over the σ of the fit.
    precision : float
        Relative standard deviation of the scatter.
    kept : bool
        Whether the declared σ agrees with the scatter and was kept.
    """

    sigma: FloatArray
    ratio: float
    precision: float
    kept: bool
    time: float = 1.0

    @property
    def slow(self) -> FloatArray:
        """Standard deviation of independent points with the same variations over many points."""
        return self.sigma * math.sqrt(self.time)


def measured_noise(
    region: Fitted, declared: FloatArray, *, known: bool, correlation: Correlation | None = None
) -> MeasuredNoise:
    """Estimate the noise of a region from the scatter of its points.

    Parameters
    ----------
    region : Fitted
        Measured and calculated points.
    declared : ndarray, shape (n,)
        Standard deviation of the points as it was given, without a fraction for errors of the model.
    known : bool
        Whether it is from counting statistics or from the file. A σ that is a fraction of the maximum is
        given up for smaller deviations.
    correlation : Correlation, optional
        Of neighbouring points.
    """
    apart, norm, time = 1, float(THIRD @ THIRD), 1.0
    if correlation is not None:
        time = correlation.time
        apart = max(1, min(math.ceil(time), (region.q.size - LEAST) // 3))
        norm = norm_of_differences(correlation.kernel.autocorrelation, apart)
    rows = _consecutive(region.q, apart)
    if rows.size < LEAST:
        precision = 0.0 if known else PRECISION / math.sqrt(LEAST)
        return MeasuredNoise(declared, _ratio(declared, region.sigma), precision, known, time)
    share = norm / float(THIRD @ THIRD)
    expected = np.sqrt(share * (_windows(declared**2, rows, apart) @ THIRD**2))
    level = np.maximum(_windows(region.measured, rows, apart).mean(axis=1), 0.0)
    differences = [
        _windows(values, rows, apart) @ THIRD
        for values in (region.measured, region.measured - region.calculated)
    ]
    count = int(np.clip(rows.size // LEAST, 1, _GROUPS))
    groups = np.array_split(np.argsort(level, kind="stable"), count)
    ratios = np.array(
        [min(trimmed_rms(each[group] / expected[group]) for each in differences) for group in groups]
    )
    error = np.array([PRECISION / math.sqrt(group.size / time) for group in groups])
    precision = PRECISION / math.sqrt(rows.size / time)
    most = KNOWN if known else _ASSUMED
    with np.errstate(divide="ignore"):
        deviation = np.abs(np.log(ratios)) / error
    if np.all(deviation < most) and not (known and _differs(differences, expected, level, precision)):
        return MeasuredNoise(
            declared, _ratio(declared, region.sigma), 0.0 if known else precision, True, time
        )
    best = min(differences, key=trimmed_rms)
    sigma = _by_intensity(region, best, level, norm)
    return MeasuredNoise(sigma, _ratio(sigma, region.sigma), precision, False, time)


def scatter_ratio(region: Fitted, declared: FloatArray) -> float:
    """Scatter of neighbouring points over that of independent points with the declared σ; 1 if too few."""
    rows = _consecutive(region.q, 1)
    if rows.size < LEAST:
        return 1.0
    expected = np.sqrt(_windows(declared**2, rows, 1) @ THIRD**2)
    both = (region.measured, region.measured - region.calculated)
    return min(trimmed_rms(_windows(values, rows, 1) @ THIRD / expected) for values in both)


def _differs(
    differences: list[FloatArray], expected: FloatArray, level: FloatArray, precision: float
) -> bool:
    """Whether the scatter of all points together contradicts a known σ.

    A σ of few counts, at least that of one count, is larger than their scatter; this is no contradiction.
    """
    ratio = min(trimmed_rms(each / expected) for each in differences)
    few = ratio < 1.0 and float(np.median(level * math.sqrt(THIRD @ THIRD) / expected)) < _FEW
    return not few and ratio > 0.0 and abs(math.log(ratio)) > KNOWN * precision


def norm_of_differences(autocorrelation: FloatArray, apart: int) -> float:
    """Variance of third differences of points this far apart, over that of a point."""
    distance = apart * np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    rho = np.where(distance < autocorrelation.size, autocorrelation[np.minimum(distance, LAGS)], 0.0)
    return float(THIRD @ rho @ THIRD)


def _ratio(noise: FloatArray, sigma: FloatArray) -> float:
    return float(np.sqrt(np.mean((noise / sigma) ** 2)))


def trimmed_rms(values: FloatArray) -> float:
    """Standard deviation of Gaussian values from the smallest 80 % of their squares; shape (n,)."""
    squares = np.sort(values**2)
    kept = squares[: max(1, round(KEPT * squares.size))]
    mean = float(kept.mean())
    return math.sqrt(mean / MEAN_SQUARE) if mean > 0.0 else math.sqrt(float(squares.mean()))


def _by_intensity(region: Fitted, differences: FloatArray, level: FloatArray, norm: float) -> FloatArray:
    """Standard deviation of each point with a variance a + b·y + c·y², all three not negative."""
    from scipy.optimize import nnls

    squares = differences**2 / norm
    top = max(float(level.max()), 1e-300)
    x = level / top
    columns = np.column_stack([np.ones_like(x), x, x**2])
    variance = np.full(x.size, max(trimmed_rms(np.sqrt(squares)) ** 2, 1e-300))
    coefficients = np.array([variance[0], 0.0, 0.0])
    for _ in range(6):
        # Trimmed means in groups of similar intensity, so that sharp structure does not count.
        groups = np.array_split(np.argsort(x, kind="stable"), max(3, min(12, x.size // 16)))
        means = np.array([columns[g].mean(axis=0) for g in groups])
        target = np.array(
            [trimmed_rms(np.sqrt(squares[g] / variance[g])) ** 2 * variance[g].mean() for g in groups]
        )
        weight = np.sqrt([g.size for g in groups]) / np.maximum(means @ coefficients, 1e-12 * target.max())
        coefficients, _ = nnls(means * weight[:, None], target * weight)
        variance = np.maximum(columns @ coefficients, 1e-12 * target.max())
    place = np.clip(np.maximum(region.calculated, 0.0) / top, 0.0, 1.5)
    found = coefficients[0] + coefficients[1] * place + coefficients[2] * place**2
    least = (_LEAST_OF_POINT * region.calculated) ** 2 + (_LEAST_OF_MAXIMUM * top) ** 2
    return np.asarray(np.sqrt(np.maximum(found, least)))


def _consecutive(q: FloatArray, apart: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """First points of four, ``apart`` points from one to the next, between which the steps are about even."""
    span = 3 * apart
    if q.size <= span:
        return np.zeros(0, dtype=np.intp)
    step = np.diff(q)
    even = np.lib.stride_tricks.sliding_window_view(step < 1.5 * np.median(step), span)
    return np.flatnonzero(even.all(axis=1))


def _windows(values: FloatArray, rows: np.ndarray[tuple[int], np.dtype[np.intp]], apart: int) -> FloatArray:
    return np.asarray(values[rows[:, None] + apart * np.arange(4)])
