"""The whole pattern, on which regions and masks are drawn with the mouse.

Fewer points for the screen, without losing a peak.
"""

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
from slxrd.ui.app.plots.theme import Colours, apply_theme
from slxrd.units import FloatArray, q_from_two_theta, two_theta_from_q

#: More points than this are not drawn: four to each pixel of a wide screen.
MOST_POINTS = 8000


def decimate(x: FloatArray, y: FloatArray, most: int = MOST_POINTS) -> tuple[FloatArray, FloatArray]:
    """Keep the lowest and the highest point of each stretch, and both ends.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Points, x increasing.
    most : int
        How many may remain, 4 or more.

    Returns
    -------
    x, y : ndarray, shape (m,)
        m ≤ ``most``; the arrays themselves where they are short enough.
    """
    if x.size <= most:
        return x, y
    stretches = (most - 2) // 2
    edges = np.linspace(0, x.size, stretches + 1).astype(int)
    kept = {0, x.size - 1}
    for a, b in pairwise(edges.tolist()):
        kept |= {int(a + np.argmin(y[a:b])), int(a + np.argmax(y[a:b]))}
    chosen = np.array(sorted(kept))
    return x[chosen], y[chosen]


Mouse = Literal["zoom", "region", "mask"]


@dataclass(frozen=True)
class Drawing:
    """What is shown of a pattern.

    Parameters
    ----------
    against : {"q", "2theta"}
        The axis.
    scale : {"linear", "log"}
        Of the intensity.
    mouse : {"zoom", "region", "mask"}
        What dragging does.
    regions, masks : sequence of (float, float)
        In Å⁻¹.
    chosen : bool
        Whether the regions were chosen, and not found.
    baseline : ndarray, shape (n,), optional
        At the pattern's points.
    peaks : sequence of (q, height, word)
        Peaks that were found.
    """

    against: Axis = "q"
    scale: Literal["linear", "log"] = "log"
    mouse: Mouse = "zoom"
    regions: Sequence[tuple[float, float]] = ()
    masks: Sequence[tuple[float, float]] = ()
    chosen: bool = False
    baseline: FloatArray | None = None
    peaks: Sequence[tuple[float, float, str]] = field(default_factory=tuple)


class PatternPlot:
    """The picture of a pattern; its zoom survives being drawn anew.

    Parameters
    ----------
    colours : Colours
        Of the page.
    drawn : callable
        Called with both ends in Å⁻¹, the lower first, when something was drawn with the mouse.
    """

    def __init__(self, colours: Colours, drawn: Callable[[float, float], object]) -> None:
        self._colours, self._drawn = colours, drawn
        self.view = pn.Column(sizing_mode="stretch_both", min_height=420)
        self._seen: tuple[str, Axis] | None = None
        self._zoom: Range1d | None = None

    def clear(self) -> None:
        """Show nothing."""
        self.view.objects = []
        self._seen = None

    def show(self, pattern: Pattern, drawing: Drawing) -> None:
        """Draw a pattern.

        Raises
        ------
        SlxrdError
            If the axis needs a wavelength that is not known.
        """
        x = pattern.q if drawing.against == "q" else pattern.two_theta
        kind = (pattern.source, drawing.against)
        if self._seen != kind or self._zoom is None:
            self._seen, self._zoom = kind, Range1d(float(x[0]), float(x[-1]))
        else:
            self._zoom = Range1d(self._zoom.start, self._zoom.end)
        picture = self._figure(pattern, x, drawing)
        self.view.objects = [pn.pane.Bokeh(picture, sizing_mode="stretch_both")]

    def _figure(self, pattern: Pattern, x: FloatArray, drawing: Drawing) -> figure:
        colours, y = self._colours, pattern.intensity
        positive = y[y > 0.0]
        scale = drawing.scale if positive.size else "linear"
        floor = float(positive.min()) / 2.0 if scale == "log" else None
        low = floor if floor is not None else min(0.0, float(y.min()))
        picture = figure(
            sizing_mode="stretch_both",
            min_height=400,
            x_range=self._zoom,
            y_axis_type=scale,
            y_range=Range1d(low, float(y.max()) * (2.0 if scale == "log" else 1.08)),
            tools="xbox_zoom,xpan,xwheel_zoom,reset,save",
            active_drag=None,
            x_axis_label="q (Å⁻¹)" if drawing.against == "q" else "2θ (°)",
            y_axis_label="intensity",
        )
        picture.toolbar.logo = None

        def shown(values: FloatArray) -> FloatArray:
            return values if floor is None else np.where(values > 0.0, values, floor)

        def placed(q: float) -> float:
            if drawing.against == "q" or pattern.wavelength is None:
                return q
            return float(two_theta_from_q(q, pattern.wavelength))

        self._bands(
            picture,
            drawing.regions,
            placed,
            colours.region,
            "region" if drawing.chosen else "region (found)",
            not drawing.chosen,
        )
        self._bands(picture, drawing.masks, placed, colours.mask, "left out", True)
        line = ColumnDataSource(dict(zip("xy", decimate(x, shown(y)), strict=True)), name="pattern")
        picture.line(
            "x",
            "y",
            source=line,
            color=colours.measured,
            line_width=1.2,
            legend_label="simulated" if is_simulated(pattern) else "measured",
        )
        if drawing.baseline is not None:
            base = dict(zip("xy", decimate(x, shown(drawing.baseline)), strict=True))
            picture.line(
                "x",
                "y",
                source=ColumnDataSource(base),
                color=colours.baseline,
                line_width=2,
                line_dash="dashed",
                legend_label="baseline (a guess)",
            )
        for kind, marker, colour in (
            ("fringe", "circle", colours.fringe),
            ("Bragg peak", "diamond", colours.bragg),
            ("diffuse", "square", colours.mask),
            ("spurious", "x", colours.spurious),
        ):
            of_kind = [(placed(q), height) for q, height, word in drawing.peaks if word == kind]
            if of_kind:
                picture.scatter(
                    [p for p, _ in of_kind],
                    [h for _, h in of_kind],
                    marker=marker,
                    size=10,
                    line_width=2,
                    color=colour,
                    fill_alpha=0.3,
                    legend_label=kind,
                )
        select = BoxSelectTool(dimensions="width", renderers=[])
        picture.add_tools(select)
        picture.toolbar.active_drag = picture.tools[0] if drawing.mouse == "zoom" else select
        picture.on_event(SelectionGeometry, lambda event: self._selected(event, pattern, drawing))
        apply_theme(picture, colours)
        return picture

    @staticmethod
    def _bands(
        picture: figure,
        bands: Sequence[tuple[float, float]],
        placed: Callable[[float], float],
        colour: str,
        text: str,
        hatched: bool,
    ) -> None:
        if not bands:
            return
        picture.vstrip(
            x0=[placed(a) for a, _ in bands],
            x1=[placed(b) for _, b in bands],
            fill_color=colour,
            fill_alpha=0.15,
            line_color=colour,
            line_dash="dashed" if hatched else "solid",
            hatch_pattern="/" if text == "left out" else " ",
            hatch_alpha=0.4,
            hatch_color=colour,
            legend_label=text,
        )

    def _selected(self, event: SelectionGeometry, pattern: Pattern, drawing: Drawing) -> None:
        if not event.final or drawing.mouse == "zoom" or "x0" not in event.geometry:
            return
        ends = sorted((float(event.geometry["x0"]), float(event.geometry["x1"])))
        if drawing.against == "2theta":
            assert pattern.wavelength is not None
            ends = q_from_two_theta(ends, pattern.wavelength).tolist()
        self._drawn(round(ends[0], 4), round(ends[1], 4))
