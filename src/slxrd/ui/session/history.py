"""Undo and redo: the sequence of states of a session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from slxrd.fitting.record.state import State


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What undo and redo restore.

    Parameters
    ----------
    state : State
        The state.
    log : tuple of str
        The steps that led to it.
    removed : frozenset of int
        Numbers of the kept fits that the user has removed.
    """

    state: State
    log: tuple[str, ...] = ()
    removed: frozenset[int] = frozenset()


class History:
    """The current state, a log of the changes that led to it, and the states for undo and redo.

    Parameters
    ----------
    state : State
        Initial state.
    """

    def __init__(self, state: State) -> None:
        self._now = Snapshot(state)
        self._past: list[Snapshot] = []
        self._future: list[Snapshot] = []
        self._listeners: list[Callable[[], object]] = []
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """The current state; immutable."""
        return self._now.state

    @property
    def log(self) -> tuple[str, ...]:
        """Descriptions of the changes that led to the current state, without those that were undone."""
        return self._now.log

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone change to redo."""
        return bool(self._future)

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call a function after every change, in the thread that made the change.

        Parameters
        ----------
        callback : callable
            Function without arguments.

        Returns
        -------
        callable
            Ends the subscription.
        """
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    def _record(self, new: State, action: str, removed: frozenset[int] | None = None) -> None:
        now = self._now
        self._past.append(now)
        self._future.clear()
        self._now = Snapshot(new, (*now.log, action), now.removed if removed is None else removed)

    def _notify(self) -> None:
        for callback in tuple(self._listeners):
            callback()

    def undo(self) -> bool:
        """Undo the last change; return False if there is none."""
        return self._restore(self._past, self._future)

    def redo(self) -> bool:
        """Redo the change that was undone last; return False if there is none."""
        return self._restore(self._future, self._past)

    def _restore(self, source: list[Snapshot], target: list[Snapshot]) -> bool:
        with self._lock:
            if not source:
                return False
            target.append(self._now)
            self._now = source.pop()
        self._notify()
        return True
