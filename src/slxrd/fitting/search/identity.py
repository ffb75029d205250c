"""Whether two solutions are the same, and lists of distinct ones."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.parameters.definitions import info

#: Solutions with a larger Δχ² are not listed, nor are more solutions than this.
WORST_LISTED, MOST_LISTED = 60.0, 40
#: Solutions closer than this in every parameter are one.
TOLERANCES: dict[str, float] = {
    "d": 0.02, "L": 0.5, "sigma_L": 0.3, "N": 0.3, "sigma_N": 0.5, "q_zero": 0.002,
}  # fmt: skip


def worst_listed(least: float) -> float:
    """Return the largest χ² of a listed solution, given the lowest."""
    return least + max(WORST_LISTED, 0.5 * least)


def same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether two solutions are the same within :data:`TOLERANCES`."""
    return all(abs(one[n] - other[n]) < (TOLERANCES.get(n) or 2.0 * info(n).step) for n in one)


def distinct(minima: list[Minimum]) -> tuple[Minimum, ...]:
    """Order minima by χ², without duplicates and without those of a much larger χ²."""
    if not minima:
        raise SlxrdError("no start led to a fit")
    ordered = sorted(minima, key=lambda minimum: minimum.chi2)
    kept: list[Minimum] = []
    for minimum in ordered:
        if minimum.chi2 > worst_listed(ordered[0].chi2) or len(kept) == MOST_LISTED:
            break
        if not any(same(minimum.values, other.values) for other in kept):
            kept.append(minimum)
    return tuple(kept)
