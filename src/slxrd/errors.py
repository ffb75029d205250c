"""Exceptions for wrong input."""

from __future__ import annotations

from typing import Any

from slxrd._escape import on_one_line

#: Longest description of what is wrong with a file, and longest message, in characters.
LONGEST, LONGEST_MESSAGE = 1000, 6000


def _shortened(text: str, most: int) -> str:
    """Leave out the middle of a long text."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} … {text[-most // 3 :]}"


class SlxrdError(ValueError):
    """Wrong input; the message is one line: what is wrong, where, and what to do.

    The command line prints it without a traceback and leaves with exit code 2.

    Parameters
    ----------
    text : str
        The message; of one that is very long, the middle is left out.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(on_one_line(_shortened(text, LONGEST_MESSAGE)))


class FileError(SlxrdError):
    """A file that cannot be read or written; the message starts with its path.

    Parameters
    ----------
    path : str
        The file.
    problem : str
        What is wrong, and how to correct it.
    line : int, optional
        Line of the file, counted from 1.
    """

    def __init__(self, path: object, problem: str, line: int | None = None) -> None:
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{where}: {_shortened(problem, LONGEST)}")
        self._made_of = path, problem, line

    def __reduce__(self) -> tuple[Any, ...]:
        # An error of a worker comes back by pickle, which would call __init__ with the whole sentence.
        return type(self), self._made_of


def unreadable(path: object, error: OSError) -> FileError:
    """Message for a file that the system cannot read.

    Parameters
    ----------
    path : path-like
        The file.
    error : OSError
        Error of the operating system.
    """
    if isinstance(error, FileNotFoundError):
        return FileError(path, "does not exist; check the path")
    if isinstance(error, IsADirectoryError):
        return FileError(path, "is a directory; name one file")
    return FileError(path, f"cannot be read ({error.strerror or error}); check its permissions")
