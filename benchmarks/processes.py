"""Time of the import and of a fit on the command line in a new process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from fits import NOISE, TRUE
from report import goal, heading, line, seconds

from slxrd.model.intensity import Model

_IMPORT = """
import time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
{what}
print(middle - start, time.perf_counter() - middle)
"""

# The peak memory of a child includes that of its parent at the start: hence a small parent process.
_LAUNCH = """
import resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(code, wall, used.ru_utime + used.ru_stime, peak)
"""


def imports(rounds: int) -> None:
    """Time of the import beyond NumPy's own."""
    heading("Import, beyond NumPy's own")
    for what, text in (
        ("import slxrd", "import slxrd"),
        ("import slxrd and all that slxrd.fit needs", "import slxrd; slxrd.fit; import scipy.optimize"),
    ):
        numpy_alone, beyond = np.min([_python(_IMPORT.format(what=text)) for _ in range(rounds)], axis=0)
        if text == "import slxrd":
            line("import numpy", seconds(numpy_alone))
            goal(f"{what}, s", beyond, seconds(beyond), at_most=0.3)
        else:
            line(what, seconds(beyond))


def command_line(rounds: int) -> None:
    """Processor time and peak memory of ``slxrd fit``."""
    heading("slxrd fit on the command line, two regions, results and figure written")
    if sys.platform == "win32":
        line("not measured on Windows", "-")
        return
    with tempfile.TemporaryDirectory() as folder:
        pattern = _pattern(Path(folder))
        measured = []
        for i in range(rounds + 1):
            command = [sys.executable, "-m", "slxrd", "fit", str(pattern), "--axis", "q"]
            command += ["--region", "0.9:1.3", "--region", "2.0:2.35:0.1", "--out", f"{folder}/{i}"]
            code, wall, busy, peak = _python(_LAUNCH, *command)
            if code != 0:
                goal("slxrd fit failed; its exit code", code, f"{code:.0f}", at_most=0)
                return
            measured.append((wall, busy, peak / 1e6))
    line("the first time, which compiles unless it was done before", seconds(measured[0][0]))
    wall, busy, peak = np.min(measured[1:], axis=0)
    goal("from then on, s", wall, seconds(wall), at_most=2)
    line("of which the processor was at work on it", seconds(busy))
    goal("peak memory, MB", peak, f"{peak:.0f} MB", at_most=300)


def _pattern(folder: Path) -> Path:
    """Simulate a pattern over both regions and write it as two columns, q in Å⁻¹ and counts."""
    q = np.arange(0.8, 2.5, 0.002)
    clean = Model().intensity(q, TRUE)
    first = q < 1.6
    highest = np.where(first, clean[first].max(), clean[~first].max())
    noisy = clean + NOISE * highest * np.random.default_rng(0).standard_normal(q.size)
    path = folder / "pattern.txt"
    np.savetxt(path, np.column_stack([q, 1e4 * noisy / clean.max()]), fmt="%.6f")
    return path


def _python(code: str, *arguments: str) -> tuple[float, ...]:
    """Run code in a new interpreter, and return the numbers that it prints."""
    finished = subprocess.run(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    return tuple(float(word) for word in finished.stdout.split())
