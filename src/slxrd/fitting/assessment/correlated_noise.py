"""Whether neighbouring points are independent: smoothed and interpolated data are found by their spectrum.

The noise of independent points has a flat power spectrum. That of smoothed points falls, with the zeros
of the filter, and that of points that were interpolated onto a finer grid is almost zero at its end.
Structure of the curve is at low frequencies. The spectrum of third differences of short stretches of
points, from a frequency on above the structure, is compared with that expected for usual filters by
Whittle's likelihood (Whittle, Ark. Mat. 1953, 2, 423), with a free variance for each stretch. The
stretches that agree best with a filter are left out, so that a few with sharp structure do not matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from slxrd.fitting.assessment.kernels import LAGS, ROUNDING, Kernel, kernels
from slxrd.units import FloatArray

#: Points of a stretch, and of their distance.
STRETCH, HOP = 32, 16
#: Lowest frequency, in cycles per point, for residuals of a fit and for data.
LOWEST_OF_RESIDUALS, LOWEST_OF_DATA = 0.09, 0.2
#: Shares of the stretches that are kept.
KEPT_OF_RESIDUALS, KEPT_OF_DATA = 0.75, 0.5
#: Difference of the logarithms of the likelihoods from which on a filter is found.
FOUND = 8.5
#: Coefficients of a third difference.
THIRD = np.array([1.0, -3.0, 3.0, -1.0])
#: Differences smaller than this part of the intensity are rounding errors of numbers.
_EXACT = 1e-12
#: Largest share of the variance of a stretch that so few points may have, and of equal neighbours.
_FEW, _SHARE, _TIES = 4, 0.85, 0.2


@dataclass(frozen=True, eq=False)
class Correlation:
    """Correlation of neighbouring points.

    Parameters
    ----------
    kernel : Kernel
        The filter that describes it best.
    evidence : float
        Difference of the logarithms of the likelihoods, against independent points.
    """

    kernel: Kernel
    evidence: float

    @property
    def time(self) -> float:
        """Correlation time in points: n points are as good as n/time independent ones."""
        return self.kernel.time

    @property
    def text(self) -> str:
        """One sentence: what was found, and what to do."""
        return describe_dependence(self.time)


def describe_dependence(time: float) -> str:
    """State in one sentence that neighbouring points are correlated over ``time`` points, and what to do."""
    return (
        "neighbouring points are not independent: the data look smoothed over about "
        f"{time:.2g} points or interpolated onto a finer grid; give the original points"
    )


def find_correlation(
    series: Sequence[FloatArray],
    structures: Sequence[FloatArray] | None = None,
    measured: Sequence[FloatArray] | None = None,
) -> Correlation | None:
    """Find a correlation of the noise of neighbouring points.

    Parameters
    ----------
    series : sequence of ndarray, shape (n,)
        Residuals of the regions of one scan, or its intensities, over the expected noise up to factors that
        vary slowly.
    structures : sequence of ndarray, shape (n,), optional
        The calculated curves, in the same unit, if the series are residuals. Stretches in which the curve
        varies more than the residuals are left out: an error of the model can look the same there.
    measured : sequence of ndarray, shape (n,), optional
        The intensities, if the series are others. Stretches in which many neighbours are equal are left out:
        the noise of few counts is not normally distributed.

    Returns
    -------
    Correlation or None
        None if independent points explain the spectrum, or the points are too few.
    """
    lowest = LOWEST_OF_DATA if structures is None else LOWEST_OF_RESIDUALS
    kept = KEPT_OF_DATA if structures is None else KEPT_OF_RESIDUALS
    white, expected = _expected(lowest)
    power = [np.zeros((0, white.size))]
    for values, curve, raw in zip(series, structures or series, measured or series, strict=True):
        if values.size < STRETCH + 3:
            continue
        own = _periodograms(values, lowest)
        usable = _spread(values, raw)
        if structures is not None:
            usable &= ((_periodograms(curve, lowest) - own) / white).sum(axis=1) < 0.0
        power.append(own[usable])
    stretches = np.concatenate(power)
    if stretches.shape[0] == 0:
        return None
    own = _misfit(stretches, white[None, :])
    gain = own - _misfit(stretches, expected)  # shape (kernels, stretches)
    counted = math.ceil(kept * gain.shape[1])
    evidence = np.sort(gain, axis=1)[:, :counted].sum(axis=1)
    best = int(np.argmax(evidence))
    if evidence[best] < FOUND:
        return None
    return Correlation(kernels()[best // len(ROUNDING)], float(evidence[best]))


def _taper() -> FloatArray:
    return np.asarray(np.sin(np.pi * (np.arange(STRETCH) + 0.5) / STRETCH) ** 2)


def _used(lowest: float) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.flatnonzero(np.arange(STRETCH // 2 + 1) >= lowest * STRETCH)


def _periodograms(values: FloatArray, lowest: float) -> FloatArray:
    """Power of third differences in stretches, shape (stretches, frequencies)."""
    z = np.convolve(values, THIRD, "valid")
    windows = np.lib.stride_tricks.sliding_window_view(z, STRETCH)[::HOP]
    power = np.abs(np.fft.rfft(windows * _taper(), axis=1)) ** 2
    return np.asarray(power[:, _used(lowest)])


def _spread(values: FloatArray, raw: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether the variations of a stretch are more than rounding errors, and not those of few counts."""
    count = (values.size - STRETCH - 3) // HOP + 1
    windows, raws = (
        np.lib.stride_tricks.sliding_window_view(each, STRETCH)[::HOP][:count] for each in (values, raw)
    )
    squares = np.sort(((windows - np.median(windows, axis=1)[:, None]) * _taper()) ** 2, axis=1)
    total = squares.sum(axis=1)
    varied = total > (_EXACT * np.abs(windows).max(axis=1)) ** 2
    many = squares[:, -_FEW:].sum(axis=1) < _SHARE * total
    return np.asarray(varied & many & (np.mean(np.diff(raws, axis=1) == 0.0, axis=1) < _TIES))


@cache
def _expected(lowest: float) -> tuple[FloatArray, FloatArray]:
    """Expected power of white noise, shape (frequencies,), and of each kernel with each rounding."""
    none = np.zeros(LAGS + 1)
    none[0] = 1.0
    found = [
        _power((kernel.autocorrelation + share * none) / (1.0 + share), lowest)
        for kernel in kernels()
        for share in ROUNDING
    ]
    return _power(none, lowest), np.array(found)


def _power(autocorrelation: FloatArray, lowest: float) -> FloatArray:
    both = np.concatenate((autocorrelation[:0:-1], autocorrelation))
    weights = np.convolve(THIRD, THIRD[::-1])  # autocorrelation of the differences of white noise
    z = np.convolve(both, weights, "same")[LAGS:][:STRETCH]
    taper = _taper()
    overlap = np.correlate(taper, taper, "full")[STRETCH - 1 :]
    lags = np.arange(STRETCH)
    waves = np.cos(2.0 * np.pi * np.outer(_used(lowest), lags) / STRETCH)
    twice = np.where(lags == 0, 1.0, 2.0)
    return np.asarray(np.maximum(waves @ (twice * z * overlap), 1e-12))


def _misfit(power: FloatArray, expected: FloatArray) -> FloatArray:
    """−ln of Whittle's likelihood at the best variance of each stretch, shape (spectra, stretches).

    Neighbouring frequencies of a tapered spectrum are correlated, and count one half.
    """
    mean = (1.0 / expected) @ power.T / power.shape[1]
    return np.asarray(0.5 * (power.shape[1] * np.log(mean) + np.log(expected).sum(axis=1)[:, None]))


def draw_noise(
    autocorrelation: FloatArray, shape: tuple[int, int], random: np.random.Generator
) -> FloatArray:
    """Draw normal noise of variance 1 and an autocorrelation.

    Parameters
    ----------
    autocorrelation : ndarray, shape (LAGS + 1,)
        From lag 0 on.
    shape : tuple of int
        Series, and points of each.
    random : numpy.random.Generator
        For the draws.
    """
    series, n = shape
    size = 2 * (n + LAGS)
    lags = np.zeros(size)
    lags[: LAGS + 1] = autocorrelation
    lags[-LAGS:] = autocorrelation[:0:-1]
    gain = np.sqrt(np.maximum(np.fft.rfft(lags).real, 0.0))
    white = np.fft.rfft(random.normal(size=(series, size)), axis=1)
    return np.asarray(np.fft.irfft(gain * white, size, axis=1)[:, :n])
