"""The definition of a parameter: name, symbol, unit, default, bounds, meaning and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slxrd.errors import SlxrdError


@dataclass(frozen=True)
class ParameterInfo:
    """Definition of a parameter.

    Parameters
    ----------
    name, symbol, unit, meaning, source : str
        Name in code, symbol in print, unit, description, and reference.
    default : float or None
        Value where none is given; None where it is found from the pattern.
    lower, upper : float
        Default bounds of a fit.
    least, greatest : float
        The lowest and the highest value that are physically possible; bounds may not go beyond them.
    step : float
        A significant change: the scale of a refinement's steps, and the distance below which two solutions
        count as one.
    free : bool or None
        Whether it is refined by default; None where the data decide.
    short : str
        Description in a few words, for the printed table; empty where ``meaning`` is short enough.
    """

    name: str
    symbol: str
    unit: str
    default: float | None
    lower: float
    upper: float
    least: float
    greatest: float
    meaning: str
    source: str
    step: float
    free: bool | None = True
    short: str = ""


def values_of(rows: Iterable[ParameterInfo], given: Mapping[str, float]) -> dict[str, float]:
    """Return the values of parameters, the defaults for those that are not given."""
    return {row.name: float(given.get(row.name, row.default or 0.0)) for row in rows}


def join_parameters(
    kind: str, owners: Iterable[tuple[str, Iterable[ParameterInfo]]]
) -> dict[str, ParameterInfo]:
    """Join the parameters of all registered things of a kind, by name.

    Parameters
    ----------
    kind : str
        Name of the kind, for the message.
    owners : iterable of (str, iterable of ParameterInfo)
        Name of each thing and its parameters.

    Raises
    ------
    SlxrdError
        If two things have a parameter of one name.
    """
    joined: dict[str, ParameterInfo] = {}
    for name, rows in owners:
        for row in rows:
            if row.name in joined:
                raise SlxrdError(
                    f"the {kind} {name!r} has a parameter {row.name!r}, as another one does; uninstall one"
                )
            joined[row.name] = row
    return joined
