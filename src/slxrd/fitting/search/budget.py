"""Time budget of a search, and work on all cores that ends with it or with an interrupt."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from slxrd._interruption import Workers, wait_for_first

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Wall time in seconds after which the search of a fit ends by default.
DEFAULT_BUDGET = 20.0
#: Share of the budget after which a running refinement ends where it is.
OVERRUN = 1.25


class OutOfTime(Exception):
    """Raised where the time has passed and what was begun has no result."""


class Budget:
    """Wall time that a search may take, and what it left out for that reason.

    The time begins with the first work on all cores. Without a limit, or as long as the limit is not
    reached, results do not depend on the time.

    Parameters
    ----------
    seconds : float
        Limit; infinite by default.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, seconds: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._begin: float | None = None
        self._left_out: list[str] = []
        self.starts_left = False

    def spent(self, share: float = 1.0) -> bool:
        """Whether more than this share of the time has passed."""
        now = self._clock()
        if self._begin is None:
            self._begin = now
        return now - self._begin > share * self.seconds

    def leave_out(self, what: str, *, starts: bool = False) -> None:
        """Record what was not examined because the time had passed, and whether these are starting points."""
        self.starts_left |= starts
        if what not in self._left_out:
            self._left_out.append(what)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was not examined."""
        return tuple(self._left_out)

    @property
    def reached(self) -> bool:
        """Whether something was left out."""
        return bool(self._left_out)

    def expired(self) -> bool:
        """Whether a running refinement must end where it is, which is recorded."""
        over = self.spent(OVERRUN)
        if over:
            self.leave_out("refinements that ended before they converged")
        return over


def in_parallel(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    budget: Budget,
    share: float = 1.0,
    report: Callable[[int], None] | None = None,
) -> list[Result]:
    """Apply a function to items on all cores, until the budget is spent.

    Parameters
    ----------
    function : callable
        Called with one item, in a thread.
    items : sequence
        Arguments, the most important first.
    budget : Budget
        After the given share of it no further item is begun; the first one always is.
    share : float
        Share of the budget.
    report : callable, optional
        Called with the number of finished items.

    Returns
    -------
    list
        Results in the order of the items; fewer than items if the budget was spent.
    """
    budget.spent()  # begins the time
    cores = os.cpu_count() or 1
    begun: list[Future[Result]] = []
    running: set[Future[Result]] = set()

    def collect(most: int) -> None:
        nonlocal running
        while len(running) > most:
            done, running = wait_for_first(running)
            for future in done:
                future.result()
            if report is not None:
                report(len(begun) - len(running))

    with Workers(cores) as pool:
        for item in items:
            if begun and budget.spent(share):
                break
            begun.append(pool.submit(function, item))
            running.add(begun[-1])
            collect(cores)
        collect(0)
    return [future.result() for future in begun]
