"""``slxrd outlines``: files, printed text and errors."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call, contents, untouched
from simulated_micrographs import micrograph, quadrilateral, write_png

pytest.importorskip("skimage")


@pytest.fixture
def picture(here: Path) -> Path:
    random = np.random.default_rng(2)
    shapes = [quadrilateral((60.0, 50.0), 50.0, 45.0, 20.0, random, 1.0)]
    return write_png(here / "tem.png", micrograph(shapes, (100, 120), random))


@pytest.mark.slow
def test_outlines(picture: Path) -> None:
    done = call("outlines", "tem.png", "--scale-bar", "100:50", "--out", "out")
    assert done.code == 0, done.err
    assert "tem.png  [simulated]" in done.out
    assert "1 outlines of dark objects" in done.out
    assert sorted(contents(picture.parent / "out")) == [
        "outlines.caption.txt", "outlines.csv", "outlines.json", "outlines.png",
    ]  # fmt: skip
    document = json.loads((picture.parent / "out" / "outlines.json").read_text(encoding="utf-8"))
    assert document["pixel"] == {"pixel": 2.0, "error": pytest.approx(2.0 * 0.41 / 50.0)}
    assert document["schema"] == 1
    (each,) = document["outlines"]
    assert each["diagonal"]["value"] == pytest.approx(2.0 * np.hypot(50.0, 45.0), rel=0.05)
    with (picture.parent / "out" / "outlines.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert float(row["diagonal"]) == pytest.approx(each["diagonal"]["value"], rel=1e-4)
    with untouched(picture.parent):
        assert "exists" in call("outlines", "tem.png", "--pixel", "2", "--out", "out").refused()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give the scale, --scale-bar 500:212"),
        (["--pixel", "2", "--scale-bar", "1:2"], "leave one out"),
        (["--pixel", "two"], "'two' is not a number"),
        (["--pixel", "2:1:1"], "expected NM or NM:ERROR"),
        (["--scale-bar", "500"], "expected NM:PIXELS"),
        (["--scale-bar", "500:-3"], "must be positive"),
        (["--pixel", "1", "--rows", "1.5:60"], "expected whole numbers"),
        (["--pixel", "1", "--rows", "50:20"], "must lie within 0:99"),
        (["--pixel", "1", "--plot", "tem.png"], "tem.png"),
    ],
)
def test_mistakes_are_one_sentence(picture: Path, words: list[str], message: str) -> None:
    with untouched(picture.parent):
        assert message in call("outlines", "tem.png", *words).refused()
