"""Calculations that end within a fraction of a second where they are no longer needed.

Whoever starts a long calculation sets a function that raises to end it. The calculation calls it, by
:func:`check_interruption`, before every evaluation of a model. Ctrl-C needs no such function in the main
thread, but the threads that work for it do; :class:`Workers` are such threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Longest time in seconds between two checks while results of others are waited for.
POLL = 0.1

_check: ContextVar[Callable[[], object] | None] = ContextVar("check", default=None)


class Interrupted(BaseException):
    """Raised in a worker whose results are no longer needed; no error, so that nothing handles it as one."""


@contextmanager
def interruptible(check: Callable[[], object]) -> Iterator[None]:
    """Make what is calculated inside, in this thread, call a function several times a second.

    Parameters
    ----------
    check : callable
        Raises an exception to end the calculation.
    """
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def use_check(check: Callable[[], object]) -> None:
    """Like :func:`interruptible`, until the thread ends."""
    _check.set(check)


def check_interruption() -> None:
    """Raise an exception if the calculation in this thread is no longer needed."""
    check = _check.get()
    if check is not None:
        check()


def wait_for_first(running: Iterable[Future[Result]]) -> tuple[set[Future[Result]], set[Future[Result]]]:
    """Wait until something is finished; return what is, and what is not.

    Raises an exception if the calculation is interrupted meanwhile.
    """
    while True:
        check_interruption()
        done, left = wait(running, timeout=POLL, return_when=FIRST_COMPLETED)
        if done or not left:
            return done, left


class Workers(ThreadPoolExecutor):
    """Threads of a calculation, which end with it if it is interrupted or fails.

    Parameters
    ----------
    count : int
        Number of threads.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._stopped = threading.Event()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Run a function in one of the threads."""
        return super().submit(self._run, fn, *args, **kwargs)

    def _run(self, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        with interruptible(self._check):
            return function(*args, **kwargs)

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Interrupted

    def apply(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply a function to items; results in their order."""
        futures = [self.submit(function, item) for item in items]
        running = set(futures)
        while running:
            done, running = wait_for_first(running)
            for future in done:
                future.result()
        return [future.result() for future in futures]

    def __exit__(self, kind: object, *_: object) -> None:
        """Wait for the threads; after an exception stop them, without waiting."""
        if kind is not None:
            self._stopped.set()
        self.shutdown(wait=kind is None, cancel_futures=kind is not None)
