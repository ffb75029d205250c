"""Work that takes time: done in a thread, followed, and cancelled.

Which models have been computed in this process: the first of a kind is compiled, for a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slxrd._compiling import COMPILING, watched
from slxrd.fitting.record.request import DEFAULTS
from slxrd.fitting.search.scan import Progress
from slxrd.ui.app.state.messages import Telling
from slxrd.ui.session.controller import Cancelled

#: Choices that decide which kernel computes a model.
_OF_KERNEL = ("crystal", "partner", "slab", "stack", "coherent_spread")
_computed: set[tuple[str, ...]] = set()


def kind(choices: Mapping[str, Any]) -> tuple[str, ...]:
    """What is unusual about the model of some choices."""
    unusual = [name for name in _OF_KERNEL if choices.get(name, DEFAULTS[name]) != DEFAULTS[name]]
    return (*unusual, str(choices.get("stack")), "single" if choices.get("coherent") == 1 else "")


def is_ready(choices: Mapping[str, Any]) -> bool:
    """Whether a model of this kind has been computed."""
    return kind(choices) in _computed


def computed(choices: Mapping[str, Any]) -> None:
    """Remember that one has been."""
    _computed.add(kind(choices))


def warm() -> None:
    """Compute a model of the usual kind, with a packaged pattern."""
    from slxrd.fitting.search.initial_guess import first_guess
    from slxrd.ui.session.controller import Session

    session = Session()
    session.open_file("example:cspbbr3-cubes")
    session.model_curve(first_guess(session.objective(), session.parameters()))
    computed(session.state.choices)


@dataclass
class Work:
    """Something that takes time, done in a thread.

    Parameters
    ----------
    what : str
        In words, for people.
    done, of : int
        Steps, as reported; ``of`` is 0 while that is not known.
    cancelled : bool
        Whether it is to stop.
    """

    what: str
    done: int = 0
    of: int = 0
    cancelled: bool = False
    thread: threading.Thread | None = field(default=None, repr=False)


class Working(Telling):
    """Does one thing at a time, and lets nothing else be changed meanwhile.

    Attributes
    ----------
    work : Work or None
        What is being done.
    """

    def __init__(self) -> None:
        super().__init__()
        self.work: Work | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being done that must not be disturbed."""
        return self.work is not None

    def free_to_change(self) -> bool:
        """Whether changes are possible; says so where they are not."""
        if self.busy:
            assert self.work is not None
            self.say(f"{self.work.what.capitalize()} is under way: wait for it, or cancel it.", "error")
        return not self.busy

    def run(
        self,
        what: str,
        work: Callable[[Progress], Any],
        then: Callable[[Any], object],
        *,
        partial: bool = False,
    ) -> None:
        """Do something in a thread.

        Parameters
        ----------
        what : str
            In words, with its article.
        work : callable
            Takes a function that it reports steps done and steps in all to.
        then : callable
            Takes what it returned.
        partial : bool
            Whether, cancelled, it keeps what was done (as on Ctrl-C) instead of giving it up.
        """
        if not self.free_to_change():
            return
        current = Work(what)

        def report(done: int, of: int) -> None:
            current.done, current.of = done, of
            if current.cancelled:
                raise KeyboardInterrupt if partial else Cancelled
            self.tell("work")

        def body() -> None:
            try:
                found: list[Any] = []
                with watched(self.say):
                    done = self.attempt(lambda: found.append(work(report)))
                if self.message == COMPILING:
                    self.say("")
                if done:
                    self.work = None
                    self.attempt(lambda: then(found[0]))
            except (Cancelled, KeyboardInterrupt):
                self.work = None
                self.say(f"{what.capitalize()} was cancelled; nothing has changed.")
            finally:
                self.work = None
                self.tell("work")

        current.thread = threading.Thread(target=body, name=f"slxrd {what}", daemon=True)
        self.work = current
        self.say("")
        self.tell("work")
        current.thread.start()

    def cancel(self) -> None:
        """Stop what is being done, at its next step."""
        if self.work is not None:
            self.work.cancelled = True
            self.tell("work")
