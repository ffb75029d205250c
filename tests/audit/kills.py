"""Rows of interruptions: a command is killed at a random time, looked at, and run again to its end."""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from audit.rows import Attempt, Hang, Lost, Row, Wrong

#: Seconds in which a command must end after SIGTERM, and a whole run.
PROMPT, WHOLE = 20.0, 180.0
#: How whole files end.
ENDS = {".png": b"IEND\xaeB`\x82", ".csv": b"\n"}
CODES = (0, 130, 143, -signal.SIGTERM, -signal.SIGKILL)
FIT = [
    "--region", "0.9:1.25", "--resolution", "0.007", "--fix", "sigma_L=1.4", "--fix", "sigma_N=1.5",
    "--start", "d=5.84", "--start", "L=36.9", "--start", "N=13",
]  # fmt: skip
#: Saves a session again and again, and prints how often.
SESSION = """
import itertools, sys
import slxrd
session = slxrd.Session()
session.open_file("film-0.csv")
for i in itertools.count(1):
    session.do("step", choices={"regions": [(0.9, 1.25)], "coherent": 2 + i % 40})
    session.save("work.json", force=True)
    print(2 + i % 40, flush=True)
    if i == 150:
        break
"""
#: Changes a workspace of the page again and again, and prints what is autosaved.
PAGE = """
from pathlib import Path
from slxrd.ui.app.serving.workspaces import Workspaces
from slxrd.ui.app.state.autosave_folder import AutosaveFolder
workspaces = Workspaces(AutosaveFolder(Path("autosaved")))
workspace = workspaces.get(workspaces.open("film-0.csv"))
for i in range(1, 151):
    workspace.do("step", choices={"regions": [(0.9, 1.25)], "coherent": 2 + i % 40})
    workspaces._autosave.write_now()
    print(2 + i % 40, flush=True)
"""


@dataclass(frozen=True)
class Scenario:
    """A program that is killed.

    Parameters
    ----------
    words : sequence of str
        Arguments of Python.
    again : sequence of str
        Arguments that are added when it runs again.
    read : callable
        Reads the results of a folder, to be compared.
    """

    words: Sequence[str]
    again: Sequence[str]
    read: Callable[[Path], object]


def _inputs(folder: Path) -> None:
    import numpy as np

    import slxrd
    from slxrd.fitting.record.write import pattern_csv

    q = np.arange(0.9, 1.25, 0.0025)
    stack = []
    for i, L in enumerate((36.9, 36.4, 36.0, 35.5)):
        truth = {"d": 5.84, "L": L, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.5}
        pattern = slxrd.simulate(q, truth, peak=3000.0, noise="counting", seed=i)
        (folder / f"film-{i}.csv").write_text(pattern_csv(pattern), encoding="utf-8")
        stack += [pattern.intensity] * 3
    np.savez(folder / "stack.npz", q=q, intensity=np.array(stack).reshape(4, 3, -1))


def _series(folder: Path) -> object:
    return [(folder / "out" / name).read_text(encoding="utf-8") for name in ("series.csv",)]


def _map(folder: Path) -> object:
    from slxrd.studies.maps.files.results import read_map

    found = read_map(folder / "map.h5")
    return [found.best.tobytes(), found.errors.tobytes(), found.status.tobytes()]


def _gallery(folder: Path) -> object:
    figures = json.loads((folder / "g" / "gallery.json").read_text(encoding="utf-8"))["figures"]
    return {name: figure["caption"] for name, figure in figures.items()}


def _session(folder: Path) -> object:
    import slxrd

    return slxrd.Session.open(folder / "work.json").state.choices.get("coherent")


def _page(folder: Path) -> object:
    """What the next page offers."""
    from slxrd.ui.app.state.autosave_folder import AutosaveFolder

    offered = AutosaveFolder(folder / "autosaved")
    try:
        found = [offered.open(key) for key in list(offered.found)]
        if None in found:
            raise Lost(f"an autosaved session cannot be opened: {offered.found}")
        return [each.session.state.choices.get("coherent") for each in found if each is not None]
    finally:
        offered.close()


def _bootstrap(folder: Path) -> object:
    return (folder / "out" / "bootstrap.csv").read_text(encoding="utf-8")


FILMS = [f"film-{i}.csv" for i in range(4)]
SLXRD = ("-m", "slxrd")
SCENARIOS = {
    "series": Scenario(
        [*SLXRD, "series", *FILMS, *FIT, "--out", "out", "--processes", "1"], [], _series,
    ),
    "map": Scenario(
        [*SLXRD, "map", "stack.npz", *FIT[:2], "--check", "2", "--workers", "1", "--out", "map.h5"],
        [], _map,
    ),
    "gallery": Scenario([*SLXRD, "gallery", "--out", "g", "--only", "S3", "--only", "S4"], [], _gallery),
    "session": Scenario(["-c", SESSION], [], _session),
    "page": Scenario(["-c", PAGE], [], _page),
    "bootstrap": Scenario(
        [*SLXRD, "fit", "film-0.csv", *FIT, "--bootstrap", "40", "--seed", "5", "--out", "out"],
        ["--force"], _bootstrap,
    ),
}  # fmt: skip


def rows() -> list[Row]:
    """One row for each scenario."""

    def row(name: str) -> Row:
        return Row("kill", name, lambda folder: _prepare(folder, SCENARIOS[name]), limit=3 * WHOLE)

    return [row(name) for name in SCENARIOS]


def _prepare(folder: Path, scenario: Scenario) -> Attempt:
    inputs, whole = folder / "inputs", folder / "whole"
    inputs.mkdir()
    _inputs(inputs)
    shutil.copytree(inputs, whole)
    begun = time.monotonic()
    _run(scenario.words, whole)
    duration = time.monotonic() - begun
    expected = scenario.read(whole)

    def attempt(number: int, chance: random.Random) -> None:
        here = folder / "here"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(inputs, here)
        out = _killed(scenario.words, here, duration * chance.uniform(0.0, 1.05), chance)
        before = _finished(here, inputs)
        if scenario in (SCENARIOS["session"], SCENARIOS["page"]):
            found = scenario.read(here) if scenario is SCENARIOS["page"] else _sessions(here)
            _check_session(found, out)
            return
        try:
            same = scenario.read(here) == expected
        except Exception:
            same = False
        if not same:
            _run([*scenario.words, *scenario.again], here)
            if scenario.read(here) != expected:
                raise Wrong("the numbers are others than without an interruption")
            _check_kept(before, here)

    return attempt


def _start(words: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, *words], cwd=folder, text=True, encoding="utf-8", **pipes)


def _run(words: Sequence[str], folder: Path) -> None:
    """Run a program to its end."""
    process = _start(words, folder)
    try:
        _, err = process.communicate(timeout=WHOLE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Hang("does not end") from None
    if process.returncode:
        raise Lost(f"after an interruption it does not go on: {err[-500:]}")


def _killed(words: Sequence[str], folder: Path, after: float, chance: random.Random) -> str:
    """Start a program and kill it after some seconds; return what it printed."""
    process = _start(words, folder)
    number = chance.choice((signal.SIGKILL, signal.SIGTERM))
    try:
        out, err = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=PROMPT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Hang(f"goes on {PROMPT:g} s after SIGTERM at {after:.3f} s") from None
    if "Traceback" in err and not (words[0] == "-c" and "KeyboardInterrupt" in err):
        raise RuntimeError(f"{number.name} after {after:.3f} s: {err[-500:]}")
    if process.returncode not in CODES:
        raise Wrong(f"{number.name} after {after:.3f} s: exit code {process.returncode}")
    if resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 500_000:
        raise MemoryError("the program took more than 500 MB")
    return out


def _finished(folder: Path, inputs: Path) -> dict[Path, bytes]:
    """Files that were written, all of them whole; those that are being written have names of their own."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or (inputs / path.name).exists() or path.name.startswith("."):
            continue
        content = path.read_bytes()
        found[path] = content
        if path.suffix == ".json":
            try:
                json.loads(content)
            except ValueError:
                raise Lost(f"{path.name} is cut short") from None
        elif not content.endswith(ENDS.get(path.suffix, b"")):
            raise Lost(f"{path.name} is cut short")
    return found


def _check_kept(before: dict[Path, bytes], folder: Path) -> None:
    """What was finished for a pattern of a series or a figure is used again, not made anew."""
    for path, content in before.items():
        kept = path.parent.name == "patterns" or (path.parent.name == "g" and path.suffix == ".png")
        if kept and (not path.is_file() or path.read_bytes() != content):
            raise Lost(f"{path.relative_to(folder)} was finished, and is another after it went on")


def _sessions(folder: Path) -> list[object]:
    return [_session(folder)] if (folder / "work.json").exists() else []


def _check_session(sessions: object, out: str) -> None:
    """One file is whole, and the last save that was reported, or the one after it."""
    lines = out.split()
    if not sessions:
        if lines:
            raise Lost(f"no session after {len(lines)} were saved")
        return
    (found,) = cast(list[object], sessions)
    last = int(lines[-1]) if lines else 2
    following = 2 + (len(lines) + 1) % 40
    usual = 40  # left out of a request
    if found not in (last, following) and not (found is None and usual in (last, following)):
        raise Lost(f"the session is that of coherent = {found}, after {last} was saved")
