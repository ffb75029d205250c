"""The folder of autosaved sessions of one process, and those that earlier processes left behind."""

from __future__ import annotations

import math
import os
import secrets
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from slxrd._documents import SETTINGS_LIMIT, read_bytes, read_json
from slxrd._files import short_name, write
from slxrd._output_lock import LOCK, locked
from slxrd.errors import FileError, SlxrdError
from slxrd.ui.app.state.autosave import PAGE, page_path, remove_files
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.session.controller import Session

#: Beginning of the names of files that were being written.
_UNFINISHED = ".slxrd-"
#: How often a folder is made, with another name each time.
_ATTEMPTS = 5


@dataclass(frozen=True)
class Recoverable:
    """An autosaved session of an earlier process.

    Parameters
    ----------
    path : Path
        Its file.
    file : str
        Measured file of the session; empty if it is not known.
    fitted : bool
        Whether it contains a fit.
    time : datetime
        When it was written.
    problem : str
        Why it cannot be opened; empty if that has not been tried.
    """

    path: Path
    file: str
    fitted: bool
    time: datetime
    problem: str = ""


class AutosaveFolder:
    """A folder of this process inside one of all processes, locked until it is closed.

    Sessions in folders of processes that have ended are moved into it, so that of several processes one
    offers them.

    Parameters
    ----------
    root : Path
        The folder of all processes.

    Attributes
    ----------
    path : Path
        The folder of this process.
    found : dict of str to Recoverable
        Sessions that earlier processes left behind, by the key of their workspace.

    Raises
    ------
    FileError
        If it cannot be written.
    """

    def __init__(self, root: Path) -> None:
        self._locks = ExitStack()
        self.found: dict[str, Recoverable] = {}
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path = self._own(root)
            others = [each for each in sorted(root.iterdir()) if each != self.path and each.is_dir()]
        except OSError as error:
            raise FileError(root, f"cannot be written ({error.strerror})") from None
        for other in others:
            with suppress(SlxrdError, OSError):  # another process runs, or its folder cannot be read
                self._take_over(other)

    def _own(self, root: Path) -> Path:
        """Make and lock a folder; another process that starts may take an empty one for one left behind."""
        for attempt in range(_ATTEMPTS):
            path = root / secrets.token_hex(8)
            try:
                self._locks.enter_context(locked(path))
            except FileError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                break
        return path

    def close(self) -> None:
        """Release the locks, and remove the folder if nothing is left in it."""
        self._locks.close()

    def new_path(self, key: str) -> Path:
        """Return the file of a workspace that was not opened from a saved session."""
        return self.path / f"{key}.json"

    def path_beside(self, session: Path) -> Path | None:
        """Return the autosave file beside a saved session, and take over what is left in it.

        Parameters
        ----------
        session : Path
            A saved session.

        Returns
        -------
        Path or None
            None if another process has the session open, its folder cannot be written, or another file has
            that name.
        """
        beside = session.absolute().with_name(short_name(session.stem, ".autosave.json"))
        try:
            self._locks.enter_context(locked(beside, file=True))
            if page_path(beside).is_file():
                self._claim(beside)
            if beside.exists():
                return None
        except (SlxrdError, OSError):
            return None
        return beside

    def open(self, key: str) -> Workspace | None:
        """Return the workspace of a session in :attr:`found`; None if it cannot be opened."""
        entry = self.found[key]
        try:
            workspace = Workspace(Session.open(entry.path))
            workspace.mark_recovered(*_shown(_page(entry.path)))
        except Exception as error:
            self.found[key] = replace(entry, problem=str(error))
            return None
        del self.found[key]
        return workspace

    def discard(self, key: str) -> None:
        """Remove a session in :attr:`found`, and its file."""
        entry = self.found.pop(key, None)
        if entry is not None:
            remove_files(entry.path)

    def _take_over(self, folder: Path) -> None:
        with locked(folder):
            for path in sorted(folder.iterdir()):
                if path.name.endswith(".json") and not path.name.endswith(PAGE):
                    with suppress(SlxrdError, OSError):  # the others are taken over nevertheless
                        self._claim(path)
            left = [path for path in folder.iterdir() if path.name != LOCK]
            if all(path.name.startswith(_UNFINISHED) or path.name.endswith(PAGE) for path in left):
                for path in left:
                    path.unlink()
        folder.rmdir()

    def _claim(self, document: Path) -> None:
        """Move an autosaved session into this folder; it is complete in one of both places at any time."""
        key = secrets.token_urlsafe(6)
        own, time = self.new_path(key), document.stat().st_mtime
        with suppress(FileError):  # a session without it can be opened
            write(page_path(own), read_bytes(page_path(document)))
        write(own, read_bytes(document))
        os.utime(own, (time, time))  # it is shown as the time of the last change
        remove_files(document)
        page = _page(own)
        file, fitted = page.get("file"), page.get("fitted") is True
        name = file if isinstance(file, str) else ""
        self.found[key] = Recoverable(own, name, fitted, datetime.fromtimestamp(time))


def _page(document: Path) -> dict[str, Any]:
    """Return the contents of the file beside an autosaved session; empty if it is missing or damaged."""
    try:
        found = read_json(page_path(document), "is damaged", SETTINGS_LIMIT)
    except SlxrdError:
        return {}
    return found if isinstance(found, dict) else {}


def _shown(page: dict[str, Any]) -> tuple[dict[str, float], int]:
    """Return the values of the sliders and the number of the solution, as far as they are valid."""
    given, solution = page.get("values"), page.get("solution")
    values = {
        name: float(value)
        for name, value in (given.items() if isinstance(given, dict) else ())
        if isinstance(value, int | float) and math.isfinite(value)
    }
    return values, solution if isinstance(solution, int) else 0
