"""The measured file behind a session: read and corrected once for each way of doing so, and kept at hand.

A pattern against the model at any values, as a slider asks for it: all but the values is laid out once.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from slxrd.data.corrections import prepare
from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.api import options_of
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.pipeline import lay_out
from slxrd.fitting.record.command_line import path_of
from slxrd.fitting.record.request import DEFAULTS, State, arguments_of
from slxrd.io.registry import read


def objective_of(pattern: Pattern, choices: Mapping[str, Any]) -> Objective:
    """Data against model as :func:`slxrd.fit` lays them out, before anything is refined.

    Parameters
    ----------
    pattern : Pattern
        Read and corrected.
    choices : mapping
        Plain data, as in :class:`slxrd.fitting.record.request.State`.

    Raises
    ------
    SlxrdError
        If pattern and choices do not go together.
    """
    given = {**DEFAULTS, **arguments_of(choices)}
    pattern = pattern.without(given["mask"])
    return lay_out(pattern, options_of(pattern, given))[0]


def curves(objective: Objective, values: Mapping[str, float]) -> tuple[Fitted, ...]:
    """The regions at given values of all parameters, scale and background at their best."""
    return objective.evaluate(values).regions


#: Things that are kept at hand for undo and redo.
MOST_KEPT = 12
T = TypeVar("T")


class Kept(Generic[T]):
    """The last things that were made, by what they were made of."""

    def __init__(self) -> None:
        self._things: OrderedDict[str, T] = OrderedDict()

    def put(self, key: str, thing: T) -> None:
        """Keep a thing; the oldest goes."""
        self._things[key] = thing
        self._things.move_to_end(key)
        while len(self._things) > MOST_KEPT:
            self._things.popitem(last=False)

    def get(self, key: str) -> T | None:
        """Return a thing that was kept, None if it was not."""
        return self._things.get(key)

    def made(self, key: str, make: Callable[[], T]) -> T:
        """Return a thing that was kept, or make it and keep it."""
        found = self._things.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found


class Source:
    """Files by their paths, examples by their names, and contents that came without a path."""

    def __init__(self) -> None:
        self._patterns: Kept[Pattern] = Kept()
        self._contents: dict[str, bytes] = {}

    def keep(self, content: bytes) -> str:
        """Keep the content of a file; return its SHA-256."""
        digest = hashlib.sha256(content).hexdigest()
        self._contents[digest] = content
        return digest

    def content(self, state: State) -> bytes | None:
        """Return the content of a state's file, where it came without a path."""
        return self._contents.get(state.sha256 or "")

    def pattern(self, state: State) -> Pattern:
        """Read and correct the pattern of a state.

        Parameters
        ----------
        state : State
            Its file, its reading and preparation, and whether σ is that of the counts.

        Raises
        ------
        SlxrdError
            If there is no file, it cannot be read, or it is not the one that was opened.
        """
        if state.file is None:
            raise SlxrdError("no file is open; open one first")
        counting = state.choices.get("noise") == "counting"
        key = replace(state, choices={"noise": "counting"} if counting else {}, result=None).key

        def made() -> Pattern:
            raw = self._read(state)
            if state.sha256 is not None and raw.metadata["sha256"] != state.sha256:
                raise FileError(state.file, "has changed since it was opened; open it again")
            return prepare(raw, **state.preparation, counting=counting)

        return self._patterns.made(key, made)

    def _read(self, state: State) -> Pattern:
        content, name = self.content(state), str(state.file)
        if content is None:
            return read(path_of(name), **state.reading)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "content"
            path.write_bytes(content)
            try:
                return replace(read(path, **state.reading), source=name)
            except SlxrdError as error:
                raise SlxrdError(str(error).replace(str(path), name)) from None
