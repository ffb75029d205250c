"""Bootstrap and maps after a fit, and the noise of repeated measurements."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from cli_shell import QUICK, call, contents, untouched, write_columns

PNG = b"\x89PNG\r\n\x1a\n"
THREE = {"result.json", "fit.csv", "fit.png"}


def repeated(here: Path, count: int = 3, noise: str = "0.03") -> list[str]:
    """Simulate measurements of one sample that differ by their noise."""
    values = ("d=5.84", "L=36.9", "sigma_L=1.4", "N=13", "sigma_N=1.5")
    words = [word for value in values for word in ("--set", value)]
    names = [f"{k}.csv" for k in range(count)]
    for k, name in enumerate(names):
        options = ["--range", "0.85:1.3", "--noise", noise, "--seed", k]
        assert call("simulate", name, *words, *options).code == 0
    return names


def test_bootstrap(here: Path) -> None:
    pytest.importorskip("corner")
    outcome = call("fit", "cubes.csv", *QUICK, "--out", "results", "--bootstrap", 20, "--seed", 3)
    assert outcome.code == 0, outcome.err
    assert {path.name for path in (here / "results").iterdir()} == THREE | {"bootstrap.csv", "bootstrap.png"}
    assert "bootstrap (noise, seed 3): 20 of 20 replicates" in outcome.out
    with (here / "results/bootstrap.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    result = json.loads((here / "results/result.json").read_text(encoding="utf-8"))
    for name in result["refined"]:
        estimate = result["parameters"][name]
        spread = np.std([float(row[name]) for row in rows], ddof=1)
        assert 0.4 < spread / estimate["error"] < 2.0, name
        assert abs(np.mean([float(row[name]) for row in rows]) - estimate["value"]) < 1.5 * estimate["error"]
    assert (here / "results/bootstrap.png").read_bytes().startswith(PNG)


def test_bootstrap_is_repeatable(here: Path) -> None:
    pytest.importorskip("corner")
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        call("fit", "cubes.csv", *QUICK, "--out", folder, "--bootstrap", 10, "--seed", seed)
    a, b, c = ((here / folder / "bootstrap.csv").read_bytes() for folder in "abc")
    assert a == b != c


def test_few_replicates_need_not_be_drawn(here: Path) -> None:
    """Too few for a picture of every pair of parameters, and still worth their table."""
    pytest.importorskip("corner")
    outcome = call("fit", "cubes.csv", *QUICK, "--out", "results", "--bootstrap", 4)
    assert outcome.code == 0, outcome.err
    written = {path.name for path in (here / "results").iterdir()}
    assert written == THREE | {"bootstrap.csv"}
    assert {
        Path(line.removeprefix("wrote ")).name for line in outcome.out.splitlines() if "wrote" in line
    } == written


@pytest.mark.parametrize("kind", ["flat", "residual", "block"])
def test_ways_to_resample(here: Path, kind: str) -> None:
    pytest.importorskip("corner")
    outcome = call("fit", "cubes.csv", *QUICK, "--out", "results", "--bootstrap", 10, "--resample", kind)
    assert outcome.code == 0, outcome.err
    assert f"bootstrap ({kind}, seed 0): 10 of 10 replicates" in outcome.out


def test_maps(here: Path) -> None:
    outcome = call("fit", "cubes.csv", *QUICK, "--out", "results", "--maps")
    assert outcome.code == 0, outcome.err
    assert {path.name for path in (here / "results").iterdir()} == THREE | {"chi2maps.png"}
    assert (here / "results/chi2maps.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("options", "culprit", "remedy"),
    [
        (["--bootstrap", "10"], "--bootstrap", "--out DIR"),
        (["--maps"], "--maps", "--out DIR"),
        (["--out", "r", "--bootstrap", "1"], "--bootstrap 1", "at least 2"),
        (["--out", "r", "--bootstrap", "0"], "--bootstrap 0", "at least 2"),
        (["--out", "r", "--bootstrap", "-5"], "--bootstrap -5", "at least 2"),
        (["--out", "r", "--bootstrap", "ten"], "--bootstrap", "integer|whole"),
        (["--out", "r", "--bootstrap", "5", "--seed", "-1"], "--seed -1", "0 or more"),
        (["--out", "r", "--bootstrap", "5", "--resample", "dice"], "--resample", "residual"),
    ],
    ids=str,
)
def test_refused(here: Path, options: list[str], culprit: str, remedy: str) -> None:
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, *options).refused()
    assert culprit in said
    assert re.search(remedy, said), said


@pytest.mark.parametrize("name", ["bootstrap.csv", "bootstrap.png", "chi2maps.png"])
def test_existing_files_are_kept(here: Path, name: str) -> None:
    pytest.importorskip("corner")
    (here / "results").mkdir()
    (here / "results" / name).write_text("mine")
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, "--out", "results", "--bootstrap", 4, "--maps").refused()
    assert name in said
    assert "--force" in said


def test_noise_of_repeated_measurements(here: Path) -> None:
    names = repeated(here)
    outcome = call("noise", *names, "--region", "0.9:1.25", "--out", "noise.csv")
    assert outcome.code == 0, outcome.err
    found = re.search(r"fluctuation ([\d.]+) ± ([\d.]+) % of the maximum", outcome.out)
    assert found is not None
    # The maximum of a noisy pattern is some σ above that of the pattern without noise.
    assert abs(float(found[1]) - 3.0 / 1.05) < 4.0 * float(found[2])
    q, mean, std = np.loadtxt(here / "noise.csv", delimiter=",", skiprows=6).T
    assert q[0] == pytest.approx(0.9)
    assert q[-1] == pytest.approx(1.25)
    assert np.all(std >= 0.0)
    assert np.all(np.isfinite(mean))


@pytest.mark.parametrize(
    ("words", "culprit", "remedy"),
    [
        (["0.csv", "--region", "0.9:1.25"], "1 pattern", "two or more"),
        (["0.csv", "0.csv", "--region", "0.9:1.25"], "the same", "not copies"),
        (["0.csv", "1.csv"], "--region", ""),
        (["0.csv", "1.csv", "--region", "5:6"], "5", "covers|outside|widen|choose|another"),
        (["0.csv", "1.csv", "--region", "1.2:0.9"], "region 1.2:0.9", "lower end must come first"),
        (["0.csv", "cubes.csv", "--region", "0.9:1.25"], "cubes.csv", "same points|interpolat|steps|axis"),
        (["0.csv", "missing.csv", "--region", "0.9:1.25"], "missing.csv", "check the path"),
        (["0.csv", "1.csv", "--region", "0.9:1.25", "--scaling", "height"], "--scaling", "maximum"),
        (["0.csv", "1.csv", "--region", "0.9:1.25", "--out", "cubes.csv"], "cubes.csv", "--force"),
        (["0.csv", "1.csv", "--region", "0.9:1.25", "--out", "0.csv", "--force"], "0.csv", "another name"),
    ],
    ids=str,
)
def test_noise_refused(here: Path, words: list[str], culprit: str, remedy: str) -> None:
    repeated(here, 2)
    if "cubes.csv" in words[:2]:
        q, intensity, sigma = np.loadtxt(here / "1.csv", delimiter=",").T
        write_columns(here / "cubes.csv", [q + 0.001, intensity, sigma])
    with untouched(here):
        said = call("noise", *words).refused()
    assert culprit in said
    assert re.search(remedy, said), said


def test_noise_without_a_file_writes_nothing(here: Path) -> None:
    names = repeated(here)
    before = contents(here)
    assert call("noise", *names, "--region", "0.9:1.25", "--scaling", "maximum").code == 0
    assert contents(here) == before
