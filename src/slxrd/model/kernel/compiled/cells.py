"""The general kernel compiled by numba, from the source that NumPy runs, and a faster one for most crystals.

Compiled code that calls other compiled code takes it in as a whole, and is compiled anew with it. For as
much code as this a refinement is handed the address of the kernel instead (:func:`pointer`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from numba import typeof, types
from numba.experimental import function_type as function_type  # numba then knows what a pointer is

from slxrd.model.kernel.arrays import FloatArray, Sample
from slxrd.model.kernel.compiled import atoms as atoms_compiled
from slxrd.model.kernel.compiled import stacks as stacks_compiled
from slxrd.model.kernel.geometry import reach as reach


def _chosen(s: Sample) -> Any:
    simple = s.density < 0 and s.uncorrelated < 0 and s.alone < 0
    simple = simple and not s.mixed and s.closing.size == 1 and s.numbers.size == 1
    return atoms_compiled.curves if simple else stacks_compiled.curves


def curves(
    p: FloatArray, q: FloatArray, delta: FloatArray, s: Sample, pairs: int, derivatives: bool
) -> FloatArray:
    """Mean intensity of the stacks and its exact derivatives; parameters and rows as in ``cells.curves``."""
    rows: FloatArray = _chosen(s)(p, q, delta, s, pairs, derivatives)
    return rows


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


def pointer(s: Sample) -> Pointer:
    """Return the kernel for a sample, to be handed to compiled code."""
    return _pointer(_chosen(s), typeof(s))  # type: ignore[no-untyped-call]


@lru_cache
def _pointer(function: Any, sample: Any) -> Pointer:
    row = types.Array(types.float64, 1, "C")
    rows = types.Array(types.float64, 2, "C")
    return Pointer(function, rows(row, row, row, sample, types.int64, types.boolean))
