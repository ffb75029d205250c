"""Figure of a comparison: data, the curve and residuals of each model, and cumulative differences of χ²."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import figure_text, on_one_line
from slxrd.fitting.result.summary import is_simulated
from slxrd.studies.compare.result import ComparedModel, Comparison
from slxrd.ui.plotting import style
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours for colour-blind readers; line styles have another period, so that pairs do not repeat soon.
_COLOURS = (style.VERMILION, style.BLUE, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)
_STYLES = ("-", "--", ":", "-.")
_MEASURED = style.POINTS
#: Largest number of models drawn, and of characters of a name.
MAX_MODELS, _MAX_LENGTH = 6, 34


@style.styled
@check_arguments
def comparison_figure(comparison: Comparison) -> Figure:
    """Draw the curves, the residuals in units of σ, and the cumulative χ² minus that of the best model.

    Parameters
    ----------
    comparison : Comparison
        Its :data:`MAX_MODELS` most probable models are drawn.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    drawn = comparison.models[:MAX_MODELS]
    regions = comparison.best.fit.regions
    rows = len(drawn) + 2
    figure = style.new_figure(2.2 + 0.62 * (rows - 1) + 0.3 * len(drawn) / (1 if style.is_narrow() else 3))
    axes = figure.subplots(
        rows, len(regions), sharex="col", squeeze=False, height_ratios=(3.2, *(1.0 for _ in drawn), 1.3)
    )
    simulated = is_simulated(comparison.best.fit.pattern)
    reach = max(4.0, 1.1 * max(float(np.max(np.abs(r.residual))) for m in drawn for r in m.fit.regions))
    for i in range(len(regions)):
        _curves(axes[0, i], drawn, i, "simulated" if simulated else "measured")
        for k, model in enumerate(drawn):
            _residuals(axes[k + 1, i], model, i, k, reach)
        _cumulative_differences(axes[-1, i], drawn, i)
        axes[-1, i].set_xlabel(style.Q)
    axes[0, 0].set_ylabel(style.INTENSITY)
    axes[len(drawn) // 2 + 1 if len(drawn) > 1 else 1, 0].set_ylabel("residual (σ)")
    axes[-1, 0].set_ylabel("Σ Δχ²")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=1 if style.is_narrow() else 4)
    style.letter_panels(axes[0].tolist())
    omitted = len(comparison.models) - len(drawn)
    style.set_caption(
        figure,
        f"{on_one_line(Path(comparison.best.fit.pattern.source).name)}{' (simulated)' if simulated else ''}: "
        f"{len(comparison.models)} models" + (f", {omitted} not drawn" if omitted else "") + ".",
        "Points and curves, the residuals of each model in units of σ with a band of ± 2, and χ² summed "
        "along q "
        "less that of the best model.",
        *(f"{model.name}: {_measures(model)}" for model in comparison.models),
    )
    return figure


def _label(model: ComparedModel) -> str:
    name = model.name if len(model.name) <= _MAX_LENGTH else f"{model.name[: _MAX_LENGTH - 1]}…"
    return f"{style.formula(figure_text(name))}\n{_measures(model)}"


def _measures(model: ComparedModel) -> str:
    probability = f"{model.probability:.2g}" if model.probability > 1e-4 else "< 0.0001"
    return f"p {probability}, reduced χ² {model.fit.reduced_chi2:.3g}"


def _curves(axes: Axes, drawn: tuple[ComparedModel, ...], index: int, points: str) -> None:
    first = drawn[0].fit.regions[index]
    axes.margins(x=0.01)
    axes.plot(first.q, first.measured, ".", color=_MEASURED, markersize=2.5, label=points)
    for k, model in enumerate(drawn):
        region = model.fit.regions[index]
        axes.plot(
            region.q, region.calculated, color=_COLOURS[k], linestyle=_STYLES[k % len(_STYLES)],
            linewidth=1.3, label=_label(model),
        )  # fmt: skip


def _residuals(axes: Axes, model: ComparedModel, index: int, k: int, reach: float) -> None:
    region = model.fit.regions[index]
    axes.axhspan(-2.0, 2.0, color="0.5", alpha=0.12, linewidth=0.0)
    axes.axhline(0.0, color="black", linewidth=0.6)
    axes.plot(region.q, region.residual, ".", color=_COLOURS[k], markersize=3.0)
    style.set_symmetric(axes, reach)


def _cumulative_differences(axes: Axes, drawn: tuple[ComparedModel, ...], index: int) -> None:
    """Cumulative χ² along q minus that of the best model: it rises where the data disfavour a model."""
    best = _cumulative_chi2(drawn[0], index)
    q = drawn[0].fit.regions[index].q
    axes.axhline(0.0, color=_COLOURS[0], linewidth=1.3)
    for k, model in enumerate(drawn[1:], start=1):
        style = _STYLES[k % len(_STYLES)]
        axes.plot(q, _cumulative_chi2(model, index) - best, color=_COLOURS[k], linestyle=style, linewidth=1.3)


def _cumulative_chi2(model: ComparedModel, index: int) -> FloatArray:
    region = model.fit.regions[index]
    return np.asarray(np.cumsum(region.region.weight * region.residual**2))
