"""States of a session one after the other: what led to the present one, back, and forward again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from slxrd.fitting.record.request import State


class Steps:
    """A state that is replaced step by step, each of which can be undone.

    Parameters
    ----------
    state : State
        To begin with.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._log: tuple[str, ...] = ()
        self._past: list[tuple[State, tuple[str, ...]]] = []
        self._future: list[tuple[State, tuple[str, ...]]] = []
        self._listeners: list[Callable[[], object]] = []
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """What is known; frozen."""
        return self._state

    @property
    def log(self) -> tuple[str, ...]:
        """What led to this state, in words; what was undone is not in it."""
        return self._log

    @property
    def can_undo(self) -> bool:
        """Whether there is a step back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether a step was undone and nothing done since."""
        return bool(self._future)

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Have a function called after every change, in the thread that made it.

        Returns
        -------
        callable
            Ends that.
        """
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    def _move(self, new: State, action: str) -> None:
        self._past.append((self._state, self._log))
        self._future.clear()
        self._state, self._log = new, (*self._log, action)

    def _tell(self) -> None:
        for callback in tuple(self._listeners):
            callback()

    def undo(self) -> bool:
        """Take the last step back; False if there is none."""
        return self._step(self._past, self._future)

    def redo(self) -> bool:
        """Do again what was undone; False if there is nothing."""
        return self._step(self._future, self._past)

    def _step(
        self, source: list[tuple[State, tuple[str, ...]]], target: list[tuple[State, tuple[str, ...]]]
    ) -> bool:
        with self._lock:
            if not source:
                return False
            target.append((self._state, self._log))
            self._state, self._log = source.pop()
        self._tell()
        return True
