"""A request as plain data: the file, how it is read and corrected, the choices of the fit, and a result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from slxrd._cached import cached_property
from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.fitting.request.declaration import OPTIONS, plain_options
from slxrd.fitting.request.plain import plain

#: Parts of a state that contain options.
PARTS = ("reading", "preparation", "choices")


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return FrozenDict({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def is_default(name: str, value: Any) -> bool:
    """Whether the plain value of an option means the same as leaving it out; 1 is not the same as True."""
    if value is None or (isinstance(value, dict | list) and not value):
        return True
    default = OPTIONS[name].default if name in OPTIONS else None
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)


@dataclass(frozen=True)
class State:
    """A request and, once it is fitted, its result; plain data that can be written as JSON.

    Parameters
    ----------
    file : str or None
        Path of the measured file, or ``"example:NAME"``.
    sha256 : str or None
        Digest of its content.
    reading : mapping
        Arguments of :func:`slxrd.read`: axis, wavelength, trust_axis, scan, columns.
    preparation : mapping
        monochromator (degrees) and no_lp, as for ``slxrd fit``.
    choices : mapping
        Arguments of :func:`slxrd.fit`; a resolution may be the path of a file.
    result : mapping or None
        Fit as :func:`slxrd.fitting.record.write.result_dictionary` returns it.

    Raises
    ------
    SlxrdError
        If a value is not plain data.
    """

    file: str | None = None
    sha256: str | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    preparation: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in (*PARTS, "result"):
            value = getattr(self, name)
            if isinstance(value, FrozenDict) or (value is None and name == "result"):
                continue
            if not isinstance(value, Mapping):
                raise SlxrdError(f"{name}: give names and values, got {value!r}")
            items = plain(value, name)
            if name in PARTS:
                items = {key: item for key, item in items.items() if not is_default(key, item)}
            object.__setattr__(self, name, _frozen(items))

    def request(self) -> dict[str, Any]:
        """Return everything except the result, as plain data."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name != "result"}

    @cached_property
    def key(self) -> str:
        """Return a text that is equal for two states if and only if they request the same fit."""
        return json.dumps(self.request(), sort_keys=True, ensure_ascii=False)

    def changed(self, **change: Any) -> State:
        """Return a state with parts replaced, without validation.

        Parameters
        ----------
        **change
            New ``file``, ``sha256`` and ``result``; of ``reading``, ``preparation`` and ``choices`` only the
            options that change, None resetting an option to its default.

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
            new[name] = self._merged(name, value) if name in PARTS else value
        return replace(self, **new)

    def _merged(self, part: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise SlxrdError(f"{part}: give names and values, got {value!r}")
        check_names(part, value)
        return {**getattr(self, part), **value}


def check_names(part: str, options: Mapping[str, Any]) -> None:
    """Check that names are options of a part of a state.

    Raises
    ------
    SlxrdError
        If one is unknown.
    """
    known = plain_options()[part]
    for key in options:
        if key not in known:
            raise SlxrdError(f"{part}: unknown name {key!r}; there are {', '.join(known)}")


def arguments_of(choices: Mapping[str, Any], *, resolve: bool = True) -> dict[str, Any]:
    """Return choices as keyword arguments of :func:`slxrd.fit`.

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
    left = () if resolve else ("resolution", "further_resolutions")
    return {
        name: value if name in left else OPTIONS[name].kind.argument(value)
        for name, value in plain(choices).items()
    }
