"""``slxrd saed``: files, printed text and errors."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call, contents

pytest.importorskip("pyFAI")
CONSTANT = ("--camera-constant", "720:7")


@pytest.fixture
def image(here: Path) -> Path:
    from PIL import Image
    from simulated_saed import diffraction

    counts = np.random.default_rng(1).poisson(diffraction(oriented=0.0, counts=15.0))
    Image.fromarray(counts.astype("uint16")).save(here / "pattern.tif")
    Image.fromarray(np.zeros((100, 100), dtype="uint8")).save(here / "dark.png")
    Image.fromarray(np.full((100, 100), 255, dtype="uint8")).save(here / "full.png")
    return here / "pattern.tif"


@pytest.mark.slow
def test_saed(image: Path) -> None:
    words = ("--lattice", "CsPbBr3", "--q", "0.8:1.8", "--out", "out")
    done = call("saed", image.name, *CONSTANT, *words)
    assert done.code == 0, done.err
    assert "2 even rings" in done.out
    names = [f"saed.{kind}" for kind in ("caption.txt", "csv", "json", "png")]
    assert sorted(contents(image.parent / "out")) == names
    document = json.loads((image.parent / "out" / "saed.json").read_text(encoding="utf-8"))
    assert [ring["planes"] for ring in document["rings"]] == ["{100}", "{110}"]
    assert abs(document["rings"][0]["radius"]["value"] - 720.0 / 5.84) < 0.3
    assert document["zone_axis"] is None
    assert document["camera_constant"]["error"] == 7.0


@pytest.mark.slow
def test_bad_input(image: Path) -> None:
    for words, message in (
        ([image.name], "--camera-constant"),
        ([image.name, "--camera-constant", "a"], "--camera-constant a"),
        ([image.name, "--camera-constant", "720:7:1"], "VALUE:ERROR"),
        ([image.name, *CONSTANT, "--pixel", "0"], "--pixel 0"),
        ([image.name, *CONSTANT, "--centre", "5"], "ROW,COLUMN"),
        ([image.name, *CONSTANT, "--lattice", "gold"], "neither a crystal"),
        ([image.name, *CONSTANT, "--q", "7:9"], "choose another range"),
        (["dark.png", *CONSTANT], "all pixels are zero"),
        (["full.png", *CONSTANT], "all pixels are left out"),
        (["dark.png", *CONSTANT, "--frame", "1"], "has one frame"),
    ):
        assert message in call("saed", *words).refused(), words
