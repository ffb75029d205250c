"""Start-up, memory and installed size: ``python benchmarks/processes.py [--rounds N] [--json FILE]``."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fits import NOISE, TRUE
from packaging.requirements import Requirement
from report import goal, heading, line, machine, seconds, write

from slxrd.model.intensity import Model

# The peak memory of a child includes that of its parent at the start: hence a small parent process.
_LAUNCH = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


# Time of a figure in a process in which Matplotlib is imported already.
_DRAW = """
import sys, time
import matplotlib.backends.backend_agg, matplotlib.figure
import slxrd
from slxrd.ui.plotting.fit import figure, figure_bytes
fit = slxrd.fit(slxrd.read(sys.argv[1], axis="q"), regions=[(0.9, 1.3), (2.0, 2.35)])
start = time.process_time()
figure_bytes(figure(fit))
print(time.process_time() - start)
"""


class Used(NamedTuple):
    """What a process took: s of processor time, and MB of memory at its peak."""

    time: float
    memory: float


def processes(rounds: int) -> None:
    """Processor time and peak memory of new processes, which take turns; the least of all rounds."""
    heading("New processes: imports and slxrd fit")
    if sys.platform == "win32":
        line("not measured on Windows", "-")
        return
    with tempfile.TemporaryDirectory() as folder, _compiled_once(Path(folder) / "bytecode"):
        fit = ["-m", "slxrd", "fit", str(_pattern(Path(folder))), "--axis", "q", "--force"]
        fit += ["--region", "0.9:1.3", "--region", "2.0:2.35:0.1"]
        commands = {
            "import numpy": ["-c", "import numpy"],
            "import numpy, slxrd": ["-c", "import numpy, slxrd"],
            "slxrd --version": ["-m", "slxrd", "--version"],
            "slxrd fit": fit,
            "slxrd fit --plot": [*fit, "--plot", f"{folder}/fit.png"],
            "slxrd fit --out": [*fit, "--out", f"{folder}/out"],
        }
        used = _least(commands, rounds)
        drawing = min(float(_output("-c", _DRAW, fit[3])) for _ in range(rounds))
    for name, each in used.items():
        line(name, f"{seconds(each.time)}, {each.memory:.0f} MB")
    plain, drawn, written = (used[f"slxrd fit{option}"] for option in ("", " --plot", " --out"))
    imported = used["import numpy, slxrd"].time - used["import numpy"].time
    goal("import slxrd beyond NumPy, s", imported, seconds(max(imported, 0.0)), at_most=0.05)
    goal("slxrd fit, s", plain.time, seconds(plain.time), at_most=0.6)
    goal("slxrd fit, times import numpy", *_ratio(plain, used["import numpy"]), at_most=8.0)
    goal("slxrd fit, peak memory, MB", plain.memory, f"{plain.memory:.0f} MB", at_most=100)
    line("slxrd fit --plot beyond slxrd fit, import of Matplotlib included", seconds(drawn.time - plain.time))
    goal("drawing of the figure of a fit, s", drawing, seconds(drawing), at_most=0.5)
    goal("slxrd fit --out, s", written.time, seconds(written.time), at_most=1.2)
    goal("slxrd fit --out, peak memory, MB", written.memory, f"{written.memory:.0f} MB", at_most=150)


def installed_size() -> None:
    """Size of slxrd and of all packages that it requires, with the bytecode that pip compiles."""
    heading("Installed size")
    root = Path(__file__).parents[1]
    sizes = {"slxrd": _size([path for path in (root / "src").rglob("*") if "__pycache__" not in path.parts])}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in project["dependencies"]:
        _add_sizes(Requirement(text).name, sizes)
    for name, size in sorted(sizes.items(), key=lambda each: -each[1])[:8]:
        line(name, f"{size:.0f} MB")
    total = sum(sizes.values())
    goal("all, MB", total, f"{total:.0f} MB", at_most=350)


def run_program(*words: str) -> Used:
    """Run Python with some arguments, and measure what it and its processes take."""
    code, time, peak = (float(word) for word in _output("-c", _LAUNCH, sys.executable, *words).split())
    if code != 0:
        raise SystemExit(f"python {' '.join(words)} failed with exit code {code:.0f}")
    return Used(time, peak / 1e6)


def _least(commands: dict[str, list[str]], rounds: int) -> dict[str, Used]:
    found: dict[str, list[Used]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, words in commands.items():
            found[name].append(run_program(*words))
    # The first round writes bytecode and fills the caches of the system.
    return {name: Used(*np.min(each[1:], axis=0).tolist()) for name, each in found.items()}


def _output(*words: str) -> str:
    done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


@contextmanager
def _compiled_once(folder: Path) -> Iterator[None]:
    """Keep compiled code where the environment keeps Python from writing it, as pip does at the installation.

    Otherwise every process compiles all modules again.
    """
    before = dict(os.environ)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _ratio(used: Used, unit: Used) -> tuple[float, str]:
    return used.time / unit.time, f"{used.time / unit.time:.1f}"


def _add_sizes(name: str, sizes: dict[str, float]) -> None:
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in sizes:
        return
    try:
        package = distribution(name)
    except PackageNotFoundError:
        line(name, "not installed")
        return
    sizes[key] = _size([Path(str(package.locate_file(file))) for file in package.files or []])
    for text in package.requires or []:
        required = Requirement(text)
        if required.marker is None or required.marker.evaluate({"extra": ""}):
            _add_sizes(required.name, sizes)


def _size(files: Sequence[Path]) -> float:
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each command")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the values that have a goal")
    arguments = parser.parse_args()
    machine()
    installed_size()
    processes(arguments.rounds)
    if arguments.json:
        write(arguments.json)
