"""What is attempted: rows of the table, each of which makes and tries one case after the other."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: A case: its number, and random numbers that depend on nothing else. What goes wrong is raised.
Attempt = Callable[[int, random.Random], None]
#: Columns of the table.
COLUMNS = ("traceback", "hang", "over 500 MB", "lost", "wrong")
#: Groups of rows, and how many cases of each row for a count of 10⁴.
GROUPS = {"reader": 10_000, "document": 10_000, "command": 1000, "function": 1000, "kill": 100, "name": 10}


class Lost(Exception):
    """Something that was finished, or a file of the user, is there no longer."""


class Wrong(Exception):
    """An answer, or a message, that is not right."""


class Hang(Exception):
    """Something did not end in its time."""


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Parameters
    ----------
    group : str
        One of `GROUPS`.
    name : str
        What is tried.
    prepare : callable
        Makes what all cases need, in a folder of their own, and returns the function that tries a case.
    limit : float
        Seconds after which a case hangs.
    """

    group: str
    name: str
    prepare: Callable[[Path], Attempt]
    limit: float = 10.0

    @property
    def key(self) -> str:
        """Name among all rows."""
        return f"{self.group} {self.name}"


def column_of(error: BaseException) -> str:
    """Column of the table to which an exception belongs."""
    if isinstance(error, MemoryError):
        return "over 500 MB"
    if isinstance(error, Wrong | AssertionError):
        return "wrong"
    return {Lost: "lost", Hang: "hang"}.get(type(error), "traceback")


def all_rows() -> dict[str, Row]:
    """Every row by its key."""
    from audit import commands, documents, functions, images, kills, names, readers

    modules = (readers, images, documents, commands, functions, kills, names)
    return {row.key: row for module in modules for row in module.rows()}
