"""All patterns of a series fitted together: parameters shared, smooth, or free along it.

χ² is the sum over the patterns. A shared parameter has one value, a smooth one is a polynomial of the
variable, given by its values at degree + 1 places, so that its bounds are those of the parameter. The
minima of single patterns, about d apart in L, are followed through the series; each path is refined
together, and what one pattern leaves open the others may settle.

Ways through the minima of a series: the solutions of some of its patterns, followed through the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import info
from slxrd.studies.series.joint.layout import Layout, Part, lay_series_out
from slxrd.studies.series.joint.refinement import Normal, normal_equations, refine_together
from slxrd.studies.series.joint.result import JointFit, JointSolution
from slxrd.studies.series.member import Plain, refit_objective
from slxrd.studies.series.patterns import Series
from slxrd.studies.series.result import SeriesMember

Values = Mapping[str, float]
#: The most paths that are refined together.
_MOST_PATHS = 12
#: Paths are one if L differs by less than this many d, on average.
SAME_PATH = 0.25
#: Two paths go on as one where L differs by less than this many d, and N by as many planes.
_MET = 0.02


def paths_through(parts: Sequence[Part], members: Sequence[SeriesMember]) -> list[list[Values]]:
    """Values of all parameters in every pattern, for each way through their minima.

    The solutions of the first, the middle and the last pattern are followed through the series, and so are
    the patterns' own best ones.

    Parameters
    ----------
    parts : sequence of Part
        The patterns.
    members : sequence of SeriesMember
        What they gave by themselves, in the same order.
    """
    found: list[list[Values]] = [[dict(member.best) for member in members]]
    if all("L" in part.parameters.free_names for part in parts):
        follow = _Follower(parts)
        for seed in sorted({0, len(parts) // 2, len(parts) - 1}):
            for solution in members[seed].result["solutions"]:
                path = {seed: dict(solution["parameters"])}
                for step, order in ((1, range(seed + 1, len(parts))), (-1, range(seed - 1, -1, -1))):
                    previous: Values = path[seed]
                    for k in order:
                        previous = follow(k, step, previous)
                        path[k] = dict(previous)
                found.append([path[k] for k in range(len(parts))])
    different: list[list[Values]] = []
    for candidate in found:
        if not any(apart(candidate, other) < SAME_PATH for other in different):
            different.append(candidate)
    return different[:_MOST_PATHS]


def apart(one: Sequence[Values], other: Sequence[Values]) -> float:
    """Mean distance in L, in units of d."""
    return float(np.mean([abs(a["L"] - b["L"]) / a["d"] for a, b in zip(one, other, strict=True)]))


class _Follower:
    """From the minimum of a neighbour to one of a pattern; where paths have met, once for both."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._known: dict[tuple[int, int], list[tuple[Values, Values]]] = {}

    def __call__(self, k: int, step: int, values: Values) -> Values:
        known = self._known.setdefault((k, step), [])
        for before, after in known:
            if (
                abs(before["L"] - values["L"]) < _MET * values["d"]
                and abs(before["N"] - values["N"]) < _MET
                and before.keys() == values.keys()
            ):
                return after
        part = self._parts[k]
        rows = {name: part.parameters[name] for name in part.parameters.free_names}
        inside = {name: float(np.clip(values[name], row.lower, row.upper)) for name, row in rows.items()}
        found = dict(minimise(part.objective, part.parameters.start(**inside)).values)
        known.append((values, found))
        return found


#: Joint minima worse than the best by more than this in χ² are not listed.
_WORST_LISTED = 60.0
#: Below this probability the constraints are said not to hold.
_UNLIKELY = 0.01


def check_joint(
    options: Mapping[str, Any], shared: Sequence[str], smooth: Sequence[str], degree: int
) -> None:
    """See beforehand that parameters can be shared or smooth.

    Raises
    ------
    SlxrdError
        If a name is unknown, told twice, fixed or tied, or the degree is not 0 to 4.
    """
    if not 0 <= degree <= 4:
        raise SlxrdError(f"degree {degree} of what is smooth: must be 0 to 4")
    for name in (*shared, *smooth):
        info(name)
        if [*shared, *smooth].count(name) > 1:
            raise SlxrdError(f"{name} cannot be told twice to be shared or smooth")
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
    """Fit the patterns of a series together.

    Patterns without fringes are left out where those of others have them: without order a crystal is
    another one.

    Parameters
    ----------
    series : Series
        The patterns.
    members : sequence of SeriesMember
        What they gave by themselves.
    plain, options
        What they were fitted from, as for :func:`slxrd.studies.series.member.fit_alone`.
    shared, smooth : sequence of str
        Parameters of either kind; the others are free.
    degree : int
        Of the polynomial of what is smooth.
    report : callable, optional
        Called with paths refined and paths in all.

    Raises
    ------
    SlxrdError
        If the names are at fault, or too few patterns are left.
    """
    check_joint(options, shared, smooth, degree)
    notes: list[str] = []
    ordered = any(member.fringes for member in members)
    chosen = [i for i, m in enumerate(members) if not m.failed and not (ordered and m.fringes is False)]
    out = [members[i].label for i in range(len(members)) if i not in chosen]
    if out:
        notes.append(f"not in the joint fit, having no fringes or no fit: {', '.join(out)}")
    least = max(2, degree + 1) if smooth else 2
    if len({members[i].value for i in chosen}) < least:
        raise SlxrdError(
            f"{len(chosen)} patterns are left for the joint fit, which needs {least} at different values"
        )
    parts = []
    for i in chosen:
        frozen, parameters = refit_objective(plain[i], options, members[i].result)
        missing = [n for n in (*shared, *smooth) if n not in parameters.free_names]
        if options.get("coherent") == 1:
            missing = [name for name in missing if name not in ("L", "sigma_L")]
        begin = {name: members[i].best[name] for name in missing}
        parameters = parameters.release(*missing).start(**begin)
        parts.append(Part(members[i].label, members[i].value, frozen.objective, parameters))
    layout = lay_series_out(parts, shared, smooth, degree, series.at)
    paths = paths_through(parts, [members[i] for i in chosen])
    found = []
    for k, path in enumerate(paths):
        if report is not None:
            report(k, len(paths))
        found.append(_refined(layout, path))
    found.sort(key=lambda normal: normal.chi2)
    kept: list[Normal] = []
    for normal in found:
        near = normal.chi2 - found[0].chi2 <= _WORST_LISTED
        if near and not any(_same(layout, normal, other) for other in kept):
            kept.append(normal)
    best = kept[0]
    own = sum(members[i].result["chi2"] for i in chosen)
    unknowns = sum(len(part.parameters.free_names) for part in parts)
    rise, constraints = best.chi2 - own, unknowns - len(layout.names)
    p_value = _probability(rise, constraints, best.expected_rise)
    if p_value < _UNLIKELY:
        notes.append(
            f"what is shared or smooth does not hold: χ² rises by {rise:.1f} where {best.expected_rise:.1f} "
            "is expected; leave a parameter free, or raise --degree"
        )
    if not best.converged:
        notes.append("the joint refinement did not converge; its numbers are not to be trusted")
    solutions = _solutions(layout, kept)
    return JointFit(
        labels=layout.labels,
        values=layout.values,
        shared=tuple(shared),
        smooth=tuple(smooth),
        degree=degree,
        names=layout.names,
        vector=best.vector,
        columns=tuple(tuple(places.tolist()) for places in layout.columns),
        covariances=best.covariances,
        estimates=_estimates(layout, kept, solutions),
        chi2=best.chi2,
        rise=rise,
        constraints=constraints,
        expected_rise=best.expected_rise,
        p_value=p_value,
        solutions=solutions,
        notes=tuple(notes),
    )


def _same(layout: Layout, one: Normal, other: Normal) -> bool:
    return apart(layout.all_values(one.vector), layout.all_values(other.vector)) < SAME_PATH


def _refined(layout: Layout, path: Sequence[Mapping[str, float]]) -> Normal:
    """Refine all patterns together from a path."""
    return normal_equations(layout, *refine_together(layout, layout.start(path)))


def _probability(rise: float, constraints: int, expected: float) -> float:
    """Of a rise of χ² or more; its mean under weights is brought to that of a χ² distribution."""
    from scipy.stats import chi2

    if constraints < 1 or not expected > 0.0:
        return 1.0
    return float(chi2.sf(max(rise, 0.0) * constraints / expected, constraints))


def _solutions(layout: Layout, kept: Sequence[Normal]) -> tuple[JointSolution, ...]:
    weights = np.array([-0.5 * normal.chi2 + 0.5 * normal.log_volume for normal in kept])
    shares = np.exp(weights - weights.max())
    shares /= shares.sum()
    return tuple(
        JointSolution(tuple(layout.all_values(normal.vector)), normal.chi2, normal.chi2 - kept[0].chi2, share)
        for normal, share in zip(kept, shares.tolist(), strict=True)
    )


def _estimates(
    layout: Layout, kept: Sequence[Normal], solutions: Iterable[JointSolution]
) -> tuple[Mapping[str, Estimate], ...]:
    """Estimates of every pattern; ambiguous where another joint solution is nearly as good."""
    rivals = [
        layout.quantities(normal.vector, normal)
        for normal, solution in zip(kept, solutions, strict=True)
        if solution.delta_chi2 < AMBIGUOUS
    ]
    told = []
    for k in range(len(layout.labels)):
        rows: dict[str, Estimate] = {}
        for name, estimate in rivals[0][k].items():
            others = [rival[k][name] for rival in rivals]
            pieces = _joined([e.interval_95[0] for e in others if e.interval_95])
            status = "ambiguous" if estimate.status == "determined" and len(pieces) > 1 else estimate.status
            rows[name] = Estimate(
                estimate.value, estimate.error, estimate.unit, status, estimate.why, (), pieces
            )
        told.append(rows)
    return tuple(told)


def _joined(pieces: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Overlapping pieces made one."""
    out: list[tuple[float, float]] = []
    for low, high in sorted(pieces):
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return tuple(out)
