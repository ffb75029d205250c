"""Bootstrap, maps and repeated measurements from the command line."""

import csv
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call

from slxrd.api import simulate
from slxrd.output import pattern_csv

FIT = ["fit", "cubes.csv", "--region", "0.88:1.28", "--region", "1.98:2.33:0.1"]


def test_bootstrap_and_maps_are_written(here: Path) -> None:
    told = call(*FIT, "--bootstrap", "60", "--seed", "3", "--maps", "--out", "results")
    assert told.code == 0, told.err
    assert "bootstrap (noise, seed 3): 60 of 60 replicates" in told.out
    lines = (here / "results" / "bootstrap.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    assert len(rows) == 60
    L = np.array([float(row["L"]) for row in rows])
    assert L.mean() == pytest.approx(36.9, abs=0.1)
    # The covariance says 0.023 Å; the spread of 60 is known to 9 %, four times that are allowed for.
    assert L.std(ddof=1) == pytest.approx(0.023, rel=0.4)
    for name in ("bootstrap.png", "chi2maps.png"):
        assert (here / "results" / name).read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_replicates(here: Path) -> None:
    written = []
    for folder in ("one", "two"):
        assert call(*FIT, "--bootstrap", "20", "--seed", "5", "--out", folder).code == 0
        written.append((here / folder / "bootstrap.csv").read_text(encoding="utf-8"))
    assert written[0] == written[1]
    assert call(*FIT, "--bootstrap", "20", "--seed", "6", "--out", "three").code == 0
    assert (here / "three" / "bootstrap.csv").read_text(encoding="utf-8") != written[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bootstrap", "10"], "--out"),
        (["--maps"], "--out"),
        (["--bootstrap", "1", "--out", "results"], "at least 2"),
        (["--bootstrap", "10", "--seed", "-1", "--out", "results"], "--seed -1"),
    ],
)
def test_what_cannot_follow_is_refused(here: Path, words: list[str], said: str) -> None:
    assert said in call(*FIT, *words).refused()
    assert not (here / "results").exists()


def test_noise_of_repeated_measurements(here: Path) -> None:
    truth = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
    names = []
    for seed in range(4):
        names.append(f"repeat{seed}.csv")
        pattern = simulate(np.arange(0.85, 1.3, 0.002), truth, noise=0.03, seed=seed)
        (here / names[-1]).write_text(pattern_csv(pattern), encoding="utf-8")
    told = call("noise", *names, "--region", "0.88:1.28", "--out", "spread.csv")
    assert told.code == 0, told.err
    level = float(told.out.split("--noise ")[1].split(")")[0])
    # 4 repeats of 201 points know the spread to about 3 %; four times that are allowed for.
    assert level == pytest.approx(0.03, rel=0.12)
    assert len((here / "spread.csv").read_text(encoding="utf-8").splitlines()) > 200
    assert call("noise", names[0], "--region", "0.88:1.28").code == 2
