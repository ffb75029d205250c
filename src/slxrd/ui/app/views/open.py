"""Step 1: open a measured file, an example or a saved session; before that, show a welcome text."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.fitting.examples import EXAMPLES
from slxrd.ui.app.controls.file_drop import LARGEST_FILE, file_dropper, take_dropped
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, button, collapsible, html_table, row, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.contents import diagnosis_html, facts_html
from slxrd.ui.session.controller import Session, State

_ABOUT = """
<h2>What this page does</h2>
<p>A film of nanocrystals or nanoplatelets that are stacked face to face shows fringes on its Bragg peaks.
From the fringes in an ordinary X-ray diffractogram, slxrd determines the thickness of the crystals, the gap
between them, and how much both vary.</p>
"""
_STEPS = (
    ("1 Open", "Drop the file of your diffractometer above, or open an example."),
    ("2 Regions", "View the pattern, and choose a region around each Bragg peak with its fringes."),
    ("3 Model", "Move sliders to see how each parameter changes the calculated curve. Choose the model."),
    ("4 Fit", "Find all solutions with their errors, and check how reliable they are."),
    ("5 Save", "Download report, numbers, figures, and the session to continue later."),
    ("6 Series", "Fit many patterns of one sample, for example over temperature or time."),
    ("7 Image", "Cut a pattern out of a detector image, and send it to the fit."),
)
_SYMBOLS = (
    ("d", "distance between the atomic planes of a crystal"),
    ("N, σ_N", "number of planes in a crystal: mean, and how it varies from crystal to crystal"),
    (
        "L, σ_L",
        "distance from the last plane of a crystal to the first of the next: mean, and how it varies",
    ),
    ("Λ", "period of the superlattice, (N−1)·d + L"),
    ("q₀", "zero error of the diffractometer"),
)


def welcome_html() -> str:
    """Return the text that is shown before a file is open: what the page does, and the symbols."""
    return (
        f"{_ABOUT}{html_table(('', ''), [(_unbroken(step), about) for step, about in _STEPS])}"
        "<p>Your files stay on this computer. Every step can be undone.</p>"
        f"<h3>Symbols</h3>{html_table(('', ''), [(_unbroken(name), about) for name, about in _SYMBOLS])}"
    )


def _unbroken(text: str) -> str:
    """Replace spaces by non-breaking ones."""
    return text.replace(" ", "\u00a0")


#: Files that arrive within this many seconds of each other were dropped together.
TOGETHER = 2.0
#: Files longer than this, in bytes, are read in a background job.
LONG_FILE = 1_000_000
_SESSION_SUFFIXES = (".json",)
_TRUST, _NO_LP = "accept the axis even if its range is implausible", "no Lorentz-polarisation correction"
_AXES = {"q (Å⁻¹)": "q", "2θ (°)": "2theta", "θ (°)": "theta"}


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
        self._arrived = -math.inf
        self._unreadable: tuple[str, bytes] | None = None
        self._drop = file_dropper()
        self._drop.param.watch(lambda _: take_dropped(self._drop, self._take), "value")
        self._example = pn.widgets.Select(
            label="or an example",
            options={e.title: name for name, e in EXAMPLES.items()},
            width=250,
            description="Patterns that are packaged with slxrd.",
        )
        shares_line: dict[str, Any] = {"sizing_mode": "stretch_width", "min_width": 0}
        self._axis = pn.widgets.Select(
            label="axis",
            options={"from file": "", **_AXES},
            **shares_line,
            description="Quantity of the first column, where the file does not state it.",
        )
        self._wavelength = pn.widgets.TextInput(
            label="wavelength",
            placeholder="CuKa, 1.5406",
            **shares_line,
            description="Name of a radiation, or wavelength in Å.",
        )
        self._scan = pn.widgets.TextInput(
            label="scan",
            placeholder="1",
            **shares_line,
            description="Number of the scan in a file with several.",
        )
        self._columns = pn.widgets.TextInput(
            label="columns",
            placeholder="1,2 or 1,2,3",
            width=120,
            description="Numbers of the columns of position, intensity and, if present, σ.",
        )
        self._ticks = pn.widgets.CheckBoxGroup(options=[_TRUST, _NO_LP], margin=(2, 10))
        self._monochromator = pn.widgets.TextInput(
            label="monochromator θ (°)",
            placeholder="none",
            width=160,
            description="Bragg angle of a monochromator, for the polarisation factor.",
        )
        self._found = text()
        self._options = collapsible(
            "Reading options",
            row(self._axis, self._wavelength, self._scan),
            self._columns,
            self._ticks,
            self._monochromator,
            button(
                "Apply",
                self._apply_options,
                color="primary",
                description="Read the file again with these options.",
            ),
        )
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
                text(
                    "<h2>1 Open a diffractogram</h2><p class='muted'>Files or a folder (Bruker, PANalytical, "
                    "Rigaku, STOE, text, Excel, …), or a saved session</p>",
                    margin=(0, 8),
                ),
                self._drop,
                sizing_mode="stretch_width",
                margin=0,
            ),
            pn.Column(
                self._example,
                button(
                    "Open the example",
                    self._open_example,
                    margin=(0, 8),
                    width=250,
                    description="Open the packaged pattern that is chosen above, with its options.",
                ),
                margin=(8, 0, 0, 0),
                width=266,
            ),
            sizing_mode="stretch_width",
            margin=0,
        )
        self.controls = pn.Column(self._several, self._found, self._options, width=CONTROLS_WIDTH, margin=0)
        self.right = pn.Column(
            text(welcome_html(), margin=(8, 8)),
            text(_other_files_html(others), margin=(0, 8)),
            sizing_mode="stretch_width",
            max_width=820,
            margin=0,
        )
        self._others = text(_other_files_html(others))
        self.controls.append(self._others)
        self.refresh("state")

    def _take(self, name: str, data: bytes) -> None:
        """Keep a dropped file; open it if it is the first of those that were dropped together."""
        first = monotonic() - self._arrived > TOGETHER
        self._arrived = monotonic()
        of_session = Path(name).suffix.lower() in _SESSION_SUFFIXES
        if data and not of_session and len(data) <= LARGEST_FILE:
            if first and len(self.workspace.files) > 1:
                self.workspace.files.clear()
            self.workspace.files[name] = data
            self._show_files()
        if first:
            self.open_upload(name, data)
            self._arrived = monotonic()

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
        reading: dict[str, Any] = {
            "axis": self._axis.value or None,
            "wavelength": _wavelength(self._wavelength.value),
            "columns": self._columns.value.strip() or None,
            "scan": None,
            "trust_axis": _TRUST in self._ticks.value,
        }
        if self._scan.value.strip():
            if not self._scan.value.strip().isdecimal():
                raise SlxrdError(f"scan {self._scan.value}: give its number, starting from 1")
            reading["scan"] = int(self._scan.value)
        angle = None
        if self._monochromator.value.strip():
            try:
                angle = float(self._monochromator.value)
            except ValueError:
                raise SlxrdError(
                    f"monochromator {self._monochromator.value}: give its Bragg angle in degrees"
                ) from None
        preparation = {"monochromator": angle, "no_lp": _NO_LP in self._ticks.value}
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
            self._options.collapsed = False  # other reading options may help
        if topic != "state":
            return
        state = self.workspace.session.state
        if state.file is None:
            self._found.object = ""
            return
        self._show_files()
        for widget, value in (
            (self._axis, state.reading.get("axis") or ""),
            (self._wavelength, str(state.reading.get("wavelength", ""))),
            (self._scan, str(state.reading.get("scan", ""))),
            (self._columns, state.reading.get("columns", "")),
            (self._ticks, _checked_options(state)),
            (self._monochromator, str(state.preparation.get("monochromator", ""))),
        ):
            widget.value = value
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


def _checked_options(state: State) -> list[str]:
    given = {_TRUST: state.reading.get("trust_axis"), _NO_LP: state.preparation.get("no_lp")}
    return [label for label, checked in given.items() if checked]


def _other_files_html(others: Sequence[tuple[str, str]]) -> str:
    if not others:
        return ""
    items = "".join(
        f"<li><a href='?session={escape(key, quote=True)}'>{escape(Path(file).name)}</a></li>"
        for key, file in others
    )
    return f"<h3>Also open</h3><ul>{items}</ul>"


def _wavelength(typed: str) -> float | str | None:
    """Convert a typed wavelength to a number, or leave it as the name of a radiation."""
    typed = typed.strip()
    try:
        return float(typed) if typed else None
    except ValueError:
        return typed
