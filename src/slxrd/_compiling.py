"""A message while the kernels are compiled, which happens once after installation."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: The message.
COMPILING = "compiling the numerical core: this is done once after installation, and takes up to a minute …"
#: Seconds of compilation before the message is shown.
PATIENCE = 1.0


class _Clock:
    """Total compile time over all threads, and the callbacks to notify."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._callbacks: list[Callable[[str], object]] = []
        self._active = 0
        self._spent = self._since = self._total = 0.0
        self._timer: threading.Timer | None = None

    def add(self, report: Callable[[str], object]) -> None:
        with self._lock:
            self._callbacks.append(report)
            self._spent = 0.0

    def remove(self, report: Callable[[str], object]) -> None:
        with self._lock:
            if report in self._callbacks:
                self._callbacks.remove(report)

    def start(self) -> None:
        with self._lock:
            self._active += 1
            if self._active > 1:
                return
            self._since = time.monotonic()
            self._timer = threading.Timer(max(PATIENCE - self._spent, 0.0), self._notify)
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        with self._lock:
            self._active -= 1
            if self._active > 0 or self._timer is None:
                return
            self._timer.cancel()
            self._spent += time.monotonic() - self._since
            self._total += time.monotonic() - self._since

    def total(self) -> float:
        with self._lock:
            return self._total + (time.monotonic() - self._since if self._active else 0.0)

    def _notify(self) -> None:
        with self._lock:
            if self._active == 0:
                return
            callbacks = [*self._callbacks] or [_interactive]
            self._callbacks.clear()
        for report in callbacks:
            report(COMPILING)


def _interactive(text: str) -> None:
    """Print the message once in a notebook or an interactive interpreter, never in a program."""
    global _printed
    if hasattr(sys, "ps1") and not _printed:
        _printed = True
        print(f"slxrd: {text}", file=sys.stderr)


_printed = False
_clock = _Clock()
#: Called when the compilation of a function starts and ends; compilations may be nested.
started, ended = _clock.start, _clock.end
#: Seconds of compilation so far.
compile_time = _clock.total


@contextmanager
def watched(report: Callable[[str], object]) -> Iterator[None]:
    """Call back once if the code inside waits for the compiler for more than a second.

    Parameters
    ----------
    report : callable
        Gets the message; called from another thread.
    """
    _clock.add(report)
    try:
        yield
    finally:
        _clock.remove(report)
