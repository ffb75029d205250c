"""Rows of the public functions and classes: calls with up to three arguments that are wrong or extreme."""

from __future__ import annotations

import functools
import inspect
import random
import reprlib
import tempfile
from pathlib import Path

from misuse import begun, functions, outcome, wrong_values
from near_values import near
from right_arguments import Base

from audit.rows import Attempt, Row, Wrong

#: Seconds for a call that is repeated.
LONG = 8.0


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
    right = base.arguments(name, function, report=begun)
    if (ended := outcome(lambda: function(**right))) != "answer":
        raise Wrong(f"the arguments that should be right: {ended}")
    parameters = {
        key: parameter
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        and key != "report"
        and "Callable" not in str(parameter.annotation)  # errors of such a function are those of the user
    }
    valid = {}
    for key, parameter in parameters.items():
        default = None if parameter.default is parameter.empty else parameter.default
        valid[key] = right.get(key, base.optional.get(key) if default is None else default)

    def attempt(number: int, chance: random.Random) -> None:
        wrong = wrong_values()
        given, said = dict(right), []
        for key in chance.sample(list(valid), min(len(valid), chance.choice((1, 1, 2, 3)))):
            given[key] = near(valid[key], chance) if chance.random() < 0.5 else valid[key]
            what = reprlib.repr(given[key])
            if given[key] is valid[key]:  # a result is not changed
                what = chance.choice(list(wrong))
                given[key] = wrong[what]
            said.append(f"{key} = {what}")
        ended = outcome(lambda: function(**given))
        if ended == "MemoryError":
            raise MemoryError(", ".join(said))
        if ended not in ("answer", "SlxrdError"):
            # Where the time limit struck in compiled code, the exception may be another one.
            ended = outcome(lambda: function(**given), LONG)
        if ended == "SlxrdError of several lines":
            raise Wrong(f"{', '.join(said)}: {ended}")
        if ended not in ("answer", "SlxrdError"):
            raise RuntimeError(f"{', '.join(said)}: {ended}")

    return attempt
