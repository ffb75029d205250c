"""The definition of a parameter: name, symbol, unit, default, bounds, meaning and source."""

from __future__ import annotations

from dataclasses import dataclass


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
