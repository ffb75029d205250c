"""Rows of the public functions and classes: calls with one to three wrong arguments."""

from __future__ import annotations

import functools
import inspect
import random
import tempfile
from pathlib import Path

from misuse import Base, functions, outcome, wrong_values

from audit.rows import Attempt, Row, Wrong


def rows() -> list[Row]:
    """One row for each function."""

    def row(name: str) -> Row:
        def prepare(folder: Path) -> Attempt:
            return _attempt(name, _base())

        return Row("function", f"slxrd.{name}", prepare)

    return [row(name) for name in functions()]


@functools.cache
def _base() -> Base:
    """Right arguments, with a fit, which takes some seconds."""
    return Base(Path(tempfile.mkdtemp()))


def _attempt(name: str, base: Base) -> Attempt:
    function = functions()[name]
    right = base.arguments(name, function)
    keys = [
        key
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        and key != "report"
        and "Callable" not in str(parameter.annotation)  # errors of such a function are those of the user
    ]

    def attempt(number: int, chance: random.Random) -> None:
        wrong = wrong_values()
        given, said = dict(right), []
        for key in chance.sample(keys, min(len(keys), chance.choice((1, 1, 2, 3)))):
            what = chance.choice(list(wrong))
            given[key] = wrong[what]
            said.append(f"{key} = {what}")
        ended = outcome(lambda: function(**given))
        if ended == "MemoryError":
            raise MemoryError(", ".join(said))
        if ended == "SlxrdError of several lines":
            raise Wrong(f"{', '.join(said)}: {ended}")
        if ended not in ("answer", "SlxrdError"):
            raise RuntimeError(f"{', '.join(said)}: {ended}")

    return attempt
