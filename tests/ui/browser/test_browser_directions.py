"""From the images and the scan of a film to the table of the sample, on the page, in a browser."""

from __future__ import annotations

import csv
import json
import shlex
import zipfile
from pathlib import Path
from typing import Any

import pytest

import slxrd

pytest.importorskip("pyFAI")
pytest.importorskip("fabio")

from simulated_film_images import TRUE, write_film

from slxrd.ui.session.controller import Session

pytestmark = pytest.mark.slow


def _fill(user: Any, label: str, text: str) -> None:
    field = user.labelled(label, exact=True).last
    field.fill(text)
    field.press("Enter")


def _drop(user: Any, file: Path, place: int = 0) -> None:
    user.page.locator("input[type=file] >> visible=true").nth(place).set_input_files(file)


def _open(user: Any, title: str) -> None:
    user.page.get_by_text(title).locator("visible=true").first.click()


def _download(user: Any, label: str) -> Path:
    button = user.page.get_by_role("button", name=label, exact=True).locator("visible=true")
    with user.page.expect_download() as waiting:
        button.first.click()
    return Path(waiting.value.path())


def test_from_two_images_and_a_scan_to_the_table_of_the_sample(user: Any, tmp_path: Path) -> None:
    files = write_film(tmp_path)
    user.drop(files["scan"])
    user.sees("Contents of film-scan.csv")
    user.press("4 Fit")
    user.press("Find all solutions")
    user.sees("reduced χ²")

    user.press("7 Image")
    _drop(user, files["gisaxs"])
    user.sees("points over")
    _fill(user, "incidence (°)", "0.4")
    user.sees("incidence 0.4°")
    _open(user, "Periods (GISAXS)")
    user.press("Measure the periods")
    user.sees("Table of the sample")

    _drop(user, files["giwaxs"])
    user.sees("340 × 620 pixels")
    _fill(user, "incidence (°)", "0.3")
    user.sees("incidence 0.3°")
    _open(user, "Orientation (GIWAXS)")
    user.labelled("crystal").first.select_option("CsPbBr3")
    _fill(user, "rings from (Å⁻¹)", "0.7")
    _fill(user, "rings to (Å⁻¹)", "1.25")
    user.press("Measure the orientation")
    user.sees("tilt {100}")

    _fill(user, "from (Å⁻¹)", "0.035")
    _fill(user, "to (Å⁻¹)", "0.055")
    user.sees("Cut in-plane:0.035:0.055")
    _open(user, "Several directions (joint fit)")
    user.press("Add the scan")
    user.sees("film-scan.csv")
    user.press("Add this cut")
    user.labelled("direction 2").select_option("100")
    user.labelled("measured as").first.select_option("a line")
    _drop(user, files["110"], 1)
    user.labelled("direction 3").wait_for()
    for name in ("d", "N", "σ_N"):
        user.page.get_by_label(name, exact=True).locator("visible=true").first.check()
    _fill(user, "M, coherent crystals", "20")
    command = user.page.get_by_label("command line").locator("visible=true").last
    words = ["slxrd", "directions", "film-scan.csv", "film-giwaxs-in-plane.csv:100", "film-110.csv:110"]
    words += ["--share", "d,N,sigma_N", "--coherent", "20"]
    for _ in range(100):
        if shlex.split(command.input_value()) == words:
            break
        user.page.wait_for_timeout(100)
    assert shlex.split(command.input_value()) == words
    user.press("Fit the cuts together")
    user.sees("Fitted together")
    user.sees("The model describes the data")

    rows = list(csv.DictReader(_download(user, "Table (.csv)").read_text(encoding="utf-8").splitlines()))
    for quantity, true in TRUE.items():
        found = [row for row in rows if row["quantity"] == quantity and row["value"]]
        assert found, quantity
        for row in found:
            if row["status"] == "determined":
                assert abs(float(row["value"]) - true) < 4.0 * float(row["error"]), row
    assert {row["method"] for row in rows} == {"θ:2θ fit", "GISAXS", "GIWAXS", "cuts"}

    with zipfile.ZipFile(_download(user, "Cuts (.zip)")) as archive:
        archive.extractall(tmp_path / "cuts")
    cuts = [
        (slxrd.read(tmp_path / "cuts" / file.split(":")[0]), file.partition(":")[2] or "scan")
        for file in words[2:5]
    ]
    again = slxrd.fit_directions(cuts, share=("d", "N", "sigma_N"), coherent=20)
    result = json.loads(_download(user, "Result (.json)").read_text(encoding="utf-8"))
    assert result["chi2"] == pytest.approx(again.chi2, rel=1e-6)

    user.press("5 Save")
    report = _download(user, "Report (.html)").read_text(encoding="utf-8")
    assert "σ_T in plane" in report
    session = Session.open(_download(user, "Session (.json)"))
    assert [each.name for each in session.sample] == ["periods", "orientation", "directions"]
    assert session.sample[-1].document["chi2"] == result["chi2"]
