"""Fit a sum of peaks on a straight background to a region, and select the number of peaks.

Peaks are added one at a time where they reduce χ² most, and all are refined, as long as the Bayesian
information criterion n·ln(χ²/n) + k·ln n decreases (G. Schwarz, Ann. Statist. 6, 461 (1978); n points, k
parameters). This form is independent of a factor of σ, so that imperfect peak shapes do not lead to more and
more peaks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slxrd._least_squares import Residuals, covariance, minimise
from slxrd.data.backgrounds import legendre
from slxrd.data.decomposition.lineshapes import Shape, pseudo_voigt
from slxrd.data.regions import RegionData
from slxrd.units import FloatArray

#: Largest number of peaks.
MOST_PEAKS = 30
#: Smallest full width at half maximum in steps; narrower peaks cannot be distinguished from noise.
NARROWEST_STEPS = 2.5
#: Number of trial widths for a new peak, in geometric progression up to the width of the region.
TRIED_WIDTHS = 12
#: Number of groups of trial widths; each gives one candidate.
GROUPS = 3
#: Relative tolerance of the refinement of trials, and of the final one.
TRIAL, FINAL = 1e-4, 1e-10
#: Directions whose curvature of χ², relative to the largest, is smaller are left out of the covariance.
_FLAT = 1e-15


@dataclass(frozen=True, eq=False)
class PeakSum:
    """Fitted peaks and background of a region.

    Parameters
    ----------
    data : RegionData
        The fitted points.
    shape : {"gaussian", "pseudo-voigt"}
        Shape of the peaks.
    peaks : ndarray, shape (m, 4)
        Position (Å⁻¹), height, full width at half maximum (Å⁻¹) and mixing, by increasing position.
    background : ndarray, shape (b,)
        The constant or, for b = 2, the values of the straight line at the two ends of the region. Its lower
        bound is zero or the smallest intensity; without it, peaks may be fitted of which only the tops are
        above zero.
    chi2 : float
        Σ (residual/σ)².
    covariance : ndarray, shape (b + 4 m, b + 4 m)
        Covariance of background and peaks, in this order, times χ²/(n − k); nan for quantities that are at a
        bound or not refined.
    """

    data: RegionData
    shape: Shape
    peaks: FloatArray
    background: FloatArray
    chi2: float
    covariance: FloatArray

    @property
    def n_parameters(self) -> int:
        """Number of refined parameters k."""
        return self.background.size + len(self.peaks) * _per_peak(self.shape)

    @property
    def reduced_chi2(self) -> float:
        """χ²/(n − k)."""
        return self.chi2 / max(self.data.q.size - self.n_parameters, 1)

    @property
    def bic(self) -> float:
        """Bayesian information criterion; a difference of 10 is decisive for the lower one."""
        n = self.data.q.size
        return n * math.log(max(self.chi2, 1e-12 * n) / n) + self.n_parameters * math.log(n)

    def background_at(self, q: FloatArray) -> FloatArray:
        """Evaluate the background at ``q``, shape (n,)."""
        return np.asarray(self.background @ _lines(q, self.data.q, self.background.size))

    def peak_at(self, index: int, q: FloatArray) -> FloatArray:
        """Evaluate one peak, counted from 0, at ``q``, shape (n,)."""
        position, height, fwhm, mixing = self.peaks[index].tolist()
        return pseudo_voigt(q, position, height, fwhm, mixing)[0]


def fit_peaks(
    data: RegionData,
    shape: Shape,
    sloping: bool,
    count: int | None,
    report: Callable[[int, int], None] | None = None,
) -> PeakSum:
    """Find and refine the peaks of a region.

    Parameters
    ----------
    data : RegionData
        Points of the region.
    shape : {"gaussian", "pseudo-voigt"}
        Shape of the peaks.
    sloping : bool
        Straight line instead of a constant as background.
    count : int, optional
        Number of peaks; by default selected by the information criterion.
    report : callable, optional
        Called with the current and the largest number of peaks each time one is added.
    """
    start = np.full(2 if sloping else 1, float(np.percentile(data.intensity, 10)))
    best = _refine(data, shape, np.zeros((0, 4)), start)
    most = MOST_PEAKS if count is None else count
    allowed = (data.q.size - best.n_parameters) // _per_peak(shape) - 1  # keep degrees of freedom
    patience = 2  # two peaks may be needed together
    current = best
    while len(current.peaks) < min(most, allowed) and patience:
        current = _add_peak(current)
        if report is not None:
            report(len(current.peaks), most)
        if count is not None or current.bic < best.bic:
            best, patience = current, 2
        else:
            patience -= 1
    if count is None:
        best = _remove_peaks(best)
    return _refine(data, shape, best.peaks, best.background, FINAL)


def _add_peak(fitted: PeakSum) -> PeakSum:
    candidates = [
        _refine(fitted.data, fitted.shape, np.vstack((fitted.peaks, new)), fitted.background)
        for new in _candidates(fitted)
    ]
    return min(candidates, key=lambda tried: tried.chi2)


def _remove_peaks(fitted: PeakSum) -> PeakSum:
    """Remove peaks as long as the criterion decreases."""
    while len(fitted.peaks):
        without = [
            _refine(fitted.data, fitted.shape, np.delete(fitted.peaks, i, axis=0), fitted.background)
            for i in range(len(fitted.peaks))
        ]
        best = min(without, key=lambda tried: tried.chi2)
        if best.bic >= fitted.bic:
            break
        fitted = best
    return fitted


def _candidates(fitted: PeakSum) -> list[FloatArray]:
    """Return start values of one more peak: the narrow, medium and wide ones that reduce χ² most."""
    data = fitted.data
    q, weight = data.q, data.sigma**-2.0
    left = weight * (data.intensity - _curve(fitted))
    low, high = _width_bounds(q)
    exponent = -4.0 * math.log(2.0) * (q[:, None] - q[None, :]) ** 2
    found = []
    for widths in np.array_split(np.geomspace(low, 0.9 * high, TRIED_WIDTHS), GROUPS):
        best: tuple[float, list[float]] | None = None
        for width in widths.tolist():
            kernel = np.exp(exponent / width**2)
            norm = weight @ kernel**2
            gain = (left @ kernel) / np.sqrt(norm)
            i = int(np.argmax(gain))
            if best is None or gain[i] > best[0]:
                best = float(gain[i]), [float(q[i]), float(gain[i] / np.sqrt(norm[i])), width, 0.0]
        assert best is not None
        found.append(np.array(best[1]))
    return [peak for peak in found if peak[1] > 0.0] or [found[0]]


def _refine(
    data: RegionData, shape: Shape, peaks: FloatArray, background: FloatArray, tolerance: float = TRIAL
) -> PeakSum:
    """Refine peaks and background together, by bounded least squares with the exact Jacobian."""
    n_lines, each = background.size, _per_peak(shape)
    size = float(np.ptp(data.intensity)) or 1.0
    narrow, wide = _width_bounds(data.q)
    lines = _lines(data.q, data.q, n_lines)

    def split(vector: FloatArray) -> FloatArray:
        rows = np.zeros((peaks.shape[0], 4))
        rows[:, :each] = vector[n_lines:].reshape(-1, each)
        return rows

    def evaluate(vector: FloatArray) -> Residuals:
        curve, columns = vector[:n_lines] @ lines, [lines.T]
        for position, height, fwhm, mixing in split(vector).tolist():
            peak, slopes = pseudo_voigt(data.q, position, height, fwhm, mixing)
            curve = curve + peak
            columns.append(slopes[:, :each])
        return Residuals(
            (curve - data.intensity) / data.sigma, np.column_stack(columns) / data.sigma[:, None]
        )

    lower = np.array([data.q[0], 0.0, narrow, 0.0])[:each]
    upper = np.array([data.q[-1], 3.0 * size, wide, 1.0])[:each]
    start = np.array([0.0, 0.1 * size, 0.0, 0.3])[:each]
    rows = peaks[:, :each].copy()
    if each == 4:
        rows[:, 3] = np.where(rows[:, 3] > 0.0, rows[:, 3], start[3])
    room = 1e-6 * (upper - lower)
    rows = np.clip(rows, lower + room, upper - room)
    floor = min(0.0, float(data.intensity.min()))
    background = np.maximum(background, floor + 1e-6 * size)
    lowest = np.concatenate((np.full(n_lines, floor), np.tile(lower, len(rows))))
    highest = np.concatenate((np.full(n_lines, np.inf), np.tile(upper, len(rows))))
    scale = np.concatenate(
        (np.full(n_lines, size), np.tile(np.array([wide / 10.0, size, wide / 10.0, 1.0])[:each], len(rows)))
    )
    done = minimise(
        evaluate, np.concatenate((background, rows.ravel())), lowest, highest, scale=scale, ftol=tolerance,
        xtol=tolerance,
    )  # fmt: skip
    result = split(done.x)
    free = ~done.at_bound if len(rows) else np.ones(done.x.size, dtype=bool)
    variance = done.chi2 / max(data.q.size - done.x.size, 1)
    jacobian = done.state.jacobian
    refined = variance * covariance(jacobian.T @ jacobian, free, flat=_FLAT)
    # Numbers that were not refined have no covariance.
    full = np.full((n_lines + 4 * len(rows),) * 2, np.nan)
    index = np.concatenate(
        [np.arange(n_lines), *(n_lines + 4 * i + np.arange(each) for i in range(len(rows)))]
    )
    full[np.ix_(index[free], index[free])] = refined[np.ix_(free, free)]
    order = np.argsort(result[:, 0], kind="stable")
    index = np.concatenate([np.arange(n_lines), *(n_lines + 4 * i + np.arange(4) for i in order)])
    return PeakSum(data, shape, result[order], done.x[:n_lines], done.chi2, full[np.ix_(index, index)])


def _curve(fitted: PeakSum) -> FloatArray:
    q = fitted.data.q
    return sum((fitted.peak_at(i, q) for i in range(len(fitted.peaks))), start=fitted.background_at(q))


def _lines(q: FloatArray, span: FloatArray, count: int) -> FloatArray:
    """Return the columns of the background, shape (count, n): 1, or a line by its values at the two ends."""
    columns = legendre(q, count - 1, float(span[0]), float(span[-1])).T
    return columns if count == 1 else np.array([[0.5, -0.5], [0.5, 0.5]]) @ columns


def _width_bounds(q: FloatArray) -> tuple[float, float]:
    return NARROWEST_STEPS * float(np.median(np.diff(q))), float(q[-1] - q[0])


def _per_peak(shape: Shape) -> int:
    return 4 if shape == "pseudo-voigt" else 3
