"""Find the intensity of one count in values that are multiples of it.

Detectors with many channels and programs that normalise write counts times a factor: the values of a scan are
whole multiples of it, exactly or, if the factor differs a little from point to point, nearly. A common step
alone proves nothing, as rounded values have one too. Therefore the point-to-point scatter must agree with
Poisson statistics: the variance of n counts is n, so the variance of the values divided by their mean is the
intensity of one count, at all intensities alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slxrd.units import FloatArray

#: Smallest number of points for any decision.
ENOUGH = 30
#: Number of points of a block of similar intensity, in which variance and mean are compared.
BLOCK = 100
#: Allowed ratio of the scatter to that of counts; where the step is that of the printed digits, the scatter
#: is the only evidence, and the limits are closer.
LOWEST, HIGHEST = 0.5, 2.0
LOWEST_OF_DIGITS, HIGHEST_OF_DIGITS = 0.8, 1.25
#: Number of parts of a scan, and smallest such ratio in each: less where one was counted for a longer time.
PARTS, LOWEST_OF_PARTS = 4, 0.4
#: Smallest ratio of the scatter at higher intensities to that at lower ones. Curvature of peaks increases it.
LEAST_TREND = 0.6
#: Largest correlation of neighbouring second differences; −2/3 for independent points.
LARGEST_CORRELATION = -0.4
#: Largest such ratio, and smallest number of points, of nearly multiples without the header's support.
LARGEST_TREND, ENOUGH_NEARLY = 1.8, 200
#: Largest multiple of the step that shows whether multiples of it occur nearly, and smallest coherence.
MULTIPLES, COHERENCE = 6.5, 0.6
#: Smallest value of number × coherence², the logarithm of the odds against chance, and smallest number of
#: different values: fewer are multiples of some step anyway.
CERTAIN, DIFFERENT = 20.0, 10
#: Largest range of multiples in the search for an exact step.
RANGE = 400.0
#: Largest rounding error of a value relative to the step for which the value is compared with multiples, and
#: the share of the values that must be multiples.
COARSEST, MOST = 0.1, 0.97
#: Largest number of values that are compared, and number of those in the search.
LARGEST_NUMBER, COMPARED = 5000, 200


@dataclass(frozen=True)
class Scatter:
    """Variance divided by mean, from the second differences of a scan.

    Parameters
    ----------
    ratio : float
        At the lower intensities, where the curvature of the pattern adds least.
    trend : float
        The ratio at higher divided by that at lower intensities; 1 for counts.
    correlation : float
        Between neighbouring second differences at the lower intensities: −2/3 for independent points,
        positive for smooth curves.
    """

    ratio: float
    trend: float
    correlation: float


def scatter(values: FloatArray) -> Scatter | None:
    """Measure variance divided by mean in a scan.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Intensities in the order of the scan, finite and not negative.

    Returns
    -------
    Scatter or None
        None if there are too few points, or all are alike.

    Notes
    -----
    For independent points, the second difference has 6 times the variance of one. The blocks have points of
    similar mean; the median over blocks is little affected by peaks and steps.
    """
    if values.size < ENOUGH:
        return None
    second = values[:-2] - 2.0 * values[1:-1] + values[2:]
    means = (values[:-2] + values[1:-1] + values[2:]) / 3.0
    order = np.argsort(means, kind="stable")
    order = order[means[order] > 0.0]
    if order.size < ENOUGH // 2:
        return None
    n = max(2, order.size // BLOCK)
    starts = np.arange(n) * (order.size // n) + np.minimum(np.arange(n), order.size % n)
    ratios = np.add.reduceat(second[order] ** 2 / 6.0, starts) / np.add.reduceat(means[order], starts)
    lower = float(np.median(ratios[: max(1, ratios.size // 2)]))
    if lower <= 0.0:
        return None
    used = np.zeros(means.size)
    used[order[: order.size // 2]] = 1.0
    scaled = second * used / np.sqrt(np.maximum(means, means[order[0]]))
    pairs = used[1:] * used[:-1]
    size = 0.5 * float(np.sum(pairs * (scaled[1:] ** 2 + scaled[:-1] ** 2)))
    correlation = float(np.sum(scaled[1:] * scaled[:-1])) / size if size > 0.0 else 0.0
    return Scatter(lower, float(np.median(ratios[ratios.size // 2 :])) / lower, correlation)


@dataclass(frozen=True)
class Quantum:
    """The intensity of one count.

    Parameters
    ----------
    size : float
        In the unit of the values.
    evidence : str
        How it was found, for the history.
    """

    size: float
    evidence: str


def find_quantum(
    values: FloatArray, rounding: FloatArray | float, digit: float = 0.0, stated: float | None = None
) -> Quantum | str:
    """Find the intensity of one count.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Intensities in the order of the scan; those that are not finite are left out.
    rounding : ndarray, shape (n,), or float
        Rounding error of the values in the file.
    digit : float
        Last printed digit, of which all values are multiples anyway.
    stated : float, optional
        The intensity of one count by the header of the file: 1 for values in counts.

    Returns
    -------
    Quantum or str
        Or the reason why it is not known.
    """
    finite = np.isfinite(values)
    error = np.broadcast_to(rounding, values.shape)[finite]
    values = values[finite]
    if values.size and values.min() < 0.0:
        return "some are negative"
    found = scatter(values)
    if found is None:
        return "there are too few points to compare their scatter with that of counts"
    if found.correlation > LARGEST_CORRELATION:
        return "neighbouring values differ too smoothly for counts"
    quantum = _found(values, error, digit, stated, found)
    if isinstance(quantum, Quantum) and _least_scatter(values) < LOWEST_OF_PARTS * quantum.size:
        return "a part of the scan scatters less than the others do"
    return quantum


def _least_scatter(values: FloatArray) -> float:
    """Return the smallest ratio of variance and mean in the parts of a scan; infinite in short scans."""
    if values.size < PARTS * BLOCK:
        return float(np.inf)
    found = [scatter(part) for part in np.array_split(values, PARTS)]
    return min((each.ratio for each in found if each is not None), default=np.inf)


def _found(
    values: FloatArray, error: FloatArray, digit: float, stated: float | None, found: Scatter
) -> Quantum | str:
    steps = []
    for step in _exact_steps(values, error, found):
        if _agrees(found, step, digit):
            return Quantum(step, "all are multiples of it, and scatter as counts do")
        steps.append(step)
    # Whole numbers are counts more often than others are multiples of one count by chance.
    likely = digit == 1.0 or (digit > 0.0 and found.trend <= LARGEST_TREND)
    if likely and _agrees(found, digit, digit) and _without_divisor(values, digit):
        return Quantum(float(digit), "it is the last digit of the numbers, and they scatter as counts do")
    supported = values.size >= ENOUGH_NEARLY and found.trend <= LARGEST_TREND
    near = _near_step(values, found, 5.0 * digit) if stated is not None or supported else None
    if near is not None:
        return Quantum(near, "low ones are nearly multiples of it, and all scatter as counts do")
    if stated is not None and _agrees(found, stated, stated):
        return Quantum(stated, "it is that of the header, and all scatter as counts do")
    if steps and steps[0] > 1.5 * digit:
        times = np.sqrt(found.ratio / steps[0])
        return f"their common step is {steps[0]:.4g}, but they scatter by {times:.2g} times √n of counts"
    return "they have no common step that agrees with their scatter"


def _agrees(found: Scatter, step: float, digit: float) -> bool:
    low, high = (LOWEST, HIGHEST) if step > 1.5 * digit else (LOWEST_OF_DIGITS, HIGHEST_OF_DIGITS)
    return low <= found.ratio / step <= high and found.trend >= LEAST_TREND


def _without_divisor(values: FloatArray, digit: float) -> bool:
    """Return True if values are multiples of the last digit and of no larger step."""
    multiples = np.rint(np.minimum(values / digit, 1e15)).astype(np.int64)
    return int(np.gcd.reduce(multiples)) == 1


def _exact_steps(values: FloatArray, error: FloatArray, found: Scatter) -> Iterator[float]:
    """Yield steps of which nearly all values are multiples within their rounding error."""
    distinct, first = np.unique(values[values > 0.0], return_index=True)
    error = error[values > 0.0][first][:LARGEST_NUMBER]
    distinct = distinct[:LARGEST_NUMBER]
    if distinct.size < 2:
        return
    for guess in (_divisor, _most_coherent):
        step = _refined(distinct, error, guess(distinct, error, found))
        if step is not None:
            yield step


def _divisor(distinct: FloatArray, error: FloatArray, _: Scatter) -> float:
    """Return the greatest common divisor of the lowest values, by Euclid's algorithm with rounding errors."""
    step = 0.0
    for value, tolerance in zip(distinct[:200].tolist(), (4.0 * error[:200] + 1e-9).tolist(), strict=True):
        while value > tolerance:
            step, value = value, abs(step - value * round(step / value))
    return step


def _most_coherent(distinct: FloatArray, _: FloatArray, found: Scatter) -> float:
    """Return the largest of the steps near the scatter by which the values differ in whole multiples."""
    away = distinct - distinct[distinct.size // 2]
    nearest = np.argsort(np.abs(away), kind="stable")[:COMPARED]
    away = away[nearest][np.abs(away[nearest]) <= 0.5 * RANGE * found.ratio]
    logarithms = np.arange(np.log(0.8 / HIGHEST), np.log(1.25 / LOWEST), 0.2 / RANGE)
    steps = found.ratio * np.exp(logarithms)
    parts = np.array_split(steps, max(steps.size // 100, 1))  # of which each stays in the cache
    coherence = np.concatenate([_coherence(away, part) for part in parts])
    peaks = np.flatnonzero(coherence >= 0.9 * coherence.max())
    near = peaks[peaks > peaks[-1] - 20]
    return float(steps[near[np.argmax(coherence[near])]])


def _coherence(away: FloatArray, steps: FloatArray) -> FloatArray:
    """Mean cosine of the phases of differences, for each step."""
    turns = away / steps[:, None]
    turns -= np.rint(turns)
    # Of a phase within half a turn the cosine in single precision is exact to 1e-7, in a tenth of the time.
    phases = (2.0 * np.pi * turns).astype(np.float32)
    return np.asarray(np.mean(np.cos(phases, out=phases), axis=1, dtype=np.float64))


def _refined(distinct: FloatArray, error: FloatArray, step: float) -> float | None:
    """Improve a step by least squares over larger and larger differences; None if it is no common step."""
    usable = error < COARSEST * step
    if not step > 0.0 or usable.sum() < 3:
        return None
    values, error = distinct[usable], error[usable]
    away = values - values[values.size // 2]
    away = away[np.argsort(np.abs(away), kind="stable")]
    for size in [*itertools.takewhile(lambda n: n < values.size, (3 * 2**i for i in range(20))), values.size]:
        multiples = np.rint(away[:size] / step)
        if not multiples.any():
            continue
        step = float(np.sum(away[:size] * multiples) / np.sum(multiples**2))
        if not step > 0.0:
            return None
    multiples = np.rint(values / step)
    off = np.abs(values - step * multiples)
    if multiples[0] < 1.0 or np.mean(off <= 2.0 * error + 1e-6 * step) < MOST:
        return None
    return float(np.sum(values * multiples) / np.sum(multiples**2))


def _near_step(values: FloatArray, found: Scatter, smallest: float) -> float | None:
    """Return the step, of at least ``smallest``, of which the low values are nearly multiples."""
    steps = found.ratio * np.exp(np.linspace(np.log(1.0 / HIGHEST), np.log(1.0 / LOWEST), 400))
    best, best_step = CERTAIN, None
    lowest = values[values < MULTIPLES * steps[-1]]
    for step in steps[steps >= smallest].tolist():
        low = lowest[(lowest > 0.5 * step) & (lowest < MULTIPLES * step)] / step
        if low.size < DIFFERENT:
            continue
        coherence = float(np.mean(np.cos(2.0 * np.pi * low)))
        if not (coherence > COHERENCE and low.size * coherence**2 > best):
            continue
        if np.unique(low).size >= DIFFERENT and np.unique(np.rint(low)).size > 1:
            best, best_step = low.size * coherence**2, step
    return best_step if best_step is not None and found.trend >= LEAST_TREND else None
