"""Freed memory that stays with the process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

#: Prints the page faults of a hundred arrays of 0.8 MB, five at a time, after the first ones.
FAULTS = """
import resource
import numpy as np
from slxrd._allocation import keep_freed_memory
from slxrd.model.kernel.native.library import native_core

def work():
    for _ in range(20):
        several = [np.ones(100_000) for _ in range(5)]

native_core()
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, keep_freed_memory())
"""


def faults(**variables: str) -> tuple[int, str]:
    """Page faults, and whether the limits were set; without what other tests leave, as Dask does."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    run = subprocess.run(
        [sys.executable, "-c", FAULTS],
        env={**plain, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    count, kept = run.stdout.split()
    return int(count), kept


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="for the C library of GNU/Linux")
def test_freed_arrays_are_not_returned_to_the_system() -> None:
    kept, state = faults()
    assert state == "True"
    of_user, state = faults(MALLOC_TRIM_THRESHOLD_="131072")
    assert state == "False"
    assert of_user > 1000  # each array of 0.8 MB has about 200 pages
    assert kept < 0.1 * of_user
