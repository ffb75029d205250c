"""Plot of a detector image: its map over the scattering vector, or its pixels, in logarithmic colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import panel as pn
from bokeh.events import SelectionGeometry
from bokeh.models import (
    BoxAnnotation,
    BoxSelectTool,
    BoxZoomTool,
    ColorBar,
    ColumnDataSource,
    CustomJSHover,
    DataRange1d,
    HoverTool,
    LassoSelectTool,
    LogColorMapper,
    LogTicker,
    NumeralTickFormatter,
    Tool,
)
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from slxrd.ui.app.plots.pattern import AT_REST
from slxrd.ui.app.plots.theme import Colours, apply_theme
from slxrd.ui.app.state.image_picture import Picture
from slxrd.units import FloatArray

#: What dragging the mouse does: zoom, draw the cut on the map, or leave out a rectangle of pixels.
ImageMouse = Literal["zoom", "cut", "mask"]
#: How the cut is drawn: as a rectangle with ends across, upwards or both, as a line, or not at all.
Drawn = Literal["width", "height", "both", "line", ""]
#: Closed lines around a cut.
Borders = Sequence[tuple[FloatArray, FloatArray]]
_ENDS = ("left", "right", "bottom", "top")
#: Heights of the plots are given as styles: Panel would add up those of all steps for the height of the page.
LEAST_HEIGHT = "260px"
# Scripts, from which each plot makes formatters of its own: two pages cannot have one in common.
_VALUE = "return isFinite(value) ? Number(value.toPrecision(5)).toString() : '–'"
_COUNTS = "return isFinite(value) ? Number(value.toPrecision(5)).toString() : 'not used'"
_LENGTH = "return Math.hypot(special_vars.x, special_vars.y).toFixed(4)"
_AZIMUTH = "return (Math.atan2(special_vars.x, special_vars.y) * 180 / Math.PI).toFixed(1)"


@dataclass(frozen=True)
class ImageActions:
    """What dragging over the plot does.

    Parameters
    ----------
    rectangle : callable
        Called with left, right, bottom and top of a rectangle.
    line : callable
        Called with the first and the last point of a line.
    """

    rectangle: Callable[[float, float, float, float], object]
    line: Callable[[tuple[float, float], tuple[float, float]], object]


class ImagePlot:
    """The map or the pixels of an image, and the cut on it.

    Parameters
    ----------
    colours : Colours
        Theme of the page.
    actions : ImageActions
        What the mouse does.
    """

    def __init__(self, colours: Colours, actions: ImageActions) -> None:
        self._colours, self._actions = colours, actions
        self._document = pn.state.curdoc
        self.view = pn.Column(sizing_mode="stretch_both", margin=0, styles={"min-height": LEAST_HEIGHT})
        self._drawn: Drawn = ""
        self._mouse: ImageMouse = "zoom"
        self._plot: figure | None = None
        self._kind: tuple[object, ...] = ()
        self._borders = ColumnDataSource({"xs": [], "ys": []}, name="cut")
        self._boxes: dict[str, BoxAnnotation] = {}
        self._filling = False
        self._tools: dict[str, Tool] = {}
        self._changes = 0

    def clear(self) -> None:
        """Remove the plot."""
        self._plot, self.view.objects = None, []

    def show(self, picture: Picture, cut: Borders, drawn: Drawn) -> None:
        """Draw another picture with the borders of a cut; one with the same axes keeps the zoom."""
        kind = (picture.names, picture.labels, picture.unit, tuple(picture.columns))
        if self._plot is not None and kind == self._kind:
            self._picture.data = _data_of(picture)
            self._mapper.update(low=picture.low, high=picture.high)
            self.show_cut(cut, drawn)
            self._activate()
            return
        self._kind = kind
        self._draw(picture)
        self.show_cut(cut, drawn)
        self._activate()
        self.view.objects = [pn.pane.Bokeh(self._plot, sizing_mode="stretch_both", margin=0)]

    def _draw(self, picture: Picture) -> None:
        """Make the plot of a picture."""
        colours = self._colours
        plot = figure(
            sizing_mode="stretch_both",
            match_aspect=True,
            x_range=DataRange1d(range_padding=0.0),
            y_range=DataRange1d(range_padding=0.0, flipped=picture.downwards),
            tools="pan,wheel_zoom,reset,save",
            active_drag=None,
            x_axis_label=picture.labels[0],
            y_axis_label=picture.labels[1],
            output_backend="canvas",
            name="image",
        )
        plot.toolbar.logo = None
        mapper = self._mapper = LogColorMapper(
            palette=Viridis256, low=picture.low, high=picture.high, nan_color="rgba(0, 0, 0, 0)"
        )
        self._picture = ColumnDataSource(_data_of(picture), name="picture")
        image = plot.image(
            "value",
            x="left",
            y="foot",
            dw="across",
            dh="up",
            source=self._picture,
            color_mapper=mapper,
            level="underlay",
        )
        plot.x_range.renderers = plot.y_range.renderers = [image]  # borders of a cut may end outside
        # What is not measured is grey and hatched, as in the figures.
        below = BoxAnnotation(
            level="image",
            fill_color=colours.not_measured,
            fill_alpha=1.0,
            line_alpha=0.0,
            hatch_pattern="right_diagonal_line",
            hatch_color=colours.not_measured_lines,
            hatch_alpha=0.6,
        )
        plot.add_layout(below)
        plot.add_tools(_readout(picture, image))
        self._add_tools(plot)
        self._add_cut(plot)
        bar = ColorBar(
            color_mapper=mapper,
            ticker=LogTicker(),
            formatter=NumeralTickFormatter(format="0.[00]a"),
            title=picture.unit,
            background_fill_color=colours.background,
            title_text_color=colours.text,
            major_label_text_color=colours.text,
            title_text_font_style="normal",
            title_text_font_size="12px",
            width=14,
            padding=6,
        )
        plot.add_layout(bar, "right")
        apply_theme(plot, colours)
        plot.grid.visible = False
        self._plot = plot

    def _add_tools(self, plot: figure) -> None:
        self._tools = {
            "zoom": BoxZoomTool(match_aspect=False),
            "line": LassoSelectTool(renderers=[], continuous=False),
            **{
                kind: BoxSelectTool(dimensions=kind, renderers=[], visible=False)
                for kind in ("width", "height", "both")
            },
        }
        self._tools["line"].visible = False
        plot.add_tools(*self._tools.values())
        plot.on_event(SelectionGeometry, self._selected)

    def _add_cut(self, plot: figure) -> None:
        """Borders of the cut in two colours, so that they are seen on dark and bright places."""
        for colour, width in (("white", 3.5), (self._colours.cut, 1.6)):
            plot.multi_line("xs", "ys", source=self._borders, line_color=colour, line_width=width)
        self._boxes = {sides: self._box(sides) for sides in ("width", "height", "both")}
        for box in self._boxes.values():
            plot.add_layout(box)

    def set_mouse(self, mouse: ImageMouse, drawn: Drawn) -> None:
        """Choose what dragging does, and how the cut is drawn."""
        self._mouse, self._drawn = mouse, drawn
        self._activate()

    def _activate(self) -> None:
        if self._plot is None:
            return
        wanted = {"zoom": "zoom", "mask": "both", "cut": self._drawn or "zoom"}[self._mouse]
        self._plot.toolbar.active_drag = self._tools[wanted]
        for box in self._boxes.values():
            box.editable = self._mouse == "cut" and box.visible

    def show_cut(self, cut: Borders, drawn: Drawn) -> None:
        """Draw the borders of a cut; the first rectangle can be moved and resized."""
        self._borders.data = {"xs": [x for x, _ in cut], "ys": [y for _, y in cut]}
        self._filling = True
        for sides, box in self._boxes.items():
            box.visible = bool(cut) and sides == drawn
            if box.visible:
                x, y = cut[0]
                ends = {"left": x.min(), "right": x.max(), "bottom": y.min(), "top": y.max()}
                box.update(**{name: float(end) for name, end in ends.items()})
        self._filling = False

    def _box(self, sides: str) -> BoxAnnotation:
        """Make the rectangle of a cut, which can be moved across, upwards, or both."""
        moved = {"width": "x", "height": "y", "both": "both"}[sides]
        box = BoxAnnotation(
            left=0.0,
            right=0.0,
            bottom=0.0,
            top=0.0,
            visible=False,
            name="cut",
            fill_color="white",
            fill_alpha=0.12,
            line_alpha=0.0,
            resizable="all" if moved == "both" else moved,
            movable=moved,
            hover_fill_color="white",
            hover_fill_alpha=0.3,
        )
        for end in {"x": ("left", "right"), "y": ("bottom", "top")}.get(moved, _ENDS):
            box.on_change(end, self._moved(box))
        return box

    def _moved(self, box: BoxAnnotation) -> Callable[..., None]:
        """Return the callback of a box's ends: the cut is changed once the mouse has come to rest."""

        def changed(attribute: str, old: float, new: float) -> None:
            if self._filling:
                return
            self._changes += 1
            mine = self._changes

            def apply() -> None:
                if mine == self._changes:
                    left, right = sorted((float(box.left), float(box.right)))
                    bottom, top = sorted((float(box.bottom), float(box.top)))
                    self._actions.rectangle(left, right, bottom, top)

            if self._document is None or self._document.session_context is None:
                apply()
            else:
                self._document.add_timeout_callback(apply, AT_REST)

        return changed

    def _selected(self, event: SelectionGeometry) -> None:
        if not event.final or self._mouse == "zoom":
            return
        found = event.geometry
        if found["type"] == "poly" and len(found["x"]) > 1:
            first, last = ((float(found["x"][i]), float(found["y"][i])) for i in (0, -1))
            self._actions.line(first, last)
        elif found["type"] == "rect":
            left, right = sorted((float(found["x0"]), float(found["x1"])))
            bottom, top = sorted((float(found["y0"]), float(found["y1"])))
            self._actions.rectangle(left, right, bottom, top)


def _data_of(picture: Picture) -> dict[str, list[Any]]:
    """Return the columns of the source of a picture."""
    x0, x1, y0, y1 = picture.ends
    columns = {name: [values] for name, values in picture.columns.items()}
    return {**columns, "left": [x0], "foot": [y0], "across": [x1 - x0], "up": [y1 - y0]}


def _readout(picture: Picture, drawn: object) -> HoverTool:
    """Values under the cursor."""
    if picture.downwards:
        rows = [("row", "$y{0.0}"), ("column", "$x{0.0}"), ("counts", "@value{custom}")]
        rows += [
            (label, f"@{name}{{0.0000}} Å⁻¹")
            for name, label in (("q_xy", picture.names[0]), ("q_z", picture.names[1]))
            if name in picture.columns
        ]
        scripts = {"@value": _COUNTS}
    else:
        across, up = picture.names
        rows = [(across, "$x{0.0000} Å⁻¹"), (up, "$y{0.0000} Å⁻¹"), ("|q|", "@left{custom} Å⁻¹")]
        rows += [("azimuth", "@foot{custom}°"), ("intensity", "@value{custom} ± @sigma{custom}")]
        scripts = {"@value": _VALUE, "@sigma": _VALUE, "@left": _LENGTH, "@foot": _AZIMUTH}
    formatters = {name: CustomJSHover(code=code) for name, code in scripts.items()}
    return HoverTool(renderers=[drawn], tooltips=rows, formatters=formatters, visible=False, name="readout")
