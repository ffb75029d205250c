"""Processor time and memory of each command, against what is recorded: ``nox -s budgets``.

A time is divided by that of a reference calculation at most 10 s before it. The exit code is 1 if a command
takes more than twice what is recorded in command_budgets.json, which ``nox -s budgets -- --renew`` writes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from cli_shell import CUBES, FEW, REGION
from processes import Used, run_program
from report import line, machine, seconds
from simulated_cuts import FOLDER as CUTS

import slxrd

RECORDED = Path(__file__).with_name("command_budgets.json")
#: How long, in s, a reference is that of the commands that follow it.
VALID = 10.0
#: Largest ratio to what is recorded, and how often a command is measured before it has failed.
LARGEST, TRIES = 2.0, 3
#: Imports, arithmetic of arrays, and Python, as the commands have them.
REFERENCE = """
import numpy as np, scipy.optimize
x = np.linspace(0.0, 1.0, 20_000)
for _ in range(500):
    y = np.exp(-x) * np.cos(3.0 * x)
total = 0
for i in range(1_000_000):
    total += i % 7
"""
FILM = ["film.csv", *FEW]
GEOMETRY = [
    "--distance",
    "1000",
    "--centre",
    "80,40",
    "--pixel",
    "200",
    "--wavelength",
    "1.0",
    "--incidence",
    "0.3",
]
RINGS = [
    "--distance",
    "90",
    "--centre",
    "155,120",
    "--pixel",
    "344",
    "--wavelength",
    "1",
    "--incidence",
    "0.3",
]
TRUTH = [
    word for text in ("d=5.84", "L=36.9", "sigma_L=1.4", "N=13", "sigma_N=1.5") for word in ("--set", text)
]
#: Arguments of each command; those that come later read what earlier ones wrote.
COMMANDS = {
    "info": ["film.csv"],
    "convert": ["film.csv", "converted.csv"],
    "plot": ["film.csv", "--plot", "plot.png"],
    "simulate": ["new.csv", *TRUTH, "--range", "0.85:1.3", "--noise", "0.01", "--seed", "1"],
    "crystal": ["CsPbBr3"],
    "fit": [*FILM, "--out", "out"],
    "show": ["out"],
    "report": ["out", "--out", "page.html"],
    "budget": FILM,
    "robust": ["out"],
    "compare": ["film.csv", *REGION, "--models", "planes,CsPbBr3"],
    "lp": [*FILM, "--wavelength", "CuKa1"],
    "merit": ["film.csv", *REGION],
    "peaks": ["film.csv", *REGION],
    "background": ["film.csv", "--out", "background.csv"],
    "correct": [
        "film.csv", "--wavelength", "CuKa1", "--thickness", "500nm", "--mu", "100", "--out", "corrected.csv",
    ],
    "noise": ["film-0.csv", "film-1.csv", "film-2.csv", *REGION],
    "resolution": ["lab6.xy", "--standard", "LaB6", "--wavelength", "CuKa"],
    "lowangle": ["gap.csv", "--d", "5.84"],
    "plan": [*TRUTH, "--counts", "1500", *REGION, "--number", "4"],
    "series": ["film-0.csv", "film-1.csv", "film-2.csv", *FEW, "--processes", "1", "--out", "series"],
    "map": ["stack.npz", *REGION, "--check", "2", "--workers", "1", "--out", "map.h5"],
    "directions": [
        str(CUTS / "cumulative-scan.csv"), f"{CUTS / 'cumulative-100.csv'}:100", "--budget", "10000",
        "--coherent", "6", "--share", "d,N,sigma_N", "--region", "0.95:1.2",
    ],
    "image": ["film.edf", *GEOMETRY, "--cut", "in-plane:0.045:0.055", "--plot", "image.png"],
    "orientation": ["rings.edf", *RINGS, "--lattice", "CsPbBr3", "--q", "0.5:1.7"],
    "saed": ["saed.edf", "--camera-constant", "720:7", "--lattice", "CsPbBr3", "--q", "0.8:1.8"],
    "periods": ["spots.edf", "--incidence", "0.4"],
    "sample-table": ["out"],
    "outlines": ["tem.png", "--scale-bar", "100:50"],
    "gallery": ["--only", "S3", "--out", "gallery"],
    "paper": ["--only", "anneal_RT", "--quick", "--out", "paper"],
    "demo": ["--out", "demo"],
}  # fmt: skip
#: Commands that are measured elsewhere.
ELSEWHERE = {"app": "benchmarks/app.py"}


def write_inputs(folder: Path) -> None:
    """Write the files that the commands read."""
    from fabio.edfimage import EdfImage
    from simulated_images import simulated_image, spots
    from simulated_micrographs import micrograph, quadrilateral, write_png
    from simulated_rings import Textured, film
    from simulated_saed import diffraction
    from simulated_spots import gisaxs, write_edf

    from slxrd.fitting.record.write import pattern_csv

    (folder / "film.csv").write_bytes(CUBES.read_bytes())
    q, stack = np.arange(0.9, 1.25, 0.0025), []
    for i, L in enumerate((36.9, 36.4, 36.0)):
        truth = {"d": 5.84, "L": L, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.5}
        pattern = slxrd.simulate(q, truth, peak=3000.0, noise="counting", seed=i)
        (folder / f"film-{i}.csv").write_text(pattern_csv(pattern), encoding="utf-8")
        stack.append(pattern.intensity)
    np.savez(folder / "stack.npz", q=q, intensity=np.array(stack))
    low = np.arange(0.1, 0.6, 0.004)
    dips = (1.0 - 0.95 * np.exp(-0.5 * (1.4 * low) ** 2) * np.cos(31.06 * low)) / np.sin(low * 2.92) ** 2
    counts = np.random.default_rng(3).poisson(300.0 * dips + 20.0)
    columns, head = np.column_stack((low, counts)), "simulated\nq in 1/Å, intensity"
    np.savetxt(folder / "gap.csv", columns, delimiter=",", header=head, encoding="utf-8")
    lab6 = Path(__file__).parents[1] / "tests" / "files" / "v0.1" / "fits" / "lab6.xy"
    (folder / "lab6.xy").write_bytes(lab6.read_bytes())
    geometry = slxrd.Geometry(1000.0, 80.0, 40.0, 200.0, 200.0, 1.0, incidence=0.3)
    pictures = {
        "film": simulated_image(geometry, (90, 80), spots([(0.03, 0.05)], 0.004, 200.0, 5.0)).counts,
        "rings": np.random.default_rng(1).poisson(film((Textured(),), counts=30.0, families=2)),
        "saed": np.random.default_rng(1).poisson(diffraction(oriented=0.0, counts=15.0)),
    }
    for name, counts in pictures.items():
        EdfImage(data=counts.astype("int32"), header={"simulated": "yes"}).write(str(folder / f"{name}.edf"))
    write_edf(folder / "spots.edf", gisaxs(1, height=60.0, largest=1))
    chance = np.random.default_rng(2)
    shapes = [quadrilateral((60.0, 50.0), 50.0, 45.0, 20.0, chance, 1.0)]
    write_png(folder / "tem.png", micrograph(shapes, (100, 120), chance))


def reference() -> Used:
    """Measure the reference calculation."""
    return run_program("-c", REFERENCE)


class Reference:
    """Processor time of the reference calculation, measured again after a while."""

    def __init__(self) -> None:
        self.time, self.measured = 0.0, -math.inf

    def forget(self) -> None:
        """Have it measured again."""
        self.measured = -math.inf

    def now(self) -> float:
        """Return the time of the reference calculation as it is now, in s."""
        if time.monotonic() - self.measured > VALID:
            self.time, self.measured = reference().time, time.monotonic()
        return self.time


REFERENCES = Reference()


def measure(command: str) -> tuple[float, float]:
    """Processor time of a command, divided by that of the reference before it, and peak memory in MB."""
    force = ["--force"] if "--out" in COMMANDS[command] or "--plot" in COMMANDS[command] else []
    unit = REFERENCES.now()
    used = run_program("-m", "slxrd", command, *COMMANDS[command], *force)
    return used.time / unit, used.memory


def check(commands: Iterable[str], recorded: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Measure commands, print them, and return what was measured; one that is too large is measured again."""
    found: dict[str, dict[str, float]] = {}
    for command in commands:
        known = recorded.get(command)
        ratio, memory = measure(command)
        for _ in range(TRIES - 1):
            if known and (ratio > LARGEST * known["ratio"] or memory > LARGEST * known["memory"]):
                REFERENCES.forget()
                ratio, memory = np.minimum((ratio, memory), measure(command)).tolist()
        found[command] = {"ratio": round(ratio, 2), "memory": round(memory)}
        was = f"recorded {known['ratio']:g}, {known['memory']:g} MB" if known else "not recorded"
        line(f"{command} ({was})", f"{ratio:.2f}, {memory:.0f} MB")
    return found


def too_large(found: dict[str, dict[str, float]], recorded: dict[str, dict[str, float]]) -> list[str]:
    """Sentences about commands that take more than twice what is recorded, or of which nothing is."""
    sentences = [f"{command}: nothing is recorded; --renew" for command in found if command not in recorded]
    for command, known in recorded.items():
        for name, unit in (("ratio", "times the reference"), ("memory", "MB")):
            value = found.get(command, {}).get(name, 0.0)
            if value > LARGEST * known[name]:
                sentences.append(f"{command}: {value:g} {unit}, of which {known[name]:g} is recorded")
    return sentences


def main() -> int:
    """Measure all commands; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renew", action="store_true", help="record what is measured")
    parser.add_argument("--only", action="append", choices=list(COMMANDS), help="a command; may be repeated")
    given = parser.parse_args()
    machine()
    os.environ.update(OPENBLAS_NUM_THREADS="1", MPLBACKEND="Agg")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
    start = os.times()
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(Path(folder))
        os.chdir(folder)
        try:
            line("reference", seconds(REFERENCES.now()))
            found = check(given.only or COMMANDS, {} if given.renew else recorded)
        finally:
            os.chdir(here)
    line("all, with the reference", seconds(sum(os.times()[:4]) - sum(start[:4])))
    if given.renew:
        rows = (f' "{command}": {json.dumps(budget)}' for command, budget in {**recorded, **found}.items())
        RECORDED.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
        return 0
    sentences = too_large(found, recorded)
    print("\n".join(sentences) or "no command takes more than twice what is recorded")
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
