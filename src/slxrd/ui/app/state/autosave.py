"""Autosave: every change of a workspace is written to a file soon after it was made, by a thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slxrd._files import write_together
from slxrd.fitting.record.state import State
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace

#: Seconds from a change until it is written; what changes meanwhile is written with it.
DELAY = 0.5
#: Ending of the file beside an autosaved session, with what a session does not contain.
PAGE = ".page.json"


def page_path(document: Path) -> Path:
    """Return the file beside an autosaved session."""
    return document.with_name(document.name.removesuffix(".json") + PAGE)


def remove_files(document: Path) -> None:
    """Remove an autosaved session, and the file beside it."""
    for path in (document, page_path(document)):
        path.unlink(missing_ok=True)


@dataclass
class _Watched:
    """A workspace, its file, and what of it has changed since it was written."""

    workspace: Workspace
    path: Path
    unsubscribe: Callable[[], None] = field(default=lambda: None)
    changed: bool = False
    session_changed: bool = True
    written: tuple[State, Mapping[str, float], int] | None = None
    failing: bool = False


class Autosave:
    """Writes the workspaces that have changed.

    A workspace without changes that are not saved has no file. One that cannot be written shows a message,
    and does not prevent that the others are written.

    Parameters
    ----------
    delay : float
        Seconds from a change until it is written.
    """

    def __init__(self, delay: float = DELAY) -> None:
        self._delay = delay
        self._watched: dict[str, _Watched] = {}
        self._lock = threading.Lock()
        self._due, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="slxrd autosave", daemon=True)
        self._thread.start()

    def watch(self, key: str, workspace: Workspace, path: Path) -> None:
        """Write a workspace to a file after each of its changes.

        Parameters
        ----------
        key : str
            Key of the workspace.
        workspace : Workspace
            The workspace.
        path : Path
            File that is written, and removed when everything is saved.
        """
        each = _Watched(workspace, path)

        def note(topic: Topic) -> None:
            if topic != "message":
                each.session_changed = each.session_changed or topic in ("state", "followups", "sample")
                each.changed = True
                self._due.set()

        each.unsubscribe = workspace.subscribe(note)
        self._watched[key] = each

    def forget(self, key: str) -> None:
        """Remove the file of a workspace, and watch it no longer."""
        with self._lock:
            each = self._watched.pop(key, None)
            if each is not None:
                each.unsubscribe()
                remove_files(each.path)

    def write_now(self) -> None:
        """Write what has changed."""
        with self._lock:
            for each in tuple(self._watched.values()):
                if each.changed:
                    self._write(each)

    def close(self) -> int:
        """Write what has changed, end the thread, and return how many workspaces have a file."""
        self._ended.set()
        self._due.set()
        self._thread.join()
        self.write_now()
        return sum(each.path.exists() for each in self._watched.values())

    def _run(self) -> None:
        while not self._ended.is_set():
            self._due.wait()
            self._ended.wait(self._delay)
            self._due.clear()
            self.write_now()

    def _write(self, each: _Watched) -> None:
        each.changed = False
        try:
            _write_or_remove(each)
        except Exception as error:
            if not each.failing:
                each.workspace.show_message(
                    f"Changes cannot be autosaved: {error}. What is not downloaded under 5 Save can be lost.",
                    "error",
                )
            each.failing = each.changed = True  # it is tried again with the next change
        else:
            each.failing = False


def _write_or_remove(each: _Watched) -> None:
    workspace = each.workspace
    if not workspace.unsaved and not workspace.sliders_moved:
        each.written, each.session_changed = None, True
        remove_files(each.path)
        return
    state, values, solution = workspace.session.state, workspace.values, workspace.solution
    if not each.session_changed and each.written == (state, values, solution):
        return
    page = {
        "file": state.file,
        "fitted": state.result is not None,
        "values": dict(values),
        "solution": solution,
    }
    files = [(page_path(each.path), json.dumps(page, ensure_ascii=False))]
    of_session, each.session_changed = each.session_changed, False
    try:
        if of_session:
            files.insert(0, (each.path, workspace.session.document()))
        write_together(files)
    except BaseException:
        each.session_changed = True
        raise
    each.written = (state, values, solution)
