"""The benches of a run: each page has one, and finds it again when the page is loaded anew."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from itertools import count
from pathlib import Path

from slxrd.errors import SlxrdError
from slxrd.ui.app.state.workspace import Bench
from slxrd.ui.session.controller import Session

#: Benches that are kept; the one that was not asked for the longest goes first.
KEPT = 20
#: Seconds that work is given to end in.
PATIENCE = 10.0


class Room:
    """Benches by key, kept while the server runs: a closed tab loses nothing."""

    def __init__(self) -> None:
        self._benches: OrderedDict[str, Bench] = OrderedDict()

    def open(self, file: str | Path) -> str:
        """Begin with a measured file, or a saved session; return the key of its bench.

        Raises
        ------
        SlxrdError
            If it cannot be read.
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
        return self._put(Bench(session))

    def _put(self, bench: Bench) -> str:
        key = secrets.token_urlsafe(6)
        self._benches[key] = bench
        while len(self._benches) > KEPT:
            oldest = next((k for k, b in self._benches.items() if not b.busy), None)
            if oldest is None or oldest == key:
                break
            del self._benches[oldest]
        return key

    def key(self, asked: str | None) -> str:
        """Return the key that was asked for, or that of a new bench where there is none of it."""
        if asked and asked in self._benches:
            self._benches.move_to_end(asked)
            return asked
        return self._put(Bench())

    def bench(self, key: str) -> Bench:
        """Return a bench by its key."""
        return self._benches[key]

    def stop(self) -> None:
        """Cancel what is being done, and give it a moment to keep what it has finished."""
        for bench in self._benches.values():
            bench.cancel()
        for bench in self._benches.values():
            if bench.work is not None and bench.work.thread is not None:
                bench.work.thread.join(PATIENCE)

    def rescue(self, folder: Path) -> list[Path]:
        """Write the sessions that were worked on and not saved, each under a name that is not taken."""
        written: list[Path] = []
        for bench in self._benches.values():
            if not bench.unsaved:
                continue
            stem = Path((bench.session.state.file or "").removeprefix("example:")).stem
            names = (f"{stem}-session{'' if i == 1 else f'-{i}'}.json" for i in count(1))
            path = next(folder / name for name in names if not (folder / name).exists())
            try:
                bench.session.save(path)
            except SlxrdError:
                continue
            written.append(path)
        return written

    def others(self, key: str) -> list[tuple[str, str]]:
        """Keys and files of the other benches on which something is open, the latest first."""
        return [
            (other, bench.session.state.file)
            for other, bench in reversed(self._benches.items())
            if other != key and bench.session.state.file is not None
        ]
