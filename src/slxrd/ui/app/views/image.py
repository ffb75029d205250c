"""Step 7: a detector image, its geometry and masks, its map, and a cut that is sent to the fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import panel as pn

from slxrd.detector.borders import borders_of
from slxrd.detector.cuts import Kind
from slxrd.ui.app.controls.code_area import code_area, copy_button
from slxrd.ui.app.controls.cut_fields import CutFields
from slxrd.ui.app.controls.file_drop import file_dropper, take_dropped
from slxrd.ui.app.controls.image_fields import ImageFields
from slxrd.ui.app.controls.image_source import ImageSource
from slxrd.ui.app.controls.widgets import (
    CONTROLS_WIDTH,
    NARROW,
    button,
    collapsible,
    download_button,
    row,
    text,
    tip,
)
from slxrd.ui.app.plots.cut_curve import CutCurve
from slxrd.ui.app.plots.image import Drawn, ImageActions, ImageMouse, ImagePlot
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.cut_ranges import azimuth, drawn_ranges, drawn_sector
from slxrd.ui.app.state.image import ImageRequest
from slxrd.ui.app.state.image_job import ask, send_to_fit
from slxrd.ui.app.state.image_picture import Picture
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.sample import take_document
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.image_sample import ImageSampleView
from slxrd.ui.app.views.image_text import ABOUT, EMPTY, HINT, INSTALL, facts_html, legend_html

_MISSING = [name for name in ("fabio", "pyFAI") if find_spec(name) is None]
_DRAWN: dict[Kind, Drawn] = {
    "out-of-plane": "width",
    "in-plane": "height",
    "yoneda": "height",
    "radial": "",
    "sector": "line",
    "box": "both",
}
_MOUSE = {"zoom": "zoom", "draw the cut": "cut", "mask pixels": "mask"}
#: The word mask in the name of a file.
_MASK = re.compile(r"(?<![a-z])mask(?![a-z])")
_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}


class ImageView:
    """Controls and plots of a detector image.

    Parameters
    ----------
    workspace : Workspace
        Holds the image.
    colours : Colours
        Theme of the page.
    on_fit : callable
        Called without arguments when the cut has become the pattern of the fit.
    """

    def __init__(self, workspace: Workspace, colours: Colours, on_fit: Callable[[], object]) -> None:
        self.workspace, self._on_fit = workspace, on_fit
        self._document = pn.state.curdoc
        self._filling = False
        self._seen: tuple[object, ...] = ()
        self._picture: Picture | None = None
        self._cut = CutFields(self._cut_changed)
        self._sample = ImageSampleView(workspace)
        self._make_plots(colours)
        self._drop = file_dropper()
        self._drop.param.watch(lambda _: take_dropped(self._drop, self.take), "value")
        self._source = ImageSource(lambda file: self._ask(file=file))
        self._fields = ImageFields(lambda typed: self._ask(typed=typed))
        self._used, self._doubts = text(), text()
        self._command = code_area("command line", 96, "It writes the same cut, and the picture, to files.")
        controls = [
            text(HINT),
            self._drop,
            *self._source.views,
            self._used,
            collapsible("Geometry", self._fields.geometry, open=True),
            collapsible("Pixels that are left out, and counts", self._fields.pixels),
            self._cut.view,
            *self._outputs(),
            *self._sample.controls,
        ]
        self.left = pn.Column(
            text(ABOUT), *([text(INSTALL)] if _MISSING else controls), width=CONTROLS_WIDTH, margin=0
        )
        self.refresh("job")

    def _outputs(self) -> list[Any]:
        state = self.workspace.image
        self._send = button(
            "Send to Fit",
            self._send_to_fit,
            color="primary",
            width=NARROW,
            description="Make the cut, with its σ, the pattern of the steps 2 to 5.",
        )
        self._files = {
            "csv": download_button(self.workspace, "Cut (.csv)", "cut.csv", lambda: state.cut_csv()[1]),
            "png": download_button(
                self.workspace, "Picture (.png)", "image.png", lambda: state.picture("png")
            ),
            "svg": download_button(
                self.workspace, "Picture (.svg)", "image.svg", lambda: state.picture("svg")
            ),
        }
        return [
            row(self._send, self._files["csv"]),
            row(self._files["png"], self._files["svg"]),
            self._command,
            copy_button(self._command),
        ]

    def _make_plots(self, colours: Colours) -> None:
        self._what = pn.widgets.RadioButtonGroup(
            options={"map": "map", "pixels": "pixels"},
            value="map",
            max_width=130,
            **_WIDE,
            description=tip("The map over the scattering vector, or the pixels of the detector."),
        )
        self._mouse = pn.widgets.RadioButtonGroup(
            options=_MOUSE,
            value="cut",
            max_width=290,
            **_WIDE,
            description=tip("What dragging the mouse over the image does."),
        )
        self._legend = pn.pane.HTML("", margin=(12, 8), **_WIDE)
        self._plot = ImagePlot(colours, ImageActions(self._rectangle, self._line))
        self._curve = CutCurve(colours)
        self._what.param.watch(lambda _: self._later(self._draw), "value")
        self._mouse.param.watch(lambda _: self._mouse_changed(), "value")
        self._bar = pn.Row(self._what, self._mouse, self._legend, margin=0, styles={"flex": "none"}, **_WIDE)
        self._empty = text(EMPTY, margin=(16, 16))
        shown = pn.Column(
            self._empty,
            self._bar,
            self._plot.view,
            self._curve.view,
            sizing_mode="stretch_both",
            margin=0,
            # What appears below is reached by scrolling: it takes no height from the plots.
            styles={"flex": "0 0 100%", "min-width": "0"},
        )
        self.right = pn.Column(
            shown,
            self._sample.result,
            self._sample.scroller.view,
            sizing_mode="stretch_both",
            margin=0,
            styles={"min-width": "0", "overflow": "hidden auto"},
        )

    @property
    def _request(self) -> ImageRequest:
        return self.workspace.image.request

    def _cut_changed(self, name: str, value: str) -> None:
        self._ask(**{name: self._with(value) if name == "ranges" else value})

    def _with(self, ranges: str) -> dict[str, str]:
        """Return the ranges of all kinds with another one for the chosen kind."""
        return {**self._request.ranges, self._request.kind: ranges.strip()}

    def _ask(self, **changes: Any) -> None:
        if not self._filling:
            ask(self.workspace, **changes)

    def take(self, name: str, content: bytes) -> None:
        """Take a dropped file: an image, which is opened; a geometry, a mask if named so, or a result."""
        self.workspace.try_action(lambda: self._take(name, content))

    def _take(self, name: str, content: bytes) -> None:
        name = self.workspace.image.files.add(name, content)
        typed, suffix = self._request.typed, Path(name).suffix.lower()
        if suffix == ".json":
            take_document(self.workspace, name)
        elif suffix == ".poni":
            ask(self.workspace, typed={**typed, "poni": name})
        elif _MASK.search(name.lower()) or suffix == ".msk":
            ask(self.workspace, typed={**typed, "mask_file": name})
        else:
            ask(self.workspace, file=name)

    def _send_to_fit(self) -> None:
        if send_to_fit(self.workspace):
            name = self.workspace.session.state.file
            self._on_fit()
            self.workspace.show_message(
                f"The cut is open as {name}: choose the region that is fitted.", "success"
            )

    def _mouse_changed(self) -> None:
        wanted = {"cut": "map", "mask": "pixels"}.get(str(self._mouse.value))
        if wanted is not None and self._what.value != wanted:
            self._what.value = wanted
        else:
            self._later(self._set_mouse)

    def _set_mouse(self) -> None:
        drawn = _DRAWN[self._request.kind] if self._shows_map else ""
        self._plot.set_mouse(cast(ImageMouse, self._mouse.value), drawn)

    @property
    def _shows_map(self) -> bool:
        shown = self.workspace.image.shown
        return shown is not None and shown.map is not None and self._what.value == "map"

    def _rectangle(self, left: float, right: float, bottom: float, top: float) -> None:
        """Take a rectangle that was drawn: a cut on the map, or pixels that are left out."""
        shown, request = self.workspace.image.shown, self._request
        if shown is None:
            return
        if not self._shows_map:
            if self._mouse.value == "mask":
                region = f"{bottom:.0f}:{top:.0f},{left:.0f}:{right:.0f}"
                former = str(request.typed.get("beam_stop", "")).strip().rstrip(";")
                joined = f"{former}; {region}" if former else region
                ask(self.workspace, typed={**request.typed, "beam_stop": joined})
            return
        assert shown.geometry is not None
        ranges = drawn_ranges(request.kind, request.side, shown.geometry, (left, right), (bottom, top))
        if ranges is None:
            self.workspace.show_message("No cut is possible there: draw it on the other side.", "error")
        else:
            self._ask_ranges(ranges)

    def _line(self, first: tuple[float, float], last: tuple[float, float]) -> None:
        """Take a line that was drawn: the azimuths of a sector."""
        shown, request = self.workspace.image.shown, self._request
        if shown is None or shown.geometry is None or not self._shows_map:
            return
        old = shown.cut.ranges if shown.cut is not None and shown.cut.kind == "sector" else ()
        self._ask_ranges(drawn_sector(request.side, shown.geometry, (azimuth(*first), azimuth(*last)), old))

    def _ask_ranges(self, ranges: Sequence[float]) -> None:
        ask(self.workspace, ranges=self._with(":".join(f"{end:g}" for end in ranges)))

    def refresh(self, topic: Topic) -> None:
        """Show the image and what is asked of it."""
        if _MISSING:
            return
        self._sample.refresh(topic)
        if topic != "job":
            return
        state = self.workspace.image
        seen = (state.request, state.shown, tuple(state.files.names), self.workspace.busy)
        if self._seen and all(a is b or a == b for a, b in zip(seen, self._seen, strict=True)):
            return
        self._seen = seen
        self._filling = True
        self._show_request(state.request)
        self._filling = False
        self._later(self._show_found)

    def _later(self, draw: Callable[[], object]) -> None:
        """Draw with the lock of the document, which changes of widgets do not have."""
        if self._document is None or self._document.session_context is None:
            draw()
        else:
            self._document.add_next_tick_callback(draw)

    def _show_request(self, request: ImageRequest) -> None:
        names = self.workspace.image.files.names
        images = [name for name in names if not name.lower().endswith((".poni", ".json"))]
        self._source.show(request.file, images)
        self._fields.show(request.typed, names)
        self._cut.show(request)
        self._command.value = request.command() if request.file else ""

    def _show_found(self) -> None:
        shown = self.workspace.image.shown
        self._fields.show_found(None if shown is None else shown.geometry)
        self._used.object = facts_html(shown)
        complete = shown is not None and shown.pattern is not None and not self.workspace.busy
        self._send.disabled = not complete
        request = self._request
        for end, widget in self._files.items():
            widget.filename = (
                f"{request.stem}-{request.kind}.csv" if end == "csv" else f"{request.stem}.{end}"
            )
            widget.disabled = not complete if end == "csv" else shown is None or shown.map is None
        self._curve.show(None if shown is None else shown.cut, None if shown is None else shown.pattern)
        self._draw()

    def _draw(self) -> None:
        shown = self.workspace.image.shown
        self._bar.visible, self._empty.visible = shown is not None, shown is None
        if shown is None:
            self._picture = None
            self._plot.clear()
            return
        picture = shown.map if self._shows_map else shown.pixels
        assert picture is not None
        borders = []
        if self._shows_map and shown.cut is not None and shown.geometry is not None:
            left, right, low, high = picture.ends
            borders = borders_of(shown.cut, shown.geometry, (left, right), (low, high))
        drawn = _DRAWN[self._request.kind]
        self._legend.object = legend_html(picture, shown)
        self._set_mouse()
        if picture is not self._picture:
            self._picture = picture
            self._plot.show(picture, borders, drawn)
        else:
            self._plot.show_cut(borders, drawn)
