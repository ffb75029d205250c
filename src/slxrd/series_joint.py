"""All patterns of a series fitted together: parameters shared, smooth, or free along it.

χ² is the sum over the patterns. A shared parameter has one value, a smooth one is a polynomial of the
variable, given by its values at degree + 1 places, so that its bounds are those of the parameter. The
minima of single patterns, about d apart in L, are followed through the series; each path is refined
together, and what one pattern leaves open the others may settle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.result import AMBIGUOUS, Estimate
from slxrd.scan import Progress
from slxrd.series import Series
from slxrd.series_fit import Plain, refit_objective
from slxrd.series_joint_result import JointFit, JointSolution
from slxrd.series_layout import Layout, Part, lay_series_out
from slxrd.series_normal import Normal, normal_equations
from slxrd.series_paths import SAME_PATH, apart, paths_through
from slxrd.series_refine import refine_together
from slxrd.series_result import Member
from slxrd.table import info

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
    members: Sequence[Member],
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
    members : sequence of Member
        What they gave by themselves.
    plain, options
        What they were fitted from, as for :func:`slxrd.series_fit.fit_alone`.
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
