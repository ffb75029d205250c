"""Bootstrap and χ² maps that a session keeps with a fit, small enough to be saved with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.fitting.record.layout import BootstrapDocument, CurveDocument, FollowUpsDocument, MapsDocument
from slxrd.fitting.result.samples import Samples
from slxrd.fitting.uncertainty.profile.map1d import Chi2Curve
from slxrd.units import FloatArray

#: Largest number of replicates that are kept of a bootstrap.
MOST_KEPT = 3000
#: Significant digits of the numbers that are written.
_DIGITS = 8


@dataclass(frozen=True, eq=False)
class KeptBootstrap(Samples):
    """Replicates of a bootstrap.

    Parameters
    ----------
    all_values : mapping of str to ndarray, shape (n,)
        Values of the quantities that are shown.
    solution : ndarray of int, shape (n,)
        Solution of the fit, counted from 0, from which each replicate was reached.
    seed : int
        Seed of the random numbers.
    requested, done : int
        Replicates that were requested and made.
    every : int
        Every how many replicates one is kept: 1 unless there are more than :data:`MOST_KEPT`.
    text : str
        Printed text.
    """

    all_values: Mapping[str, FloatArray]
    solution: NDArray[np.int64]
    seed: int
    requested: int
    done: int
    every: int
    text: str


@dataclass(frozen=True)
class KeptMap:
    """χ² along one parameter.

    Parameters
    ----------
    name : str
        The parameter.
    section, profile : Chi2Curve
        As those of :class:`slxrd.fitting.uncertainty.profile.map1d.Map1D`.
    rises : (float, float)
        Rise of χ² at 68 % and 95 %.
    """

    name: str
    section: Chi2Curve
    profile: Chi2Curve | None
    rises: tuple[float, float]


@dataclass(frozen=True, eq=False)
class KeptMaps:
    """χ² along the refined parameters.

    Parameters
    ----------
    maps : tuple of KeptMap
        A map for each parameter that was finished.
    text : str
        Printed text; empty unless the calculation was interrupted.
    """

    maps: tuple[KeptMap, ...]
    text: str


@dataclass(frozen=True, eq=False)
class FollowUps:
    """Results of the steps after a fit, the latest of each kind.

    Parameters
    ----------
    bootstrap : KeptBootstrap or None
        The bootstrap.
    maps : KeptMaps or None
        The χ² maps.
    """

    bootstrap: KeptBootstrap | None = None
    maps: KeptMaps | None = None

    def __bool__(self) -> bool:
        return self.bootstrap is not None or self.maps is not None


#: What a fit has without a bootstrap and maps.
NONE = FollowUps()


def as_document(kept: FollowUps) -> FollowUpsDocument:
    """Convert follow-up results to plain data for JSON."""
    document: FollowUpsDocument = {}
    if kept.bootstrap is not None:
        document["bootstrap"] = _bootstrap_document(kept.bootstrap)
    if kept.maps is not None:
        document["maps"] = _maps_document(kept.maps)
    return document


def _bootstrap_document(kept: KeptBootstrap) -> BootstrapDocument:
    return {
        "seed": kept.seed,
        "requested": kept.requested,
        "done": kept.done,
        "every": kept.every,
        "values": {name: _rounded(values) for name, values in kept.all_values.items()},
        "solution": (kept.solution + 1).tolist(),
        "text": kept.text,
    }


def _maps_document(kept: KeptMaps) -> MapsDocument:
    return {
        "maps": [
            {
                "name": one.name,
                "section": _curve_document(one.section),
                "profile": None if one.profile is None else _curve_document(one.profile),
                "rises": one.rises,
            }
            for one in kept.maps
        ],
        "text": kept.text,
    }


def _curve_document(curve: Chi2Curve) -> CurveDocument:
    return {
        "values": _rounded(curve.values),
        "chi2": _rounded(curve.chi2),
        "minima": [(value, height) for value, height in curve.minima],
    }


def _rounded(values: FloatArray) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values.tolist()]


def from_document(item: Any) -> FollowUps:
    """Convert the follow-up results of a document.

    Parameters
    ----------
    item : mapping
        As :func:`as_document` returns it.

    Raises
    ------
    SlxrdError, KeyError, TypeError, ValueError
        If something is missing or invalid.
    """
    if not isinstance(item, Mapping):
        raise SlxrdError("the results after a kept fit are no names and values")
    bootstrap, maps = item.get("bootstrap"), item.get("maps")
    return FollowUps(
        None if bootstrap is None else _bootstrap(bootstrap), None if maps is None else _maps(maps)
    )


def _bootstrap(item: Mapping[str, Any]) -> KeptBootstrap:
    values = {str(name): _numbers(column) for name, column in item["values"].items()}
    solution = np.asarray(item["solution"], dtype=np.int64) - 1
    if not values or solution.ndim != 1 or any(column.shape != solution.shape for column in values.values()):
        raise SlxrdError("the columns of a kept bootstrap differ in length")
    if solution.size < 2 or solution.min() < 0:
        raise SlxrdError("a kept bootstrap has fewer than two replicates, or a solution below 1")
    numbers = {name: _whole(item[name], name) for name in ("seed", "requested", "done", "every")}
    return KeptBootstrap(FrozenDict(values), solution, **numbers, text=str(item["text"]))


def _maps(item: Mapping[str, Any]) -> KeptMaps:
    maps = []
    for one in item["maps"]:
        low, high = (float(rise) for rise in one["rises"])
        profile = None if one["profile"] is None else _curve(one["profile"])
        maps.append(KeptMap(str(one["name"]), _curve(one["section"]), profile, (low, high)))
    if not maps:
        raise SlxrdError("kept χ² maps are empty")
    return KeptMaps(tuple(maps), str(item["text"]))


def _curve(item: Mapping[str, Any]) -> Chi2Curve:
    values, chi2 = _numbers(item["values"]), _numbers(item["chi2"])
    if values.shape != chi2.shape or values.size < 2 or not np.all(np.diff(values) > 0.0):
        raise SlxrdError("a kept χ² map is not a curve over increasing values")
    minima = tuple((float(value), float(height)) for value, height in item["minima"])
    return Chi2Curve(values, chi2, minima)


def _numbers(column: Any) -> FloatArray:
    values = np.asarray(column, dtype=np.float64)
    if values.ndim != 1 or not np.all(np.isfinite(values)):
        raise SlxrdError("a kept result after a fit contains what is no finite number")
    return values


def _whole(value: Any, name: str) -> int:
    if type(value) is not int or value < 0:
        raise SlxrdError(f"{name} of a kept bootstrap is {value!r}, not a whole number")
    return value
