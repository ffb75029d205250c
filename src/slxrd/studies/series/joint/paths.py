"""Combinations of the minima of single patterns from which a joint fit starts.

The minima of single patterns are about d apart in L. A minimum of one pattern is followed through the
series: each pattern is refined from the values of its neighbour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from slxrd.fitting.minimise.least_squares import minimise
from slxrd.studies.series.joint.layout import Part
from slxrd.studies.series.result import SeriesMember

Values = Mapping[str, float]
#: Largest number of paths.
_MAX_PATHS = 12
#: Paths are the same if the mean difference of L is less than this, in units of d.
SAME_PATH = 0.25
#: Two paths continue as one where L differs by less than this, in units of d, and N in planes.
_MERGED = 0.02


def paths_through_minima(parts: Sequence[Part], members: Sequence[SeriesMember]) -> list[list[Values]]:
    """Return the values of all parameters in every pattern, for each path through their minima.

    The solutions of the first, the middle and the last pattern are followed through the series. The best
    solutions of all patterns are a path too.

    Parameters
    ----------
    parts : sequence of Part
        The patterns.
    members : sequence of SeriesMember
        Their separate fits, in the same order.

    Returns
    -------
    list of list of mapping
        For each path, the values in every pattern.
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
        if not any(mean_distance(candidate, other) < SAME_PATH for other in different):
            different.append(candidate)
    return different[:_MAX_PATHS]


def mean_distance(one: Sequence[Values], other: Sequence[Values]) -> float:
    """Return the mean difference of L between two paths, in units of d."""
    return float(np.mean([abs(a["L"] - b["L"]) / a["d"] for a, b in zip(one, other, strict=True)]))


class _Follower:
    """Refines a pattern from the values of its neighbour; paths that have merged are refined once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._known: dict[tuple[int, int], list[tuple[Values, Values]]] = {}

    def __call__(self, k: int, step: int, values: Values) -> Values:
        known = self._known.setdefault((k, step), [])
        for before, after in known:
            if (
                abs(before["L"] - values["L"]) < _MERGED * values["d"]
                and abs(before["N"] - values["N"]) < _MERGED
                and before.keys() == values.keys()
            ):
                return after
        part = self._parts[k]
        rows = {name: part.parameters[name] for name in part.parameters.free_names}
        inside = {name: float(np.clip(values[name], row.lower, row.upper)) for name, row in rows.items()}
        found = dict(minimise(part.objective, part.parameters.start(**inside)).values)
        known.append((values, found))
        return found
