"""The page: the steps, the message line, and the progress of the background job."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import panel as pn
from panel.io.state import set_curdoc

from slxrd._escape import html_text as escape
from slxrd.ui.app.controls.plot_bar import PlotBar
from slxrd.ui.app.controls.style import INSPECTOR_WIDTH, PROGRESS, QUIET, RAIL, RAIL_WIDTH, TABS, variables
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, button, card, text, tip
from slxrd.ui.app.plots.theme import colours
from slxrd.ui.app.state.autosave_folder import AutosaveFolder
from slxrd.ui.app.state.messages import Level, Topic
from slxrd.ui.app.state.shown import shown_by
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.comparison import Comparison
from slxrd.ui.app.views.fit import FitView
from slxrd.ui.app.views.image import ImageView
from slxrd.ui.app.views.model import ModelView
from slxrd.ui.app.views.open import OpenView
from slxrd.ui.app.views.recovery import RecoveryView
from slxrd.ui.app.views.regions import RegionsView
from slxrd.ui.app.views.results import banner_html, grade_html, notes_html
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
_ALL: tuple[Topic, ...] = ("state", "values", "message", "job")
_SHRINKS = {"min-height": "0"}
_SCROLLS = {"overflow-y": "auto", **_SHRINKS}
_IN_HEADER: dict[str, Any] = {"margin": (4, 4), "stylesheets": [QUIET]}
#: Prefix of a message, so that its kind does not depend on colour alone.
_PREFIXES = {"info": "", "success": "✓ ", "error": "! "}
_TOGGLE_THEME = "slxrdTheme.set(slxrdTheme.shown() === 'dark' ? 'light' : 'dark')"


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
        Whether all steps are made. A browser first shows the frame and the first step.
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
        self._steps_named = ("", "")
        self._step = "open"
        self.ready = False
        self._open = OpenView(workspace, others, self._open_series)
        self._views: tuple[_View, ...] = (self._open,)
        self._assessment = pn.pane.HTML("", sizing_mode="stretch_width", margin=0, visible=False)
        self._waiting = text("<p class='muted' role='status'>Preparing the steps …</p>", margin=(8, 16))
        self._work = pn.Column(
            self._open.top,
            self._open.right,
            self._waiting,
            sizing_mode="stretch_both",
            margin=(8, 0),
            styles=_SCROLLS,
        )
        self._middle = pn.Row(self._work, sizing_mode="stretch_both", margin=0, styles=_SHRINKS)
        self.view = pn.Row(
            self._rail(),
            pn.Column(
                self._header(dark),
                RecoveryView(autosaves).view,
                self._assessment,
                self._middle,
                self._status_bar(),
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
        """Make the steps, after the frame and the first step have been shown.

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
        if document is None or document.session_context is None:
            attach()
        else:
            document.add_next_tick_callback(attach)

    def _make_steps(self) -> list[Any]:
        """Make all steps, and return what they show beside the inspector."""
        workspace = self.workspace
        self._bar = PlotBar(lambda: self._regions.show_whole())
        self._regions = RegionsView(workspace, self._colours, self._bar)
        self._model, self._fit, self._save = (
            ModelView(workspace),
            FitView(workspace, self._colours),
            SaveView(workspace),
        )
        self._series = SeriesView(workspace)
        self._comparison = Comparison(workspace, self._colours, self._bar, self._fit.below)
        self._image = ImageView(workspace, self._colours, lambda: self.step("regions"))
        self._views = (
            self._open, self._regions, self._model, self._fit, self._save, self._series, self._image
        )  # fmt: skip
        self._bar.on_change(self._regions.draw, self._comparison.draw)
        self._side = self._inspector()
        return self._parts_of_work()

    def _refresh_all(self) -> None:
        for topic in _ALL:
            self._refresh(topic)
        self._show_step()

    def _rail(self) -> pn.Column:
        self._steps = pn.widgets.RadioButtonGroup(
            options=STEPS,
            value="open",
            orientation="vertical",
            width=RAIL_WIDTH - 16,
            margin=(8, 8),
            stylesheets=[RAIL],
        )
        self._steps.param.watch(lambda _: self._show_step(), "value")
        return pn.Column(
            pn.pane.HTML("<b style='font-size:20px'>slxrd</b>", margin=(10, 0, 0, 16)),
            self._steps,
            width=RAIL_WIDTH,
            sizing_mode="stretch_height",
            margin=0,
            styles=self._edge("right"),
        )

    def _header(self, dark: bool) -> pn.Row:
        self._file = pn.pane.HTML(
            "",
            sizing_mode="stretch_width",
            margin=(9, 16),
            styles={"font-size": "14px", "font-weight": "600"},
        )
        self._undo = button("↶ Undo", self.workspace.undo, description="Undo the last step.", **_IN_HEADER)
        self._redo = button("↷ Redo", self.workspace.redo, description="Redo the undone step.", **_IN_HEADER)
        self._notes_button = button(
            "Notes",
            self._toggle_notes,
            visible=False,
            description="Show or hide the notes of the fit.",
            **_IN_HEADER,
        )
        theme = pn.widgets.Button(
            label="Light" if dark else "Dark",
            description=tip("Change between the light and the dark theme."),
            **_IN_HEADER,
        )
        theme.js_on_click(code=_TOGGLE_THEME)
        return pn.Row(
            self._file,
            self._notes_button,
            self._undo,
            self._redo,
            theme,
            sizing_mode="stretch_width",
            margin=0,
            height=40,
            styles=self._edge("bottom"),
        )

    def _status_bar(self) -> pn.Row:
        self._drawer = text(visible=False, margin=0, styles=self._drawer_style)
        self._grade = pn.pane.HTML("", margin=(8, 8))
        self._message = pn.pane.HTML("", sizing_mode="stretch_width", margin=(9, 8))
        self._progress = pn.indicators.Progress(
            value=0, max=100, width=220, height=8, visible=False, margin=(16, 8), stylesheets=[PROGRESS]
        )
        self._cancel = button(
            "Cancel",
            self.workspace.cancel,
            color="danger",
            visible=False,
            width=80,
            margin=(4, 8),
            description="End what is running.",
        )
        return pn.Row(
            self._grade,
            self._message,
            self._progress,
            self._cancel,
            sizing_mode="stretch_width",
            margin=0,
            height=40,
            styles=self._edge("top"),
        )

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
            styles=self._edge("left"),
        )

    def _parts_of_work(self) -> list[Any]:
        self._save_page = pn.Row(
            card(self._save.left),
            card(self._save.right, sizing_mode="stretch_width"),
            sizing_mode="stretch_both",
            margin=0,
            styles=_SCROLLS,
        )
        self._series_page = _beside(
            self._series.left,
            pn.Column(
                card(self._series.right, sizing_mode="stretch_width"),
                sizing_mode="stretch_both",
                margin=0,
                styles=_SCROLLS,
            ),
        )
        self._image_page = _beside(self._image.left, self._image.right)
        return [
            self._open.top,
            self._bar.view,
            self._open.right,
            self._regions.right,
            self._comparison.view,
            self._save_page,
            self._series_page,
            self._image_page,
            self._drawer,
        ]

    def _edge(self, side: str) -> dict[str, str]:
        """Return the style of a part of the frame with a line on one side."""
        return {
            "background": self._colours.background,
            f"border-{side}": f"1px solid {self._colours.border}",
        }

    @property
    def _drawer_style(self) -> dict[str, str]:
        return {
            **self._edge("top"),
            "max-height": "40vh",
            "overflow-y": "auto",
            "padding": "8px 16px",
            "flex": "none",
        }

    def _toggle_notes(self) -> None:
        self._drawer.visible = not self._drawer.visible

    def _open_series(self) -> None:
        self.complete()
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
            with pn.io.hold(self._document, policy="collect"):
                self._refresh(topic)
        elif self._document.session_context is not None:
            self._document.add_next_tick_callback(partial(self._refresh, topic))

    def _refresh_notebook(self, topic: Topic) -> None:
        self._refresh(topic)
        pn.io.push_notebook(self.view)  # changes of the plots' data are not sent otherwise

    def _refresh(self, topic: Topic) -> None:
        for view in self._views:
            view.refresh(topic)
        if topic == "state":
            name = self.workspace.session.state.file or "no file open"
            self._file.object = (
                f"<div title='{escape(name, quote=True)}' style='overflow:hidden;text-overflow:ellipsis;"
                f"white-space:nowrap'>{escape(Path(name).name)}</div>"
            )
            self._show_pattern_or_welcome()
        if self.ready and topic == "state":
            self._comparison.draw()
        elif self.ready and topic == "values":
            self._comparison.update()
        if topic in ("state", "values"):
            self._refresh_assessment()
        self._undo.disabled = not self.workspace.can_undo
        self._redo.disabled = not self.workspace.can_redo
        steps = (self.workspace.next_undo, self.workspace.next_redo)
        if steps != self._steps_named:  # a new tooltip with every movement of a slider would delay its curve
            self._steps_named = steps
            self._undo.description = tip(f"Undo: {steps[0] or 'nothing'}.")
            self._redo.description = tip(f"Do again: {steps[1] or 'nothing'}.")
        self._refresh_status(topic)

    def _refresh_assessment(self) -> None:
        banner = banner_html(shown_by(self.workspace))
        if self._assessment.object != banner:
            self._assessment.param.update(object=banner, visible=bool(banner))
        result = shown_by(self.workspace).result
        notes = "" if result is None else notes_html(result)
        if self._drawer.object != notes:
            self._drawer.object = notes
        count = 0 if result is None else len(result.notes)
        self._notes_button.visible = bool(notes)
        self._notes_button.label = f"Notes and warnings ({count})"
        if not notes:
            self._drawer.visible = False
        self._grade.object = grade_html(result)

    def _refresh_status(self, topic: Topic) -> None:
        job = self.workspace.job
        self._cancel.visible = self._progress.visible = job is not None
        if job is not None:
            self._progress.value = round(100 * job.done / job.total) if job.done < job.total else -1
            detail = f" ({self.workspace.message})" if self.workspace.message else ""
            self._show_text(f"{'Cancelling' if job.cancelled else 'Running'}: {job.name} …{detail}")
        elif topic in ("message", "job"):
            level = self.workspace.level
            self._show_text(_PREFIXES[level] + self.workspace.message, level)

    def _show_text(self, text: str, level: Level = "info") -> None:
        colours = {
            "info": self._colours.text,
            "success": self._colours.success,
            "error": self._colours.error,
        }
        self._message.object = (
            f"<div role='status' aria-live='polite' style='color:{colours[level]}'>{escape(text)}</div>"
        )

    def step(self, name: str) -> None:
        """Go to a step: open, regions, model, fit, save, series or image."""
        self._steps.value = name

    def _show_step(self) -> None:
        # Views are hidden, not removed: messages of the browser that are on their way still find them.
        step = self._steps.value
        if not self.ready:
            self._show_pattern_or_welcome()
            return
        if step != self._step and not self.workspace.busy:
            self.workspace.show_message("")  # the message belonged to the previous step
        self._step = step
        self._tabs.value = TAB_OF_STEP.get(step, self._tabs.value)
        self._comparison.show(step in ("model", "fit"))
        for name, page in (
            ("save", self._save_page), ("series", self._series_page), ("image", self._image_page)
        ):  # fmt: skip
            page.visible = step == name
        self._show_tab()
        self._show_pattern_or_welcome()

    def _show_tab(self) -> None:
        for name, panel in self._panels.items():
            panel.visible = name == self._tabs.value
        self._open.controls.visible = self._steps.value == "open"
        self._regions.controls.visible = self._model.data.visible = self._steps.value != "open"

    def _show_pattern_or_welcome(self) -> None:
        step, opened = self._steps.value, self.workspace.session.state.file is not None
        if not self.ready:
            self._open.top.visible = step == "open"
            self._open.right.visible = step == "open" and not opened
            return
        pattern = step in ("open", "regions")
        self._bar.show_for(step if opened or step == "regions" else "")
        self._open.top.visible = step == "open"
        self._regions.right.visible, self._open.right.visible = pattern and opened, pattern and not opened
        self._side.visible = step in ("regions", "model", "fit") or (step == "open" and opened)


def _beside(controls: pn.Column, work: pn.Column) -> pn.Row:
    """Place the controls of a step, which scroll, on the left of what it shows."""
    left = pn.Column(
        card(controls, styles={"min-height": "max-content"}),
        width=CONTROLS_WIDTH + 20,
        sizing_mode="stretch_height",
        margin=0,
        styles=_SCROLLS,
    )
    return pn.Row(left, work, sizing_mode="stretch_both", margin=0, styles=_SHRINKS)
