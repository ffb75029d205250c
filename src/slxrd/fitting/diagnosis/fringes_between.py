"""Weak fringes between the satellites of a superlattice: those of the whole stack."""

from __future__ import annotations

import itertools
import math

import numpy as np

from slxrd.fitting.diagnosis.comb import find_comb
from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.result import FringePeriod

#: Largest distance of satellites in Å⁻¹; the orders of a crystal are further apart.
WIDEST = 0.42
#: Largest height of a fringe between satellites, relative to these.
BETWEEN = 0.5
#: Number of the highest maxima among which two neighbouring satellites are expected.
MANY = 12
#: Least number of satellites among which those of the whole stack are not counted, the largest deviation of
#: a distance of two from the period, and the least share of the maxima that are no satellites.
FEWEST, EVEN, SHARE = 5, 0.07, 0.2


def without_fringes_between(maxima: list[Maximum]) -> list[Maximum]:
    """Leave out weak maxima between the satellites of a superlattice.

    Satellites are the highest maxima within half their distance. A stack of many crystals has its own fringes
    beside the strong satellites only, where they would be taken for the period.

    Parameters
    ----------
    maxima : list of Maximum

    Returns
    -------
    list of Maximum
        All of them, if no five are equidistant and higher than all others around.
    """
    q = np.array([peak.q for peak in maxima])
    height = np.array([peak.height for peak in maxima])
    best: list[Maximum] = []
    highest_few = q[np.argsort(-height)[:MANY]]
    for distance in np.unique(np.abs(highest_few[:, None] - highest_few))[1:]:
        near = np.abs(q[:, None] - q) < 0.5 * distance
        highest = np.flatnonzero(np.where(near, height, 0.0).max(axis=1) == height)
        gaps = np.diff(q[highest])
        if highest.size < FEWEST or np.any(np.abs(gaps / np.median(gaps) - 1.0) > EVEN):
            continue
        if len(best) < highest.size <= (1.0 - SHARE) * q.size:
            best = [maxima[i] for i in highest]
    return best or maxima


def satellites_with_fringes_between(maxima: list[Maximum]) -> FringePeriod | None:
    """Recognise a superlattice of few repetitions: equidistant satellites with weak fringes between them.

    n repetitions show n − 2 fringes between two satellites (Laue).

    Parameters
    ----------
    maxima : list of Maximum
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
