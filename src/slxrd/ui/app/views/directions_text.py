"""A fit of several directions as HTML: assessment, values, other solutions, notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slxrd._escape import html_text as escape
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.model.directions.direction import SCAN
from slxrd.parameters.axes import split_axis
from slxrd.parameters.definitions import info
from slxrd.studies.directions.result import DERIVED, describe_derived, without_value
from slxrd.studies.directions.saved import SavedDirections
from slxrd.ui.app.controls.widgets import html_table
from slxrd.ui.app.state.messages import name_page_fields
from slxrd.ui.app.views.results import assessment_html, estimate_with_unit, probability_text
from slxrd.ui.symbols_html import symbol_html, text_html

#: Columns of the table of values, by the endings of the names.
_COLUMNS = {"_z": "out of plane (z)", "_xy": "in plane (x and y)", "_x": "along x", "_y": "along y"}
#: Solutions that are listed.
_SHOWN = 5


def directions_html(document: Mapping[str, Any]) -> str:
    """Return a fit of several directions.

    Parameters
    ----------
    document : mapping
        The fit as plain data.
    """
    saved = SavedDirections.from_dictionary(document)
    limit = AMBIGUOUS * saved.assessment.widening**2
    unique = not any(solution.near(limit) for solution in saved.solutions[1:])
    compared = document.get("compared")
    parts = [
        assessment_html(saved.assessment, unique),
        f"<p><b>{escape(str(compared))}</b></p>" if compared else "",
        f"<p style='margin-top:8px'>{_model(saved)}</p>",
        _values(saved),
        _solutions(saved),
        _notes(saved),
    ]
    return "".join(parts)


def _values(saved: SavedDirections) -> str:
    """Return the table of values: a row for each quantity, and a column for each axis that has its own."""
    found = {
        _split(name): estimate
        for name, estimate in {**saved.parameters, **saved.derived}.items()
        if not (name.startswith("q_zero") and estimate.status == "fixed" and estimate.value == 0.0)
    }
    axes = [ending for ending in _COLUMNS if any(each == ending for _, each in found)]
    rows = []
    for base in dict.fromkeys(base for base, _ in found):
        symbol, meaning = _described(base)
        if (base, "") in found:
            cell = _cell(found[base, ""], saved.rejected)
            cells = f"<td colspan={len(axes) or 1} style='text-align:center'>{cell}</td>"
        else:
            cells = "".join(f"<td>{_cell(found.get((base, each)), saved.rejected)}</td>" for each in axes)
        rows.append(
            f"<tr><td>{symbol_html(symbol)}</td>{cells}<td class=muted>{text_html(meaning)}</td></tr>"
        )
    heads = "".join(f"<th>{_COLUMNS[each]}</th>" for each in axes) or "<th>all axes</th>"
    return (
        "<div tabindex='0' style='overflow-x:auto'><table><thead><tr>"
        f"<th></th>{heads}<th></th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        "<p class='muted'>value ± error (1 σ)</p>"
    )


def _split(name: str) -> tuple[str, str]:
    """Split the name of a quantity into that of any axis and its ending; empty if it has none."""
    base, _, ending = name.partition("_")
    if base in DERIVED:
        return base, f"_{ending}" if ending else ""
    return split_axis(name) or (name, "")


def _described(base: str) -> tuple[str, str]:
    if base in DERIVED:
        return DERIVED[base]
    if split_axis(base) is None and not base.startswith("q_zero"):
        return describe_derived(base)
    return info(base).symbol, info(base).short or info(base).meaning


def _cell(estimate: Estimate | None, rejected: bool) -> str:
    """Return a value with its error and unit, and why there is none below it."""
    if estimate is None:
        return "–"
    why = name_page_fields(estimate.why) if estimate.why and not rejected else ""
    below = f"<br><small>{text_html(why)}</small>" if why else ""
    return f"<span style='white-space:nowrap'>{escape(estimate_with_unit(estimate))}</span>{below}"


def _model(saved: SavedDirections) -> str:
    cuts = ", ".join(
        f"{escape(file)} ({'θ:2θ scan' if direction == SCAN else escape(direction)})"
        for file, direction in saved.cuts
    )
    M = " × ".join(map(str, saved.coherent))
    shared = ", ".join(info(name).symbol for name in saved.share)
    return (
        f"{cuts}: {saved.n_points} points, {escape(saved.disorder)} disorder, M = {M} crystals along x, y, z"
        + (f"; {text_html(shared)} equal along all axes" if shared else "")
        + "."
    )


def _solutions(saved: SavedDirections) -> str:
    if len(saved.solutions) < 2:
        return ""
    unknown = without_value(saved.parameters)
    names = [
        name
        for name in saved.solutions[0].values
        if name not in unknown and not name.startswith("q_zero") and saved.parameters[name].status != "fixed"
    ]
    head = ["", "probability", "Δχ²", *(f"{info(n).symbol}{_unit(info(n).unit)}" for n in names)]
    rows = [
        [
            str(k),
            "–" if saved.rejected else probability_text(one.probability),
            f"{one.delta_chi2:.1f}",
            *(f"{one.values[name]:.{_decimals(name)}f}" for name in names),
        ]
        for k, one in enumerate(saved.solutions[:_SHOWN], start=1)
    ]
    more = len(saved.solutions) - _SHOWN
    also = f"<p class='muted'>and {more} more</p>" if more > 0 else ""
    return (
        f"<h3>Solutions</h3><div tabindex='0' style='overflow-x:auto'>"
        f"{html_table(head, rows, range(1, len(head)))}</div>{also}"
    )


def _decimals(name: str) -> int:
    """Decimals of the values in the list of solutions."""
    return {"d": 4, "L": 2, "N": 2}.get(_split(name)[0], 3)


def _unit(unit: str) -> str:
    return f" ({unit})" if unit == "Å" else ""


def _notes(saved: SavedDirections) -> str:
    assessed = [each for each in saved.assessment.reasons if each not in saved.assessment.headline]
    advice = [f"to try: {'; '.join(saved.assessment.advice)}"] if saved.assessment.advice else []
    items = "".join(
        f"<li>{text_html(name_page_fields(note))}</li>" for note in (*assessed, *advice, *saved.notes)
    )
    return f"<h3>Notes and warnings</h3><ul>{items}</ul>" if items else ""
