"""What differs between the requests of two fits, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slxrd.fitting.record.state import State
from slxrd.fitting.request.declaration import OPTIONS
from slxrd.fitting.request.kinds import Flag
from slxrd.fitting.request.plain import is_number, plain
from slxrd.parameters.definitions import symbol_of

#: Names of options that have no label of their own on the page.
_LABELS = {
    "regions": "regions (Å⁻¹)",
    "mask": "masks (Å⁻¹)",
    "start": "start values",
    "fix": "fixed",
    "free": "refined",
    "no_lp": "no Lorentz-polarisation correction",
    "monochromator": "monochromator θ (°)",
}
#: What the default of an option means, where its value does not say so.
_DEFAULTS = {
    "regions": "automatic",
    "mask": "automatic",
    "start": "from the search",
    "fix": "none",
    "free": "none",
}


def option_label(name: str) -> str:
    """Return the name of an option as the page shows it."""
    return _LABELS.get(name) or OPTIONS[name].option.label or name.replace("_", " ")


def option_text(name: str, value: Any) -> str:
    """Write the plain value of an option to be read, with rounded numbers; None is its default."""
    option = OPTIONS[name]
    value = option.default if value is None else value
    if value is None or (isinstance(value, Mapping | tuple | list) and not value):
        return _DEFAULTS.get(name, "default")
    if isinstance(option.kind, Flag):
        return "yes" if value else "no"
    if isinstance(value, str):
        return option.option.choice_labels.get(value, value)
    if isinstance(value, Mapping):
        if name == "resolution":
            return "a measured line"
        return ", ".join(f"{symbol_of(key)} {_item(item)}" for key, item in value.items())
    if name in ("regions", "mask"):
        return ", ".join(_interval(row) for row in value)
    if isinstance(value, tuple | list):
        return ", ".join(symbol_of(item) if name == "free" else _item(item) for item in value)
    return _item(value)


def _item(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " to ".join(map(_item, value))
    return f"{value:.6g}".replace("-", "−") if is_number(value) else str(value)


def _interval(row: Any) -> str:
    low, high, *weight = row
    return f"{_item(low)} to {_item(high)}" + (f" (weight {_item(weight[0])})" if weight else "")


def option_value(name: str, state: State) -> Any:
    """Return the plain value of an option in a request; None where it was not given."""
    return {**state.reading, **state.preparation, **state.choices}.get(name)


def differing(*states: State) -> list[str]:
    """Return the names of the options in which requests differ, in the order of their declaration."""
    return [
        name
        for name in OPTIONS
        if any(plain(option_value(name, each)) != plain(option_value(name, states[0])) for each in states[1:])
    ]


def changes(before: State, after: State) -> list[str]:
    """Return what was changed from one request to the next, in words, one text for each option."""
    return [
        f"{option_label(name)}: {option_text(name, option_value(name, after))} "
        f"(was {option_text(name, option_value(name, before))})"
        for name in differing(before, after)
    ]
