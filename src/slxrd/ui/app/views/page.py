"""The page: the steps from left to right, what is said, and the work that is being done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path

import panel as pn

from slxrd.ui.app.controls.widgets import button
from slxrd.ui.app.plots.theme import colours
from slxrd.ui.app.state.messages import Level, Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.comparison import Comparison
from slxrd.ui.app.views.fit import FitView
from slxrd.ui.app.views.model import ModelView
from slxrd.ui.app.views.open import OpenView
from slxrd.ui.app.views.regions import RegionsView
from slxrd.ui.app.views.save import SaveView
from slxrd.ui.app.views.series import SeriesView

STEPS = {
    "1 Open": "open",
    "2 Look": "look",
    "3 Play": "play",
    "4 Fit": "fit",
    "5 Keep": "keep",
    "6 Series": "series",
}
#: Sign before what is said.
_SIGNS = {"info": "", "success": "✓ ", "error": "! "}
_THEME = """
const address = new URL(window.location.href)
const query = address.searchParams
query.get('theme') === 'dark' ? query.delete('theme') : query.set('theme', 'dark')
window.location.href = address
"""


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """That of a notebook's kernel, while a cell is run."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Page:
    """One page over a workspace; several may share one.

    Parameters
    ----------
    workspace : Workspace
        What is worked on.
    dark : bool
        Colours.
    others : sequence of (str, str)
        Keys and files of other sessions that are open on this server.

    Attributes
    ----------
    view : panel.Column
        To be served, or shown in a notebook.
    """

    def __init__(
        self, workspace: Workspace, dark: bool = False, others: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.workspace, self._colours = workspace, colours(dark)
        self._document, self._thread = pn.state.curdoc, threading.get_ident()
        self._loop = _running_loop()
        self._open, self._look = OpenView(workspace, others), RegionsView(workspace, self._colours)
        self._play, self._fit, self._keep = ModelView(workspace), FitView(workspace), SaveView(workspace)
        self._series = SeriesView(workspace)
        self._comparison = Comparison(workspace, self._colours, self._fit.picture)
        self._steps = pn.widgets.RadioButtonGroup(
            options=STEPS,
            value="open",
            color="primary",
            variant="outline",
            width=600,
            label="step",
        )
        self._steps.param.watch(lambda _: self._step(), "value")
        self._file = pn.pane.HTML(
            "", sizing_mode="stretch_width", margin=(10, 10), styles={"color": "inherit"}
        )
        self._undo, self._redo = (
            button("↶ Undo", workspace.undo, width=85),
            button("↷ Redo", workspace.redo, width=85),
        )
        self._theme = pn.widgets.Button(label="Light" if dark else "Dark", width=60, margin=5)
        self._theme.js_on_click(code=_THEME)
        self._message = pn.pane.HTML("", sizing_mode="stretch_width", min_height=22, margin=(0, 10))
        self._progress = pn.indicators.Progress(value=0, max=100, width=220, visible=False, margin=(7, 10))
        self._cancel = button("Cancel", workspace.cancel, color="danger", visible=False, width=80)
        self._lefts = {
            "open": self._open.left,
            "look": self._look.left,
            "play": self._play.left,
            "fit": self._fit.left,
            "keep": self._keep.left,
            "series": self._series.left,
        }
        scrolled = {"overflow-y": "auto", "max-height": "calc(100vh - 98px)"}
        left = pn.Column(*self._lefts.values(), width=420, margin=0, styles=scrolled)
        right = pn.Column(
            self._open.right,
            self._look.right,
            self._comparison.view,
            self._keep.right,
            self._series.right,
            sizing_mode="stretch_both",
            margin=0,
            styles=scrolled,
        )
        ink, ground = self._colours.ink, self._colours.ground
        self.view = pn.Column(
            pn.Row(
                pn.pane.HTML("<b style='font-size:19px'>slxrd</b>", width=60, margin=(6, 4, 0, 10)),
                self._steps,
                self._file,
                self._undo,
                self._redo,
                self._theme,
                sizing_mode="stretch_width",
                margin=0,
                styles={"flex-wrap": "wrap"},
            ),
            pn.Row(
                self._message,
                self._progress,
                self._cancel,
                sizing_mode="stretch_width",
                margin=0,
                height=44,
            ),
            pn.Row(left, right, sizing_mode="stretch_both", margin=0),
            sizing_mode="stretch_both",
            margin=0,
            styles={"color": ink, "background": ground, "--slxrd-picture": self._colours.picture},
        )
        self._leave = workspace.subscribe(self._changed)
        if self._document is not None:
            self._document.on_session_destroyed(lambda _: self._leave())
        for topic in ("state", "values", "message", "job"):
            self._refresh(topic)
        self._step()

    def _changed(self, topic: Topic) -> None:
        """Come from whichever thread and page made a change."""
        # The current document is the same for all threads: that of the server may be handling one just now.
        at_home = threading.get_ident() == self._thread and pn.state.curdoc is self._document
        if self._document is None and self._loop is not None and threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._refresh_notebook, topic)
        elif self._document is None or at_home:
            self._refresh(topic)
        elif self._document.session_context is not None:
            self._document.add_next_tick_callback(partial(self._refresh, topic))

    def _refresh_notebook(self, topic: Topic) -> None:
        self._refresh(topic)
        pn.io.push_notebook(self.view)  # what the pictures hold is not sent by itself

    def _refresh(self, topic: Topic) -> None:
        for view in (self._open, self._look, self._play, self._fit, self._keep, self._series):
            view.refresh(topic)
        if topic == "state":
            name = self.workspace.session.state.file or "no file open"
            self._file.object = f"<span title='{escape(name, quote=True)}'>{escape(Path(name).name)}</span>"
            self._picture_or_welcome()
            self._comparison.lay_out()
        elif topic == "values":
            self._comparison.follow()
        job = self.workspace.job
        self._undo.disabled, self._redo.disabled = not self.workspace.can_undo, not self.workspace.can_redo
        self._cancel.visible = self._progress.visible = job is not None
        if job is not None:
            self._progress.value = round(100 * job.done / job.total) if job.done < job.total else -1
            said = f" ({self.workspace.message})" if self.workspace.message else ""
            self._say(f"{'Cancelling' if job.cancelled else 'JobRunner on'} {job.name} …{said}")
        elif topic in ("message", "job"):
            self._say(_SIGNS[self.workspace.level] + self.workspace.message, self.workspace.level)

    def _say(self, told: str, level: Level = "info") -> None:
        colour = {"info": self._colours.ink, "success": self._colours.good, "error": self._colours.bad}[level]
        self._message.object = (
            f"<div role='status' aria-live='polite' style='color:{colour};font-size:14px'>"
            f"{escape(told)}</div>"
        )

    def step(self, name: str) -> None:
        """Go to a step: open, look, play, fit, keep or series."""
        self._steps.value = name

    def _step(self) -> None:
        # Hidden, not taken away: what is on its way to a part of the page still finds it.
        step = self._steps.value
        if not self.workspace.busy:
            self.workspace.show_message("")  # it was said of the step before
        for name, left in self._lefts.items():
            left.visible = name == step
        self._comparison.show(step in ("play", "fit"))
        self._picture_or_welcome()
        self._keep.right.visible = step == "keep"
        self._series.right.visible = step == "series"

    def _picture_or_welcome(self) -> None:
        seen, opened = self._steps.value in ("open", "look"), self.workspace.session.state.file is not None
        self._look.right.visible, self._open.right.visible = seen and opened, seen and not opened
