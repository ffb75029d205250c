"""Plots of a bootstrap: a histogram of each quantity, and the replicates over two of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import panel as pn
from bokeh.models import BoxAnnotation, ColumnDataSource, HoverTool, Range1d, Span
from bokeh.plotting import figure

from slxrd.fitting.record.kept_followup import KeptBootstrap
from slxrd.ui.app.plots.axis import quantity_label
from slxrd.ui.app.plots.grid import side_by_side
from slxrd.ui.app.plots.theme import Colours, apply_theme, entries_html
from slxrd.units import FloatArray

#: Quantiles between which 95 % of the replicates are.
INTERVAL = (0.025, 0.975)
_HEIGHT, _LARGE = 210, 440


def histogram_legend(colours: Colours) -> str:
    """Return the legend of the histograms as HTML."""
    return entries_html(
        colours,
        (
            ("▮", colours.residual, "replicates"),
            ("╌", colours.calculated, "value of the fit"),
            ("▒", colours.muted, "95 % of the replicates"),
        ),
    )


def varying(kept: KeptBootstrap) -> list[str]:
    """Return the names of the quantities that differ between the replicates."""
    return [name for name, values in kept.all_values.items() if np.ptp(values) > 0.0]


def histograms(kept: KeptBootstrap, fitted: Mapping[str, float], colours: Colours) -> pn.Column:
    """Draw the histogram of each quantity, side by side as far as there is room.

    Parameters
    ----------
    kept : KeptBootstrap
        The replicates.
    fitted : mapping of str to float
        Values of the fit; one that is missing is not marked.
    colours : Colours
        Theme of the page.
    """
    return side_by_side(
        [_histogram(name, kept, fitted.get(name), colours) for name in varying(kept)], _HEIGHT
    )


def _histogram(name: str, kept: KeptBootstrap, fitted: float | None, colours: Colours) -> figure:
    values = kept.all_values[name]
    bins = int(np.clip(round(2.0 * values.size ** (1.0 / 3.0)), 8, 50))
    counts, edges = np.histogram(values, bins)
    source = ColumnDataSource(
        {"left": edges[:-1], "right": edges[1:], "count": counts}, name=f"histogram of {name}"
    )
    plot = figure(
        height=_HEIGHT,
        sizing_mode="stretch_width",
        y_range=Range1d(0.0, 1.08 * float(counts.max())),
        tools="xbox_zoom,pan,xwheel_zoom,reset,save",
        active_drag="xbox_zoom",
        x_axis_label=quantity_label(name),
        y_axis_label="replicates",
        output_backend="canvas",
        name=f"histogram of {name}",
    )
    plot.toolbar.logo = None
    low, high = (kept.quantile(name, share) for share in INTERVAL)
    plot.add_layout(
        BoxAnnotation(left=low, right=high, fill_color=colours.muted, fill_alpha=0.15, level="image")
    )
    bars = plot.quad(
        left="left", right="right", bottom=0, top="count", source=source, fill_color=colours.residual,
        fill_alpha=0.8, line_color=colours.background,
    )  # fmt: skip
    if fitted is not None:
        plot.add_layout(
            Span(
                location=fitted,
                dimension="height",
                line_color=colours.calculated,
                line_dash="dashed",
                line_width=2,
            )
        )
    plot.add_tools(
        HoverTool(
            renderers=[bars],
            tooltips=[(quantity_label(name), "@left{0.0000} to @right{0.0000}"), ("replicates", "@count")],
            visible=False,
            name="readout",
        )
    )
    apply_theme(plot, colours)
    return plot


class ReplicatesPlot:
    """The replicates over two quantities, in a colour for each solution of the fit.

    Parameters
    ----------
    kept : KeptBootstrap
        The replicates.
    colours : Colours
        Theme of the page.
    """

    def __init__(self, kept: KeptBootstrap, colours: Colours) -> None:
        self._kept = kept
        palette = [colours.residual, colours.calculated, colours.region, colours.baseline, colours.muted]
        numbers = kept.solution + 1
        paint = [palette[min(int(number), len(palette)) - 1] for number in numbers]
        self.source = ColumnDataSource(
            {"x": numbers, "y": numbers, "solution": numbers, "colour": paint}, name="replicates"
        )
        self.figure = figure(
            height=_LARGE,
            sizing_mode="stretch_width",
            x_range=Range1d(0.0, 1.0),
            y_range=Range1d(0.0, 1.0),
            tools="box_zoom,pan,wheel_zoom,reset,save",
            active_drag="box_zoom",
            output_backend="canvas",
            name="replicates",
        )
        self.figure.toolbar.logo = None
        dots = self.figure.scatter(
            "x", "y", source=self.source, size=5, fill_color="colour", line_color=None, fill_alpha=0.6
        )
        self._readout = HoverTool(renderers=[dots], visible=False, name="readout")
        self.figure.add_tools(self._readout)
        reached = sorted(set(numbers.tolist()))
        self.legend = entries_html(
            colours,
            [("●", palette[min(n, len(palette)) - 1], f"reached from solution {n}") for n in reached],
        )
        apply_theme(self.figure, colours)

    def show(self, across: str, up: str) -> None:
        """Show two quantities."""
        plot, x, y = self.figure, self._kept.all_values[across], self._kept.all_values[up]
        self.source.data = {**self.source.data, "x": x, "y": y}
        plot.xaxis.axis_label, plot.yaxis.axis_label = quantity_label(across), quantity_label(up)
        for shown, values in ((plot.x_range, x), (plot.y_range, y)):
            start, end = _ends(values)
            shown.update(start=start, end=end, reset_start=start, reset_end=end)
        self._readout.tooltips = [
            (quantity_label(across), "@x{0.00000}"),
            (quantity_label(up), "@y{0.00000}"),
            ("solution", "@solution"),
        ]


def _ends(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or 1e-6 * max(abs(low), 1.0)
    return low - margin, high + margin
