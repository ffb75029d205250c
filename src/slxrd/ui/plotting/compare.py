"""Picture of a comparison: points and every model's curve, the residuals of each, and where χ² differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd.fitting.result.summary import is_simulated
from slxrd.studies.compare.result import Compared, Comparison
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours that colour-blind readers tell apart, with line styles that repeat out of step.
_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_STYLES = ("-", "--", ":", "-.")
_MEASURED = "#4d4d4d"
#: Models that are drawn, and the longest name that is written out.
MOST_DRAWN, _LONGEST = 6, 34


def comparison_figure(comparison: Comparison) -> Figure:
    """Draw a comparison: curves, residuals in units of σ, and how far χ² lies above the best model's.

    Parameters
    ----------
    comparison : Comparison
        What to draw; the :data:`MOST_DRAWN` most probable models of it.

    Returns
    -------
    matplotlib.figure.Figure
        Not bound to any window; ``savefig`` writes it.
    """
    from matplotlib.figure import Figure

    drawn = comparison.models[:MOST_DRAWN]
    regions = comparison.best.fit.regions
    rows = len(drawn) + 2
    picture = Figure(
        figsize=(max(7.4, 4.2 * len(regions) + 3.2), 3.9 + 0.85 * (rows - 1)), layout="constrained"
    )
    axes = picture.subplots(
        rows, len(regions), sharex="col", squeeze=False, height_ratios=(3.2, *(1.0 for _ in drawn), 1.3)
    )
    simulated = is_simulated(comparison.best.fit.pattern)
    reach = max(4.0, 1.1 * max(float(np.max(np.abs(r.residual))) for m in drawn for r in m.fit.regions))
    for i in range(len(regions)):
        _curves(axes[0, i], drawn, i, "simulated" if simulated else "measured")
        for k, model in enumerate(drawn):
            _residuals(axes[k + 1, i], model, i, k, reach)
        _gained(axes[-1, i], drawn, i)
        axes[-1, i].set_xlabel("q (Å⁻¹)")
    axes[0, 0].set_ylabel("intensity")
    axes[len(drawn) // 2 + 1 if len(drawn) > 1 else 1, 0].set_ylabel("residual (σ)")
    axes[-1, 0].set_ylabel("χ² − best,\nsummed")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    name = Path(comparison.best.fit.pattern.source).name + (" (simulated)" if simulated else "")
    left = len(comparison.models) - len(drawn)
    picture.suptitle(f"{name}: {len(comparison.models)} models" + (f", {left} not drawn" if left else ""),
                     x=0.01, ha="left", fontsize=11)  # fmt: skip
    picture.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9, labelspacing=1.1)
    return picture


def _label(model: Compared) -> str:
    name = model.name if len(model.name) <= _LONGEST else f"{model.name[: _LONGEST - 1]}…"
    chance = f"{model.probability:.2g}" if model.probability > 1e-4 else "< 0.0001"
    return f"{name}\np {chance}, reduced χ² {model.fit.reduced_chi2:.3g}"


def _curves(axes: Axes, drawn: tuple[Compared, ...], index: int, points: str) -> None:
    first = drawn[0].fit.regions[index]
    axes.plot(first.q, first.measured, ".", color=_MEASURED, markersize=3.5, label=points)
    for k, model in enumerate(drawn):
        region = model.fit.regions[index]
        axes.plot(
            region.q, region.calculated, color=_COLOURS[k], linestyle=_STYLES[k % len(_STYLES)],
            linewidth=1.3, label=_label(model),
        )  # fmt: skip
    axes.set_title(first.region.name, fontsize=9)


def _residuals(axes: Axes, model: Compared, index: int, k: int, reach: float) -> None:
    region = model.fit.regions[index]
    axes.axhspan(-2.0, 2.0, color="0.5", alpha=0.12, linewidth=0.0)
    axes.axhline(0.0, color="black", linewidth=0.6)
    axes.plot(region.q, region.residual, ".", color=_COLOURS[k], markersize=3.0)
    axes.set_ylim(-reach, reach)


def _gained(axes: Axes, drawn: tuple[Compared, ...], index: int) -> None:
    """How χ² above the best model's adds up along q: where it rises, the data speak against a model."""
    best = _summed(drawn[0], index)
    q = drawn[0].fit.regions[index].q
    axes.axhline(0.0, color=_COLOURS[0], linewidth=1.3)
    for k, model in enumerate(drawn[1:], start=1):
        style = _STYLES[k % len(_STYLES)]
        axes.plot(q, _summed(model, index) - best, color=_COLOURS[k], linestyle=style, linewidth=1.3)


def _summed(model: Compared, index: int) -> FloatArray:
    region = model.fit.regions[index]
    return np.asarray(np.cumsum(region.region.weight * region.residual**2))
