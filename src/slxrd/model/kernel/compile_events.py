"""Reports to :mod:`slxrd._compiling` when numba compiles a kernel instead of loading it from its cache."""

from __future__ import annotations

from typing import Any

from numba.core import event

from slxrd import _compiling as compiling


class _Listener(event.Listener):
    def on_start(self, event: Any) -> None:
        if _ours(event):
            compiling.started()

    def on_end(self, event: Any) -> None:
        if _ours(event):
            compiling.ended()


def _ours(event: Any) -> bool:
    """Whether the compiled function belongs to this package, not to the user."""
    return str(event.data["dispatcher"].py_func.__module__).startswith("slxrd.")


event.register("numba:compile", _Listener())  # type: ignore[no-untyped-call]
