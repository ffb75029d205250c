"""The posterior on the command line: files, numbers, and what is said of a chain that is too short."""

import csv
import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from cli_shell import CUBES, FEW, QUICK, Outcome, call, untouched
from empty_pictures import empty_pictures

from slxrd.fitting.uncertainty.posterior import mcmc as posterior
from slxrd.ui.followup import samples as followup_samples

pytestmark = pytest.mark.skipif(
    None in map(find_spec, ("emcee", "corner")), reason="emcee or corner is not installed"
)

PNG = b"\x89PNG\r\n\x1a\n"
FILES = {"result.json", "fit.csv", "fit.png", "fit.caption.txt"}
OURS = {"posterior.csv", "posterior.json", "corner.png", "corner.caption.txt"}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    """A chain of the fewest steps: what was printed, and the folder of the results."""
    folder = tmp_path_factory.mktemp("short") / "results"
    with empty_pictures():
        return call("fit", CUBES, *FEW, "--out", folder, "--posterior", 100), folder


@pytest.mark.slow
def test_posterior(here: Path) -> None:
    noise = ["--systematics", "none"]  # the posterior of wider errors is skewed
    outcome = call("fit", "cubes.csv", *FEW, *noise, "--out", "results", "--posterior", 600, "--seed", 3)
    assert outcome.code == 0, outcome.err
    assert {path.name for path in (here / "results").iterdir()} == FILES | OURS
    assert (
        "posterior (seed 3): 40 walkers of 600 steps, the first 120 discarded; 19200 samples" in outcome.out
    )
    assert re.search(r"^  converged: 480 steps are \d+ autocorrelation times", outcome.out, re.M)
    assert "NOT CONVERGED" not in outcome.out
    result = json.loads((here / "results/result.json").read_text(encoding="utf-8"))
    document = json.loads((here / "results/posterior.json").read_text(encoding="utf-8"))
    samples = rows(here / "results/posterior.csv")
    assert len(samples) == 19_200
    assert document["converged"] is True
    assert (document["asked"], document["done"], document["discarded"], document["walkers"]) == (
        600,
        600,
        120,
        40,
    )
    assert document["refined"] == result["refined"]
    for i, name in enumerate(result["refined"]):
        estimate, sampled = result["parameters"][name], document["quantities"][name]
        column = np.array([float(row[name]) for row in samples])
        assert sampled["mean"] == pytest.approx(column.mean(), rel=1e-6)
        assert sampled["std"] == pytest.approx(column.std(ddof=1), rel=1e-6)
        assert sampled["quantiles"]["0.5"] == pytest.approx(np.median(column), rel=1e-6)
        assert 0.8 < sampled["std"] / estimate["error"] < 1.25, name
        assert abs(sampled["mean"] - estimate["value"]) < 0.3 * estimate["error"]
        assert document["correlation"][i][i] == pytest.approx(1.0)
        assert document["split_rhat"][name] < 1.05
    period = np.array([(float(r["N"]) - 1.0) * float(r["d"]) + float(r["L"]) for r in samples])
    assert np.array([float(row["period"]) for row in samples]) == pytest.approx(period, rel=1e-8)
    assert sum(solution["fraction"] for solution in document["solutions"]) == pytest.approx(1.0)
    assert (here / "results/corner.png").read_bytes().startswith(PNG)


@pytest.mark.slow
def test_a_short_chain_is_said_to_be_short_before_its_numbers(short: tuple[Outcome, Path]) -> None:
    outcome, folder = short
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("posterior "))
    assert lines[begin + 1] == "! THE CHAIN HAS NOT CONVERGED: do not quote these numbers"
    assert any(re.match(r"! not converged: 80 steps are .* take some", line) for line in lines[begin:])
    document = json.loads((folder / "posterior.json").read_text(encoding="utf-8"))
    assert document["converged"] is False
    assert document["why"].startswith("not converged")


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_every_solution_gets_its_share(here: Path) -> None:
    values = ("d=5.84", "L=36.9", "sigma_L=1.43", "N=13", "sigma_N=1.55")
    sets = [word for value in values for word in ("--set", value)]
    call(
        "simulate", "noisy.csv", *sets, "--range", "0.85:1.3", "--step", 0.0025, "--noise", 0.06, "--seed", 3
    )
    # With systematic effects, the probabilities of the fit are means of those with and without them.
    options = ("--region", "0.88:1.28", "--resolution", 0, "--systematics", "none")
    outcome = call("fit", "noisy.csv", *options, "--out", "results", "--posterior", 400)
    assert outcome.code == 0, outcome.err
    document = json.loads((here / "results/posterior.json").read_text(encoding="utf-8"))
    result = json.loads((here / "results/result.json").read_text(encoding="utf-8"))
    shares = [solution["fraction"] for solution in document["solutions"]]
    probabilities = [solution["probability"] for solution in result["solutions"]]
    assert shares[:4] == pytest.approx(probabilities[:4], abs=0.08)
    assert min(shares[:3]) > 0.05
    samples = rows(here / "results/posterior.csv")
    assert np.mean([row["solution"] == "1" for row in samples]) == pytest.approx(shares[0], abs=1e-3)
    assert f"{100 * shares[0]:.1f} ± " in outcome.out


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_a_long_chain_is_thinned_and_the_same_for_the_same_seed(
    here: Path, short: tuple[Outcome, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followup_samples, "MAX_SAMPLES", 1000)
    for folder, seed in (("again", 0), ("other", 2)):
        call("fit", "cubes.csv", *FEW, "--out", folder, "--posterior", 100, "--seed", seed)
    document = json.loads((here / "again/posterior.json").read_text(encoding="utf-8"))
    assert document["written_every"] == 4
    first, again, other = (
        {tuple(row.items()) for row in rows(folder / "posterior.csv")}
        for folder in (short[1], here / "again", here / "other")
    )
    assert len(again) == 20 * 40
    assert again < first
    assert not other & first


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_an_interruption_keeps_the_steps_that_were_made(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = posterior.sample_posterior

    def interrupted(*given: object, **named: object) -> posterior.Posterior:
        def stop(done: int, of: int) -> None:
            if done == 150:
                raise KeyboardInterrupt

        return made(*given, **{**named, "report": stop})  # type: ignore[arg-type]

    monkeypatch.setattr(followup_samples, "sample_posterior", interrupted)
    words = ["--posterior", 1000, "--maps", "--map", "L,N"]
    outcome = call("fit", "cubes.csv", *FEW, "--out", "results", *words)
    assert outcome.code == 130
    assert "! interrupted after 150 of 1000 steps" in outcome.out
    assert "! --maps: not started because of the interruption" in outcome.out
    assert "! --map L,N: not started because of the interruption" in outcome.out
    assert {path.name for path in (here / "results").iterdir()} == FILES | OURS
    assert outcome.err.endswith("slxrd: interrupted; the files written hold what was done until then\n")
    document = json.loads((here / "results/posterior.json").read_text(encoding="utf-8"))
    assert (document["asked"], document["done"]) == (1000, 150)


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_a_film_has_a_thickness_and_no_period(here: Path) -> None:
    words = ["--coherent", 1, "--region", "1.94:2.15", "--mask", "2.064:2.086", "--resolution", 0.0005]
    outcome = call(
        "fit", "film.xrdml", *words, "--noise", "counting", "--background", "constant", "--substrate", "none",
        "--start", "d=3.066", "--start", "N=120", "--start", "sigma_N=5", "--systematics", "none",
        "--out", "results", "--posterior", 100,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    table = outcome.out[outcome.out.index("posterior (seed") :]
    assert re.search(r"^  t  ", table, re.M)
    assert "Λ" not in table


@pytest.mark.parametrize(
    ("options", "culprit", "remedy"),
    [
        (["--posterior", "1500"], "--posterior", "--out DIR"),
        (["--out", "r", "--posterior", "99"], "--posterior 99", "at least 100"),
        (["--out", "r", "--posterior", "-1"], "--posterior -1", "at least 100"),
        (["--out", "r", "--posterior", "many"], "--posterior", "integer|whole"),
        (["--out", "r", "--posterior", "500", "--seed", "-1"], "--seed -1", "0 or more"),
    ],
    ids=str,
)
def test_refused(here: Path, options: list[str], culprit: str, remedy: str) -> None:
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, *options).refused()
    assert culprit in said
    assert re.search(remedy, said), said


def test_without_the_library_it_says_how_to_get_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "emcee" else found(name, *a)
    )
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, "--out", "r", "--posterior", 500).refused()
    assert said == '--posterior needs emcee: python -m pip install "slxrd[posterior]"'


@pytest.mark.parametrize("name", sorted(OURS))
def test_existing_files_are_kept(here: Path, name: str) -> None:
    (here / "results").mkdir()
    (here / "results" / name).write_text("mine")
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, "--out", "results", "--posterior", 100).refused()
    assert name in said
    assert "--force" in said
