"""Estimates of the parameters of all axes from the minima of χ²."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from slxrd._least_squares import NOT_SEPARABLE
from slxrd.fitting.assessment.estimates import M_MATTERS, estimate_at, rejected
from slxrd.fitting.minimise.covariance import noise_scale
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.assessment import Assessment
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate, Solution
from slxrd.fitting.result.probabilities import probabilities
from slxrd.fitting.search.identity import same
from slxrd.fitting.uncertainty.limits import FRINGES_DETECTED, limit
from slxrd.model.directions.model import DirectionsModel
from slxrd.parameters.axes import OF_DISORDER, split_axis
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters
from slxrd.studies.directions.intervals import with_intervals

#: Disorder smaller than so many of its errors is given as an upper limit.
SIGNIFICANT = 2.0
#: Parameters that only fringes determine.
OF_FRINGES = ("L", "sigma_L", *OF_DISORDER)


@dataclass(frozen=True, eq=False)
class Estimates:
    """What the minima determine.

    Parameters
    ----------
    parameters, derived : mapping of str to Estimate
        Of all parameters, and of quantities derived from them.
    solutions : tuple of Solution
        The minima, the best first.
    minima : tuple of Minimum
        The same.
    notes : tuple of str
        Limits of the result.
    """

    parameters: Mapping[str, Estimate]
    derived: Mapping[str, Estimate]
    solutions: tuple[Solution, ...]
    minima: tuple[Minimum, ...]
    notes: tuple[str, ...]


def estimate_all(
    objective: Objective, model: DirectionsModel, minima: Sequence[Minimum], assessment: Assessment
) -> Estimates:
    """Estimate all quantities, if the model describes the data.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    model : DirectionsModel
        The model.
    minima : sequence of Minimum
        Minima of χ², the best first.
    assessment : Assessment
        Whether the model describes the data; its factor widens all errors.
    """
    notes: list[str] = []
    if assessment.rejected:
        parameters = {name: rejected(v, info(name).unit) for name, v in minima[0].values.items()}
        of = {
            name: rejected(each.value, each.unit)
            for name, each in derived(model, minima[0], parameters).items()
        }
        return Estimates(parameters, of, solutions(minima, minima), tuple(minima), ())
    wider, widened = objective, list(minima)
    if assessment.widening > 1.0:
        wider = objective.with_wider_noise(assessment.widening)
        widened = [minimise(wider, minimum.parameters) for minimum in minima]
    hidden: dict[str, str] = {}
    for name in (name for name in widened[0].names if split_axis(name) and name.startswith("L")):
        gain, threshold = gain_of_order(wider, model, widened[0], name)
        if gain < threshold:
            axes = set(model.axes.axes_of(name))
            why = f"no fringes along {' and '.join(sorted(axes))}: χ² improves by {gain:.1f} only"
            for other in model.table:
                parts = split_axis(other)
                if parts and parts[0] in OF_FRINGES and set(model.axes.axes_of(other)) <= axes:
                    hidden[other] = why
    kept: list[int] = []
    for k, minimum in enumerate(widened):
        seen = {name: value for name, value in minimum.values.items() if name not in hidden}
        if not any(same(seen, {name: widened[i].values[name] for name in seen}) for i in kept):
            kept.append(k)
    minima, widened = [minima[k] for k in kept], [widened[k] for k in kept]
    found = solutions(minima, widened)
    best = widened[0]
    near = [each.values for each in solutions(widened, widened)[1:] if each.near(AMBIGUOUS)]
    estimates = {}
    for name in best.values:
        if name in hidden and best.parameters[name].free:
            estimates[name] = Estimate(None, None, info(name).unit, "undetermined", hidden[name])
            continue
        estimates[name] = _or_limit(wider, best, name, estimate_at(wider, best, name))
    quantities = derived(model, best, estimates)
    values = [{**each, **_derived_values(model, each)} for each in near]
    estimates = {name: _or_ambiguous(name, each, values) for name, each in estimates.items()}
    quantities = {name: _or_ambiguous(name, each, values) for name, each in quantities.items()}
    if near:
        others = "1 other solution does" if len(near) == 1 else f"{len(near)} other solutions do"
        notes.append(f"the answer is not unique: {others} as well or nearly so")
    notes += _not_separated(model, best)
    notes += _number_matters(objective, model, minima[0])
    return Estimates(estimates, quantities, found, tuple(minima), tuple(notes))


def solutions(minima: Sequence[Minimum], widened: Sequence[Minimum]) -> tuple[Solution, ...]:
    """Return the minima as solutions, with probabilities from those with widened noise."""
    least = min(minimum.chi2 for minimum in minima)
    return tuple(
        Solution(dict(minimum.values), minimum.chi2, minimum.chi2 - least, float(share))
        for minimum, share in zip(minima, probabilities(widened), strict=True)
    )


def gain_of_order(
    objective: Objective, model: DirectionsModel, best: Minimum, name: str
) -> tuple[float, float]:
    """Return by how much the order along the axes of a gap improves χ², and by how much noise might.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    model : DirectionsModel
        The model.
    best : Minimum
        The best minimum.
    name : str
        Name of the gap, ``"L_xy"``.
    """
    axes = model.axes.axes_of(name)
    x, y, z = (1 if axis in axes else M for axis, M in zip("xyz", model.axes.coherent, strict=True))
    other = replace(model, axes=replace(model.axes, coherent=(x, y, z)))
    rows = {known: row for known, row in best.parameters.items() if known in other.table}
    without = Objective(other, objective.data, objective.settings)
    chi2 = minimise(without, Parameters(rows, other.table), tolerance=1e-6).chi2
    return max(chi2 - best.chi2, 0.0), FRINGES_DETECTED * noise_scale(best, name)


def derived(model: DirectionsModel, best: Minimum, estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Estimate the derived quantities: periods, thicknesses, and disorder along diagonal cuts."""
    found = {}
    for name, gradient in _gradients(model, best.values).items():
        value, unit = _derived_values(model, best.values)[name], "Å"
        missing = [
            part for part in gradient if estimates[part].value is None and not name.startswith("sigma_")
        ]
        error = best.covariance.of(gradient)
        if missing:
            why = f"{info(missing[0]).symbol} is not determined"
            found[name] = Estimate(None, None, unit, "undetermined", why)
        elif error is not None:
            found[name] = Estimate(value, error, unit)
        elif all(estimates[part].status == "fixed" for part in gradient):
            found[name] = Estimate(value, None, unit, "fixed", "not refined")
        else:
            found[name] = Estimate(None, None, unit, "undetermined", "its parts are not determined")
    return found


def _endings(model: DirectionsModel) -> Iterator[tuple[str, str]]:
    """Axes that differ in their period, each with the ending of its names."""
    seen = set()
    for axis in "zxy":
        names = tuple(model.axes.name(base, axis) for base in ("d", "N", "L"))
        if names[0] in model.table and names not in seen:
            seen.add(names)
            ending = max((name[1:] for name in names), key=lambda text: (len(text) == 2, len(text)))
            yield axis, ending


def _derived_values(model: DirectionsModel, values: Mapping[str, float]) -> dict[str, float]:
    found = {}
    for axis, ending in _endings(model):
        d, N = (values[model.axes.name(base, axis)] for base in ("d", "N"))
        found[f"thickness{ending}"] = (N - 1.0) * d
        L = model.axes.name("L", axis)
        if L in values:
            found[f"period{ending}"] = (N - 1.0) * d + values[L]
            W = model.axes.name("W", axis)
            if W in values:
                found[f"wave{ending}"] = values[W] * found[f"period{ending}"]
    for name, (c, along, across) in _diagonals(model).items():
        found[name] = math.hypot(c * values[along], math.sqrt(1.0 - c**2) * values[across])
    return found


def _gradients(model: DirectionsModel, values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for axis, ending in _endings(model):
        d, N, L, W = (model.axes.name(base, axis) for base in ("d", "N", "L", "W"))
        found[f"thickness{ending}"] = {d: values[N] - 1.0, N: values[d]}
        if L in values:
            found[f"period{ending}"] = {d: values[N] - 1.0, N: values[d], L: 1.0}
            if W in values:
                period = (values[N] - 1.0) * values[d] + values[L]
                of_period = {name: values[W] * slope for name, slope in found[f"period{ending}"].items()}
                found[f"wave{ending}"] = {**of_period, W: period}
    for name, (c, along, across) in _diagonals(model).items():
        size = math.hypot(c * values[along], math.sqrt(1.0 - c**2) * values[across]) or 1.0
        found[name] = {along: c**2 * values[along] / size, across: (1.0 - c**2) * values[across] / size}
    return found


def _diagonals(model: DirectionsModel) -> dict[str, tuple[float, str, str]]:
    """For cuts that run along no axis, the component along each axis, and the names of its disorder."""
    found: dict[str, tuple[float, str, str]] = {}
    for direction in model.directions if model.axes.disorder == "cumulative" else ():
        for axis, c in zip("zxy", (direction.vector[2], *direction.vector[:2]), strict=True):
            along, across = model.axes.name("sigma_L", axis), model.axes.name("sigma_T", axis)
            if 0.0 < c < 1.0 and not direction.fibre and {along, across} <= set(model.table):
                found.setdefault(f"sigma_{direction.name}{along.removeprefix('sigma_L')}", (c, along, across))
    return found


def _or_limit(objective: Objective, best: Minimum, name: str, estimate: Estimate) -> Estimate:
    """An upper limit of a disorder that is not significant, or intervals of one that is weakly determined."""
    parts = split_axis(name)
    if parts is None or parts[0] not in ("sigma_L", "sigma_T", "A_L", "A_T"):
        return estimate
    if estimate.status != "determined" or estimate.value is None or not estimate.error:
        return estimate
    if estimate.value > SIGNIFICANT * estimate.error:
        return with_intervals(objective, best, name, estimate)
    upper = best.parameters[name].upper
    most = limit(objective, best, name, upper)
    if most < upper:
        return Estimate(most, None, estimate.unit, "upper bound", "95 % limit")
    return Estimate(None, None, estimate.unit, "undetermined", "χ² hardly depends on it")


def _or_ambiguous(name: str, estimate: Estimate, others: Sequence[Mapping[str, float]]) -> Estimate:
    """The same with the values of other solutions, if those are farther away than two errors."""
    if estimate.status != "determined" or estimate.value is None or estimate.error is None:
        return estimate
    value, error = estimate.value, estimate.error
    different = sorted({f"{each[name]:.4g}" for each in others if abs(each[name] - value) > 2.0 * error})
    if not different:
        return estimate
    why = f"also {', '.join(different)} {estimate.unit} in other solutions"
    return replace(estimate, status="ambiguous", why=why)


def _not_separated(model: DirectionsModel, best: Minimum) -> list[str]:
    """Explain why disorder along and across an axis cannot be separated."""
    why = best.covariance.why_not
    names = [name for name in best.names if why.get(name) == NOT_SEPARABLE]
    disorder = [
        name for name in names if (split_axis(name) or ("",))[0] in ("sigma_L", "sigma_T", "A_L", "A_T")
    ]
    if not disorder:
        return []
    seen = ", ".join(dict.fromkeys(direction.name for direction in model.directions))
    return [
        f"{', '.join(info(name).symbol for name in disorder)}: cuts along {seen} alone show one sum of them; "
        "add a cut in another direction, or fix one"
    ]


def _number_matters(objective: Objective, model: DirectionsModel, best: Minimum) -> list[str]:
    """Note if twice as many crystals along all axes would change the curves."""
    x, y, z = (2 * M if M > 1 else 1 for M in model.axes.coherent)
    twice = replace(model, axes=replace(model.axes, coherent=(x, y, z)))
    doubled = Objective(twice, objective.data, objective.settings).curves(best.values)
    change = max(
        float(abs((other.calculated - mine.calculated) / mine.sigma).max())
        for other, mine in zip(doubled, best.evaluation.regions, strict=True)
    )
    if change <= M_MATTERS:
        return []
    return [
        f"M matters here: twice as many crystals would change the curves by up to {change:.1f} σ; disorder "
        "depends on that choice (--coherent, --coherent-in-plane)"
    ]
