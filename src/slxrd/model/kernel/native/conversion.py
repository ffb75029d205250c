"""Conversion of NumPy arrays to what the native core reads.

C reads the arrays that it receives without checks of its own, so lengths, types and indices are checked here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Structure(ctypes.Structure):
    """A structure of the core, which keeps the arrays whose addresses it has."""

    arrays: tuple[NDArray[Any], ...]

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Any:
        """Make a structure from numbers and arrays by the names of its members."""
        arrays = tuple(value for value in members.values() if isinstance(value, np.ndarray))
        made = cls(**{k: address(v) if isinstance(v, np.ndarray) else v for k, v in members.items()})
        made.arrays = arrays
        return made


def address(array: NDArray[Any]) -> int:
    """Return the address of the first element of an array in C order, valid as long as the array exists."""
    buffer: Any = array
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(buffer))  # in a third of the time of array.ctypes
    except (TypeError, ValueError):  # read-only, or empty
        return array.ctypes.data


def reals(value: Any, *shape: int) -> NDArray[np.float64]:
    """Return an array of float64 in C order, after a check of its shape.

    Raises
    ------
    ValueError
        If it has another shape.
    """
    return _checked(np.ascontiguousarray(value, dtype=np.float64), shape)


def integers(value: Any, *shape: int, least: int = 0, below: int | None = None) -> NDArray[np.int64]:
    """Return an array of int64 in C order, after a check of its shape and range.

    Raises
    ------
    ValueError
        If it has another shape, or a value is less than ``least``, or not less than ``below``.
    """
    found = _checked(np.ascontiguousarray(value, dtype=np.int64), shape)
    if found.size and (
        np.minimum.reduce(found, axis=None) < least
        or (below is not None and np.maximum.reduce(found, axis=None) >= below)
    ):
        raise ValueError(f"an index outside {least} to {below}: {found}")
    return found


def _checked(found: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if found.shape != shape:
        raise ValueError(f"an array of shape {found.shape} where {shape} is needed")
    return found
