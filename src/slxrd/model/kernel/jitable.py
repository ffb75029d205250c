"""Marks functions that NumPy runs as they stand and numba compiles, where it is installed."""

from __future__ import annotations

from typing import Any

try:
    from numba.extending import register_jitable
except ImportError:
    register_jitable = None  # type: ignore[assignment]


def jitable(function: Any) -> Any:
    """Return the function as it is, but known to numba."""
    return function if register_jitable is None else register_jitable(function)
