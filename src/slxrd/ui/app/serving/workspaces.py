"""The workspaces of a server by key, so that a page finds its workspace again when it is reloaded."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from itertools import count
from pathlib import Path

from slxrd._files import short_name
from slxrd.errors import SlxrdError
from slxrd.ui.app.state.autosave import Autosave
from slxrd.ui.app.state.autosave_folder import AutosaveFolder
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.session.controller import Session

#: Number of workspaces; beyond it the one without unsaved changes that was not used for the longest time is
#: dropped.
MOST_WORKSPACES = 20
#: Seconds to wait for cancelled jobs when the server stops.
CANCEL_TIMEOUT = 10.0


class Workspaces:
    """Workspaces by key. They live as long as the server, so closing a tab loses nothing.

    Parameters
    ----------
    autosaves : AutosaveFolder, optional
        Where unsaved changes are written as they are made; without it they are not.
    """

    def __init__(self, autosaves: AutosaveFolder | None = None) -> None:
        self._workspaces: OrderedDict[str, Workspace] = OrderedDict()
        self.autosaves = autosaves
        self._autosave = None if autosaves is None else Autosave()

    def open(self, file: str | Path) -> str:
        """Create a workspace with a measured file or a saved session, and return its key.

        Raises
        ------
        SlxrdError
            If the file cannot be read.
        """
        path = Path(file)
        beside = None
        if path.suffix.lower() == ".json" and path.exists():
            session = Session.open(path)
            beside = None if self.autosaves is None else self.autosaves.path_beside(path)
        else:
            session = Session()
            try:
                session.open_file(file if str(file).startswith("example:") else path.absolute())
            except SlxrdError as error:
                raise SlxrdError(str(error).replace(str(path.absolute()), str(file))) from None
        return self._add(Workspace(session), beside)

    def _add(self, workspace: Workspace, autosaved: Path | None = None, key: str = "") -> str:
        key = key or secrets.token_urlsafe(6)
        self._workspaces[key] = workspace
        if self._autosave is not None and self.autosaves is not None:
            self._autosave.watch(key, workspace, autosaved or self.autosaves.new_path(key))
        while len(self._workspaces) > MOST_WORKSPACES:
            droppable = (k for k, b in self._workspaces.items() if not b.busy and not b.unsaved)
            oldest = next(droppable, None)
            if oldest is None or oldest == key:
                break
            del self._workspaces[oldest]
            if self._autosave is not None:
                self._autosave.forget(oldest)
        return key

    def find_or_create(self, key: str | None) -> str:
        """Return the key if it exists, also of an autosaved session; or that of a new workspace."""
        if key and key in self._workspaces:
            self._workspaces.move_to_end(key)
            return key
        if key and self.autosaves is not None and key in self.autosaves.found:
            recovered = self.autosaves.open(key)
            if recovered is not None:
                return self._add(recovered, key=key)
        return self._add(Workspace())

    def get(self, key: str) -> Workspace:
        """Return the workspace with this key."""
        return self._workspaces[key]

    def cancel_jobs(self) -> None:
        """Cancel all jobs, and wait a few seconds for them to store what they have finished."""
        for workspace in self._workspaces.values():
            workspace.cancel()
        for workspace in self._workspaces.values():
            if workspace.job is not None and workspace.job.thread is not None:
                workspace.job.thread.join(CANCEL_TIMEOUT)

    def save_unsaved(self, folder: Path, *, keep: bool = False) -> list[Path]:
        """Write all sessions with unsaved changes to new files in a folder, and return their paths.

        Parameters
        ----------
        folder : Path
            The folder.
        keep : bool
            Whether all autosaved files are kept as well; that of a session that cannot be written to the
            folder always is.
        """
        written: list[Path] = []
        for key, workspace in self._workspaces.items():
            try:
                path = _save(workspace, folder) if workspace.unsaved else None
            except Exception:  # the others are saved nevertheless
                continue
            if path is not None:
                written.append(path)
            if self._autosave is not None and not keep:
                self._autosave.forget(key)
        return written

    def close(self) -> int:
        """End the autosave; return how many unsaved sessions the next process offers."""
        if self._autosave is None or self.autosaves is None:
            return 0
        left = self._autosave.close()
        self.autosaves.close()
        return left + len(self.autosaves.found)

    def other_files(self, key: str) -> list[tuple[str, str]]:
        """Return keys and file names of the other workspaces that have a file open, the latest first."""
        return [
            (other, workspace.session.state.file)
            for other, workspace in reversed(self._workspaces.items())
            if other != key and workspace.session.state.file is not None
        ]


def _save(workspace: Workspace, folder: Path) -> Path:
    """Write a session to a new file in a folder, and return its path."""
    stem = short_name(Path((workspace.session.state.file or "").removeprefix("example:")).stem, "")
    names = (f"{stem}-session{'' if i == 1 else f'-{i}'}.json" for i in count(1))
    path = next(folder / name for name in names if not (folder / name).exists())
    workspace.session.save(path)
    return path
