"""The compiled kernels by the kind of structure, and their addresses.

Compiled code that calls other compiled code includes it as a whole, and is compiled anew with it. For as
much code as this a refinement is passed the address of the kernel instead (:func:`pointer`).
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

#: The kernels by the kind of structure that they are for; all have the same arguments.
KERNELS: dict[Kind, Any] = {
    "equal planes": equal_planes.curves,
    "atoms": atoms.curves,
    "general": stacks.curves,
}
#: How far correlations reach; see :func:`slxrd.model.kernel.geometry.reach`.
reach = njit(cache=True, nogil=True)(geometry.reach)


class Pointer(types.WrapperAddressProtocol):
    """A compiled function that other compiled code calls by its address.

    Parameters
    ----------
    function : numba dispatcher
        Which.
    signature : numba.core.typing.Signature
        Of which form.
    """

    def __init__(self, function: Any, signature: Any) -> None:
        self._function, self._signature = function, signature

    def __wrapper_address__(self) -> int:
        """Address of the function, compiled if need be."""
        compiled = self._function.get_compile_result(self._signature)
        return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name))

    def signature(self) -> Any:
        """Types of the arguments and of what it gives."""
        return self._signature


def pointer(kernel: Any, s: Sample) -> Pointer:
    """Return a kernel's address for samples of this type, to be handed to compiled code."""
    return _pointer(kernel, typeof(s))  # type: ignore[no-untyped-call]


@lru_cache
def _pointer(function: Any, sample: Any) -> Pointer:
    row = types.Array(types.float64, 1, "C")
    rows = types.Array(types.float64, 2, "C")
    return Pointer(function, rows(row, row, row, sample, types.int64, types.boolean))
