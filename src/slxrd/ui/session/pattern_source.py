"""Reading the measured pattern of a session, and caches for what is computed from it."""

from __future__ import annotations

import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from slxrd.data.corrections import prepare_pattern
from slxrd.data.noise import is_counting
from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import Region
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.api import setup
from slxrd.fitting.fit_options import prepare_objective, without_neighbours
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.record.command_line import path_of
from slxrd.fitting.record.state import State, arguments_of
from slxrd.fitting.record.validation import parameters_of
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.result.fit import Fit
from slxrd.io.registry import read
from slxrd.parameters.parameter_set import Parameters

#: Entries of a cache, enough for undo and redo.
MOST_ENTRIES = 12
T = TypeVar("T")


def objective_of(pattern: Pattern, choices: Mapping[str, Any]) -> Objective:
    """Return the objective that :func:`slxrd.fit` would minimise, without fitting.

    Parameters
    ----------
    pattern : Pattern
        Read and corrected.
    choices : mapping
        Plain data, as in :class:`slxrd.fitting.record.state.State`.

    Raises
    ------
    SlxrdError
        If the choices do not suit the pattern.
    """
    return prepare_objective(*setup(pattern, collect(arguments_of(choices))))[0]


def ranges_of(
    pattern: Pattern, choices: Mapping[str, Any]
) -> tuple[tuple[Region, ...], tuple[tuple[float, float], ...]]:
    """Return the regions and masks that :func:`slxrd.fit` would use, chosen or from the pattern.

    Parameters
    ----------
    pattern : Pattern
        Read and corrected.
    choices : mapping
        Plain data, as in :class:`slxrd.fitting.record.state.State`.

    Raises
    ------
    SlxrdError
        If there is no region.
    """
    masked, options = setup(pattern, collect(arguments_of(choices)))
    masks = tuple((float(low), float(high)) for low, high in options.request["mask"] or ())
    return tuple(options.regions) or tuple(find_regions(masked)), masks


def parameters_for(pattern: Pattern, choices: Mapping[str, Any], fit: Fit | None = None) -> Parameters:
    """Return the parameters of a fit of the pattern, with what :func:`slxrd.fit` takes from the pattern.

    Parameters
    ----------
    pattern : Pattern
        Read and corrected.
    choices : mapping
        Plain data, as in :class:`slxrd.fitting.record.state.State`.
    fit : Fit, optional
        Fit of the pattern with these choices, to which parameters may have been added.

    Raises
    ------
    SlxrdError
        If the choices do not suit the pattern.
    """
    options = setup(pattern, collect(arguments_of(choices)))[1]
    table = options.stack.using(options.parameters).table
    parameters = options.parameters.within(table)
    if options.stack.coherent == 1:
        parameters = without_neighbours(parameters)
    if fit is None:
        return parameters
    return Parameters({**fit.minima[0].parameters, **parameters}, fit.objective.model.stack.table)


class Cache(Generic[T]):
    """The most recent results by key."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, T] = OrderedDict()

    def put(self, key: str, value: T) -> None:
        """Store a value; the oldest is dropped when the cache is full."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > MOST_ENTRIES:
            self._entries.popitem(last=False)

    def get(self, key: str) -> T | None:
        """Return the stored value, or None."""
        return self._entries.get(key)

    def get_or_compute(self, key: str, compute: Callable[[], T]) -> T:
        """Return the stored value, or compute and store it."""
        found = self._entries.get(key)
        if found is None:
            found = compute()
            self.put(key, found)
        return found


class PatternSource:
    """Reads patterns from paths, packaged examples, or uploaded bytes, and caches them."""

    def __init__(self) -> None:
        self._patterns: Cache[Pattern] = Cache()
        self._contents: dict[str, bytes] = {}

    def store(self, content: bytes) -> str:
        """Store the bytes of a file that has no path here; return their SHA-256."""
        digest = hashlib.sha256(content).hexdigest()
        self._contents[digest] = content
        return digest

    def content(self, state: State) -> bytes | None:
        """Return the stored bytes of a state's file, or None if the file is read from its path."""
        return self._contents.get(state.sha256 or "")

    def pattern(self, state: State) -> Pattern:
        """Read and correct the pattern of a state.

        Parameters
        ----------
        state : State
            Used are its file, reading options, corrections, and whether σ is from counting statistics.

        Raises
        ------
        SlxrdError
            If no file is open, it cannot be read, or its SHA-256 differs from that in the state.
        """
        if state.file is None:
            raise SlxrdError("no file is open; open one first")
        counting = is_counting(state.choices.get("noise"))
        key = replace(state, choices={"noise": "counting"} if counting else {}, result=None).key

        def compute() -> Pattern:
            return prepare_pattern(self.raw(state), **state.preparation, counting=counting)

        return self._patterns.get_or_compute(key, compute)

    def raw(self, state: State) -> Pattern:
        """Read the pattern of a state as it is in the file, without corrections.

        Raises
        ------
        SlxrdError
            If no file is open, it cannot be read, or its SHA-256 differs from that in the state.
        """
        if state.file is None:
            raise SlxrdError("no file is open; open one first")
        raw = self._read(state)
        if state.sha256 is not None and raw.metadata["sha256"] != state.sha256:
            raise FileError(state.file, "has changed since it was opened; open it again")
        return raw

    def parameters(self, state: State, fit: Fit | None) -> Parameters:
        """Return the parameters of a state: those of :func:`parameters_for`, or of the choices alone."""
        try:
            return parameters_for(self.pattern(state), state.choices, fit)
        except SlxrdError:
            return parameters_of(state.choices)

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
