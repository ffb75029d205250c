"""Unsaved sessions of an earlier run: shown at the top of every page until they are recovered or deleted."""

from __future__ import annotations

from pathlib import Path

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.ui.app.controls.widgets import button, text
from slxrd.ui.app.state.autosave_folder import AutosaveFolder, Recoverable

_DELETE, _REALLY = "Delete", "Delete for good"


class RecoveryView:
    """A line for each autosaved session of an earlier run.

    Parameters
    ----------
    autosaves : AutosaveFolder or None
        The folder with the sessions.

    Attributes
    ----------
    view : panel.Column
        The lines; not visible without sessions.
    """

    def __init__(self, autosaves: AutosaveFolder | None) -> None:
        self._autosaves = autosaves
        found = {} if autosaves is None else dict(autosaves.found)
        self.view = pn.Column(
            *(self._line(key, entry) for key, entry in found.items()),
            sizing_mode="stretch_width",
            margin=0,
            visible=bool(found),
            styles={"max-height": "30vh", "overflow-y": "auto", "flex": "none"},
        )

    def _line(self, key: str, entry: Recoverable) -> pn.Row:
        def delete() -> None:
            if remove.label == _DELETE:
                remove.label = _REALLY
            elif self._autosaves is not None:
                self._autosaves.discard(key)
                line.visible = False

        remove = button(
            _DELETE, delete, margin=(4, 8), width=120, description="Delete this session; press twice."
        )
        line = pn.Row(
            text(_described(key, entry), margin=(9, 16)), remove, sizing_mode="stretch_width", margin=0
        )
        return line


def _described(key: str, entry: Recoverable) -> str:
    name = escape(Path(entry.file).name) or "a session"
    time = f"{entry.time:%Y-%m-%d %H:%M}"
    what = f"<b>{name}</b>, changed {time}{', with a fit' if entry.fitted else ''}"
    if entry.problem:
        return (
            f"Unsaved work of an earlier run cannot be opened: {what}. {escape(entry.problem)}. "
            f"The file is {escape(str(entry.path))}."
        )
    return (
        f"Unsaved work of an earlier run was found: {what}. "
        f"<a href='?session={escape(key, quote=True)}'>Recover it</a>"
    )
