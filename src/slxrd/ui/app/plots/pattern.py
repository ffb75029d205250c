"""Plot of the whole pattern, on which regions and masks are selected with the mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
import panel as pn
from bokeh.events import DoubleTap, SelectionGeometry
from bokeh.models import BoxAnnotation, BoxSelectTool, ColumnDataSource, Range1d
from bokeh.plotting import figure

from slxrd.data.pattern import Pattern
from slxrd.ui.app.plots.axis import Across, AxisName, Scale, format_intensity, heights
from slxrd.ui.app.plots.readout import add_readout, positions
from slxrd.ui.app.plots.theme import Colours, apply_theme, entries_html
from slxrd.units import FloatArray

#: Milliseconds without a change after which a range that is dragged is taken as it is.
AT_REST = 350
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
    axis : {"q", "2theta", "d"}
        The horizontal axis.
    scale : {"linear", "log", "sqrt"}
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
    masks_by_user : bool
        Whether the masks were chosen by the user.
    """

    axis: AxisName = "q"
    scale: Scale = "log"
    mouse: Mouse = "zoom"
    regions: Sequence[tuple[float, float]] = ()
    masks: Sequence[tuple[float, float]] = ()
    by_user: bool = False
    baseline: FloatArray | None = None
    peaks: Sequence[tuple[float, float, str]] = field(default_factory=tuple)
    masks_by_user: bool = True

    @property
    def editable(self) -> bool:
        """Whether the mouse changes ranges: those that were chosen, not those from the pattern."""
        return self.mouse != "zoom" and (self.masks_by_user if self.mouse == "mask" else self.by_user)


def legend_html(colours: Colours, points: str, by_user: bool, masked: bool, of_pattern: bool) -> str:
    """Return the legend as HTML. It is placed above the plot, where it covers no points.

    Parameters
    ----------
    colours : Colours
        Theme of the page.
    points : str
        Name of the curve: "measured" or "simulated".
    by_user : bool
        Whether the regions were chosen by the user.
    masked : bool
        Whether there are masks.
    of_pattern : bool
        Whether they are from the pattern, not chosen.
    """
    entries = [("━", colours.measured, points)]
    entries.append(("▮", colours.region, "region" if by_user else "region (automatic)"))
    if masked:
        entries.append(("▨", colours.mask, "masked (automatic)" if of_pattern else "masked"))
    return entries_html(colours, entries)


@dataclass(frozen=True)
class MouseActions:
    """What is done with ranges that the mouse has drawn, changed or removed.

    All are called with the kind of the range first, "region" or "mask": the mouse may do something else by
    the time that they are called.

    Parameters
    ----------
    add : callable
        Called with the lower and upper end in Å⁻¹ of a new range.
    change : callable
        Called with the number of a range, from 0, and its new ends in Å⁻¹.
    remove : callable
        Called with the number of a range.
    """

    add: Callable[[str, float, float], object]
    change: Callable[[str, int, float, float], object]
    remove: Callable[[str, int], object]


class PatternPlot:
    """Plot of a pattern. The zoom is kept when it is drawn again.

    Parameters
    ----------
    colours : Colours
        Theme of the page.
    actions : MouseActions
        What the mouse does.
    """

    def __init__(self, colours: Colours, actions: MouseActions) -> None:
        self._colours, self._actions = colours, actions
        self._document = pn.state.curdoc
        self.view = pn.Column(sizing_mode="stretch_both", margin=0)
        self._shown: tuple[str, AxisName] | None = None
        self._zoom: Range1d | None = None
        self._height: Range1d | None = None
        self._pending: dict[int, BoxAnnotation] = {}
        self._changes = 0

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
        across = Across(view.axis, pattern.wavelength)
        x = across.of(pattern.q)
        known = x[np.isfinite(x)]
        left, right = float(known.min()), float(known.max())
        shown = (pattern.source, view.axis)
        if self._shown != shown or self._zoom is None:
            self._shown, self._zoom = shown, Range1d(left, right)
        else:
            self._zoom = Range1d(self._zoom.start, self._zoom.end)
        # The tool "reset" shows the whole pattern, also after the plot was drawn again while it was zoomed.
        self._zoom.update(reset_start=left, reset_end=right)
        plot = self._draw(pattern, across, view)
        self.view.objects = [pn.pane.Bokeh(plot, sizing_mode="stretch_both", margin=0)]

    def show_whole(self) -> None:
        """Show the whole pattern again."""
        for shown in (self._zoom, self._height):
            if shown is not None:
                shown.update(start=shown.reset_start, end=shown.reset_end)

    def _draw(self, pattern: Pattern, across: Across, view: PatternView) -> figure:
        y = pattern.intensity
        positive = y[y > 0.0]
        scale: Scale = view.scale if view.scale != "log" or positive.size else "linear"
        floor = float(positive.min()) / 2.0 if positive.size else 0.0
        plot = self._empty_figure(y, scale, floor, across)
        if any(step.name.startswith("Lorentz") for step in pattern.history):
            plot.yaxis.axis_label = "intensity, after Lorentz-polarisation correction"
        self._pending.clear()
        self._add_ranges(plot, view, across)
        self._add_curves(plot, pattern, across, scale, floor, view.baseline)
        self._add_peaks(plot, view.peaks, across, scale, floor)
        select = BoxSelectTool(dimensions="width", renderers=[])
        plot.add_tools(select)
        plot.toolbar.active_drag = plot.tools[0] if view.mouse == "zoom" else select
        plot.on_event(SelectionGeometry, lambda event: self._selected(event, across, view))
        plot.on_event(DoubleTap, lambda event: self._tapped(event, across, view))
        apply_theme(plot, self._colours)
        return plot

    def _empty_figure(self, y: FloatArray, scale: Scale, floor: float, across: Across) -> figure:
        low, high = heights(np.array([min(0.0, float(y.min())), float(y.max())]), scale, floor).tolist()
        high *= 2.0 if scale == "log" else 1.08
        self._height = Range1d(low, high, reset_start=low, reset_end=high)
        plot = figure(
            sizing_mode="stretch_both",
            min_height=240,
            x_range=self._zoom,
            y_axis_type="log" if scale == "log" else "linear",
            y_range=self._height,
            tools="xbox_zoom,box_zoom,pan,xwheel_zoom,reset,save",
            active_scroll="xwheel_zoom",
            active_drag=None,
            x_axis_label=across.label,
            y_axis_label="intensity",
        )
        plot.toolbar.logo = None
        format_intensity(plot, scale)
        return plot

    def _add_ranges(self, plot: figure, view: PatternView, across: Across) -> None:
        for kind, ranges, colour, dashed, hatch in (
            ("region", view.regions, self._colours.region, not view.by_user, None),
            ("mask", view.masks, self._colours.mask, True, "right_diagonal_line"),
        ):
            editable = view.mouse == kind and view.editable
            for number, (low, high) in enumerate(ranges):
                left, right = across.ends(low, high)
                box = BoxAnnotation(
                    left=left,
                    right=right,
                    name=kind,
                    fill_color=colour,
                    fill_alpha=0.15,
                    line_color=colour,
                    line_dash="dashed" if dashed else "solid",
                    line_width=2 if editable else 1,
                    hatch_pattern=hatch,
                    hatch_alpha=0.5,
                    hatch_color=colour,
                    editable=editable,
                    resizable="x",
                    movable="x",
                    level="underlay" if kind == "region" else "annotation",
                    hover_fill_color=colour if editable else None,
                    hover_fill_alpha=0.3,
                )
                if editable:
                    for end in ("left", "right"):
                        box.on_change(end, self._moved(number, box, across))
                plot.add_layout(box)

    def _moved(self, number: int, box: BoxAnnotation, across: Across) -> Callable[..., None]:
        """Return the callback of a range's ends: it is changed once the mouse has come to rest."""

        def changed(attribute: str, old: float, new: float) -> None:
            self._changes += 1
            mine = self._changes

            def apply() -> None:
                if mine == self._changes:
                    low, high = across.q_range(float(box.left), float(box.right))
                    self._actions.change(str(box.name), number, round(low, 4), round(high, 4))

            if self._document is None or self._document.session_context is None:
                apply()
            else:
                self._document.add_timeout_callback(apply, AT_REST)

        return changed

    def _tapped(self, event: DoubleTap, across: Across, view: PatternView) -> None:
        if view.mouse == "zoom" or event.x is None:
            return
        if not view.editable:
            return
        ranges = view.masks if view.mouse == "mask" else view.regions
        for number, (low, high) in enumerate(ranges):
            left, right = across.ends(low, high)
            if left <= event.x <= right:
                self._actions.remove(view.mouse, number)
                return

    def _add_curves(
        self,
        plot: figure,
        pattern: Pattern,
        across: Across,
        scale: Scale,
        floor: float,
        baseline: FloatArray | None,
    ) -> None:
        q = pattern.q
        x = across.of(q)
        order = np.flatnonzero(np.isfinite(x))
        if across.name == "d":
            order = order[::-1]  # decimation needs increasing positions

        def source(y: FloatArray, name: str) -> ColumnDataSource:
            return ColumnDataSource(
                dict(zip("xy", decimate(x[order], heights(y, scale, floor)[order]), strict=True)), name=name
            )

        drawn = source(pattern.intensity, "pattern")
        at = order[np.searchsorted(x[order], drawn.data["x"])]
        drawn.data = {**drawn.data, **positions(q[at], pattern.wavelength), "value": pattern.intensity[at]}
        add_readout(plot, drawn, "x", "y", [("intensity", "@value{0.[00]}")])
        plot.line("x", "y", source=drawn, color=self._colours.measured, line_width=1.2)
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
        across: Across,
        scale: Scale,
        floor: float,
    ) -> None:
        for kind, marker, colour in (
            ("fringe", "circle", self._colours.fringe),
            ("Bragg peak", "diamond", self._colours.bragg),
            ("diffuse", "square", self._colours.mask),
            ("spurious", "x", self._colours.spurious),
        ):
            of_kind = [(q, height) for q, height, word in peaks if word == kind]
            if of_kind:
                q, y = np.array(of_kind).T
                plot.scatter(
                    across.of(q),
                    heights(y, scale, floor),
                    marker=marker,
                    size=10,
                    line_width=2,
                    color=colour,
                    fill_alpha=0.3,
                    legend_label=kind,
                )

    def _selected(self, event: SelectionGeometry, across: Across, view: PatternView) -> None:
        if not event.final or view.mouse == "zoom" or "x0" not in event.geometry:
            return
        low, high = across.q_range(float(event.geometry["x0"]), float(event.geometry["x1"]))
        self._actions.add(view.mouse, round(low, 4), round(high, 4))
