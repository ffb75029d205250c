"""Loading of the native core."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import lru_cache
from pathlib import Path

from slxrd.errors import SlxrdError
from slxrd.model.kernel.native.structures import SIZES

#: Version of the interface, as in core.h.
INTERFACE = 1
#: What the functions of the core return.
OK, NO_MEMORY, BAD_SIZES = 0, 1, 2
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
    "slxrd_chi2_of": (_ADDRESS, _ADDRESS, _WHOLE, _ADDRESS, _ADDRESS),
    "slxrd_refine_many": (
        _ADDRESS, _ADDRESS, _WHOLE, _ADDRESS, _WHOLE, _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS,
    ),
}  # fmt: skip
_WITHOUT_STATUS = ("slxrd_equal_planes", "slxrd_smear")


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


@lru_cache(maxsize=1)
def native_core() -> ctypes.CDLL | None:
    """Load the native core; None if it was not built, or is switched off by SLXRD_NATIVE=0.

    Raises
    ------
    SlxrdError
        If the file cannot be loaded, or is not of this version of slxrd.
    """
    path = Path(__file__).with_name(FILE)
    if os.environ.get(SWITCH) == "0" or not path.is_file():
        return None
    advice = f"install slxrd again, or set {SWITCH}=0 to calculate without it"
    try:
        core = ctypes.CDLL(str(path))
        found = (ctypes.c_int64 * 4)()
        core.slxrd_interface(found)
    except (OSError, AttributeError) as error:
        raise SlxrdError(f"{path}: cannot be loaded ({error}); {advice}") from None
    if tuple(found) != (INTERFACE, *SIZES):
        raise SlxrdError(f"{path}: is of another version of slxrd; {advice}")
    for name, arguments in _ARGUMENTS.items():
        function = getattr(core, name)
        function.argtypes = arguments
        function.restype = None if name in _WITHOUT_STATUS else ctypes.c_int
    core.slxrd_sources.restype = core.slxrd_instructions.restype = ctypes.c_char_p
    return core


def core() -> ctypes.CDLL:
    """Return the native core, where it is known to be there.

    Raises
    ------
    SlxrdError
        If it is not.
    """
    found = native_core()
    if found is None:
        raise SlxrdError("this calculation needs the native core, which is not installed")
    return found
