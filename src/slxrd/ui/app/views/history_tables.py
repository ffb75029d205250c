"""HTML of the fit history: one fit of the list, and several fits side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from slxrd._escape import html_text as escape
from slxrd.fitting.record.kept_fit import KeptFit
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.state import State
from slxrd.parameters.definitions import symbol_of
from slxrd.ui.app.views.results import estimate_text, grade_html, quantities_of
from slxrd.ui.session.changes import changes, differing, option_label, option_text, option_value
from slxrd.ui.symbols_html import symbol_html, text_html

#: Quantities that the list shows of each fit.
LISTED = ("d", "L", "sigma_L", "N")
_NOT_COMPARABLE = (
    "χ² of these fits cannot be compared: their points, their weights, σ, the residuals or the systematic "
    "effects differ."
)
_COMPARABLE = (
    "These fits have the same points and σ. A model with more refined parameters has a lower χ² in any case; "
    "<i>Compare models</i> ranks models with this taken into account."
)


@dataclass(frozen=True, eq=False)
class ListedFit:
    """A kept fit, with its result as an object.

    Parameters
    ----------
    kept : KeptFit
        The fit.
    result : SavedFit
        Its result.
    """

    kept: KeptFit
    result: SavedFit

    @property
    def title(self) -> str:
        """Number and time of the fit."""
        return f"Fit {self.kept.number}, {time_text(self.kept.time)}"


def time_text(time: datetime | None, now: datetime | None = None) -> str:
    """Write a time in the time zone of this computer, with the date if that is not today."""
    if time is None:
        return "time not known"
    local, now = time.astimezone(), (now or datetime.now()).astimezone()
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M}"


def fit_html(fit: ListedFit, before: State | None) -> str:
    """Return one fit of the list: assessment, χ², values, and what was changed from the fit before.

    Parameters
    ----------
    fit : ListedFit
        The fit.
    before : State or None
        Request of the fit before; None for the first.
    """
    result, state = fit.result, fit.kept.state
    found = quantities_of(result)
    values = [
        f"{symbol_html(symbol_of(name))} {escape(estimate_text(found[name]))}"
        f"{f' {found[name].unit}' if found[name].unit and found[name].value is not None else ''}"
        for name in LISTED
        if name in found
    ]
    changed = changes(State(state.file, state.sha256) if before is None else before, state)
    what = "; ".join(changed) or ("default options" if before is None else "the same options")
    reduced = result.reduced_chi2 if result.assessment is None else result.assessment.reduced_chi2
    return (
        f"<div>{grade_html(result)} &nbsp; reduced χ² {_number(reduced)}</div>"
        f"<div style='margin-top:4px'>{'<br>'.join(values)}</div>"
        f"<div class=muted style='margin-top:4px'>{'First fit' if before is None else 'Changed'}: "
        f"{text_html(what)}.</div>"
    )


def side_by_side_html(fits: Sequence[ListedFit]) -> str:
    """Return a table of several fits: the options in which they differ, their assessment and their values."""
    rows: list[tuple[str, list[str]]] = []
    states = [fit.kept.state for fit in fits]
    for name in differing(*states):
        cells = [text_html(option_text(name, option_value(name, state))) for state in states]
        rows.append((escape(option_label(name)), cells))
    results = [fit.result for fit in fits]
    rows += [
        ("assessment", [grade_html(result) or "not assessed" for result in results]),
        ("reduced χ² with the σ of the fit", [_number(result.reduced_chi2) for result in results]),
        ("χ²", [f"{result.chi2:.5g}" for result in results]),
        ("points", [str(result.n_points) for result in results]),
        ("refined parameters", [str(len(result.names)) for result in results]),
        ("solutions", [str(len(result.solutions)) for result in results]),
    ]
    found = [quantities_of(result) for result in results]
    for name in dict.fromkeys(name for each in found for name in each):
        unit = next(each[name].unit for each in found if name in each)
        label = symbol_html(symbol_of(name)) + (f" ({escape(unit)})" if unit else "")
        rows.append((label, [escape(estimate_text(each.get(name))) for each in found]))
    head = "".join(f"<th>{escape(fit.title)}</th>" for fit in fits)
    body = "".join(
        f"<tr><td class=muted style='white-space:nowrap'>{label}</td>"
        f"{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for label, cells in rows
    )
    remark = _COMPARABLE if same_points(results) else f"<b>{_NOT_COMPARABLE}</b>"
    return (
        "<h2>Fits side by side</h2><div tabindex='0' style='overflow-x:auto'>"
        f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<p style='margin-top:8px'>{remark}</p>"
    )


def same_points(results: Sequence[SavedFit]) -> bool:
    """Whether χ² of fits is of the same points with the same weights, σ, residuals and effects."""
    first, *others = results
    return all(_same(first, other) for other in others)


def _same(a: SavedFit, b: SavedFit) -> bool:
    effects = [None if r.request is None else r.request.choices.get("systematics") for r in (a, b)]
    if a.settings.objective != b.settings.objective or effects[0] != effects[1]:
        return False
    complete = len(a.regions) == len(a.document["regions"]) and len(b.regions) == len(b.document["regions"])
    return (
        complete
        and len(a.regions) == len(b.regions)
        and all(
            x.region.weight == y.region.weight
            and all(
                np.array_equal(getattr(x, column), getattr(y, column))
                for column in ("q", "measured", "sigma")
            )
            for x, y in zip(a.regions, b.regions, strict=True)
        )
    )


def _number(value: float) -> str:
    return "not defined" if np.isnan(value) else f"{value:.3g}"
