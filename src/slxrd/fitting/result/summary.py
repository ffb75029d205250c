"""Values and fits as short text and as HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from slxrd._html import table
from slxrd.data.pattern import Pattern
from slxrd.fitting.result.ensemble import Pieces
from slxrd.fitting.result.fit import Estimate, FitResult
from slxrd.parameters.definitions import DERIVED, OF_ATOMS, SHORT_OF_DERIVED, STACKING, info
from slxrd.sample.stack import Stack

if TYPE_CHECKING:
    from slxrd.fitting.record.read import SavedPattern

#: An interval is shown beside the error if the ratio of its shorter to its longer side is below this.
ASYMMETRIC = 0.6


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


def remark(estimate: Estimate) -> str:
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


def named_estimates(
    stack: Stack, parameters: Mapping[str, Estimate], derived: Mapping[str, Estimate]
) -> list[tuple[str, str, Estimate, str, str]]:
    """Return name, symbol, estimate, short and full meaning of each quantity of the structure.

    Parameters
    ----------
    stack : Stack
        The structure; a single crystal has no gap.
    parameters, derived : mapping of str to Estimate
        As in :class:`slxrd.fitting.result.fit.FitResult`.
    """
    stacked = stack.coherent > 1
    rows = [
        (n, info(n).symbol, e, info(n).short or info(n).meaning, info(n).meaning)
        for n, e in parameters.items()
        if stacked or n not in STACKING
    ]
    for n, e in derived.items():
        if stacked or n.startswith("thickness"):
            symbol, meaning = DERIVED[n]
            if n == "period" and stack.alternating:
                meaning = "superlattice period: both crystals of mean size, and both gaps"
            meaning += _in_nm(e) if n in OF_ATOMS else ""
            short = meaning if n in OF_ATOMS or stack.alternating else SHORT_OF_DERIVED.get(n, meaning)
            rows.append((n, symbol, e, short, meaning))
    return rows


def _cells(
    stack: Stack, parameters: Mapping[str, Estimate], derived: Mapping[str, Estimate]
) -> list[tuple[str, str, str, str]]:
    """Symbol, value, status unless determined, and meaning of each quantity of the structure."""
    cells: list[tuple[str, str, str, str]] = []
    for _, symbol, estimate, _, meaning in named_estimates(stack, parameters, derived):
        state = "" if estimate.status == "determined" else estimate.status
        if state == "ambiguous" and estimate.interval_95:  # no value: other intervals are as probable
            pieces = format_interval(estimate.interval_95, estimate.error)
            cells.append((symbol, f"{pieces} {estimate.unit}".rstrip(), f"{state} (95 %)", meaning))
        else:
            cells.append((symbol, format_estimate(estimate), state, meaning + remark(estimate)))
    return cells


def _in_nm(estimate: Estimate) -> str:
    if estimate.value is None or estimate.status == "rejected":
        return ""
    tenth = replace(estimate, value=estimate.value / 10.0, unit="nm")
    return f" ({format_estimate(replace(tenth, error=estimate.error / 10.0 if estimate.error else None))})"
