"""slxrd compare: printed text, written files, and errors raised before the first fit."""

import csv
import json
from pathlib import Path
from unittest import mock

import pytest
from cli_shell import call

from slxrd.studies.compare import run as compare_run

MODELS = ["--models", "planes,planes+fix=sigma_L:1.8"]
REGION = ["--region", "0.95:1.2"]
KNOWN = ["--fix", "d=5.84", "--fix", "q_zero=0", "--bounds", "L=34:40", "--bounds", "N=10:16"]


@pytest.mark.slow
def test_compare_prints_and_writes_the_ranking(here: Path) -> None:
    noise = ["--systematics", "none"]  # kurtosis and skewness of the gaps may be mistaken for another σ_L
    done = call("compare", "cubes.csv", *MODELS, *REGION, *KNOWN, *noise, "--out", "found")
    assert (done.code, done.err) == (0, "")
    assert "These data decide for planes" in done.out
    content = json.loads((here / "found" / "compare.json").read_text(encoding="utf-8"))
    assert content["best"] == "planes"
    assert content["decisive"] is True
    assert content["printed"] in done.out
    assert sum(model["probability"] for model in content["models"]) == pytest.approx(1.0)
    assert content["models"][1]["parameters"]["sigma_L"]["value"] == 1.8
    assert content["prior_ranges"]["N"] == [10.0, 16.0]
    assert content["command"].startswith("slxrd compare")
    with (here / "found" / "compare.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == content["n_points"]
    chi2 = sum(((float(r["measured"]) - float(r["planes"])) / float(r["sigma"])) ** 2 for r in rows)
    assert chi2 == pytest.approx(content["models"][0]["chi2"], rel=1e-6)
    assert (here / "found" / "compare.png").read_bytes().startswith(b"\x89PNG")
    again = call("compare", "cubes.csv", *MODELS, *REGION, "--out", "found")
    assert "--force" in again.refused()


@pytest.mark.slow
def test_ctrl_c_keeps_the_completed_models(here: Path) -> None:
    true_fit, calls = compare_run.fit, []

    def fit(*arguments, **options):
        calls.append(options)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return true_fit(*arguments, **options)

    models = ["--models", "planes,planes+fix=sigma_L:1.8,planes+fix=sigma_L:1.6"]
    with mock.patch.object(compare_run, "fit", fit):
        stopped = call("compare", "cubes.csv", *models, *REGION, *KNOWN, "--json", "part.json")
    assert stopped.code == 130
    assert "interrupted; only planes, planes+fix=sigma_L:1.8 were fitted" in stopped.err
    content = json.loads((here / "part.json").read_text(encoding="utf-8"))
    assert content["complete"] is False
    assert len(content["models"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "planes"], "one model alone"),
        (["--models", "planes,planes+cubes"], "'cubes' is none of"),
        (["--models", "planes,Unobtainium"], "model Unobtainium"),
        (["--models", "planes,planes+slab=0.3"], "model planes+slab=0.3"),
        (["--models", "planes,planes+mixed", "--free", "rho"], "none of the models has rho"),
        (["--models", "planes,planes+mixed", "--fix", "M=3"], "unknown parameter"),
        (["--models", "planes,planes+fix=L:30", "--fix", "L=30"], "given in the model and by --fix too"),
        (["--models", "planes,planes+mixed", "--region", "1.0:1.008"], "points"),
        (["--models", "planes,planes+mixed", "--plot", "cubes.csv"], "cubes.csv"),
    ],
)
def test_invalid_arguments_are_refused_before_the_first_fit(
    here: Path, arguments: list[str], message: str
) -> None:
    with mock.patch.object(compare_run, "fit", side_effect=AssertionError("fitted")):
        assert message in call("compare", "cubes.csv", *arguments).refused()
