"""Record what slxrd 0.1 (commit 988aac9) computes: the files of this folder and their numbers.

Run with that version on the path, from any folder::

    PYTHONPATH=<checkout of 988aac9>/src python record.py [STEP ...]

The steps are the functions named ``step_*``; all of them where none is named. ``inputs`` comes first.
The commands are recorded in ``commands.json``, with the folder in which each was run and the files that it
wrote, so that the tests can run them again.
"""

from __future__ import annotations

import json
import math
import os
import shlex
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from slxrd.examples.catalogue import EXAMPLES
from slxrd.session import Session
from slxrd.standards import standard

import slxrd

sys.path.insert(0, str(Path(__file__).parents[2] / "helpers"))
from fit_numbers import numbers_of, numbers_of_estimate

ROOT = Path(__file__).parent
CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
#: Atoms: fewer planes, so that the fits are quick.
SMALL = {"d": 5.84, "L": 33.0, "sigma_L": 1.0, "N": 7.0, "sigma_N": 0.8}


def sets(values: dict[str, float]) -> str:
    return " ".join(f"--set {name}={value:g}" for name, value in values.items())


#: Simulated inputs: folder, command.
SIMULATED = [
    ("fits", f"slxrd simulate atoms.csv {sets(SMALL)} --crystal CsPbBr3:Br --range 0.85:1.32 --step 0.004 "
     "--peak 2000 --noise counting --seed 11"),
    ("fits", f"slxrd simulate slab.csv {sets(SMALL)} --set rho=0.28 --crystal CsPbBr3:Br --slab oleylamine "
     "--range 0.85:1.32 --step 0.004 --peak 2000 --noise counting --seed 12"),
    ("fits", f"slxrd simulate own.csv {sets(SMALL)} --crystal own.toml --range 0.85:1.32 --step 0.004 "
     "--peak 2000 --noise counting --seed 13"),
    ("fits", f"slxrd simulate mixed.csv {sets(SMALL)} --stack mixed --range 0.85:1.32 --step 0.004 "
     "--peak 2000 --noise counting --seed 14"),
    ("fits", f"slxrd simulate alternating.csv {sets({**SMALL, 'sigma_L': 0.6, 'N': 6, 'sigma_N': 0.5})} "
     "--set d_B=6.2 --set N_B=4 --set sigma_N_B=0.4 --stack alternating --range 0.8:1.35 --step 0.004 "
     "--peak 3000 --noise counting --seed 15"),
    ("fits", f"slxrd simulate joint.csv {sets({**CUBES, 'sigma_N': 1.3})} --range 0.8:2.4 --step 0.004 "
     "--peak 3000 --background 20 --noise counting --seed 16"),
    ("fits", f"slxrd simulate faint.csv {sets(CUBES)} --range 0.85:1.32 --step 0.004 --peak 60 "
     "--noise counting --seed 17"),
    ("fits", f"slxrd simulate raw.csv {sets(CUBES)} --range 0.85:2.4 --step 0.004 --wavelength CuKa --raw "
     "--zero angle --resolution resolution.toml --peak 4000 --background 40 --noise counting --seed 18"),
    ("series", f"slxrd simulate grown/film-25C.csv {sets(CUBES)} --range 0.85:1.32 --step 0.004 --peak 900 "
     "--noise counting --seed 21"),
    ("series", f"slxrd simulate grown/film-50C.csv {sets({**CUBES, 'd': 5.846, 'L': 36.3})} "
     "--range 0.85:1.32 --step 0.004 --peak 900 --noise counting --seed 22"),
    ("series", f"slxrd simulate grown/film-75C.csv {sets({**CUBES, 'd': 5.852, 'L': 35.8})} "
     "--range 0.85:1.32 --step 0.004 --peak 900 --noise counting --seed 23"),
]  # fmt: skip
FIRST = "--region 0.88:1.28"
#: Documents: folder, command, what it writes and is kept. Pictures are not kept.
COMMANDS = [
    ("fits", "slxrd resolution lab6.xy --standard LaB6 --axis 2theta --wavelength CuKa --out resolution.toml "
     "--json resolution.json --force", ["resolution.toml", "resolution.json"]),
    *(("fits", f"slxrd fit {text}", ["result.json", "fit.csv"]) for text in (
        f"atoms.csv --crystal CsPbBr3:Br {FIRST} --out atoms",
        f"slab.csv --crystal CsPbBr3:Br --slab oleylamine {FIRST} --out slab",
        f"own.csv --crystal own.toml {FIRST} --out own",
        f"mixed.csv --stack mixed {FIRST} --out mixed",
        "alternating.csv --stack alternating --region 0.82:1.33 --bounds N=3:9 --bounds N_B=2:7 "
        "--bounds L=25:40 --start d=5.84 --start d_B=6.2 --out alternating",
        "joint.csv --region 0.88:1.28 --region 1.98:2.33:0.1 --mask 1.05:1.06 --tie sigma_N=0.1*N "
        "--prior L=37:2 --bounds N=8:18 --objective log --background linear --free q_zero --out joint",
        f"faint.csv {FIRST} --bootstrap 40 --seed 5 --out faint",
        "faint.csv --region 0.9:1.26 --objective paper2021 --noise 0.03 --scale peak --out paper2021",
        "raw.csv --wavelength CuKa --noise counting --background linear --zero angle --free q_zero "
        "--resolution resolution.toml --region 0.88:1.28 --region 1.98:2.33 --out raw",
    )),
    ("fits", f"slxrd compare atoms.csv --models planes,planes+mixed,CsPbBr3:Br,CsPbBr3:CsBr {FIRST} "
     "--out compare", ["compare.json", "compare.csv"]),
    ("fits", f"slxrd merit faint.csv {FIRST} --bulk 5.85:0.01 --out merit", ["merit.json", "merit.csv"]),
    ("fits", "slxrd background joint.csv --out flattened.csv", ["flattened.csv"]),
    ("fits", "slxrd peaks joint.csv --region 0.95:1.2 --subtract 1 --out without-peak.csv",
     ["without-peak.csv"]),
    ("lowangle", "slxrd fit film.csv --region 0.88:1.28 --region 1.98:2.33:0.1 --out fit",
     ["result.json", "fit.csv"]),
    ("lowangle", "slxrd lowangle film.csv --d 5.84 --out known-d", ["lowangle.json", "lowangle.csv"]),
    ("lowangle", "slxrd lowangle film.csv --result fit/result.json --out with-fit",
     ["lowangle.json", "lowangle.csv"]),
    ("series", "slxrd series heated --region 0.88:1.28 --low-angle 0.12:0.45 --out independent",
     ["series.json", "series.csv", "lowangle.csv"]),
    ("series", f"slxrd series grown {FIRST} --shared N,sigma_N --smooth L --degree 1 --out joint",
     ["series.json", "series.csv", "joint.csv"]),
]  # fmt: skip


def call(folder: str, command: str) -> None:
    """Type a command in a folder, as a person would."""
    words = shlex.split(command)
    print(f"[{folder}] {command}", flush=True)
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT / folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def powder(path: Path) -> None:
    """Simulate LaB6 with Cu Kα: a Gaussian and a Lorentzian half and half, 0.08° wide; Poisson noise."""
    x = np.arange(18.0, 90.0, 0.02)
    expected = 40.0 * (1.0 + 0.2 * np.cos(x / 40.0))
    strength = np.random.default_rng(99)
    for reflection in standard("LaB6").reflections(2.0 * math.tau / 1.540593):
        height = 1500.0 * strength.uniform(0.2, 1.2)
        for length, ratio in ((1.540593, 1.0), (1.544427, 0.5)):
            sine = reflection.q * length / (2.0 * math.tau)
            if sine < 0.99:
                u = (x - 2.0 * math.degrees(math.asin(sine)) - 0.01) / 0.04
                expected += ratio * height * 0.5 * (np.exp(-math.log(2.0) * u**2) + 1.0 / (1.0 + u**2))
    counts = np.random.default_rng(5).poisson(expected)
    rows = "".join(f"{a:.2f} {b}\n" for a, b in zip(x.tolist(), counts.tolist(), strict=True))
    path.write_text("# simulated LaB6, Cu Ka, 2theta counts\n" + rows, encoding="utf-8")


def low_angle_inputs() -> None:
    """Simulate ten low-angle patterns: gaps between stacks of planes on a sloping background."""
    random = np.random.default_rng(301)
    folder = ROOT / "lowangle" / "simulated"
    folder.mkdir(parents=True, exist_ok=True)
    q = np.round(0.1 + 0.003 * np.arange(151), 6)
    for i in range(10):
        d, w, s = random.uniform(5.0, 6.5), random.uniform(24.0, 40.0), random.uniform(0.5, 2.0)
        sines = 0.5 * (1.0 - np.cos(q * w) * np.exp(-0.5 * (q * s) ** 2))
        expected = 300.0 * sines / np.sin(0.5 * q * d) ** 2 + 9000.0 * np.exp(-q / 0.06) + 30.0
        counts = random.poisson(expected).astype(float)
        header = (
            f"# simulated: low angles, d = {d!r}, w = {w!r}, sigma_w = {s!r}\n# q in 1/Å, intensity, sigma\n"
        )
        rows = "".join(f"{a:.10g},{b:.10g},{math.sqrt(max(c, 1.0)):.10g}\n"
                       for a, b, c in zip(q.tolist(), counts.tolist(), expected.tolist(), strict=True))  # fmt: skip
        (folder / f"{i}.csv").write_text(header + rows, encoding="utf-8")


def step_inputs() -> None:
    for name in ("fits", "lowangle", "series/heated", "series/grown", "sessions"):
        (ROOT / name).mkdir(parents=True, exist_ok=True)
    powder(ROOT / "fits" / "lab6.xy")
    low_angle_inputs()
    library = files("slxrd.crystals") / "CsPbBr3.toml"
    text = library.read_text(encoding="utf-8").replace('name = "CsPbBr3"', 'name = "own"')
    (ROOT / "fits" / "own.toml").write_text(text.replace("B = 6.0", "B = 5.0"), encoding="utf-8")
    packaged = Path(str(files("slxrd.examples")))
    annealing = packaged / "cspbbr3-annealing"
    shutil.copy(annealing / "cspbbr3-annealing-025C.csv", ROOT / "lowangle" / "film.csv")
    for t in ("025", "075"):
        shutil.copy(annealing / f"cspbbr3-annealing-{t}C.csv", ROOT / "series" / "heated")
    shutil.copy(packaged / EXAMPLES["cumnsb-film"].file, ROOT / "sessions" / "film.xrdml")
    shutil.copy(packaged / "NOTICE.md", ROOT / "sessions" / "NOTICE.md")
    call(*COMMANDS[0][:2])  # the resolution, which a simulation needs
    for folder, command in SIMULATED:
        call(folder, command + " --force")
    shutil.copy(ROOT / "fits" / "faint.csv", ROOT / "sessions" / "faint.csv")
    shutil.copy(ROOT / "fits" / "atoms.csv", ROOT / "sessions" / "atoms.csv")


def step_commands() -> None:
    """Type the commands, and keep which of their files are kept."""
    kept = []
    for folder, command, names in COMMANDS:
        words = shlex.split(command)
        out = words[words.index("--out") + 1]
        into = out + "/" if "." not in out else ""
        if not all((ROOT / folder / (into + name)).exists() for name in names):
            call(folder, command)
        wrote = [into + name for name in names]
        if "--bootstrap" in words:
            wrote += [f"{out}/bootstrap.json", f"{out}/bootstrap.csv"]
        kept.append({"folder": folder, "command": command, "wrote": wrote})
    document = {
        "simulated": [{"folder": f, "command": c, "wrote": [shlex.split(c)[2]]} for f, c in SIMULATED],
        "commands": kept,
    }
    (ROOT / "commands.json").write_text(
        json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def step_examples() -> None:
    call(".", "slxrd demo --out examples --force")


def step_sessions() -> None:
    """Sessions as the page and a notebook save them, typed in their own folder so that paths are relative."""
    os.chdir(ROOT / "sessions")
    Session().save("empty.json", force=True)

    session = Session()
    session.open_file("faint.csv")
    session.save("opened.json", force=True)
    session.do("one order", choices={"regions": [(0.88, 1.28)]})
    session.do("not this", choices={"background": "cubic"})
    session.undo()
    session.do("start", choices={"start": {"L": 37.0}, "bounds": {"N": (5.0, 25.0)}})
    session.save("chosen.json", force=True)
    session.fit()
    session.save("several-solutions.json", force=True)
    session.do("a prior", choices={"prior": {"N": (13.0, 1.0)}, "tie": {"sigma_N": "0.12*N"}})
    session.save("changed-after-fit.json", force=True)

    session = Session()
    session.open_file("atoms.csv")
    session.do("atoms", choices={"crystal": "CsPbBr3:Br", "regions": [(0.88, 1.28)]})
    session.save("crystal-chosen.json", force=True)
    session.fit()
    session.save("crystal.json", force=True)

    session = Session()
    session.open_file("film.xrdml", scan=1)
    session.do("film", choices={"coherent": 1, "regions": [(1.94, 2.15)], "resolution": 0.0005})
    session.do(
        "no substrate", choices={"mask": [(2.064, 2.086)], "background": "constant", "noise": "counting"}
    )
    session.do("logarithms", choices={"objective": "log"})
    session.fit()
    session.save("masked-film.json", force=True)

    session = Session()
    session.open_file(Path("faint.csv").read_bytes(), "uploaded.csv")
    session.do("region", choices={"regions": [(0.88, 1.28)], "stack": "mixed", "weighting": "volume"})
    session.fit()
    session.save("content-inside.json", force=True)

    session = Session()
    session.open_file("example:pbs-spheres")
    line = {f: getattr(slxrd.read_resolution("../fits/resolution.toml"), f)
            for f in ("U", "V", "W", "lorentzian", "wavelength")}  # fmt: skip
    session.do("measured line", choices={"regions": [(1.9, 2.32)], "resolution": line, "zero": "q"})
    session.fit()
    session.save("example-with-line.json", force=True)


def _stacked(random: np.random.Generator) -> dict[str, float]:
    N = random.uniform(3.0, 20.0)
    return {
        "d": random.uniform(5.6, 6.1), "L": random.uniform(28.0, 45.0), "sigma_L": random.uniform(0.1, 2.5),
        "N": N, "sigma_N": random.uniform(0.3, 0.2 * N), "q_zero": random.uniform(-0.003, 0.003),
    }  # fmt: skip


def _second(random: np.random.Generator) -> dict[str, float]:
    return {
        "d_B": random.uniform(2.8, 3.2),
        "N_B": random.uniform(4.0, 12.0),
        "sigma_N_B": random.uniform(0.3, 1.0),
    }


def _single(random: np.random.Generator) -> dict[str, float]:
    values = _stacked(random)
    return {name: values[name] for name in ("d", "N", "sigma_N", "q_zero")}


def _kinds() -> dict[str, Any]:
    """Of each kind of stack: q range, options of simulate, random values."""
    wide, low = (0.4, 3.2), (0.05, 0.5)
    atoms = {"crystal": "CsPbBr3:Br"}
    return {
        "planes": (wide, {}, _stacked),
        "planes, volume weighting": (wide, {"weighting": "volume"}, _stacked),
        "planes, spread of M": (wide, {"coherent": 25, "coherent_spread": 4.0}, _stacked),
        "planes, few crystals": (wide, {"coherent": 3, "size_window": 3.0, "resolution": 0.0}, _stacked),
        "planes, sigma_u and unstacked": (wide, {}, lambda r: {
            **_stacked(r), "sigma_u": r.uniform(0.1, 1.5), "unstacked": r.uniform(0.05, 0.6)}),
        "planes, doublet": (wide, {"wavelength": "CuKa", "zero": "displacement"}, _stacked),
        "planes, measured line": (wide, {"wavelength": "CuKa", "zero": "angle", "resolution": "fits/resolution.toml"},
                                  _stacked),
        "planes, low angles": (low, {}, _stacked),
        "atoms, low angles": (low, atoms, _stacked),
        "slab, low angles": (low, {**atoms, "slab": "oleylamine"}, _stacked),
        "single crystal": (wide, {"coherent": 1, "resolution": 0.001}, _single),
        "single crystal of atoms": (wide, {"coherent": 1, "crystal": "PbS-111:Pb:S"}, lambda r: {
            **_single(r), "d": r.uniform(3.3, 3.5)}),
        "mixed": (wide, {"stack": "mixed"}, _stacked),
        "mixed, volume weighting": (wide, {"stack": "mixed", "weighting": "volume"}, _stacked),
        "atoms": (wide, atoms, _stacked),
        "atoms, PbBr2": (wide, {"crystal": "CsPbBr3:PbBr2"}, _stacked),
        "atoms of a file": (wide, {"crystal": "fits/own.toml"}, _stacked),
        "atoms, further parameters": (wide, atoms, lambda r: {
            **_stacked(r), "B": r.uniform(-1.0, 3.0), "shift_surface": r.uniform(-0.2, 0.2),
            "occ_CsBr_Cs": r.uniform(0.6, 1.0)}),
        "atoms, mixed": (wide, {**atoms, "stack": "mixed"}, _stacked),
        "slab": (wide, {**atoms, "slab": "oleylamine"}, _stacked),
        "slab, density": (wide, {**atoms, "slab": 0.3}, lambda r: {**_stacked(r), "rho": r.uniform(0.1, 0.6)}),
        "slab, mixed": (wide, {**atoms, "slab": 0.25, "stack": "mixed"}, _stacked),
        "alternating planes": (wide, {"stack": "alternating"}, lambda r: {
            **_stacked(r), **_second(r), "dL_B": r.uniform(-2.0, 2.0), "f_B": r.uniform(0.5, 2.0)}),
        "alternating atoms": (wide, {**atoms, "partner": "PbS-100"}, lambda r: {**_stacked(r), **_second(r)}),
    }  # fmt: skip


def _intensities() -> list[dict[str, Any]]:
    recorded = []
    random = np.random.default_rng(988)
    os.chdir(ROOT)
    for kind, ((low, high), options, draw) in _kinds().items():
        q = np.round(np.linspace(low, high, 50), 6)
        given = dict(options)
        if isinstance(given.get("resolution"), str):
            given["resolution"] = slxrd.read_resolution(given["resolution"])
        samples = []
        for _ in range(10):
            values = draw(random)
            pattern = slxrd.simulate(q, values, peak=1.0, **given)
            samples.append({"values": values, "intensity": pattern.intensity.tolist()})
        recorded.append({"kind": kind, "options": options, "q": q.tolist(), "samples": samples})
    return recorded


def _low_angles() -> list[dict[str, Any]]:
    recorded = []
    for i in range(10):
        options: dict[str, Any] = {} if i % 3 else {"critical": 0.03}
        if i % 2:
            options["d"] = 5.8
        found = slxrd.fit_low_angle(slxrd.read(ROOT / "lowangle" / "simulated" / f"{i}.csv"), **options)
        recorded.append({
            "file": f"lowangle/simulated/{i}.csv", "options": options, "chi2": found.chi2,
            "reduced_chi2": found.reduced_chi2,
            "estimates": {name: numbers_of_estimate(row) for name, row in found.estimates.items()},
            "q": found.q[::3].tolist(), "calculated": found.calculated[::3].tolist(),
        })  # fmt: skip
    return recorded


def step_numbers() -> None:
    document = {
        "slxrd": slxrd.__version__,
        "commit": "988aac9",
        "examples": {name: numbers_of(each.fit()) for name, each in EXAMPLES.items()},
        "intensities": _intensities(),
        "low_angles": _low_angles(),
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    text = (
        text.replace('{"kind"', '\n{"kind"')
        .replace('{"values"', '\n {"values"')
        .replace('{"file"', '\n{"file"')
    )
    (ROOT / "numbers.json").write_text(text + "\n", encoding="utf-8")


def step_tidy() -> None:
    """Pictures are not needed."""
    for picture in ROOT.rglob("*.png"):
        picture.unlink()


def main() -> None:
    steps = {name[5:]: step for name, step in globals().items() if name.startswith("step_")}
    for name in sys.argv[1:] or ("inputs", "commands", "examples", "sessions", "numbers", "tidy"):
        print(f"== {name}", flush=True)
        steps[name]()


if __name__ == "__main__":
    main()
