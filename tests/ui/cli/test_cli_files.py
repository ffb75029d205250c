"""slxrd info, convert and plot, and a raw diffractogram from the counts to the structure."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call

import slxrd

DATA = Path(__file__).parents[2] / "files"
TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


def run(*words: str) -> str:
    outcome = call(*words)
    assert outcome.code == 0, outcome.err
    return outcome.out


def refused(*words: str) -> str:
    return call(*words).refused()


@pytest.mark.slow
def test_info_describes_a_file() -> None:
    printed = run("info", str(DATA / "xrr003.x00"))
    for words in (
        "Philips .x00",
        "0.001 to 3.997°, 1999 points",
        "1.540560 Å",
        "counts",
        "2 s per point",
        "2θ = 2ω",
    ):
        assert words in printed, printed
    printed = run("info", str(DATA / "m54313_om2th_10.xrdml"))
    assert "attenuation factors 1 to 188" in printed


@pytest.mark.slow
def test_info_lists_every_scan(tmp_path: Path) -> None:
    """Two ranges in one .uxd file, of which the second does not move 2θ."""
    text = (DATA / "xrr003.uxd").read_text()
    path = tmp_path / "two.uxd"
    path.write_text(text + text[text.index("_DRIVE") :].replace("COUPLED", "PHI"))
    printed = run("info", str(path))
    assert "scan 1 of 2" in printed
    assert "scan 2 of 2" in printed
    assert "not read" in printed


def test_info_of_what_cannot_be_read() -> None:
    outcome = call("info", str(DATA / "xrr003.xy"))
    assert outcome.code == 2
    assert "--axis q" in outcome.out
    assert "none of its scans can be read" in outcome.err


def test_convert_writes_the_two_columns_of_the_papers_scripts(tmp_path: Path) -> None:
    out = tmp_path / "two.csv"
    run("convert", str(DATA / "m54313_om2th_10.xrdml"), str(out))
    q, intensity = np.loadtxt(out, delimiter=",", unpack=True)
    pattern = slxrd.correct_lorentz_polarisation(slxrd.read(DATA / "m54313_om2th_10.xrdml"))
    np.testing.assert_allclose(q, pattern.q, rtol=1e-7)
    np.testing.assert_allclose(intensity, pattern.intensity, rtol=1e-7)
    run("convert", str(DATA / "m54313_om2th_10.xrdml"), str(out), "--no-lp", "--force")
    np.testing.assert_allclose(np.loadtxt(out, delimiter=",")[:, 1], pattern_counts(), rtol=1e-7)
    assert "exists" in refused("convert", str(DATA / "m54313_om2th_10.xrdml"), str(out))


def pattern_counts() -> np.ndarray:
    return slxrd.read(DATA / "m54313_om2th_10.xrdml").intensity


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--against", "q", "--linear", "--mask", "4.4:4.5", "--lp"]])
def test_plot(tmp_path: Path, words: list[str]) -> None:
    out = tmp_path / "p.png"
    run("plot", str(DATA / "m54313_om2th_10.xrdml"), "--out", str(out), *words)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert out.stat().st_size > 10_000


def test_plot_refuses(tmp_path: Path) -> None:
    out = str(tmp_path / "p.png")
    assert "--lp" in refused("plot", str(DATA / "xrr003.x00"), "--out", out, "--monochromator", "13")
    assert ".svg" in refused("plot", str(DATA / "xrr003.x00"), "--out", str(tmp_path / "p.gif"))


@pytest.mark.slow
def test_a_raw_diffractogram_needs_no_preparation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts over 2θ: doublet, Lorentz-polarisation, background, Poisson noise; the truth within errors."""
    monkeypatch.chdir(tmp_path)
    pulls = []
    for seed in range(2):
        given = [word for name, value in TRUTH.items() for word in ("--set", f"{name}={value}")]
        run(
            "simulate", "raw.csv", *given, "--range", "0.7:2.5", "--raw", "--wavelength", "CuKa",
            "--peak", "3000", "--background", "150", "--noise", "counting", "--seed", str(seed), "--force",
        )  # fmt: skip
        assert "2theta" in Path("raw.csv").read_text()
        run(
            "fit", "raw.csv", "--wavelength", "CuKa", "--noise", "counting", "--background", "quadratic",
            "--json", "result.json", "--force",
        )  # fmt: skip

        found = json.loads(Path("result.json").read_text())
        assert found["input"]["second_line"] == [1.544427, 0.5]
        assert 0.85 < found["reduced_chi2"] < 1.15
        estimates = found["parameters"]
        pulls.append([(estimates[n]["value"] - v) / estimates[n]["error"] for n, v in TRUTH.items()])
    assert np.max(np.abs(pulls)) < 3.6
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 1.8)


def test_a_packaged_example_stands_for_its_file(tmp_path: Path) -> None:
    packaged = Path(slxrd.__file__).parent / "io" / "examples" / "cspbbr3-cubes.csv"
    of_path, of_name = run("info", str(packaged)), run("info", "example:cspbbr3-cubes")
    assert of_path.splitlines()[1:] == of_name.splitlines()[1:]
    run("convert", "example:cspbbr3-cubes", str(tmp_path / "cubes.csv"))
    assert np.allclose(slxrd.read(tmp_path / "cubes.csv", axis="q").intensity, slxrd.read(packaged).intensity)
    assert "unknown example" in refused("info", "example:cubes")
