"""Loading of the native core."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import lru_cache
from pathlib import Path

from slxrd._allocation import keep_freed_memory
from slxrd.errors import SlxrdError
from slxrd.model.kernel.native.structures import SIZES

#: Version of the interface, as in core.h.
INTERFACE = 5
#: What the functions of the core return.
OK, NO_MEMORY, BAD_SIZES, PAUSED = 0, 1, 2, 3
#: The variable of the environment that, set to 0, makes slxrd calculate without the native core.
SWITCH = "SLXRD_NATIVE"
#: Name of the compiled library beside this file; with two dots, as Python takes it for a module otherwise.
FILE = "_core.native" + {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")

_WHOLE, _REAL, _ADDRESS = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
_ARGUMENTS = {
    "slxrd_curves": (_ADDRESS, _ADDRESS, _WHOLE, _ADDRESS, _ADDRESS, _WHOLE, _WHOLE, _WHOLE, _ADDRESS),
    "slxrd_equal_planes": (
        _ADDRESS, _ADDRESS, _WHOLE, _WHOLE, _WHOLE, _ADDRESS, _ADDRESS, _ADDRESS, _WHOLE, _WHOLE, _ADDRESS,
    ),
    "slxrd_reach": (_ADDRESS, _ADDRESS, _WHOLE, _WHOLE, _REAL, _ADDRESS, _ADDRESS),
    "slxrd_smear": (_ADDRESS, _WHOLE, _WHOLE, _ADDRESS, _ADDRESS, _WHOLE, _WHOLE, _ADDRESS),
    "slxrd_chi2_of": (_ADDRESS, _ADDRESS, _WHOLE, _ADDRESS, _ADDRESS, _ADDRESS),
    "slxrd_refine_many": (
        _ADDRESS, _ADDRESS, _WHOLE, _ADDRESS, _WHOLE,
        _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS,
    ),
    "slxrd_end_refinements": (_ADDRESS,),
    "slxrd_interference": (
        _ADDRESS, _ADDRESS, _WHOLE, _ADDRESS, _ADDRESS, _WHOLE, _WHOLE, _WHOLE, _ADDRESS, _ADDRESS, _ADDRESS,
    ),
    "slxrd_film_means": (
        _ADDRESS, _ADDRESS, _WHOLE, _WHOLE, _ADDRESS, _WHOLE,
        *(2 * (_WHOLE, _WHOLE, _WHOLE, _ADDRESS, _ADDRESS)), _ADDRESS, _ADDRESS,
    ),
    "slxrd_scan_stacks": (_ADDRESS, _ADDRESS),
    "slxrd_best_mixtures": (_ADDRESS, _ADDRESS, _WHOLE, _ADDRESS, _ADDRESS),
}  # fmt: skip
_WITHOUT_STATUS = ("slxrd_equal_planes", "slxrd_smear", "slxrd_end_refinements", "slxrd_best_mixtures")


def check_status(status: int) -> None:
    """Raise the error that a function of the core returned.

    Raises
    ------
    MemoryError
        If there is not enough memory.
    SlxrdError
        If the sizes of the crystals cannot be listed.
    """
    if status == NO_MEMORY:
        raise MemoryError("not enough memory for the calculated curves")
    if status == BAD_SIZES:
        raise SlxrdError("the sizes of the crystals (N, sigma_N) are not finite, or too many to list")


def open_library(path: Path) -> tuple[ctypes.CDLL | None, str]:
    """Load a compiled core.

    Parameters
    ----------
    path : Path
        The library.

    Returns
    -------
    core : ctypes.CDLL or None
        None if it cannot be used.
    reason : str
        Why it cannot be used, with what to do; empty if it can.
    """
    if os.environ.get(SWITCH) == "0":
        return None, f"which {SWITCH}=0 switches off"
    if not path.is_file():
        return None, "which is not installed: install a C compiler or the package ziglang, then slxrd again"
    try:
        core = ctypes.CDLL(str(path))
        found = (ctypes.c_int64 * (1 + len(SIZES)))()
        core.slxrd_interface(found)
    except (OSError, AttributeError) as error:
        return None, f"which cannot be loaded ({error}): install slxrd again"
    if tuple(found) != (INTERFACE, *SIZES):
        return None, f"since {path.name} is of another version of slxrd: install slxrd again"
    for name, arguments in _ARGUMENTS.items():
        function = getattr(core, name)
        function.argtypes = arguments
        function.restype = None if name in _WITHOUT_STATUS else ctypes.c_int
    core.slxrd_sources.restype = core.slxrd_instructions.restype = ctypes.c_char_p
    return core, ""


@lru_cache(maxsize=1)
def _opened() -> tuple[ctypes.CDLL | None, str]:
    keep_freed_memory()
    return open_library(Path(__file__).with_name(FILE))


def native_core() -> ctypes.CDLL | None:
    """Return the native core; None if it cannot be used, for the reason :func:`why_missing`."""
    return _opened()[0]


def why_missing() -> str:
    """Why the native core cannot be used, as the end of a sentence; empty if it can."""
    return _opened()[1]


def core() -> ctypes.CDLL:
    """Return the native core, where it is known to be there.

    Raises
    ------
    SlxrdError
        If it is not.
    """
    found = native_core()
    if found is None:
        raise SlxrdError(f"this calculation needs the native core, {why_missing()}")
    return found
