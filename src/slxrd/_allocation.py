"""Memory that NumPy frees stays with the process, up to a limit.

The C library of GNU/Linux returns freed memory to the system at the end of each array of 128 kB or more, and
gets it back for the next one page by page. Where each evaluation of a curve makes a hundred such arrays, this
took half of the time of a fit.
"""

from __future__ import annotations

import ctypes
import os
import sys

#: Arrays of at least so many bytes are returned to the system when they are freed.
LARGEST_KEPT = 4 * 2**20
#: Freed memory of at least so many bytes is returned to the system.
MOST_KEPT = 16 * 2**20
#: Parameters of ``mallopt``: numbers in malloc.h of glibc, and the variables with which a user sets them.
_OPTIONS = {-3: ("MALLOC_MMAP_THRESHOLD_", LARGEST_KEPT), -1: ("MALLOC_TRIM_THRESHOLD_", MOST_KEPT)}


def keep_freed_memory() -> bool:
    """Set the limits above for this process, unless the user has set them.

    Returns
    -------
    bool
        Whether they were set; not on systems other than GNU/Linux.
    """
    if not sys.platform.startswith("linux") or "GLIBC_TUNABLES" in os.environ:
        return False
    if any(variable in os.environ for variable, _ in _OPTIONS.values()):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(option, limit) == 1 for option, (_, limit) in _OPTIONS.items())
