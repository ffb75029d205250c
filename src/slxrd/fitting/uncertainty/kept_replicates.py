"""Finished replicates of a bootstrap in a file, from which the same bootstrap goes on after it was killed."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from slxrd._documents import read_bytes
from slxrd._files import write
from slxrd._version import __version__
from slxrd.errors import FileError
from slxrd.fitting.minimise.batch import Refined, joined
from slxrd.units import FloatArray

#: Seconds between two times that they are written.
INTERVAL = 1.0


class KeptReplicates:
    """A file of finished replicates: what they belong to, and a row of numbers for each.

    Parameters
    ----------
    path : Path
        The file. One of another bootstrap is replaced.
    belongs_to : iterable of array_like
        Numbers that are the same only for the same bootstrap.
    columns : int
        Number of parameters.
    """

    def __init__(self, path: Path, belongs_to: Iterable[ArrayLike], columns: int) -> None:
        digest = hashlib.sha256(__version__.encode())
        for values in belongs_to:
            digest.update(np.asarray(values, dtype=np.float64).tobytes())
        self.path, self._head, self._columns = path, digest.digest(), columns
        self._written = time.monotonic()

    def read(self, count: int) -> Refined | None:
        """Return the replicates that are kept, at most a number of them; None if there are none.

        Those that are damaged, and all after them, are left out.

        Parameters
        ----------
        count : int
            Largest number.
        """
        try:
            content = read_bytes(self.path)
        except FileError:
            return None
        if content[: len(self._head)] != self._head:
            return None
        width = self._columns + 4
        stored = content[len(self._head) :]
        rows = np.frombuffer(stored[: len(stored) // (8 * width) * 8 * width]).reshape(-1, width)[:count]
        damaged = np.flatnonzero(rows[:, -1] != _checksums(rows[:, :-1]))
        rows = rows[: damaged[0] if damaged.size else None, :-1]
        if not rows.size:
            return None
        values, (chi2, converged, start) = rows[:, :-3].copy(), rows[:, -3:].T
        return Refined(values, chi2.copy(), converged == 1.0, start.astype(np.int64))

    def write(self, pieces: list[Refined], *, now: bool = False) -> None:
        """Write replicates, unless this was done a moment ago; where it is not possible, they are not kept.

        Parameters
        ----------
        pieces : list of Refined
            All that are finished.
        now : bool
            Write them in any case.
        """
        if now or time.monotonic() - self._written > INTERVAL:
            done = joined(pieces)
            rows = np.column_stack([done.values, done.chi2, done.converged, done.start]).astype(np.float64)
            with suppress(FileError):
                write(self.path, self._head + np.column_stack([rows, _checksums(rows)]).tobytes())
            self._written = time.monotonic()

    def remove(self) -> None:
        """Remove the file, if it exists."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


def _checksums(rows: FloatArray) -> FloatArray:
    """Checksum of each row and all before it, as a number that is written beside it."""
    found = accumulate(
        (row.tobytes() for row in rows), lambda before, row: zlib.crc32(row, before), initial=0
    )
    return np.array(list(found)[1:], dtype=np.float64)
