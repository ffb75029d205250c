"""A fitted series as people read it: printed, one CSV and one JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import slxrd
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, format_interval, is_simulated
from slxrd.parameters.definitions import OF_ATOMS, info
from slxrd.studies.series.joint.result import JointFit
from slxrd.studies.series.lowangle import gaps_text
from slxrd.studies.series.result import Jump, SeriesFit, SeriesMember

#: Version of the layout of series.json. In 1 the joint covariance was one matrix of all unknowns.
SCHEMA = 2
#: Derived quantities in the tables, with their symbols.
DERIVED = {"period": "Λ", "thickness": "t", "thickness_with_surface": "N·d"}
#: Rows of a printed table, and remarks of a kind; files hold the rest.
_MOST_ROWS, _MOST_REMARKS = 60, 10
#: Columns of the printed table.
_PRINTED = ("d", "L", "sigma_L", "N", "sigma_N", "period")
_NOT_PRINTED = ("q_zero", "period_of_most_probable", "period_S13", *OF_ATOMS)


def symbol_of(name: str) -> str:
    """A parameter or derived quantity as it is written on paper."""
    return DERIVED[name] if name in DERIVED else info(name).symbol


def is_no_limit(estimate: Estimate) -> bool:
    """Whether a lower limit is zero, which says nothing: a long gap hides fringes at any disorder."""
    return estimate.status == "lower bound" and not (estimate.value or 0.0) > 0.0


def series_text(fit: SeriesFit) -> str:
    """Write a fitted series as text."""
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
        lines += ["", *gaps_text(fit.gaps, series.unit)]
    return "\n".join(lines).rstrip()


def refined_names(rows: Sequence[Mapping[str, Estimate]]) -> list[str]:
    """Parameters that were refined anywhere, the usual ones first, and the period."""
    further = [name for row in rows for name in row if name not in (*_PRINTED, *_NOT_PRINTED, *DERIVED)]
    names = dict.fromkeys([*_PRINTED[:-1], *further, _PRINTED[-1]])
    return [
        name
        for name in names
        if any(n == name and e.status != "fixed" for row in rows for n, e in row.items())
    ]


def _table(rows: Sequence[tuple[str, float, Mapping[str, Estimate]]], unit: str) -> list[str]:
    """Aligned columns: file, value, the parameters that were refined anywhere, and Λ."""
    shown = refined_names([estimates for _, _, estimates in rows])
    head = ["file", unit or "value"]
    for name in shown:
        row = next(estimates[name] for _, _, estimates in rows if name in estimates)
        head.append(f"{symbol_of(name)} ({row.unit})")
    cells = [head]
    marks = {"ambiguous": " ?", "at bound": " |"}
    for label, value, estimates in rows:
        line = [label, f"{value:g}"]
        for name in shown:
            estimate = estimates.get(name, Estimate(None, None, "", "undetermined"))
            text = format_estimate(estimate).removesuffix(f" {estimate.unit}").replace("not determined", "—")
            line.append("—" if is_no_limit(estimate) else text + marks.get(estimate.status, ""))
        cells.append(line)
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        "  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    if len(lines) > _MOST_ROWS + 1:
        half = _MOST_ROWS // 2
        lines = [*lines[: half + 1], f"  … {len(lines) - 1 - 2 * half} more in series.csv", *lines[-half:]]
    if any(" ?" in line for line in lines[1:]):
        lines.append("  ? ambiguous: other solutions are nearly as good, and its 95 % interval is in pieces")
    if any(" |" in line for line in lines[1:]):
        lines.append("  | on a bound, without an error")
    if any("—" in line for line in lines[1:]):
        lines.append("  — not determined")
    if any(sign in line for line in lines[1:] for sign in (" > ", " < ")):
        lines.append("  > and < are limits, at 95 %")
    return lines


def _remarks(fit: SeriesFit) -> list[str]:
    lines = [f"! {change.told(fit.series)}" for change in fit.changes]
    lines += [f"! {jump_text(jump, fit)}" for jump in fit.jumps[:_MOST_REMARKS]]
    if len(fit.jumps) > _MOST_REMARKS:
        lines.append(f"! and {len(fit.jumps) - _MOST_REMARKS} more jumps (series.json)")
    lines += [f"! {note}" for note in fit.series.notes]
    for beginning in ("found from", "reduced χ²", "M ="):
        told = [
            (member.label, note)
            for member in fit.members
            for note in (() if member.failed else member.result["notes"])
            if note.startswith(beginning)
        ]
        if told:
            more = f" (and {len(told) - 1} more patterns)" if len(told) > 1 else ""
            lines.append(f"! {told[0][0]}{more}: {told[0][1]}")
    lines += [f"! left out: {out.source}: {out.why}" for out in fit.left_out]
    return lines


def jump_text(jump: Jump, fit: SeriesFit) -> str:
    """Say where a solution jumps, and whether the data would have it otherwise."""
    at = fit.series.at
    head = (
        f"L jumps by {jump.step:+.2f} Å ({jump.in_d:+.2f} d) between {jump.before.value:g} and "
        f"{at(jump.after.value)}"
    )
    poor = any(
        note.startswith("reduced χ²") and "too large" in note
        for member in (jump.before, jump.after)
        for note in member.result["notes"]
    )
    if jump.real and poor:
        return (
            f"{head}: the data have it so, but the model does not describe these patterns (reduced χ²), so "
            "it need not be in the sample"
        )
    if jump.cost is None:
        return f"{head}: from the one's solution the other cannot be fitted, so the jump is in the data"
    if jump.real:
        return f"{head}: without it χ² is {jump.cost:.1f} higher, so the jump is in the data"
    return (
        f"{head}: without it χ² is only {jump.cost:.1f} higher, so it may be one between solutions and not "
        "in the sample; a joint fit would settle it (--smooth L)"
    )


def _joint_text(joint: JointFit, unit: str) -> list[str]:
    told = [f"{', '.join(map(symbol_of, joint.shared))} shared"] if joint.shared else []
    if joint.smooth:
        told.append(f"{', '.join(map(symbol_of, joint.smooth))} smooth (degree {joint.degree})")
    lines = [
        f"together, {'; '.join(told)}:",
        "",
        *_table(list(zip(joint.labels, joint.values, joint.estimates, strict=True)), unit),
        "",
        f"χ² = {joint.chi2:.5g}, {joint.rise:.1f} more than by themselves for {joint.constraints} unknowns "
        f"fewer ({joint.expected_rise:.1f} expected, p = {joint.p_value:.2g})",
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


def series_csv(fit: SeriesFit) -> str:
    """Write one row for each pattern, with errors, 95 % intervals and statuses.

    Units stand in the header. Where a value is a limit its error is empty and its status says so.
    """
    series = fit.series
    names = _columns(fit.members)
    variable = series.variable + (f" ({series.unit})" if series.unit else "")
    header = [variable, "file", "data", "status"]
    for name, unit in names:
        header += [f"{name} ({unit})", f"{name}_error", f"{name}_95", f"{name}_status"]
    header += ["chi2", "reduced_chi2", "n_points", "solutions", "fringes", "intensity", "notes"]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    for member, pattern in zip(fit.members, series.patterns, strict=True):
        start = [f"{member.value:.10g}", member.source, "simulated" if is_simulated(pattern) else "measured"]
        if member.failed:
            row = [*start, "failed"]
            table.writerow([*row, *[""] * (len(header) - len(row) - 1), member.failed])
            continue
        result, estimates = member.result, member.estimates
        row = [*start, "fitted" if result["converged"] else "not converged"]
        for name, unit in names:
            row += _cells(estimates.get(name, Estimate(None, None, unit, "undetermined")))
        area = sum(part["area"] for part in member.record["areas"])
        row += [_written(result["chi2"]), _written(result["reduced_chi2"]), str(result["n_points"])]
        row += [str(len(result["solutions"])), {True: "yes", False: "no", None: ""}[member.fringes]]
        table.writerow([*row, _written(area), "; ".join(result["notes"])])
    return text.getvalue()


def _columns(members: Sequence[SeriesMember]) -> list[tuple[str, str]]:
    """Names and units of parameters and derived quantities, as the first fitted pattern has them."""
    first = next(member for member in members if not member.failed)
    return [(name, estimate.unit) for name, estimate in first.estimates.items()]


def _cells(estimate: Estimate) -> list[str]:
    pieces = format_interval(estimate.interval_95, estimate.error) if estimate.interval_95 else ""
    return [_written(estimate.value), _written(estimate.error), pieces, estimate.status]


def _written(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.10g}"


def curves_csv(member: SeriesMember) -> str:
    """Write the curves of one pattern: q (Å⁻¹), measured, sigma, calculated, region."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["q", "measured", "sigma", "calculated", "region"])
    for curve in member.record["curves"]:
        columns = (curve[name] for name in ("q", "measured", "sigma", "calculated"))
        for row in zip(*columns, strict=True):
            table.writerow([*(f"{value:.10g}" for value in row), curve["region"]])
    return text.getvalue()


def series_dictionary(fit: SeriesFit, command: str = "") -> dict[str, Any]:
    """Lay out a fitted series as plain data, ready for JSON; what is not determined is null."""
    series = fit.series
    return {
        "slxrd": slxrd.__version__,
        "schema": SCHEMA,
        "variable": series.variable,
        "unit": series.unit,
        "command": command,
        "patterns": [
            {
                "label": member.label,
                "value": member.value,
                "file": member.source,
                "simulated": is_simulated(pattern),
                **({"failed": member.failed} if member.failed else {"result": member.result}),
                "fringes": member.fringes,
                **({"low_angle": fit.gaps[i].record} if fit.gaps else {}),
                "areas": member.record.get("areas", []),
                "from_neighbours": [asdict(path) for path in member.paths],
            }
            for i, (member, pattern) in enumerate(zip(fit.members, series.patterns, strict=True))
        ],
        "changes": [
            {
                "between": [change.before.value, change.after.value],
                "order": "lost" if change.lost else "gained",
                "certain": change.certain,
                "growth": change.growth,
                "growth_error": change.growth_error,
                "intensity": change.intensity,
                "told": change.told(series),
            }
            for change in fit.changes
        ],
        "jumps": [
            {
                "between": [jump.before.value, jump.after.value],
                "step": jump.step,
                "in_d": jump.in_d,
                "cost": jump.cost,
                "real": jump.real,
            }
            for jump in fit.jumps
        ],
        "joint": None if fit.joint is None else _joint_dictionary(fit.joint),
        "left_out": [asdict(out) for out in fit.left_out],
        "notes": list(series.notes),
        "printed": series_text(fit),
    }


def _joint_dictionary(joint: JointFit) -> dict[str, Any]:
    plain = {name: getattr(joint, name) for name in (
        "labels", "values", "shared", "smooth", "degree", "names", "chi2", "rise", "constraints",
        "expected_rise", "p_value", "notes",
    )}  # fmt: skip
    return {
        **plain,
        "vector": joint.vector.tolist(),
        "covariances": [
            {
                "unknowns": [joint.names[i] for i in columns],
                "matrix": [[value if math.isfinite(value) else None for value in row] for row in matrix],
            }
            for columns, matrix in zip(
                joint.columns, (covariance.tolist() for covariance in joint.covariances), strict=True
            )
        ],
        "estimates": [{n: asdict(e) for n, e in rows.items()} for rows in joint.estimates],
        "solutions": [asdict(solution) for solution in joint.solutions],
    }


def series_json(fit: SeriesFit, command: str = "") -> str:
    """Write :func:`series_dictionary` as JSON text."""
    return json.dumps(series_dictionary(fit, command), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def joint_csv(joint: JointFit, variable: str) -> str:
    """Write one row for each pattern of the joint fit."""
    names = [(name, estimate.unit) for name, estimate in joint.estimates[0].items()]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    header = [variable, "pattern"]
    for name, unit in names:
        header += [f"{name} ({unit})", f"{name}_error", f"{name}_95", f"{name}_status"]
    table.writerow(header)
    for label, value, estimates in zip(joint.labels, joint.values, joint.estimates, strict=True):
        row = [f"{value:.10g}", label]
        for name, _ in names:
            row += _cells(estimates[name])
        table.writerow(row)
    return text.getvalue()
