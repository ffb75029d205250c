"""Rows of the commands with files of hostile names."""

from __future__ import annotations

import os
import random
from pathlib import Path

from cli_shell import CUBES, FEW, REGION, call

from audit.rows import Attempt, Row, Wrong

NAMES = (
    os.fsdecode(b"film\xe9 30C.csv"), "f" * 251 + ".csv", "µ" * 125 + ".csv", "-film 30C.csv",
    "film\n30C.csv", "a$\\frac{$ 30C.csv", "<b>'\" 30C.csv", "\x1b]0;x\x07 30C.csv", "=1+1 30C.csv",
    "$(touch x); `y` 30C.csv",
)  # fmt: skip
COMMANDS = {
    "info": ["info"],
    "plot": ["plot"],
    "convert": ["convert"],
    "fit": ["fit", *FEW, "--out", "out", "--report", "page.html", "--json", "fit.json", "--plot", "fit.svg"],
    "merit": ["merit", *REGION, "--out", "out"],
    "lp": ["lp", *FEW, "--wavelength", "CuKa1", "--out", "out"],
    "peaks": ["peaks", *REGION],
    "background": ["background", "--out", "out.csv"],
    "correct": [
        "correct",
        "--wavelength",
        "CuKa1",
        "--thickness",
        "500nm",
        "--mu",
        "100",
        "--out",
        "out.csv",
    ],
    "budget": ["budget", *FEW],
    "report": ["report", *FEW, "--out", "page.html"],
    "compare": ["compare", *REGION, "--models", "planes,CsPbBr3", "--out", "out"],
}


def rows() -> list[Row]:
    """One row for each command that reads a measured file."""

    def row(command: str) -> Row:
        def prepare(folder: Path) -> Attempt:
            def attempt(number: int, chance: random.Random) -> None:
                _try(folder / str(number), NAMES[number % len(NAMES)], COMMANDS[command])

            return attempt

        return Row("name", f"slxrd {command}", prepare, limit=60.0)

    return [row(command) for command in COMMANDS]


def _try(folder: Path, name: str, words: list[str]) -> None:
    folder.mkdir()
    os.chdir(folder)
    Path(name).write_bytes(CUBES.read_bytes())
    file = ["--", name] if name.startswith("-") else [name]
    done = call(*words, *file, *(["converted.csv"] if words[0] == "convert" else []))
    if done.code not in (0, 2) or "Traceback" in done.err:
        raise RuntimeError(done.err[-300:])
    if {"\x1b", "\x07"} & set(done.out + done.err):
        raise Wrong("control characters are printed")
    if Path(name).read_bytes() != CUBES.read_bytes() or Path("x").exists():
        raise Wrong("the file was changed, or its name was executed")
    if done.code == 2:
        raise Wrong(f"refused: {done.err[-300:]}")
