"""Joint fit of the patterns of a series: parameters are shared, smooth, or free.

χ² is the sum over the patterns. A shared parameter has one value. A smooth one is a polynomial of the
variable, given by its values at degree + 1 points, so that its bounds are those of the parameter. The
minima of single patterns are followed through the series, and a joint refinement starts from each path;
what one pattern leaves ambiguous, the others may determine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.request.effects import NO_EFFECTS
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import info
from slxrd.studies.series.joint.layout import Layout, Part, joint_layout
from slxrd.studies.series.joint.paths import SAME_PATH, mean_distance, paths_through_minima
from slxrd.studies.series.joint.refinement import JointMinimum, joint_minimum, refine_jointly
from slxrd.studies.series.joint.result import JointFit, JointSolution
from slxrd.studies.series.member import Plain, refit_objective
from slxrd.studies.series.patterns import Series
from slxrd.studies.series.result import SeriesMember

#: Largest Δχ² of joint minima that are listed.
_MAX_LISTED = 60.0
#: Probability below which the constraints are reported as violated.
_UNLIKELY = 0.01


def check_joint(
    options: Mapping[str, Any], shared: Sequence[str], smooth: Sequence[str], degree: int
) -> None:
    """Check that the parameters can be shared or smooth.

    Parameters
    ----------
    options : mapping
        Options of the fits of the series.
    shared, smooth : sequence of str
        Shared and smooth parameters.
    degree : int
        Degree of the polynomial of a smooth parameter.

    Raises
    ------
    SlxrdError
        If a name is unknown, given twice, fixed or tied, or the degree is not 0 to 4.
    """
    if not 0 <= degree <= 4:
        raise SlxrdError(f"degree {degree} of smooth parameters: must be 0 to 4")
    for name in (*shared, *smooth):
        info(name)
        if [*shared, *smooth].count(name) > 1:
            raise SlxrdError(f"{name} is given twice as shared or smooth; leave one out")
        row = options["parameters"][name]
        if row.free is False:
            how = "tied" if row.expression is not None else "fixed"
            raise SlxrdError(f"{name} is {how}, so it cannot be shared or smooth; leave one out")


def fit_jointly(
    series: Series,
    members: Sequence[SeriesMember],
    plain: Sequence[Plain],
    options: Mapping[str, Any],
    shared: Sequence[str],
    smooth: Sequence[str],
    degree: int = 2,
    report: Progress | None = None,
) -> JointFit:
    """Fit the patterns of a series jointly.

    If some patterns have fringes, those without are left out: a disordered sample has other parameters.

    Parameters
    ----------
    series : Series
        The patterns.
    members : sequence of SeriesMember
        Their separate fits.
    plain, options
        Data and options, as for :func:`slxrd.studies.series.member.fit_alone`.
    shared, smooth : sequence of str
        Shared and smooth parameters; the others are free.
    degree : int
        Degree of the polynomial of a smooth parameter.
    report : callable, optional
        Called with the number of refined paths and of all paths.

    Returns
    -------
    JointFit
        Estimates of every pattern, and all joint minima.

    Raises
    ------
    SlxrdError
        If a name is invalid, or too few patterns remain.
    """
    check_joint(options, shared, smooth, degree)
    used = _used_patterns(members, max(2, degree + 1) if smooth else 2)
    notes: list[str] = []
    out = [members[i].label for i in range(len(members)) if i not in used]
    if out:
        notes.append(
            f"not in the joint fit, having no fringes, no fit, or one that was rejected: {', '.join(out)}"
        )
    widening = max(members[i].widening for i in used)
    if widening > 1.0:
        notes.append(f"residuals of some patterns are systematic: errors were widened × {widening:.2g}")
    if options.get("systematics") != NO_EFFECTS:
        notes.append(
            "errors of the joint fit are those of the noise alone: systematic effects move all patterns, "
            "and are in the errors of the separate fits"
        )
    parts = [_part(members[i], plain[i], options, (*shared, *smooth)) for i in used]
    layout = joint_layout(parts, shared, smooth, degree, series.at)
    minima = _minima(layout, [members[i] for i in used], report)
    best = minima[0]
    # The χ² of the separate fits is of correlated errors: that of the noise alone is compared.
    separate = sum(minimise(part.objective, part.parameters).chi2 for part in parts)
    unknowns = sum(len(part.parameters.free_names) for part in parts)
    rise, constraints = best.chi2 - separate, unknowns - len(layout.names)
    p_value = _probability(rise, constraints, best.expected_rise)
    if p_value < _UNLIKELY:
        notes.append(
            f"the shared or smooth parameters do not describe the series: χ² rises by {rise:.1f} where "
            f"{best.expected_rise:.1f} is expected; leave a parameter free, or raise --degree"
        )
    if not best.converged:
        notes.append("the joint refinement did not converge; its results are not reliable")
    solutions = _solutions(layout, minima)
    return JointFit(
        labels=layout.labels,
        values=layout.values,
        shared=tuple(shared),
        smooth=tuple(smooth),
        degree=degree,
        names=layout.names,
        vector=best.vector,
        columns=tuple(tuple(indices.tolist()) for indices in layout.columns),
        covariances=best.covariances,
        estimates=_estimates(layout, minima, solutions, widening),
        chi2=best.chi2,
        rise=rise,
        constraints=constraints,
        expected_rise=best.expected_rise,
        p_value=p_value,
        solutions=solutions,
        notes=tuple(notes),
    )


def _used_patterns(members: Sequence[SeriesMember], least: int) -> list[int]:
    """Return the indices of the patterns of the joint fit, which need a least number of values."""
    ordered = any(member.fringes for member in members)
    used = [
        i
        for i, m in enumerate(members)
        if not m.failed and m.grade != "rejected" and not (ordered and m.fringes is False)
    ]
    if len({members[i].value for i in used}) < least:
        raise SlxrdError(
            f"{len(used)} patterns remain for the joint fit, which needs {least} at different values"
        )
    return used


def _part(member: SeriesMember, plain: Plain, options: Mapping[str, Any], joint_names: Sequence[str]) -> Part:
    """Return a pattern of the joint fit; parameters that its separate fit did not refine are released."""
    frozen, parameters = refit_objective(plain, options, member.result)
    missing = [name for name in joint_names if name not in parameters.free_names]
    if options.get("coherent") == 1:
        missing = [name for name in missing if name not in ("L", "sigma_L")]
    parameters = parameters.release(*missing).start(**{name: member.best[name] for name in missing})
    return Part(member.label, member.value, frozen.objective, parameters)


def _minima(layout: Layout, members: Sequence[SeriesMember], report: Progress | None) -> list[JointMinimum]:
    """Refine from each path; return the different minima with Δχ² up to the listed one, best first."""
    paths = paths_through_minima(layout.parts, members)
    found = []
    for k, path in enumerate(paths):
        if report is not None:
            report(k, len(paths))
        found.append(joint_minimum(layout, *refine_jointly(layout, layout.start(path))))
    found.sort(key=lambda minimum: minimum.chi2)
    distinct: list[JointMinimum] = []
    for minimum in found:
        near = minimum.chi2 - found[0].chi2 <= _MAX_LISTED
        if near and not any(_same(layout, minimum, other) for other in distinct):
            distinct.append(minimum)
    return distinct


def _same(layout: Layout, one: JointMinimum, other: JointMinimum) -> bool:
    return mean_distance(layout.all_values(one.vector), layout.all_values(other.vector)) < SAME_PATH


def _probability(rise: float, constraints: int, expected: float) -> float:
    """Probability of at least this rise of χ²; a χ² distribution, rescaled to the expected mean."""
    from scipy.special import chdtrc

    if constraints < 1 or not expected > 0.0:
        return 1.0
    return float(chdtrc(constraints, max(rise, 0.0) * constraints / expected))


def _solutions(layout: Layout, minima: Sequence[JointMinimum]) -> tuple[JointSolution, ...]:
    logs = np.array([-0.5 * minimum.chi2 + 0.5 * minimum.log_volume for minimum in minima])
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    return tuple(
        JointSolution(
            tuple(layout.all_values(minimum.vector)), minimum.chi2, minimum.chi2 - minima[0].chi2, weight
        )
        for minimum, weight in zip(minima, weights.tolist(), strict=True)
    )


def _estimates(
    layout: Layout, minima: Sequence[JointMinimum], solutions: Iterable[JointSolution], widening: float
) -> tuple[Mapping[str, Estimate], ...]:
    """Estimates of every pattern; ambiguous where another joint solution is nearly as good.

    Errors and intervals are those of the noise times ``widening``.
    """
    rivals = [
        layout.quantities(minimum.vector, minimum)
        for minimum, solution in zip(minima, solutions, strict=True)
        if solution.delta_chi2 < AMBIGUOUS * widening**2
    ]
    estimates = []
    for k in range(len(layout.labels)):
        rows: dict[str, Estimate] = {}
        for name, estimate in rivals[0][k].items():
            others = [rival[k][name] for rival in rivals]
            intervals = _merged([_widened(e, widening) for e in others if e.interval_95])
            error = None if estimate.error is None else widening * estimate.error
            status = (
                "ambiguous" if estimate.status == "determined" and len(intervals) > 1 else estimate.status
            )
            rows[name] = Estimate(estimate.value, error, estimate.unit, status, estimate.why, (), intervals)
        estimates.append(rows)
    return tuple(estimates)


def _widened(estimate: Estimate, widening: float) -> tuple[float, float]:
    """Widen the 95 % interval of an estimate about its value."""
    low, high = estimate.interval_95[0]
    value = (low + high) / 2.0 if estimate.value is None else estimate.value
    return value - widening * (value - low), value + widening * (high - value)


def _merged(intervals: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Unite overlapping intervals."""
    out: list[tuple[float, float]] = []
    for low, high in sorted(intervals):
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return tuple(out)
