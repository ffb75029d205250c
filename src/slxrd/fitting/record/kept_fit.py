"""Fits that a session keeps beside its current result, as a list from which one can be restored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.record import kept_followup
from slxrd.fitting.record.kept_followup import NONE, FollowUps
from slxrd.fitting.record.layout import KeptFitDocument
from slxrd.fitting.record.state import State
from slxrd.fitting.record.validation import check

#: Largest number of fits that a session keeps; the oldest is dropped.
MOST_FITS = 30
#: Largest number of kept fits with a bootstrap or χ² maps, so that sessions stay small.
MOST_FOLLOWED = 10


@dataclass(frozen=True, eq=False)
class KeptFit:
    """A fit that was made in a session.

    Parameters
    ----------
    number : int
        Its number in the session, from 1.
    time : datetime or None
        When it ended, in UTC; None if it is not known.
    state : State
        Request and result.
    followups : FollowUps
        Bootstrap and χ² maps of the fit.
    """

    number: int
    time: datetime | None
    state: State
    followups: FollowUps = NONE

    @property
    def result(self) -> Mapping[str, Any]:
        """The result as plain data."""
        assert self.state.result is not None
        return self.state.result

    def is_of(self, state: State) -> bool:
        """Whether a state has this request and this result."""
        return self.state.key == state.key and self.state.result == state.result

    def has_file_of(self, state: State) -> bool:
        """Whether it is a fit of the measured file of a state, wherever that lies."""
        if self.state.sha256 is None or state.sha256 is None:
            return self.state.file == state.file
        return self.state.sha256 == state.sha256


def kept_result(state: State) -> tuple[KeptFit, ...]:
    """Return the result of a state as the only kept fit, or nothing without a result."""
    return () if state.result is None else (KeptFit(1, None, state),)


def with_fit(kept: Sequence[KeptFit], state: State) -> tuple[KeptFit, ...]:
    """Return the kept fits and that of a state, which has just been made.

    Parameters
    ----------
    kept : sequence of KeptFit
        The earlier fits, the oldest first.
    state : State
        State with its result.
    """
    number = kept[-1].number + 1 if kept else 1
    new = KeptFit(number, datetime.now(UTC).replace(microsecond=0), state)
    return (*kept, new)[-MOST_FITS:]


def fits_of(kept: Sequence[KeptFit], state: State, removed: Collection[int]) -> tuple[KeptFit, ...]:
    """Return the kept fits of the file of a state, without those that were removed."""
    return tuple(one for one in kept if one.number not in removed and one.has_file_of(state))


def with_followups(kept: Sequence[KeptFit], state: State, **found: Any) -> tuple[KeptFit, ...]:
    """Return the kept fits with a new bootstrap or new maps of the fit of a state.

    Parameters
    ----------
    kept : sequence of KeptFit
        The fits, the oldest first.
    state : State
        State with its result.
    **found
        ``bootstrap`` or ``maps``. The oldest fits lose theirs beyond :data:`MOST_FOLLOWED`.

    Raises
    ------
    SlxrdError
        If the fit is not among the kept ones.
    """
    number = next((one.number for one in reversed(kept) if one.is_of(state)), None)
    if number is None:
        raise SlxrdError("the fit is no longer in the list of fits; fit again, and repeat this step")
    new = [
        replace(one, followups=replace(one.followups, **found)) if one.number == number else one
        for one in kept
    ]
    others = [one.number for one in new if one.followups and one.number != number]
    dropped = others[: max(0, len(others) + 1 - MOST_FOLLOWED)]
    return tuple(replace(one, followups=NONE) if one.number in dropped else one for one in new)


def followups_of(kept: Sequence[KeptFit], state: State) -> FollowUps:
    """Return bootstrap and maps of the fit of a state; they belong to every kept fit that equals it."""
    same = [one.followups for one in kept if one.is_of(state)]
    return FollowUps(
        next((one.bootstrap for one in reversed(same) if one.bootstrap is not None), None),
        next((one.maps for one in reversed(same) if one.maps is not None), None),
    )


def as_document(kept: KeptFit) -> KeptFitDocument:
    """Convert a kept fit to plain data for JSON."""
    time = None if kept.time is None else kept.time.isoformat()
    result: Any = {**kept.result, "asked": kept.state.request()}
    document: KeptFitDocument = {"number": kept.number, "time": time, "result": result}
    if kept.followups:
        document["followups"] = kept_followup.as_document(kept.followups)
    return document


def from_documents(items: Any, state: State) -> tuple[KeptFit, ...]:
    """Convert the list of kept fits of a document.

    Parameters
    ----------
    items : list of mapping
        As :func:`as_document` returns them, with results in the present layout.
    state : State
        State of the document; its file may have been found at another place than that of the fits.

    Raises
    ------
    SlxrdError, KeyError, TypeError, ValueError
        If something is missing or invalid.
    """
    if not isinstance(items, list):
        raise SlxrdError("its kept fits are no list")
    found: list[KeptFit] = []
    for item in items:
        number, time, result = item["number"], item["time"], item["result"]
        if type(number) is not int or number <= (found[-1].number if found else 0):
            raise SlxrdError(f"{number!r} is no number of a kept fit")
        request = State(**result["asked"])
        check(request, files=False)
        followups = kept_followup.from_document(item["followups"]) if "followups" in item else NONE
        fitted = replace(request, result=result)
        kept = KeptFit(number, None if time is None else _time(time), fitted, followups)
        if kept.has_file_of(state):
            kept = replace(kept, state=replace(kept.state, file=state.file))
        found.append(kept)
    return tuple(found[-MOST_FITS:])


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise SlxrdError(f"the time {text} of a kept fit has no time zone")
    return time
