"""The gaps of a series as people read them: printed, and as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from slxrd.result import Estimate
from slxrd.series_lowangle import Gap, average_difference
from slxrd.summary import format_estimate

#: Rows of the printed table; the file holds the rest.
_MOST_ROWS = 60


def gaps_text(gaps: Sequence[Gap], unit: str) -> list[str]:
    """Write the gaps of a series as lines of text."""
    head = ["pattern", unit or "value", "w (Å)", "L − w (Å)", "d (Å)"]
    cells = [head]
    for gap in gaps:
        told = [_written(estimate) for estimate in (gap.width, gap.difference, gap.d)]
        cells.append([gap.label, f"{gap.value:g}", *told])
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        "  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    if len(lines) > _MOST_ROWS + 1:
        half = _MOST_ROWS // 2
        lines = [*lines[: half + 1], f"  … {len(lines) - 1 - 2 * half} more in lowangle.csv", *lines[-half:]]
    out = ["low angles: w is the gap of low density, and L − w should be d", "", *lines]
    mean = average_difference(gaps)
    if mean.value is not None:
        out += ["", f"L − w on average {format_estimate(mean)}; most of the error is common to all patterns"]
    reasons = dict.fromkeys(_why(gap) for gap in gaps if gap.width.value is None)
    for why in reasons:
        told = [gap.label for gap in gaps if gap.width.value is None and _why(gap) == why]
        more = f" (and {len(told) - 1} more patterns)" if len(told) > 1 else ""
        out.append(f"! {told[0]}{more}: {why}")
    return out


def gaps_csv(gaps: Sequence[Gap], variable: str, unit: str) -> str:
    """Write one row for each pattern, lengths in Å."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    header = [f"{variable} ({unit})" if unit else variable, "pattern"]
    for name in ("w", "L_minus_w", "d"):
        header += [f"{name} (Å)", f"{name}_error", f"{name}_status"]
    table.writerow([*header, "evidence", "reduced_chi2", "notes"])
    for gap in gaps:
        row = [f"{gap.value:.10g}", gap.label]
        for estimate in (gap.width, gap.difference, gap.d):
            row += [_number(estimate.value), _number(estimate.error), estimate.status]
        record = gap.record
        row += [_number(record.get(name)) for name in ("evidence", "reduced_chi2")]
        table.writerow([*row, str(record.get("failed", "")) or "; ".join(record["notes"])])
    return text.getvalue()


def _why(gap: Gap) -> str:
    return str(gap.record.get("failed", "")) or gap.width.why


def _written(estimate: Estimate) -> str:
    text = format_estimate(estimate).removesuffix(f" {estimate.unit}").replace("not determined", "—")
    return text + (" ?" if estimate.status == "ambiguous" else "")


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.10g}"
