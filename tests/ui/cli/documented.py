"""What the documents print, to be run as printed: ``python tests/ui/cli/documented.py [PAGE...]`` runs all.

With ``--not-in-tests``, all but those whose output the tests compare with the page. ``--rewrite [PAGE...]``
writes into the pages what their commands print now.

Files that a page takes for granted (``film.xrdml``, ``LaB6.xrdml``, …) are simulated here. What a block
leaves behind is at hand for those below it on the page, its folders of results excepted.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from cli_shell import call

import slxrd
from slxrd import units
from slxrd.data.correction_factors import lorentz_polarisation
from slxrd.fitting.record.write import pattern_csv
from slxrd.instrument.calibration.standards import STANDARDS

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: These take minutes or install something; .ci/run and the report of the calibration run them.
ELSEWHERE = (
    "python -m pip install . && slxrd demo",
    'python -m pip install ".[test]" && python -m pytest',
    "python benchmarks/calibration.py --slow 0 --report docs",
    "python benchmarks/calibration.py --crystals --patterns 56 --slow 0 --report docs",
)
_COLUMNS = "".join(
    f"_atom_site_{name}\n" for name in ("label", "type_symbol", "fract_x", "fract_y", "fract_z")
)
#: Orthorhombic CsPbBr₃ with octahedra about as tilted as they are, and PbS written as ions.
CSPBBR3 = f"""data_example
_cell_length_a 8.244
_cell_length_b 11.735
_cell_length_c 8.198
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'P n m a'
_chemical_formula_sum 'Br3 Cs Pb'
_cell_formula_units_Z 4
loop_
{_COLUMNS}Cs Cs+ 0.48 0.25 0.01
Pb Pb2+ 0 0 0.5
Br1 Br- 0.5 0.25 0.547
Br2 Br- 0.294 0.026 0.794
"""
PBS = f"""data_example
_cell_length_a 5.936
_cell_length_b 5.936
_cell_length_c 5.936
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'F m -3 m'
loop_
{_COLUMNS}Pb Pb2+ 0 0 0
S S2- 0.5 0.5 0.5
"""
#: Values of options that make a command short: replicates of a bootstrap, simulated measurements of a plan,
#: and the points of a map.
FEW = {"--bootstrap": "8", "--number": "4", "--map": "L=34:40:5,N=12:14:5"}
#: Patterns of a series that stands in a folder.
FILMS = 4
#: Commands and Python that take less than half a second: they run in the tests too.
QUICK = ("simulate", "info", "convert", "correct")
_CALCULATING = (
    r"\b(fit\w*|Session|load|decompose|find_\w+|subtract_background|measure_\w+|compare_\w+|register_\w+"
    r"|sample_table)\("
)


@dataclass(frozen=True)
class Block:
    """Commands, or Python, that stand together on a page."""

    page: Path
    line: int
    kind: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The lines to be typed; what is printed below a line with a prompt is not one."""
        lines = re.sub(r"\\\n\s*", "", self.text).splitlines()
        prompted = [line[2:] for line in lines if line.startswith("$ ")]
        found = prompted or [line for line in lines if re.match(r"(slxrd|python) ", line)]
        return [line for line in found if line not in ELSEWHERE and not _is_a_synopsis(line)]

    @property
    def quick(self) -> bool:
        """Whether it takes less than half a second."""
        if self.kind == "python":
            return re.search(_CALCULATING, self.text) is None
        return all(shlex.split(line)[1] in QUICK for line in self.commands)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _is_a_synopsis(line: str) -> bool:
    return bool(re.search(r"\[[A-Za-z-]+\]|\b(FILE|COMMAND|FOLDER|RESULT)\b", line))


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that are commands or Python; notebooks run by themselves."""
    text = page.read_text(encoding="utf-8")
    fenced = r"^```(?P<kind>\w*)\n(?P<fenced>[\s\S]*?)^```$"
    indented = r"(?<=\n\n)(?P<indented>(?:    [^\n]*\n|\n(?=    ))+)"
    for found in re.finditer(f"{fenced}|{indented}", text, re.M):
        inside = found["fenced"] or re.sub(r"^    ", "", found["indented"] or "", flags=re.M)
        block = Block(page, text[: found.start()].count("\n") + 1, found["kind"] or "console", inside)
        if block.kind == "python" or (block.kind == "console" and block.commands):
            yield block


@cache
def _files() -> dict[str, str]:
    """Every file that a page may take for granted, by its name."""
    cubes = slxrd.example("cspbbr3-cubes").truth
    q = np.round(np.arange(0.6, 2.8, 0.002), 6)

    def counts(background: float, low: float = 0.0, high: float = 3.0) -> slxrd.Pattern:
        return slxrd.simulate(
            q[(q > low) & (q < high)],
            cubes,
            wavelength="CuKa",
            raw=True,
            peak=1500.0,
            background=background,
            noise="counting",
            seed=1,
        )

    return {
        "film.xrdml": xrdml(counts(0.0)),
        "film001.xrdml": xrdml(counts(0.0, 0.85, 1.3)),
        "film002.xrdml": xrdml(counts(0.0, 1.9, 2.45)),
        "scan.xrdml": xrdml(counts(60.0)),
        "epitaxial.csv": pattern_csv(_film_on_substrate()),
        "platelets.xrdml": xrdml(platelets(q)),
        "LaB6.xrdml": xrdml(_standard()),
        "cspbbr3.cif": CSPBBR3,
        "pbs.cif": PBS,
        "cubes.csv": (Path(slxrd.__file__).parent / "io" / "examples" / "cspbbr3-cubes.csv").read_text(
            "utf-8"
        ),
        "pattern.csv": pattern_csv(slxrd.simulate(q, cubes, peak=1500.0, noise="counting", seed=3)),
        **{
            name: (ROOT / "tests" / "files" / "directions" / f"cumulative-{cut}.csv").read_text("utf-8")
            for name, cut in (("lattice.csv", "scan"), ("lattice-100.csv", "100"), ("lattice-110.csv", "110"))
        },
        **{path.name: path.read_text("latin-1") for path in sorted((ROOT / "tests" / "files").glob("*.x00"))},
    }


def _film_on_substrate() -> slxrd.Pattern:
    values = {"d": 1.938, "N": 208.0, "sigma_N": 0.5, "f_S": 1.3, "L_S": 1.945}
    return slxrd.simulate(
        np.round(np.arange(2.95, 3.5, 0.0007), 6),
        values,
        coherent=1,
        substrate=1.9525,
        resolution=0.0007,
        peak=2e5,
        background=8.0,
        noise="counting",
        seed=1,
    )


def platelets(q: Any) -> slxrd.Pattern:
    """Platelets on a halo, with two stray peaks."""
    truth = slxrd.example("cspbbr3-platelets").truth
    flat = slxrd.simulate(q, truth, wavelength="CuKa1", raw=True, peak=1500.0)
    factor = lorentz_polarisation(flat.two_theta)
    added = sum(
        height * np.exp(-0.5 * ((q - place) / width) ** 2)
        for place, width, height in ((2.0, 0.35, 60.0), (2.153, 0.009, 160.0), (2.407, 0.009, 70.0))
    )
    expected = flat.intensity + factor / np.interp(2.1, q, factor) * added
    return replace(flat, intensity=np.random.default_rng(4).poisson(3.0 * expected).astype(float))


def _standard() -> slxrd.Pattern:
    """LaB₆ as Gaussian doublets of 0.1°."""
    used = units.radiation("CuKa")
    assert used.second is not None
    x = np.arange(18.0, 100.0, 0.02)
    expected = np.full(x.size, 30.0)
    for reflection in STANDARDS["LaB6"].reflections(4.0 * np.pi / used.second.wavelength):
        for length, share in ((used.wavelength, 1.0), (used.second.wavelength, used.second.ratio)):
            centre = 2.0 * np.degrees(np.arcsin(reflection.q * length / (4.0 * np.pi)))
            expected += 800.0 * share * np.exp(-0.5 * ((x - centre) / 0.045) ** 2)
    return slxrd.Pattern(
        x,
        np.random.default_rng(0).poisson(expected),
        "2theta",
        wavelength=used.wavelength,
        second_line=used.second,
    )


def xrdml(pattern: slxrd.Pattern) -> str:
    """Lay out counts over 2θ as PANalytical's program does."""
    places = " ".join(f"{value:.6f}" for value in pattern.two_theta)
    counts = " ".join(f"{value:.0f}" for value in pattern.intensity)
    line, second = "K-Alpha 1", ""
    if pattern.second_line is not None:
        length, ratio = pattern.second_line
        line, second = (
            "K-Alpha",
            f'<kAlpha2 unit="Angstrom">{length}</kAlpha2><ratioKAlpha2KAlpha1>{ratio}</ratioKAlpha2KAlpha1>',
        )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5"><xrdMeasurement>
<usedWavelength intended="{line}">
<kAlpha1 unit="Angstrom">{pattern.wavelength}</kAlpha1>{second}</usedWavelength>
<scan scanAxis="Gonio"><dataPoints>
<positions axis="2Theta" unit="deg"><listPositions>{places}</listPositions></positions>
<commonCountingTime unit="seconds">1</commonCountingTime><counts unit="counts">{counts}</counts>
</dataPoints></scan></xrdMeasurement></xrdMeasurements>
"""


def _with_fewer(arguments: list[str]) -> list[str]:
    """The same command with few repetitions: that it runs is seen sooner."""
    fewer = [FEW.get(before, word) for before, word in itertools.pairwise(["", *arguments])]
    few_measured = ["--number", FEW["--number"]]
    return fewer + few_measured * (arguments[0] == "plan" and "--number" not in arguments)


@cache
def _spheres() -> slxrd.Fit:
    """The fit that is in the folder ``results`` where a page takes it for granted."""
    return slxrd.example("pbs-spheres").fit()


class Reader:
    """Somebody who types what stands on a page, from its top down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, content in _files().items():
            (folder / name).write_text(content, encoding="utf-8")
        shutil.copy(ROOT / "docs" / "tutorials" / "simulated_film.py", folder)
        examples = folder / "src" / "slxrd" / "io" / "examples"
        shutil.copytree(Path(slxrd.__file__).parent / "io" / "examples", examples)
        for path in (examples / "cspbbr3-annealing").iterdir():
            shutil.copy(path, folder / f"film_{path.stem[-4:].lstrip('0')}.xy")

    def follow(self, block: Block) -> list[str]:
        """Run a block; return what its commands printed."""
        for path in self.folder.iterdir():
            if path.is_dir() and path.name != "src":
                shutil.rmtree(path)
        if "films/" in block.text:
            films = self.folder / "films"
            films.mkdir()
            for path in sorted((self.folder / "src/slxrd/io/examples/cspbbr3-annealing").iterdir())[:FILMS]:
                shutil.copy(path, films)
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            if re.search(r"(show|report) results|load\(.results", block.text):
                slxrd.save(_spheres(), "results")
            return (
                self._python(block)
                if block.kind == "python"
                else [self._type(c, block) for c in block.commands]
            )
        finally:
            os.chdir(before)

    def _type(self, command: str, block: Block) -> str:
        program, *arguments = shlex.split(command, comments=True)
        assert program == "slxrd", f"{block}: {command}"
        done = call(*(arguments if shown(block) else _with_fewer(arguments)))
        assert done.code == 0, f"{block}: {command}\n{done.err}"
        return done.out

    def _python(self, block: Block) -> list[str]:
        file = "platelets.xrdml" if "decompose(" in block.text else "film.xrdml"
        known = {"slxrd": slxrd, "pattern": slxrd.correct_lorentz_polarisation(slxrd.read(file))}
        exec(compile(block.text, str(block), "exec"), known)
        return []


def shown(block: Block) -> str:
    """Return what a page shows below a command with a prompt; empty for a block without a prompt."""
    return block.text.partition("\n")[2].rstrip() if block.text.startswith("$ ") else ""


def printed_by(block: Block, folder: Path) -> str:
    """Return what the command of a block prints, after the Python above it that makes files has run."""
    reader = Reader(folder)
    for above in blocks(block.page):
        if above.line < block.line and above.kind == "python" and above.quick:
            reader.follow(above)
    (printed,) = reader.follow(block)
    return printed.rstrip()


def rewrite(page: Path) -> None:
    """Replace what a page shows below its commands with a prompt by what they print now."""
    for block in [each for each in blocks(page) if shown(each)]:
        with tempfile.TemporaryDirectory() as folder:
            printed = printed_by(block, Path(folder))
        lines = [block.text.partition("\n")[0], *printed.splitlines()]
        before = "".join(f"    {line}".rstrip() + "\n" for line in block.text.rstrip().splitlines())
        after = "".join(f"    {line}".rstrip() + "\n" for line in lines)
        text = page.read_text(encoding="utf-8")
        assert before in text, f"{block}: is not indented by four blanks"
        page.write_text(text.replace(before, after), encoding="utf-8")


def main() -> None:
    if sys.argv[1:2] == ["--rewrite"]:
        for page in [Path(name).resolve() for name in sys.argv[2:]] or PAGES:
            rewrite(page)
        return
    names = [word for word in sys.argv[1:] if word != "--not-in-tests"]
    for page in [Path(name).resolve() for name in names] or PAGES:
        with tempfile.TemporaryDirectory() as folder:
            reader = Reader(Path(folder))
            for block in blocks(page):
                if shown(block) and "--not-in-tests" in sys.argv:
                    continue
                began = sum(os.times()[:4])
                reader.follow(block)
                title = "; ".join(block.commands) or "Python"
                print(f"{block} ({sum(os.times()[:4]) - began:.1f} s)  {title}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
