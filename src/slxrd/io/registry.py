"""The one door for measured files: which format is it, and who reads it."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from slxrd import units
from slxrd.errors import FileError, SlxrdError
from slxrd.io import others, text, xrdml
from slxrd.io.request import Request
from slxrd.pattern import AXES, Axis, Pattern

#: Largest file read, in bytes. A diffractogram of 10⁶ points has some 20 MB.
SIZE_LIMIT = 200_000_000
#: How much of a file a format sees to recognise itself.
HEAD_SIZE = 8192


class Format(Protocol):
    """What a format's module offers."""

    NAME: str

    def recognises(self, head: bytes) -> bool:
        """Tell from a file's first bytes whether it is of this format."""

    def read(self, request: Request) -> Pattern:
        """Read it."""


#: In the order in which they are asked: text, the least particular, is the last.
FORMATS: tuple[Format, ...] = (xrdml, text)


def read(
    path: str | os.PathLike[str],
    *,
    axis: Axis | None = None,
    wavelength: float | str | None = None,
    trust_axis: bool = False,
    scan: int | None = None,
) -> Pattern:
    """Read a diffractogram; its format is recognised by its content.

    Parameters
    ----------
    path : path-like
        PANalytical ``.xrdml``, or text with two columns (axis, intensity) or three (and σ).
    axis : {"q", "2theta"}, optional
        What the first column of a text file is: q in Å⁻¹ or 2θ in degrees. Without it the file's
        header decides, and q is taken where that is silent.
    wavelength : float or str, optional
        Å, or a name such as ``"CuKa1"``. It goes before the one in the file.
    trust_axis : bool
        Accept an axis whose range contradicts its name or unit.
    scan : int, optional
        Which scan of a file with several, counted from 1.

    Returns
    -------
    Pattern
        With the axis increasing and every number finite.

    Raises
    ------
    FileError
        If the file cannot be read as such a pattern.
    SlxrdError
        If ``axis`` or ``wavelength`` is not understood.
    """
    if axis is not None and axis not in AXES:
        raise SlxrdError(f"axis {axis!r} is not one of {', '.join(AXES)}")
    data = _content(path)
    request = Request(
        source=os.fspath(path),
        data=data,
        axis=axis,
        wavelength=None if wavelength is None else units.wavelength(wavelength),
        trust_axis=trust_axis,
        scan=scan,
    )
    head = data[:HEAD_SIZE]
    for candidate in FORMATS:
        if candidate.recognises(head):
            pattern = candidate.read(request)
            digest = hashlib.sha256(data).hexdigest()
            return replace(pattern, metadata={**pattern.metadata, "sha256": digest})
    kind = others.name(head) or "a binary file"
    known = " or ".join(candidate.NAME for candidate in FORMATS)
    raise FileError(path, f"is {kind}; export it as {known}")


def _content(path: str | os.PathLike[str]) -> bytes:
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise FileError(path, "is a directory; name one file")
        if not stat.S_ISREG(status.st_mode):
            raise FileError(path, "is not an ordinary file")
        with Path(path).open("rb") as file:
            data = file.read(min(status.st_size, SIZE_LIMIT) + 1)
    except FileNotFoundError:
        raise FileError(path, "does not exist; check the path") from None
    except OSError as error:
        raise FileError(path, f"cannot be read ({error.strerror}); check its permissions") from None
    except FileError:
        raise
    except ValueError:  # what Python raises for a path with a null character
        raise FileError(repr(path), "is not a valid path") from None
    if not data:
        raise FileError(path, "is empty; choose another file")
    if len(data) > SIZE_LIMIT:
        raise FileError(path, f"is larger than {SIZE_LIMIT // 10**6} MB; cut out the scan you need")
    return data
