"""``slxrd periods``: files, printed text and errors."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyFAI")

from cli_shell import call, contents, untouched
from simulated_spots import SHAPE, gisaxs, write_edf

import slxrd


@pytest.mark.slow
def test_files_and_printed_text(here: Path) -> None:
    write_edf(here / "gisaxs.edf", gisaxs(1, height=60.0, largest=1))
    done = call(
        "periods",
        "gisaxs.edf",
        "--incidence",
        0.4,
        "--critical",
        "0.035:0.002",
        "--out",
        "out",
    )
    assert done.code == 0, done.err
    assert "gisaxs.edf  [simulated]" in done.out
    assert sorted(contents(here / "out")) == [
        "periods.caption.txt",
        "periods.csv",
        "periods.json",
        "periods.png",
    ]
    document = json.loads((here / "out" / "periods.json").read_text(encoding="utf-8"))
    assert document["estimates"]["in_plane"]["value"] == pytest.approx(104.0, abs=1.0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "need the angle of incidence"),
        (["--incidence", "0.4"], "fewer than 4"),
        (["--incidence", "0.4", "--critical", "wide"], "'wide' is not a number"),
        (["--incidence", "0.4", "--critical", "2"], "must be from 0 to 1"),
        (["--incidence", "0.4", "--distance-error", "-1"], "error of the distance -1: must be 0 or more"),
    ],
)
def test_mistakes_are_one_sentence(here: Path, words: list[str], message: str) -> None:
    noise = np.random.default_rng(0).poisson(5.0, SHAPE).astype(float)
    write_edf(here / "noise.edf", slxrd.DetectorImage(noise))
    with untouched(here):
        assert message in call("periods", "noise.edf", *words).refused()
