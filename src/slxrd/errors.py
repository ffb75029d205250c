"""Exceptions for wrong input."""

from __future__ import annotations

from typing import Any

from slxrd._escape import on_one_line

#: Longest path, longest description of what is wrong with a file, and longest message, in characters.
LONGEST_PATH, LONGEST_PROBLEM, LONGEST_MESSAGE = 600, 1000, 6000


def _shortened(text: object, most: int) -> str:
    """Write a text on one line, and leave out the middle if it is long."""
    # A control character becomes six characters: the length counts after that.
    line = on_one_line(text)
    if len(line) <= most:
        return line
    return f"{line[: most // 2]} … {line[-most // 3 :]}"


def shown_path(path: object) -> str:
    """Write a path as messages do: on one line, without its middle if it is very long."""
    return _shortened(path, LONGEST_PATH)


class SlxrdError(ValueError):
    """Wrong input; the message is one line: what is wrong, where, and what to do.

    The command line prints it without a traceback and leaves with exit code 2.

    Parameters
    ----------
    text : str
        The message; of one that is very long, the middle is left out.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(_shortened(text, LONGEST_MESSAGE))


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
        where = shown_path(path)
        if line is not None:
            where += f", line {line}"
        super().__init__(f"{where}: {_shortened(problem, LONGEST_PROBLEM)}")
        self._made_of = path, problem, line

    def __reduce__(self) -> tuple[Any, ...]:
        # An error of a worker comes back by pickle, which would call __init__ with the whole sentence.
        return type(self), self._made_of


def without_path(error: SlxrdError, path: object) -> str:
    """Return what is wrong with a file without its path, with which the message starts.

    Parameters
    ----------
    error : SlxrdError
        What a reader raised.
    path : path-like
        The file.
    """
    start = shown_path(path)
    return str(error).removeprefix(f"{start}: ").removeprefix(f"{start}, ")


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
