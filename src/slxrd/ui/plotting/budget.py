"""Figure of an error budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slxrd.fitting.result.budget_table import format_error, quantities, ranked_contributions, symbol
from slxrd.fitting.result.fit import FitResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colours of noise and the largest effects (Okabe and Ito); the others are grey.
COLOURS = ("#999999", "#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#f0e442")
OTHERS = "#dddddd"


def budget_figure(fit: FitResult) -> Figure:
    """Draw the share of the variance of each quantity that noise and each systematic effect contribute.

    Parameters
    ----------
    fit : Fit or SavedFit
        A fit with an error budget.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    from matplotlib.figure import Figure

    budget, names = fit.budget, quantities(fit)
    assert budget is not None
    ranked = ranked_contributions(budget, names)
    shown = ranked[: len(COLOURS) - 1]
    parts = [("noise", budget.statistical), *((part.label, part.errors) for part in shown)]
    figure = Figure(figsize=(7.0, 1.3 + 0.42 * len(names) + 0.2 * (len(parts) // 2)), layout="constrained")
    axes = figure.subplots()
    estimates = {**fit.parameters, **fit.derived}
    rows = range(len(names))
    left = [0.0] * len(names)
    for (label, errors), colour in zip(parts, COLOURS, strict=False):
        widths = [(errors.get(name, 0.0) / budget.total[name]) ** 2 for name in names]
        axes.barh(rows, widths, left=left, color=colour, height=0.7, label=label)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    if len(ranked) > len(shown):
        rest = [max(1.0 - done, 0.0) for done in left]
        axes.barh(rows, rest, left=left, color=OTHERS, height=0.7, label="other effects")
    labels = [
        f"{symbol(name)}  ± {format_error(estimates[name].error or 0.0)} {estimates[name].unit}".rstrip()
        for name in names
    ]
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("share of the variance")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure
