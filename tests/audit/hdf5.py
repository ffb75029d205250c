"""HDF5 files are examined by forks of one small process, as starting Python for each takes far longer."""

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

#: The small process: what it does in each fork, and the limits, are those of the process of slxrd.
SERVER = """
import json, os, resource, runpy, sys
import h5py
module = runpy.run_path(sys.argv[1], run_name="examine")
for line in sys.stdin:
    file, limit = json.loads(line)
    child = os.fork()
    if not child:
        try:
            module["_main"](file, limit, json.dumps(sys.path))
        finally:
            os._exit(0)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@contextlib.contextmanager
def examined_in_a_fork() -> Iterator[None]:
    """Replace the process in which a file is examined."""
    with mock.patch.object(_examine_hdf5, "_returns", _returns):
        yield


@functools.cache
def _server(_number: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", SERVER, str(_examine_hdf5.__file__)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(words, text=True, start_new_session=True, **pipes)


def _returns(file: str, size: int, _time: int) -> bool:
    limit = _examine_hdf5.SECONDS + size / _examine_hdf5.BYTES
    server = _server(os.getpid())
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps([file, f"{limit:.0f}"]) + "\n")
    server.stdin.flush()
    if select.select([server.stdout], [], [], 12.0 * limit)[0]:
        return server.stdout.readline() == "0\n"
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    _server.cache_clear()
    return False
