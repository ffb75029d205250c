"""Arrays that hold a function of q and its derivatives with respect to the shape of a film."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.model.kernel.arrays import ComplexArray

_Complex = NDArray[np.complexfloating[Any, Any]]
#: What the first row is derived by in the following ones: φ = qd, the distribution of sizes, strains and
#: depths at the bottom and the top, the roughness of the top in planes, and the relative spread of d.
BY = (
    "phase",
    "N",
    "sigma_N",
    "strain_bottom",
    "depth_bottom",
    "strain_top",
    "depth_top",
    "roughness",
    "sigma_d",
)
ROWS = 1 + len(BY)
PHASE, N, SIGMA_N, STRAIN_BOTTOM, DEPTH_BOTTOM, STRAIN_TOP, DEPTH_TOP, ROUGHNESS, SIGMA_D = range(1, ROWS)


def jet(value: _Complex, slopes: Mapping[int, _Complex]) -> ComplexArray:
    """Return the rows of a function and its derivatives, shape (ROWS, n); those left out are 0."""
    rows = np.zeros((ROWS, *value.shape), np.complex128)
    rows[0] = value
    for row, slope in slopes.items():
        rows[row] = slope
    return rows
