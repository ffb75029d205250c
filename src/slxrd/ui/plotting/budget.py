"""Figure of an error budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slxrd._escape import on_one_line
from slxrd.fitting.result.budget_table import (
    format_error,
    largest_parts,
    quantities,
    ranked_contributions,
    symbol,
)
from slxrd.fitting.result.fit import FitResult
from slxrd.fitting.result.summary import is_simulated
from slxrd.ui.plotting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colours of noise and the largest effects (Okabe and Ito); the others are grey.
COLOURS = (
    style.FAINT, style.BLUE, style.VERMILION, style.GREEN, style.ORANGE, style.SKY, style.PURPLE, style.YELLOW
)  # fmt: skip
OTHERS = "#dddddd"


@style.styled
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
    budget, names = fit.budget, quantities(fit)
    assert budget is not None
    ranked = ranked_contributions(budget, names)
    shown = ranked[: len(COLOURS) - 1]
    parts = [("noise", budget.statistical), *((part.label, part.errors) for part in shown)]
    columns = 1 if style.is_narrow() else 3
    figure = style.new_figure(0.7 + 0.22 * len(names) + 0.15 * -(-(len(parts) + 1) // columns))
    axes = figure.subplots()
    estimates = {**fit.parameters, **fit.derived}
    rows = range(len(names))
    left = [0.0] * len(names)
    for (label, errors), colour in zip(parts, COLOURS, strict=False):
        widths = [100.0 * (errors.get(name, 0.0) / budget.total[name]) ** 2 for name in names]
        axes.barh(rows, widths, left=left, color=colour, height=0.7, label=style.symbols(label))
        left = [a + b for a, b in zip(left, widths, strict=True)]
    if len(ranked) > len(shown):
        rest = [max(100.0 - done, 0.0) for done in left]
        axes.barh(rows, rest, left=left, color=OTHERS, height=0.7, label="other effects")
    labels = [
        f"{style.math(symbol(name))} ± {format_error(estimates[name].error or 0.0)} "
        f"{style.typeset(estimates[name].unit)}".rstrip()
        for name in names
    ]
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("share of the variance (%)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=columns)
    style.mark_simulated(figure, is_simulated(fit.pattern))
    style.set_caption(
        figure,
        f"{on_one_line(Path(fit.pattern.source).name)}: shares of noise and systematic effects in the "
        "variance "
        "of each quantity; beside its symbol its standard deviation.",
        *(
            f"{label}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
            for label, shares in largest_parts(fit).items()
        ),
    )
    return figure
