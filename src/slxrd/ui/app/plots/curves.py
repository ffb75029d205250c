"""The regions: measured points, calculated curve, residuals, places of fringes and Bragg peaks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import panel as pn
from bokeh.models import BasicTicker, BasicTickFormatter, ColumnDataSource, HoverTool, Range1d
from bokeh.plotting import figure

from slxrd.fitting.objective.evaluation import Fitted
from slxrd.ui.app.plots.overlay import bars, line
from slxrd.ui.app.plots.stack import period_of
from slxrd.ui.app.plots.theme import Colours, apply_theme
from slxrd.units import FloatArray

Scale = Literal["linear", "log"]
#: Marks that are drawn of a series at most.
MOST_MARKS = 200
#: Neighbours farther apart than so many usual steps have something left out between them.
GAP = 3.0


def marks(low: float, high: float, period: float, q_zero: float = 0.0) -> FloatArray:
    """Places q = 2πm/period − q_zero between two ends, in Å⁻¹; none where there would be too many."""
    if not period > 0.0:
        return np.empty(0)
    step = 2.0 * math.pi / period
    first, last = math.ceil((low + q_zero) / step), math.floor((high + q_zero) / step)
    if last - first >= MOST_MARKS:
        return np.empty(0)
    return np.asarray(np.arange(max(first, 1), last + 1, dtype=np.float64) * step - q_zero)


def threshold(q: float) -> float:
    """δ_Λ in Å above which fringes are lost at q: π/(2q).

    Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eq. S21.
    """
    return math.pi / (2.0 * q)


def key(colours: Colours, measured: str) -> str:
    """What the signs in the pictures mean, as HTML; beside them a legend would hide points."""
    signs = (
        ("●", colours.measured, measured),
        ("━", colours.calculated, "calculated"),
        ("┃", colours.fringe, "fringes of this Λ"),
        ("┇", colours.bragg, "Bragg peaks of this d"),
    )
    told = "".join(
        f"<span style='margin-right:18px'><b style='color:{colour}'>{sign}</b> {word}</span>"
        for sign, colour, word in signs
    )
    return f"<div style='font-size:13px;color:{colours.ink}'>{told}</div>"


class _RegionPlot:
    """One region; what a slider moves goes through the columns of a source."""

    def __init__(self, fitted: Fitted, scale: Scale, colours: Colours, first: bool) -> None:
        q, y = fitted.q, fitted.measured
        self._log = scale == "log"
        self._floor = float(y[y > 0.0].min()) / 3.0 if self._log else 0.0
        self.source = ColumnDataSource({"q": q, "measured": self._shown(y)}, name="measured")
        # What is left out of a region breaks its curve.
        self._pieces = np.split(
            np.arange(q.size), np.flatnonzero(np.diff(q) > GAP * np.median(np.diff(q))) + 1
        )
        calculated = self._shown(fitted.calculated)
        self.curves = [
            ColumnDataSource({"q": q[piece], "calculated": calculated[piece]}, name="calculated")
            for piece in self._pieces
        ]
        self._residual = ColumnDataSource(
            {"q": q, "zero": np.zeros(q.size), "residual": fitted.residual}, name="residual"
        )
        self._fringes = ColumnDataSource({"q": [], "foot": [], "top": []}, name="fringes")
        self._bragg = ColumnDataSource({"q": [], "foot": [], "top": []}, name="bragg")
        top = float(y.max())
        low = self._floor if self._log else min(0.0, float(y.min()))
        y_range = Range1d(low, top * (4.0 if self._log else 1.18))
        x_range = Range1d(float(q[0]), float(q[-1]), bounds="auto")
        self._low, self._high = float(q[0]), float(q[-1])
        self._marks = (top * 1.9, top * 3.6) if self._log else (top * 1.06, top * 1.16)
        weight = f", weight {fitted.region.weight:g}" if fitted.region.weight != 1.0 else ""
        self.main = figure(
            height=390,
            sizing_mode="stretch_width",
            x_range=x_range,
            y_range=y_range,
            y_axis_type=scale,
            tools="xbox_zoom,xpan,xwheel_zoom,reset,save",
            toolbar_location="above",
            output_backend="canvas",
            title=f"{fitted.region.name}{weight}",
            active_scroll=None,
        )
        self.main.toolbar.logo = None
        self.main.toolbar.autohide = True
        self.main.scatter(
            "q",
            "measured",
            source=self.source,
            size=4,
            color=colours.measured,
            alpha=0.8,
        )
        for curve in self.curves:
            line(self.main, curve, "q", "calculated", colours.calculated)
        bars(self.main, self._fringes, "q", "foot", "top", colours.fringe)
        bars(self.main, self._bragg, "q", "foot", "top", colours.bragg, dash="dashed")
        self.main.add_tools(
            HoverTool(tooltips=[("q", "@q{0.0000} Å⁻¹"), ("measured", "@measured{0.0}")], visible=False)
        )
        self.main.yaxis.axis_label = "intensity" if first else None
        if scale == "linear":
            self.main.yaxis.formatter = BasicTickFormatter(power_limit_high=7)
        self.rest_range = Range1d(-4.0, 4.0)
        self.rest = figure(
            height=130,
            sizing_mode="stretch_width",
            x_range=x_range,
            y_range=self.rest_range,
            tools="",
            toolbar_location=None,
            x_axis_label="q (Å⁻¹)",
            output_backend="canvas",
        )
        bars(self.rest, self._residual, "q", "zero", "residual", colours.residual, width=1.5)
        self.rest.hspan(0.0, color=colours.ink, line_width=0.7)
        self.rest.yaxis.axis_label = "residual (σ)" if first else None
        self.rest.yaxis.ticker = BasicTicker(desired_num_ticks=5)
        for picture in (self.main, self.rest):
            apply_theme(picture, colours)
            picture.min_border_left = 64 if first else 46
            picture.min_border_right = 12
        self.main.xaxis.visible = False
        self.main.min_border_bottom = self.rest.min_border_top = 7
        self._fit_rest(fitted)

    def _shown(self, y: FloatArray) -> FloatArray:
        return np.where(y > 0.0, y, self._floor) if self._log else y

    def update(self, fitted: Fitted) -> None:
        calculated = self._shown(fitted.calculated)
        for piece, curve in zip(self._pieces, self.curves, strict=True):
            curve.data["calculated"] = calculated[piece]

    def update_residual(self, fitted: Fitted) -> None:
        self._residual.data["residual"] = fitted.residual
        self._fit_rest(fitted)

    def _fit_rest(self, fitted: Fitted) -> None:
        reach = max(4.0, 1.15 * float(np.max(np.abs(fitted.residual))))
        if not 0.5 * self.rest_range.end < reach < self.rest_range.end or reach == 4.0:
            self.rest_range.start, self.rest_range.end = -reach, reach

    def mark(self, values: Mapping[str, float], stacked: bool) -> None:
        """Put the marks where fringes of the period lie, and Bragg peaks of the planes."""
        zero = values.get("q_zero", 0.0)
        foot, top = self._marks
        period = period_of(values, stacked)[1]
        spacings = [values[name] for name in ("d", "d_B") if name in values]
        for source, lengths, high in (
            (self._fringes, [period], (foot + top) / 2.0),
            (self._bragg, spacings, top),
        ):
            places = [q for length in lengths for q in marks(self._low, self._high, length, zero).tolist()]
            n = len(places)
            source.data = {"q": places, "foot": [foot] * n, "top": [high] * n}


class CurvePlot:
    """All regions side by side.

    Parameters
    ----------
    colours : Colours
        Of the page.
    """

    def __init__(self, colours: Colours) -> None:
        self._colours = colours
        self._plots: list[_RegionPlot] = []
        self._regions = pn.Row(sizing_mode="stretch_width", margin=0)
        self._key = pn.pane.HTML("", margin=(0, 10), sizing_mode="stretch_width")
        self.view = pn.Column(self._key, self._regions, sizing_mode="stretch_width", margin=0)

    def lay_out(
        self,
        fitted: Sequence[Fitted],
        scale: Scale,
        measured: str,
        values: Mapping[str, float],
        stacked: bool = True,
    ) -> None:
        """Draw other regions, or the same on another scale."""
        self._plots = [_RegionPlot(one, scale, self._colours, i == 0) for i, one in enumerate(fitted)]
        self._mark(values, stacked)  # A notebook does not know the plots' parts before they are shown.
        self._key.object = key(self._colours, measured) if fitted else ""
        self._regions.objects = [
            pn.Column(
                pn.pane.Bokeh(plot.main, sizing_mode="stretch_width"),
                pn.pane.Bokeh(plot.rest, sizing_mode="stretch_width"),
                sizing_mode="stretch_width",
                margin=0,
            )
            for plot in self._plots
        ]

    def curves(self) -> list[ColumnDataSource]:
        """What holds the calculated curves, one for each stretch without a gap."""
        return [curve for plot in self._plots for curve in plot.curves]

    def update(self, fitted: Sequence[Fitted], values: Mapping[str, float], stacked: bool = True) -> None:
        """Show the curve of other values in the same regions, and where their fringes lie."""
        for plot, one in zip(self._plots, fitted, strict=True):
            plot.update(one)
        self._mark(values, stacked)

    def _mark(self, values: Mapping[str, float], stacked: bool) -> None:
        if {"d", "N", "L"} <= set(values):
            for plot in self._plots:
                plot.mark(values, stacked)

    def update_residuals(self, fitted: Sequence[Fitted]) -> None:
        """Show the residuals of other values."""
        for plot, one in zip(self._plots, fitted, strict=True):
            plot.update_residual(one)
