"""The error budget on the page: a bar for each quantity, and what would reduce the errors."""

from __future__ import annotations

from slxrd._escape import html_text as escape
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.budget_table import (
    format_error,
    quantities,
    ranked_contributions,
    remedies,
    symbol,
)
from slxrd.ui.app.state.messages import name_page_fields
from slxrd.ui.plotting.budget import COLOURS, OTHERS


def budget_html(result: SavedFit) -> str:
    """Return the error budget of a fit as HTML; empty where the errors are statistical alone.

    Parameters
    ----------
    result : SavedFit
        The fit.
    """
    budget, names = result.budget, quantities(result)
    if result.rejected or budget is None or not budget.contributions or not names:
        return ""
    ranked = ranked_contributions(budget, names)
    shown = ranked[: len(COLOURS) - 1]
    parts = [("noise", budget.statistical), *((part.label, part.errors) for part in shown)]
    estimates = {**result.parameters, **result.derived}
    rows = []
    for name in names:
        pieces, left = [], 1.0
        for (label, errors), colour in zip(parts, COLOURS, strict=False):
            share = (errors.get(name, 0.0) / budget.total[name]) ** 2
            left -= share
            pieces.append(_piece(share, colour, label))
        pieces.append(_piece(max(left, 0.0), OTHERS, "other effects"))
        error = f"± {format_error(estimates[name].error or 0.0)} {estimates[name].unit}".rstrip()
        rows.append(
            f"<tr><td>{escape(symbol(name))}</td><td style='white-space:nowrap'>{escape(error)}</td>"
            f"<td style='width:100%'><div style='display:flex;height:14px'>{''.join(pieces)}</div></td></tr>"
        )
    legend = "".join(
        f"<span style='white-space:nowrap;margin-right:10px'><span style='display:inline-block;width:10px;"
        f"height:10px;background:{colour}'></span> {escape(label)}</span> "
        for (label, _), colour in zip(
            [*parts, ("other effects", {})], [*COLOURS[: len(parts)], OTHERS], strict=True
        )
    )
    advice = "".join(f"<li>{escape(name_page_fields(line))}</li>" for line in remedies(result))
    listed = f"<p>What would reduce an error most:</p><ul>{advice}</ul>" if advice else ""
    return (
        f"<p>Shares of the variance of each error.</p><table style='width:100%'>{''.join(rows)}</table>"
        f"<p>{legend}</p>{listed}"
    )


def _piece(share: float, colour: str, label: str) -> str:
    title = escape(f"{label}: {share:.0%}", quote=True)
    return f"<div title='{title}' style='width:{100.0 * share:.1f}%;background:{colour}'></div>"
