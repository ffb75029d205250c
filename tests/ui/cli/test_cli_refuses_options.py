"""Options that cannot be: exit code 2, one line with the option and the remedy, nothing written."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from cli_shell import CUBES, FILM, QUICK, REGION, call, untouched

CASES: list[tuple[list[str], str, str]] = [
    # regions
    (["--region", "5:6"], "region 5:6", r"covers 0\.8 to 2\.5"),
    (["--region", "1:1"], "region 1:1", "lower end must come first"),
    (["--region", "1.2:1"], "region 1.2:1", "lower end must come first"),
    (
        ["--region", "0.9:1.2", "--region", "1.1:1.3"],
        "1.1:1.3",
        r"apart|leave|narrow|separate|join|one region",
    ),
    (["--region", "1.06:1.065", "--resolution", "0"], "region 1.06:1.065", "widen it or fix some"),
    (["--region", "1.06:1.065", "--resolution", "0.007"], "region 1.06:1.065", "widen the region"),
    (["--region", "1.0611:1.0612"], "region 1.0611:1.0612", "widen it"),
    (["--region", "0.9:1.2:0"], "weight 0", "must be positive"),
    (["--region", "0.9:1.2:-1"], "weight -1", "must be positive"),
    (["--region", "0.9:1.2:inf"], "0.9:1.2:inf", "finite number"),
    (["--region", "nan:1.2"], "nan:1.2", "finite number"),
    (["--region", "0.9"], "--region 0.9", "QMIN:QMAX"),
    (["--region", "0.9:a"], "--region 0.9:a", "number"),
    (["--region", "1:2:3:4"], "--region 1:2:3:4", "QMIN:QMAX"),
    ([*REGION, "--mask", "1.2:1.1"], "1.2:1.1", "lower end must come first"),
    ([*REGION, "--mask", "7:8"], "mask 7:8", r"cubes\.csv"),
    ([*REGION, "--mask", "1"], "--mask 1", "A:B"),
    ([*REGION, "--mask", "0.5:2"], "region 0.9:1.25", "mask less"),
    # parameters
    ([*REGION, "--start", "x=1"], "'x'", "d, L, sigma_L, N, sigma_N, q_zero"),
    ([*REGION, "--fix", "x=1"], "'x'", "d, L, sigma_L"),
    ([*REGION, "--free", "x"], "'x'", "d, L, sigma_L"),
    ([*REGION, "--bounds", "x=1:2"], "'x'", "d, L, sigma_L"),
    ([*REGION, "--tie", "x=d"], "'x'", "d, L, sigma_L"),
    ([*REGION, "--tie", "N=2*x"], "'x'", "d, L, sigma_L"),
    ([*REGION, "--tie", "N=import os"], "import os", "arithmetic"),
    ([*REGION, "--tie", "N=N"], "tie N", "circle"),
    ([*REGION, "--start", "d=500"], "d=500", "change the start or the bounds"),
    ([*REGION, "--start", "d=5.84", "--bounds", "d=6:7"], "d=5.84", "change the start or the bounds"),
    ([*REGION, "--start", "d"], "--start d", "NAME=VALUE"),
    ([*REGION, "--start", "d=five"], "--start d=five", "not a number"),
    ([*REGION, "--start", "d=nan"], "--start d=nan", "finite number"),
    ([*REGION, "--start", "d=5", "--start", "d=6"], "d=6", "given twice"),
    ([*REGION, "--bounds", "d=7:6"], "d=7:6", "lower must be below the upper"),
    ([*REGION, "--bounds", "sigma_L=-2:6"], "sigma_L=-2:6", "cannot be below 0"),
    ([*REGION, "--bounds", "d=6"], "--bounds d=", "A:B"),
    ([*REGION, "--prior", "x=1:2"], "'x'", "d, L, sigma_L"),
    ([*REGION, "--prior", "L=36"], "--prior L=36", "A:B|MEAN:SIGMA"),
    ([*REGION, "--prior", "L=36:0"], "L", "positive"),
    ([*REGION, "--prior", "L=36:-1"], "L", "positive"),
    ([*REGION, "--ligand", "glue"], "glue", "C1 to C40"),
    ([*REGION, "--ligand", "C18", "--bounds", "L=30:40"], "L ", "leave one out|one of|not both|at once"),
    ([*REGION, "--fix", "d=-1"], "d = -1", "cannot be below"),
    ([*REGION, "--free", "q_zero"], "q_zero", "--fix q_zero=0"),
    # the instrument and the sample
    ([*REGION, "--resolution", "13"], "resolution 13", r"give it in Å⁻¹ \(0\.007"),
    ([*REGION, "--resolution", "0.4"], "region 0.9:1.25", r"--resolution 0\.007\), or widen the region"),
    ([*REGION, "--noise", "3"], "noise 3", "fraction of the maximum"),
    ([*REGION, "--noise", "counting+2"], "counting+2", "fraction of the point"),
    ([*REGION, "--coherent", "0"], "coherent 0", "1 or more"),
    ([*REGION, "--coherent", "-1"], "coherent -1", "1 or more"),
    ([*REGION, "--coherent", "1.5"], "--coherent", r"whole|integer"),
    ([*REGION, "--coherent", "many"], "--coherent", r"whole|integer"),
    ([*REGION, "--size-window", "0"], "size window", "positive"),
    ([*REGION, "--size-window", "nan"], "size window", "positive"),
    ([*REGION, "--resolution", "-1"], "resolution", "0 or more"),
    ([*REGION, "--resolution", "nan"], "resolution", "finite"),
    ([*REGION, "--resolution", "1e-9"], "resolution", "use 0"),
    # σ
    ([*REGION, "--noise", "0"], "noise 0", "positive fraction"),
    ([*REGION, "--noise", "-1"], "noise -1", "positive fraction"),
    ([*REGION, "--noise", "nan"], "noise nan", "positive fraction"),
    ([*REGION, "--noise", "loud"], "--noise loud", "0.03"),
    # reading
    (["--axis", "angle"], "--axis", "2theta"),
    (["--wavelength", "XyKa1"], "XyKa1", "CuKa1"),
    (["--wavelength", "-1.54"], "wavelength", "positive"),
    (["--scan", "2"], "scan 2", r"leave|--scan|counted from 1|one scan"),
    ([*REGION, "--monochromator", "1"], "--monochromator", "over q"),
    ([*REGION, "--no-lp"], "--no-lp", "leave it out"),
    # unknown, and missing
    (["--bogus"], "--bogus", "--bounds"),
    ([*REGION, "--scale", "big"], "--scale", "peak"),
    ([*REGION, "--background", "quartic"], "--background", "linear"),
    ([*REGION, "--objective", "square"], "--objective", "paper2021"),
    (["second-file.csv"], "second-file.csv", ""),
    # contradictions
    ([*REGION, "--fix", "d=5", "--free", "d"], "d ", "at once"),
    ([*REGION, "--fix", "d=5", "--start", "d=6"], "d ", "leave one out"),
    ([*REGION, "--fix", "d=5", "--tie", "d=2*L"], "d ", "at once"),
    ([*REGION, "--free", "d", "--free", "d"], "d ", r"twice|at once"),
    (
        [*REGION, "--objective", "paper2021", "--background", "constant"],
        "paper2021",
        "leave both options out",
    ),
    ([*REGION, "--objective", "paper2021", "--scale", "free"], "paper2021", "leave both options out"),
    ([*REGION, "--coherent", "1", "--start", "L=30"], "L ", "leave it out"),
    ([*REGION, "--coherent", "1", "--fix", "sigma_L=1"], "sigma_L ", "leave it out"),
    # outputs
    ([*REGION, "--plot", "fit.jpeg"], "fit.jpeg", ".png, .svg or .pdf"),
    ([*REGION, "--plot", "fit"], "fit", ".png, .svg or .pdf"),
    ([*REGION, "--json", "x.png", "--plot", "x.png"], "outputs", "each its own"),
    ([*REGION, "--json", "results/result.json"], "outputs", "each its own"),
    ([*REGION, "--json", "film.xrdml"], "film.xrdml", "--force"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "culprit", "remedy"), CASES, ids=[" ".join(case[0]) for case in CASES])
def test_refused(here: Path, options: list[str], culprit: str, remedy: str) -> None:
    with untouched(here):
        said = call("fit", "cubes.csv", *options, "--out", "results").refused()
    assert culprit in said
    assert re.search(remedy, said), said


FILM_CASES = [
    (["--monochromator", "95"], "monochromator", "between 0 and 90"),
    (["--monochromator", "-1"], "monochromator", "between 0 and 90"),
    (["--monochromator", "nan"], "monochromator", "between 0 and 90"),
    (["--monochromator", "1", "--no-lp"], "--monochromator", "--no-lp"),
    (["--axis", "q"], "film.xrdml", "leave --axis out"),
    (["--scan", "3"], "scan 3", "has one scan"),
    (["--scan", "0"], "scan 0", "has one scan"),
    (["--noise", "file"], "film.xrdml", "--noise as a fraction"),
    (["--region", "29:31"], "region 29:31", r"2θ were meant, give q: 2\.\d+"),
]


@pytest.mark.parametrize(
    ("options", "culprit", "remedy"), FILM_CASES, ids=[" ".join(case[0]) for case in FILM_CASES]
)
def test_refused_for_the_film(here: Path, options: list[str], culprit: str, remedy: str) -> None:
    region = [] if "--region" in options else ["--region", "1.94:2.15"]
    with untouched(here):
        said = call("fit", "film.xrdml", "--coherent", 1, *region, *options, "--out", "results").refused()
    assert culprit in said
    assert re.search(remedy, said), said


def test_counting_statistics_need_counts(here: Path) -> None:
    text = "\n".join(f"{0.8 + i * 0.005:.3f} {10.5 + i % 3}" for i in range(100))
    (here / "rates.txt").write_text(text)
    with untouched(here):
        said = call(
            "fit", "rates.txt", "--axis", "q", *QUICK, "--noise", "counting", "--out", "results"
        ).refused()
    assert said.startswith("rates.txt: ")
    assert "third column or as a fraction" in said


@pytest.mark.slow
def test_q_zero_freed_on_a_single_peak_of_a_film(here: Path) -> None:
    options = ["--coherent", 1, "--region", "1.94:2.15", "--free", "q_zero"]
    with untouched(here):
        said = call("fit", "film.xrdml", *options, "--out", "results").refused()
    assert "q_zero" in said
    assert "--fix q_zero=0" in said


SIMULATE = [
    (["--set", "d=5.84"], "L, sigma_L, N, sigma_N", "give a value for each"),
    (["--set", "y=1"], "'y'", "d, L, sigma_L"),
    (["--set", "d=0"], "d = 0", "positive"),
    (["--range", "2:1"], "--range 2:1", "must increase"),
    (["--range", "0.8"], "--range 0.8", "A:B"),
    (["--step", "0"], "--step 0", "fewer than a million"),
    (["--step", "-1"], "--step -1", "fewer than a million"),
    (["--step", "nan"], "--step nan", "fewer than a million"),
    (["--noise", "0.03"], "noise", "--seed 1"),
    (["--noise", "file", "--seed", "1"], "noise", "fraction"),
    (["--noise", "-1", "--seed", "1"], "noise -1", "fraction"),
    (["--seed", "one", "--noise", "0.1"], "--seed", "integer"),
    (["--seed", "-1", "--noise", "0.1"], "seed", r"0 or more|positive|negative"),
    (["--peak", "0"], "peak", "positive"),
    (["--peak", "inf"], "peak", "positive"),
    (["--background", "nan"], "background", "number"),
    (["--coherent", "0"], "coherent 0", "1 or more"),
]


@pytest.mark.parametrize(
    ("options", "culprit", "remedy"), SIMULATE, ids=[" ".join(case[0]) for case in SIMULATE]
)
def test_simulation_refused(here: Path, options: list[str], culprit: str, remedy: str) -> None:
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13, "sigma_N": 1.5}
    own = dict(word.split("=") for flag, word in pairwise(options) if flag == "--set")
    if own == {"d": "5.84"}:
        values = {}
    settings = [w for k, v in values.items() if k not in own for w in ("--set", f"{k}={v}")]
    with untouched(here):
        said = call("simulate", "new.csv", *settings, *options).refused()
    assert culprit in said
    assert re.search(remedy, said), said


def test_examples_are_where_the_tests_look() -> None:
    assert CUBES.is_file()
    assert FILM.is_file()
