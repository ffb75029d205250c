"""Equidistant maxima."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.units import FloatArray

#: Largest deviation of a distance of neighbouring fringes from the period, relative to it.
TOLERANCE = 0.17
#: Largest scatter of the fringes around equidistant positions, relative to the period.
SCATTER = 0.09


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
