"""For all tests: what a file of tests has cached is freed after it, memory and processor time are measured.

``--processor-times FILE`` writes the processor time of each test, from which ``mark_slow.py`` sets markers.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

# The matrices are small: threads of BLAS in several workers at once only wait for each other, up to ten times
# longer than one thread calculates. NumPy reads this when it is imported, in workers and commands too.
for _variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Memory that the C library keeps for each thread that has ended would add up.
os.environ.setdefault("MALLOC_ARENA_MAX", "2")

# Tests that run in the background may have SIGINT ignored, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: Seconds of the processor, children included, and highest memory in MB of each process, by its name.
_used: dict[str, tuple[float, float]] = {}

#: Memory in MB after the last collection of garbage that was made for the memory.
_kept = float("inf")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--processor-times", metavar="FILE", help="append the processor time of each test, as lines of JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled code in pytest's cache where the environment keeps Python from writing it.

    Otherwise each worker compiles the tests, and each process that a test starts slxrd, every time.
    """
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        del os.environ["PYTHONDONTWRITEBYTECODE"]
        sys.dont_write_bytecode = False
    if hasattr(config, "workerinput") and config.getoption("durations") is None:
        config.pluginmanager.register(_FewReports())


class _FewReports:
    """A worker reports a test that passed once, not for its setup, call and teardown: each takes 1 ms."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        passed = all(report.passed for report in reports)
        for report in reports:
            if report.when == "call" or not passed:
                item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True


@pytest.fixture(autouse=True, scope="session")
def long_default_budget() -> Iterator[None]:
    """Give a search that has the default time budget ten times as long, for a loaded machine."""
    from slxrd.fitting import pipeline
    from slxrd.fitting.search.budget import DEFAULT_BUDGET, Budget

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(pipeline, "Budget", lambda s: Budget(10.0 * s if s == DEFAULT_BUDGET else s))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    began = sum(os.times()[:4])
    done = yield
    name = item.config.getoption("--processor-times")
    if name:
        marked = item.get_closest_marker("slow") is not None
        line = json.dumps([item.nodeid, round(sum(os.times()[:4]) - began, 3), marked])
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    module = getattr(item, "module", None)
    if module is not None and getattr(nextitem, "module", None) is not module:
        _clear_caches(module)
    _free_memory()
    return done


def pytest_report_header() -> str:
    """State which kernels the tests use."""
    from slxrd.model.kernel.native import library

    core = library.native_core()
    if core is None:
        return "kernels: NumPy; python hatch_build.py compiles the native core"
    path = Path(library.__file__).with_name(library.FILE)
    sources = [*path.parent.glob("*.c"), *path.parent.glob("*.h")]
    stale = any(source.stat().st_mtime > path.stat().st_mtime for source in sources)
    advice = "; OLDER THAN ITS SOURCES, python hatch_build.py compiles it" if stale else ""
    return f"kernels: native core ({core.slxrd_instructions().decode()}){advice}"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage while tests are collected: nearly all that is made then stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Leave the thousands of tests out of later collections of garbage."""
    gc.collect()
    gc.freeze()
    gc.collect()  # which counts what is left: all is collected when a quarter of it is new


def _clear_caches(module: ModuleType) -> None:
    """Free after a file of tests the fits that were kept for it."""
    own = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
    for each in (*own, *_caches_of_fits()):
        if hasattr(each, "cache_clear"):
            each.cache_clear()


def _free_memory() -> None:
    """Collect garbage after tests that leave much memory, as figures and pages do in few objects."""
    global _kept
    used = _resident()
    _kept = min(_kept, used)
    if used > _kept + 16.0:
        gc.collect()
        if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
            libc.malloc_trim(0)  # or else the memory stays with the process
        _kept = _resident()


def _resident() -> float:
    """Return the memory of this process in MB; 0 where it is not known."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0


def _caches_of_fits() -> list[Any]:
    """What slxrd keeps of the last fits, for the next ones of the same pattern: some MB each."""
    names = {
        "slxrd.fitting.minimise.problem": ("_layout", "_sample"),
        "slxrd.model.arrays_of_stack": ("_polynomials",),
        "slxrd.fitting.diagnosis.options": ("diagnosis_of",),
        "slxrd.detector.integrator": ("_integrator", "_unit"),
    }
    loaded = [(sys.modules[module], of_it) for module, of_it in names.items() if module in sys.modules]
    return [getattr(module, name) for module, of_it in loaded for name in of_it]


def pytest_sessionfinish(session: pytest.Session) -> None:
    highest = 0.0
    try:
        from resource import RUSAGE_SELF, getrusage

        highest = getrusage(RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    except ImportError:  # Windows
        pass
    used = sum(os.times()[:4]), highest
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["used"] = used
    else:
        _used["main"] = used


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if "used" in getattr(node, "workeroutput", {}):
        _used[node.gateway.id] = node.workeroutput["used"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    # Children of the main process are the workers, or what the tests start.
    workers = sum(seconds for name, (seconds, _) in _used.items() if name != "main")
    seconds = sum(os.times()[:2]) + (workers or sum(os.times()[2:4]))
    text = ", ".join(f"{name} {size:.0f} MB" for name, (_, size) in sorted(_used.items()))
    terminalreporter.write_line(f"processor time: {seconds:.0f} s in all; highest memory: {text}")
