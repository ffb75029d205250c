"""``slxrd orientation``: files, printed text and errors."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call, contents, untouched

pytest.importorskip("pyFAI")

TYPED = (
    "--distance",
    "90",
    "--centre",
    "155,120",
    "--pixel",
    "344",
    "--wavelength",
    "1",
    "--incidence",
    "0.3",
)


@pytest.fixture
def image(here: Path) -> Path:
    from fabio.edfimage import EdfImage
    from simulated_rings import Textured, film

    expected = film((Textured(fraction=0.8),), powder=0.2, counts=30.0, families=2)
    counts = np.random.default_rng(1).poisson(expected).astype("int32")
    EdfImage(data=counts, header={"simulated": "yes"}).write(str(here / "film.edf"))
    return here / "film.edf"


@pytest.mark.slow
def test_orientation(image: Path) -> None:
    done = call("orientation", image.name, *TYPED, "--lattice", "CsPbBr3", "--q", "0.5:1.7", "--out", "out")
    assert done.code == 0, done.err
    assert "{100} parallel to the substrate" in done.out
    names = [f"orientation.{kind}" for kind in ("caption.txt", "csv", "json", "png")]
    assert sorted(contents(image.parent / "out")) == names
    document = json.loads((image.parent / "out" / "orientation.json").read_text(encoding="utf-8"))
    assert document["orientations"][0]["planes"] == "{100}"
    assert abs(document["orientations"][0]["tilt"]["value"] - 2.0) < 0.3
    assert [ring["planes"] for ring in document["rings"]] == ["{100}", "{110}"]
    with untouched(image.parent):
        again = call("orientation", image.name, *TYPED, "--out", "out")
        assert "exists" in again.refused()


@pytest.mark.slow
def test_bad_input(image: Path) -> None:
    for words, message in (
        ([], "geometry is not known"),
        ([*TYPED[:-2]], "angle of incidence"),
        ([*TYPED, "--lattice", "gold"], "neither a crystal"),
        ([*TYPED, "--spacings", "5.8,x"], "--spacings 5.8,x"),
        ([*TYPED, "--q", "1"], "--q 1"),
        ([*TYPED, "--q", "7:9"], "choose another range"),
    ):
        with untouched(image.parent):
            assert message in call("orientation", image.name, *words).refused(), words
