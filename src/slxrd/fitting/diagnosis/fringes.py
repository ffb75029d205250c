"""Fringes: equidistant maxima, and whether they are those of a film or of a superlattice."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.diagnosis.comb import Comb, find_comb
from slxrd.fitting.diagnosis.fringes_between import (
    WIDEST,
    satellites_with_fringes_between,
    without_fringes_between,
)
from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.result import FringePeriod
from slxrd.fitting.diagnosis.satellite_orders import satellites_at_orders

#: Smallest width of the Bragg peak of a film, relative to the distance of its fringes (0.886 in theory).
LAUE_WIDTH = 0.7


@dataclass(frozen=True)
class Surroundings:
    """Maxima around one Bragg peak.

    Parameters
    ----------
    maxima, beyond : list of Maximum
        Those near it and those farther away too, without that of a substrate.
    substrate : Maximum, optional
        The substrate's.
    """

    maxima: list[Maximum]
    beyond: list[Maximum]
    substrate: Maximum | None = None


def find_fringes(around: Surroundings) -> list[FringePeriod]:
    """Find the periods of fringes among the maxima around a Bragg peak.

    Laue fringes of a film of N planes lie at 1.43, 2.46, 3.47, … spacings from its Bragg peak, which is as
    wide as two of them. Satellites of a superlattice lie at whole numbers of spacings from the strongest,
    all of one width; a few repetitions show weak fringes between them.

    Parameters
    ----------
    around : Surroundings
    """
    maxima = around.maxima
    if len(maxima) < 3:
        return []
    orders = None
    if around.substrate is not None:
        orders = satellites_at_orders(around.beyond, around.substrate)
        if orders is not None and 2.0 * math.pi / orders.period > WIDEST:
            return [orders]
    satellites = satellites_with_fringes_between(maxima)
    if satellites is not None:
        return [satellites]
    satellites_alone = without_fringes_between(around.beyond)
    if len(satellites_alone) < len(around.beyond):
        maxima = satellites_alone
    places = np.array([peak.q for peak in maxima])
    comb = find_comb(places)
    if comb is None or comb.spacing > WIDEST:
        return _first_lobes(maxima)
    main = max(range(len(maxima)), key=lambda i: maxima[i].height)
    if main in comb.members and around.substrate is None:
        # One spacing and 1.43 spacings are alike where there are few fringes.
        lobes = _first_lobes(maxima)
        if lobes and abs(comb.spacing - 1.43 * 2.0 * math.pi / lobes[0].period) < 0.1 * comb.spacing:
            return lobes
    members = [maxima[i] for i in comb.members]
    weakest = min(peak.significance for peak in members)
    period = 2.0 * math.pi / comb.spacing
    error = period * comb.error / comb.spacing
    low, high = members[0].q - comb.spacing, members[-1].q + comb.spacing
    is_laue = _is_laue(maxima, main, comb, around.substrate)
    if is_laue and orders is not None:
        return [orders]
    if is_laue:
        if around.substrate is None and not _beside(maxima, main, comb.spacing):
            return []
        return [FringePeriod("Laue", period, error, low, high, len(members), weakest)]
    if comb.pairs < (3 if around.substrate is None or main not in comb.members else 2):
        return []
    width = float(np.median([peak.width for peak in members]))
    repeats = max(round(0.886 * comb.spacing / width), 2) if width < 0.6 * comb.spacing else 2
    return [FringePeriod("superlattice", period, error, low, high, len(members), weakest, repeats)]


def _is_laue(maxima: list[Maximum], main: int, comb: Comb, substrate: Maximum | None) -> bool:
    """Whether fringes are those of a film: the Bragg peak is as wide as the distance of two."""
    widths = np.array([maxima[i].width for i in comb.members if i != main]) / comb.spacing
    if main not in comb.members:
        return maxima[main].width > LAUE_WIDTH * comb.spacing or substrate is not None
    if maxima[main].width > LAUE_WIDTH * comb.spacing:
        return True
    if substrate is None:
        return False
    # The film's Bragg peak may be hidden under the substrate's; its fringes are half as wide as their
    # spacing, and those of a film become lower and lower away from it.
    falling = _falls_on_both_sides([maxima[i].height for i in range(len(maxima))], main)
    return bool(np.median(widths) > 0.4 and falling)


def _falls_on_both_sides(heights: list[float], main: int) -> bool:
    """Whether heights decrease away from the highest, but for a few."""
    left, right = heights[: main + 1][::-1], heights[main:]
    steps = [b < 1.15 * a for side in (left, right) for a, b in itertools.pairwise(side)]
    return sum(steps) >= 0.8 * len(steps)


def _beside(maxima: list[Maximum], main: int, spacing: float) -> bool:
    """Whether a fringe lies where the first fringes of a film do, on either side of the Bragg peak."""
    return any(
        0 <= i < len(maxima) and 1.2 < abs(maxima[i].q - maxima[main].q) / spacing < 1.75
        for i in (main - 1, main + 1)
    )


def _first_lobes(maxima: list[Maximum]) -> list[FringePeriod]:
    """Recognise a film by few Laue fringes on both sides of its Bragg peak.

    Fringe k is at (k + ½ − 1/(π²(k + ½))) spacings, where tan x = x for the derivative of sin x/x.
    """
    main = max(range(len(maxima)), key=lambda i: maxima[i].height)
    if not 0 < main < len(maxima) - 1:
        return []
    left, peak, right = maxima[main - 1 : main + 2]
    spacing = (right.q - left.q) / 2.0 / _fringe_place(1)
    even = abs((right.q - peak.q) - (peak.q - left.q)) < 0.3 * spacing
    wide = 0.75 < peak.width / spacing < 1.1
    if not (even and wide and max(left.height, right.height) < 0.12 * peak.height):
        return []
    places, q, used = [], [], []
    for side in (maxima[:main][::-1], maxima[main + 1 :]):
        ceiling = peak.height
        for other in side:
            order = round(abs(other.q - peak.q) / spacing - 0.45)
            away = abs(abs(other.q - peak.q) / spacing - _fringe_place(max(order, 1)))
            if order < 1 or away > 0.25 or other.height > 1.5 * ceiling:
                break
            ceiling = other.height
            places.append(math.copysign(_fringe_place(order), other.q - peak.q))
            q.append(other.q)
            used.append(other)
    used.sort(key=lambda other: other.q)
    u, x = np.array(places), np.array(q)
    u, x = u - u.mean(), x - x.mean()
    spacing = float(u @ x) / float(u @ u)
    rest = x - spacing * u
    scatter = math.sqrt(float(rest @ rest) / max(u.size - 2, 1))
    error = max(scatter, 0.03 * spacing) / math.sqrt(float(u @ u))
    period = 2.0 * math.pi / spacing
    return [
        FringePeriod(
            "Laue", period, period * error / spacing, used[0].q - spacing, used[-1].q + spacing, len(used),
            min(other.significance for other in used),
        )
    ]  # fmt: skip


def _fringe_place(order: int) -> float:
    """Distance of a Laue fringe from the Bragg peak in spacings of the minima."""
    return order + 0.5 - 1.0 / (math.pi**2 * (order + 0.5))
