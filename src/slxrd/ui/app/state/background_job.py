"""Long computations in a thread, one at a time, with progress and cancellation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from slxrd._interruption import interruptible
from slxrd.fitting.search.scan import Progress
from slxrd.ui.app.state.messages import Messages
from slxrd.ui.session.controller import Cancelled


@dataclass
class Job:
    """A computation that runs in a thread.

    Parameters
    ----------
    name : str
        Shown to the user, with its article: "the fit".
    done, total : int
        Progress; ``total`` is 0 until it is known.
    cancelled : bool
        Whether cancellation was requested.
    due : bool
        Whether the job has still to be interrupted.
    cancelled_at : float
        When cancellation was requested first, on the clock of :func:`time.monotonic`.
    """

    name: str
    done: int = 0
    total: int = 0
    cancelled: bool = False
    due: bool = False
    cancelled_at: float = 0.0
    thread: threading.Thread | None = field(default=None, repr=False)


class JobRunner(Messages):
    """Runs one background job at a time; meanwhile, changes are refused.

    Attributes
    ----------
    job : Job or None
        The running job.
    """

    def __init__(self) -> None:
        super().__init__()
        self.job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is running."""
        return self.job is not None

    def check_idle(self) -> bool:
        """Return whether no job is running; if one is, show a message."""
        if self.job is not None:
            self.show_message(
                f"{self.job.name.capitalize()} is running: wait until it is done, or cancel it.", "error"
            )
        return not self.busy

    def start_job(
        self,
        name: str,
        function: Callable[[Progress], Any],
        on_result: Callable[[Any], object],
        *,
        partial: bool = False,
        on_end: Callable[[], object] = lambda: None,
    ) -> None:
        """Run a function in a thread.

        Parameters
        ----------
        name : str
            Shown to the user, with its article.
        function : callable
            Takes a progress callback ``report(done, total)``.
        on_result : callable
            Called with the return value of ``function``.
        partial : bool
            Whether a cancelled job returns what it has finished (it gets a KeyboardInterrupt, as on Ctrl-C)
            instead of nothing (it gets :class:`Cancelled`). That is raised once for each cancellation, so
            that it can finish its result.
        on_end : callable
            Called without arguments when the job has ended, whatever its end was.
        """
        if not self.check_idle():
            return
        job = Job(name)

        def check() -> None:
            if job.due:
                job.due = not partial
                raise KeyboardInterrupt if partial else Cancelled

        def report(done: int, total: int) -> None:
            job.done, job.total = done, total
            check()
            self.notify("job")

        def run() -> None:
            try:
                results: list[Any] = []
                with interruptible(check):
                    succeeded = self.try_action(lambda: results.append(function(report)))
                if succeeded:
                    self.job = None
                    self.try_action(lambda: on_result(results[0]))
            except (Cancelled, KeyboardInterrupt):
                self.job = None
                took = monotonic() - job.cancelled_at
                self.show_message(
                    f"{name.capitalize()} was cancelled, and ended {took:.1f} s later; nothing has changed."
                )
            finally:
                if self.job is job:  # another one may have been started by what the result changed
                    self.job = None
                self.notify("job")
                on_end()

        job.thread = threading.Thread(target=run, name=f"slxrd {name}", daemon=True)
        self.job = job
        self.show_message("")
        self.notify("job")
        job.thread.start()

    def cancel(self) -> None:
        """Stop the running job at its next evaluation of a model; a second call stops what it finishes."""
        job = self.job
        if job is not None:
            job.cancelled_at = job.cancelled_at or monotonic()
            job.cancelled = job.due = True
            self.notify("job")
