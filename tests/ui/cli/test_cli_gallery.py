"""``slxrd gallery``: what it writes, takes up again, and refuses."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from cli_shell import call, contents

import slxrd
from slxrd.ui.gallery import run as room
from slxrd.ui.gallery.fits import table
from slxrd.ui.gallery.samples import DrawnFigure, Figure, Samples

PNG = b"\x89PNG\r\n\x1a\n"
#: Those that need no fit.
QUICK = ["--only", "S3", "--only", "S4"]


def quiet(done: int, of: int) -> None:
    """Report to nobody."""


def stand_in(name: str, order: float, draw: Callable[..., DrawnFigure]) -> Figure:
    return Figure(name, f"title of {name}", order, draw)


@pytest.mark.slow
def test_pictures_page_and_record(here: Path) -> None:
    done = call("gallery", "--out", "g", *QUICK)
    assert done.code == 0, done.err
    assert set(contents(here / "g")) == {"S3.png", "S4.png", "gallery.html", "gallery.json"}
    assert (here / "g" / "S3.png").read_bytes().startswith(PNG)
    page = (here / "g" / "gallery.html").read_text(encoding="utf-8")
    assert re.findall(r'<img src="([^"]+)"', page) == ["S3.png", "S4.png"]
    assert "Every pattern on this page is simulated" in page
    assert "<p>Simulated. Left, |F|²" in page
    assert "http" not in page
    # 13 planes with half a plane distance on either side, and what is left of L.
    assert "75.9 Å thick" in page
    assert "gap is 31.1 Å" in page


@pytest.mark.slow
def test_what_is_there_is_kept_and_the_rest_is_drawn(here: Path) -> None:
    assert call("gallery", "--out", "g", "--only", "S4").code == 0
    picture = here / "g" / "S4.png"
    written = picture.stat().st_mtime_ns
    again = call("gallery", "--out", "g", *QUICK)
    assert again.code == 0
    assert "1 of 2 exist already" in again.out
    assert picture.stat().st_mtime_ns == written
    assert (here / "g" / "S3.png").exists()
    assert call("gallery", "--out", "g", "--only", "S4", "--force").code == 0
    assert picture.stat().st_mtime_ns > written


@pytest.mark.slow
def test_a_picture_of_somebody_else_is_not_overwritten(here: Path) -> None:
    (here / "g").mkdir()
    (here / "g" / "S4.png").write_bytes(b"mine")
    message = call("gallery", "--out", "g", *QUICK).refused()
    assert "S4.png: exists" in message
    assert contents(here / "g") == {"S4.png": b"mine"}
    # One that was drawn and changed since is not the gallery's any more.
    assert call("gallery", "--out", "h", "--only", "S4").code == 0
    (here / "h" / "S4.png").write_bytes(b"mine")
    assert "S4.png: exists" in call("gallery", "--out", "h", "--only", "S4").refused()


def test_unknown_figures_and_strange_records_are_refused(here: Path) -> None:
    assert "S9: unknown figure" in call("gallery", "--out", "g", "--only", "S9").refused()
    assert not (here / "g").exists()
    for text in ("[]", "{", '{"slxrd": "0.0.1", "figures": {}}'):
        (here / "g").mkdir(exist_ok=True)
        (here / "g" / "gallery.json").write_text(text, encoding="utf-8")
        assert call("gallery", "--out", "g", *QUICK).refused().startswith(str(Path("g") / "gallery.json"))


def test_an_interruption_keeps_what_is_drawn(here: Path) -> None:
    def stop(*_: object) -> DrawnFigure:
        raise KeyboardInterrupt

    def draw(*_: object) -> DrawnFigure:
        return DrawnFigure("seen", {"": PNG})

    figures = {"S1": stand_in("S1", 1, draw), "S2": stand_in("S2", 2, stop)}
    with mock.patch.object(room, "FIGURES", figures):
        done = call("gallery", "--out", "g")
        assert done.code == 130
        assert "goes on from there" in done.err
        assert (here / "g" / "S1.png").read_bytes() == PNG
        figures["S2"] = stand_in("S2", 2, draw)
        again = call("gallery", "--out", "g")
    assert again.code == 0
    assert "1 of 2 exist already" in again.out
    record = json.loads((here / "g" / "gallery.json").read_text(encoding="utf-8"))
    assert record["slxrd"] == slxrd.__version__
    assert set(record["figures"]) == {"S1", "S2"}


def test_a_missing_library_is_said_and_the_rest_drawn(here: Path) -> None:
    def draw(*_: object) -> DrawnFigure:
        return DrawnFigure("seen", {"": PNG})

    figures = {
        "S8": Figure("S8", "histograms", 8, draw, needs=("no_such_library",)),
        "S10": stand_in("S10", 10, draw),
    }
    with mock.patch.object(room, "FIGURES", figures):
        done = call("gallery", "--out", "g")
    assert done.code == 2
    assert "S8 needs no_such_library" in done.out
    assert (here / "g" / "S10.png").exists()
    assert not (here / "g" / "S8.png").exists()


def test_every_figure_of_the_supporting_information_is_there() -> None:
    pictures = [f"S{number}" for number in (*range(1, 9), *range(10, 15))]
    assert set(room.FIGURES) == {*pictures, "Table S1", "Table 1"}
    assert [figure.order for figure in room.FIGURES.values()] == sorted(
        f.order for f in room.FIGURES.values()
    )
    files = [file for figure in room.FIGURES.values() for file in figure.files]
    assert len(files) == len(set(files))


@pytest.mark.slow
def test_table_1_moves_as_in_the_paper() -> None:
    """Signs and sizes of what the correction does to the sheets: 3.0233 → 3.0083, 44.3933 → 44.444 Å."""
    samples = Samples()
    before, after = samples.sheets

    def shift(name: str) -> float:
        values = [found.parameters[name].value for found in (before, after)]
        assert values[0] is not None
        assert values[1] is not None
        return values[1] - values[0]

    assert shift("d") == pytest.approx(-0.015, abs=0.01)
    assert shift("L") == pytest.approx(0.051, abs=0.03)
    assert shift("sigma_N") == pytest.approx(0.033, abs=0.03)
    periods = [found.derived["period_of_most_probable"].value for found in (before, after)]
    assert periods == pytest.approx([53.469, 53.469], abs=0.04)
    rows = table(samples, quiet).table
    assert len({len(row) for row in rows}) == 1
    assert np.isclose(float(rows[2][1].split(" ± ")[0]), 3.0083, atol=0.006)
    value, statistical, systematic = (float(part) for part in rows[3][1].split(" ± "))
    assert abs(value - 3.0083) < 2.0 * math.hypot(statistical, systematic)
    assert systematic > 0.0
    assert math.isclose(float(rows[4][-1]), 53.469, abs_tol=5e-4)
