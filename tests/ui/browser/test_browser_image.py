"""A detector image on the page, in a browser: from the file to the pattern of the fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulated_images import simulated_image, spots

import slxrd

pytest.importorskip("pyFAI")
fabio_edf = pytest.importorskip("fabio.edfimage")
GEOMETRY = slxrd.Geometry(1000.0, 80.0, 40.0, 200.0, 200.0, 1.0, incidence=0.3)
HEADER = {
    "simulated": "yes", "SampleDistance": "1.0", "PSize_1": "2e-4", "PSize_2": "2e-4", "Center_1": "40",
    "Center_2": "80",
}  # fmt: skip


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """An image whose header has all but the wavelength."""
    counts = simulated_image(GEOMETRY, (90, 80), spots([(0.03, 0.05)], 0.004, 200.0, 5.0)).counts
    path = tmp_path / "film.edf"
    fabio_edf.EdfImage(data=counts.astype(np.int32), header=HEADER).write(str(path))
    return path


def fill(user: Any, label: str, text: str) -> None:
    field = user.labelled(label, exact=True)
    field.fill(text)
    field.press("Enter")


def test_a_cut_is_dragged_on_the_map_saved_and_sent_to_the_fit(user: Any, film: Path) -> None:
    user.press("7 Image")
    user.sees("Set where the detector stands")
    user.page.locator("input[type=file] >> visible=true").set_input_files(film)
    user.sees("the geometry is not known without wavelength")
    fill(user, "wavelength (Å)", "1.0")
    user.sees("points over")
    fill(user, "incidence (°)", "0.3")
    user.sees("incidence 0.3°")
    fill(user, "to (Å⁻¹)", "6")
    fill(user, "from (Å⁻¹)", "5")
    user.sees("choose another range")
    fill(user, "from (Å⁻¹)", "0.045")
    fill(user, "to (Å⁻¹)", "0.055")
    user.sees("Cut in-plane:0.045:0.055")
    user.until(lambda: user.column("curve", "q"))
    q = np.array(user.column("curve", "q"))
    assert q[np.argmax(user.column("curve", "y"))] == pytest.approx(0.03, abs=0.004)

    ends = [user.labelled(f"{end} (Å⁻¹)", exact=True) for end in ("from", "to")]
    user.draws(150, 300, lambda: ends[0].input_value() != "0.045", down=60)
    low, high = (float(end.input_value()) for end in ends)
    assert low < high
    user.sees(f"Cut in-plane:{low:g}:{high:g}")
    assert f"--cut in-plane:{low:g}:{high:g}" in user.labelled("command line").input_value()

    user.page.get_by_text("Orientation (GIWAXS)").first.click()
    for label, value in (
        ("lattice a (Å)", "125.66"),
        ("rings from (Å⁻¹)", "0.03"),
        ("rings to (Å⁻¹)", "0.07"),
    ):
        fill(user, label, value)
    user.press("Measure the orientation")
    user.sees("Table of the sample")

    with user.page.expect_download() as waiting:
        user.press("Cut (.csv)")
    assert waiting.value.suggested_filename == "film-in-plane.csv"
    saved = slxrd.read(waiting.value.path())
    user.press("Send to Fit")
    user.sees("The cut is open as film-in-plane.csv")
    np.testing.assert_allclose(user.column("pattern", "x"), saved.q, rtol=1e-9)
