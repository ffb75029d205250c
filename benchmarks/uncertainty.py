"""Time of the search for all solutions, the bootstrap and the posterior."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import algorithm2021
import numpy as np
from fits import BOUNDS, REGIONS, SPACING, START, TRUE, simulated
from report import best_of, goal, heading, line, seconds

import slxrd
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.minima import search
from slxrd.fitting.uncertainty.bootstrap import bootstrap
from slxrd.fitting.uncertainty.posterior.importance import importance_samples
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters

REPLICATES = 1000


def uncertainty(rounds: int, replicates: int = REPLICATES) -> None:
    """Measure search, bootstrap and posterior on the two-region pattern of :mod:`fits`.

    Times of fewer than 1000 replicates are multiplied up, with the start of the processes.
    """
    data = simulated(0)
    heading(f"Uncertainty: {sum(region.q.size for region in data)} points in two regions, six parameters")
    objective = Objective(Model(), data)
    start = Parameters().start(**START).bound(**BOUNDS).release("q_zero")
    blind = Parameters().release("q_zero")
    single, searched = best_of(rounds, lambda: minimise(objective, start), lambda: search(objective, blind))
    line("a single fit from a good start", seconds(single))
    line("the search for all solutions, without a start", seconds(searched))
    goal("the search, in times a single fit", searched / single, f"{searched / single:.0f}", at_most=60)
    fit = slxrd.fit(_pattern(), regions=REGIONS)
    (sampled,) = best_of(rounds, lambda: importance_samples(fit.objective, fit.minima))
    line("the posterior over all solutions, 3000 samples or more", seconds(sampled))
    _bootstrap(fit, rounds, data, replicates)


def _bootstrap(fit: slxrd.Fit, rounds: int, data: tuple, replicates: int) -> None:
    cores = os.cpu_count() or 1
    alone = replace(fit, minima=fit.minima[:1])
    pattern = [algorithm2021.Region(region.q, region.intensity) for region in data]
    one, theirs = best_of(
        rounds,
        lambda: bootstrap(alone, replicates, workers=1),
        lambda: algorithm2021.fit(pattern, START, BOUNDS, free_scale=False),
    )
    quick, several, spread = best_of(
        rounds,
        lambda: bootstrap(alone, replicates, workers=cores),
        lambda: bootstrap(fit, replicates, workers=1),
        lambda: bootstrap(fit, replicates, workers=cores),
        clock=time.perf_counter,  # of several cores the wall time
    )
    one, quick, several, spread = (each * REPLICATES / replicates for each in (one, quick, several, spread))
    pace = "" if replicates == REPLICATES else f", at the pace of {replicates}"
    line(f"{REPLICATES} bootstrap replicates from one solution, one core{pace}", seconds(one))
    line("the same from every solution", seconds(several))
    goal(f"the same on {cores} cores", spread, seconds(spread), at_most=2.0)
    line("times faster than on one", f"{several / spread:.2f}")
    line("one replicate by the published algorithm", seconds(theirs))
    ratio = theirs / one * REPLICATES
    goal("it, in times one of ours, from one solution, one core", ratio, f"{ratio:.0f}", at_least=4000)
    line(f"the same, {cores} cores", f"{theirs / quick * REPLICATES:.0f}")


def _pattern() -> slxrd.Pattern:
    """The same two regions as one pattern, with σ."""
    q = np.arange(REGIONS[0][0], REGIONS[1][1], SPACING)
    return slxrd.simulate(q, TRUE, noise=0.03, seed=0)
