"""How thorough a search for the minima of χ² was."""

from __future__ import annotations

from dataclasses import dataclass

#: The best minimum is well supported if at least this many starting points led to it, of at least
#: :data:`ENOUGH_STARTS`.
SUPPORTED, ENOUGH_STARTS = 3, 10


@dataclass(frozen=True)
class SearchCertificate:
    """How many independent starting points were refined, and how many of them ended in the best minimum.

    Parameters
    ----------
    starts : int
        Starting points that were refined.
    distinct : int
        Different minima of χ² in which they ended.
    ended_in_best : int
        How many of them ended in the best minimum.
    budget_reached : bool
        Whether the time budget ended the search.
    not_examined : tuple of str
        What was left out for that reason.
    """

    starts: int
    distinct: int
    ended_in_best: int
    budget_reached: bool = False
    not_examined: tuple[str, ...] = ()

    @property
    def low(self) -> bool:
        """Whether few of many starting points ended in the best minimum, so that a better one may exist."""
        return self.starts >= ENOUGH_STARTS and self.ended_in_best < SUPPORTED

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on an incomplete search, or on one whose starting points do not agree."""
        remarks: list[str] = []
        if self.budget_reached:
            left_out = "; ".join(self.not_examined) or "nothing else"
            remarks.append(
                f"the search ended at its time budget; not examined: {left_out}; a longer one may find "
                "better solutions (--budget SECONDS), and narrower bounds make it faster (--bounds)"
            )
        if self.low:
            remarks.append(
                f"{self.ended_in_best} of {self.starts} starting points led to the best solution: a better "
                "one may have been missed; known sizes or gaps narrow the search (--start, --bounds)"
            )
        return tuple(remarks)

    def __str__(self) -> str:
        """Describe the search in one line."""
        ended = " (time budget reached)" if self.budget_reached else ""
        return (
            f"search: {self.ended_in_best} of {self.starts} starting points led to the best of "
            f"{self.distinct} minima{ended}"
        )
