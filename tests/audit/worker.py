"""A process that tries the cases of a row one after the other; its parent ends it where one hangs."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

from audit.rows import Attempt, all_rows, column_of

#: A process of more memory fails; and one of more than this was too large.
MOST, LARGE = 6 << 30, 500_000_000
#: What a case sends: its number, its column or nothing, and what went wrong.
Report = tuple[int, str, str]


def work(tasks: list[tuple[str, int, int]], seed: int, pipe: Connection) -> None:
    """Try cases of rows, each from a first to before a last, and report each case."""
    os.setsid()
    warnings.simplefilter("ignore")
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    known = all_rows()
    for key, first, last in tasks:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            inside = Path(temporary, "inside")
            inside.mkdir()
            os.environ.update(HOME=temporary, XDG_CACHE_HOME=temporary, MPLBACKEND="Agg")
            os.chdir(inside)
            attempt = known[key].prepare(inside)
            gc.collect()
            gc.freeze()  # libraries that collect garbage in each call do not look at all that is imported
            resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST))
            pipe.send((-1, "", "ready"))
            for number in range(first, last):
                pipe.send((number, *_tried(attempt, number, random.Random(f"{seed} {key} {number}"))))
            os.chdir("/")


def _tried(attempt: Attempt, number: int, chance: random.Random) -> tuple[str, str]:
    """Column of a case, and what went wrong; empty if nothing did."""
    _forget_peak()
    try:
        attempt(number, chance)
    except BaseException as error:
        return column_of(error), _described(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    return ("over 500 MB", f"{peak() / 1e6:.0f} MB") if peak() > LARGE else ("", "")


def _described(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {str(error)[:400]} ({where})"


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak() -> int:
    """Largest memory since it was last forgotten, in bytes; 0 where it is not known."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
