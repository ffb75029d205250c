"""Examine an HDF5 file in a process of its own: the library does not return from some damaged files.

As a program this file reads what another one contains; nothing of slxrd is imported there.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

#: Seconds of processor time for a file, and bytes that are read in each further second.
SECONDS, BYTES = 5.0, 2e7
#: Largest dataset that is read whole, in bytes; of a larger one, the first and the last row.
WHOLE = 10**8
#: Memory in bytes that attributes, and datasets beside their values, may take.
MOST = 10**8
#: Exit code where they take more.
LARGE = 3


def check_returns(file: Path) -> None:
    """Refuse an HDF5 file from which the library does not return, or that takes far too much memory.

    Raises
    ------
    FileError
        If another process, which read it, did not end in its time, was ended, or took far more memory than
        the file has data.
    """
    from slxrd.errors import FileError  # not where this file is a program

    if not returns(file):
        raise FileError(
            file,
            "is damaged: the HDF5 library does not return from it, or takes far too much memory; "
            "was it copied whole?",
        )


def returns(file: Path) -> bool:
    """Whether a file can be read, or refused, in bounded time and memory, without the process being ended.

    Parameters
    ----------
    file : Path
        An HDF5 file. It is examined again only if its size or time has changed.
    """
    status = file.stat()
    return _returns(os.path.abspath(file), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _returns(file: str, size: int, _time: int) -> bool:
    limit = SECONDS + size / BYTES
    words = [sys.executable, "-P", __file__, file, f"{limit:.0f}", json.dumps(sys.path)]
    none = subprocess.DEVNULL
    try:
        # Processor time is limited where it can be: a slow disk or a busy machine is no damage.
        ended = subprocess.run(words, timeout=12.0 * limit, check=False, stdin=none, stdout=none, stderr=none)
        return ended.returncode == 0
    except subprocess.TimeoutExpired:
        return False
    except OSError:  # no process can be started here
        return True


def _read_all(file: str) -> None:
    """Read all attributes and datasets; what is refused here is refused again where it is needed."""
    import h5py

    with h5py.File(file, "r") as root:
        _visit(root, _read_attributes)
        _visit(root, _read_values)


def _visit(root: Any, read: Callable[[Any], int]) -> None:
    """Read something of each object; end where that takes far more memory than the values that it has."""
    before, most = _peak(), 0

    def visit(_: str, item: Any) -> None:
        nonlocal most
        most = max(most, read(item))

    with contextlib.suppress(Exception):
        visit("/", root)
        root.visititems(visit)
    if _peak() - before > MOST + 4 * most:
        raise SystemExit(LARGE)


def _read_attributes(item: Any) -> int:
    for name in list(item.attrs):
        with contextlib.suppress(Exception):
            item.attrs[name]
    return 0


def _read_values(item: Any) -> int:
    """Read a dataset, and return how many bytes of values were in memory at most."""
    if not hasattr(item, "nbytes"):
        return 0
    whole = item.nbytes <= WHOLE
    for part in (...,) if whole else (0, -1):
        with contextlib.suppress(Exception):
            item[part]
    if whole:
        return int(item.nbytes)
    return int(math.prod(item.chunks or item.shape[1:]) * item.dtype.itemsize)


def _peak() -> int:
    """Largest memory of this process in bytes; 0 where Linux does not state it."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as file:
        return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")), 0)
    return 0


def _main(file: str, limit: str, path: str) -> None:
    sys.path[:] = json.loads(path)
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit)))
    with contextlib.suppress(Exception):
        _read_all(file)


if __name__ == "__main__":
    _main(*sys.argv[1:])
