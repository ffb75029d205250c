"""Plot of the whole pattern, on which regions and masks are selected with the mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
import panel as pn
from bokeh.events import SelectionGeometry
from bokeh.models import BoxSelectTool, ColumnDataSource, Range1d
from bokeh.plotting import figure

from slxrd.data.pattern import Axis, Pattern
from slxrd.fitting.result.summary import is_simulated
from slxrd.ui.app.plots.readout import add_readout, positions
from slxrd.ui.app.plots.theme import Colours, apply_theme
from slxrd.units import FloatArray, q_from_two_theta, two_theta_from_q

#: Largest number of points drawn: four for each pixel of a wide screen.
MOST_POINTS = 8000


def decimate(x: FloatArray, y: FloatArray, most: int = MOST_POINTS) -> tuple[FloatArray, FloatArray]:
    """Reduce the number of points for drawing, without losing a peak.

    Of each interval of x, the points of lowest and highest y are kept, and the first and last point of all.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Points, x increasing.
    most : int
        Largest number of points, at least 4.

    Returns
    -------
    x, y : ndarray, shape (m,)
        m ≤ ``most``; the arguments themselves if n ≤ ``most``.
    """
    if x.size <= most:
        return x, y
    intervals = (most - 2) // 2
    edges = np.linspace(0, x.size, intervals + 1).astype(int)
    kept = {0, x.size - 1}
    for a, b in pairwise(edges.tolist()):
        kept |= {int(a + np.argmin(y[a:b])), int(a + np.argmax(y[a:b]))}
    indices = np.array(sorted(kept))
    return x[indices], y[indices]


Mouse = Literal["zoom", "region", "mask"]


@dataclass(frozen=True)
class PatternView:
    """What is shown in the plot of a pattern.

    Parameters
    ----------
    axis : {"q", "2theta"}
        The horizontal axis.
    scale : {"linear", "log"}
        Scale of the intensity.
    mouse : {"zoom", "region", "mask"}
        What dragging with the mouse does.
    regions, masks : sequence of (float, float)
        In Å⁻¹.
    by_user : bool
        Whether the regions were chosen by the user; otherwise they were found automatically.
    baseline : ndarray, shape (n,), optional
        At the points of the pattern.
    peaks : sequence of (q, height, kind)
        Peaks of the decomposition.
    """

    axis: Axis = "q"
    scale: Literal["linear", "log"] = "log"
    mouse: Mouse = "zoom"
    regions: Sequence[tuple[float, float]] = ()
    masks: Sequence[tuple[float, float]] = ()
    by_user: bool = False
    baseline: FloatArray | None = None
    peaks: Sequence[tuple[float, float, str]] = field(default_factory=tuple)


class PatternPlot:
    """Plot of a pattern. The zoom is kept when it is drawn again.

    Parameters
    ----------
    colours : Colours
        Theme of the page.
    on_select : callable
        Called with the lower and upper end in Å⁻¹ when a region or a mask was drawn with the mouse.
    """

    def __init__(self, colours: Colours, on_select: Callable[[float, float], object]) -> None:
        self._colours, self._on_select = colours, on_select
        self.view = pn.Column(sizing_mode="stretch_both", min_height=420)
        self._shown: tuple[str, Axis] | None = None
        self._zoom: Range1d | None = None
        self._height: Range1d | None = None

    def clear(self) -> None:
        """Remove the plot."""
        self.view.objects = []
        self._shown = None

    def show(self, pattern: Pattern, view: PatternView) -> None:
        """Draw a pattern.

        Raises
        ------
        SlxrdError
            If the axis needs a wavelength that is not known.
        """
        x = pattern.q if view.axis == "q" else pattern.two_theta
        shown = (pattern.source, view.axis)
        if self._shown != shown or self._zoom is None:
            self._shown, self._zoom = shown, Range1d(float(x[0]), float(x[-1]))
        else:
            self._zoom = Range1d(self._zoom.start, self._zoom.end)
        # The tool "reset" shows the whole pattern, also after the plot was drawn again while it was zoomed.
        self._zoom.update(reset_start=float(x[0]), reset_end=float(x[-1]))
        plot = self._draw(pattern, x, view)
        self.view.objects = [pn.pane.Bokeh(plot, sizing_mode="stretch_both")]

    def show_whole(self) -> None:
        """Show the whole pattern again."""
        for shown in (self._zoom, self._height):
            if shown is not None:
                shown.update(start=shown.reset_start, end=shown.reset_end)

    def _draw(self, pattern: Pattern, x: FloatArray, view: PatternView) -> figure:
        y = pattern.intensity
        positive = y[y > 0.0]
        floor = float(positive.min()) / 2.0 if view.scale == "log" and positive.size else None
        plot = self._empty_figure(y, floor, view.axis)
        if any(step.name.startswith("Lorentz") for step in pattern.history):
            plot.yaxis.axis_label = "intensity, after Lorentz-polarisation correction"

        def to_axis(q: float) -> float:
            if view.axis == "q" or pattern.wavelength is None:
                return q
            return float(two_theta_from_q(q, pattern.wavelength))

        self._add_ranges(plot, view, to_axis)
        self._add_curves(plot, pattern, x, floor, view.baseline)
        self._add_peaks(plot, view.peaks, to_axis)
        select = BoxSelectTool(dimensions="width", renderers=[])
        plot.add_tools(select)
        plot.toolbar.active_drag = plot.tools[0] if view.mouse == "zoom" else select
        plot.on_event(SelectionGeometry, lambda event: self._selected(event, pattern, view))
        apply_theme(plot, self._colours)
        return plot

    def _empty_figure(self, y: FloatArray, floor: float | None, axis: Axis) -> figure:
        low = floor if floor is not None else min(0.0, float(y.min()))
        high = float(y.max()) * (1.08 if floor is None else 2.0)
        self._height = Range1d(low, high, reset_start=low, reset_end=high)
        plot = figure(
            sizing_mode="stretch_both",
            min_height=400,
            x_range=self._zoom,
            y_axis_type="linear" if floor is None else "log",
            y_range=self._height,
            tools="xbox_zoom,box_zoom,pan,xwheel_zoom,reset,save",
            active_drag=None,
            x_axis_label="q (Å⁻¹)" if axis == "q" else "2θ (°)",
            y_axis_label="intensity",
        )
        plot.toolbar.logo = None
        return plot

    def _add_ranges(self, plot: figure, view: PatternView, to_axis: Callable[[float], float]) -> None:
        label = "region" if view.by_user else "region (automatic)"
        for ranges, colour, text, dashed, hatch in (
            (view.regions, self._colours.region, label, not view.by_user, " "),
            (view.masks, self._colours.mask, "masked", True, "/"),
        ):
            if ranges:
                plot.vstrip(
                    x0=[to_axis(low) for low, _ in ranges],
                    x1=[to_axis(high) for _, high in ranges],
                    fill_color=colour,
                    fill_alpha=0.15,
                    line_color=colour,
                    line_dash="dashed" if dashed else "solid",
                    hatch_pattern=hatch,
                    hatch_alpha=0.4,
                    hatch_color=colour,
                    legend_label=text,
                )

    def _add_curves(
        self, plot: figure, pattern: Pattern, x: FloatArray, floor: float | None, baseline: FloatArray | None
    ) -> None:
        def source(y: FloatArray, name: str) -> ColumnDataSource:
            positive = y if floor is None else np.where(y > 0.0, y, floor)
            return ColumnDataSource(dict(zip("xy", decimate(x, positive), strict=True)), name=name)

        drawn = source(pattern.intensity, "pattern")
        at = np.searchsorted(x, drawn.data["x"])
        places = positions(pattern.q[at], pattern.wavelength)
        drawn.data = {**drawn.data, **places, "value": pattern.intensity[at]}
        add_readout(plot, drawn, "x", "y", [("intensity", "@value{0.[00]}")])
        plot.line(
            "x",
            "y",
            source=drawn,
            color=self._colours.measured,
            line_width=1.2,
            legend_label="simulated" if is_simulated(pattern) else "measured",
        )
        if baseline is not None:
            plot.line(
                "x",
                "y",
                source=source(baseline, "baseline"),
                color=self._colours.baseline,
                line_width=2,
                line_dash="dashed",
                legend_label="baseline (estimate)",
            )

    def _add_peaks(
        self,
        plot: figure,
        peaks: Sequence[tuple[float, float, str]],
        to_axis: Callable[[float], float],
    ) -> None:
        for kind, marker, colour in (
            ("fringe", "circle", self._colours.fringe),
            ("Bragg peak", "diamond", self._colours.bragg),
            ("diffuse", "square", self._colours.mask),
            ("spurious", "x", self._colours.spurious),
        ):
            of_kind = [(to_axis(q), height) for q, height, word in peaks if word == kind]
            if of_kind:
                plot.scatter(
                    [position for position, _ in of_kind],
                    [height for _, height in of_kind],
                    marker=marker,
                    size=10,
                    line_width=2,
                    color=colour,
                    fill_alpha=0.3,
                    legend_label=kind,
                )

    def _selected(self, event: SelectionGeometry, pattern: Pattern, view: PatternView) -> None:
        if not event.final or view.mouse == "zoom" or "x0" not in event.geometry:
            return
        ends = sorted((float(event.geometry["x0"]), float(event.geometry["x1"])))
        if view.axis == "2theta":
            assert pattern.wavelength is not None
            ends = q_from_two_theta(ends, pattern.wavelength).tolist()
        self._on_select(round(ends[0], 4), round(ends[1], 4))
