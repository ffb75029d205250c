"""The page: the steps, the message line, and the progress of the background job."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.ui.app.controls.widgets import button
from slxrd.ui.app.plots.theme import colours
from slxrd.ui.app.state.messages import Level, Topic
from slxrd.ui.app.state.shown import shown_by
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.comparison import Comparison
from slxrd.ui.app.views.fit import FitView
from slxrd.ui.app.views.model import ModelView
from slxrd.ui.app.views.open import OpenView
from slxrd.ui.app.views.regions import RegionsView
from slxrd.ui.app.views.results import banner_html
from slxrd.ui.app.views.save import SaveView
from slxrd.ui.app.views.series import SeriesView

STEPS = {
    "1 Open": "open",
    "2 Regions": "regions",
    "3 Model": "model",
    "4 Fit": "fit",
    "5 Save": "save",
    "6 Series": "series",
}
#: Prefix of a message, so that its kind does not depend on colour alone.
_PREFIXES = {"info": "", "success": "✓ ", "error": "! "}
_TOGGLE_THEME = """
const address = new URL(window.location.href)
const query = address.searchParams
query.get('theme') === 'dark' ? query.delete('theme') : query.set('theme', 'dark')
window.location.href = address
"""


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of a notebook's kernel, if the page is made in a notebook."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


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

    Attributes
    ----------
    view : panel.Column
        The page, to be served or shown in a notebook.
    """

    def __init__(
        self, workspace: Workspace, dark: bool = False, others: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.workspace, self._colours = workspace, colours(dark)
        self._document, self._thread = pn.state.curdoc, threading.get_ident()
        self._loop = _running_loop()
        self._open, self._regions = OpenView(workspace, others), RegionsView(workspace, self._colours)
        self._model, self._fit, self._save = (
            ModelView(workspace),
            FitView(workspace, self._colours),
            SaveView(workspace),
        )
        self._series = SeriesView(workspace)
        self._comparison = Comparison(workspace, self._colours, self._fit.picture)
        self._assessment = pn.pane.HTML(
            "", sizing_mode="stretch_width", margin=(0, 10), styles={"color": "inherit"}, visible=False
        )
        self.view = pn.Column(
            self._header(dark),
            self._assessment,
            self._status_line(),
            self._steps_view(),
            sizing_mode="stretch_both",
            margin=0,
            styles={
                "color": self._colours.text,
                "background": self._colours.background,
                "--slxrd-image-filter": self._colours.image_filter,
            },
        )
        self._unsubscribe = workspace.subscribe(self._changed)
        if self._document is not None:
            self._document.on_session_destroyed(lambda _: self._unsubscribe())
        for topic in ("state", "values", "message", "job"):
            self._refresh(topic)
        self._show_step()

    def _header(self, dark: bool) -> pn.Row:
        self._steps = pn.widgets.RadioButtonGroup(
            options=STEPS,
            value="open",
            color="primary",
            variant="outline",
            width=600,
            label="step",
        )
        self._steps.param.watch(lambda _: self._show_step(), "value")
        self._file = pn.pane.HTML(
            "", sizing_mode="stretch_width", margin=(10, 10), styles={"color": "inherit"}
        )
        self._undo = button("↶ Undo", self.workspace.undo, width=85)
        self._redo = button("↷ Redo", self.workspace.redo, width=85)
        theme = pn.widgets.Button(label="Light" if dark else "Dark", width=60, margin=5)
        theme.js_on_click(code=_TOGGLE_THEME)
        return pn.Row(
            pn.pane.HTML("<b style='font-size:19px'>slxrd</b>", width=60, margin=(6, 4, 0, 10)),
            self._steps,
            self._file,
            self._undo,
            self._redo,
            theme,
            sizing_mode="stretch_width",
            margin=0,
            styles={"flex-wrap": "wrap"},
        )

    def _status_line(self) -> pn.Row:
        self._message = pn.pane.HTML("", sizing_mode="stretch_width", min_height=22, margin=(0, 10))
        self._progress = pn.indicators.Progress(value=0, max=100, width=220, visible=False, margin=(7, 10))
        self._cancel = button("Cancel", self.workspace.cancel, color="danger", visible=False, width=80)
        return pn.Row(
            self._message, self._progress, self._cancel, sizing_mode="stretch_width", margin=0, height=30
        )

    def _steps_view(self) -> pn.Row:
        self._controls = {
            "open": self._open.left,
            "regions": self._regions.left,
            "model": self._model.left,
            "fit": self._fit.left,
            "save": self._save.left,
            "series": self._series.left,
        }
        scrolled = {"overflow-y": "auto", "max-height": "calc(100vh - 112px)"}
        left = pn.Column(*self._controls.values(), width=420, margin=0, styles=scrolled)
        right = pn.Column(
            self._open.right,
            self._regions.right,
            self._comparison.view,
            self._save.right,
            self._series.right,
            sizing_mode="stretch_both",
            margin=0,
            styles=scrolled,
        )
        return pn.Row(left, right, sizing_mode="stretch_both", margin=0)

    def _changed(self, topic: Topic) -> None:
        """Refresh the page after a change, which may come from any thread and any page."""
        # pn.state.curdoc is shared by all threads, so another thread may see the document of another page.
        own_thread = threading.get_ident() == self._thread and pn.state.curdoc is self._document
        if self._document is None and self._loop is not None and threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._refresh_notebook, topic)
        elif self._document is None or own_thread:
            self._refresh(topic)
        elif self._document.session_context is not None:
            self._document.add_next_tick_callback(partial(self._refresh, topic))

    def _refresh_notebook(self, topic: Topic) -> None:
        self._refresh(topic)
        pn.io.push_notebook(self.view)  # changes of the plots' data are not sent otherwise

    def _refresh(self, topic: Topic) -> None:
        for view in (self._open, self._regions, self._model, self._fit, self._save, self._series):
            view.refresh(topic)
        if topic == "state":
            name = self.workspace.session.state.file or "no file open"
            self._file.object = f"<span title='{escape(name, quote=True)}'>{escape(Path(name).name)}</span>"
            self._show_pattern_or_welcome()
            self._comparison.draw()
        elif topic == "values":
            self._comparison.update()
        if topic in ("state", "values"):
            self._refresh_assessment()
        self._undo.disabled = not self.workspace.can_undo
        self._redo.disabled = not self.workspace.can_redo
        self._refresh_status(topic)

    def _refresh_assessment(self) -> None:
        text = banner_html(shown_by(self.workspace))
        if self._assessment.object != text:
            self._assessment.param.update(object=text, visible=bool(text))

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
            f"<div role='status' aria-live='polite' style='color:{colours[level]};font-size:14px'>"
            f"{escape(text)}</div>"
        )

    def step(self, name: str) -> None:
        """Go to a step: open, regions, model, fit, save or series."""
        self._steps.value = name

    def _show_step(self) -> None:
        # Views are hidden, not removed: messages of the browser that are on their way still find them.
        step = self._steps.value
        if not self.workspace.busy:
            self.workspace.show_message("")  # the message belonged to the previous step
        for name, controls in self._controls.items():
            controls.visible = name == step
        self._comparison.show(step in ("model", "fit"))
        self._show_pattern_or_welcome()
        self._save.right.visible = step == "save"
        self._series.right.visible = step == "series"

    def _show_pattern_or_welcome(self) -> None:
        visible = self._steps.value in ("open", "regions")
        opened = self.workspace.session.state.file is not None
        self._regions.right.visible, self._open.right.visible = visible and opened, visible and not opened
