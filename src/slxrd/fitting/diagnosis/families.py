"""Series of orders 00l among the peaks of crystals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.diagnosis.maxima import Maximum

#: Range of plane distances of series, Å.
SHORTEST, LONGEST = 2.0, 20.0
#: Largest order.
HIGHEST = 12
#: Largest deviation from a multiple of the first order, relative to the width of the peak, and to q.
OF_WIDTH, OF_Q = 0.5, 1.5e-3
#: Largest common shift of q by the sample's height or the zero of the angle, Å⁻¹.
SHIFT = 0.012


@dataclass(frozen=True)
class Family:
    """Peaks at multiples of one q.

    Parameters
    ----------
    first : float
        Scattering vector of the first order, Å⁻¹.
    error : float
        Its standard error.
    orders : mapping of int to int
        Orders by the number of the peak.
    """

    first: float
    error: float
    orders: dict[int, int]


def find_families(peaks: Sequence[Maximum], most: int = 3) -> list[Family]:
    """Find series of orders, that which explains most intensity first.

    A common shift of all peaks is allowed for. A series of two peaks has to contain the first order, or
    neighbouring orders.

    Parameters
    ----------
    peaks : sequence of Maximum
        Bragg peaks in the order of q.
    most : int
        Largest number of series.
    """
    rest = list(range(len(peaks)))
    found: list[Family] = []
    least = min((peak.height for peak in peaks), default=1.0)
    worth = [1.0 + math.log(peak.height / least) if least > 0.0 else 1.0 for peak in peaks]
    while len(found) < most and len(rest) > 1:
        best: Family | None = None
        most_worth = 0.0
        for i in rest:
            for order in range(1, HIGHEST + 1):
                first = peaks[i].q / order
                if not SHORTEST <= 2.0 * math.pi / first <= LONGEST:
                    continue
                family = _family(peaks, rest, i, order)
                if family is None:
                    continue
                # Of d and 2d, which explain the same peaks, the shorter is the simpler.
                value = sum(worth[k] for k in family.orders) * (1.0 - 0.04 * min(family.orders.values()))
                value -= 0.02 * max(family.orders.values())
                if value > most_worth:
                    best, most_worth = family, value
        if best is None:
            break
        found.append(best)
        rest = [i for i in rest if i not in best.orders]
    return found


def members(family: Family, peaks: Sequence[Maximum], taken: set[int]) -> Family:
    """Add further peaks to a series, such as weak orders.

    Parameters
    ----------
    family : Family
    peaks : sequence of Maximum
        All peaks; the numbers in ``family.orders`` are theirs.
    taken : set of int
        Peaks that belong to other series.
    """
    orders = dict(family.orders)
    shift = float(np.mean([peaks[k].q - n * family.first for k, n in orders.items()]))
    for k, peak in enumerate(peaks):
        n = round((peak.q - shift) / family.first)
        free = k not in orders and k not in taken and n not in orders.values()
        if free and n >= 1 and abs(peak.q - shift - n * family.first) < OF_Q * peak.q + 0.2 * peak.width:
            orders[k] = n
    return Family(family.first, family.error, orders)


def _family(peaks: Sequence[Maximum], rest: list[int], i: int, order: int) -> Family | None:
    first, shift = peaks[i].q / order, 0.0
    orders: dict[int, int] = {}
    for _ in range(3):
        orders = {}
        away: dict[int, float] = {}
        for k in rest:
            n = round((peaks[k].q - shift) / first)
            off = abs(peaks[k].q - shift - n * first)
            if 1 <= n <= HIGHEST and off < OF_WIDTH * peaks[k].width + OF_Q * peaks[k].q:
                if n in away and away[n] <= off:
                    continue
                orders = {key: value for key, value in orders.items() if value != n}
                orders[k], away[n] = n, off
        if len(orders) < 2:
            return None
        first, shift, error = _line(peaks, orders)
    numbers = sorted(orders.values())
    if len(numbers) == 2 and numbers[0] != 1 and numbers[1] - numbers[0] != 1:
        return None
    if math.gcd(*numbers) > 1 or abs(shift) > SHIFT:
        return None
    return Family(first, error, orders)


def _line(peaks: Sequence[Maximum], orders: dict[int, int]) -> tuple[float, float, float]:
    """Fit q = shift + n·first, the shift with an expected size of a quarter of its limit."""
    n = np.array(list(orders.values()), dtype=np.float64)
    q = np.array([peaks[k].q for k in orders])
    sigma = np.array([0.05 * peaks[k].width for k in orders])
    # The shift has expectation 0.
    rows = np.column_stack((n / sigma, 1.0 / sigma))
    rows = np.vstack((rows, [0.0, 4.0 / SHIFT]))
    values = np.append(q / sigma, 0.0)
    solution, *_ = np.linalg.lstsq(rows, values, rcond=None)
    rest = values - rows @ solution
    freedom = max(n.size - 1, 1)
    covariance = np.linalg.inv(rows.T @ rows) * max(float(rest @ rest) / freedom, 1.0)
    return float(solution[0]), float(solution[1]), float(np.sqrt(covariance[0, 0]))
