"""Satellites of a superlattice on a substrate, recognised by their places.

Those of thin crystals are as far apart as orders of a crystal, with fringes of the whole stack between them.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.result import FringePeriod

#: Least and largest distance of satellites in Å⁻¹.
NEAREST, FARTHEST = 0.15, 1.3
#: Least number of satellites; the least order of the strongest, below which they are those of a crystal.
FEWEST, LEAST_ORDER = 3, 3
#: Two are enough if so near to their orders, of widths and heights that differ by less than these factors.
PAIR_OFF_ORDER, PAIR_WIDTH, PAIR_HEIGHT = 0.02, 1.25, 5.0
#: Largest distance of a satellite from its order, relative to that of two orders.
OFF_ORDER = 0.04
#: Least height of a satellite, relative to the strongest, and number of maxima among which they are sought.
FAINTEST, MOST = 0.01, 40
#: Largest width of a satellite relative to the distance of two, and largest ratio of two widths. Fringes of a
#: film are half as wide as their distance.
NARROW, SAME_WIDTH = 0.15, 2.0
#: Maxima between two satellites that are others: least height relative to the strongest, and least width
#: relative to that of satellites, which is larger than those of the fringes beside them.
BETWEEN, SIDE_LOBE = 0.001, 0.7
#: Least width, relative to that of the substrate's peak.
WIDER = 2.0


def satellites_at_orders(maxima: list[Maximum], substrate: Maximum) -> FringePeriod | None:
    """Recognise satellites by their places, which are multiples of 2π/Λ.

    Three in a row are enough, or two that are alike. Their width shows the number of repetitions, and that
    they are no fringes of one film.

    Parameters
    ----------
    maxima : list of Maximum
        Without that of the substrate.
    substrate : Maximum
        The substrate's.

    Returns
    -------
    FringePeriod or None
        None if there are no such satellites.
    """
    main = max(maxima, key=lambda peak: peak.height)
    wide = [peak for peak in maxima if peak.width > WIDER * substrate.width]
    strong = [peak for peak in wide if peak.height > FAINTEST * main.height]
    strong = sorted(sorted(strong, key=lambda peak: -peak.height)[:MOST], key=lambda peak: peak.q)
    best: dict[int, Maximum] = {}
    for low, high in itertools.combinations(strong, 2):
        if not NEAREST < high.q - low.q < FARTHEST:
            continue
        order = round(main.q / (high.q - low.q))
        if order < LEAST_ORDER:
            continue
        members = _members(strong, main.q / order, order)
        if len(members) > len(best):
            best = members
    if len(best) < FEWEST and not _is_pair(best):
        return None
    width = float(np.median([peak.width for peak in best.values()]))
    orders, q = np.array(list(best)), np.array([peak.q for peak in best.values()])
    between = [peak for peak in maxima if q[0] < peak.q < q[-1] and peak not in best.values()]
    alike = [peak for peak in between if SIDE_LOBE * width < peak.width < SAME_WIDTH * width]
    if any(peak.height > BETWEEN * main.height for peak in alike):
        return None  # satellites too: the period is longer
    first = float(orders @ q) / float(orders @ orders)
    scatter = math.sqrt(float(np.sum((q - first * orders) ** 2)) / (len(best) - 1))
    period = 2.0 * math.pi / first
    return FringePeriod(
        "superlattice",
        period,
        period * max(scatter, 0.02 * first) / first / math.sqrt(float(orders @ orders)),
        float(q[0]) - 0.5 * first,
        float(q[-1]) + 0.5 * first,
        len(best),
        min(peak.significance for peak in best.values()),
        max(round(0.886 * first / width), 2),
    )


def _is_pair(members: dict[int, Maximum]) -> bool:
    """Whether two satellites are so much alike that they are of one stack."""
    if len(members) != 2:
        return False
    (m, one), (n, other) = members.items()
    off = abs(other.q * m / n - one.q) / (other.q / n)
    widths, heights = sorted((one.width, other.width)), sorted((one.height, other.height))
    return (
        off < PAIR_OFF_ORDER and widths[1] < PAIR_WIDTH * widths[0] and heights[1] < PAIR_HEIGHT * heights[0]
    )


def _members(strong: list[Maximum], first: float, order: int) -> dict[int, Maximum]:
    """Return the satellites of consecutive orders about the strongest one; empty if too different."""
    members: dict[int, Maximum] = {}
    for steps in (range(order, 0, -1), range(order + 1, order + 12)):
        for n in steps:
            near = [peak for peak in strong if abs(peak.q - n * first) < OFF_ORDER * first]
            if not near:
                break
            members[n] = max(near, key=lambda peak: peak.height)
    widths = [peak.width for peak in members.values()]
    if not widths or max(widths) > min(NARROW * first, SAME_WIDTH * min(widths)):
        return {}
    return dict(sorted(members.items()))
