"""Fringes: equidistant maxima, and whether they are those of a film or of a superlattice."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.result import FringePeriod
from slxrd.units import FloatArray

#: Largest deviation of a distance of neighbouring fringes from the period, relative to it.
TOLERANCE = 0.17
#: Largest scatter of the fringes around equidistant positions, relative to the period.
SCATTER = 0.09
#: Largest distance of satellites in Å⁻¹; the orders of a crystal are further apart.
WIDEST = 0.42
#: Smallest width of the Bragg peak of a film, relative to the distance of its fringes (0.886 in theory).
LAUE_WIDTH = 0.7
#: Largest height of a fringe between satellites, relative to these.
BETWEEN = 0.5


@dataclass(frozen=True)
class Comb:
    """Equidistant maxima.

    Parameters
    ----------
    spacing, error : float
        Å⁻¹.
    groups : tuple of tuple of int
        Numbers of the maxima; the distance of two groups is not a multiple of the spacing.
    """

    spacing: float
    error: float
    groups: tuple[tuple[int, ...], ...]

    @property
    def members(self) -> tuple[int, ...]:
        """Numbers of all maxima that belong to it."""
        return tuple(i for group in self.groups for i in group)

    @property
    def pairs(self) -> int:
        """Number of distances from which the spacing comes."""
        return sum(len(group) - 1 for group in self.groups)


def find_comb(places: FloatArray, least_pairs: int = 2) -> Comb | None:
    """Find the spacing of equidistant maxima.

    The spacing is that of most neighbours; some may be missing, and groups (the two sides of a Bragg peak)
    may be shifted relative to each other.

    Parameters
    ----------
    places : ndarray, shape (n,)
        Positions in Å⁻¹, increasing.
    least_pairs : int
        Smallest number of pairs of neighbours.
    """
    gaps = np.diff(places)
    if gaps.size < least_pairs or gaps.min() <= 0.0:
        return None
    best, most = 0.0, -math.inf
    for candidate in gaps:
        spacing = float(candidate)
        for _ in range(3):
            near = np.abs(gaps - spacing) < TOLERANCE * spacing
            if near.any():
                spacing = float(np.mean(gaps[near]))
        orders = np.round(gaps / spacing)
        fits = np.abs(gaps - orders * spacing) < TOLERANCE * spacing
        score = float(np.sum(fits & (orders == 1.0)) + 0.3 * np.sum(fits & (orders == 2.0)))
        if score > most + 1e-9 or (score > most - 1e-9 and spacing > best):
            best, most = spacing, score
    return _regressed(places, best, least_pairs)


def _regressed(places: FloatArray, spacing: float, least_pairs: int) -> Comb | None:
    gaps = np.diff(places)
    for _ in range(4):
        orders = np.round(gaps / spacing)
        fits = (np.abs(gaps - orders * spacing) < TOLERANCE * spacing) & (orders >= 1) & (orders <= 2)
        groups: list[list[int]] = [[0]]
        numbers = [0.0]
        for k, good in enumerate(fits):
            if good:
                groups[-1].append(k + 1)
                numbers.append(numbers[-1] + orders[k])
            else:
                groups.append([k + 1])
                numbers.append(0.0)
        groups = [group for group in groups if len(group) > 1]
        pairs = sum(len(group) - 1 for group in groups)
        if pairs < least_pairs:
            return None
        n = np.array(numbers)
        centred = [(n[group] - n[group].mean(), places[group] - places[group].mean()) for group in groups]
        square = sum(float(a @ a) for a, _ in centred)
        spacing = sum(float(a @ b) for a, b in centred) / square
    rest = sum(float(np.sum((b - spacing * a) ** 2)) for a, b in centred)
    scatter = math.sqrt(rest / max(pairs - 1, 1))
    if scatter > SCATTER * spacing:
        return None
    least = 0.02 * spacing  # a maximum is not exactly at the place of its fringe
    return Comb(spacing, max(scatter, least) / math.sqrt(square), tuple(tuple(group) for group in groups))


@dataclass(frozen=True)
class Surroundings:
    """Maxima around one Bragg peak.

    Parameters
    ----------
    maxima : list of Maximum
        Without that of a substrate.
    substrate : Maximum, optional
        The substrate's.
    """

    maxima: list[Maximum]
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
    satellites = _satellites_with_fringes_between(maxima)
    if satellites is not None:
        return [satellites]
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


def _satellites_with_fringes_between(maxima: list[Maximum]) -> FringePeriod | None:
    """Recognise a superlattice of few repetitions: equidistant satellites with weak fringes between them.

    n repetitions show n − 2 fringes between two satellites (Laue).
    """
    heights = [peak.height for peak in maxima]
    strong = [
        i
        for i in range(len(maxima))
        if all(heights[i] > heights[k] / BETWEEN for k in (i - 1, i + 1) if 0 <= k < len(maxima))
    ]
    inner = [(a, b) for a, b in itertools.pairwise(strong)]
    if len(strong) < 3:
        return None
    places = np.array([maxima[i].q for i in strong])
    comb = find_comb(places)
    if comb is None or comb.spacing > WIDEST or comb.pairs < 2:
        return None
    members = [maxima[strong[i]] for i in comb.members]
    counts = [
        b - a - 1 for (a, b), gap in zip(inner, np.diff(places), strict=True) if gap < 1.3 * comb.spacing
    ]
    between = max(counts, default=0)
    if between < 1:
        return None
    gaps = [
        [(maxima[k].q - maxima[a].q) / (maxima[b].q - maxima[a].q) for k in range(a + 1, b)]
        for a, b in inner
        if maxima[b].q - maxima[a].q < 1.3 * comb.spacing and b - a > 1
    ]
    width = float(np.median([peak.width for peak in members]))
    repeats = _repetitions(gaps, 0.886 * comb.spacing / width)
    if repeats is None:
        return None
    period = 2.0 * math.pi / comb.spacing
    return FringePeriod(
        "superlattice",
        period,
        period * comb.error / comb.spacing,
        members[0].q - comb.spacing,
        members[-1].q + comb.spacing,
        len(members),
        min(peak.significance for peak in members),
        repeats,
    )


def _repetitions(gaps: list[list[float]], from_width: float) -> int | None:
    """Number of repetitions whose fringes lie where those between satellites were found.

    Parameters
    ----------
    gaps : list of list of float
        For every two neighbouring satellites the places of the fringes between them, from 0 to 1. Weak ones
        may be missing: they are lost in the noise, or beside a substrate.
    from_width : float
        The number that the width of the satellites corresponds to.
    """
    most = max(len(places) for places in gaps)
    for repeats in sorted((most + 2, round(from_width)), reverse=True):
        if repeats < most + 2 or abs(repeats - from_width) > max(0.3 * from_width, 0.8):
            continue
        expected = (np.arange(repeats - 2) + 1.5) / repeats
        away = [max(float(np.abs(expected - place).min()) for place in places) for places in gaps]
        if 2 * sum(each < 0.3 / repeats for each in away) >= len(away):
            return repeats
    return None
