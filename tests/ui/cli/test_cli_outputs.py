"""What a fit writes: files, standard output, pictures; and what it overwrites."""

import csv
import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from cli_shell import QUICK, call, contents, untouched, write_columns

import slxrd

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.slow
def test_out_writes_the_result_and_a_figure_with_its_caption(here: Path) -> None:
    before = set(contents(here))
    outcome = call("fit", "cubes.csv", *QUICK, "--out", "a/results")
    assert outcome.code == 0
    assert outcome.err == ""
    written = ("result.json", "fit.csv", "fit.png", "fit.caption.txt")
    new = {"a", *(str(Path("a/results") / name) for name in ("", *written))}
    assert set(contents(here)) - before == {str(Path(name)) for name in new}
    result = json.loads((here / "a/results/result.json").read_text(encoding="utf-8"))
    assert result["input"]["file"] == "cubes.csv"
    assert result["input"]["command"].startswith("slxrd fit cubes.csv --region 0.9:1.25")
    with (here / "a/results/fit.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == result["n_points"]
    assert (here / "a/results/fit.png").read_bytes().startswith(PNG)
    for name in ("result.json", "fit.csv", "fit.png"):
        assert f"wrote {Path('a/results') / name}" in outcome.out


@pytest.mark.slow
def test_files_have_usual_permissions(here: Path) -> None:
    call("fit", "cubes.csv", *QUICK, "--json", "result.json")
    (here / "other").touch()
    assert (here / "result.json").stat().st_mode == (here / "other").stat().st_mode


@pytest.mark.slow
def test_json_on_standard_output_is_alone(here: Path) -> None:
    with untouched(here):
        outcome = call("fit", "cubes.csv", *QUICK, "--json", "-")
    assert outcome.code == 0
    assert json.loads(outcome.out)["slxrd"] == slxrd.__version__


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_json_on_standard_output_beside_files(here: Path) -> None:
    outcome = call("fit", "cubes.csv", *QUICK, "--json", "-", "--out", "results")
    printed, written = json.loads(outcome.out), json.loads((here / "results/result.json").read_text("utf-8"))
    assert printed == written


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_existing_files_are_kept_without_force(here: Path) -> None:
    call("fit", "cubes.csv", *QUICK, "--out", "results")
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, "--out", "results").refused()
    assert said.startswith(str(Path("results/result.json")))
    assert "--force" in said


@pytest.mark.parametrize("name", ["result.json", "fit.csv", "fit.png"])
def test_one_existing_file_is_enough(here: Path, name: str) -> None:
    (here / "results").mkdir()
    (here / "results" / name).write_text("mine")
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, "--out", "results", "--json", "new.json").refused()
    assert name in said


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_force_overwrites(here: Path) -> None:
    (here / "results").mkdir()
    for name in ("result.json", "fit.csv", "fit.png"):
        (here / "results" / name).write_text("mine")
    outcome = call("fit", "cubes.csv", *QUICK, "--out", "results", "--force")
    assert outcome.code == 0
    assert json.loads((here / "results/result.json").read_text(encoding="utf-8"))
    assert (here / "results/fit.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("options", [["--json", "cubes.csv"], ["--plot", "cubes.png"]])
def test_the_measured_file_is_never_overwritten(here: Path, options: list[str]) -> None:
    (here / "cubes.png").write_bytes((here / "cubes.csv").read_bytes())
    source = "cubes.png" if "--plot" in options else "cubes.csv"
    with untouched(here):
        said = call("fit", source, *QUICK, *options, "--force").refused()
    assert source in said


@pytest.mark.parametrize(
    "options",
    [["--out", "cubes.csv"], ["--out", "cubes.csv/deep"], ["--json", "."], ["--json", "cubes.csv/a"]],
)
def test_output_where_there_can_be_none(here: Path, options: list[str]) -> None:
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, *options).refused()
    assert options[1].split("/")[0] in said


def test_output_without_permission(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and may(path, mode))
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, "--out", "results").refused()
    assert "cannot be written; check the permissions" in said


@pytest.mark.slow
def test_disk_full_leaves_no_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with untouched(here):
        outcome = call("fit", "cubes.csv", *QUICK, "--json", "result.json")
    assert outcome.code == 2
    assert "No space left on device" in outcome.err
    assert "superlattice period" in outcome.out, "the fit is not lost"
    assert "wrote" not in outcome.out


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_pictures(here: Path, suffix: str) -> None:
    outcome = call("fit", "cubes.csv", *QUICK, "--plot", f"fit.{suffix}")
    assert outcome.code == 0
    data = (here / f"fit.{suffix}").read_bytes()
    assert len(data) > 10_000
    if suffix == "svg":
        assert ET.fromstring(data).tag.endswith("svg")
    else:
        assert data.startswith(b"%PDF-" if suffix == "pdf" else PNG)


@pytest.mark.slow
def test_picture_shows_something(here: Path) -> None:
    import matplotlib.image

    call("fit", "cubes.csv", *QUICK, "--plot", "fit.png")
    image = matplotlib.image.imread(here / "fit.png")
    assert image.shape[0] > 400
    assert image.shape[1] > 600
    assert np.ptp(image[..., :3]) > 0.9
    assert np.mean(image[..., :3] < 0.99) > 0.005


@pytest.mark.slow
def test_simulate_then_fit(here: Path) -> None:
    truth = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
    words = [word for k, v in truth.items() for word in ("--set", f"{k}={v}")]
    outcome = call("simulate", "new.csv", *words, "--noise", "0.01", "--seed", "3", "--range", "0.85:1.3")
    assert outcome.code == 0
    assert "226 points" in outcome.out
    fitted = call("fit", "new.csv", "--region", "0.87:1.28", "--resolution", "0.007", "--json", "-")
    assert fitted.code == 0
    result = json.loads(fitted.out)
    for name, value in truth.items():
        estimate = result["parameters"][name]
        assert estimate["status"] == "determined"
        assert abs(estimate["value"] - value) < 4.0 * estimate["error"], name
    assert 0.7 < result["reduced_chi2"] < 1.3
    shown = call("fit", "new.csv", "--region", "0.87:1.28", "--resolution", "0.007").out
    assert "[simulated]" in shown


def test_simulation_is_repeatable_and_keeps_files(here: Path) -> None:
    words = ["--set", "d=3", "--set", "N=20", "--set", "sigma_N=2", "--coherent", "1", "--noise", "counting"]
    for name, seed in (("a.csv", 1), ("b.csv", 1), ("c.csv", 2)):
        assert call("simulate", name, *words, "--seed", seed).code == 0
    assert (here / "a.csv").read_bytes() == (here / "b.csv").read_bytes()
    assert (here / "a.csv").read_bytes() != (here / "c.csv").read_bytes()
    with untouched(here):
        assert "--force" in call("simulate", "a.csv", *words, "--seed", 2).refused()
    assert call("simulate", "a.csv", *words, "--seed", 2, "--force").code == 0
    assert (here / "a.csv").read_bytes() == (here / "c.csv").read_bytes()


@pytest.mark.slow
def test_angles_give_the_same_as_corrected_q(here: Path) -> None:
    """A file over 2θ equals the same data over q, divided by Lp beforehand with formulas written here."""
    q, intensity, sigma = np.loadtxt(here / "cubes.csv", delimiter=",").T
    wavelength = 1.540593
    theta = np.arcsin(q * wavelength / (4.0 * np.pi))
    factor = (1.0 + np.cos(2.0 * theta) ** 2) / (2.0 * np.sin(2.0 * theta))
    angles = [np.rad2deg(2.0 * theta), intensity * factor, sigma * factor]
    rows = ["# 2theta I sigma", *(" ".join(f"{v:.17g}" for v in row) for row in zip(*angles, strict=True))]
    (here / "angles.txt").write_text("\n".join(rows))
    write_columns(here / "q.txt", [q, intensity, sigma])
    options = ["--region", "0.9:1.2499", "--json", "-", *QUICK[2:]]
    options += ["--systematics", "none"]  # the share of Kα₂ is known better where the wavelength is given
    one = json.loads(call("fit", "angles.txt", "--axis", "2theta", "--wavelength", "CuKa1", *options).out)
    two = json.loads(call("fit", "q.txt", *options).out)
    assert any("Lorentz-polarisation" in step for step in one["input"]["history"])
    assert one["input"]["wavelength"] == pytest.approx(wavelength)
    assert one["n_points"] == two["n_points"]
    assert one["chi2"] == pytest.approx(two["chi2"], rel=1e-7)
    for name, estimate in one["parameters"].items():
        assert estimate["value"] == pytest.approx(two["parameters"][name]["value"], rel=1e-6, abs=1e-9)


@pytest.mark.slow
def test_python_equals_command_line(here: Path) -> None:
    document = json.loads(call("fit", "cubes.csv", *QUICK, "--json", "-").out)
    start = dict(zip(("d", "L", "sigma_L", "N", "sigma_N"), (5.84, 36.9, 1.4, 13, 1.5), strict=True))
    result = slxrd.fit(slxrd.read("cubes.csv"), regions=[(0.9, 1.25)], start=start)
    assert document["chi2"] == result.chi2
    for name, estimate in result.parameters.items():
        assert document["parameters"][name]["value"] == estimate.value
        assert document["parameters"][name]["error"] == estimate.error
