"""The kernel to use: compiled where numba is installed, else the readable one."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Kernel(Protocol):
    """What both kernels offer; documented in ``readable``."""

    def intensity(self, *arguments: Any) -> FloatArray:
        """Mean intensity of the stacks."""
        ...

    def curves(self, *arguments: Any) -> FloatArray:
        """Mean intensity and its derivatives as the rows of one array."""
        ...

    def derivatives(self, *arguments: Any) -> tuple[FloatArray, FloatArray]:
        """Mean intensity and its derivatives."""
        ...

    def smear(self, rows: FloatArray, first: NDArray[np.int64], weights: FloatArray) -> FloatArray:
        """Weighted sums over the auxiliary grid."""
        ...


class Cells(Protocol):
    """The general kernel; documented in ``cells``."""

    def reach(self, *arguments: Any) -> tuple[float, int]:
        """How far correlations reach, in Å and in cells."""
        ...

    def curves(self, *arguments: Any) -> FloatArray:
        """Mean intensity and its derivatives as the rows of one array."""
        ...


@cache
def cells() -> Cells:
    """Return the general kernel, compiled where numba is installed."""
    try:
        import slxrd.model.kernel.compiled.cells as fastest
    except ImportError:
        import slxrd.model.kernel.reference.cells as fastest  # type: ignore[no-redef]
    return cast(Cells, fastest)


@cache
def kernel() -> Kernel:
    """Return the fastest kernel that can be imported."""
    try:
        import slxrd.model.kernel.compiled.equal_planes as fastest
    except ImportError:
        import slxrd.model.kernel.reference.equal_planes as fastest  # type: ignore[no-redef]
    return cast(Kernel, fastest)
