"""Step 1: open a measured file, an example or a saved session; before that, show a welcome text."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.fitting.examples import EXAMPLES
from slxrd.ui.app.controls.drop_signal import DropSignal
from slxrd.ui.app.controls.file_drop import LARGEST_FILE, file_dropper, take_dropped
from slxrd.ui.app.controls.reading_fields import ReadingFields
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, button, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.contents import diagnosis_html, facts_html
from slxrd.ui.app.views.welcome import HEADING, other_files_html, welcome_html
from slxrd.ui.session.controller import Session

#: Files longer than this, in bytes, are read in a background job.
LONG_FILE = 1_000_000
_SESSION_SUFFIXES = (".json",)


class OpenView:
    """File upload, examples and reading options.

    Parameters
    ----------
    workspace : Workspace
        Holds the session into which the file is read.
    others : sequence of (str, str)
        Keys and file names of the other workspaces of this server.
    on_series : callable, optional
        Called without arguments to open the dropped files as a series.
    """

    def __init__(
        self,
        workspace: Workspace,
        others: Sequence[tuple[str, str]] = (),
        on_series: Callable[[], object] = lambda: None,
    ) -> None:
        self.workspace = workspace
        self._signal = DropSignal()
        self._signal.param.watch(lambda _: self._new_drop(), "drops")
        self._first = True
        self._unreadable: tuple[str, bytes] | None = None
        self._drop = file_dropper()
        self._drop.param.watch(lambda _: take_dropped(self._drop, self._take), "value")
        self._example = pn.widgets.Select(
            label="or an example",
            options={e.title.replace("CsPbBr3", "CsPbBr₃"): name for name, e in EXAMPLES.items()},
            width=300,
            description="Patterns that are packaged with slxrd.",
        )
        self._reading = ReadingFields(self._apply_options)
        self._found = text()
        self._filling = False
        self._files = pn.widgets.Select(
            label="dropped files",
            options=[],
            size=4,
            sizing_mode="stretch_width",
            description="Choose one to open it.",
        )
        self._files.param.watch(self._choose, "value")
        self._several = pn.Column(
            self._files,
            button(
                "Fit them as a series",
                on_series,
                description="Read all dropped files as patterns of one sample.",
            ),
            sizing_mode="stretch_width",
            margin=0,
            visible=False,
        )
        self._show_files()
        self.top = pn.Row(
            pn.Column(
                text(HEADING, margin=(0, 8)),
                self._drop,
                self._signal,
                sizing_mode="stretch_width",
                margin=0,
            ),
            pn.Column(
                self._example,
                button(
                    "Open the example",
                    self._open_example,
                    margin=(0, 8),
                    width=300,
                    description="Open the packaged pattern that is chosen above, with its options.",
                ),
                margin=(8, 0, 0, 0),
                width=316,
            ),
            sizing_mode="stretch_width",
            margin=0,
        )
        self.controls = pn.Column(
            self._several, self._found, self._reading.view, width=CONTROLS_WIDTH, margin=0
        )
        self.right = pn.Column(
            text(welcome_html(), margin=(8, 8)),
            text(other_files_html(others), margin=(0, 8)),
            sizing_mode="stretch_width",
            max_width=1440,
            margin=0,
        )
        self._others = text(other_files_html(others))
        self.controls.append(self._others)
        self.refresh("state")

    def _new_drop(self) -> None:
        self._first = True

    def _take(self, name: str, data: bytes) -> None:
        """Keep a dropped file; open it if it is the first of those that were dropped together."""
        first, self._first = self._first, False
        of_session = Path(name).suffix.lower() in _SESSION_SUFFIXES
        if data and not of_session and len(data) <= LARGEST_FILE:
            if first and len(self.workspace.files) > 1:
                self.workspace.files.clear()
            self.workspace.files[name] = data
            self._show_files()
        if first:
            self.open_upload(name, data)

    def _show_files(self) -> None:
        names = sorted(self.workspace.files)
        self._filling = True
        self._files.param.update(options=names, size=min(max(len(names), 2), 8))
        self._files.value = (
            self.workspace.session.state.file if self.workspace.session.state.file in names else None
        )
        self._filling = False
        self._several.visible = len(names) > 1

    def _choose(self, event: Any) -> None:
        if not self._filling and event.new is not None:
            self.open_upload(event.new, self.workspace.files[event.new])

    def open_upload(self, name: str, data: bytes) -> None:
        """Open an uploaded file, or a saved session."""
        if Path(name).suffix.lower() in _SESSION_SUFFIXES:
            self.workspace.try_action(lambda: self._reopen(name, data))
            return
        if not data:
            self.workspace.show_message(f"{name} is empty: choose another file.", "error")
        elif len(data) > LARGEST_FILE:
            self.workspace.show_message(
                f"{name} is larger than {LARGEST_FILE // 1_000_000} MB; choose a smaller file.",
                "error",
            )
        elif self.workspace.restore_file(data):
            self._unreadable = None
        elif len(data) > LONG_FILE:
            self._unreadable = None
            self.workspace.open_file_in_background(data, name, lambda: self._set_unreadable(name, data))
        elif self.workspace.open_file(data, name):
            self._unreadable = None
        elif not self.workspace.busy:
            self._set_unreadable(name, data)
            self.refresh("job")

    def _set_unreadable(self, name: str, data: bytes) -> None:
        self._unreadable = (name, data)

    def _reopen(self, name: str, data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "session.json"
            path.write_bytes(data)
            try:
                self.workspace.open_session(Session.open(path))
            except SlxrdError as error:
                raise SlxrdError(str(error).replace(str(path), name)) from None

    def _open_example(self) -> None:
        name = str(self._example.value)
        if self.workspace.open_file(f"example:{name}"):
            options = EXAMPLES[name].options
            self.workspace.do("options of the example", choices=dict(options))

    def _apply_options(self) -> None:
        self.workspace.try_action(self._read_with_options)

    def _read_with_options(self) -> None:
        reading, preparation = self._reading.values()
        if self._unreadable is not None:
            name, data = self._unreadable
            if self.workspace.open_file(data, name, **reading):
                self._unreadable = None
                if any(preparation.values()):
                    self.workspace.do("corrections", preparation=preparation)
        elif self.workspace.session.state.file is None:
            raise SlxrdError("open a file first")
        else:
            self.workspace.do("reading options", reading=reading, preparation=preparation)

    def refresh(self, topic: Topic) -> None:
        """Show the open file, and what was read from it."""
        if topic == "job" and self._unreadable is not None and not self.workspace.busy:
            self._reading.view.collapsed = False  # other reading options may help
        if topic != "state":
            return
        state = self.workspace.session.state
        if state.file is None:
            self._found.object = ""
            return
        self._show_files()
        self._reading.show(state)
        try:
            pattern = self.workspace.session.pattern()
        except SlxrdError as error:
            self._found.object = (
                f"<h3>The measured file is missing</h3><p>{escape(str(error))}. Or drop the file here "
                "to continue this session.</p>"
            )
            return
        facts = facts_html(self.workspace.session.pattern_of_file(), pattern)
        self._found.object = (
            f"<h3>Contents of {escape(Path(state.file).name)}</h3>{facts}{diagnosis_html(pattern)}"
            "<p>If this is right, go on to <b>2 Regions</b>.</p>"
        )
