"""Errors of NumPy, zipfile and h5py in damaged files, as one sentence that names the file."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slxrd._escape import on_one_line
from slxrd.errors import FileError, SlxrdError

#: What these libraries raise where a file is damaged.
RAISED = (
    OSError, ValueError, TypeError, LookupError, EOFError, RuntimeError, OverflowError, MemoryError,
    AttributeError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip

#: Largest array of any compression, in bytes, and largest ratio of compression of others.
SMALL, RATIO_LIMIT = 10**8, 300


def check_stored(file: str | Path, name: str, size: int, stored: int) -> None:
    """Refuse an array that is far larger than what is stored of it.

    Parameters
    ----------
    file : path-like
        Its file, for messages.
    name : str
        Its name.
    size, stored : int
        Bytes of the array, and in the file.

    Raises
    ------
    FileError
        If reading it would take memory that no file of this size needs.
    """
    if size > max(SMALL, RATIO_LIMIT * stored):
        raise FileError(
            file,
            f"its {on_one_line(name)[:100]} would have {size / 1e6:,.0f} MB, of which {stored / 1e6:.3g} MB "
            "are stored; it is damaged",
        )


@contextmanager
def damage_named(file: str | Path, what: str) -> Iterator[None]:
    """Turn what a library raises while it reads a file into an error that names the file.

    Parameters
    ----------
    file : path-like
        The file.
    what : str
        What it should be.

    Raises
    ------
    FileError
        If anything is raised that a damaged file leads to.
    """
    try:
        yield
    except SlxrdError:
        raise
    except RAISED as error:
        why = on_one_line(str(error))[:200] or type(error).__name__
        raise FileError(file, f"cannot be read as {what} ({why}); was it copied whole?") from None
