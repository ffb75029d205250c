"""Search for the minima of χ² of low-angle curves: starting values, and the different minima they lead to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from slxrd.data.regions import RegionData
from slxrd.studies.lowangle.model import HEIGHTS, NAMES, LowAngleModel
from slxrd.studies.lowangle.refinement import LOWER, UPPER, Refinement, refine
from slxrd.units import FloatArray

#: Starting exponents of the power law and of the exponential background.
START_EXPONENTS = (3.0, 5.0)
#: Number of starts that are refined in the search without fringes.
STARTS = 8
#: Number of roughly refined minima that are refined to convergence.
FINALISTS = 3
#: Lower limit of σ during the search, as a fraction of the intensity: with counts, minima are very narrow.
SOFTENED = 0.1
#: Number of superlattice periods to try.
PERIODS = 4
#: Least number of periods of the dips in the region.
MIN_PERIODS = 1.0


def search(model: LowAngleModel, data: RegionData) -> list[Refinement]:
    """Search over the gap, without fringes; return the different minima, best first."""
    low, high = float(data.q[0]), float(data.q[-1])
    least = max(LOWER[0], MIN_PERIODS * 2.0 * math.pi / (high - low), MIN_PERIODS * 2.0 * math.pi / high)
    most = min(UPPER[0] / 2.0, math.pi / (2.0 * float(np.median(np.diff(data.q)))))
    gaps = np.arange(least, max(most, least + 1.0), 1.0).tolist()
    starts = [
        _start(w=gap, slope=slope, fall=fall) for slope, fall in ((0, 2), (0, 5), (2, 5)) for gap in gaps
    ]
    rough = _refine_roughly(model, _softened(data), [starts], STARTS, {"w": 2.5})
    return _refine_fully(model, data, rough)


def search_fringes(
    model: LowAngleModel, data: RegionData, known: Sequence[Refinement], periods: Sequence[float]
) -> list[Refinement]:
    """Search with fringes; return the different minima, best first.

    Parameters
    ----------
    model : LowAngleModel
        Model with fringes.
    data : RegionData
        Points and σ.
    known : sequence of Refinement
        Minima without fringes, best first. The starts are these, at various thicknesses, and superlattice
        periods.
    periods : sequence of float
        Superlattice periods in Å, as from :func:`superlattice_periods`.
    """
    soft = _softened(data)
    groups = [_thickness_starts(minimum.values, 3.0) for minimum in known[:2]]
    groups += [
        [
            _start(w=w, sigma_w=0.7, t=period - w, sigma_t=sigma_t, slope=0.7, fall=4.0)
            for w in np.arange(LOWER[0] + 1.0, min(period - LOWER[2], 100.0), 1.25).tolist()
            for sigma_t in (3.0, 9.0)
        ]
        for period in periods
    ]
    distances = {"w": 2.5, "t": 4.0}
    rough = _refine_roughly(model, soft, groups, 2, distances)
    # With the gap about right, search the thickness again: other thicknesses are minima as well.
    groups = [_thickness_starts(found.values) for found in rough[:2]]
    again = _refine_roughly(model, soft, groups, 3, distances)
    return _refine_fully(model, data, sorted(rough + again, key=lambda found: found.chi2))


def _thickness_starts(values: FloatArray, step: float = 2.0) -> list[FloatArray]:
    """Return starts that differ in the thickness and its standard deviation."""
    return [
        np.concatenate((values[:2], (t, sigma_t), values[4:]))
        for t in np.arange(8.0, 200.0, step).tolist()
        for sigma_t in (3.0, 9.0, 22.0)
    ]


def _softened(data: RegionData) -> RegionData:
    return replace(data, sigma=np.hypot(data.sigma, SOFTENED * np.abs(data.intensity)))


def superlattice_periods(data: RegionData) -> list[float]:
    """Find superlattice periods in Å by linear fits: smooth curves times a wave and two harmonics."""
    data = _softened(data)
    x = data.q / data.q[0]
    smooth = np.vstack((x**-2.0, x**-4.0, np.ones_like(x))) / data.sigma
    target = data.intensity / data.sigma
    # The step of the data does not resolve the fringes of longer periods.
    periods = np.arange(20.0, min(250.0, math.pi / (2.0 * float(np.median(np.diff(data.q))))), 0.75)
    misfits = []
    for period in periods.tolist():
        waves = [part(k * data.q * period) for k in (1.0, 2.0, 3.0) for part in (np.cos, np.sin)]
        columns = np.vstack([smooth, *(smooth * wave for wave in waves)]).T
        columns = columns / np.linalg.norm(columns, axis=0)
        solution = np.linalg.lstsq(columns, target, rcond=1e-9)[0]
        misfits.append(float(np.sum((target - columns @ solution) ** 2)))
    best: list[float] = []
    for i in np.argsort(misfits).tolist():
        if len(best) < PERIODS and all(abs(periods[i] - other) > 4.0 for other in best):
            best.append(float(periods[i]))
    return best


def _start(**values: float) -> FloatArray:
    defaults = {
        "sigma_w": 1.5,
        "t": 50.0,
        "sigma_t": 8.0,
        "fall_2": START_EXPONENTS[1],
        **dict.fromkeys(HEIGHTS, 0.0),
    }
    return np.array([{**defaults, **values}[name] for name in NAMES], dtype=np.float64)


def _refine_roughly(
    model: LowAngleModel,
    soft: RegionData,
    groups: Sequence[Sequence[FloatArray]],
    per_group: int,
    distances: Mapping[str, float],
) -> list[Refinement]:
    """Refine the best starts of each group at softened σ; return the results, best first.

    Starts are skipped if they are nearer to a better one than ``distances`` in all parameters named there.
    """
    columns = [NAMES.index(name) for name in distances]
    steps = np.array(list(distances.values()))
    selected: list[FloatArray] = []
    for group in groups:
        tried = sorted((with_heights(model, soft, start) for start in group), key=lambda pair: pair[0])
        remaining = per_group
        for _, start in tried:
            if remaining and all(np.any(np.abs(start - other)[columns] > steps) for other in selected):
                selected.append(start)
                remaining -= 1
    found = [refine(model, soft, start, tolerance=1e-3) for start in selected]
    return sorted(found, key=lambda each: each.chi2)


def _refine_fully(model: LowAngleModel, data: RegionData, rough: Sequence[Refinement]) -> list[Refinement]:
    """Refine the best results to convergence; return those that differ in w, best first."""
    minima = [refine(model, data, found.values, tolerance=1e-6) for found in rough[:FINALISTS]]
    return different(sorted(minima, key=lambda found: found.chi2))


def different(minima: Sequence[Refinement]) -> list[Refinement]:
    """Return the minima, given best first, whose w differs by over 0.5 Å from that of all better ones."""
    distinct: list[Refinement] = []
    for found in minima:
        if all(abs(found.value("w") - other.value("w")) > 0.5 for other in distinct):
            distinct.append(found)
    return distinct


def with_heights(model: LowAngleModel, data: RegionData, start: FloatArray) -> tuple[float, FloatArray]:
    """Return χ² and the starting values with the best non-negative heights."""
    from scipy.optimize import nnls

    shapes, _ = model.shapes(start, derivatives=False)
    columns = np.column_stack((*shapes, np.ones(data.q.size))) / data.sigma[:, None]
    heights, norm = nnls(columns, data.intensity / data.sigma)
    values = start.copy()
    values[[NAMES.index(name) for name in HEIGHTS]] = heights
    return float(norm**2), values


def refine_both_backgrounds(found: Refinement, data: RegionData) -> Refinement:
    """Refine with a power law and an exponential, starting from a minimum with one of them."""
    start = found.values.copy()
    fall, fall_2 = NAMES.index("fall"), NAMES.index("fall_2")
    if found.model.background == "exponential":
        start[fall], start[fall_2] = START_EXPONENTS[0], start[fall]
    elif found.model.background == "power":
        start[fall_2] = START_EXPONENTS[1]
    model = replace(found.model, background="both")
    return refine(model, data, with_heights(model, data, start)[1])
