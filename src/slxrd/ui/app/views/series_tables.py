"""HTML of a series: patterns, results and notes, worded as in the output of ``slxrd series``."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from slxrd._escape import html_text as escape
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.studies.series.patterns import LeftOut, Series
from slxrd.studies.series.text import (
    REJECTED,
    is_no_limit,
    jump_text,
    refined_names,
    series_text,
    symbol_of,
)
from slxrd.ui.app.controls.widgets import html_table
from slxrd.ui.app.state.messages import name_page_fields
from slxrd.ui.app.state.series import FittedSeries, OpenSeries
from slxrd.ui.symbols_html import text_html

#: Largest number of rows of a table; of longer ones the first and the last rows are shown.
MOST_ROWS = 60
#: Largest number of jumps that are listed.
MOST_JUMPS = 10
PICTURES = {
    "parameters": "Parameters against the variable",
    "stack": "Stacked patterns",
    "waterfall": "Waterfall",
    "heatmap": "Heat map",
}
_MARKS = {"ambiguous": "?", "at bound": "|"}
_LEGEND = {
    "?": "ambiguous: other solutions are nearly as good",
    "|": "at a bound, without an error",
    "—": "not determined",
    REJECTED: "no result: the model does not describe the pattern",
    ">": "and < mark limits, at 95 %",
}
_VALUE = re.compile(
    r"(?P<value>[^ ]+?)(?P<places>(?:\.\d+)?) ± (?P<error>[^ ]+?)(?P<of_error>(?:\.\d+)?)(?P<mark>| .)"
)
_DIGIT_WIDE = "\u2007"
Row = tuple[str, float, Mapping[str, Estimate]]


def opened_html(opened: OpenSeries) -> str:
    """Return the patterns of a series, and the files that were left out with the reason."""
    series = opened.series
    simulated = " [simulated]" if any(is_simulated(pattern) for pattern in series.patterns) else ""
    count = f"{len(series)} pattern{'' if len(series) == 1 else 's'}"
    pairs = zip(series.values, series.labels, strict=True)
    rows = _shortened([(f"{value:g}", label) for value, label in pairs])
    return (
        f"<h3>{count}{simulated}: {escape(opened.title)}</h3>"
        + html_table((_axis(series), "pattern"), rows, (0,))
        + _left_out(series.left_out)
        + _items("Notes", series.notes)
    )


def onset_html(fitted: FittedSeries, running: bool = False) -> str:
    """Return where the order of the stack changes along the series, or how far a fit has come.

    Parameters
    ----------
    fitted : FittedSeries
        The fit.
    running : bool
        Whether it is still running; otherwise an incomplete one was cancelled.
    """
    fit = fitted.fit
    if running:
        done = sum(not member.failed for member in fit.members)
        return (
            f"<p><b>Running: {done} of {len(fit.members)} patterns fitted so far.</b> The values may still "
            "change, when each is fitted again from the solutions of its neighbours.</p>"
        )
    if not fit.complete:
        done = sum(not member.failed for member in fit.members)
        return (
            f"<p><b>Cancelled: {done} of {len(fit.members)} patterns fitted.</b> "
            "Fit the series again to continue.</p>"
        )
    changes = [change.text(fit.series) for change in fit.changes]
    return "".join(f"<p><b>{text_html(text[:1].upper() + text[1:])}.</b></p>" for text in changes) or (
        "<p>The fits show no loss or gain of order along the series.</p>"
    )


def results_html(fitted: FittedSeries) -> str:
    """Return the tables of the single fits and of the joint fit."""
    fit = fitted.fit
    done = [(member.label, member.value, member.estimates) for member in fit.members if not member.failed]
    simulated = any(is_simulated(pattern) for pattern in fit.series.patterns)
    html = f"<h3>Single fits{' [simulated]' if simulated else ''}</h3>" + _estimates(done, fit.series)
    if fit.joint is not None:
        joint = fit.joint
        rows = list(zip(joint.labels, joint.values, joint.estimates, strict=True))
        html += f"<h3>Joint fit</h3>{_estimates(rows, fit.series)}" + _items("", joint.notes)
        html += (
            f"<p>χ² {joint.chi2:.5g}, {joint.rise:.1f} more than the single fits with {joint.constraints} "
            f"parameters fewer ({joint.expected_rise:.1f} expected, p = {joint.p_value:.2g}).</p>"
        )
    if fit.complete:
        jumps = [name_page_fields(jump_text(jump, fit)) for jump in fit.jumps]
        more = [f"and {len(jumps) - MOST_JUMPS} more jumps (series.json)"] if len(jumps) > MOST_JUMPS else []
        html += _items("Notes", [*jumps[:MOST_JUMPS], *more, *fit.series.notes]) + _left_out(fit.left_out)
    return html


def pictures_html(fitted: FittedSeries) -> str:
    """Return the figures with titles; the heat map is not inverted by the dark theme."""
    return "".join(
        f"<h3>{PICTURES[name]}</h3><img alt='{PICTURES[name]}' style='width:100%;max-width:860px' "
        f"class='{'dark' if name == 'heatmap' else ''}' "
        f"src='data:image/png;base64,{b64encode(picture).decode()}'>"
        for name, picture in fitted.pictures.items()
    )


def printed_html(fitted: FittedSeries) -> str:
    """Return the output of ``slxrd series``."""
    return f"<pre style='white-space:pre;overflow-x:auto'>{escape(series_text(fitted.fit))}</pre>"


def _estimates(rows: Sequence[Row], series: Series) -> str:
    names = refined_names([estimates for _, _, estimates in rows])
    head = [_axis(series)]
    for name in names:
        unit = next(estimates[name].unit for _, _, estimates in rows if name in estimates)
        head.append(f"{symbol_of(name)} ({unit})" if unit else symbol_of(name))
    columns = [_aligned([_cell(estimates.get(name)) for _, _, estimates in rows]) for name in names]
    seen = "".join(map("".join, columns)).replace("<", ">")
    legend = "; ".join(f"{sign} {meaning}" for sign, meaning in _LEGEND.items() if sign in seen)
    values = [f"{value:g}" for _, value, _ in rows]
    columns, numbers = [values, *columns], range(len(head))
    if len(set(values)) < len(values):  # otherwise the list of patterns has the name of each value
        head.append("pattern")
        columns.append([label for label, _, _ in rows])
    body = html_table(head, _shortened(list(zip(*columns, strict=True))), numbers)
    wide = f"<div tabindex='0' style='overflow-x:auto;white-space:nowrap;font-size:12.5px'>{body}</div>"
    return wide + (f"<small>{escape(legend)}</small>" if legend else "")


def _cell(estimate: Estimate | None) -> str:
    if estimate is None or is_no_limit(estimate):
        return "—"
    if estimate.status == "rejected":
        return REJECTED
    value = format_estimate(estimate).removesuffix(f" {estimate.unit}").replace("not determined", "—")
    return f"{value} {_MARKS.get(estimate.status, '')}".strip()


def _aligned(cells: Sequence[str]) -> list[str]:
    """Fill up values and errors of a column with spaces of a digit, so that their points are in line."""
    found = [_VALUE.fullmatch(cell) for cell in cells]
    places = [max((len(each[part]) for each in found if each), default=0) for part in ("places", "of_error")]
    spaces = [_DIGIT_WIDE * place for place in places]

    def filled(each: re.Match[str]) -> str:
        value, error = (
            each[number] + each[part] + space[len(each[part]) :]
            for number, part, space in zip(("value", "error"), ("places", "of_error"), spaces, strict=True)
        )
        return f"{value} ± {error}{each['mark']}"

    return [cell if each is None else filled(each) for cell, each in zip(cells, found, strict=True)]


def _shortened(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the rows; of a long table the first and last, with the number of rows left out."""
    half = MOST_ROWS // 2
    if len(rows) <= MOST_ROWS:
        return list(rows)
    between = ("…", f"{len(rows) - 2 * half} more", *[""] * (len(rows[0]) - 2))
    return [*rows[:half], between, *rows[-half:]]


def _left_out(left_out: Iterable[LeftOut]) -> str:
    return _items("Left out", [f"{Path(out.source).name}: {name_page_fields(out.why)}" for out in left_out])


def _items(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    return (f"<h3>{title}</h3>" if title else "") + (
        "<ul>" + "".join(f"<li>{text_html(item)}</li>" for item in items) + "</ul>"
    )


def _axis(series: Series) -> str:
    return series.variable + (f" ({series.unit})" if series.unit else "")
