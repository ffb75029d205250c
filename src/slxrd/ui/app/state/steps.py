"""Steps of a workspace that can be undone and done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """State before a change, for undo, and what changed it.

    Parameters
    ----------
    of_session : bool
        False if only sliders or the solution changed.
    action : str
        What changed it.
    values : mapping of str to float
        Parameter values before.
    solution : int
        Index of the solution that was shown.
    """

    of_session: bool
    action: str
    values: Mapping[str, float]
    solution: int


class Steps:
    """Steps in the past, and those that were undone."""

    def __init__(self) -> None:
        self._past: list[Step] = []
        self._future: list[Step] = []

    def add(self, before: Step) -> None:
        """Add a step that was made; what was undone before cannot be done again."""
        self._past.append(before)
        self._future.clear()

    def clear(self) -> None:
        """Forget all steps."""
        self._past.clear()
        self._future.clear()

    @property
    def next_undo(self) -> str:
        """What :meth:`undo` would undo; empty if nothing."""
        return self._past[-1].action if self._past else ""

    @property
    def next_redo(self) -> str:
        """What :meth:`redo` would do again; empty if nothing."""
        return self._future[-1].action if self._future else ""

    def undo(self, now: Callable[[bool, str], Step]) -> Step:
        """Return the state to which the last step is undone.

        Parameters
        ----------
        now : callable
            Makes a step of the present state, from whether the session changes and the action.
        """
        return self._move(self._past, self._future, now)

    def redo(self, now: Callable[[bool, str], Step]) -> Step:
        """Return the state to which the step is done again; see :meth:`undo`."""
        return self._move(self._future, self._past, now)

    @staticmethod
    def _move(source: list[Step], target: list[Step], now: Callable[[bool, str], Step]) -> Step:
        wanted = source.pop()
        target.append(now(wanted.of_session, wanted.action))
        return wanted
