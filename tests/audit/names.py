"""Rows of the commands with files of hostile names, of every command that reads or writes a file."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simulated_micrographs as micrographs
import simulated_rings as rings
import simulated_saed as electrons
import simulated_spots as spots
from cli_shell import CUBES, FEW, REGION, call
from simulated_raster import Q, raster

from audit.forks import in_a_fork
from audit.rows import Attempt, Row, Wrong

FILES = Path(__file__).parents[1] / "files"
#: Longest name that file systems take, in bytes.
LONGEST = 255
STEMS = (
    os.fsdecode(b"film\xe9 30C"), f"30C {'f' * (LONGEST - 4)}", f"30C {'µ' * 123}", "-film 30C",
    "film\n30C", "a$\\frac{$ 30C", "<b>'\" 30C", "\x1b]0;x\x07 30C", "=1+1 30C", "$(touch x); `y` 30C",
)  # fmt: skip
FIXED = ("--fix", "d=5.84", "--fix", "q_zero=0", "--bounds", "L=34:40", "--bounds", "N=10:16")
TRUTH = [w for value in ("d=5.84", "L=36.9", "sigma_L=1.4", "N=13", "sigma_N=1.5") for w in ("--set", value)]
PLANNED = (
    *TRUTH, "--range", "0.9:1.3", "--step", "0.0025", *REGION, "--counts", "1500", "--number", "2",
)  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """How a command is tried.

    Parameters
    ----------
    words : sequence of str
        Its other arguments.
    write : callable, optional
        Writes the file that it reads; without, the name is that of what it writes.
    suffix : str
        Suffix of the name.
    option : str
        Option to which the name belongs; empty for an argument.
    """

    words: Sequence[str]
    write: Callable[[Path], object] | None
    suffix: str = ".csv"
    option: str = ""


def _copied(source: Path) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(source.read_bytes())


def _repeated(path: Path) -> None:
    lines = CUBES.read_text(encoding="utf-8").splitlines()
    for i, each in enumerate((path, path.with_name("1.csv"), path.with_name("2.csv"))):
        changed = [line if line[:1] == "#" or k % 50 != i else f"{line}1" for k, line in enumerate(lines)]
        each.write_text("\n".join(changed), encoding="utf-8")


def stack(path: Path) -> None:
    """Write three patterns of a map."""
    with path.open("wb") as file:
        np.savez(file, q=Q, intensity=raster().intensity[4:5, 1:4])


def film(path: Path) -> None:
    """Write an image at grazing incidence with its geometry."""
    spots.write_edf(path, rings.measured(rings.film(families=2, counts=40.0)), rings.GEOMETRY)


def diffraction(path: Path) -> None:
    """Write an image of electron diffraction."""
    spots.write_edf(path, electrons.measured(electrons.diffraction(oriented=0.0, counts=15.0)))


def micrograph(path: Path) -> None:
    """Write a micrograph of four superlattices."""
    shapes, size = micrographs.grid(1, across=2, down=2)
    counts = micrographs.micrograph(shapes, size, np.random.default_rng(1))
    micrographs.write_png(path.with_suffix(".png"), counts).rename(path)


CURVES, OLD = _copied(CUBES), FILES / "v0.1"
RESULT = _copied(FILES / "results" / "schema-4" / "result.json")
#: Each command, by its name and, where it is tried in several ways, what the name is that of.
COMMANDS = {
    "info": Tried(["info"], CURVES),
    "plot": Tried(["plot"], CURVES),
    "convert": Tried(["convert"], CURVES),
    "fit": Tried(
        ["fit", *FEW, "--out", "out", "--report", "page.html", "--json", "fit.json", "--plot", "fit.svg"],
        CURVES,
    ),
    "merit": Tried(["merit", *REGION, "--out", "out"], CURVES),
    "lp": Tried(["lp", *FEW, "--wavelength", "CuKa1", "--out", "out"], CURVES),
    "peaks": Tried(["peaks", *REGION], CURVES),
    "background": Tried(["background", "--out", "out.csv"], CURVES),
    "correct": Tried(
        ["correct", "--wavelength", "CuKa1", "--thickness", "500nm", "--mu", "100", "--out", "out.csv"],
        CURVES,
    ),
    "budget": Tried(["budget", *FEW], CURVES),
    "report": Tried(["report", *FEW, "--out", "page.html"], CURVES),
    "compare": Tried(["compare", *REGION, "--models", "planes,CsPbBr3", *FIXED, "--out", "out"], CURVES),
    "robust": Tried(["robust", *FEW], CURVES),
    "noise": Tried(["noise", *REGION, "1.csv", "2.csv"], _repeated),
    "series": Tried(["series", *FEW, "--processes", "1", "--out", "out"], CURVES),
    "directions": Tried(
        ["directions", "--region", "0.95:1.2", "--coherent", "6", "--budget", "100", "--out", "out"],
        _copied(FILES / "directions" / "cumulative-scan.csv"),
    ),
    "lowangle": Tried(
        ["lowangle", "--d", "5.84", "--critical", "0", "--out", "out"],
        _copied(OLD / "lowangle" / "film.csv"),
    ),
    "resolution": Tried(
        ["resolution", "--standard", "LaB6", "--wavelength", "CuKa", "--axis", "2theta", "--out", "out.toml"],
        _copied(OLD / "fits" / "lab6.xy"), ".xy",
    ),
    "map": Tried(["map", *REGION, "--check", "1", "--workers", "1", "--out", "out.h5"], stack, ".npz"),
    "show": Tried(["show"], RESULT, ".json"),
    "report of a result": Tried(["report", "--out", "page.html"], RESULT, ".json"),
    "sample-table": Tried(["sample-table", "--out", "out.csv"], RESULT, ".json"),
    "crystal": Tried(["crystal"], _copied(OLD / "fits" / "own.toml"), ".toml"),
    "image": Tried(["image", "--cut", "in-plane:0.1:0.5", "--out", "out"], film, ".edf"),
    "orientation": Tried(
        ["orientation", "--incidence", "0.3", "--lattice", "CsPbBr3", "--out", "out"], film, ".edf"
    ),
    "periods": Tried(
        ["periods", "--incidence", "0.4", "--critical", "0.035:0.002", "--out", "out"],
        lambda path: spots.write_edf(path, spots.gisaxs(1, height=60.0, largest=1)), ".edf",
    ),
    "saed": Tried(
        ["saed", "--camera-constant", str(electrons.CONSTANT), "--out", "out"], diffraction, ".edf"
    ),
    "outlines": Tried(["outlines", "--pixel", "2", "--out", "out"], micrograph, ".png"),
    "convert, output": Tried(["convert", str(CUBES)], None),
    "simulate, output": Tried(["simulate", *TRUTH], None),
    "plot, output": Tried(["plot", str(CUBES)], None, ".png", "--out"),
    "background, output": Tried(["background", str(CUBES)], None, ".csv", "--out"),
    "fit, output": Tried(["fit", *FEW, str(CUBES)], None, "", "--out"),
    "fit, page": Tried(["fit", *FEW, str(CUBES)], None, ".html", "--report"),
    "plan, output": Tried(["plan", *PLANNED], None, ".json", "--json"),
    "demo, output": Tried(["demo"], None, "", "--out"),
    "gallery, output": Tried(["gallery", "--only", "S3"], None, "", "--out"),
    "paper, output": Tried(["paper", "--quick"], None, "", "--out"),
}  # fmt: skip


def rows() -> list[Row]:
    """One row for each way to try a command."""

    def row(i: int, name: str) -> Row:
        def prepare(folder: Path) -> Attempt:
            _try(folder / "usual", "film 30C", COMMANDS[name])  # so that all is imported

            def attempt(number: int, chance: random.Random) -> None:
                # Another name first in each row, for an audit of one case a row.
                stem = STEMS[(number + i) % len(STEMS)]
                in_a_fork(lambda: _try(folder / str(number), stem, COMMANDS[name]))

            return attempt

        return Row("name", f"slxrd {name}", prepare, limit=120.0)

    return [row(i, name) for i, name in enumerate(COMMANDS)]


def _try(folder: Path, stem: str, tried: Tried) -> None:
    folder.mkdir()
    os.chdir(folder)
    name = stem[: LONGEST - len(tried.suffix)] + tried.suffix if stem.isascii() else stem + tried.suffix
    content = None
    if tried.write is not None:
        tried.write(folder / "written")
        content = (folder / "written").read_bytes()
        (folder / "written").rename(name)
    given = [f"{tried.option}={name}"] if tried.option else ["--", name] if name.startswith("-") else [name]
    done = call(*tried.words, *given, *(["converted.csv"] if tried.words == ["convert"] else []))
    if done.code not in (0, 2) or "Traceback" in done.err:
        raise RuntimeError(done.err[-300:])
    if {"\x1b", "\x07"} & set(done.out + done.err):
        raise Wrong("control characters are printed")
    if Path("x").exists() or (content is not None and Path(name).read_bytes() != content):
        raise Wrong("the file was changed, or its name was executed")
    if content is None and done.code == 0 and not Path(name).exists():
        raise Wrong(f"not written: {os.listdir()}")
    if done.code == 2:
        raise Wrong(f"refused: {done.err[-300:]}")
