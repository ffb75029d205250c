"""HDF5 files are examined by one process, as starting Python for each takes far longer."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from unittest import mock

from slxrd import _examine_hdf5

#: Seconds of processor time for a file, less than slxrd allows: these small files are read in milliseconds.
SECONDS = 0.3
#: The process reads what that of slxrd reads, and ends where the library does not return, or ends it.
SERVER = """
import contextlib, json, runpy, signal, sys
import h5py
read = runpy.run_path(sys.argv[1], run_name="examine")["_read_all"]
for line in sys.stdin:
    signal.setitimer(signal.ITIMER_PROF, float(sys.argv[2]))
    with contextlib.suppress(Exception):
        read(json.loads(line))
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    print("returns", flush=True)
"""


@contextlib.contextmanager
def examined_by_one_process() -> Iterator[None]:
    """Replace the process in which a file is examined."""
    with mock.patch.object(_examine_hdf5, "_returns", _returns):
        yield


@functools.cache
def _server(_number: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", SERVER, str(_examine_hdf5.__file__), str(SECONDS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(words, text=True, start_new_session=True, **pipes)


def _returns(file: str, _size: int, _time: int) -> bool:
    server = _server(os.getpid())
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(file) + "\n")
    server.stdin.flush()
    if select.select([server.stdout], [], [], 200.0 * SECONDS)[0] and server.stdout.readline():
        return True
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    _server.cache_clear()
    return False
