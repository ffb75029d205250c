"""Ways through the minima of a series: the solutions of some of its patterns, followed through the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from slxrd.leastsquares import minimise
from slxrd.series_layout import Part
from slxrd.series_result import Member

Values = Mapping[str, float]
#: The most paths that are refined together.
_MOST_PATHS = 12
#: Paths are one if L differs by less than this many d, on average.
SAME_PATH = 0.25
#: Two paths go on as one where L differs by less than this many d, and N by as many planes.
_MET = 0.02


def paths_through(parts: Sequence[Part], members: Sequence[Member]) -> list[list[Values]]:
    """Values of all parameters in every pattern, for each way through their minima.

    The solutions of the first, the middle and the last pattern are followed through the series, and so are
    the patterns' own best ones.

    Parameters
    ----------
    parts : sequence of Part
        The patterns.
    members : sequence of Member
        What they gave by themselves, in the same order.
    """
    found: list[list[Values]] = [[dict(member.best) for member in members]]
    if all("L" in part.parameters.free_names for part in parts):
        follow = _Follower(parts)
        for seed in sorted({0, len(parts) // 2, len(parts) - 1}):
            for solution in members[seed].result["solutions"]:
                path = {seed: dict(solution["parameters"])}
                for step, order in ((1, range(seed + 1, len(parts))), (-1, range(seed - 1, -1, -1))):
                    previous: Values = path[seed]
                    for k in order:
                        previous = follow(k, step, previous)
                        path[k] = dict(previous)
                found.append([path[k] for k in range(len(parts))])
    different: list[list[Values]] = []
    for candidate in found:
        if not any(apart(candidate, other) < SAME_PATH for other in different):
            different.append(candidate)
    return different[:_MOST_PATHS]


def apart(one: Sequence[Values], other: Sequence[Values]) -> float:
    """Mean distance in L, in units of d."""
    return float(np.mean([abs(a["L"] - b["L"]) / a["d"] for a, b in zip(one, other, strict=True)]))


class _Follower:
    """From the minimum of a neighbour to one of a pattern; where paths have met, once for both."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._known: dict[tuple[int, int], list[tuple[Values, Values]]] = {}

    def __call__(self, k: int, step: int, values: Values) -> Values:
        known = self._known.setdefault((k, step), [])
        for before, after in known:
            if (
                abs(before["L"] - values["L"]) < _MET * values["d"]
                and abs(before["N"] - values["N"]) < _MET
                and before.keys() == values.keys()
            ):
                return after
        part = self._parts[k]
        rows = {name: part.parameters[name] for name in part.parameters.free_names}
        inside = {name: float(np.clip(values[name], row.lower, row.upper)) for name, row in rows.items()}
        found = dict(minimise(part.objective, part.parameters.start(**inside)).values)
        known.append((values, found))
        return found
