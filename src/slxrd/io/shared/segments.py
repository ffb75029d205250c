"""Find the intensity of one count in scans of which parts were counted for different times.

Rates of merged scans are multiples of the reciprocal counting time, which differs between the parts, and so
does the ratio of their variance and mean. The place where that ratio changes most divides the values; each
part must then consist of multiples of one count, as a whole scan must (`slxrd.io.shared.quantum`), or is
divided again.
"""

from __future__ import annotations

import numpy as np

from slxrd.io.shared.quantum import ENOUGH, Quantum, find_quantum
from slxrd.units import FloatArray

#: How often a scan is divided, so that it has at most 2 to the power of this number of parts.
DIVISIONS = 3
#: Longer scans are not divided: none is measured with so many points, and each division sorts them.
MOST_POINTS = 50_000
#: Smallest ratio of the intensities of one count in neighbouring parts.
LEAST_RATIO = 1.2
#: Share of the values of every part that must be multiples of its count, and the rounding errors allowed.
MOST, ALLOWED = 0.97, 2.0
#: Difference of twice the logarithm of the likelihood from which on a change is examined, and the largest
#: ratio of variance and mean of three points, in medians: peaks have more.
CHANGED, _CUT = 8.0, 8.0
#: Points on either side of a change from which no count is estimated, as its place is not known exactly. They
#: are tried one after the other.
MARGINS = (24, 72)


def find_segments(values: FloatArray, rounding: FloatArray, digit: float) -> FloatArray | None:
    """Find the intensity of one count of every point of a scan of several parts.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Intensities in the order of the scan; those that are not finite belong to the part around them.
    rounding : ndarray, shape (n,)
        Rounding errors of the values in the file.
    digit : float
        Last printed digit, of which all values are multiples anyway.

    Returns
    -------
    ndarray, shape (n,), or None
        None if the scan is not found to consist of such parts, or has more than 50,000 points.
    """
    if values.size > MOST_POINTS:
        return None
    parts = _parts(values, rounding, digit, DIVISIONS)
    if parts is None:
        return None
    sizes = np.array([size for _, size in parts])
    different = np.flatnonzero(np.abs(np.diff(np.log(sizes))) > np.log(LEAST_RATIO))
    if not different.size:
        return None
    first = np.concatenate(([0], different + 1))
    starts, steps = [0], sizes[first]
    for k in range(1, first.size):
        begin = max(parts[first[k - 1]][0], starts[-1])
        end = parts[first[k + 1]][0] if k + 1 < first.size else values.size
        left, right = (
            _are_multiples(values[begin:end], rounding[begin:end], step, digit)
            for step in (steps[k - 1], steps[k])
        )
        # The place with most multiples of the one count before it, and of the other after it. Where several
        # are as good, the multiples of the larger count are multiples of the smaller one too.
        before = np.concatenate(([0], np.cumsum(left)))
        after = np.concatenate((np.cumsum(right[::-1])[::-1], [0]))
        best = np.flatnonzero(before + after == np.max(before + after))
        starts.append(begin + int(best[-1] if steps[k - 1] > steps[k] else best[0]))
    found = np.repeat(steps, np.diff([*starts, values.size]))
    for begin, end, step in zip(starts, [*starts[1:], values.size], steps.tolist(), strict=True):
        own = slice(begin, end)
        if end - begin < ENOUGH or np.mean(_are_multiples(values[own], rounding[own], step, digit)) < MOST:
            return None
    return np.asarray(found, dtype=np.float64)


def _parts(
    values: FloatArray, rounding: FloatArray, digit: float, divisions: int
) -> list[tuple[int, float]] | None:
    """First points of the parts and their counts; None if one of them has none."""
    middle = _change(values) if divisions else None
    for margin in MARGINS if middle is not None else ():
        assert middle is not None
        if not middle - margin >= ENOUGH or values.size - middle - margin < ENOUGH:
            break
        left, right = (
            _parts(values[own], rounding[own], digit, divisions - 1)
            for own in (slice(0, middle - margin), slice(middle + margin, None))
        )
        if left is not None and right is not None and left[-1][1] != right[0][1]:
            return [*left, *((middle + margin + begin, size) for begin, size in right)]
    found = find_quantum(values, rounding, digit)
    return [(0, found.size)] if isinstance(found, Quantum) else None


def _change(values: FloatArray) -> int | None:
    """Point at which the ratio of variance and mean changes, of the largest likelihood for normal values."""
    fewest = ENOUGH + MARGINS[0]
    if values.size < 2 * fewest + 2:
        return None
    known = np.where(np.isfinite(values), values, 0.0)
    second = known[:-2] - 2.0 * known[1:-1] + known[2:]
    means = (known[:-2] + known[1:-1] + known[2:]) / 3.0
    ratios = second**2 / np.maximum(6.0 * means, 1e-300)
    seen = means > 0.0
    if np.count_nonzero(seen) < ENOUGH:
        return None
    ratios = np.where(seen, np.minimum(ratios, _CUT * np.median(ratios[seen])), np.median(ratios[seen]))
    if not ratios.max() > 0.0:  # most neighbours are equal
        return None
    ratios = np.maximum(ratios, 1e-12 * ratios.max())
    n = np.arange(fewest, ratios.size - fewest + 1)
    total = np.cumsum(ratios)
    before = total[n - 1]
    after = total[-1] - before
    deviance = n * np.log(before / n) + (ratios.size - n) * np.log(after / (ratios.size - n))
    if deviance.min() > ratios.size * np.log(total[-1] / ratios.size) - CHANGED:
        return None
    return int(n[np.argmin(deviance)]) + 1


def _are_multiples(
    values: FloatArray, rounding: FloatArray, step: float, digit: float
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether values are multiples of one count; those that are not finite are."""
    off = np.abs(values - step * np.rint(np.nan_to_num(values) / step))
    return np.asarray(~(off > ALLOWED * rounding + 1e-6 * step))
