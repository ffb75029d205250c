"""Values of the right type that are near a right one: empty, reversed, extreme, or not finite."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
from misuse import MADE_BY_USERS

import slxrd

NUMBERS = (0.0, -1.0, 1.0, 5e-324, 1e-9, 1e9, 1e155, 1e308, -1e308, math.nan, math.inf)


def near(value: Any, chance: random.Random) -> Any:
    """Another value of the type of a right one; itself where nothing is known of its type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return chance.choice((0, 1, 2, -value, value + 1, 10 * value, 10**6, 10**12, 2**63))
    if isinstance(value, float):
        return chance.choice((*NUMBERS, -value, 1.01 * value, 10.0 * value, 1e-3 * value))
    if isinstance(value, str):
        return chance.choice(("", value.upper(), f" {value} ", f"{value}\n", value * 500, value[:-1]))
    if isinstance(value, Path):
        return chance.choice((value.parent, value.with_name("missing"), Path("/dev/null"), Path("a\0b")))
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(_near_list(list(value), chance))
    if isinstance(value, dict):
        return _near_mapping(value, chance)
    if isinstance(value, np.ndarray):
        return near_array(value, chance)
    if dataclasses.is_dataclass(value) and type(value).__name__ in MADE_BY_USERS:
        return _near_object(value, chance)
    return value


def near_array(values: np.ndarray, chance: random.Random) -> np.ndarray:
    """An array of another length, order, shape or type, or with extreme values."""
    kind = chance.randrange(10)
    if kind == 0:
        return values[: chance.choice((0, 1, 2, 3, len(values) // 2))]
    if kind == 1:
        return values[::-1]
    if kind == 2:
        return np.full_like(values, chance.choice((0.0, 1.0, -1.0)))
    if kind == 3:
        return values[np.newaxis]
    if kind == 4:
        return values * chance.choice((-1.0, 1e-300, 1e300, 1e6))
    if kind == 5:
        return values.astype(chance.choice((np.float32, np.int16, object)))
    if kind == 6:
        return np.repeat(values, 2, axis=0)
    changed = np.array(values, dtype=float)
    changed.flat[chance.randrange(changed.size)] = chance.choice(NUMBERS)
    return changed


def _near_list(values: list[Any], chance: random.Random) -> list[Any]:
    kind = chance.randrange(5)
    if kind == 0 or not values:
        return values[: chance.choice((0, 1))]
    if kind == 1:
        return values[::-1]
    if kind == 2:
        return values * chance.choice((2, 3, 50))
    place = chance.randrange(len(values))
    return [near(value, chance) if i == place else value for i, value in enumerate(values)]


def _near_mapping(values: dict[Any, Any], chance: random.Random) -> dict[Any, Any]:
    changed = dict(values)
    key = chance.choice(list(values)) if values else "L"
    kind = chance.randrange(4)
    if kind == 0:
        changed.pop(key, None)
    elif kind == 1:
        changed[chance.choice(("", "x", "L", "Λ", "sigma_L", "q_zero"))] = chance.choice(NUMBERS)
    elif values:
        changed[key] = near(values[key], chance)
    return changed


def _near_object(value: Any, chance: random.Random) -> Any:
    """An object with another field, if there can be one."""
    fields = [each.name for each in dataclasses.fields(value) if each.init]
    for _ in range(5):
        name = chance.choice(fields)
        other = near(getattr(value, name), chance)
        with contextlib.suppress(slxrd.SlxrdError):
            return dataclasses.replace(value, **{name: other})
    return value
