"""Files of a fitted series: series.csv, series.json, joint.csv, lowangle.csv, and curves of each pattern."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import slxrd
from slxrd._documents import read_json
from slxrd._escape import CsvWriter
from slxrd.errors import FileError
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_interval, is_simulated
from slxrd.studies.series.joint.result import JointFit
from slxrd.studies.series.layout import JointDocument, PatternDocument, SeriesDocument
from slxrd.studies.series.result import SeriesFit, SeriesGap, SeriesMember
from slxrd.studies.series.text import series_text

#: Version of the layout of series.json. In version 1 the joint covariance was one matrix of all unknowns.
SCHEMA = 2


def series_csv(fit: SeriesFit) -> str:
    """Return one row for each pattern, with errors, 95 % intervals and statuses.

    The header contains the units. The error of a limit is empty; its status is that of a limit.
    """
    series = fit.series
    names = _columns(fit.members)
    variable = series.variable + (f" ({series.unit})" if series.unit else "")
    header = [variable, "file", "data", "status"]
    for name, unit in names:
        header += [f"{name} ({unit})", f"{name}_error", f"{name}_95", f"{name}_status"]
    header += ["assessment", "chi2", "reduced_chi2", "n_points", "solutions", "fringes", "intensity", "notes"]
    text = io.StringIO()
    table = CsvWriter(text)
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
        row += [
            member.grade,
            _number(result["chi2"]),
            _number(result["reduced_chi2"]),
            str(result["n_points"]),
        ]
        row += [str(len(result["solutions"])), {True: "yes", False: "no", None: ""}[member.fringes]]
        table.writerow([*row, _number(area), "; ".join(result["notes"])])
    return text.getvalue()


def _columns(members: Sequence[SeriesMember]) -> list[tuple[str, str]]:
    """Names and units of the parameters and derived quantities of the first fitted pattern."""
    first = next(member for member in members if not member.failed)
    return [(name, estimate.unit) for name, estimate in first.estimates.items()]


def _cells(estimate: Estimate) -> list[str]:
    interval = format_interval(estimate.interval_95, estimate.error) if estimate.interval_95 else ""
    value = None if estimate.status == "rejected" else estimate.value
    return [_number(value), _number(estimate.error), interval, estimate.status]


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.10g}"


def joint_csv(joint: JointFit, variable: str) -> str:
    """Return one row for each pattern of the joint fit."""
    names = [(name, estimate.unit) for name, estimate in joint.estimates[0].items()]
    text = io.StringIO()
    table = CsvWriter(text)
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


def gaps_csv(gaps: Sequence[SeriesGap], variable: str, unit: str) -> str:
    """Return one row for each pattern with w, L − w and d in Å.

    Parameters
    ----------
    gaps : sequence of SeriesGap
        Gap of each pattern.
    variable, unit : str
        Name and unit of the variable.
    """
    text = io.StringIO()
    table = CsvWriter(text)
    header = [f"{variable} ({unit})" if unit else variable, "pattern"]
    for name in ("w", "L_minus_w", "d"):
        header += [f"{name} (Å)", f"{name}_error", f"{name}_status"]
    table.writerow([*header, "evidence", "reduced_chi2", "notes"])
    for gap in gaps:
        row = [f"{gap.value:.10g}", gap.label]
        for estimate in (gap.width, gap.difference, gap.d):
            value = None if estimate.status == "rejected" else estimate.value
            row += [_number(value), _number(estimate.error), estimate.status]
        record = gap.record
        row += [_number(record.get(name)) for name in ("evidence", "reduced_chi2")]
        table.writerow([*row, str(record.get("failed", "")) or "; ".join(record["notes"])])
    return text.getvalue()


def curves_csv(member: SeriesMember) -> str:
    """Return the curves of one pattern: q (Å⁻¹), measured, sigma, calculated, region."""
    text = io.StringIO()
    table = CsvWriter(text)
    table.writerow(["q", "measured", "sigma", "calculated", "region"])
    for curve in member.record["curves"]:
        columns = (curve[name] for name in ("q", "measured", "sigma", "calculated"))
        for row in zip(*columns, strict=True):
            table.writerow([*(f"{value:.10g}" for value in row), curve["region"]])
    return text.getvalue()


def series_json(fit: SeriesFit, command: str = "") -> str:
    """Return :func:`series_dictionary` as JSON text."""
    return json.dumps(series_dictionary(fit, command), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def series_dictionary(fit: SeriesFit, command: str = "") -> SeriesDocument:
    """Return plain data for JSON; null for what is not determined."""
    series = fit.series
    return {
        "slxrd": slxrd.__version__,
        "schema": SCHEMA,
        "variable": series.variable,
        "unit": series.unit,
        "command": command,
        "patterns": [_pattern_dictionary(fit, i) for i in range(len(fit.members))],
        "changes": [
            {
                "between": [change.before.value, change.after.value],
                "order": "lost" if change.lost else "gained",
                "certain": change.certain,
                "growth": change.growth,
                "growth_error": change.growth_error,
                "intensity": change.intensity,
                "told": change.text(series),
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


def _pattern_dictionary(fit: SeriesFit, i: int) -> PatternDocument:
    member = fit.members[i]
    document: PatternDocument = {
        "label": member.label,
        "value": member.value,
        "file": member.source,
        "simulated": is_simulated(fit.series.patterns[i]),
        "assessment": member.grade or None,
        "fringes": member.fringes,
        "areas": member.record.get("areas", []),
        "from_neighbours": [asdict(path) for path in member.paths],
    }
    if member.failed:
        document["failed"] = member.failed
    else:
        document["result"] = member.result
    if fit.gaps:
        document["low_angle"] = fit.gaps[i].record
    return document


def _joint_dictionary(joint: JointFit) -> JointDocument:
    return {
        "labels": joint.labels,
        "values": joint.values,
        "shared": joint.shared,
        "smooth": joint.smooth,
        "degree": joint.degree,
        "names": joint.names,
        "chi2": joint.chi2,
        "rise": joint.rise,
        "constraints": joint.constraints,
        "expected_rise": joint.expected_rise,
        "p_value": joint.p_value,
        "notes": joint.notes,
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


def printed_series(path: Path) -> str | None:
    """Read the printed text of ``slxrd series``, and its command, from a ``series.json``.

    Parameters
    ----------
    path : Path
        The file, or the folder that contains it.

    Returns
    -------
    str or None
        None if this is not a series.

    Raises
    ------
    FileError
        If a later version wrote the file, or it does not contain the printed text.
    """
    if path.is_dir():
        path = path / "series.json"
        if not path.is_file() or (path.parent / "result.json").is_file():
            return None
    try:
        document = read_json(path, "is no series")
    except FileError:  # the reader of a single fit gives the reason
        return None
    if not isinstance(document, dict) or not {"slxrd", "schema", "patterns", "variable"} <= set(document):
        return None
    schema, version = document["schema"], document["slxrd"]
    if not isinstance(schema, int) or schema > SCHEMA:
        raise FileError(
            path,
            f"was written by slxrd {version} in layout {schema}, but this version reads up to {SCHEMA}; "
            "install a newer slxrd",
        )
    printed, command = document.get("printed"), document.get("command", "")
    if not isinstance(printed, str):
        raise FileError(
            path,
            f"was written by slxrd {version} in layout {schema}, which does not contain the printed text; "
            "the same command with --force writes it again from the stored results",
        )
    return f"{printed}\n\nmade by slxrd {version}" + (f": {command}" if command else " in Python")
