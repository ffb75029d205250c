"""Mark functions that run in Python and that numba compiles for compiled callers, if it is installed."""

from __future__ import annotations

from typing import Any

try:
    from numba.extending import register_jitable
except ImportError:
    register_jitable = None  # type: ignore[assignment]


def jitable(function: Any) -> Any:
    """Register a function with numba, and return it unchanged."""
    return function if register_jitable is None else register_jitable(function)
