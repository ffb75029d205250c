"""The kernel of the native core, compiled for this processor alone, as a baseline for the installed one."""

from __future__ import annotations

import ctypes
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]


def load() -> Callable[..., NDArray[np.float64]] | None:
    """Compile ``curves_of_sizes`` with gcc -O3 -march=native; None without gcc or away from a checkout."""
    sources = ROOT / "src" / "slxrd" / "model" / "kernel" / "native"
    if shutil.which("gcc") is None or not (ROOT / "hatch_build.py").is_file():
        return None
    sys.path.insert(0, str(ROOT))
    import hatch_build

    with tempfile.TemporaryDirectory() as folder:
        command = ["gcc", "-march=native"]
        # Once: without the name of the processor, no further sets of instructions are compiled.
        system = hatch_build.this_system().removesuffix("-x86_64")
        library = hatch_build.compile_library(sources, command, system, Path(folder))
        function = ctypes.CDLL(str(library)).slxrd_equal_planes
    address, whole = ctypes.c_void_p, ctypes.c_int64
    function.restype = None
    function.argtypes = (address, address, whole, whole, whole, *[address] * 3, whole, whole, address)

    def curves_of_sizes(q, d, L, sigma_L, sizes, *rest):  # type: ignore[no-untyped-def]
        *shares, n_coherent = rest
        p, out = np.array([d, L, sigma_L, 0.0, 0.0, 0.0]), np.empty((7, q.size))
        function(
            p.ctypes.data, q.ctypes.data, q.size, int(sizes[0]), sizes.size,
            *(each.ctypes.data for each in shares), n_coherent, 2**62, out.ctypes.data,
        )  # fmt: skip
        return out

    return curves_of_sizes
