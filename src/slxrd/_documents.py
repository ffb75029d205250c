"""Reading of small documents, JSON, TOML and tables: bounded in size, depth, numbers and names."""

from __future__ import annotations

import json
import math
import os
import stat
from typing import Any

from slxrd.errors import FileError, SlxrdError, unreadable

#: Largest document, in bytes; a saved fit contains its curves, and a measured file that has no path.
SIZE_LIMIT = 50_000_000
#: Largest file of settings, such as a crystal or a resolution, in bytes.
SETTINGS_LIMIT = 1_000_000
#: Most values, and most objects with names, in one document.
MOST_VALUES, MOST_OBJECTS = 2_000_000, 300_000
#: Levels of lists and objects inside one another.
DEEPEST = 40
#: Longest name of a value, in characters.
LONGEST_NAME = 1000
#: Largest whole number, and largest number, so that squares and sums of squares are finite.
LARGEST_INTEGER, LARGEST = 2**63, 1e150


def check_ordinary(path: str | os.PathLike[str]) -> None:
    """Check that a path is that of an ordinary file: a pipe or a device could be read without end.

    Parameters
    ----------
    path : path-like
        The file.

    Raises
    ------
    FileError
        If it is not, or does not exist.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise unreadable(path, error) from None
    except ValueError:  # raised for a path with a NUL character
        raise FileError(repr(os.fspath(path)), "is not a valid path") from None
    if stat.S_ISDIR(mode):
        raise FileError(path, "is a directory; name one file")
    if not stat.S_ISREG(mode):
        raise FileError(path, "is a pipe or a device; name an ordinary file")


def read_bytes(path: str | os.PathLike[str], limit: int = SIZE_LIMIT) -> bytes:
    """Read an ordinary file of bounded size; pipes and devices are not opened for reading.

    Parameters
    ----------
    path : path-like
        The file.
    limit : int
        Largest size in bytes.

    Raises
    ------
    FileError
        If it cannot be read, is not an ordinary file, or is larger.
    """
    check_ordinary(path)
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(data) > limit:
        raise FileError(path, f"is larger than {limit / 1e6:g} MB, which no such file is")
    return data


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file, also if a pipe has taken its place since it was looked at."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_text(path: str | os.PathLike[str], limit: int = SIZE_LIMIT, otherwise: str = "") -> str:
    """Read a text in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    path : path-like
        The file.
    limit : int
        Largest size in bytes.
    otherwise : str
        What is wrong with a file that is no such text, and what to do.

    Raises
    ------
    FileError
        As for :func:`read_bytes`, or if it is not text in UTF-8.
    """
    try:
        return read_bytes(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(path, otherwise or "is not text in UTF-8; save it as UTF-8") from None


def read_json(path: str | os.PathLike[str], otherwise: str, limit: int = SIZE_LIMIT) -> Any:
    """Read a JSON document.

    Parameters
    ----------
    path : path-like
        The file.
    otherwise : str
        What is wrong with a file that is not JSON, and what to do.
    limit : int
        Largest size in bytes.

    Raises
    ------
    FileError
        If it cannot be read, is not JSON, or goes beyond the limits of this module.
    """
    text = read_text(path, limit, otherwise)
    if _has_too_many_values(text):
        raise FileError(path, f"contains more values than any such file; {otherwise}")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise FileError(path, otherwise) from None
    check_values(document, path)
    return document


def _has_too_many_values(text: str) -> bool:
    """Whether JSON has too many values, before they are made; characters in texts are counted as well."""
    return text.count(",") + text.count("[") + text.count("{") > MOST_VALUES or text.count("{") > MOST_OBJECTS


def check_readable(text: str, what: str, advice: str) -> None:
    """Check a JSON document before it is written: that :func:`read_json` will not refuse it by its size.

    Parameters
    ----------
    text : str
        The document.
    what, advice : str
        What it is, and what to do if it is too large.

    Raises
    ------
    SlxrdError
        If it is too large.
    """
    size = len(text) if text.isascii() else len(text.encode(errors="backslashreplace"))
    if size > SIZE_LIMIT or _has_too_many_values(text):
        values = text.count(",") / 1e6
        raise SlxrdError(
            f"{what} would have {size / 1e6:.3g} MB and {values:.2g} million values; a file of more than "
            f"{SIZE_LIMIT / 1e6:.3g} MB or {MOST_VALUES / 1e6:.2g} million values cannot be opened again: "
            f"{advice}"
        )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def read_toml(path: str | os.PathLike[str], otherwise: str = "", *, numbers: bool = True) -> dict[str, Any]:
    """Read a TOML document of at most :data:`SETTINGS_LIMIT` bytes.

    Parameters
    ----------
    path : path-like
        The file.
    otherwise : str
        What to do with a file that is not TOML.
    numbers : bool
        As for :func:`check_values`.

    Raises
    ------
    FileError
        If it cannot be read, is not TOML, or goes beyond the limits of this module.
    """
    import tomllib

    advice = f"; {otherwise}" if otherwise else ""
    text = read_text(path, SETTINGS_LIMIT, f"is not TOML (it is not text in UTF-8){advice}")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise FileError(path, f"is not TOML (it is nested too deeply){advice}") from None
    except ValueError as error:  # TOMLDecodeError, and numbers of too many digits
        raise FileError(path, f"is not TOML ({error}){advice}") from None
    check_values(document, path, numbers=numbers)
    return document


def check_values(document: Any, path: str | os.PathLike[str], *, numbers: bool = True) -> None:
    """Check depth, names and numbers of a document.

    Parameters
    ----------
    document : object
        Lists, dictionaries, texts and numbers.
    path : path-like
        Its file, for messages.
    numbers : bool
        Whether numbers are checked, too; a reader that checks all of them can name them.

    Raises
    ------
    FileError
        If it is nested too deeply, or a name is too long, or a number not finite or too large.
    """
    level, depth = [document], 0
    while level:
        if depth == DEEPEST:
            raise FileError(path, f"is nested more than {DEEPEST} levels deep; it is damaged")
        inside: list[Any] = []
        for each in level:
            values = each
            if isinstance(each, dict):
                if any(len(name) > LONGEST_NAME for name in each):
                    raise FileError(
                        path, f"has a name of more than {LONGEST_NAME} characters; the file is damaged"
                    )
                values = each.values()
            elif not isinstance(each, list):
                values = (each,)
            for value in values:
                if isinstance(value, dict | list):
                    inside.append(value)
                elif not numbers:
                    continue
                elif isinstance(value, float):
                    if not -LARGEST <= value <= LARGEST:
                        wrong = "that is not finite" if not math.isfinite(value) else f"beyond {LARGEST:g}"
                        raise FileError(path, f"has a number {wrong}; it is damaged")
                elif isinstance(value, int) and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
                    raise FileError(
                        path, f"has a whole number beyond {LARGEST_INTEGER:.3g}; the file is damaged"
                    )
        level, depth = inside, depth + 1
