"""The probability of a period, added up over k_z in the film, and of several periods beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slxrd.studies.images.spots.combs import Comb, CombFit
from slxrd.studies.images.spots.teeth import GROWTH, INCIDENCE, INSIDE, PERIOD, WIDTH, Knowledge
from slxrd.units import FloatArray

#: Depth in which periods are kept, in the logarithm of the probability.
DEPTH = 12.0
#: Farthest values of k_z in the film from the best one, and largest step between them, in widths; first step
#: in standard deviations of the best one; factor by which steps grow; width of a range of improbable values,
#: in widths, beyond which no others are looked for.
REACH, COARSE, FINE, GROWING, BARRIER = 4.0, 0.25, 0.5, 1.25, 0.75
#: Distance in standard deviations below which two fits at one k_z are the same.
ONE = 0.5
#: Positions with their refined period.
Fitted = tuple[Comb, CombFit]
#: Fits over k_z in the film, and the steps between them.
Track = Sequence[tuple[CombFit, float]]


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
    track : sequence of (CombFit, float)
        Fits over k_z in the film, and the steps between them.
    """

    comb: Comb
    fit: CombFit
    periods: FloatArray
    density: FloatArray
    log_weight: float
    noise: float = 1.0
    track: Track = ()

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


def along(comb: Comb, best: CombFit, depth: float = 7.0) -> Track:
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


def _is_on(track: Track, fit: CombFit, known: Knowledge) -> bool:
    """Whether a track has the same period and incidence at the k_z of a fit."""
    fits = sorted((each for each, _ in track), key=lambda each: float(each.p[INSIDE]))
    if not known.incident:
        return any(abs(fit.period - each.period) <= max(fit.error, each.error) for each in fits)
    at = np.array([each.p[INSIDE] for each in fits])
    if not at[0] <= fit.p[INSIDE] <= at[-1]:
        return False
    errors = np.sqrt(np.maximum(np.diag(fit.covariance), 1e-18))
    return all(
        abs(fit.p[k] - np.interp(fit.p[INSIDE], at, [each.p[k] for each in fits])) < ONE * errors[k]
        for k in (PERIOD, INCIDENCE)
    )


def mode_of(comb: Comb, fit: CombFit, track: Track, noise: float = 1.0) -> Mode:
    """Return the probability of the period, added up over k_z in the film."""
    fits, weights = zip(*track, strict=True)
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
    weight = float(logs.max() + np.log(shares.sum()))
    return Mode(comb, fit, periods, density / density.sum(), weight, noise, track)


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
    return [
        modes_of([each for each in group if each[1].log_evidence > highest - DEPTH], factor)
        for group in again
    ]


def modes_of(group: Sequence[Fitted], noise: float = 1.0) -> list[Mode]:
    """Return the periods of the fits of one lattice.

    Different incidences and k_z may have nearly the same period. All of them are part of its probability, and
    each is counted once.
    """
    found: list[Mode] = []
    for comb, fit in sorted(group, key=lambda each: -each[1].log_evidence):
        if any(_is_on(mode.track, fit, comb.known) for mode in found):
            continue
        points = along(comb, fit) if comb.known.incident else []
        track = [
            point for point in points if not any(_is_on(mode.track, point[0], comb.known) for mode in found)
        ]
        if points and not track:
            continue
        mode = mode_of(comb, fit, track or [(fit, 1.0)], noise)
        near = [
            k for k, each in enumerate(found) if abs(mode.mean - each.mean) <= max(mode.error, each.error)
        ]
        if near:
            first = found[near[0]]
            found[near[0]] = mode_of(first.comb, first.fit, [*first.track, *mode.track], noise)
        else:
            found.append(mode)
    return found
