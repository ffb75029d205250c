"""Conversion of values to plain data for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import ResolutionShape

#: Largest whole number, about that of floating point numbers.
LARGEST = 10**308


def plain(value: Any, name: str = "value", finite: bool = True) -> Any:
    """Convert a value to plain data: mappings, lists, texts, finite numbers, truth values, None.

    Parameters
    ----------
    value : object
        Also regions, measured resolutions, paths, tuples, and numbers and arrays of NumPy.
    name : str
        Of the value, for the error.
    finite : bool
        Whether numbers that are not finite are refused.

    Raises
    ------
    SlxrdError
        If it cannot be converted.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, Region):
        return [value.low, value.high, *([] if value.weight == 1.0 else [value.weight])]
    if isinstance(value, ResolutionShape):
        return plain(value.to_table(), name, finite)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise SlxrdError(f"{name}: names must be texts")
        return {key: plain(item, f"{name} {key}", finite) for key, item in value.items()}
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, int | float):
        if isinstance(value, int) and abs(value) > LARGEST:
            raise SlxrdError(f"{name}: the number is too large")
        if finite and not math.isfinite(value):
            raise SlxrdError(f"{name}: {value!r} is not a finite number")
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes) or not hasattr(value, "__iter__"):
        raise SlxrdError(f"{name}: {type(value).__name__} cannot be kept in a session")
    return [plain(item, name, finite) for item in value]


def is_number(value: object) -> bool:
    """Whether a value is a number and not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_text(value: float) -> str:
    """Write a number with as few characters as read back as the same number."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
