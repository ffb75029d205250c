"""Whether two solutions are the same, and lists of distinct ones."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.parameters.definitions import info
from slxrd.sample.stack import Stack

#: Solutions with a larger Δχ² are not listed, nor are more solutions than this.
WORST_LISTED, MOST_LISTED = 60.0, 40
#: Solutions closer than this in every parameter are one.
TOLERANCES: dict[str, float] = {
    "d": 0.02, "L": 0.5, "sigma_L": 0.3, "N": 0.3, "sigma_N": 0.5, "q_zero": 0.002,
}  # fmt: skip


def worst_listed(least: float) -> float:
    """Return the largest χ² of a listed solution, given the lowest."""
    return least + max(WORST_LISTED, 0.5 * least)


def same(one: Mapping[str, float], other: Mapping[str, float], exchange: bool = False) -> bool:
    """Whether two solutions are the same within :data:`TOLERANCES`.

    Parameters
    ----------
    one, other : mapping of str to float
        Values of all parameters.
    exchange : bool
        Whether the two crystals of a pair may be exchanged; see :func:`exchangeable`.
    """
    return _within_tolerances(one, other) or (exchange and _within_tolerances(exchanged(one), other))


def _within_tolerances(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    # Most solutions differ in L.
    if "L" in one and abs(one["L"] - other["L"]) >= TOLERANCES["L"]:
        return False
    return not differing(one, other)


def exchangeable(stack: Stack) -> bool:
    """Whether two crystals alternate whose exchange turns the stack upside down, with the same intensity."""
    return stack.alternating and stack.crystal is None and stack.substrate is None


def differing(one: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Names of the parameters that differ by more than :data:`TOLERANCES`."""
    return [n for n in one if not abs(one[n] - other[n]) < (TOLERANCES.get(n) or 2.0 * info(n).step)]


def exchanged(values: Mapping[str, float]) -> dict[str, float]:
    """Exchange the two crystals of a pair, which turns the stack upside down and leaves both gaps.

    The scale of the intensity changes by f_B².
    """
    moved = dict(values)
    for name in ("d", "N", "sigma_N"):
        moved[name], moved[f"{name}_B"] = values[f"{name}_B"], values[name]
    if "f_B" in values:
        moved["f_B"] = 1.0 / values["f_B"]
    return moved


def distinct(minima: list[Minimum], exchange: bool = False) -> tuple[Minimum, ...]:
    """Order minima by χ², without duplicates and without those of a much larger χ²."""
    if not minima:
        raise SlxrdError("no start led to a fit")
    ordered = sorted(minima, key=lambda minimum: minimum.chi2)
    kept: list[Minimum] = []
    for minimum in ordered:
        if minimum.chi2 > worst_listed(ordered[0].chi2) or len(kept) == MOST_LISTED:
            break
        if not any(same(minimum.values, other.values, exchange) for other in kept):
            kept.append(minimum)
    return tuple(kept)
