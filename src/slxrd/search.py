"""All minima of χ²: starting values from the pattern, a scan over L, and a refinement of each minimum.

At a Bragg peak, L → L + d changes the phase between crystals by 2π, so χ² has minima about d apart in
L that can be nearly as deep as one another. One start finds one of them; here all are looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np

from slxrd.batch import Batch, joined
from slxrd.errors import SlxrdError
from slxrd.leastsquares import Minimum, minimise
from slxrd.model import REFINABLE
from slxrd.objective import Objective
from slxrd.parameters import Parameters
from slxrd.peaks import describe, lattice_period
from slxrd.table import TABLE
from slxrd.units import FloatArray

#: Stacking disorder, Å, that leaves no fringes, and those that are tried.
NO_FRINGES = 8.0
TRIED_SIGMA_L = (0.3, 0.9, 2.0)
#: Sizes tried, relative to that of the peak's envelope, and values of L tried per d.
TRIED_SIZES = (0.7, 0.85, 1.0, 1.2, 1.45)
STEPS_PER_PERIOD = 4
#: Minima of the scan that are refined, and neighbours of the best solution, in d, that are tried.
MOST_REFINED = 12
NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
#: L is searched up to where the resolution leaves exp(−½·2.45²) = 5 % of a fringe's contrast, and at
#: least up to LEAST_RANGE, in Å.
FAINTEST = 2.45
LEAST_RANGE = 60.0
#: How often the neighbours of a new best solution are tried.
MOST_ROUNDS = 6
#: Points of the scan between two reports of progress.
PORTION = 200
#: Solutions with χ² beyond the best one's by more than this are not listed.
WORST_LISTED = 60.0

Progress = Callable[[int, int], None]


def envelope_fits(objective: Objective, parameters: Parameters) -> list[Minimum]:
    """Fit the Bragg peaks without their fringes, d and N alone, from several sizes; the best first.

    σ_N stays at a usual value: a free one would take a single strong fringe for the whole peak.
    """
    peaks = [describe(points.q, points.intensity) for points in objective.data]
    d = parameters["d"].value or lattice_period(peaks)
    strongest = max(peaks, key=lambda peak: peak.height)
    planes = parameters["N"].value or max(0.9 * 2.0 * np.pi / (d * strongest.width), 2.0)
    base = parameters
    if base["L"].free:
        base = base.fix(L=float(np.clip(40.0, base["L"].lower, base["L"].upper)))
    if base["sigma_L"].free:
        base = base.fix(sigma_L=float(np.clip(NO_FRINGES, base["sigma_L"].lower, base["sigma_L"].upper)))
    found: list[Minimum] = []
    for factor in (0.7, 1.0, 1.5) if parameters["N"].value is None else (1.0,):
        N = max(planes * factor, 1.2)
        row, spread = parameters["sigma_N"], parameters["sigma_N"].value or usual_spread(N)
        if row.free:
            base = base.fix(sigma_N=float(np.clip(spread, row.lower, row.upper)))
        found.append(minimise(objective, _filled(base, {"d": d, "N": N}), 1e-6, 60))
    return sorted(found, key=lambda minimum: minimum.chi2)


def usual_spread(N: float) -> float:
    """σ_N of a usual synthesis, to start from."""
    return max(0.12 * N, 0.6)


def _filled(parameters: Parameters, values: dict[str, float]) -> Parameters:
    """Give starting values to the parameters that can take one, moved inside their bounds."""
    for name, value in values.items():
        row = parameters[name]
        if row.free is not False and row.expression is None:
            parameters = parameters.start(**{name: float(np.clip(value, row.lower, row.upper))})
    return parameters


def _choices(parameters: Parameters, name: str, tried: list[float]) -> list[float | None]:
    """Values to scan: none if the parameter is not free, the user's start if there is one."""
    row = parameters[name]
    if not row.free:
        return [None]
    if row.value is not None:
        return [row.value]
    inside = [value for value in tried if row.lower <= value <= row.upper]
    return list(inside) or [(row.lower + row.upper) / 2.0]


def _points(parameters: Parameters, starts: list[dict[str, float]]) -> FloatArray:
    """Values of all parameters for starts, ties and bounds observed; shape (k, 6)."""
    tied = any(row.expression is not None for row in parameters.values())
    first = _filled(parameters, starts[0])
    points = np.tile([first.resolve(first.vector())[0][name] for name in REFINABLE], (len(starts), 1))
    if tied:
        for row, values in zip(points, starts, strict=True):
            filled = _filled(parameters, values)
            row[:] = list(filled.resolve(filled.vector())[0].values())
        return points
    for i, name in enumerate(REFINABLE):
        if parameters[name].free:
            column = [values[name] for values in starts]
            points[:, i] = np.clip(column, parameters[name].lower, parameters[name].upper)
    return points


def _scan(objective: Objective, parameters: Parameters, base: Minimum, report: Progress) -> FloatArray:
    """χ² over L, σ_L and N; where it is lowest along L, the best first; shape (k, 6)."""
    d, N = base.values["d"], base.values["N"]
    row = parameters["L"]
    count = max(int((row.upper - row.lower) / d * STEPS_PER_PERIOD), STEPS_PER_PERIOD)
    gaps = _choices(parameters, "L", np.linspace(row.lower, row.upper, count).tolist())
    disorders = _choices(parameters, "sigma_L", list(TRIED_SIGMA_L))
    sizes = _choices(parameters, "N", [N * factor for factor in TRIED_SIZES])
    usual = {**base.values, "sigma_N": parameters["sigma_N"].value or usual_spread(N)}
    chosen = (dict(zip(("L", "sigma_L", "N"), c, strict=True)) for c in product(gaps, disorders, sizes))
    starts = [{**usual, **{k: v for k, v in some.items() if v is not None}} for some in chosen]
    points = _points(parameters, starts)
    batch = Batch(objective, parameters, points)
    pieces = []
    for first in range(0, len(points), PORTION):
        pieces.append(batch.chi2(points[first : first + PORTION]))
        report(min(first + PORTION, len(points)), len(points))
    chi2 = np.concatenate(pieces).reshape(len(gaps), -1)
    lowest = chi2.min(axis=1)
    beside = np.concatenate(([np.inf], lowest, [np.inf]))
    minima = np.flatnonzero((lowest <= beside[:-2]) & (lowest <= beside[2:]))
    ordered = minima[np.argsort(lowest[minima])][:MOST_REFINED]
    scanned = points.reshape(len(gaps), -1, len(REFINABLE))
    return np.asarray(scanned[ordered, chi2[ordered].argmin(axis=1)])


def search(
    objective: Objective, parameters: Parameters, report: Progress | None = None
) -> tuple[Minimum, ...]:
    """Find the minima of χ², the best first.

    Parameters
    ----------
    objective : Objective
        Data against model.
    parameters : Parameters
        Values that are given are where the search starts; those that are not are found from the
        pattern. A q_zero that is neither fixed nor freed stays at its value.
    report : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    tuple of Minimum
        Distinct ones, within :data:`WORST_LISTED` of the best in χ².

    Raises
    ------
    SlxrdError
        If nothing can be fitted.
    """
    parameters = settle_q_zero(parameters)
    envelopes = envelope_fits(objective, parameters)
    if objective.model.stack.n_coherent == 1:
        return refine_all(objective, parameters, tuple(envelopes))
    base = envelopes[0]
    parameters = _resolvable(objective, parameters, base)
    starts = _scan(objective, parameters, base, report or (lambda done, of: None))
    found = Batch(objective, parameters, starts).refine_each()
    for _ in range(MOST_ROUNDS if parameters["L"].free else 0):
        least = float(found.chi2.min())
        beside = _neighbours(parameters, found.values[int(found.chi2.argmin())])
        if not beside:
            break
        found = joined([found, Batch(objective, parameters, _points(parameters, beside)).refine_each()])
        if found.chi2.min() > least - 1e-3 * max(least / objective.n_points, 1.0):
            break
    return _polished(objective, parameters, found.values[np.argsort(found.chi2)])


def _resolvable(objective: Objective, parameters: Parameters, base: Minimum) -> Parameters:
    """Bound L to what resolution and point distance can show, where the user has not bounded it."""
    row, default = parameters["L"], TABLE["L"]
    if not row.free or (row.lower, row.upper) != (default.lower, default.upper):
        return parameters
    step = min(float(np.median(np.diff(points.q))) for points in objective.data)
    longest = np.pi / step
    if objective.model.instrument.sigma_G > 0.0:
        longest = min(longest, FAINTEST / objective.model.instrument.sigma_G)
    upper = longest - (base.values["N"] - 1.0) * base.values["d"]
    upper = float(np.clip(upper, LEAST_RANGE, default.upper))
    return parameters.bound(L=(row.lower, max(upper, row.value or 0.0)))


def _neighbours(parameters: Parameters, best: FloatArray) -> list[dict[str, float]]:
    """Starts some d away from the best L, with the size kept, and with the period kept."""
    values = dict(zip(REFINABLE, best.tolist(), strict=True))
    row = parameters["L"]
    starts = []
    for step in NEIGHBOURS:
        L, N = values["L"] + step * values["d"], values["N"] - step
        if row.lower <= L <= row.upper:
            starts.append({**values, "L": L})
            if N >= 1.0 and parameters["N"].free:
                starts.append({**values, "L": L, "N": N})
    return starts


def _polished(objective: Objective, parameters: Parameters, points: FloatArray) -> tuple[Minimum, ...]:
    """Refine the distinct ones among rough minima, ordered by χ², to the end."""
    kept: list[dict[str, float]] = []
    for point in points.tolist():
        values = dict(zip(REFINABLE, point, strict=True))
        if not any(_same(values, other) for other in kept):
            kept.append(values)
    return distinct([_refine(objective, parameters, values) for values in kept])


def _refine(objective: Objective, parameters: Parameters, values: dict[str, float]) -> Minimum:
    return minimise(objective, _filled(parameters, values))


def refine_all(
    objective: Objective, parameters: Parameters, minima: tuple[Minimum, ...]
) -> tuple[Minimum, ...]:
    """Refine known minima again with another choice of free parameters; distinct ones, the best first."""
    return distinct([_refine(objective, parameters, dict(minimum.values)) for minimum in minima])


def settle_q_zero(parameters: Parameters) -> Parameters:
    """Keep a q_zero that is neither fixed nor freed at its value."""
    row = parameters["q_zero"]
    return parameters.fix(q_zero=row.value or 0.0) if row.free is None else parameters


def distinct(minima: list[Minimum]) -> tuple[Minimum, ...]:
    """Order by χ², leaving out repetitions and what is far too bad to be listed."""
    if not minima:
        raise SlxrdError("no start led to a fit")
    ordered = sorted(minima, key=lambda minimum: minimum.chi2)
    kept: list[Minimum] = []
    for minimum in ordered:
        if minimum.chi2 - ordered[0].chi2 > max(WORST_LISTED, 0.5 * ordered[0].chi2):
            break
        if not any(_same(minimum.values, other.values) for other in kept):
            kept.append(minimum)
    return tuple(kept)


#: Solutions closer than this in every parameter are one.
_SAME: dict[str, float] = {"d": 0.02, "L": 0.5, "sigma_L": 0.3, "N": 0.3, "sigma_N": 0.5, "q_zero": 0.002}


def _same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(abs(one[name] - other[name]) < scale for name, scale in _SAME.items())
