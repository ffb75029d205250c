"""``slxrd correct``, ``slxrd background`` and ``slxrd peaks``: what they write, and what they refuse."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_shell import Outcome, call, untouched, write_columns

import slxrd
from slxrd.data import baseline as background
from slxrd.data import corrections
from slxrd.data.decomposition import decompose as decomposition
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing

PNG = b"\x89PNG\r\n\x1a\n"
ANGLES = ["--axis", "2theta", "--wavelength", "CuKa1"]


@pytest.fixture
def raw(here: Path) -> Path:
    """Whole counts over 2θ, as a text file: a peak with a neighbour on a halo, in ``raw.xy``."""
    angles = np.arange(10.0, 34.0, 0.04)
    expected = 300.0 * np.exp(-angles / 12.0) + 60.0 * np.exp(-0.5 * ((angles - 22.0) / 4.0) ** 2)
    for place, height in ((15.0, 900.0), (15.6, 300.0), (24.0, 200.0)):
        expected += height * np.exp(-0.5 * ((angles - place) / 0.12) ** 2)
    counts = np.random.default_rng(1).poisson(expected + 5.0)
    return write_columns(here / "raw.xy", [angles.tolist(), counts.tolist()], "# angle counts")


def written(outcome: Outcome, path: str) -> slxrd.Pattern:
    """Read what a command wrote, the way that ``slxrd fit`` does."""
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    assert f"wrote {path}" in outcome.out
    return slxrd.read(path)


def corrected(raw: Path) -> slxrd.Pattern:
    pattern = slxrd.counting_statistics(slxrd.read(raw, axis="2theta", wavelength="CuKa1"))
    return slxrd.correct_lorentz_polarisation(pattern)


def same(pattern: slxrd.Pattern, expected: slxrd.Pattern) -> None:
    np.testing.assert_allclose(pattern.q, expected.q, rtol=1e-8)
    np.testing.assert_allclose(pattern.intensity, expected.intensity, rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(pattern.sigma, expected.sigma, rtol=1e-8)


@pytest.mark.slow
def test_correct(raw: Path) -> None:
    words = [
        "--thickness",
        "120nm",
        "--film",
        "CsPbBr3:4.8",
        "--beam",
        "1",
        "--sample",
        "6",
        "--noise",
        "counting",
    ]
    pattern = written(call("correct", "raw.xy", *ANGLES, *words, "--out", "new.csv"), "new.csv")
    expected = corrections.correct_absorption(corrected(raw), 1200.0, formula="CsPbBr3", density=4.8)
    same(pattern, corrections.correct_footprint(expected, 1.0, 6.0))
    # By hand at the first point: sin 5° = 0.0871557, and copper's Kα₁ has 1.54059 Å.
    mu = float(expected.history[-1].details["μ (1/cm)"])
    lp = (1.0 + math.cos(math.radians(10.0)) ** 2) / (2.0 * math.sin(math.radians(10.0)))
    factor = lp * (1.0 - math.exp(-2.0 * mu * 1200e-8 / 0.0871557)) * min(1.0, 6.0 * 0.0871557)
    counts = slxrd.read(raw, axis="2theta", wavelength="CuKa1").intensity
    assert pattern.intensity[0] == pytest.approx(counts[0] / factor, rel=1e-5)
    text = (raw.parent / "new.csv").read_text(encoding="utf-8")
    for step in ("Lorentz-polarisation", "absorption (thickness (Å) = 1200", "footprint (beam (mm) = 1"):
        assert step in text


def test_correct_with_a_coefficient_and_a_gaussian_beam(raw: Path) -> None:
    words = [
        "--thickness",
        "1200",
        "--mu",
        "900",
        "--beam",
        "1",
        "--sample",
        "6",
        "--beam-profile",
        "gaussian",
    ]
    pattern = written(
        call("correct", "raw.xy", *ANGLES, *words, "--no-lp", "--noise", "counting", "--out", "new.csv"),
        "new.csv",
    )
    counted = slxrd.counting_statistics(slxrd.read(raw, axis="2theta", wavelength="CuKa1"))
    expected = corrections.correct_absorption(counted, 1200.0, mu=900.0)
    same(pattern, corrections.correct_footprint(expected, 1.0, 6.0, "gaussian"))


@pytest.mark.slow
def test_corrected_files_are_not_corrected_again(raw: Path) -> None:
    """They are over q, which ``slxrd fit`` takes as corrected."""
    written(call("correct", "raw.xy", *ANGLES, "--monochromator", "13.3", "--out", "new.csv"), "new.csv")
    assert slxrd.read("new.csv").axis == "q"
    assert "name a correction" in call("correct", "new.csv", "--out", "newer.csv").refused()


def test_sigma_of_an_instruments_counts_is_written(here: Path) -> None:
    """An .xrdml file is known to hold counts; what is written is not, and so σ goes with it."""
    pattern = written(call("background", "film.xrdml", "--out", "new.csv"), "new.csv")
    film = slxrd.counting_statistics(slxrd.correct_lorentz_polarisation(slxrd.read("film.xrdml")))
    np.testing.assert_allclose(pattern.sigma, film.sigma, rtol=1e-8)


@pytest.mark.slow
def test_background(raw: Path) -> None:
    outcome = call(
        "background", "raw.xy", *ANGLES, "--noise", "counting", "--out", "a/new.csv", "--plot", "a/new.png"
    )
    same(written(outcome, str(Path("a/new.csv"))), background.subtract_background(corrected(raw)).pattern)
    assert "method = aspls, width (Å⁻¹) = 0.8" in outcome.out
    assert (raw.parent / "a/new.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--method", "snip", "--width", "0.3"], {"method": "snip", "width": 0.3, "signal": []}),
        (
            ["--signal", "0.95:1.2", "--signal", "1.6:1.8"],
            {"method": None, "width": None, "signal": [(0.95, 1.2), (1.6, 1.8)]},
        ),
    ],
)
def test_background_options_arrive(
    raw: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: dict[str, Any]
) -> None:
    seen: dict[str, Any] = {}

    def spy(pattern: slxrd.Pattern, method: Any = None, **options: Any) -> background.Subtraction:
        seen.update(options, method=method, masked=int(pattern.mask.sum()), sigma=pattern.sigma)
        return background.Subtraction(pattern, 0.0 * pattern.intensity, pattern.masked(1.0, 1.1), ("a note",))

    monkeypatch.setattr(background, "subtract_background", spy)
    outcome = call("background", "raw.xy", *ANGLES, *words, "--mask", "1.5:1.6", "--out", "new.csv")
    assert outcome.code == 0, outcome.err
    assert "! a note" in outcome.out
    assert {name: seen[name] for name in expected} == expected
    assert seen["masked"] > 10
    assert seen["sigma"] is None


def test_doublets_are_reported(raw: Path) -> None:
    outcome = call("background", "raw.xy", "--axis", "2theta", "--wavelength", "CuKa", "--out", "new.csv")
    assert "give slxrd fit the same --wavelength" in outcome.out
    one = call("background", "raw.xy", *ANGLES, "--out", "newer.csv")
    assert "same --wavelength" not in one.out


@pytest.mark.slow
def test_peaks(raw: Path) -> None:
    with untouched(raw.parent):
        outcome = call("peaks", "raw.xy", *ANGLES, "--region", "0.95:1.25", "--noise", "counting")
    assert outcome.code == 0, outcome.err
    parts = decomposition.decompose(corrected(raw).to_q(), 0.95, 1.25)
    assert outcome.out.partition(":")[2] == f"{parts}\n".partition(":")[2]
    places = [4.0 * math.pi * math.sin(math.radians(angle / 2.0)) / 1.540593 for angle in (15.0, 15.6)]
    found = [c.position for c in parts.components]
    for place in places:
        assert min(abs(place - position) for position in found) < 2e-3


@pytest.mark.slow
def test_peaks_subtracted(raw: Path) -> None:
    words = ["--region", "0.95:1.25", "--noise", "counting", "--components", "2", "--background", "linear"]
    files = ["--subtract", "2", "--out", "new.csv", "--plot", "new.svg"]
    pattern = written(call("peaks", "raw.xy", *ANGLES, *words, *files), "new.csv")
    parts = decomposition.decompose(corrected(raw).to_q(), 0.95, 1.25, count=2, noise="counting")
    same(pattern, decomposition.subtract_peaks(parts, [2]))
    assert (raw.parent / "new.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    assert "#2 = " in (raw.parent / "new.csv").read_text(encoding="utf-8")


def test_peaks_options_arrive(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def spy(pattern: slxrd.Pattern, low: float, high: float, **options: Any) -> None:
        seen.update(options, low=low, high=high, masked=int(pattern.mask.sum()))
        raise SlxrdError("stop")

    monkeypatch.setattr(decomposition, "decompose", spy)
    words = ["--components", "4", "--shape", "pseudo-voigt", "--background", "constant", "--period", "106"]
    words += ["--mask", "1.1:1.2", "--noise", "0.02"]
    assert call("peaks", "raw.xy", *ANGLES, "--region", "0.9:1.3", *words).refused() == "stop"
    assert seen.pop("report") is not None
    assert seen.pop("masked") > 10
    assert seen == {
        "low": 0.9, "high": 1.3, "count": 4, "shape": "pseudo-voigt", "background": "constant",
        "noise": 0.02, "period": 106.0,
    }  # fmt: skip


CORRECT = ["correct", "raw.xy", *ANGLES, "--out", "n.csv"]
BACKGROUND = ["background", "raw.xy", *ANGLES, "--out", "n.csv"]
PEAKS = ["peaks", "raw.xy", *ANGLES, "--region", "0.9:1.3"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*CORRECT, "--thickness", "5nm"], "--film or --mu"),
        ([*CORRECT, "--mu", "5"], "--thickness"),
        ([*CORRECT, "--film", "Si:2.3", "--mu", "5", "--thickness", "5"], "both"),
        ([*CORRECT, "--film", "Si", "--thickness", "5"], "FORMULA:DENSITY"),
        ([*CORRECT, "--film", "Qq:1", "--thickness", "5"], "formula 'Qq'"),
        ([*CORRECT, "--mu", "5", "--thickness", "5mm"], "number"),
        ([*CORRECT, "--beam", "1"], "--sample"),
        (["correct", "cubes.csv", "--out", "n.csv"], "name a correction"),
        (["correct", "cubes.csv", "--out", "n.csv", "--beam", "1", "--sample", "5"], "--wavelength"),
        (["background", "raw.xy", *ANGLES], "--out"),
        (["background", "raw.xy", *ANGLES, "--out", "raw.xy", "--force"], "overwrite the pattern itself"),
        (["background", "raw.xy", *ANGLES, "--out", "cubes.csv"], "--force"),
        (["background", "raw.xy", *ANGLES, "--out", "n.png", "--plot", "n.png"], "same name"),
        ([*BACKGROUND, "--plot", "n.gif"], ".png, .svg or .pdf"),
        ([*BACKGROUND, "--method", "bridge"], "signal"),
        ([*BACKGROUND, "--noise", "file"], "third column"),
        ([*BACKGROUND, "--mask", "9:10"], "holds no point"),
        (["background", "cubes.csv", "--no-lp", "--out", "n.csv"], "--no-lp"),
        (["peaks", "raw.xy", *ANGLES], "--region"),
        (["peaks", "raw.xy", *ANGLES, "--region", "1"], "A:B"),
        ([*PEAKS, "--out", "n.csv"], "--subtract"),
        ([*PEAKS, "--subtract", "1"], "--out"),
        ([*PEAKS, "--subtract", "a", "--out", "n.csv"], "whole numbers"),
        ([*PEAKS, "--subtract", "99", "--out", "n.csv"], "component 99"),
        (["peaks", "raw.xy", *ANGLES, "--region", "5:6"], "outside"),
    ],
)  # fmt: skip
def test_refused(raw: Path, words: list[str], message: str) -> None:
    with untouched(raw.parent):
        assert message in call(*words).refused()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5000", 5000.0),
        ("500nm", 5000.0),
        ("500 nm", 5000.0),
        ("0.5um", 5000.0),
        ("0.5µm", 5000.0),
        ("12Å", 12.0),
    ],
)
def test_lengths(text: str, expected: float) -> None:
    assert parsing.length(text, "--thickness") == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("text", ["", "nm", "5mm", "5 cm", "nan", "5pm", "inf nm"])
def test_lengths_refused(text: str) -> None:
    with pytest.raises(SlxrdError, match="--thickness"):
        parsing.length(text, "--thickness")
