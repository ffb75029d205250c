"""Tells :mod:`slxrd._compiling` when numba compiles a kernel instead of loading it."""

from __future__ import annotations

from typing import Any

from numba.core import event

from slxrd import _compiling as compiling


class _Notice(event.Listener):
    def on_start(self, event: Any) -> None:
        if _ours(event):
            compiling.started()

    def on_end(self, event: Any) -> None:
        if _ours(event):
            compiling.ended()


def _ours(event: Any) -> bool:
    """Whether it is a function of this package that is compiled, and not one of the user's own."""
    return str(event.data["dispatcher"].py_func.__module__).startswith("slxrd.")


event.register("numba:compile", _Notice())  # type: ignore[no-untyped-call]
