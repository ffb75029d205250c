"""Fits as text and HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from slxrd._escape import on_one_line
from slxrd._html import table
from slxrd.data.pattern import Pattern
from slxrd.fitting.result.assessment import AS_PROBABLE, rival_text
from slxrd.fitting.result.budget_table import budget_lines
from slxrd.fitting.result.ensemble import Pieces
from slxrd.fitting.result.fit import Estimate, Fit, FitResult
from slxrd.parameters.definitions import DERIVED, OF_ATOMS, STACKING, TABLE, info
from slxrd.sample.stack import Stack

if TYPE_CHECKING:
    from slxrd.fitting.record.read import SavedPattern

#: Solutions shown in the printed list.
MOST_SHOWN = 6
#: An interval is shown beside the error if the ratio of its shorter to its longer side is below this.
ASYMMETRIC = 0.6


def summarise(fit: Fit) -> str:
    """Write the result of a fit as text.

    Parameters
    ----------
    fit : Fit
        The fit.
    """
    pattern = fit.pattern
    title = on_one_line(pattern.source)
    if is_simulated(pattern):
        title += "  [simulated]"
    lines = [
        title,
        *(() if fit.assessment is None else fit.assessment.lines),
        f"{fit.n_points} points in {len(fit.regions)} region{'s' if len(fit.regions) > 1 else ''}, "
        f"{fit.stack}, {fit.instrument}, {fit.noise}",
        str(fit.settings),
    ]
    lines += [f"  {step}" for step in pattern.history]
    lines += [f"with {on_one_line(scan.pattern.source)}: {scan.instrument}" for scan in fit.further_scans]
    lines += ["", *_rows(fit), ""]
    budget = budget_lines(fit)
    lines += [*budget, ""] if budget else []
    for region in fit.regions:
        share = float(region.residual @ region.residual) / region.q.size
        lines.append(
            f"region {on_one_line(region.region.name)}: weight {region.region.weight:g}, "
            f"{region.q.size} points, mean squared residual {share:.3g}"
        )
    lines.append(f"χ² = {fit.chi2:.5g}, reduced χ² = {fit.reduced_chi2:.3g}; {fit.why_stopped}")
    lines += _solutions(fit)
    if fit.assessment is not None:
        lines += [rival_text(rival) for rival in fit.assessment.rivals if rival.log_odds >= AS_PROBABLE]
    lines += [f"! {note}" for note in fit.notes]
    return "\n".join(lines)


def one_line(fit: FitResult) -> str:
    """Describe a fit in one line: file, reduced χ², number of solutions."""
    n = len(fit.solutions)
    grade = "" if fit.assessment is None else f", {fit.assessment.grade}"
    return (
        f"<{type(fit).__name__} of {fit.pattern.source}: reduced χ² {fit.reduced_chi2:.3g}{grade}, "
        f"{n} solution{'s' if n != 1 else ''}>"
    )


def fit_html(fit: FitResult) -> str:
    """Write the table of a fit as HTML, for notebooks; each value with its status."""
    points = f"{fit.n_points} points, χ² = {fit.chi2:.5g}, reduced χ² = {fit.reduced_chi2:.3g}"
    solutions = [f"{len(fit.solutions)} solutions (minima of χ²)"] if len(fit.solutions) > 1 else []
    assessed = [] if fit.assessment is None else [line.strip() for line in fit.assessment.lines]
    return table(
        f"{fit.pattern.source}{'  [simulated]' if is_simulated(fit.pattern) else ''}",
        _cells(fit.stack, fit.parameters, fit.derived),
        head=("", "value", "status", "meaning"),
        notes=[*assessed, points, fit.why_stopped, *solutions, *(f"! {note}" for note in fit.notes)],
    )


def is_simulated(pattern: Pattern | SavedPattern) -> bool:
    """Whether the metadata of a pattern state that it was simulated."""
    return any("simulated" in f"{key} {value}".lower() for key, value in pattern.metadata.items())


def format_estimate(estimate: Estimate) -> str:
    """Write value and error with their significant digits, or ``"not determined"``, or ``"no result"``.

    Every value with its error is written by this function.
    """
    value, unit = estimate.value, estimate.unit
    if estimate.status == "rejected":
        return "no result" if value is None else f"no result ({f'{value:.4g} {unit}'.rstrip()} in the curve)"
    if value is None:
        return "not determined"
    if estimate.status == "lower bound":
        return f"> {value:.3g} {unit}"
    if estimate.status == "upper bound":
        return f"< {value:.3g} {unit}"
    if estimate.error is None:
        return f"{value:.6g} {unit}"
    digits = max(0, 1 - math.floor(math.log10(estimate.error))) if estimate.error > 0.0 else 6
    return f"{value:.{digits}f} ± {estimate.error:.{digits}f} {unit}"


def format_interval(pieces: Pieces, error: float | None) -> str:
    """Write an interval, ``"22.99 to 23.07 or 27.85 to 28.12"``, with one digit more than its error has."""
    digits = 1 - math.floor(math.log10(error)) if error else 4
    return " or ".join(f"{low:.{max(0, digits)}f} to {high:.{max(0, digits)}f}" for low, high in pieces)


def _remark(estimate: Estimate) -> str:
    """Remark on an estimate: separate or asymmetric intervals, or why there is no error."""
    if estimate.status == "ambiguous" and estimate.interval_95:
        return f" [95 %: {format_interval(estimate.interval_95, estimate.error)}]"
    if estimate.status == "determined" and estimate.value is not None and len(estimate.interval_68) == 1:
        low, high = estimate.interval_68[0]
        below, above = estimate.value - low, high - estimate.value
        if min(below, above) < ASYMMETRIC * max(below, above):
            return f" [68 %: {format_interval(estimate.interval_68, estimate.error)}]"
    if estimate.status == "rejected":
        return ""
    if estimate.why and (estimate.status != "determined" or estimate.why.startswith("tied")):
        return f" [{estimate.why}]"
    return ""


def _rows(fit: Fit) -> list[str]:
    cells = _cells(fit.stack, fit.parameters, fit.derived)
    widths = [max(len(row[i]) for row in cells) for i in range(3)]
    return [f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d}".rstrip() for a, b, c, d in cells]


def _cells(
    stack: Stack, parameters: Mapping[str, Estimate], derived: Mapping[str, Estimate]
) -> list[tuple[str, str, str, str]]:
    """Symbol, value, status unless determined, and meaning of each quantity of the structure."""
    names = dict(DERIVED)
    if stack.alternating:
        names["period"] = ("Λ", "superlattice period: both crystals of mean size, and both gaps")
    stacked = stack.coherent > 1
    rows = [
        (info(n).symbol, e, info(n).meaning) for n, e in parameters.items() if stacked or n not in STACKING
    ]
    rows += [
        (names[n][0], e, names[n][1] + (_in_nm(e) if n in OF_ATOMS else ""))
        for n, e in derived.items()
        if stacked or n.startswith("thickness")
    ]
    cells: list[tuple[str, str, str, str]] = []
    for symbol, estimate, meaning in rows:
        state = "" if estimate.status == "determined" else estimate.status
        cells.append((symbol, format_estimate(estimate), state, meaning + _remark(estimate)))
    return cells


def _in_nm(estimate: Estimate) -> str:
    if estimate.value is None or estimate.status == "rejected":
        return ""
    tenth = replace(estimate, value=estimate.value / 10.0, unit="nm")
    return f" ({format_estimate(replace(tenth, error=estimate.error / 10.0 if estimate.error else None))})"


def _solutions(fit: Fit) -> list[str]:
    if len(fit.solutions) < 2:
        return []
    if fit.rejected:
        return [f"{len(fit.solutions)} minima of χ² were found; the best of them does not describe the data"]
    lines = ["", f"{len(fit.solutions)} solutions (minima of χ²), the most probable first:"]
    for i, solution in enumerate(fit.solutions[:MOST_SHOWN]):
        v = solution.values
        further = "".join(f"{info(n).symbol} {v[n]:.4g}  " for n in fit.names if n not in TABLE)
        gap = f"L {v['L']:7.3f}  σ_L {v['sigma_L']:6.3f}  " if fit.stack.coherent > 1 else ""
        lines.append(
            f"  {i + 1}. {gap}N {v['N']:6.2f}  σ_N {v['sigma_N']:5.2f}  "
            f"d {v['d']:7.4f}  {further}Δχ² {solution.delta_chi2:7.2f}  p {solution.probability:.2g}"
        )
    if len(fit.solutions) > MOST_SHOWN:
        lines.append(f"  and {len(fit.solutions) - MOST_SHOWN} more")
    return [*lines, ""]
