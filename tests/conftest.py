"""For all tests: kernels are compiled once before the workers start; the memory of each worker is printed."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from kernel_cache import prepare

#: Highest memory of each process, in MB, by its name.
_memory: dict[str, float] = {}


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    several = bool(getattr(config.option, "tx", None)) and not config.option.collectonly
    if several and not hasattr(config, "workerinput"):
        prepare()


def pytest_sessionfinish(session: pytest.Session) -> None:
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return
    highest = getrusage(RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["memory"] = highest
    else:
        _memory["main"] = highest


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if "memory" in getattr(node, "workeroutput", {}):
        _memory[node.gateway.id] = node.workeroutput["memory"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    text = ", ".join(f"{name} {size:.0f} MB" for name, size in sorted(_memory.items()))
    terminalreporter.write_line(f"highest memory: {text}")
