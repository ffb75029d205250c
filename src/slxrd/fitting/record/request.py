"""What a session knows, as plain data: the file, how it is read and corrected, what is chosen, a result."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from slxrd._frozen import FrozenDict
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.instrument.broadening import Broadening
from slxrd.io.registry import read

#: Arguments of :func:`slxrd.fit` that are no plain data.
_NOT_PLAIN = ("pattern", "parameters", "report")
#: What may be chosen in each group: as the arguments of the functions, and the options of ``slxrd fit``.
KEYS: dict[str, tuple[str, ...]] = {
    "reading": tuple(name for name in inspect.signature(read).parameters if name != "path"),
    "preparation": ("monochromator", "no_lp"),
    "choices": tuple(name for name in inspect.signature(fit).parameters if name not in _NOT_PLAIN),
}
#: What a choice is where nothing is said. Saved files leave it out: to change one takes a migration.
DEFAULTS: dict[str, Any] = {
    **{name: inspect.signature(read).parameters[name].default for name in KEYS["reading"]},
    **{name: inspect.signature(fit).parameters[name].default for name in KEYS["choices"]},
    "monochromator": None,
    "no_lp": False,
}

Way = Literal[
    "flag", "text", "word", "whole", "number", "numbers", "names", "spans", "values", "pairs", "ties"
]
#: What a value must be: a truth value, a number, a text (where nothing is said), or several of a kind.
WAYS: dict[str, Way] = {
    "trust_axis": "flag",
    "no_lp": "flag",
    "scan": "whole",
    "coherent": "whole",
    "monochromator": "number",
    "size_window": "number",
    "coherent_spread": "number",
    "regions": "spans",
    "mask": "spans",
    "start": "values",
    "fix": "values",
    "bounds": "pairs",
    "prior": "pairs",
    "tie": "ties",
    "free": "names",
    **dict.fromkeys(("ligand", "objective", "scale", "background", "zero", "axis", "columns"), "word"),
    **dict.fromkeys(("crystal", "partner", "stack", "weighting"), "word"),
}


def plain(value: Any, where: str = "value") -> Any:
    """Turn a value into plain data: mappings, lists, texts, finite numbers, truth values, None.

    Parameters
    ----------
    value : object
        Also regions, measured resolutions, tuples, and numbers of NumPy.
    where : str
        Names it in the error.

    Raises
    ------
    SlxrdError
        If it cannot be written down so.
    """
    if isinstance(value, Region):
        return [value.low, value.high, *([] if value.weight == 1.0 else [value.weight])]
    if isinstance(value, Broadening):
        return {f.name: plain(getattr(value, f.name), where) for f in fields(value)}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise SlxrdError(f"{where}: names must be texts")
        return {key: plain(item, f"{where} {key}") for key, item in value.items()}
    if value is None or isinstance(value, bool | str):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise SlxrdError(f"{where}: {value!r} is not a finite number")
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes) or not hasattr(value, "__iter__"):
        raise SlxrdError(f"{where}: {type(value).__name__} cannot be kept in a session")
    return [plain(item, where) for item in value]


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return FrozenDict({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _is_default(key: str, value: Any) -> bool:
    """Whether a choice says no more than its absence; 1 is not taken for True."""
    if value is None or (isinstance(value, dict | list) and not value):
        return True
    default = DEFAULTS.get(key)
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)


@dataclass(frozen=True)
class State:
    """What a session knows; plain data that can be written as JSON.

    Parameters
    ----------
    file : str or None
        Path of the measured file, or ``"example:NAME"``.
    sha256 : str or None
        Of its content.
    reading : mapping
        Arguments of :func:`slxrd.read`: axis, wavelength, trust_axis, scan, columns.
    preparation : mapping
        monochromator (degrees) and no_lp, as for ``slxrd fit``.
    choices : mapping
        Arguments of :func:`slxrd.fit`; a resolution may be the path of a file.
    result : mapping or None
        A fit as :func:`slxrd.fitting.record.write.result_dictionary` lays it out.

    Raises
    ------
    SlxrdError
        If something in it is no plain data.
    """

    file: str | None = None
    sha256: str | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    preparation: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in (*KEYS, "result"):
            value = getattr(self, name)
            if isinstance(value, FrozenDict) or (value is None and name == "result"):
                continue
            if not isinstance(value, Mapping):
                raise SlxrdError(f"{name}: give names and values, got {value!r}")
            told = plain(value, name)
            if name in KEYS:
                told = {key: item for key, item in told.items() if not _is_default(key, item)}
            object.__setattr__(self, name, _frozen(told))

    def asked(self) -> dict[str, Any]:
        """All but the result, as plain data."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name != "result"}

    @cached_property
    def key(self) -> str:
        """A text that is the same for two states if, and only if, they ask for the same fit."""
        return json.dumps(self.asked(), sort_keys=True, ensure_ascii=False)

    def changed(self, **change: Any) -> State:
        """Return a state with parts replaced; it is not checked.

        Parameters
        ----------
        **change
            ``file``, ``sha256`` and ``result`` as they shall be; of ``reading``, ``preparation`` and
            ``choices`` only what changes, None taking a choice back to its default.

        Raises
        ------
        SlxrdError
            If a name is unknown.
        """
        known = [f.name for f in fields(self)]
        new: dict[str, Any] = {}
        for name, value in change.items():
            if name not in known:
                raise SlxrdError(f"unknown part of a session {name!r}; there are {', '.join(known)}")
            if name in KEYS:
                new[name] = self._merged(name, value)
            else:
                new[name] = value
        return replace(self, **new)

    def _merged(self, group: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise SlxrdError(f"{group}: give names and values, got {value!r}")
        for key in value:
            if key not in KEYS[group]:
                raise SlxrdError(f"{group}: unknown name {key!r}; there are {', '.join(KEYS[group])}")
        return {**getattr(self, group), **value}


def is_number(value: object) -> bool:
    """Whether a value is a number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def resolution_of(value: Any) -> float | Broadening:
    """A resolution as :func:`slxrd.fit` takes it, of a number, the numbers of a line, or the path of a file.

    Raises
    ------
    SlxrdError
        If it cannot be read.
    """
    if isinstance(value, Mapping):
        known = {f.name for f in fields(Broadening)}
        if set(value) != known or not all(map(is_number, value.values())):
            raise SlxrdError(f"resolution: give {', '.join(sorted(known))}, all of them numbers")
        return Broadening(**value)
    if isinstance(value, str):
        from slxrd.instrument.calibration.file import read_resolution

        return read_resolution(value)
    return float(value)


def arguments_of(choices: Mapping[str, Any], *, resolve: bool = True) -> dict[str, Any]:
    """The choices as keyword arguments of :func:`slxrd.fit`.

    Parameters
    ----------
    choices : mapping
        Plain data that :func:`slxrd.fitting.record.validation.check` has accepted.
    resolve : bool
        Whether a resolution is read from its file.

    Raises
    ------
    SlxrdError
        If a file of a resolution cannot be read.
    """
    given: dict[str, Any] = plain(choices)
    for name in given:
        if WAYS.get(name) == "spans":
            given[name] = [tuple(item) for item in given[name]]
        elif WAYS.get(name) == "pairs":
            given[name] = {key: tuple(item) for key, item in given[name].items()}
    if resolve and "resolution" in given:
        given["resolution"] = resolution_of(given["resolution"])
    return given
