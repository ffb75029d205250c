"""The kernels in NumPy by the kind of structure."""

from __future__ import annotations

from typing import Any

from slxrd.model.kernel.arrays import Kind
from slxrd.model.kernel.geometry import distances as distances
from slxrd.model.kernel.geometry import reach as reach
from slxrd.model.kernel.reference import cells, equal_planes
from slxrd.model.kernel.reference.smearing import smear as smear

#: Whether numba compiles these kernels.
COMPILED = False
#: Kernels by kind of structure, with the same arguments.
KERNELS: dict[Kind, Any] = {
    "equal planes": equal_planes.curves,
    "atoms": cells.curves,
    "general": cells.curves,
}
