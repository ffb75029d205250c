"""What is decided once for a map: points, weights, refined parameters, and solutions to start from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd._cached import cached_property
from slxrd.data.peaks import find_regions
from slxrd.data.regions import Region, RegionData, as_regions
from slxrd.errors import SlxrdError
from slxrd.fitting.api import setup
from slxrd.fitting.diagnosis.readings import best_reading
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.minimise.problem import is_compiled, prepare_problem, seconds_of_evaluation
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.pipeline import fit_pattern
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.identity import TOLERANCES
from slxrd.fitting.search.minima import search
from slxrd.fitting.search.scan import NO_FRINGES
from slxrd.model.intensity import Model
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters
from slxrd.studies.maps.noise import MapNoise
from slxrd.studies.maps.pattern_stack import PatternStack
from slxrd.units import FloatArray

#: Solutions of the mean pattern up to this Δχ², with the noise of a single pattern, are starts of every
#: pattern, and at most so many.
STARTS_WITHIN, MOST_STARTS = 40.0, 6
#: Standard deviations within which two solutions are one.
SAME = 4.0


@dataclass(frozen=True, eq=False)
class Plan:
    """What is common to all patterns of a map.

    Parameters
    ----------
    model : Model
        Structure and instrument.
    data : tuple of RegionData
        Regions of the mean pattern; σ is that of a single pattern with the calculated mean intensity.
    places : tuple of ndarray of int
        Indices of the points of each region in the stack.
    settings : Settings
        Residuals, scale and background.
    parameters : Parameters
        Bounds, and which parameters are refined.
    starts : ndarray, shape (s, p)
        Solutions from which every pattern is refined, in the order of ``model.names``.
    tolerance : ndarray, shape (p,)
        Two solutions that are closer in every parameter are one.
    noise : MapNoise
        Noise of a pattern.
    """

    model: Model
    data: tuple[RegionData, ...]
    places: tuple[NDArray[np.intp], ...]
    settings: Settings
    parameters: Parameters
    starts: FloatArray
    tolerance: FloatArray
    noise: MapNoise

    def __getstate__(self) -> dict[str, Any]:
        # The objective is made anew where the plan arrives.
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters."""
        return self.model.names

    @property
    def free(self) -> NDArray[np.bool_]:
        """Whether each parameter is refined, shape (p,)."""
        return np.array([self.parameters[name].free is True for name in self.names])

    @property
    def stacked(self) -> bool:
        """Whether fringes of the stacking are fitted, which a pattern need not have."""
        refined = any(self.parameters[name].free is True for name in ("L", "sigma_L"))
        return self.model.stack.coherent > 1 and refined

    @cached_property
    def objective(self) -> Objective:
        """The comparison of the mean pattern with the model."""
        return Objective(self.model, self.data, self.settings)

    def sets(self, rows: FloatArray) -> list[FloatArray]:
        """Divide patterns, shape (k, n), into regions."""
        return [np.ascontiguousarray(rows[:, place]) for place in self.places]

    def batch(self, starts: FloatArray) -> Batch:
        """Refinement from starts, shape (s, p)."""
        return Batch(self.objective, self.parameters, starts)

    def batch_without_fringes(self) -> Batch:
        """Refinement with σ_L so large that there are no fringes."""
        start = self.starts[:1].copy()
        start[:, self.names.index("sigma_L")] = NO_FRINGES
        fixed = {"L": float(start[0, self.names.index("L")]), "sigma_L": NO_FRINGES}
        return Batch(self.objective, self.parameters.fix(**fixed), start)

    def noise_scale(self, rows: FloatArray) -> FloatArray:
        """Ratio of the noise of patterns to that of the mean one, shape (k,)."""
        variance = np.zeros(len(rows))
        for points, place in zip(self.data, self.places, strict=True):
            level = np.maximum(rows[:, place], 0.0)
            own = self.noise.sigma(level, place)
            variance += np.mean((own / points.sigma) ** 2, axis=1)
        return np.sqrt(np.maximum(variance / len(self.data), 1e-300))

    def objective_of(self, row: FloatArray, scale: float) -> Objective:
        """The comparison of one pattern, shape (n,), with σ times a factor."""
        data = [
            replace(points, intensity=row[place], sigma=scale * points.sigma)
            for points, place in zip(self.data, self.places, strict=True)
        ]
        return Objective(self.model, data, self.settings)

    def are_same(self, one: FloatArray, other: FloatArray) -> NDArray[np.bool_]:
        """Whether solutions, shape (..., p), are one."""
        return np.asarray(np.all(np.abs(one - other) <= self.tolerance, axis=-1))


def regions_of_map(stack: PatternStack, mean: FloatArray, options: Mapping[str, Any]) -> tuple[Region, ...]:
    """Return the regions that were given, or those around the Bragg peaks of the mean pattern."""
    given = as_regions(options.get("regions") or ())
    level = np.full(stack.q.size, 0.03 * max(float(mean.max()), 1e-300))
    return given or tuple(find_regions(stack.pattern(mean, level, "mean of the map")))


def places_of(stack: PatternStack, regions: tuple[Region, ...], mask: Any) -> tuple[NDArray[np.intp], ...]:
    """Indices of the points of each region that are not masked.

    Raises
    ------
    SlxrdError
        If a region contains too few points.
    """
    kept = np.ones(stack.q.size, dtype=bool)
    for low, high in mask or ():
        kept &= ~((stack.q >= low) & (stack.q <= high))
    found = []
    for region in regions:
        inside = np.flatnonzero(kept & (stack.q >= region.low) & (stack.q <= region.high))
        if inside.size < 8:
            raise SlxrdError(
                f"region {region.low:g}:{region.high:g} contains {inside.size} points of {stack.source}, "
                f"which covers {stack.q[0]:.4g} to {stack.q[-1]:.4g} Å⁻¹; widen it"
            )
        found.append(inside)
    return tuple(found)


def fit_mean(
    stack: PatternStack,
    mean: FloatArray,
    places: tuple[NDArray[np.intp], ...],
    regions: tuple[Region, ...],
    noise: MapNoise,
    options: Mapping[str, Any],
) -> Fit:
    """Search the mean pattern in full, with the noise of a single pattern.

    All solutions that compete in a single pattern are then among those of the mean.
    """
    sigma = np.full(stack.q.size, np.nan)
    for place in places:
        sigma[place] = noise.sigma(mean[place], place)
    rest = np.isnan(sigma)
    sigma[rest] = float(np.median(sigma[~rest]))
    used = {**options, "regions": regions, "noise": "file"}
    pattern = stack.pattern(np.where(np.isfinite(mean), mean, 0.0), sigma, "mean of the map")
    reading = best_reading(pattern, collect(used), setup)
    return fit_pattern(reading.pattern, reading.options, intervals=False)


def make_plan(
    found: Fit, mean: FloatArray, places: tuple[NDArray[np.intp], ...], noise: MapNoise, free: tuple[str, ...]
) -> Plan:
    """Make the plan of a map from the fit of its mean pattern.

    Parameters
    ----------
    found : Fit
        Of the mean pattern.
    mean : ndarray, shape (n,)
        The mean pattern.
    places : tuple of ndarray of int
        Points of each region.
    noise : MapNoise
        Noise of a pattern.
    free : tuple of str
        Parameters that the user freed: q_zero, a property of the instrument, is otherwise that of the mean.

    Raises
    ------
    SlxrdError
        If the model can only be refined by SciPy, which is too slow for a map, or nothing is refined.
    """
    best = found.minima[0]
    parameters = best.parameters
    names = found.objective.model.names
    if "q_zero" not in free:
        parameters = parameters.fix(q_zero=best.values["q_zero"])
    if not any(parameters[name].free is True for name in names):
        raise SlxrdError("nothing is refined; free a parameter")
    data = []
    for fitted, points, place in zip(found.regions, found.objective.data, places, strict=True):
        sigma = noise.sigma(np.maximum(fitted.calculated, 0.0), place)
        data.append(RegionData(points.region, points.q, mean[place], sigma))
    starts = np.array([[minimum.values[name] for name in names] for minimum in found.minima])
    starts[:, names.index("q_zero")] = best.values["q_zero"] if "q_zero" not in free else starts[:, 5]
    near = [k for k, minimum in enumerate(found.minima) if minimum.chi2 - best.chi2 < STARTS_WITHIN]
    tolerance = np.array([TOLERANCES.get(name) or 2.0 * info(name).step for name in names])
    plan = Plan(
        found.objective.model, tuple(data), places, found.settings, parameters, starts[near[:MOST_STARTS]],
        tolerance, noise,
    )  # fmt: skip
    if not is_compiled(plan.objective, parameters):
        raise SlxrdError(
            "a map needs the native core, linear residuals, a free scale, a structure that it refines, no "
            "ties; fit such patterns one by one (slxrd series)"
        )
    errors = [best.covariance.error(name) if name in best.names else None for name in names]
    tolerance = np.fmax(tolerance, np.array([SAME * (error or 0.0) for error in errors]))
    # Solutions are about d apart in L, whatever the error.
    tolerance[names.index("L")] = min(tolerance[names.index("L")], best.values["d"] / 3.0)
    return replace(plan, tolerance=tolerance)


def search_one(plan: Plan, row: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Search one pattern in full, as the mean pattern was.

    Parameters
    ----------
    plan : Plan
        Of the map.
    row : ndarray, shape (n,)
        Intensities.

    Returns
    -------
    values : ndarray, shape (k, p)
        Solutions, the best first.
    chi2 : ndarray, shape (k,)
        With the σ of the plan.
    """
    scale = float(plan.noise_scale(row[None])[0])
    minima = search(plan.objective_of(row, scale), plan.parameters).minima
    values = np.array([[minimum.values[name] for name in plan.names] for minimum in minima])
    return values, np.array([minimum.chi2 for minimum in minima]) * scale**2


def with_further_starts(plan: Plan, solutions: list[tuple[FloatArray, FloatArray]]) -> Plan:
    """Add the best solutions of single patterns that are not among the starts."""
    starts = list(plan.starts)
    for values, _ in solutions:
        known = any(bool(plan.are_same(values[0], start)) for start in starts)
        if not known and len(starts) < MOST_STARTS + len(plan.starts):
            starts.append(values[0])
    return replace(plan, starts=np.array(starts))


def fixed_by(plan: Plan) -> dict[str, FloatArray]:
    """Arrays that determine the results of a plan, for the fingerprint of a map."""
    rows = [plan.parameters[name] for name in plan.names]
    limits = [[row.lower, row.upper, float(row.free is True), row.value or 0.0] for row in rows]
    arrays = [np.concatenate([points.q, points.intensity, points.sigma]) for points in plan.data]
    weights = np.array([points.region.weight for points in plan.data])
    return {"points": np.concatenate(arrays), "starts": plan.starts, "limits": np.array(limits),
            "tolerance": plan.tolerance, "weights": weights}  # fmt: skip


def patterns_at_once(plan: Plan) -> int:
    """Return a number of patterns that takes some tenths of a second, from sizes only."""
    problem = prepare_problem(plan.objective, plan.parameters, plan.starts[:1])
    seconds = 8.0 * (len(plan.starts) + 1) * seconds_of_evaluation(problem, plan.starts[:1])
    return int(np.clip(2 ** math.floor(math.log2(max(1.0 / seconds, 1.0))), 8, 512))
