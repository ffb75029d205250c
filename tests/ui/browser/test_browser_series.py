"""A series on the page, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slxrd.fitting.examples import SERIES
from slxrd.fitting.record.write import pattern_csv

#: Ordered, ordered, and after order was lost.
TEMPERATURES = (100.0, 125.0, 150.0)

#: Fields that share a group, and some of them a line.
FIELDS = ("variable", "table", "text before the value", "text after it", "degree", "range 1 from (Å⁻¹)")

#: Notes all texts that the page shows.
_RECORD = """() => {
  window.slxrdShown = []
  Bokeh.documents[0].on_change(({attr, value}) => { if (attr === 'text') slxrdShown.push(value) })
}"""


def _right_end(field: Any) -> float:
    box = field.bounding_box()
    return float(box["x"] + box["width"])


def test_a_folder_is_read_fitted_and_saved(user: Any, tmp_path: Path) -> None:
    example = SERIES["cspbbr3-annealing"]
    patterns = example.patterns()
    films = tmp_path / "films"
    films.mkdir()
    for t in TEMPERATURES:
        (films / f"film_{t:g}C.csv").write_text(pattern_csv(patterns[t]), encoding="utf-8")
    (films / "notes.txt").write_text("kept warm over night\n", encoding="utf-8")
    user.press("2 Regions")
    field = user.region_field()
    field.fill("0.88:1.28")
    field.press("Enter")

    user.press("6 Series")
    user.page.get_by_text("used for the fit: regions").wait_for()
    folder = user.labelled("folder on this machine")
    folder.fill(str(tmp_path / "nowhere"))
    user.press("Read the folder")
    user.sees("no such folder")
    user.page.get_by_text("Values of the variable").click()
    user.page.get_by_text("Joint fit and figures").click()
    user.press("Add a range")
    for width in (1280, 1600):
        user.page.set_viewport_size({"width": width, "height": 800})
        fields = [user.labelled(name, exact=True) for name in FIELDS]
        fields[-1].scroll_into_view_if_needed()
        assert max(map(_right_end, fields)) <= _right_end(folder), width
    folder.fill(str(films))
    folder.press("Tab")
    user.page.keyboard.press("Enter")
    user.sees("3 patterns read, 1 left out")
    user.sees("notes.txt: ")
    user.page.evaluate(_RECORD)
    user.press("Fit the series")
    user.sees("3 of 3 patterns fitted")
    assert user.page.evaluate(
        "() => slxrdShown.some(text => /Running: [12] of 3 patterns fitted/.test(text))"
    )
    user.sees("Order lost between 125 and 150 °C")
    pictures = user.page.locator("img[src^='data:image/png']")
    user.page.get_by_role("img", name="Waterfall").wait_for()
    wide = pictures.evaluate_all("seen => seen.map(one => one.complete && one.naturalWidth > 400)")
    assert wide == [True] * 4
    with user.page.expect_download() as waiting:
        user.press("Table (series.csv)")
    assert waiting.value.suggested_filename == "films-series.csv"
    rows = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("temperature (°C),file,data,status,")
    assert [float(row.split(",")[0]) for row in rows[1:]] == list(TEMPERATURES)
    assert len(list((films / "slxrd-series" / "patterns").glob("film_*C.json"))) == 3
