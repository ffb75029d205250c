"""The probability of a period, added up over k_z in the film, and of several periods beside each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.studies.images.spots.combs import Comb, CombFit
from slxrd.studies.images.spots.teeth import GROWTH, INSIDE, WIDTH
from slxrd.units import FloatArray

#: Depth in which periods are kept, in the logarithm of the probability.
DEPTH = 12.0
#: Farthest values of k_z in the film from the best one, and largest step between them, in widths; first step
#: in standard deviations of the best one; factor by which steps grow; width of a range of improbable values,
#: in widths, beyond which no others are looked for.
REACH, COARSE, FINE, GROWING, BARRIER = 4.0, 0.25, 0.5, 1.25, 0.75
#: Positions with their refined period.
Fitted = tuple[Comb, CombFit]


@dataclass(frozen=True, eq=False)
class Mode:
    """A period that is a maximum of the probability.

    Parameters
    ----------
    comb : Comb
        The fitted positions.
    fit : CombFit
        The refined period.
    periods, density : ndarray
        Periods around it, and their probability density, with a sum of one.
    log_weight : float
        Logarithm of the integral of the probability.
    noise : float
        Noise of the profiles in units of that of counting.
    """

    comb: Comb
    fit: CombFit
    periods: FloatArray
    density: FloatArray
    log_weight: float
    noise: float = 1.0

    @property
    def mean(self) -> float:
        """Mean of the period."""
        return float(self.density @ self.periods)

    @property
    def error(self) -> float:
        """Standard deviation of the period."""
        return math.sqrt(float(self.density @ (self.periods - self.mean) ** 2))

    def quantile(self, probability: float) -> float:
        """Return the period below which there is some probability."""
        return float(np.interp(probability, np.cumsum(self.density) - 0.5 * self.density, self.periods))

    @property
    def orders(self) -> int:
        """Number of different orders at which spots are seen."""
        pairs = zip(self.comb.teeth, self.fit.heights, strict=True)
        seen = [teeth.factor[heights[: teeth.factor.size] > 0.0] for teeth, heights in pairs]
        return len({round(float(each), 6) for each in np.concatenate(seen) if each > 0.0})

    @property
    def overlap(self) -> float:
        """Distance of the spots of the two beams, in widths, at the order where it is largest."""
        p = self.fit.p
        widths = []
        for teeth, at in zip(self.comb.teeth, self.fit.centres, strict=True):
            places = at[: teeth.factor.size]
            for factor in np.unique(teeth.factor):
                pair = places[teeth.factor == factor]
                grown = p[GROWTH] * (pair.max() / self.comb.end) ** 2
                widths.append(float(np.ptp(pair)) / math.exp(p[WIDTH] + grown))
        return max(widths, default=0.0)


def along(comb: Comb, best: CombFit, depth: float = 7.0) -> list[tuple[CombFit, float]]:
    """Return fits at fixed values of k_z in the film over the range that is probable, and their steps.

    Where the two beams overlap, the probability has several maxima over it, with different periods, so that
    one fit with its covariance would be too certain. The period and everything else are refined at each.
    Where they are apart, the range is narrow: steps are a part of its width at the best fit, and grow.
    """
    known, found = comb.known, []
    widest = COARSE * known.width
    finest = min(FINE * math.sqrt(max(float(best.covariance[INSIDE, INSIDE]), 1e-18)), widest)
    for direction in (-1.0, 1.0):
        p, value, before, step = best.p, float(best.p[INSIDE]), finest, finest
        if direction > 0.0:
            value, step = value + finest, min(finest * GROWING, widest)
        probable = value
        while (
            abs(value - probable) <= BARRIER * known.width
            and abs(value - best.p[INSIDE]) < REACH * known.width
            and value <= known.incident_at(p)[0]
        ):
            p = p.copy()
            p[INSIDE] = value
            fit = comb.refine(p, fixed=INSIDE)
            if fit is None:
                break
            found.append((fit, 0.5 * (before + step)))
            if fit.log_evidence > max(each.log_evidence for each, _ in found) - depth:
                probable = value
            p, value = fit.p, value + direction * step
            before, step = step, min(step * GROWING, widest)
    return found


def mode_of(comb: Comb, fit: CombFit, noise: float = 1.0) -> Mode:
    """The probability of the period, added up over k_z in the film."""
    weighted = along(comb, fit) if comb.known.incident else []
    fits, weights = zip(*(weighted or [(fit, 1.0)]), strict=True)
    logs = np.array([each.log_evidence + math.log(max(each.error, 1e-9) / each.period) for each in fits])
    logs += np.log(weights)
    shares = np.exp(logs - logs.max())
    widest = max(each.error for each in fits)
    low = min(each.period for each in fits) - 5.0 * widest
    high = max(each.period for each in fits) + 5.0 * widest
    periods = np.linspace(low, high, 801)
    density = np.zeros(periods.size)
    for each, share in zip(fits, shares, strict=True):
        density += share * np.exp(-0.5 * ((periods - each.period) / each.error) ** 2) / each.error
    return Mode(comb, fit, periods, density / density.sum(), float(logs.max() + np.log(shares.sum())), noise)


def weighed(groups: list[list[Fitted]], larger: float) -> list[list[Mode]]:
    """Fit again with a noise at which the best of all has χ² of its number of points; keep the probable.

    The errors of the geometry are multiplied by ``larger``.
    """
    fits = [fit for group in groups for _, fit in group]
    if not fits:
        return [[] for _ in groups]
    top = max(fits, key=lambda fit: fit.log_evidence)
    factor = math.sqrt(max(top.chi2 / max(top.points, 1.0), 1.0))
    again: list[list[Fitted]] = []
    for group in groups:
        again.append([])
        for comb, first in group:
            # The noise is larger, so that differences are smaller by its square.
            if (first.log_evidence - top.log_evidence) / factor**2 > -4.0 * DEPTH:
                other = comb.with_errors(factor, larger)
                fit = other.refine(first.p)
                if fit is not None:
                    again[-1].append((other, fit))
    highest = max((fit.log_evidence for group in again for _, fit in group), default=0.0)
    modes: list[list[Mode]] = []
    for group in again:
        modes.append([])
        for comb, fit in sorted(group, key=lambda each: -each[1].log_evidence):
            if fit.log_evidence > highest - DEPTH:
                mode = mode_of(comb, fit, factor)
                # Another way to the same period is not counted again.
                if all(abs(mode.mean - each.mean) > max(mode.error, each.error) for each in modes[-1]):
                    modes[-1].append(mode)
    return modes
