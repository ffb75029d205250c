"""Read the parts of a saved fit from plain data, and check each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from slxrd._frozen import FrozenDict, read_only
from slxrd._short_repr import short_repr
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.record.state import State
from slxrd.fitting.record.validation import check
from slxrd.fitting.record.write import CURVES
from slxrd.fitting.request.plain import is_number
from slxrd.fitting.result.assessment import Assessment, Grade, Misfit, Rival
from slxrd.fitting.result.error_budget import Contribution, ErrorBudget
from slxrd.fitting.result.fit import Estimate, Solution, Status
from slxrd.fitting.result.summary import format_estimate
from slxrd.instrument.broadening import resolution_from_table
from slxrd.instrument.diffractometer import Instrument
from slxrd.parameters.definitions import symbol_of
from slxrd.sample.stack import Stack
from slxrd.sample.substrate import Substrate
from slxrd.units import FloatArray, SecondLine


@short_repr
@dataclass(frozen=True)
class SavedPattern:
    """Description of the pattern of a saved fit; the data themselves are in the measured file.

    Parameters
    ----------
    source : str
        Path of the measured file.
    metadata : mapping
        Metadata of the file, and its ``sha256``.
    wavelength : float or None
        Å.
    second_line : SecondLine or None
        Second line of a doublet.
    history : tuple of str
        Processing steps.
    """

    source: str
    metadata: Mapping[str, str | float]
    wavelength: float | None
    second_line: SecondLine | None
    history: tuple[str, ...]


def fields_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Convert plain data of the present layout to fields of :class:`slxrd.fitting.record.saved_fit.SavedFit`.

    Parameters
    ----------
    document : mapping
        Data as :func:`slxrd.fitting.record.write.result_dictionary` returns them.

    Raises
    ------
    SlxrdError, KeyError, TypeError, ValueError, AttributeError
        If something is missing or invalid.
    """
    inputs = document["input"]
    estimates = {
        group: {name: read_estimate(item) for name, item in document[group].items()}
        for group in ("parameters", "derived")
    }
    names = tuple(document["refined"])
    if not set(names) <= set(document["parameters"]):
        raise SlxrdError(f"refined {names!r} are not its parameters")
    solutions = tuple(map(_solution, document["solutions"]))
    if not solutions or any(set(s.values) != set(solutions[0].values) for s in solutions):
        raise SlxrdError("its solutions differ in their parameters, or there are none")
    regions = [_region(item) for item in document["regions"]]
    if not regions:
        raise SlxrdError("it has no regions")
    chi2, printed = _finite(document["chi2"]), document["printed"]
    if printed is None:
        printed = _table(document, {**estimates["parameters"], **estimates["derived"]}, chi2)
    return {
        "pattern": _pattern(inputs),
        "stack": _stack(inputs),
        "structure": str(inputs["structure"]["text"]),
        "instrument": _instrument(inputs),
        "noise": str(inputs["noise"]),
        "settings": Settings(inputs["objective"], inputs["scale"], inputs["background"]),
        **{group: FrozenDict(items) for group, items in estimates.items()},
        "names": names,
        "covariance": _matrix(document["covariance"], len(names)),
        "correlation": _matrix(document["correlation"], len(names)),
        "chi2": chi2,
        "reduced_chi2": _number(document["reduced_chi2"]),
        "n_points": int(document["n_points"]),
        "solutions": solutions,
        "unique": bool(document["unique"]),
        "converged": bool(document["converged"]),
        "why_stopped": str(document["why_stopped"]),
        "regions": tuple(fitted for fitted in regions if fitted is not None),
        "notes": _texts(document["notes"]),
        "assessment": read_assessment(document.get("assessment")),
        "budget": _budget(document.get("budget")),
        "request": _request(document["asked"]),
        "command": str(inputs["command"]),
        "version": str(document["slxrd"]),
        "versions": FrozenDict({str(k): str(v) for k, v in document["versions"].items()}),
        "printed": str(printed),
        "document": document,
    }


def _finite(value: object) -> float:
    if not is_number(value) or not math.isfinite(value):  # type: ignore[arg-type]
        raise SlxrdError(f"{value!r} is no finite number")
    return float(value)  # type: ignore[arg-type]


def _number(value: object) -> float:
    """Return a number, NaN for null."""
    return math.nan if value is None else _finite(value)


def _maybe(value: object) -> float | None:
    return None if value is None else _finite(value)


def _texts(items: object) -> tuple[str, ...]:
    if not isinstance(items, list | tuple):
        raise SlxrdError(f"{items!r} is no list")
    return tuple(map(str, items))


def _pattern(item: Mapping[str, Any]) -> SavedPattern:
    length = _maybe(item["wavelength"])
    metadata = FrozenDict({str(key): value for key, value in item["metadata"].items()})
    return SavedPattern(str(item["file"]), metadata, length, _second_line(item), _texts(item["history"]))


def _second_line(item: Mapping[str, Any]) -> SecondLine | None:
    line = item["second_line"]
    return None if line is None else SecondLine(*map(_finite, line))


def _instrument(item: Mapping[str, Any]) -> Instrument:
    width, length = item["resolution"], _maybe(item["wavelength"])
    if isinstance(width, Mapping):
        measured = resolution_from_table(width)
        return Instrument(
            broadening=measured, wavelength=length, second_line=_second_line(item), zero=item["zero"]
        )
    return Instrument(_finite(width), None, length, _second_line(item), item["zero"])


def _stack(item: Mapping[str, Any]) -> Stack:
    """Return the structure without its atoms, of which the document has only the name."""
    chosen = item["structure"]
    below = chosen.get("substrate")
    return Stack(
        item["coherent"],
        item["size_window"],
        stack=chosen["stack"],
        weighting=chosen["weighting"],
        coherent_spread=chosen["coherent_spread"],
        substrate=None if below is None else Substrate(_finite(below["d"]), below["name"]),
    )


def _request(item: Mapping[str, Any] | None) -> State | None:
    if item is None:
        return None
    state = State(**item)
    check(state, files=False)
    return state


def read_estimate(item: Mapping[str, Any]) -> Estimate:
    """Convert plain data to an estimate.

    Parameters
    ----------
    item : mapping
        Fields of an :class:`.Estimate`.

    Raises
    ------
    SlxrdError
        If they do not go together.
    """
    status = item["status"]
    if status not in get_args(Status):
        raise SlxrdError(f"status {status!r} is not known")
    pieces = [
        tuple((_finite(low), _finite(high)) for low, high in item[f"interval_{share}"]) for share in (68, 95)
    ]
    value, error = _maybe(item["value"]), _maybe(item["error"])
    missing = value is None and status not in ("undetermined", "rejected")
    given = value is not None and status == "undetermined"
    wrong = error is not None and (error < 0.0 or status == "rejected")
    if missing or given or wrong:
        raise SlxrdError(f"value {value!r} and error {error!r} do not go with status {status!r}")
    statistical, systematic = (_maybe(item.get(name)) for name in ("statistical", "systematic"))
    if min(statistical or 0.0, systematic or 0.0) < 0.0:
        raise SlxrdError(f"statistical and systematic errors {statistical!r}, {systematic!r} are negative")
    unit, why = str(item["unit"]), str(item.get("why", ""))
    return Estimate(value, error, unit, status, why, pieces[0], pieces[1], statistical, systematic)


def _budget(item: Mapping[str, Any] | None) -> ErrorBudget | None:
    """Return the error budget of a fit; None where it was saved without one."""
    if item is None:
        return None
    parts = [
        Contribution(
            str(part["name"]),
            str(part["label"]),
            math.nan if part["prior"] is None else _finite(part["prior"]),
            str(part["unit"]),
            _numbers(part["errors"]),
            _numbers(part["without"]),
            str(part["remedy"]),
        )
        for part in item["contributions"]
    ]
    return ErrorBudget(_numbers(item["statistical"]), tuple(parts), _numbers(item["total"]))


def _numbers(item: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): _finite(value) for name, value in item.items()}


def read_assessment(item: Mapping[str, Any] | None) -> Assessment | None:
    """Convert plain data to the assessment of a fit; None where it was saved without one.

    Raises
    ------
    SlxrdError, KeyError, TypeError, ValueError
        If something is missing or invalid.
    """
    if item is None:
        return None
    if item["grade"] not in get_args(Grade):
        raise SlxrdError(f"grade {item['grade']!r} is not known")
    place = item["misfit"]
    numbers = ("widening", "reduced_chi2", "limit", "noise_ratio", "correlation_time", "explained")
    return Assessment(
        grade=item["grade"],
        reasons=_texts(item["reasons"]),
        misfit=None if place is None else _misfit(place),
        advice=_texts(item["advice"]),
        rivals=tuple(map(_rival, item["rivals"])),
        noise_time=_finite(item.get("noise_time", 1.0)),
        replaced=str(item.get("replaced", "")),
        **{name: _finite(item[name]) for name in numbers},
    )


def _misfit(item: Mapping[str, Any]) -> Misfit:
    low, high, size = (_finite(item[key]) for key in ("low", "high", "size"))
    return Misfit(low, high, size, str(item["text"]))


def _rival(item: Mapping[str, Any]) -> Rival:
    values = FrozenDict({name: _finite(value) for name, value in item["values"].items()})
    return Rival(str(item["name"]), _finite(item["chi2"]), _finite(item["log_odds"]), values)


def _solution(item: Mapping[str, Any]) -> Solution:
    values = {name: _finite(value) for name, value in item["parameters"].items()}
    return Solution(
        FrozenDict(values), *(_finite(item[key]) for key in ("chi2", "delta_chi2", "probability"))
    )


def _matrix(rows: Any, size: int) -> FloatArray:
    matrix = np.array([[_number(value) for value in row] for row in rows], dtype=np.float64)
    matrix = matrix.reshape(size, size)
    return read_only(matrix)


def _region(item: Mapping[str, Any]) -> Fitted | None:
    """Return the curves of a region, if the document has them; its other fields are checked in any case."""
    low, high, weight = (_finite(item[key]) for key in ("low", "high", "weight"))
    region = Region(low, high, weight, str(item["name"]))
    scale, background = _finite(item["scale"]), tuple(map(_finite, item["background"]))
    n = int(item["n_points"])
    if item["curves"] is None:
        return None
    columns = {name: np.array([_finite(value) for value in item["curves"][name]]) for name in CURVES}
    for column in columns.values():
        if column.size != n or n == 0:
            raise SlxrdError(f"the curves of region {region.name} do not have {n} points")
        read_only(column)
    return Fitted(region, **columns, scale=scale, background=background)


def _table(document: Mapping[str, Any], estimates: Mapping[str, Estimate], chi2: float) -> str:
    """Return the table of a fit that was saved without it."""
    given = document["input"]
    lines = [
        str(given["file"]),
        f"{document['n_points']} points, M = {given['coherent']}, {given['noise']}",
        "",
    ]
    for name, estimate in estimates.items():
        state = "" if estimate.status == "determined" else f"  {estimate.status}"
        why = f" [{estimate.why}]" if estimate.why and state else ""
        lines.append(f"  {symbol_of(name):<11}  {format_estimate(estimate)}{state}{why}")
    lines += ["", f"χ² = {chi2:.5g}; {document['why_stopped']}"]
    if len(document["solutions"]) > 1:
        lines.append(f"{len(document['solutions'])} solutions (minima of χ²)")
    return "\n".join([*lines, *(f"! {note}" for note in document["notes"])])
