"""The workspaces of a server by key, so that a page finds its workspace again when it is reloaded."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from itertools import count
from pathlib import Path

from slxrd._files import short_name
from slxrd.errors import SlxrdError
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.session.controller import Session

#: Number of workspaces; beyond it the one that was not used for the longest time is dropped.
MOST_WORKSPACES = 20
#: Seconds to wait for cancelled jobs when the server stops.
CANCEL_TIMEOUT = 10.0


class Workspaces:
    """Workspaces by key. They live as long as the server, so closing a tab loses nothing."""

    def __init__(self) -> None:
        self._workspaces: OrderedDict[str, Workspace] = OrderedDict()

    def open(self, file: str | Path) -> str:
        """Create a workspace with a measured file or a saved session, and return its key.

        Raises
        ------
        SlxrdError
            If the file cannot be read.
        """
        path = Path(file)
        if path.suffix.lower() == ".json" and path.exists():
            session = Session.open(path)
        else:
            session = Session()
            try:
                session.open_file(file if str(file).startswith("example:") else path.absolute())
            except SlxrdError as error:
                raise SlxrdError(str(error).replace(str(path.absolute()), str(file))) from None
        return self._add(Workspace(session))

    def _add(self, workspace: Workspace) -> str:
        key = secrets.token_urlsafe(6)
        self._workspaces[key] = workspace
        while len(self._workspaces) > MOST_WORKSPACES:
            oldest = next((k for k, b in self._workspaces.items() if not b.busy), None)
            if oldest is None or oldest == key:
                break
            del self._workspaces[oldest]
        return key

    def find_or_create(self, key: str | None) -> str:
        """Return the key if it exists, or that of a new workspace."""
        if key and key in self._workspaces:
            self._workspaces.move_to_end(key)
            return key
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

    def save_unsaved(self, folder: Path) -> list[Path]:
        """Write all sessions with unsaved changes to new files in a folder, and return their paths."""
        written: list[Path] = []
        for workspace in self._workspaces.values():
            if not workspace.unsaved:
                continue
            stem = short_name(Path((workspace.session.state.file or "").removeprefix("example:")).stem, "")
            names = (f"{stem}-session{'' if i == 1 else f'-{i}'}.json" for i in count(1))
            path = next(folder / name for name in names if not (folder / name).exists())
            try:
                workspace.session.save(path)
            except SlxrdError:
                continue
            written.append(path)
        return written

    def other_files(self, key: str) -> list[tuple[str, str]]:
        """Return keys and file names of the other workspaces that have a file open, the latest first."""
        return [
            (other, workspace.session.state.file)
            for other, workspace in reversed(self._workspaces.items())
            if other != key and workspace.session.state.file is not None
        ]
