"""The page: the steps in their frame, which follow the workspace."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import panel as pn
from panel.io.state import set_curdoc

from slxrd.ui.app.controls.plot_bar import PlotBar
from slxrd.ui.app.controls.style import INSPECTOR_WIDTH, TABS, variables
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, card, card_below, text
from slxrd.ui.app.plots.theme import colours
from slxrd.ui.app.state.autosave_folder import AutosaveFolder
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.comparison import Comparison
from slxrd.ui.app.views.fit import FitView
from slxrd.ui.app.views.frame import Frame
from slxrd.ui.app.views.model import ModelView
from slxrd.ui.app.views.open import OpenView
from slxrd.ui.app.views.recovery import RecoveryView
from slxrd.ui.app.views.regions import RegionsView
from slxrd.ui.app.views.save import SaveView
from slxrd.ui.app.views.series import SeriesView

STEPS = {
    "1 Open": "open",
    "2 Regions": "regions",
    "3 Model": "model",
    "4 Fit": "fit",
    "5 Save": "save",
    "6 Series": "series",
    "7 Image": "image",
}
TABS_OF_INSPECTOR = {"Sample": "sample", "Instrument": "instrument", "Data": "data", "Fit": "fit"}
#: The tab that belongs to a step; the others can be opened in every step.
TAB_OF_STEP = {"open": "data", "regions": "data", "model": "sample", "fit": "fit"}
#: What a page shows.
_ALL: tuple[Topic, ...] = ("state", "values", "message", "job", "sample")
_SHRINKS = {"min-height": "0"}
_SCROLLS = {"overflow-y": "auto", **_SHRINKS}


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of a notebook's kernel, if the page is made in a notebook."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _View(Protocol):
    """A step, which follows the workspace."""

    def refresh(self, topic: Topic) -> None: ...


class Page:
    """The page of a workspace. Several pages may show the same workspace.

    Parameters
    ----------
    workspace : Workspace
        Session and state of the page.
    dark : bool
        Use the dark theme.
    others : sequence of (str, str)
        Keys and file names of the other workspaces of this server.
    autosaves : AutosaveFolder, optional
        Unsaved sessions of an earlier run, which the page offers.

    Attributes
    ----------
    view : panel.Column
        The page, to be served or shown in a notebook.
    ready : bool
        Whether the steps are made. A browser first shows the frame and the first step, and series and image
        are made when they are first shown.
    """

    def __init__(
        self,
        workspace: Workspace,
        dark: bool = False,
        others: Sequence[tuple[str, str]] = (),
        autosaves: AutosaveFolder | None = None,
    ) -> None:
        self.workspace, self._colours = workspace, colours(dark)
        self._document, self._thread = pn.state.curdoc, threading.get_ident()
        self._loop = _running_loop()
        self._step = "open"
        self.ready = False
        self._later: dict[str, Callable[[], tuple[_View, pn.Row]]] = {
            "series": self._make_series,
            "image": self._make_image,
        }
        self._open = OpenView(workspace, others, self._open_series)
        self._views: tuple[_View, ...] = (self._open,)
        self._frame = Frame(workspace, self._colours, STEPS, dark)
        self._frame.steps.param.watch(lambda _: self._show_step(), "value")
        self._work = pn.Column(
            self._open.top,
            self._open.right,
            _waiting("Preparing the steps …"),
            sizing_mode="stretch_both",
            margin=(8, 0),
            styles=_SCROLLS,
        )
        self._middle = pn.Row(self._work, sizing_mode="stretch_both", margin=0, styles=_SHRINKS)
        self.view = pn.Row(
            self._frame.rail,
            pn.Column(
                self._frame.header,
                RecoveryView(autosaves).view,
                self._frame.assessment,
                self._middle,
                self._frame.status_bar,
                sizing_mode="stretch_both",
                margin=0,
                styles={"height": "100%", "min-width": "0"},
            ),
            sizing_mode="stretch_both",
            margin=0,
            styles={**variables(self._colours), "--slxrd-image-filter": self._colours.image_filter},
        )
        self._unsubscribe = workspace.subscribe(self._changed)
        if self._document is not None:
            self._document.on_session_destroyed(lambda _: self._unsubscribe())
        document = self._document
        if document is None:
            self.complete()
        else:
            self._refresh_all()
            pn.state.onload(lambda: document.add_next_tick_callback(self.complete))

    def complete(self) -> None:
        """Make the steps of a pattern, after the frame and the first step have been shown.

        What a user does before changes the workspace, which the steps show when they are made.
        """
        if self.ready:
            return
        document = self._document
        with set_curdoc(document):
            parts = self._make_steps()
            self.ready = True
            self._refresh_all()

        def attach() -> None:
            self._work.objects = parts
            self._middle.append(self._side)

        # After what the steps draw later: the browser cannot be sent a change of what it does not have.
        self._soon(attach)
        if document is None:
            for name in list(self._later):
                self._make_page(name)

    def _soon(self, action: Callable[[], None]) -> None:
        """Do something after what is being sent to the browser; at once if there is none."""
        if self._document is None or self._document.session_context is None:
            action()
        else:
            self._document.add_next_tick_callback(action)

    def _make_page(self, name: str) -> None:
        """Make the page of the series or the image, unless it is made."""
        make = self._later.pop(name, None)
        if make is None:
            return
        with set_curdoc(self._document):
            view, shown = make()
            self._views = (*self._views, view)
            for topic in _ALL:
                view.refresh(topic)
        self._soon(partial(setattr, self._pages[name], "objects", [shown]))

    def _make_series(self) -> tuple[_View, pn.Row]:
        self._series = SeriesView(self.workspace)
        work = pn.Column(
            card_below(self._series.right),
            sizing_mode="stretch_both",
            margin=0,
            styles=_SCROLLS,
        )
        return self._series, _beside(self._series.left, work)

    def _make_image(self) -> tuple[_View, pn.Row]:
        from slxrd.ui.app.views.image import ImageView  # takes a tenth of the time of the start

        image = ImageView(self.workspace, self._colours, lambda: self.step("regions"))
        return image, _beside(image.left, image.right)

    def _make_steps(self) -> list[Any]:
        """Make the steps of a pattern, and return what all steps show beside the inspector."""
        workspace = self.workspace
        self._bar = PlotBar(lambda: self._regions.show_whole())
        self._regions = RegionsView(workspace, self._colours, self._bar)
        self._model, self._fit, self._save = (
            ModelView(workspace),
            FitView(workspace, self._colours),
            SaveView(workspace),
        )
        self._comparison = Comparison(workspace, self._colours, self._bar, self._fit.below)
        self._views = (self._open, self._regions, self._model, self._fit, self._save)
        self._bar.on_change(self._regions.draw, self._comparison.draw)
        self._side = self._inspector()
        return self._parts_of_work()

    def _refresh_all(self) -> None:
        for topic in _ALL:
            self._refresh(topic)
        self._show_step()

    def _inspector(self) -> pn.Column:
        self._tabs = pn.widgets.RadioButtonGroup(
            options=TABS_OF_INSPECTOR,
            value="data",
            sizing_mode="stretch_width",
            margin=0,
            stylesheets=[TABS],
        )
        self._tabs.param.watch(lambda _: self._show_tab(), "value")
        self._panels = {
            "sample": self._model.sample,
            "instrument": self._model.instrument,
            "data": pn.Column(self._open.controls, self._regions.controls, self._model.data, margin=0),
            "fit": self._fit.controls,
        }
        scrolled = pn.Column(
            *self._panels.values(),
            sizing_mode="stretch_both",
            margin=0,
            styles={"overflow-y": "auto", "min-height": "0"},
        )
        return pn.Column(
            self._tabs,
            scrolled,
            width=INSPECTOR_WIDTH,
            sizing_mode="stretch_height",
            margin=0,
            styles=self._frame.edge("left"),
        )

    def _parts_of_work(self) -> list[Any]:
        save = pn.Row(
            card(self._save.left),
            card(self._save.right, sizing_mode="stretch_width"),
            sizing_mode="stretch_both",
            margin=0,
            styles=_SCROLLS,
        )
        self._pages = {"save": save} | {
            name: pn.Row(
                _waiting("Preparing the step …"), sizing_mode="stretch_both", margin=0, styles=_SHRINKS
            )
            for name in self._later
        }
        return [
            self._open.top,
            self._bar.view,
            self._open.right,
            self._regions.right,
            self._comparison.view,
            *self._pages.values(),
            self._frame.drawer,
        ]

    def _open_series(self) -> None:
        self.complete()
        self._make_page("series")
        self.step("series")
        self._series.open_files(self.workspace.files)

    def _changed(self, topic: Topic) -> None:
        """Refresh the page after a change, which may come from any thread and any page."""
        # pn.state.curdoc is shared by all threads, so another thread may see the document of another page.
        own_thread = threading.get_ident() == self._thread and pn.state.curdoc is self._document
        if self._document is None and self._loop is not None and threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._refresh_notebook, topic)
        elif self._document is None or own_thread:
            # Panel calls widgets' callbacks without the lock of the document, which Bokeh's plots need.
            self._refresh_together(topic)
        elif self._document.session_context is not None:
            self._document.add_next_tick_callback(partial(self._refresh_together, topic))

    def _refresh_together(self, topic: Topic) -> None:
        """Refresh the page, and send all changes at once: the browser arranges it after each message."""
        with pn.io.hold(self._document, policy="collect"):
            self._refresh(topic)

    def _refresh_notebook(self, topic: Topic) -> None:
        self._refresh(topic)
        pn.io.push_notebook(self.view)  # changes of the plots' data are not sent otherwise

    def _refresh(self, topic: Topic) -> None:
        for view in self._views:
            view.refresh(topic)
        if topic == "state":
            self._show_pattern_or_welcome()
        if self.ready and topic == "state":
            self._comparison.draw()
        elif self.ready and topic == "values":
            self._comparison.update()
        self._frame.refresh(topic)

    def step(self, name: str) -> None:
        """Go to a step: open, regions, model, fit, save, series or image."""
        self._frame.steps.value = name

    def _show_step(self) -> None:
        # Views are hidden, not removed: messages of the browser that are on their way still find them.
        step = self._frame.steps.value
        if not self.ready:
            self._show_pattern_or_welcome()
            return
        if step != self._step and not self.workspace.busy:
            self.workspace.show_message("")  # the message belonged to the previous step
        self._step = step
        self._tabs.value = TAB_OF_STEP.get(step, self._tabs.value)
        self._comparison.show(step in ("model", "fit"))
        self._frame.show_fit(step not in ("series", "image"))
        for name, page in self._pages.items():
            page.visible = step == name
        if step in self._later:
            self._soon(partial(self._make_page, step))
        self._show_tab()
        self._show_pattern_or_welcome()

    def _show_tab(self) -> None:
        for name, panel in self._panels.items():
            panel.visible = name == self._tabs.value
        self._open.controls.visible = self._frame.steps.value == "open"
        self._regions.controls.visible = self._model.data.visible = self._frame.steps.value != "open"

    def _show_pattern_or_welcome(self) -> None:
        step, opened = self._frame.steps.value, self.workspace.session.state.file is not None
        if not self.ready:
            self._open.top.visible = step == "open"
            self._open.right.visible = step == "open" and not opened
            return
        pattern = step in ("open", "regions")
        self._bar.show_for(step if opened or step == "regions" else "")
        self._open.top.visible = step == "open"
        self._regions.right.visible, self._open.right.visible = pattern and opened, pattern and not opened
        self._side.visible = step in ("regions", "model", "fit") or (step == "open" and opened)


def _waiting(sentence: str) -> pn.pane.HTML:
    """Make the text of a part of the page that is not made yet."""
    return text(f"<p class='muted' role='status'>{sentence}</p>", margin=(8, 16))


def _beside(controls: pn.Column, work: pn.Column) -> pn.Row:
    """Place the controls of a step, which scroll, on the left of what it shows."""
    left = pn.Column(
        card(controls, styles={"min-height": "max-content"}),
        width=CONTROLS_WIDTH + 20,
        sizing_mode="stretch_height",
        margin=0,
        styles=_SCROLLS,
    )
    return pn.Row(left, work, sizing_mode="stretch_both", margin=0, styles={**_SHRINKS, "min-width": "0"})
