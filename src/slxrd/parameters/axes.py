"""Parameters of superlattices that are periodic in three directions: those of a stack, one for each axis.

The axis z is the normal of the film. A name without an ending is that of all axes, and the endings ``_x``,
``_y``, ``_z`` and ``_xy`` name one axis, or both axes in the plane: ``L_z``, ``sigma_L_xy``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from slxrd.parameters.parameter_info import ParameterInfo

_SOURCE = "docs/physics.md"
#: Parameters of disorder across and along an axis, beside those of a stack.
OF_DISORDER: dict[str, ParameterInfo] = {
    row.name: row
    for row in (
        ParameterInfo(
            "sigma_T", "σ_T", "Å", None, 0.0, 10.0, 0.0, 1e4,
            "standard deviation, across an axis, of the step from a crystal to the next along it",
            _SOURCE, 0.1,
            short="spread of steps across their axis",
        ),
        ParameterInfo(
            "A_L", "A_L", "Å", None, 0.0, 20.0, 0.0, 1e4,
            "amplitude of the sinusoidal displacement along the axis", _SOURCE, 0.1,
            short="amplitude along the axis",
        ),
        ParameterInfo(
            "A_T", "A_T", "Å", None, 0.0, 20.0, 0.0, 1e4,
            "amplitude of the sinusoidal displacement in each direction across the axis", _SOURCE, 0.1,
            short="amplitude across the axis",
        ),
        ParameterInfo(
            "W", "W", "crystals", None, 2.0, 100.0, 2.0, 1e4,
            "wavelength of the sinusoidal displacement along the axis, in crystals", _SOURCE, 0.3,
            short="wavelength of the displacement",
        ),
    )
}  # fmt: skip
#: Parameters of a stack that each axis has.
OF_STACK = ("d", "L", "sigma_L", "N", "sigma_N")
#: Endings of the names, and the axes that they name.
ENDINGS = {"": "xyz", "_xy": "xy", "_x": "x", "_y": "y", "_z": "z"}
_ALONG = {"xyz": "all axes", "xy": "x and y", "x": "x", "y": "y", "z": "z"}
_NAME = re.compile(rf"({'|'.join((*OF_STACK, *OF_DISORDER))})(_xy|_x|_y|_z|)")


def split_axis(name: str) -> tuple[str, str] | None:
    """Split the name of a parameter of an axis into that of the stack and its ending; None for others."""
    found = _NAME.fullmatch(name)
    return None if found is None else (found[1], found[2])


def axis_parameter(name: str, of_stack: Mapping[str, ParameterInfo]) -> ParameterInfo | None:
    """Definition of a parameter of an axis; None for other names.

    Parameters
    ----------
    name : str
        Name with its ending, ``"L_xy"``.
    of_stack : mapping of str to ParameterInfo
        Definitions of the parameters of a stack.
    """
    parts = split_axis(name)
    if parts is None:
        return None
    base, ending = parts
    row = OF_DISORDER.get(base) or of_stack[base]
    if not ending:
        return row
    axes = ENDINGS[ending]
    return replace(
        row,
        name=name,
        symbol=f"{row.symbol}({axes})",
        meaning=f"{row.meaning}; {_ALONG[axes]}",
        short=f"{row.short}; {_ALONG[axes]}",
    )
