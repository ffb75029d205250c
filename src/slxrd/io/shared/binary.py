"""Fields of a binary file at their offsets, never read past its end; little-endian throughout."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.shared.counting import from_counts
from slxrd.io.shared.scan import Load, Request
from slxrd.units import FloatArray

#: Longest counting time of a point that is believed, in s.
LONGEST_TIME = 1e6
#: Most ranges in a file; a map of reciprocal space has some thousand.
MOST_RANGES = 20_000


class TruncatedFile(FileError):
    """A file that ends before what its header tells of."""


@dataclass(frozen=True)
class Fields:
    """The bytes of a file, or of a part of it that starts at ``base``.

    Parameters
    ----------
    data : bytes
        The whole file.
    source : str
        Its path, for messages.
    kind : str
        What the file is called in messages: ``".raw file"``.
    base : int
        Where the part starts; offsets count from there.
    """

    data: bytes
    source: str
    kind: str
    base: int = 0

    def part(self, at: int) -> Fields:
        """Return the part that starts ``at`` bytes after this one's start."""
        return Fields(self.data, self.source, self.kind, self.base + at)

    def number(self, code: str, at: int) -> Any:
        """Read one number.

        Parameters
        ----------
        code : str
            As in :mod:`struct`: ``"H"`` unsigned 16-bit, ``"h"`` signed, ``"I"``, ``"i"`` 32-bit,
            ``"d"`` float64, ``"f"`` float32, which is given as the shortest decimal that it stands for
            (0.02, not 0.0199999996).
        at : int
            Offset in bytes.

        Raises
        ------
        TruncatedFile
            If the file ends before it.
        """
        (value,) = struct.unpack("<" + code, self.take(at, struct.calcsize("<" + code)))
        return float(str(np.float32(value))) if code == "f" else value

    def text(self, at: int, length: int) -> str:
        """Text in ``length`` bytes, up to the first NUL, without what cannot be printed."""
        written = self.take(at, length).split(b"\0")[0].decode("latin-1")
        return "".join(c for c in written if c.isprintable()).strip()

    def column(self, at: int, count: int, dtype: str) -> FloatArray:
        """Read ``count`` values of a NumPy type, shape (count,)."""
        stored = np.frombuffer(self.take(at, count * np.dtype(dtype).itemsize), dtype=dtype, count=count)
        with np.errstate(invalid="ignore"):  # what is not a number stays so, and is refused with its place
            return stored.astype(np.float64)

    def take(self, at: int, length: int) -> bytes:
        """Bytes at an offset.

        Raises
        ------
        TruncatedFile
            If the file ends before their end.
        """
        first = self.base + at
        if first + length > len(self.data):
            raise self.truncated(first + length)
        return self.data[first : first + length]

    def truncated(self, needed: int) -> TruncatedFile:
        """Error to raise where the file ends before byte ``needed``."""
        return TruncatedFile(
            self.source,
            f"is a {self.kind} that is cut short or damaged: it has {len(self.data)} bytes where its "
            f"header tells of {needed}; copy or export it again",
        )


def refuse_q(request: Request, name: str) -> None:
    """Refuse ``--axis q`` for a format that holds 2θ."""
    if request.axis == "q":
        raise FileError(request.source, f"the axis of a {name} file is 2θ; leave --axis out")


def list_ranges(ranges: Iterator[Load], source: str) -> list[Load]:
    """List ranges that follow one another.

    Where the file breaks off within one, those before it can be read, and it says why when it is loaded.

    Raises
    ------
    FileError
        If there are more than any measurement has.
    """
    loads: list[Load] = []
    try:
        for load in islice(ranges, MOST_RANGES + 1):
            loads.append(load)  # one by one: those before a break are kept
    except TruncatedFile as error:
        loads.append(_failing(error))
    if len(loads) > MOST_RANGES:
        raise FileError(source, f"tells of more than {MOST_RANGES} ranges, which cannot be; export it again")
    return loads


def _failing(error: FileError) -> Load:
    def fail() -> NoReturn:
        raise error

    return fail


def check_end_of_file(file: Fields, end: int) -> None:
    """Refuse a file in which anything but zeros follows what its header tells of.

    Raises
    ------
    FileError
        If it does: the layout is not the one that was read, and so are the numbers.
    """
    if file.data[end:].strip(b"\0"):
        raise FileError(
            file.source,
            f"is a {file.kind} with {len(file.data) - end} bytes more than its header tells of, so it is "
            "damaged or of an unknown kind; copy or export it again",
        )


def equidistant_angles(start: float, step: float, n: int, source: str) -> FloatArray:
    """Angles ``start + i·step`` in degrees, shape (n,).

    Raises
    ------
    FileError
        If start or step cannot be an angle of a diffractometer.
    """
    if not (math.isfinite(start) and math.isfinite(step) and abs(start) <= 360.0 and 0.0 < abs(step) <= 90.0):
        raise FileError(
            source,
            f"its header tells of a scan from {start:g}° in steps of {step:g}°, which cannot be: "
            "it is damaged or no scan over 2θ; export it again",
        )
    return start + step * np.arange(n, dtype=np.float64)


def counts_per_photon(values: FloatArray) -> tuple[ArrayLike | None, tuple[Step, ...]]:
    """What one photon stands for (None: these are not known to be counts), and what to note."""
    if not np.all(np.isfinite(values)):
        return None, ()
    if values.size and values.min() < 0:
        return None, (Step("not taken for counts", {"because": "some are negative"}),)
    found = from_counts(values)
    return found.per_count(), found.history


def counting_time_entry(seconds: float) -> dict[str, str | float]:
    """Entry of the metadata for a counting time per point; none where it cannot be one."""
    return {"counting time (s)": seconds} if 0.0 < seconds < LONGEST_TIME else {}


def nonempty(entries: dict[str, str]) -> dict[str, str | float]:
    """Entries of the metadata that are not empty."""
    return {name: text for name, text in entries.items() if text}
