"""Figure of a plan: fraction of unique solutions, and expected errors, against the counting time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.errors import SlxrdError
from slxrd.studies.planning.distinguishability import UNIQUE_FRACTION
from slxrd.studies.planning.result import COMPARED, Plan
from slxrd.ui.plotting import style
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_UNIQUE, _RIGHT, _REST = style.BLUE, style.GREEN, style.FAINT
_COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE, style.BLACK)
#: Range of the axis beyond the simulated counting times, as a factor.
_MARGIN = 6.0


@style.styled
@check_arguments
def plan_figure(plans: Sequence[Plan]) -> Figure:
    """Draw plans of one sample against the counts, or the noise.

    Parameters
    ----------
    plans : sequence of Plan
        Plans at one or several counting times; the curves are predicted from the first.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window. Left, except for a single crystal, the fraction of the simulations whose
        best solution is the true one, and of those where it is the only one; right, the relative errors.

    Raises
    ------
    SlxrdError
        If ``plans`` is empty.
    """
    if not plans:
        raise SlxrdError("no plan to draw")
    stacked = "L" in plans[0].expected
    count = 2 if stacked else 1
    rows, columns = (count, 1) if style.is_narrow() else (1, count)
    figure = style.new_figure(2.3 * rows + 0.2)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    levels = np.array([_level(plan) for plan in plans])
    # Δχ² is proportional to the counts, and to one over the square of the noise.
    span = _MARGIN if plans[0].noise is None else np.sqrt(_MARGIN)
    axis = np.geomspace(levels.min() / span, levels.max() * span, 200)
    if stacked:
        _draw_fractions(panels[0], plans, levels, axis)
    _draw_errors(panels[-1], plans, levels)
    for panel in panels:
        panel.set_xscale("log")
        panel.set_xlim(axis[0], axis[-1])
        panel.set_xlabel(
            "intensity of the peak (counts)" if plans[0].noise is None else "noise (% of the peak)"
        )
        panel.grid(color="0.92", linewidth=0.6)
    values = plans[0].values
    text = ", ".join(
        f"{row.symbol} = {values[name]:g}" for name, row in plans[0].expected.items() if values.get(name)
    )
    style.letter_panels(panels.tolist())
    style.mark_simulated(figure, True)
    style.set_caption(
        figure,
        f"Simulated measurements of a sample with {text}: {plans[0].requested} simulations each.",
        "(a) Fraction in which the true solution is the best, and in which it is the only one; (b) root "
        "mean square "
        "error over the true value."
        if stacked
        else "Root mean square error over the true value.",
    )
    return figure


def _level(plan: Plan) -> float:
    return float(plan.counts or 0.0) if plan.noise is None else 100.0 * plan.noise


def _draw_fractions(panel: Axes, plans: Sequence[Plan], levels: FloatArray, axis: FloatArray) -> None:
    predicted = plans[0].distinguishability
    if predicted is not None:
        times = axis / levels[0] if plans[0].noise is None else (levels[0] / axis) ** 2
        fraction = [predicted.unique(time) for time in times.tolist()]
        panel.plot(axis, fraction, color=_UNIQUE, linewidth=1.4, label="true one alone, predicted")
    panel.axhline(UNIQUE_FRACTION, color=_REST, linewidth=0.8, linestyle=":")
    count = np.array([plan.done for plan in plans])
    for shares, colour, marker, text in (
        (np.array([plan.right for plan in plans]), _RIGHT, "s", "true one best, simulated"),
        (np.array([plan.unique for plan in plans]), _UNIQUE, "o", "true one alone, simulated"),
    ):
        spread = np.sqrt(shares * (1.0 - shares) / count)
        panel.errorbar(levels, shares, spread, fmt=marker, color=colour, markersize=5, capsize=2, label=text)
    panel.set_ylim(-0.03, 1.05)
    panel.set_ylabel("fraction of the simulations")
    panel.legend()


def _draw_errors(panel: Axes, plans: Sequence[Plan], levels: FloatArray) -> None:
    for name, colour in zip((n for n in COMPARED if n != "thickness"), _COLOURS, strict=True):
        rows = [plan.expected.get(name) for plan in plans]
        known = [
            (level, row.rms / abs(row.truth), row.symbol)
            for level, row in zip(levels.tolist(), rows, strict=True)
            if row is not None and row.rms and row.truth
        ]
        if known:
            x, errors, symbols = zip(*known, strict=True)
            order = np.argsort(x)
            panel.plot(
                np.array(x)[order], np.array(errors)[order], "o-", color=colour, markersize=4,
                linewidth=1.0, label=style.math(symbols[0]),
            )  # fmt: skip
    panel.set_yscale("log")
    panel.set_ymargin(0.15)
    panel.set_ylabel("error / true value")
    if panel.get_legend_handles_labels()[0]:
        panel.legend(ncols=2)
