"""Structure of data that a model explains, and of residuals against noise alone.

With many counts, any model fails every test against noise. The share of the structure that it explains
does not depend on the counts: the data and the residuals pass the same band filters, from a few points
to a third of a region, and in each band the power of the residuals is compared with that of the data,
both less the power of the noise. It is done for the square root of the intensity, in which counting
noise is constant, and for its logarithm above the noise, in which fringes on the tails of a peak count
as much as the peak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from slxrd.fitting.assessment.tails import gamma_tail, normal_probability
from slxrd.units import FloatArray

#: A band is compared if it has this share of the power of the strongest, and its power exceeds this many
#: standard deviations of that of the noise.
_SHARE, _ABOVE_NOISE = 0.02, 5.0
#: Narrowest band, in points, and the number of its widths that a region must have.
_NARROWEST, _WIDTHS = 2, 6
#: Part of a count that is added before a square root.
ANSCOMBE = 0.375
#: Lags of the autocorrelation of residuals.
_LAGS = 8


@dataclass(frozen=True)
class Explained:
    """Share of the structure of a region that a model explains.

    Parameters
    ----------
    share : float
        1 less the power of the residuals over that of the data, in the band where it is smallest.
    points : int
        Width of that band in points; 0 if no band has structure.
    """

    share: float
    points: int


def explained_structure(
    measured: FloatArray, calculated: FloatArray, noise: FloatArray, *, logarithmic: bool
) -> Explained:
    """Find the band in which a model explains least of the structure of the data.

    Parameters
    ----------
    measured, calculated, noise : ndarray, shape (n,)
        Intensities, and the standard deviation of the measured ones.
    logarithmic : bool
        Whether to compare logarithms, above twice the noise of the weakest points; otherwise square roots.
    """
    transform, spread = _logarithm(calculated, noise) if logarithmic else _root(calculated, noise)
    data = transform(measured)
    rest = data - transform(calculated)
    bands = []
    width = _NARROWEST
    while width == _NARROWEST or _WIDTHS * width <= measured.size:
        if 3 * width > measured.size:
            break
        of_noise = _noise_power(spread, width)
        scatter = of_noise * np.sqrt(6.0 * width / measured.size)
        bands.append((width, _power(data, width) - of_noise, _power(rest, width) - of_noise, scatter))
        width *= 2
    strongest = max((power for _, power, _, _ in bands), default=0.0)
    shares = [
        Explained(float(1.0 - max(left - scatter, 0.0) / power), width)
        for width, power, left, scatter in bands
        if power > max(_SHARE * strongest, _ABOVE_NOISE * scatter)
    ]
    return min(shares, key=lambda each: each.share, default=Explained(1.0, 0))


def difference_of_logarithms(measured: FloatArray, calculated: FloatArray, noise: FloatArray) -> float:
    """Root mean square of the differences of the logarithms, above the noise and less that of the noise.

    Parameters
    ----------
    measured, calculated, noise : ndarray, shape (n,)
        As for :func:`explained_structure`.
    """
    transform, spread = _logarithm(calculated, noise)
    rest = transform(measured) - transform(calculated)
    return float(np.sqrt(max(float(np.mean(rest**2 - spread**2)), 0.0)))


Transform = Callable[[FloatArray], FloatArray]


def _root(calculated: FloatArray, noise: FloatArray) -> tuple[Transform, FloatArray]:
    """Square root of the intensity and 3/8 of a count, whose mean and variance depend least on the intensity.

    F. J. Anscombe, Biometrika 1948, 35, 246. The root of the intensity itself is too low on average where the
    counts are few.
    """
    count = float(np.median(noise**2 / np.maximum(calculated, noise)))
    offset = ANSCOMBE * count
    spread = noise / (2.0 * np.sqrt(np.maximum(calculated + offset, noise)))
    return lambda y: np.sqrt(np.maximum(y + offset, 0.0)), spread


def _logarithm(calculated: FloatArray, noise: FloatArray) -> tuple[Transform, FloatArray]:
    floor = 4.0 * float(np.quantile(noise, 0.2))
    return lambda y: np.arcsinh(y / floor), noise / np.hypot(calculated, floor)


def _kernel(width: int) -> FloatArray:
    """Mean over a window less the mean of its two neighbours."""
    ones = np.full(width, 1.0 / width)
    return np.concatenate((-0.5 * ones, ones, -0.5 * ones))


def _power(values: FloatArray, width: int) -> float:
    return float(np.mean(np.convolve(values, _kernel(width), "valid") ** 2))


def _noise_power(spread: FloatArray, width: int) -> float:
    return float(np.mean(np.convolve(spread**2, _kernel(width) ** 2, "valid")))


class NoiseStructure(NamedTuple):
    """Distributions of the statistics of structure by noise alone.

    Attributes
    ----------
    mean, spread : ndarray, shape (lags,)
        Of the autocorrelation at each lag.
    positive, runs : tuple of float
        Mean and variance of the sum of squares of positive autocorrelations, over their spread, and mean and
        standard deviation of the number of runs of one sign.
    """

    mean: FloatArray
    spread: FloatArray
    positive: tuple[float, float]
    runs: tuple[float, float]


def structure_of_noise(simulated: FloatArray) -> NoiseStructure:
    """Find the distributions from simulated residuals over their expected deviations, shape (m, n)."""
    rho = _autocorrelation(simulated, max(1, min(_LAGS, simulated.shape[1] // 6)))
    mean, spread = rho.mean(axis=0), rho.std(axis=0)
    positive, runs = _positive((rho - mean) / spread), _runs(simulated)
    return NoiseStructure(
        mean,
        spread,
        (float(positive.mean()), float(positive.var())),
        (float(runs.mean()), float(runs.std())),
    )


def structure_of_residuals(u: FloatArray, noise: NoiseStructure) -> tuple[FloatArray, FloatArray]:
    """Compare the structure of residuals with that of noise.

    Parameters
    ----------
    u : ndarray, shape (k, n)
        Residuals over their expected standard deviations, a row for each of k patterns.
    noise : NoiseStructure
        Distributions by noise alone.

    Returns
    -------
    first : ndarray, shape (k,)
        Autocorrelation at lag 1, less that of noise.
    probability : ndarray, shape (k,)
        Of an autocorrelation as large, or of as few runs of one sign, by noise alone.
    """
    rho = _autocorrelation(u, noise.mean.size)
    large = _tail(_positive((rho - noise.mean) / noise.spread), *noise.positive)
    return (rho - noise.mean)[:, 0], np.minimum(1.0, 2.0 * np.minimum(large, _few(_runs(u), *noise.runs)))


def _autocorrelation(u: FloatArray, lags: int) -> FloatArray:
    """Autocorrelation at lags 1 to ``lags`` of each row, shape (rows, lags)."""
    total = np.sum(u**2, axis=1)
    return np.column_stack([np.sum(u[:, k:] * u[:, :-k], axis=1) / total for k in range(1, lags + 1)])


def _positive(z: FloatArray) -> FloatArray:
    return np.asarray(np.sum(np.maximum(z, 0.0) ** 2, axis=1))


def _tail(value: FloatArray, mean: float, variance: float) -> FloatArray:
    """Probability of larger values, from a scaled χ² distribution with these moments."""
    return gamma_tail(mean**2 / variance, value * mean / variance)


def _runs(u: FloatArray) -> FloatArray:
    return np.asarray(1.0 + np.sum(np.signbit(u[:, 1:]) != np.signbit(u[:, :-1]), axis=1))


def _few(value: FloatArray, mean: float, spread: float) -> FloatArray:
    """Probability of as few runs, from a normal distribution."""
    return normal_probability((value + 0.5 - mean) / max(spread, 0.5))
