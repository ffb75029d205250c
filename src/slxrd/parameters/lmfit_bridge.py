"""Conversion from and to ``lmfit.Parameters``."""

from __future__ import annotations

import math
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters


def from_lmfit(parameters: Any) -> Parameters:
    """Convert an ``lmfit.Parameters``; infinite bounds become those of the table.

    Parameters
    ----------
    parameters : lmfit.Parameters
        With names of the table.

    Raises
    ------
    SlxrdError
        If a name is unknown, or a value or expression invalid.
    """
    result = Parameters()
    for name, theirs in parameters.items():
        row = info(name)
        if theirs.expr is not None:
            result = result.tie(**{name: theirs.expr})
            continue
        lower = float(theirs.min) if math.isfinite(theirs.min) else row.lower
        upper = float(theirs.max) if math.isfinite(theirs.max) else row.upper
        result = result.redefine(name, lower, upper, float(theirs.value))
        result = result.release(name) if theirs.vary else result.fix(**{name: float(theirs.value)})
    return result


def to_lmfit(parameters: Parameters) -> Any:
    """Return an ``lmfit.Parameters``; needs the ``lmfit`` extra.

    Parameters
    ----------
    parameters : Parameters
        All with a value.

    Raises
    ------
    SlxrdError
        If a value is not known yet.
    """
    import lmfit

    if parameters.unknown:
        raise SlxrdError(
            f"lmfit knows no parameter without a value: give {', '.join(parameters.unknown)} one first"
        )

    result = lmfit.Parameters()
    waiting = dict(parameters)
    while waiting:  # lmfit needs the parameters of an expression before the expression
        for name, row in list(waiting.items()):
            if row.expression is None:
                result.add(name, row.value, row.free is True, row.lower, row.upper)
            elif not row.expression.names & set(waiting):
                result.add(name, expr=row.expression.text, min=row.lower, max=row.upper)
            else:
                continue
            del waiting[name]
    return result
