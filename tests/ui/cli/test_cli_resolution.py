"""``slxrd resolution``: the table, the files it writes, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call, untouched

import slxrd

OPTIONS = ["--axis", "2theta", "--wavelength", "CuKa"]
#: Full width at half maximum and zero error of the pattern below, in degrees of 2θ.
FWHM, ZERO = 0.09, 0.03


@pytest.fixture(scope="module")
def counts() -> str:
    """LaB₆ with Cu Kα: h²+k²+l² from 1 to 12 but 7, lines half Gaussian, half Lorentzian in height."""
    x = np.arange(18.0, 80.0, 0.02)
    y = np.full(x.size, 40.0)
    for n in (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12):
        for wavelength, height in ((1.540593, 3000.0), (1.544427, 1500.0)):
            centre = ZERO + 2.0 * math.degrees(math.asin(wavelength * math.sqrt(n) / (2.0 * 4.156826)))
            u = (x - centre) / (FWHM / 2.0)
            y += height / 2.0 * (np.exp(-math.log(2.0) * u**2) + 1.0 / (1.0 + u**2))
    noisy = np.random.default_rng(5).poisson(y)
    return "# 2theta counts\n" + "".join(f"{a:.3f} {b}\n" for a, b in zip(x, noisy, strict=True))


@pytest.fixture
def lab6(tmp_path: Path, counts: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to stand in, with ``lab6.xy``."""
    (tmp_path / "lab6.xy").write_text(counts)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_all_that_it_writes(lab6: Path) -> None:
    words = ["resolution", "lab6.xy", "--standard", "LaB6", *OPTIONS]
    outcome = call(*words, "--out", "r/line.toml", "--plot", "line.png", "--json", "line.json")
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    for text in (
        "LaB6 (a = 4.156826 Å; NIST SRM 660c",
        "10 reflections",
        "2 1 1",
        "reduced χ² = ",
        "wrote r/line.toml",
    ):
        assert text in outcome.out, text
    line = slxrd.read_resolution("r/line.toml")
    document = tomllib.loads((lab6 / "r" / "line.toml").read_text(encoding="utf-8"))
    for name, value, truth in zip("UVW", (line.U, line.V, line.W), (0.0, 0.0, FWHM**2), strict=True):
        assert abs(value - truth) < 4.0 * document["errors"][name]
        assert f"\n  {name}  " in outcome.out
    assert document["shift"]["zero"] == pytest.approx(ZERO, abs=0.001)
    assert document["source"]["file"] == "lab6.xy"
    assert document["source"]["sha256"] == hashlib.sha256((lab6 / "lab6.xy").read_bytes()).hexdigest()
    assert document["source"]["command"].startswith("slxrd resolution lab6.xy --standard LaB6")
    assert json.loads((lab6 / "line.json").read_text(encoding="utf-8"))["line"] == document["line"]
    assert (lab6 / "line.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_json_alone_on_standard_output(lab6: Path) -> None:
    outcome = call("resolution", "lab6.xy", "--standard", "lab6", *OPTIONS, "--json", "-")
    assert outcome.code == 0
    assert json.loads(outcome.out)["measured"]["hkl"][0] == "1 0 0"
    assert sorted(path.name for path in lab6.iterdir()) == ["lab6.xy"]


@pytest.mark.slow
def test_one_number_where_it_is_wanted(lab6: Path) -> None:
    outcome = call("resolution", "lab6.xy", "--standard", "LaB6", *OPTIONS, "--at", "3")
    assert " Å⁻¹ at q = 3 Å⁻¹" in outcome.out
    number = float(outcome.out.partition("as one number: σ_G = ")[2].split()[0])
    theta = math.asin(3.0 * 1.540593 / (4.0 * math.pi))
    truth = 2.0 * math.pi / 1.540593 * math.cos(theta) * math.radians(FWHM) / 2.35482
    assert number == pytest.approx(truth, rel=0.02)


@pytest.mark.slow
def test_the_options_arrive(lab6: Path) -> None:
    words = ["resolution", "lab6.xy", "--standard", "P:4.156826", *OPTIONS]
    outcome = call(*words, "--shift", "displacement", "--mask", "2.9:3.1")
    assert outcome.code == 0
    assert "\n  s/R " in outcome.out
    assert "\n  zero " not in outcome.out
    assert "P:4.156826 (a = 4.156826 Å)" in outcome.out
    assert "2 0 0" not in outcome.out
    assert "9 reflections" in outcome.out


@pytest.mark.slow
def test_the_picture_of_few_lines(lab6: Path) -> None:
    words = ["resolution", "lab6.xy", "--standard", "LaB6", *OPTIONS]
    outcome = call(*words, "--mask", "2.3:5.3", "--plot", "line.svg")
    assert outcome.code == 0, outcome.err
    assert "U, V and W need 3 reflections, and 2 are above" in outcome.out
    assert "<svg" in (lab6 / "line.svg").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--standard", "Si", *OPTIONS], "the peaks are not where Si's are"),
        (["--standard", "LaB7", *OPTIONS], "standard 'LaB7' is none of"),
        (["--standard", "F:0", *OPTIONS], "must be 1 to 100 Å"),
        (["--standard", "LaB6", "--axis", "2theta"], "wavelength"),
        (["--standard", "LaB6", *OPTIONS, "--at", "-1"], "--at -1: must be a positive q"),
        (["--standard", "LaB6", *OPTIONS, "--at", "9"], "is not accessible"),
        (["--standard", "LaB6", *OPTIONS, "--mask", "1"], "--mask 1: write two numbers"),
        (["--standard", "LaB6", *OPTIONS, "--mask", "21:22"], "holds no point"),
        (["--standard", "LaB6", *OPTIONS, "--plot", "line.bmp"], "written as .png, .svg or .pdf"),
        (["--standard", "LaB6", *OPTIONS, "--out", "lab6.xy", "--force"], "overwrite the pattern itself"),
        (["--standard", "LaB6", *OPTIONS, "--out", "a", "--json", "a"], "two outputs have the same name"),
        (["--standard", "LaB6", *OPTIONS, "--out", "there.toml"], "exists; choose another name"),
        (OPTIONS, "--standard"),
    ],
)  # fmt: skip
def test_what_is_refused(lab6: Path, words: list[str], message: str) -> None:
    (lab6 / "there.toml").write_text("mine")
    with untouched(lab6):
        assert message in call("resolution", "lab6.xy", *words).refused()


def test_a_missing_file(lab6: Path) -> None:
    call("resolution", "nowhere.xy", "--standard", "LaB6", *OPTIONS).refused()
