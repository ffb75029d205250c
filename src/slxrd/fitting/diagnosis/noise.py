"""Noise of a pattern from its own scatter, and the resolution from its sharpest peak and its fringes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.fitting.assessment.correlated_noise import Correlation, find_correlation
from slxrd.fitting.assessment.scatter import norm_of_differences
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from slxrd.fitting.diagnosis.maxima import Maximum
    from slxrd.fitting.diagnosis.result import FringePeriod

#: Full width at half maximum of a Gaussian, in standard deviations.
FWHM = 2.3548
#: Smallest significance and relative height of a peak whose width is used.
CLEAR, HIGH = 15.0, 0.05
#: Noise relative to the intensity above which points are averaged where a width is measured.
QUIET = 0.01
#: Percentile of the intensities that is the background of the whole pattern.
LOWEST = 5.0
#: Smallest significance of a fringe whose contrast is used.
CONTRAST = 20.0
#: Factor on the limit from the contrast, which noise and the fall of the fringes change a little.
SAFETY = 1.25
#: Variations of the intensity, relative to it, that are not counted as signal.
RELATIVE_ERROR = 0.01
#: Intensities below this many steps of the values are few counts.
FEW = 30.0
#: Sum of the squared coefficients of a third difference.
_THIRD = 20.0
#: Distance of points whose differences are taken, in correlation times: farther than the correlation reaches.
BEYOND = 1.5
#: Factors by which differences of noise grow at most with twice the distance: beyond the correlation, within.
SETTLED, GROWN = 2.0, 4.5
#: Smallest and largest noise, relative to the highest intensity, that is taken for that of correlated points.
LEAST_NOISE, LARGEST_NOISE = 2e-5, 0.1
#: Share of the points of which the intensity of one count is at most that of the estimate.
NOISIEST = 0.9
#: Smallest number of points of an intensity class.
_CLASS = 16


@dataclass(frozen=True)
class NoiseEstimate:
    """Variance of a point, constant² + per_intensity·I, from the scatter of neighbouring points.

    Parameters
    ----------
    constant : float
        Standard deviation at intensity 0.
    per_intensity : float
        Increase of the variance with the intensity: 1 for counts, 1/time for rates.
    counts : bool
        Whether the file's intensities are known to be counts.
    time : float
        Correlation time in points, 1 for independent points. Averages of n points have the variance of a
        point times time/n.
    """

    constant: float
    per_intensity: float
    counts: bool
    time: float = 1.0

    def sigma(self, intensity: FloatArray) -> FloatArray:
        """Return the standard deviation of points of this intensity, without the relative error."""
        level = np.maximum(intensity, 0.0)
        return np.asarray(np.sqrt(self.constant**2 + self.per_intensity * np.maximum(level, self._least)))

    @property
    def _least(self) -> float:
        """Smallest intensity for the variance: that of one count."""
        return self.per_intensity

    def stabilised(self, intensity: FloatArray) -> FloatArray:
        """Transform intensities so that their noise has the standard deviation 1.

        It is ∫ dI/σ(I) with σ² = constant² + per_intensity·I + (0.01·I)². The last term makes the scale
        logarithmic for high intensities, where imperfections of an instrument exceed the noise.

        Parameters
        ----------
        intensity : ndarray, shape (n,)
        """
        c = RELATIVE_ERROR
        a2 = self.constant**2 + 0.375 * self.per_intensity**2
        level = np.maximum(intensity, 0.0)
        root = np.sqrt(a2 + self.per_intensity * level + (c * level) ** 2)
        zero = np.sqrt(a2)

        def integral(value: FloatArray | float, sigma: FloatArray | float) -> FloatArray:
            return np.asarray(np.log(2.0 * c * sigma + 2.0 * c * c * value + self.per_intensity) / c)

        below = np.minimum(intensity, 0.0) / max(float(zero), 1e-300)
        return np.asarray(integral(level, root) - integral(0.0, float(zero)) + below)


def estimate_noise(pattern: Pattern, correlated: bool = True) -> NoiseEstimate:
    """Estimate the noise of a pattern.

    For counts the variance is the intensity times that of one count. Otherwise, it is determined from third
    differences in classes of equal intensity. In data that look smoothed or interpolated they are differences
    of points as far apart as the correlation reaches: those of neighbours are far too small there. Patterns
    that have hardly any noise look the same, but their differences grow with the distance of the points.

    Parameters
    ----------
    pattern : Pattern
        At least eight points.
    correlated : bool
        Whether neighbouring points may be correlated.
    """
    intensity = pattern.intensity
    if pattern.per_count is not None:
        # Of parts that were counted for different times the noisiest, unless it is an attenuated peak.
        return NoiseEstimate(0.0, float(np.quantile(pattern.per_count, NOISIEST)), True)
    found = _estimate(intensity)
    if not correlated:
        return found
    correlation = find_correlation([intensity / np.maximum(found.sigma(intensity), 1e-300)])
    if correlation is None:
        return found
    estimates = [_estimate(intensity, correlation, factor * BEYOND) for factor in (1.0, 2.0, 4.0)]
    return estimates[0] if _are_noise(intensity, estimates) else found


def _are_noise(intensity: FloatArray, estimates: Sequence[NoiseEstimate]) -> bool:
    """Whether the differences of points are those of noise, from estimates at distances of 1, 2 and 4.

    Those of a smooth curve grow with up to the third power of the distance, until they are as large as its
    structure. Those of noise do not, but if the correlation reaches farther than that of the filter that was
    found, the first distance is too short.
    """
    top = float(intensity.max())
    near, far, farthest = (float(np.median(each.sigma(intensity))) for each in estimates)
    settled = near if far < SETTLED * near else far
    if settled == far and (far > GROWN * near or farthest > SETTLED * far):
        return False
    return LEAST_NOISE * top < settled < LARGEST_NOISE * top


def _estimate(
    intensity: FloatArray, correlation: Correlation | None = None, beyond: float = BEYOND
) -> NoiseEstimate:
    """Estimate the noise from third differences, of points farther apart where neighbours are correlated."""
    level = _running_median(intensity)
    apart, norm, time = 1, _THIRD, 1.0
    if correlation is not None:
        time = correlation.time
        apart = max(1, min(math.ceil(beyond * time), (intensity.size - _CLASS) // 3))
        norm = norm_of_differences(correlation.kernel.autocorrelation, apart)
    reach = intensity.size - 3 * apart
    parts = [intensity[k * apart : k * apart + reach] for k in range(4)]
    squares = (parts[0] - 3.0 * parts[1] + 3.0 * parts[2] - parts[3]) ** 2 / norm
    level = level[apart : apart + reach]
    order = np.argsort(level, kind="stable")
    classes = np.array_split(order, max(min(level.size // _CLASS, 20), 1))
    mean = np.array([max(float(np.mean(level[group])), 0.0) for group in classes])
    variance = np.array([_robust_mean(squares[group]) for group in classes])
    constant, slope = _variance_law(mean, variance)
    quantum = _quantum(intensity)
    if correlation is not None:
        return NoiseEstimate(max(constant, 0.3 * quantum), slope, False, time)
    if quantum > 0.0 and float(np.median(level)) < FEW * quantum:
        # Differences of few counts are mostly 0 or 1, and their median says little.
        return NoiseEstimate(0.0, max(quantum, slope), False)
    return NoiseEstimate(max(constant, 0.3 * quantum), slope, False)


def _quantum(intensity: FloatArray) -> float:
    """Return the step of which all intensities are multiples; 0 if there is none."""
    levels = np.unique(np.round(intensity, 12))
    if not 2 <= levels.size < 0.9 * intensity.size:
        return 0.0
    step = float(np.min(np.diff(levels)))
    multiples = levels / step
    return (
        step if np.all(np.abs(multiples - np.round(multiples)) < 1e-3 * np.maximum(multiples, 1.0)) else 0.0
    )


def _running_median(values: FloatArray) -> FloatArray:
    window = np.lib.stride_tricks.sliding_window_view(np.pad(values, 3, mode="edge"), 7)
    return np.asarray(np.median(window, axis=1))


def _robust_mean(squares: FloatArray) -> float:
    """Return the mean of squares of normal variates of which some contain signal."""
    typical = float(np.median(squares)) / 0.455
    kept = squares[
        squares <= 9.0 * max(typical, float(np.mean(np.sort(squares)[: -(squares.size // 8) or None])))
    ]
    return float(np.mean(kept)) if kept.size else typical


def _variance_law(mean: FloatArray, variance: FloatArray) -> tuple[float, float]:
    """Return constant and slope of the variance; classes on steep flanks, which vary more, count less."""
    least = 1e-6 * max(float(mean.max()), 1e-100)
    floor = np.maximum(variance, least**2)
    weight = 1.0 / floor
    constant2, slope = float(np.median(variance)), 0.0
    for _ in range(8):
        constant2, slope = _not_negative_line(mean, variance, weight)
        expected = np.maximum(constant2 + slope * mean, least**2)
        excess = np.maximum(variance / expected, 1.0)
        weight = 1.0 / (expected * excess)
    return float(np.sqrt(max(constant2, least**2))), float(slope)


def _not_negative_line(x: FloatArray, y: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return constant and slope of the best line of which neither is negative.

    Of two unknowns, either both are free or one of them is 0, so that the import of SciPy's optimisers, a
    fifth of the time of a fit, is not needed.
    """
    columns, target = np.column_stack((weight, weight * x)), weight * y
    both = np.linalg.lstsq(columns, target, rcond=None)[0]
    if both.min() >= 0.0:
        return float(both[0]), float(both[1])
    alone = np.maximum(columns.T @ target, 0.0) / np.maximum(np.sum(columns**2, axis=0), 1e-300)
    left = np.sum((target[:, None] - columns * alone) ** 2, axis=0)
    return (float(alone[0]), 0.0) if left[0] <= left[1] else (0.0, float(alone[1]))


@dataclass(frozen=True)
class ResolutionEstimate:
    """Resolution of the instrument, from the pattern itself.

    Parameters
    ----------
    sigma : float
        Upper limit of the standard deviation of a Gaussian, Å⁻¹.
    q : float
        Position of the peak or fringes that it comes from, Å⁻¹.
    origin : {"sharpest peak", "fringes"}
        What the limit comes from.
    """

    sigma: float
    q: float
    origin: Literal["sharpest peak", "fringes"]


def estimate_resolution(
    maxima: Sequence[Maximum],
    q: FloatArray,
    intensity: FloatArray,
    noise: NoiseEstimate,
    fringes: Sequence[FringePeriod],
) -> ResolutionEstimate | None:
    """Estimate an upper limit of the resolution.

    No peak is narrower than the resolution: by Jensen's inequality, a curve that was not negative before the
    convolution with a Gaussian of standard deviation σ is at least I(q₀) exp(−½((q − q₀)/σ)²) beside a
    maximum at q₀. Its half width at half of the intensity above the background is therefore a limit; the
    part of a fringe above the minima beside it may be narrower. A Gaussian reduces the visibility of
    sinusoidal fringes of spacing δ to exp(−½(2πσ/δ)²). The minima between the fringes are taken at the
    upper end of their noise, two standard deviations, as a minimum that is low by chance would be a high
    visibility.

    Parameters
    ----------
    maxima : sequence of Maximum
        All maxima.
    q, intensity : ndarray, shape (n,)
        Scattering vector in Å⁻¹, and intensity of the pattern.
    noise : NoiseEstimate
        Its noise.
    fringes : sequence of FringePeriod
        Their periods.
    """
    highest = max((peak.height for peak in maxima), default=0.0)
    lowest = float(np.percentile(intensity, LOWEST))
    widths = {
        peak.q: _full_width(q, intensity, peak.index, lowest, noise)
        for peak in maxima
        if peak.significance > CLEAR and peak.height > HIGH * highest
    }
    if not widths or math.isinf(min(widths.values())):
        return None
    sharpest = min(widths, key=widths.__getitem__)
    best = ResolutionEstimate(widths[sharpest] / FWHM, sharpest, "sharpest peak")
    for period in fringes:
        if period.kind != "Laue":
            continue
        spacing = 2.0 * math.pi / period.period
        inside = [peak for peak in maxima if period.low < peak.q < period.high]
        inside = [peak for peak in inside if peak.significance > CONTRAST and peak.width < 0.7 * spacing]
        if len(inside) < 3:
            continue
        lows = np.array([max(0.5 * (intensity[peak.left] + intensity[peak.right]), 0.0) for peak in inside])
        lows += 2.0 * noise.sigma(lows) / math.sqrt(2.0)
        tops = np.array([peak.height + peak.background for peak in inside])
        visibility = min(float(np.quantile((tops - lows) / (tops + lows), 0.75)), 0.999)
        if visibility <= 0.0:
            continue
        limit = SAFETY * spacing / (2.0 * math.pi) * math.sqrt(-2.0 * math.log(visibility))
        if limit < best.sigma:
            best = ResolutionEstimate(limit, inside[0].q, "fringes")
    return best


def _full_width(
    q: FloatArray, intensity: FloatArray, index: int, lowest: float, noise: NoiseEstimate
) -> float:
    """Return the width at half of the intensity above a background.

    If one side is cut off, it is twice the half width of the other one.

    Where noise matters, neighbouring points are averaged, which may only increase the width.
    """
    level = intensity - lowest
    if float(noise.sigma(intensity[index : index + 1])[0]) > QUIET * level[index]:
        level = np.convolve(np.pad(level, 1, mode="edge"), np.full(3, 1.0 / 3.0), mode="valid")
    half = 0.5 * level[index]
    sides = []
    for step in (-1, 1):
        along = level[index::step]
        below = np.flatnonzero(along < half)
        if not below.size:
            continue
        last = int(below[0])
        share = float((along[last - 1] - half) / (along[last - 1] - along[last]))
        away = q[index::step]
        sides.append(abs(float(away[last - 1] + share * (away[last] - away[last - 1]) - q[index])))
    return 2.0 * sum(sides) / len(sides) if sides else math.inf
