"""The compiled kernels by the kind of structure, and their addresses.

Numba compiles a called function together with its caller. To avoid this for code as long as the kernels, a
refinement receives the address of the kernel instead (:func:`pointer`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from numba import njit, typeof, types
from numba.experimental import function_type as function_type  # numba then knows what a pointer is

from slxrd.model.kernel import geometry
from slxrd.model.kernel.arrays import Kind, Sample
from slxrd.model.kernel.compiled import atoms, equal_planes, stacks
from slxrd.model.kernel.compiled.smearing import smear as smear

#: Whether numba compiles these kernels.
COMPILED = True
#: Kernels by kind of structure, with the same arguments.
KERNELS: dict[Kind, Any] = {
    "equal planes": equal_planes.curves,
    "atoms": atoms.curves,
    "general": stacks.curves,
}
#: Range of the correlations; see :func:`slxrd.model.kernel.geometry.reach`.
reach = njit(cache=True, nogil=True)(geometry.reach)
distances = njit(cache=True, nogil=True)(geometry.distances)


class Pointer(types.WrapperAddressProtocol):
    """Compiled function that other compiled code calls by its address.

    Parameters
    ----------
    function : numba dispatcher
        The function.
    signature : numba.core.typing.Signature
        Its signature.
    """

    def __init__(self, function: Any, signature: Any) -> None:
        self._function, self._signature = function, signature

    def __wrapper_address__(self) -> int:
        """Address of the function, compiled if need be."""
        # With the type of the result, numba would compile the function again for direct calls.
        self._function.compile(tuple(self._signature.args))
        compiled = self._function.get_compile_result(self._signature)
        return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name))

    def signature(self) -> Any:
        """Types of the arguments and of what it gives."""
        return self._signature


def pointer(kernel: Any, s: Sample) -> Pointer:
    """Return the address of a kernel for samples of this type, as an argument of compiled code."""
    return _pointer(kernel, typeof(s))  # type: ignore[no-untyped-call]


@lru_cache
def _pointer(function: Any, sample: Any) -> Pointer:
    row = types.Array(types.float64, 1, "C")
    rows = types.Array(types.float64, 2, "C")
    return Pointer(function, rows(row, row, row, sample, types.int64, types.boolean))
