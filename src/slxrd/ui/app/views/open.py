"""Step 1: a file is dropped, or an example chosen; what was found in it is shown and confirmed.

What is seen before a file is open: what the page does, and what its letters mean.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import panel as pn

from slxrd.data.description import describe
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.examples import EXAMPLES
from slxrd.ui.app.controls.widgets import LEFT, button, folded, row, table, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.session.controller import Session, State

_ABOUT = """
<h2>What this page does</h2>
<p>Nanocrystals that are stacked face to face diffract as a superlattice: the fringes on their Bragg peaks
tell how thick the crystals are, how wide the gaps between them, and how well both are kept. slxrd reads that
off an ordinary diffractogram.</p>
"""
_STEPS = (
    ("1 Open", "Drop the diffractometer's file on the left, or take an example to try it."),
    ("2 Look", "See the pattern; draw a region around each Bragg peak with its fringes."),
    ("3 Play", "Move sliders, and see what each parameter does to the curve."),
    ("4 Fit", "One button finds all solutions with their errors, and says how far to trust them."),
    ("5 Keep", "Take away report, numbers and figures, and the session to go on with later."),
    ("6 Series", "Many patterns of one sample: a folder of files, heated or aged."),
)
_LETTERS = (
    ("d", "distance of the atomic planes in a crystal"),
    ("N, σ_N", "number of planes of a crystal: its mean, and how it varies from crystal to crystal"),
    ("L, σ_L", "distance from the last plane of a crystal to the first of the next, and how it varies"),
    ("Λ", "period of the superlattice, (N−1)·d + L"),
    ("q₀", "zero error of the diffractometer"),
)


def welcome_html() -> str:
    """Return it as HTML."""
    return (
        f"{_ABOUT}{table(('', ''), [(_fixed(step), told) for step, told in _STEPS])}"
        "<p>Your files stay on this machine. Every step can be undone.</p>"
        f"<h3>Letters</h3>{table(('', ''), [(_fixed(letter), told) for letter, told in _LETTERS])}"
    )


def _fixed(told: str) -> str:
    return told.replace(" ", "\u00a0")


#: Larger files are no diffractograms.
LARGEST_FILE = 200_000_000
#: Longer ones, in bytes, are read in a thread.
LONG_FILE = 1_000_000
_SAVED = (".json",)
_TRUST, _NO_LP = "accept the axis as it is, however unlikely", "no Lorentz-polarisation correction"


class OpenView:
    """Where a file comes in.

    Parameters
    ----------
    workspace : Workspace
        What it is opened on.
    others : sequence of (str, str)
        Keys and files of other sessions, to go on with.
    """

    def __init__(self, workspace: Workspace, others: Sequence[tuple[str, str]] = ()) -> None:
        self.workspace = workspace
        self._refused: tuple[str, bytes] | None = None
        self._drop = pn.widgets.FileDropper(
            height=110,
            sizing_mode="stretch_width",
            margin=(0, 10),
            chunk_size=5_000_000,
            max_file_size=f"{LARGEST_FILE // 1_000_000}MB",
            multiple=False,
            label="file",
        )
        self._drop.param.watch(self._dropped, "value")
        self._example = pn.widgets.Select(
            label="or an example", options={e.title: name for name, e in EXAMPLES.items()}, width=250
        )
        self._axis = pn.widgets.Select(
            label="axis", options={"as in file": "", "q (Å⁻¹)": "q", "2θ (°)": "2theta"}, width=105
        )
        self._wavelength = pn.widgets.TextInput(label="wavelength", placeholder="CuKa, 1.5406", width=115)
        self._scan = pn.widgets.TextInput(label="scan", placeholder="1", width=90)
        self._columns = pn.widgets.TextInput(label="columns", placeholder="1,2 or 1,2,3", width=115)
        self._ticks = pn.widgets.CheckBoxGroup(options=[_TRUST, _NO_LP], margin=(2, 10))
        self._monochromator = pn.widgets.TextInput(label="monochromator θ (°)", placeholder="none", width=130)
        self._found = text()
        self._asked = folded(
            "How it is read",
            row(self._axis, self._wavelength, self._scan),
            self._columns,
            self._ticks,
            self._monochromator,
            button("Read it so", self._again, color="primary"),
        )
        self.left = pn.Column(
            text(
                "<h2>1 Open a diffractogram</h2><p>Drop a file of your diffractometer here (Bruker, "
                "PANalytical, Rigaku, STOE, text, Excel, …), or a saved session (.json).</p>"
            ),
            self._drop,
            row(
                self._example, button("Open the example", self._open_example, margin=(22, 5, 5, 0), width=115)
            ),
            self._found,
            self._asked,
            text(_links(others)),
            width=LEFT,
        )
        self.right = text(welcome_html(), margin=(6, 40))
        self.refresh("state")

    def _dropped(self, event: Any) -> None:
        for name, content in (event.new or {}).items():
            data = content.encode() if isinstance(content, str) else bytes(content)
            self.take(str(name), data)

    def take(self, name: str, data: bytes) -> None:
        """Open a file that came in, or a saved session."""
        if Path(name).suffix.lower() in _SAVED:
            self.workspace.try_action(lambda: self._reopen(name, data))
            return
        if not data:
            self.workspace.show_message(f"{name} is empty: choose another file.", "error")
        elif len(data) > LARGEST_FILE:
            self.workspace.show_message(
                f"{name} is larger than {LARGEST_FILE // 1_000_000} MB: that is no diffractogram.", "error"
            )
        elif self.workspace.restore_file(data):
            self._refused = None
        elif len(data) > LONG_FILE:
            self._refused = None
            self.workspace.open_file_in_background(data, name, lambda: self._refuse(name, data))
        elif self.workspace.open_file(data, name):
            self._refused = None
        elif not self.workspace.busy:
            self._refuse(name, data)
            self.refresh("job")

    def _refuse(self, name: str, data: bytes) -> None:
        self._refused = (name, data)

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
            self.workspace.do("the example's choices", choices=dict(options))

    def _again(self) -> None:
        self.workspace.try_action(self._read_again)

    def _read_again(self) -> None:
        reading: dict[str, Any] = {
            "axis": self._axis.value or None,
            "wavelength": _length(self._wavelength.value),
            "columns": self._columns.value.strip() or None,
            "scan": None,
            "trust_axis": _TRUST in self._ticks.value,
        }
        if self._scan.value.strip():
            if not self._scan.value.strip().isdecimal():
                raise SlxrdError(f"scan {self._scan.value}: give its number, counted from 1")
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
        if self._refused is not None:
            name, data = self._refused
            if self.workspace.open_file(data, name, **reading):
                self._refused = None
                if any(preparation.values()):
                    self.workspace.do("corrections", preparation=preparation)
        elif self.workspace.session.state.file is None:
            raise SlxrdError("open a file first")
        else:
            self.workspace.do("read it otherwise", reading=reading, preparation=preparation)

    def refresh(self, topic: Topic) -> None:
        """Show what is open."""
        if topic == "job" and self._refused is not None and not self.workspace.busy:
            self._asked.collapsed = False  # it may be a matter of how it is read
        if topic != "state":
            return
        state = self.workspace.session.state
        if state.file is None:
            self._found.object = ""
            return
        for widget, value in (
            (self._axis, state.reading.get("axis") or ""),
            (self._wavelength, str(state.reading.get("wavelength", ""))),
            (self._scan, str(state.reading.get("scan", ""))),
            (self._columns, state.reading.get("columns", "")),
            (self._ticks, _ticked(state)),
            (self._monochromator, str(state.preparation.get("monochromator", ""))),
        ):
            widget.value = value
        try:
            pattern = self.workspace.session.pattern()
        except SlxrdError as error:
            self._found.object = (
                f"<h3>The measured file is missing</h3><p>{escape(str(error))}, or drop the file here: it "
                "will belong to this session again.</p>"
            )
            return
        facts = table(("", ""), _facts(pattern))
        self._found.object = (
            f"<h3>Found in {escape(state.file)}</h3>{facts}<p>Right? Then go on to <b>2 Look</b>.</p>"
        )


def _ticked(state: State) -> list[str]:
    given = {_TRUST: state.reading.get("trust_axis"), _NO_LP: state.preparation.get("no_lp")}
    return [text for text, said in given.items() if said]


def _links(others: Sequence[tuple[str, str]]) -> str:
    if not others:
        return ""
    items = "".join(
        f"<li><a href='?session={escape(key, quote=True)}'>{escape(Path(file).name)}</a></li>"
        for key, file in others
    )
    return f"<h3>Also open</h3><ul>{items}</ul>"


def _length(told: str) -> float | str | None:
    told = told.strip()
    try:
        return float(told) if told else None
    except ValueError:
        return told


def _facts(pattern: Pattern) -> list[tuple[str, str]]:
    """What ``slxrd info`` says of a pattern, line by line."""
    lines = (line.strip() for line in describe(pattern.source, [pattern]).splitlines()[1:])
    pairs = (line.split(maxsplit=1) for line in lines if line)
    return [(pair[0], pair[1] if len(pair) > 1 else "") for pair in pairs]
