"""Rows of the commands: random lists of arguments, of their own options and of files good and bad."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import signal
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from cli_shell import CUBES, contents
from misuse import LIMIT, Begun, _interrupted

from audit import names
from audit.rows import Attempt, Lost, Row, Wrong
from slxrd.ui.cli import main as cli

FILES = Path(__file__).parents[1] / "files"
#: Values of options, some of them right for one of them. None is a path outside the folder, where a file
#: could be replaced.
WORDS = (
    "0", "1", "-1", "2", "12", "1.5", "-0.5", "1e308", "1e-300", "nan", "inf", "-inf", "9" * 30, "", " ",
    "x", "none", "auto", "L", "L,N", "d", "L=36.9", "d=5.84", "L=30:40", "L=x", "=", "sigma_L=0.0",
    "0.9:1.25", "1.25:0.9", "5:6", "0.9:1.25:0.1", ":", "0.9:", "nan:nan", "CuKa", "CuKa1", "CuKa1,CuKa2",
    "1.5406", "q", "2theta", "theta", "CsPbBr3", "own.toml", "SrTiO3:002", "planes,CsPbBr3", "linear",
    "log", "paper2021", "counting", "scatter", "constant", "power", "0.03", "film.csv", "missing.csv",
    "result.json", "out", "new.csv", "new.png", "new.exe", "new.h5", ".", "-", "--", "--out", "--force",
    "a\x00b", "a\nb", "\x1b[2J", "<b>", "$\\frac{$", "=1+1", "é" * 300, "LaB6", "Si",
    "example:cspbbr3-cubes", "0x10", "1_000", "١٢", "172", "200", "100,100", "0.4", "0.035:0.002",
    "in-plane:0.1:0.5", "720", "0.5:1.7", "cut.csv:100", "1",
)  # fmt: skip
INPUTS: dict[str, Path | Callable[[Path], object]] = {
    "film.csv": CUBES,
    "film.xrdml": FILES / "H1202_o2t_fine_002.xrdml",
    "result.json": FILES / "results" / "schema-4" / "result.json",
    "session.json": FILES / "results" / "schema-4" / "chosen.json",
    "own.toml": FILES / "v0.1" / "fits" / "own.toml",
    "resolution.toml": FILES / "v0.1" / "fits" / "resolution.toml",
    "lab6.xy": FILES / "v0.1" / "fits" / "lab6.xy",
    "damaged.raw": FILES / "README.md",
    "film.edf": names.film,
    "tem.png": names.micrograph,
    "stack.npz": names.stack,
    "cut.csv": FILES / "directions" / "cumulative-100.csv",
}


def rows() -> list[Row]:
    """One row for each command."""

    def row(name: str) -> Row:
        return Row("command", f"slxrd {name}", lambda folder: _prepare(folder, name))

    return [row(name) for name in cli.program().commands]


def _prepare(folder: Path, name: str) -> Attempt:
    parameters = cli.program().commands[name].params
    options = [each for each in parameters if each.param_type_name == "option"]
    here, valid = folder / "here", folder / "valid"
    valid.mkdir()
    for file, source in INPUTS.items():
        if isinstance(source, Path):
            shutil.copyfile(source, valid / file)
        else:
            source(valid / file)

    def attempt(number: int, chance: random.Random) -> None:
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(valid, here)
        os.chdir(here)
        before = contents(here)
        words = [name, *_arguments(options, chance)]
        _call(words)
        os.chdir(folder)
        after = contents(here)
        changed = [file for file, content in before.items() if after.get(file) != content]
        if changed and "--force" not in words:
            raise Lost(f"{words}: {', '.join(changed)} changed without --force")

    return attempt


def _arguments(options: list[Any], chance: random.Random) -> list[str]:
    """Files and options in any order."""
    weights = [6.0] * len(INPUTS) + [0.3] * len(WORDS)
    words = chance.choices([*INPUTS, *WORDS], weights, k=chance.choice((0, 1, 1, 1, 2)))
    for option in chance.choices(options, k=chance.choice((0, 1, 2, 3, 5))):
        given = [chance.choice(option.opts)]
        if not option.is_flag:
            given += [chance.choice([*INPUTS, *WORDS]) for _ in range(max(option.nargs, 1))]
        place = chance.randrange(len(words) + 1)
        words[place:place] = given
    return words


def _call(words: list[str]) -> None:
    """Run a command until its calculation has begun."""
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with contextlib.ExitStack() as streams:
        streams.enter_context(mock.patch.object(sys, "argv", ["slxrd", *words]))
        streams.enter_context(mock.patch.object(webbrowser, "open", return_value=True))
        streams.enter_context(contextlib.redirect_stdout(out))
        streams.enter_context(contextlib.redirect_stderr(err))
        signal.signal(signal.SIGALRM, _interrupted)
        signal.setitimer(signal.ITIMER_REAL, LIMIT, 0.1 * LIMIT)
        try:
            try:
                cli.main()
            except SystemExit as end:
                code = end.code
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
        except Begun:  # also where the next signal comes while the timer is stopped
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            return
    said, printed = err.getvalue(), out.getvalue()
    if "Traceback" in said and "misuse.Begun" not in said:  # it was lost in compiled code
        raise RuntimeError(f"{words}: {said[-500:]}")
    if code not in (0, 2, None):
        raise Wrong(f"{words}: exit code {code}, {said[-200:]}")
    if code == 2 and (said.count("\n") != 1 or not said.startswith("slxrd: ")):
        raise Wrong(f"{words}: {said[-400:]!r} is not one line of slxrd")
    if {"\x1b", "\x07", "\x00"} & set(said + printed):
        raise Wrong(f"{words}: control characters are printed")
