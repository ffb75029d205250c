"""Plot of a cut: points with error bars."""

from __future__ import annotations

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, HoverTool, Range1d, Whisker
from bokeh.plotting import figure

from slxrd.data.pattern import Pattern
from slxrd.detector.cuts import Cut
from slxrd.ui.app.plots.theme import Colours, apply_theme

_NAMES = {"q_xy": "|q_xy|", "q_z": "q_z", "q": "|q|"}
_HEIGHT = "230px"


class CutCurve:
    """The curve of a cut on a logarithmic scale.

    Parameters
    ----------
    colours : Colours
        Theme of the page.
    """

    def __init__(self, colours: Colours) -> None:
        self._source = ColumnDataSource({"q": [], "y": [], "sigma": [], "foot": [], "top": []}, name="curve")
        plot = figure(
            sizing_mode="stretch_both",
            x_range=Range1d(0.0, 1.0),
            y_range=Range1d(1.0, 10.0),
            y_axis_type="log",
            tools="xbox_zoom,pan,reset,save",
            active_drag="xbox_zoom",
            y_axis_label="counts per pixel, corrected",
            output_backend="canvas",
        )
        plot.toolbar.logo = None
        plot.add_layout(
            Whisker(
                source=self._source,
                base="q",
                lower="foot",
                upper="top",
                lower_head=None,
                upper_head=None,
                line_color=colours.muted,
                level="underlay",
            )
        )
        points = plot.scatter("q", "y", source=self._source, size=4, color=colours.measured)
        plot.add_tools(
            HoverTool(
                renderers=[points],
                mode="vline",
                tooltips=[("q", "@q{0.0000} Å⁻¹"), ("intensity", "@y{0.[000]} ± @sigma{0.[000]}")],
                visible=False,
                name="readout",
            )
        )
        apply_theme(plot, colours)
        self._plot = plot
        pane = pn.pane.Bokeh(plot, sizing_mode="stretch_both", margin=0)
        styles = {"height": _HEIGHT, "flex": "none"}  # see LEAST_HEIGHT of the image
        self.view = pn.Column(pane, sizing_mode="stretch_both", margin=0, visible=False, styles=styles)

    def show(self, cut: Cut | None, pattern: Pattern | None) -> None:
        """Show the curve of a cut, or none."""
        self.view.visible = pattern is not None
        if cut is None or pattern is None or pattern.sigma is None:
            self._source.data = {name: np.empty(0) for name in self._source.data}
            return
        y, sigma = pattern.intensity, pattern.sigma
        seen = y > 0.0
        # The lower end of a bar has to be positive on this scale.
        foot = np.maximum(y - sigma, 0.5 * y[seen].min() if seen.any() else 0.5)
        self._source.data = {
            name: values[seen]
            for name, values in (
                ("q", pattern.x), ("y", y), ("sigma", sigma), ("foot", foot), ("top", y + sigma)
            )
        }  # fmt: skip
        label = f"{_NAMES[cut.along]} (Å⁻¹)"
        self._fit_ranges(keep_zoom=label == self._plot.xaxis.axis_label)
        self._plot.xaxis.axis_label = label

    def _fit_ranges(self, keep_zoom: bool) -> None:
        """Show the whole curve, unless it is zoomed and has the same axis as the former one.

        Ranges that follow the data would have nothing to follow before there are any.
        """
        data = self._source.data
        if not len(data["q"]):
            return
        left, right = float(data["q"][0]), float(data["q"][-1])
        low, high = float(data["foot"].min()) / 1.3, float(data["top"].max()) * 1.3
        margin = 0.02 * (right - left)
        for shown, (start, end) in (
            (self._plot.x_range, (left - margin, right + margin)),
            (self._plot.y_range, (low, high)),
        ):
            zoomed = (shown.start, shown.end) != (shown.reset_start, shown.reset_end)
            shown.update(reset_start=start, reset_end=end)
            if not (keep_zoom and zoomed):
                shown.update(start=start, end=end)
