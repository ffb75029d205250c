"""Print a fitted series: the table of its patterns, remarks, the joint fit and the gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slxrd._escape import on_one_line
from slxrd._html import table
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.parameters.definitions import OF_ATOMS, info

if TYPE_CHECKING:
    from slxrd.studies.series.joint.result import JointFit
    from slxrd.studies.series.result import Jump, SeriesFit, SeriesGap

#: Derived quantities in the tables, with their symbols.
DERIVED = {"period": "Λ", "thickness": "t", "thickness_with_surface": "N·d"}
#: Largest number of rows of a printed table, and of remarks of one kind; the files contain all.
_MAX_ROWS, _MAX_REMARKS = 60, 10
#: Columns of the printed table.
_PRINTED = ("d", "L", "sigma_L", "N", "sigma_N", "period")
_NOT_PRINTED = ("q_zero", "period_of_most_probable", "period_S13", *OF_ATOMS)
#: In place of a value of a model that does not describe the pattern.
REJECTED = "×"
_MISSING = Estimate(None, None, "", "undetermined")


def symbol_of(name: str) -> str:
    """Return the symbol of a parameter or derived quantity."""
    return DERIVED[name] if name in DERIVED else info(name).symbol


def is_no_limit(estimate: Estimate) -> bool:
    """Return whether an estimate is a lower limit of zero, which has no meaning.

    It occurs for a long gap, whose fringes are not visible at any disorder.
    """
    return estimate.status == "lower bound" and not (estimate.value or 0.0) > 0.0


def series_text(fit: SeriesFit) -> str:
    """Return a fitted series as text."""
    series = fit.series
    simulated = any(is_simulated(pattern) for pattern in series.patterns)
    done = [member for member in fit.members if not member.failed]
    unit = f" ({series.unit})" if series.unit else ""
    lines = [
        f"{len(done)} patterns, {series.variable}{unit}" + ("  [simulated]" if simulated else ""),
        "",
        *_table([(member.label, member.value, member.estimates) for member in done], series.unit),
        "",
        *_remarks(fit),
    ]
    if fit.joint is not None:
        lines += ["", *_joint_text(fit.joint, series.unit)]
    if fit.gaps:
        lines += ["", *gaps_text(fit.gaps, fit.mean_difference, series.unit)]
    return "\n".join(lines).rstrip()


def series_html(fit: SeriesFit) -> str:
    """Return the table of a fitted series as HTML, for notebooks."""
    done = [member for member in fit.members if not member.failed]
    cells = _table_cells([(member.label, member.value, member.estimates) for member in done], fit.series.unit)
    legend = _legend(["  ".join(f" {cell} " for cell in row) for row in cells[1:]])
    title = f"{len(done)} patterns, {fit.series.variable}"
    return table(title, cells[1:], head=cells[0], notes=[*legend, *_remarks(fit)])


def refined_names(rows: Sequence[Mapping[str, Estimate]]) -> list[str]:
    """Return the parameters that were refined in any pattern, the usual ones first, and the period."""
    further = [name for row in rows for name in row if name not in (*_PRINTED, *_NOT_PRINTED, *DERIVED)]
    names = dict.fromkeys([*_PRINTED[:-1], *further, _PRINTED[-1]])
    return [
        name
        for name in names
        if any(n == name and e.status != "fixed" for row in rows for n, e in row.items())
    ]


def _table(rows: Sequence[tuple[str, float, Mapping[str, Estimate]]], unit: str) -> list[str]:
    """Table of file, value, the parameters that were refined in any pattern, and Λ, with a legend."""
    lines = _aligned(_table_cells(rows, unit), "series.csv")
    return lines + _legend(lines[1:])


def _table_cells(rows: Sequence[tuple[str, float, Mapping[str, Estimate]]], unit: str) -> list[list[str]]:
    shown = refined_names([estimates for _, _, estimates in rows])
    head = ["file", unit or "value"]
    for name in shown:
        row = next(estimates[name] for _, _, estimates in rows if name in estimates)
        head.append(f"{symbol_of(name)} ({row.unit})")
    cells = [head]
    for label, value, estimates in rows:
        cells.append([label, f"{value:g}", *(_cell(estimates.get(name, _MISSING)) for name in shown)])
    return cells


def _cell(estimate: Estimate) -> str:
    if is_no_limit(estimate):
        return "—"
    if estimate.status == "rejected":
        return REJECTED
    marks = {"ambiguous": " ?", "at bound": " |"}
    return _short(estimate) + marks.get(estimate.status, "")


def _short(estimate: Estimate) -> str:
    return format_estimate(estimate).removesuffix(f" {estimate.unit}").replace("not determined", "—")


def _aligned(cells: Sequence[Sequence[str]], file: str) -> list[str]:
    """Pad cells to columns; of many rows, return the first and the last, and name the file with all."""
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = [
        "  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    if len(lines) > _MAX_ROWS + 1:
        half = _MAX_ROWS // 2
        lines = [*lines[: half + 1], f"  … {len(lines) - 1 - 2 * half} more in {file}", *lines[-half:]]
    return lines


def _legend(lines: Sequence[str]) -> list[str]:
    """Meanings of the signs that occur in the lines of a table."""
    meanings = (
        ((" ?",), "? ambiguous: other solutions are nearly as good, and its 95 % interval has several parts"),
        ((" |",), "| on a bound, without an error"),
        (("—",), "— not determined"),
        ((REJECTED,), f"{REJECTED} no result: the model does not describe the pattern"),
        ((" > ", " < "), "> and < are limits, at 95 %"),
    )
    return [
        f"  {meaning}" for signs, meaning in meanings if any(sign in line for line in lines for sign in signs)
    ]


def _remarks(fit: SeriesFit) -> list[str]:
    lines = [f"! {change.text(fit.series)}" for change in fit.changes]
    lines += [f"! {jump_text(jump, fit)}" for jump in fit.jumps[:_MAX_REMARKS]]
    if len(fit.jumps) > _MAX_REMARKS:
        lines.append(f"! and {len(fit.jumps) - _MAX_REMARKS} more jumps (series.json)")
    lines += [*_graded(fit), *(f"! {note}" for note in fit.series.notes)]
    for beginning in ("found from", "reduced χ²", "M ="):
        notes = [
            (member.label, note)
            for member in fit.members
            for note in (() if member.failed else member.result["notes"])
            if note.startswith(beginning)
        ]
        if notes:
            more = f" (and {len(notes) - 1} more patterns)" if len(notes) > 1 else ""
            lines.append(f"! {notes[0][0]}{more}: {notes[0][1]}")
    lines += [f"! left out: {on_one_line(out.source)}: {out.why}" for out in fit.left_out]
    return lines


def _graded(fit: SeriesFit) -> list[str]:
    """Remarks on the patterns that the model does not describe, or describes with systematic residuals."""
    lines = []
    for grade, text in (
        ("rejected", "the model does not describe {}: no quantity of these is a result; {}"),
        ("systematic", "residuals of {} are systematic, and errors were widened; {}"),
    ):
        members = [member for member in fit.members if member.grade == grade]
        if members:
            names = ", ".join(member.label for member in members[:_MAX_REMARKS])
            more = f" and {len(members) - _MAX_REMARKS} more" if len(members) > _MAX_REMARKS else ""
            misfit = members[0].result["assessment"]["misfit"]
            first = misfit["text"] if misfit else members[0].result["assessment"]["reasons"][0]
            lines.append(f"! {text.format(names + more, f'{members[0].label}: {first}')}")
    return lines


def jump_text(jump: Jump, fit: SeriesFit) -> str:
    """Return a sentence on a jump of the solution, and whether the data require it."""
    at = fit.series.at
    head = (
        f"L jumps by {jump.step:+.2f} Å ({jump.in_d:+.2f} d) between {jump.before.value:g} and "
        f"{at(jump.after.value)}"
    )
    poor = any(member.grade in ("systematic", "rejected") for member in (jump.before, jump.after))
    if jump.real and poor:
        return (
            f"{head}: the data require it, but the model does not describe these patterns (reduced χ²), so "
            "the sample need not have it"
        )
    if jump.cost is None:
        return (
            f"{head}: neither pattern can be fitted from the other's solution, so the data require the jump"
        )
    if jump.real:
        return f"{head}: without it χ² is {jump.cost:.1f} higher, so the data require it"
    return (
        f"{head}: without it χ² is only {jump.cost:.1f} higher, so it may be a jump between solutions and "
        "not of the sample; a joint fit can decide (--smooth L)"
    )


def _joint_text(joint: JointFit, unit: str) -> list[str]:
    constraints = [f"{', '.join(map(symbol_of, joint.shared))} shared"] if joint.shared else []
    if joint.smooth:
        constraints.append(f"{', '.join(map(symbol_of, joint.smooth))} smooth (degree {joint.degree})")
    lines = [
        f"joint fit, {'; '.join(constraints)}:",
        "",
        *_table(list(zip(joint.labels, joint.values, joint.estimates, strict=True)), unit),
        "",
        f"χ² = {joint.chi2:.5g}, {joint.rise:.1f} more than in separate fits, with {joint.constraints} fewer "
        f"unknowns ({joint.expected_rise:.1f} expected, p = {joint.p_value:.2g})",
    ]
    if len(joint.solutions) > 1:
        lines.append(f"{len(joint.solutions)} joint solutions, with their probabilities:")
        for i, solution in enumerate(joint.solutions[:6]):
            first, last = solution.values[0], solution.values[-1]
            lines.append(
                f"  {i + 1}. L {first['L']:.2f} → {last['L']:.2f}  N {first['N']:.2f} → {last['N']:.2f}  "
                f"Δχ² {solution.delta_chi2:.2f}  p {solution.probability:.2g}"
            )
    return [*lines, *(f"! {note}" for note in joint.notes)]


def gaps_text(gaps: Sequence[SeriesGap], mean: Estimate, unit: str) -> list[str]:
    """Return the gaps of a series as lines of text.

    Parameters
    ----------
    gaps : sequence of SeriesGap
        Gap of each pattern.
    mean : Estimate
        Mean of L − w in Å, from :func:`slxrd.studies.series.result.average_difference`.
    unit : str
        Unit of the variable.
    """
    cells = [["pattern", unit or "value", "w (Å)", "L − w (Å)", "d (Å)"]]
    for gap in gaps:
        estimates = (gap.width, gap.difference, gap.d)
        shown = (_cell(e) for e in estimates)
        cells.append([gap.label, f"{gap.value:g}", *shown])
    lines = [
        "low angles: w is the gap of low density, and L − w should be d",
        "",
        *_aligned(cells, "lowangle.csv"),
    ]
    if mean.value is not None:
        lines += [
            "",
            f"L − w on average {format_estimate(mean)}; most of the error is common to all patterns",
        ]
    missing: dict[str, list[str]] = {}
    for gap in gaps:
        if gap.width.value is None:
            missing.setdefault(str(gap.record.get("failed", "")) or gap.width.why, []).append(gap.label)
    for why, labels in missing.items():
        more = f" (and {len(labels) - 1} more patterns)" if len(labels) > 1 else ""
        lines.append(f"! {labels[0]}{more}: {why}")
    return lines
