"""Read the fields of little-endian binary files by their offsets."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

import numpy as np

from slxrd.errors import FileError
from slxrd.io.shared.counting import from_counts
from slxrd.io.shared.scan import MOST_SCANS, Load, Scan
from slxrd.units import FloatArray, Radiation

#: Longest plausible counting time per point, in s.
LONGEST_TIME = 1e6


class TruncatedFile(FileError):
    """The file is shorter than stated in its header."""


@dataclass(frozen=True)
class Fields:
    """Typed access to the bytes of a file, with offsets from ``base``.

    Parameters
    ----------
    data : bytes
        The whole file.
    source : str
        Path of the file, for messages.
    kind : str
        Name of the kind of file in messages: ``".raw file"``.
    base : int
        Position from which offsets are counted, in bytes.
    """

    data: bytes
    source: str
    kind: str
    base: int = 0

    def part(self, at: int) -> Fields:
        """Return the same file with ``base`` moved forward by ``at`` bytes."""
        return Fields(self.data, self.source, self.kind, self.base + at)

    def number(self, code: str, at: int) -> Any:
        """Read one number.

        Parameters
        ----------
        code : str
            As in :mod:`struct`: ``"H"`` unsigned 16-bit, ``"h"`` signed, ``"I"``, ``"i"`` 32-bit,
            ``"d"`` float64, ``"f"`` float32. A float32 is converted through its shortest decimal
            representation (0.02, not 0.0199999996).
        at : int
            Offset in bytes.

        Raises
        ------
        TruncatedFile
            If the file ends before the number does.
        """
        (value,) = struct.unpack("<" + code, self.take(at, struct.calcsize("<" + code)))
        return float(str(np.float32(value))) if code == "f" else value

    def text(self, at: int, length: int) -> str:
        """Read a Latin-1 text of at most ``length`` bytes, up to the first NUL, printable characters only."""
        written = self.take(at, length).split(b"\0")[0].decode("latin-1")
        return "".join(c for c in written if c.isprintable()).strip()

    def column(self, at: int, count: int, dtype: str) -> FloatArray:
        """Read consecutive values.

        Parameters
        ----------
        at : int
            Offset in bytes.
        count : int
            Number of values.
        dtype : str
            NumPy type, for example ``"<f4"``.

        Returns
        -------
        ndarray, shape (count,)

        Raises
        ------
        TruncatedFile
            If the file ends before the last value.
        """
        stored = np.frombuffer(self.take(at, count * np.dtype(dtype).itemsize), dtype=dtype, count=count)
        with np.errstate(invalid="ignore"):  # NaN stays NaN; `to_pattern` rejects it and names the point
            return stored.astype(np.float64)

    def take(self, at: int, length: int) -> bytes:
        """Return ``length`` bytes from offset ``at``.

        Raises
        ------
        TruncatedFile
            If the file ends before the last of them.
        """
        first = self.base + at
        if first + length > len(self.data):
            raise self.truncated(first + length)
        return self.data[first : first + length]

    def truncated(self, needed: int) -> TruncatedFile:
        """Return the error for a file that ends before byte ``needed``."""
        return TruncatedFile(
            self.source,
            f"is a {self.kind} that is truncated or damaged: it has {len(self.data)} bytes, but its "
            f"header requires {needed}; copy or export it again",
        )


def list_ranges(ranges: Iterator[Load], source: str) -> list[Load]:
    """List the ranges of a file, up to the first truncated one.

    A truncated range is listed too; loading it raises the error.

    Parameters
    ----------
    ranges : iterator of Load
        Yields the ranges in the order of the file; may raise `TruncatedFile`.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If there are more than ``MOST_SCANS``.
    """
    loads: list[Load] = []
    try:
        for load in islice(ranges, MOST_SCANS + 1):
            loads.append(load)  # not extend: it would lose the ranges before a truncated one
    except TruncatedFile as error:
        loads.append(_failing(error))
    if len(loads) > MOST_SCANS:
        raise FileError(source, f"claims more than {MOST_SCANS} ranges, which is impossible; export it again")
    return loads


def _failing(error: FileError) -> Load:
    def fail() -> NoReturn:
        raise error

    return fail


def check_end_of_file(file: Fields, end: int) -> None:
    """Check that only zero bytes follow position ``end``, where the data end according to the header.

    Raises
    ------
    FileError
        If other bytes follow: the layout is not the assumed one, so the numbers are wrong too.
    """
    if file.data[end:].strip(b"\0"):
        raise FileError(
            file.source,
            f"is a {file.kind} with {len(file.data) - end} bytes more than its header says, so it is "
            "damaged or of an unknown kind; copy or export it again",
        )


def equidistant_angles(start: float, step: float, n: int, source: str) -> FloatArray:
    """Return the angles ``start + i·step``.

    Parameters
    ----------
    start, step : float
        Degrees.
    n : int
        Number of points.
    source : str
        Path of the file, for messages.

    Returns
    -------
    ndarray, shape (n,)
        Degrees.

    Raises
    ------
    FileError
        If ``start`` or ``step`` is not finite, or outside the range of a diffractometer.
    """
    if not (math.isfinite(start) and math.isfinite(step) and abs(start) <= 360.0 and 0.0 < abs(step) <= 90.0):
        raise FileError(
            source,
            f"its header gives a scan from {start:g}° in steps of {step:g}°, which is impossible: "
            "it is damaged or not a scan over 2θ; export it again",
        )
    return start + step * np.arange(n, dtype=np.float64)


def counts_scan(
    x: FloatArray,
    intensity: FloatArray,
    radiation: Radiation | None,
    metadata: Mapping[str, str | float],
) -> Scan:
    """Make a scan of numbers that are counts, if `from_counts` finds that they are.

    Parameters
    ----------
    x : ndarray, shape (n,)
        2θ in degrees.
    intensity : ndarray, shape (n,)
        As in the file.
    radiation : Radiation or None
        Radiation of the file.
    metadata : mapping
        As in `Scan`.
    """
    counted = from_counts(intensity)
    return Scan(
        x=x,
        intensity=counted.intensity,
        per_count=counted.per_count(),
        radiation=radiation,
        metadata=metadata,
        history=counted.history,
    )


def counting_time_entry(seconds: float) -> dict[str, str | float]:
    """Return the metadata entry for a counting time per point; empty if it is not plausible."""
    return {"counting time (s)": seconds} if 0.0 < seconds < LONGEST_TIME else {}
