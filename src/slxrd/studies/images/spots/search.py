"""Search of a period in profiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from slxrd.studies.images.spots.combs import Comb, CombFit
from slxrd.studies.images.spots.modes import Fitted
from slxrd.studies.images.spots.profiles import Profile
from slxrd.studies.images.spots.starts import starts
from slxrd.studies.images.spots.teeth import (
    INCIDENCE,
    INSIDE,
    PERIOD,
    Knowledge,
    Teeth,
    centres,
)
from slxrd.units import FloatArray

#: Least distance of neighbouring positions in their widths.
SEPARATE = 2.0
#: Step of the search in widths at the end of the profile.
STEP = 0.6
#: Maxima that are refined: the highest of all, and of each doubling of the period.
REFINED, OF_DOUBLING = 6, 2
#: Most heights of spots over their noise in the search; beyond it, a step would matter more than a lattice.
CLEAR = 12.0
#: Ratios to the best period at which others are tried in any case.
RATIOS = (1.0 / 3.0, 0.5, 2.0 / 3.0, 1.5, 2.0, 3.0)
#: How much less probable starts may be, and how many of each minimum are refined to the end.
WORSE, TRIED = 60.0, 2
#: Distance beyond the ends of a profile to which positions are taken, in widths.
BEYOND = 1.5
#: Relative difference of periods that are one, and difference of starts in widths.
SAME, ALIKE = 2e-3, 0.2
#: Makes the positions for a period.
Ruler = Callable[[float], list[Teeth]]


def _within(teeth: list[Teeth], comb: Comb, p: FloatArray) -> list[Teeth]:
    """The positions that are in the range of their profiles."""
    found = []
    for profile, each in zip(comb.profiles, teeth, strict=True):
        at = centres(profile, each, comb.known, p, comb.end)
        margin = BEYOND * comb.known.width
        kept = (at > profile.at[0] - margin) & (at < profile.at[-1] + margin)
        found.append(Teeth(each.factor[kept], each.beam[kept], each.row[kept]))
    return found


def find_modes(
    profiles: Sequence[Profile],
    ruler: Ruler,
    known: Knowledge,
    low: float,
    high: float,
    search: tuple[Sequence[Profile], Ruler] | None = None,
) -> list[Fitted]:
    """Maxima of the probability of a period, refined; they may be searched in other profiles."""
    sought, coarse = search or (profiles, ruler)
    end = max(float(each.at[-1]) for each in profiles)
    high = min(high, 2.0 * math.pi / (SEPARATE * known.width))
    if not low < high:
        return []
    count = math.ceil(math.log(high / low) * end / (STEP * known.width))
    periods = np.geomspace(low, high, count + 2)
    strongest = max(each.height / float(np.median(each.sigma)) for each in sought)
    dimmed = [each.noisier(max(strongest / CLEAR, 1.0)) for each in sought]

    def starts_at(period: float) -> list[tuple[float, Comb, FloatArray]]:
        """Scores, positions and parameters for what of the geometry explains most spots."""
        found = []
        for p in starts(dimmed, coarse(period), known, period):
            comb, adapted = _comb(dimmed, coarse, known, p)
            found.append((comb.score(adapted), comb, adapted))
        return found

    scores = np.array([max(score for score, _, _ in starts_at(period)) for period in periods.tolist()])

    def near(period: float) -> list[CombFit]:
        """Fits from each start: refinement does not pass from one to another."""
        tried = starts_at(period)
        highest = max(score for score, _, _ in tried)
        fits = [comb.refine(p) for score, comb, p in tried if score > highest - WORSE]
        return sorted((fit for fit in fits if fit is not None), key=lambda fit: -fit.log_evidence)[:TRIED]

    fits = [fit for period in highest(periods, scores) for fit in near(period)]
    if not fits:
        return []
    middle = max(fits, key=lambda fit: fit.log_evidence).period
    for period in (ratio * middle for ratio in RATIOS):
        fits += near(period) if low < period < high else []
    found = (refined(profiles, ruler, known, p) for p in _different(fits, known))
    return distinct([fit for fit in found if fit is not None])


def highest(periods: FloatArray, scores: FloatArray) -> list[float]:
    """Periods of the maxima to refine.

    Between two steps of the search, a multiple of the period loses less than the period itself, as it has
    more positions. The highest maxima may therefore all be multiples.
    """
    padded = np.concatenate([[-np.inf], scores, [-np.inf]])
    found = np.flatnonzero((scores >= padded[:-2]) & (scores > padded[2:]))
    found = found[np.argsort(-scores[found])]
    doublings = np.floor(np.log2(periods[found] / periods[0]))
    rank = np.array([np.count_nonzero(doublings[:k] == doublings[k]) for k in range(found.size)])
    kept = found[(np.arange(found.size) < REFINED) | (rank < OF_DOUBLING)]
    return [float(period) for period in periods[kept]]


def _different(fits: list[CombFit], known: Knowledge) -> list[FloatArray]:
    """Return the parameters of fits without those that are nearly the same, or much less probable."""
    highest = max(fit.log_evidence for fit in fits)
    kept: list[FloatArray] = []
    for fit in sorted(fits, key=lambda each: -each.log_evidence):
        moved = [
            max(
                abs(fit.period / p[PERIOD] - 1.0) / SAME,
                abs(fit.p[INSIDE] - p[INSIDE]) / (ALIKE * known.width),
                abs(fit.p[INCIDENCE] - p[INCIDENCE]) * known.incident_slope / (ALIKE * known.width),
            )
            for p in kept
        ]
        if fit.log_evidence > highest - WORSE and min(moved, default=2.0) > 1.0:
            kept.append(fit.p)
    return kept


def refined(profiles: Sequence[Profile], ruler: Ruler, known: Knowledge, p: FloatArray) -> Fitted | None:
    """Refine a period; spots that were far from the lattice may be near it after a refinement."""
    best = None
    for _ in range(2):
        comb, p = _comb(profiles, ruler, known, p)
        fit = comb.refine(p)
        if fit is None:
            break
        p = fit.p
        if best is None or fit.log_evidence > best[1].log_evidence:
            best = comb, fit
    return best


def distinct(fits: list[Fitted]) -> list[Fitted]:
    """Return the best fit of each period."""
    fits = sorted(fits, key=lambda each: -each[1].log_evidence)
    kept: list[Fitted] = []
    for each in fits:
        if all(abs(each[1].period / other.period - 1.0) > SAME for _, other in kept):
            kept.append(each)
    return kept


def _comb(
    profiles: Sequence[Profile], ruler: Ruler, known: Knowledge, p: FloatArray
) -> tuple[Comb, FloatArray]:
    """Positions and spots far from them at some parameters, and the parameters for these positions."""
    teeth = ruler(float(p[PERIOD]))
    comb = Comb(profiles, teeth, known)
    comb = Comb(profiles, _within(teeth, comb, comb.adapted(p)), known)
    p = comb.adapted(p)
    comb.find_strays(p)
    return comb, p
