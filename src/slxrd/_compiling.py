"""A word to whoever waits while the numerical core is compiled, which happens once after installation."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: What is said.
COMPILING = "compiling the numerical core: this is done once after installation, and takes up to a minute …"
#: Compiling that takes less than this many seconds is not worth a word.
PATIENCE = 1.0


class _Clock:
    """How long has been compiled, by whatever thread, and who wants to know."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._told: list[Callable[[str], object]] = []
        self._active = 0
        self._spent = self._since = 0.0
        self._timer: threading.Timer | None = None

    def add(self, say: Callable[[str], object]) -> None:
        with self._lock:
            self._told.append(say)
            self._spent = 0.0

    def remove(self, say: Callable[[str], object]) -> None:
        with self._lock:
            if say in self._told:
                self._told.remove(say)

    def start(self) -> None:
        with self._lock:
            self._active += 1
            if self._active > 1:
                return
            self._since = time.monotonic()
            self._timer = threading.Timer(max(PATIENCE - self._spent, 0.0), self._tell)
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        with self._lock:
            self._active -= 1
            if self._active > 0 or self._timer is None:
                return
            self._timer.cancel()
            self._spent += time.monotonic() - self._since

    def _tell(self) -> None:
        with self._lock:
            if self._active == 0:
                return
            listening = [*self._told] or [_interactive]
            self._told.clear()
        for say in listening:
            say(COMPILING)


def _interactive(text: str) -> None:
    """Tell a notebook or an interactive interpreter; a program is not spoken to unasked."""
    global _said
    if hasattr(sys, "ps1") and not _said:
        _said = True
        print(f"slxrd: {text}", file=sys.stderr)


_said = False
_clock = _Clock()
#: Called when a function begins to be compiled, and when that has ended; one may be within another.
started, ended = _clock.start, _clock.end


@contextmanager
def watched(say: Callable[[str], object]) -> Iterator[None]:
    """Be told, once, if what is done inside waits for the compiler for more than a second.

    Parameters
    ----------
    say : callable
        Takes the sentence; called from another thread.
    """
    _clock.add(say)
    try:
        yield
    finally:
        _clock.remove(say)
