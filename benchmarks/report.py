"""Interleaved timing, printed lines and a description of the machine, for all benchmarks."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

#: Below this many seconds a timing is repeated within one sample: clocks and calls are coarse.
_SHORTEST = 2e-3


def best_of(
    rounds: int, *tasks: Callable[[], object], clock: Callable[[], float] = time.process_time
) -> tuple[float, ...]:
    """Shortest time of each task in seconds, by default of the processor; the tasks take turns."""
    loops, best = [], []
    for task in tasks:
        task()
        start = clock()
        task()
        took = clock() - start
        loops.append(max(1, round(_SHORTEST / max(took, 1e-9))))
        best.append(took if took > _SHORTEST else float("inf"))
    # What was long enough by itself is the first of the rounds.
    for k in range(rounds):
        for i, (task, count) in enumerate(zip(tasks, loops, strict=True)):
            if k == 0 and best[i] < float("inf"):
                continue
            start = clock()
            for _ in range(count):
                task()
            best[i] = min(best[i], (clock() - start) / count)
    return tuple(best)


def seconds(value: float) -> str:
    """Write a time with a suitable unit."""
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if value * factor >= 1.0:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


#: Measured values that have a goal, by section and description.
measured: dict[str, float] = {}
_section = ""


def heading(text: str) -> None:
    """Print a section's title."""
    global _section
    _section = text.split(":")[0].split(",")[0]
    print(f"\n{text}\n{'-' * len(text)}")


def line(what: str, value: str) -> None:
    """Print a measured value."""
    print(f"  {what:<66} {value:>11}", flush=True)


def goal(what: str, value: float, text: str, *, at_most: float | None = None, at_least: float = 0.0) -> None:
    """Print a measured value beside its goal."""
    measured[f"{_section}: {what}"] = value
    reached = value <= at_most if at_most is not None else value >= at_least
    limit = f"≤ {at_most:g}" if at_most is not None else f"≥ {at_least:g}"
    print(f"  {what:<66} {text:>11}   goal {limit:<7} {'ok' if reached else 'MISSED'}", flush=True)


def write(path: Path) -> None:
    """Write the values that have a goal as JSON, for :mod:`compare_runs`."""
    path.write_text(json.dumps({"date": date.today().isoformat(), "measured": measured}, indent=1) + "\n")


def machine() -> None:
    """Print versions, processor and date."""
    heading("Machine")
    line("date", date.today().isoformat())
    line("processor, cores", f"{_processor()}, {os.cpu_count()}")
    line("system", f"{platform.system()} {platform.machine()}")
    line("Python", platform.python_version())
    for package in ("numpy", "scipy", "slxrd"):
        line(package, version(package))
    line("gcc", _gcc())
    if hasattr(os, "getloadavg"):
        line("load of the last minute when the run began", f"{os.getloadavg()[0]:.2f}")


def _processor() -> str:
    """Return the name and number of the processor, as far as the system provides them."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor() or "unknown"
    fields = dict(
        (part.strip() for part in row.split(":", 1))
        for row in path.read_text().split("\n\n")[0].splitlines()
        if ":" in row
    )
    numbers = (fields.get(name) for name in ("cpu family", "model"))
    return f"{fields.get('model name', platform.machine())} ({'/'.join(n for n in numbers if n)})"


def _gcc() -> str:
    gcc = shutil.which("gcc")
    if gcc is None:
        return "none"
    finished = subprocess.run([gcc, "-dumpfullversion"], capture_output=True, text=True, check=False)
    return finished.stdout.strip()
