"""Prepare a map: the mean pattern and its search, the noise, and further starts from single patterns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.studies.maps.blocks.refinement import SIGNAL, kinds_of, without_peak
from slxrd.studies.maps.check import draw_sample
from slxrd.studies.maps.noise import noise_of_map
from slxrd.studies.maps.pattern_stack import READ_AT_ONCE, PatternStack
from slxrd.studies.maps.plan import (
    Plan,
    fit_mean,
    make_plan,
    places_of,
    regions_of_map,
    search_one,
    with_further_starts,
)
from slxrd.units import FloatArray

#: Patterns from which the noise is estimated.
_NOISE_SAMPLE = 200
#: Options of a fit that are treated here, and not given to the fit of the mean pattern.
_OWN = ("further_scans", "further_resolutions", "tie", "noise", "mask", "regions")


def mean_pattern(stack: PatternStack) -> tuple[FloatArray, NDArray[np.intp]]:
    """Average the patterns that are neither zero nor saturated.

    Parameters
    ----------
    stack : PatternStack
        The patterns; they are read in blocks.

    Returns
    -------
    mean : ndarray, shape (n,)
        NaN at points that are not numbers in half of the patterns.
    usable : ndarray of int
        Indices of the patterns.

    Raises
    ------
    SlxrdError
        If there is none.
    """
    total, number = np.zeros(stack.q.size), np.zeros(stack.q.size)
    usable = []
    for first in range(0, stack.count, READ_AT_ONCE):
        rows = stack.rows(first, min(first + READ_AT_ONCE, stack.count))
        finite = np.isfinite(rows) & (np.abs(rows) < 1e100)
        clean = np.where(finite, rows, 0.0)
        good = np.any(clean > 0.0, axis=1) & ~stack.saturated(clean)
        total += clean[good].sum(axis=0)
        number += finite[good].sum(axis=0)
        usable.append(first + np.flatnonzero(good))
    which = np.concatenate(usable)
    if not which.size:
        raise SlxrdError(
            f"{stack.source}: none of {stack.count} patterns has a positive intensity without being saturated"
        )
    return np.where(number > 0.5 * which.size, total / np.maximum(number, 1.0), np.nan), which


def prepare(
    stack: PatternStack, options: Mapping[str, Any], pilot: int, seed: int
) -> tuple[Plan, Fit, list[str]]:
    """Decide everything that is common to the patterns of a map.

    Parameters
    ----------
    stack : PatternStack
        The patterns.
    options : mapping
        Options of :func:`slxrd.fit`, by name.
    pilot : int
        Number of single patterns that are searched in full for further starts.
    seed : int
        Of the random samples.

    Returns
    -------
    Plan
        Points, weights, parameters and starts.
    Fit
        Of the mean pattern.
    list of str
        Notes.

    Raises
    ------
    SlxrdError
        If no pattern can be fitted, or an option is invalid.
    """
    for name in ("further_scans", "further_resolutions", "tie"):
        if options.get(name):
            raise SlxrdError(f"{name}: a map does not have this option; leave it out")
    notes: list[str] = []
    mean, usable = mean_pattern(stack)
    lost = ~np.isfinite(mean)
    if lost.any():
        notes.append(f"{np.count_nonzero(lost)} points are not numbers in most patterns, and are left out")
    mask = [(float(low), float(high)) for low, high in options.get("mask") or ()]
    regions = regions_of_map(stack, np.where(lost, 0.0, mean), options)
    places = tuple(place[~lost[place]] for place in places_of(stack, regions, mask))
    rows = _with_signal(stack, draw_sample(usable, _NOISE_SAMPLE, seed, 2), places)
    if not len(rows):
        raise SlxrdError(f"{stack.source}: no pattern has a signal in the regions; choose others (--region)")
    noise = noise_of_map(stack, rows, places, options.get("noise"))
    found = fit_mean(stack, mean, places, regions, noise, {k: v for k, v in options.items() if k not in _OWN})
    plan = make_plan(found, mean, places, noise, tuple(options.get("free") or ()))
    if found.rejected:
        notes.append(
            "the model does not describe the mean pattern, as can be where structures differ; each "
            "pattern is tested by itself"
        )
    if "q_zero" not in plan.parameters.free_names:
        best = found.minima[0].values["q_zero"]
        notes.append(f"q_zero = {best:.3g} Å⁻¹ in all patterns, as in the mean pattern (--free q_zero)")
    pilots = _with_signal(stack, draw_sample(usable, pilot, seed, 0), places)
    pilots = pilots[~without_peak(plan, pilots)]
    solutions = []
    for row in pilots:
        try:
            solutions.append(search_one(plan, row))
        except SlxrdError:
            continue  # without a start from this pattern
    return with_further_starts(plan, solutions), found, notes


def _with_signal(
    stack: PatternStack, which: NDArray[np.intp], places: tuple[NDArray[np.intp], ...]
) -> FloatArray:
    rows = stack.chosen(which)
    return np.asarray(rows[kinds_of(rows, stack.saturated(rows), places) == SIGNAL])
