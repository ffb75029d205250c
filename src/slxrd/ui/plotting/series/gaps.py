"""Figure of the gaps of a series: L and w against the variable, and their difference against d."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.series.result import SeriesFit
from slxrd.ui.plotting import style
from slxrd.ui.plotting.series.common import axis_label, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BRAGG, _LOW_ANGLE, _DIFFERENCE = style.BLACK, style.VERMILION, style.BLUE


@style.styled
@check_arguments
def series_gap_figure(fit: SeriesFit) -> Figure:
    """Draw L from the Bragg peaks and w from the low angles, and L − w with d.

    Parameters
    ----------
    fit : SeriesFit
        Fit with ``gaps``.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window. Undetermined values are omitted; ambiguous values are open symbols.
    """
    shape = (2, 1) if style.is_narrow() else (1, 2)
    figure = style.new_figure(2.4 * shape[0])
    left, right = figure.subplots(*shape)
    at = fit.series.values
    widths = [gap.width for gap in fit.gaps]
    spacings = [m.estimates.get("L", Estimate(None, None, "Å", "undetermined")) for m in fit.members]
    _draw(left, at, spacings, _BRAGG, "$L$, Bragg peaks")
    _draw(left, at, widths, _LOW_ANGLE, "$w$, low angles")
    left.set_ylabel("$L$, $w$ (Å)")
    differences = [gap.difference for gap in fit.gaps]
    _draw(right, at, differences, _DIFFERENCE, "$L - w$")
    d = [(value, gap.d.value) for value, gap in zip(at, fit.gaps, strict=True) if gap.d.value is not None]
    if d:
        right.plot(*np.array(d).T, color="0.4", linestyle="--", linewidth=1.0, label="$d$, Bragg peaks")
    right.set_ylabel("$L - w$ (Å)")
    right.margins(y=0.3)
    for panel in (left, right):
        panel.set_xlabel(axis_label(fit))
        panel.grid(color="0.92", linewidth=0.6)
        panel.set_xlim(*_limits(at))
        panel.ticklabel_format(useOffset=False, axis="y")
        if panel.get_legend_handles_labels()[0]:
            panel.legend()
        else:
            panel.text(0.5, 0.5, "not determined", transform=panel.transAxes, ha="center", color="0.4")
    style.letter_panels([left, right])
    describe(
        figure,
        fit,
        "(a) L from the Bragg peaks and the gap w from low angles; (b) their difference, with d. Open "
        "symbols: "
        "ambiguous values; values that are not determined are left out.",
    )
    return figure


def _limits(at: Sequence[float]) -> tuple[float, float]:
    margin = 0.05 * (max(at) - min(at)) or 0.5
    return min(at) - margin, max(at) + margin


def _draw(panel: Axes, at: Sequence[float], estimates: Sequence[Estimate], colour: str, label: str) -> None:
    for status, fill in (("determined", colour), ("ambiguous", "white")):
        known = [
            (value, e.value, e.error)
            for value, e in zip(at, estimates, strict=True)
            if e.status == status and e.value is not None and e.error is not None
        ]
        if known:
            x, values, errors = np.array(known).T
            panel.errorbar(
                x, values, errors, fmt="o", color=colour, markerfacecolor=fill, markersize=4.5,
                capsize=2, label=label if status == "determined" else f"{label}, ambiguous",
            )  # fmt: skip
