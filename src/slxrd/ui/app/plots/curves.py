"""Plot of the regions: points, calculated curve, residuals, positions of fringes and Bragg peaks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set

import numpy as np
import panel as pn
from bokeh.models import BasicTicker, ColumnDataSource, Label, Range1d
from bokeh.plotting import figure

from slxrd.fitting.objective.evaluation import Fitted
from slxrd.ui.app.plots.axis import Across, Scale, format_intensity, heights
from slxrd.ui.app.plots.overlay import add_bars, add_line
from slxrd.ui.app.plots.readout import add_readout, positions
from slxrd.ui.app.plots.stack import period_of
from slxrd.ui.app.plots.theme import Colours, apply_theme, entries_html
from slxrd.units import FloatArray

#: If there are more orders than this in a region, none is marked.
MOST_MARKS = 200
#: Quantities without which there is no period of a stack.
OF_PERIOD = frozenset({"L", "N", "d", "period"})
#: A step between points of more than this many median steps is a gap, left by a mask.
GAP = 3.0


def order_positions(low: float, high: float, period: float, q_zero: float = 0.0) -> FloatArray:
    """Return the positions q = 2πm/period − q_zero from low to high, in Å⁻¹; empty if there are too many."""
    if not period > 0.0:
        return np.empty(0)
    step = 2.0 * math.pi / period
    first, last = math.ceil((low + q_zero) / step), math.floor((high + q_zero) / step)
    if last - first >= MOST_MARKS:
        return np.empty(0)
    return np.asarray(np.arange(max(first, 1), last + 1, dtype=np.float64) * step - q_zero)


def fringe_threshold(q: float) -> float:
    """Return π/(2q), the δ_Λ in Å above which no fringes are seen at q (in Å⁻¹).

    Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eq. S21.
    """
    return math.pi / (2.0 * q)


def legend_html(colours: Colours, points: str, with_ghost: bool = False, stacked: bool = True) -> str:
    """Return the legend as HTML. It is placed above the plots, where it covers no points."""
    ghost = (("┅", colours.muted, "last fit"),) if with_ghost else ()
    entries = (
        ("●", colours.measured, points),
        ("━", colours.calculated, "calculated"),
        *ghost,
        ("┃", colours.fringe, f"fringes (orders of {'Λ' if stacked else 'N·d'})"),
        ("┇", colours.bragg, "Bragg peaks (orders of d)"),
    )
    return entries_html(colours, entries)


class _RegionPlot:
    """Plot of one region; what changes with the sliders is sent through the column sources.

    Parameters
    ----------
    fitted : Fitted
        Points and calculated curve.
    scale : {"linear", "log", "sqrt"}
        Scale of the intensity.
    across : Across
        The horizontal axis.
    colours : Colours
        Theme of the page.
    first : bool
        Whether it is the leftmost plot, which has the axis labels.
    points : str
        Name of the points: "measured" or "simulated".
    """

    def __init__(
        self,
        fitted: Fitted,
        scale: Scale,
        across: Across,
        colours: Colours,
        first: bool,
        points: str,
    ) -> None:
        self._points, self._across = points, across
        q, y = fitted.q, fitted.measured
        self._scale: Scale = scale
        self._floor = float(y[y > 0.0].min()) / 3.0 if scale == "log" else 0.0
        self._low, self._high = float(q[0]), float(q[-1])
        self._make_sources(fitted)
        x_range = Range1d(*across.ends(self._low, self._high), bounds="auto")
        self.main = self._intensity_figure(fitted, x_range, colours, first)
        self.residual_range = Range1d(-4.0, 4.0)
        self.residuals = self._residual_figure(x_range, colours, first)
        for plot in (self.main, self.residuals):
            apply_theme(plot, colours)
            plot.min_border_left = 64 if first else 46
            plot.min_border_right = 12
        self.main.xaxis.visible = False
        self.main.min_border_bottom = self.residuals.min_border_top = 7
        self._scale_residuals(fitted)

    def _make_sources(self, fitted: Fitted) -> None:
        q, x = fitted.q, self._across.of(fitted.q)
        self.source = ColumnDataSource({"x": x, "measured": self._height(fitted.measured)}, name="measured")
        # The curve is interrupted where points are masked.
        self._pieces = np.split(
            np.arange(q.size), np.flatnonzero(np.diff(q) > GAP * np.median(np.diff(q))) + 1
        )
        calculated = self._height(fitted.calculated)
        self.curves = [
            ColumnDataSource(
                {"q": q[piece], "x": x[piece], "calculated": calculated[piece]}, name="calculated"
            )
            for piece in self._pieces
        ]
        self._ghost = ColumnDataSource({"x": [], "calculated": []}, name="ghost")
        self._residual = ColumnDataSource(
            {
                **positions(q, self._across.wavelength),
                "x": x,
                "zero": np.zeros(q.size),
                "intensity": fitted.measured,
                "height": self._height(fitted.measured),
                "calculated_value": fitted.calculated,
                "residual": fitted.residual,
            },
            name="residual",
        )
        self._fringes = ColumnDataSource({"x": [], "foot": [], "top": []}, name="fringes")
        self._bragg = ColumnDataSource({"x": [], "foot": [], "top": []}, name="bragg")

    def _intensity_figure(self, fitted: Fitted, x_range: Range1d, colours: Colours, first: bool) -> figure:
        y = fitted.measured
        top = max(float(y.max()), min(float(fitted.calculated.max()), 3.0 * float(y.max())))
        low, top = self._height(np.array([min(0.0, float(y.min())), top])).tolist()
        log = self._scale == "log"
        self._mark_heights = (top * 1.9, top * 3.6) if log else (top * 1.06, top * 1.16)
        weight = f", weight {fitted.region.weight:g}" if fitted.region.weight != 1.0 else ""
        plot = figure(
            sizing_mode="stretch_both",
            min_height=180,
            min_width=160,
            x_range=x_range,
            y_range=Range1d(low, top * (4.0 if log else 1.18)),
            y_axis_type="log" if log else "linear",
            tools="xbox_zoom,box_zoom,pan,xwheel_zoom,reset,save",
            toolbar_location="above",
            output_backend="canvas",
            title=f"{fitted.region.name}{weight}",
            active_scroll=None,
            active_drag="xbox_zoom",
        )
        plot.toolbar.logo = None
        plot.toolbar.autohide = True
        plot.scatter("x", "measured", source=self.source, size=4, color=colours.measured, alpha=0.8)
        add_line(plot, self._ghost, "x", "calculated", colours.muted, dash="dashed")
        for curve in self.curves:
            add_line(plot, curve, "x", "calculated", colours.calculated)
        add_bars(plot, self._fringes, "x", "foot", "top", colours.fringe)
        add_bars(plot, self._bragg, "x", "foot", "top", colours.bragg, dash="dashed")
        add_readout(plot, self._residual, "x", "height", self._values)
        plot.yaxis.axis_label = "intensity" if first else None
        format_intensity(plot, self._scale)
        return plot

    @property
    def _values(self) -> list[tuple[str, str]]:
        """Values of the readout: of the points, the curve and the residual."""
        return [
            (self._points, "@intensity{0.[00]}"),
            ("calculated", "@calculated_value{0.[00]}"),
            ("residual", "@residual{0.00} σ"),
        ]

    def _residual_figure(self, x_range: Range1d, colours: Colours, first: bool) -> figure:
        plot = figure(
            height=136,
            sizing_mode="stretch_width",
            min_width=160,
            x_range=x_range,
            y_range=self.residual_range,
            tools="",
            toolbar_location=None,
            x_axis_label=self._across.label,
            output_backend="canvas",
        )
        add_bars(plot, self._residual, "x", "zero", "residual", colours.residual, width=1.5)
        add_readout(plot, self._residual, "x", "residual", self._values)
        plot.hspan(0.0, color=colours.text, line_width=0.7)
        # On the canvas, where a change while a slider moves needs no new layout.
        self.chi2 = Label(
            x=6,
            y=4,
            x_units="screen",
            y_units="screen",
            text="",
            name="chi2",
            level="overlay",
            text_color=colours.text,
            text_font_size="12px",
            background_fill_color=colours.background,
            background_fill_alpha=0.85,
        )
        plot.add_layout(self.chi2)
        plot.yaxis.axis_label = "residual (σ)" if first else None
        plot.yaxis.ticker = BasicTicker(desired_num_ticks=5)
        return plot

    def _height(self, y: FloatArray) -> FloatArray:
        """Return the heights at which intensities are drawn."""
        return heights(y, self._scale, self._floor)

    def update_curve(self, fitted: Fitted) -> None:
        """Show another calculated curve at the same points."""
        calculated = self._height(fitted.calculated)
        for piece, curve in zip(self._pieces, self.curves, strict=True):
            curve.data["calculated"] = calculated[piece]

    def show_ghost(self, fitted: Fitted | None) -> None:
        """Show the curve of the last fit beside that of the sliders, or none."""
        if fitted is not None:
            data = {"x": self._across.of(fitted.q), "calculated": self._height(fitted.calculated)}
            self._ghost.data = data
        elif len(self._ghost.data["x"]):
            self._ghost.data = {"x": [], "calculated": []}

    def update_residuals(self, fitted: Fitted) -> None:
        """Show other residuals at the same points."""
        self._residual.data = {
            **self._residual.data, "calculated_value": fitted.calculated, "residual": fitted.residual
        }  # fmt: skip
        self._scale_residuals(fitted)

    def _scale_residuals(self, fitted: Fitted) -> None:
        limit = max(4.0, 1.15 * float(np.max(np.abs(fitted.residual))))
        if not 0.5 * self.residual_range.end < limit < self.residual_range.end or limit == 4.0:
            self.residual_range.start, self.residual_range.end = -limit, limit

    def update_marks(self, values: Mapping[str, float], stacked: bool, unknown: Set[str]) -> None:
        """Mark the positions of the fringes and of the Bragg peaks, as far as they are determined."""
        zero = values.get("q_zero", 0.0)
        foot, top = self._mark_heights
        known = not unknown & (OF_PERIOD if stacked else {"N", "d"})
        period = [period_of(values, stacked)[1]] if known else []
        spacings = [values[name] for name in ("d", "d_B") if name in values and name not in unknown]
        for source, periods, high in (
            (self._fringes, period, (foot + top) / 2.0),
            (self._bragg, spacings, top),
        ):
            positions = [q for one in periods for q in order_positions(self._low, self._high, one, zero)]
            n = len(positions)
            source.data = {"x": self._across.of(np.array(positions)), "foot": [foot] * n, "top": [high] * n}


class CurvePlot:
    """Plots of all regions, side by side.

    Parameters
    ----------
    colours : Colours
        Theme of the page.
    """

    def __init__(self, colours: Colours) -> None:
        self._colours = colours
        self._plots: list[_RegionPlot] = []
        self._regions = pn.Row(sizing_mode="stretch_both", margin=0)
        self._legend = pn.pane.HTML("", margin=(0, 8), sizing_mode="stretch_width")
        self.view = pn.Column(self._legend, self._regions, sizing_mode="stretch_both", margin=0)

    def draw(
        self,
        fitted: Sequence[Fitted],
        scale: Scale,
        points: str,
        values: Mapping[str, float],
        stacked: bool = True,
        unknown: Set[str] = frozenset(),
        across: Across | None = None,
    ) -> None:
        """Draw the regions anew.

        Parameters
        ----------
        fitted : sequence of Fitted
            The regions.
        scale : {"linear", "log", "sqrt"}
            Scale of the intensity.
        points : str
            Legend of the points: "measured" or "simulated".
        values : mapping of str to float
            Parameter values, for the marks.
        stacked : bool
            False for single crystals.
        unknown : set of str
            Quantities that are not determined, at which nothing is marked.
        across : Across, optional
            The horizontal axis, by default q.
        """
        self._plots = [
            _RegionPlot(one, scale, across or Across(), self._colours, i == 0, points)
            for i, one in enumerate(fitted)
        ]
        self._update_marks(
            values, stacked, unknown
        )  # before display: a notebook does not receive later changes
        self._points, self._stacked = points, stacked
        self._legend.object = legend_html(self._colours, points, stacked=stacked) if fitted else ""
        self._regions.objects = [
            pn.Column(
                pn.pane.Bokeh(plot.main, sizing_mode="stretch_both", margin=0),
                pn.pane.Bokeh(plot.residuals, sizing_mode="stretch_width", height=136, margin=0),
                sizing_mode="stretch_both",
                margin=0,
            )
            for plot in self._plots
        ]

    def show_chi2(self, text: str) -> None:
        """Write χ² into the residuals of the first region."""
        if self._plots and self._plots[0].chi2.text != text:
            self._plots[0].chi2.text = text

    def show_ghost(self, fitted: Sequence[Fitted]) -> None:
        """Show the curves of the last fit beside those of the sliders; none if empty."""
        if self._plots:
            self._legend.object = legend_html(self._colours, self._points, bool(fitted), self._stacked)
        for i, plot in enumerate(self._plots):
            plot.show_ghost(fitted[i] if i < len(fitted) else None)

    def curves(self) -> list[ColumnDataSource]:
        """Return the sources of the calculated curves, one for each piece without a gap."""
        return [curve for plot in self._plots for curve in plot.curves]

    def update(
        self,
        fitted: Sequence[Fitted],
        values: Mapping[str, float],
        stacked: bool = True,
        unknown: Set[str] = frozenset(),
    ) -> None:
        """Show the curves and marks of other parameter values in the same regions."""
        for plot, one in zip(self._plots, fitted, strict=True):
            plot.update_curve(one)
        self._update_marks(values, stacked, unknown)

    def _update_marks(self, values: Mapping[str, float], stacked: bool, unknown: Set[str]) -> None:
        if {"d", "N", "L"} <= set(values):
            for plot in self._plots:
                plot.update_marks(values, stacked, unknown)

    def update_residuals(self, fitted: Sequence[Fitted]) -> None:
        """Show the residuals of other parameter values."""
        for plot, one in zip(self._plots, fitted, strict=True):
            plot.update_residuals(one)
