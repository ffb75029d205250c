"""The frame of the page: files dropped together, theme, axes, regions with handles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples"


def test_files_dropped_together_are_listed_and_opened_as_a_series(user: Any, tmp_path: Path) -> None:
    content = (EXAMPLES / "cspbbr3-cubes.csv").read_bytes()
    files = [tmp_path / f"film_{warmth}C.csv" for warmth in (25, 50)]
    for file in files:
        file.write_bytes(content)
    user.drop(files)
    user.sees("Contents of film_")
    listed = user.page.get_by_label("dropped files")
    listed.wait_for()
    assert listed.locator("option").all_inner_texts() == ["film_25C.csv", "film_50C.csv"]
    listed.select_option("film_50C.csv")
    user.sees("Contents of film_50C.csv")
    user.press("Fit them as a series")
    user.sees("2 patterns read")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_that_of_the_operating_system_until_another_is_chosen(user: Any, scheme: str) -> None:
    other = "dark" if scheme == "light" else "light"
    user.page.emulate_media(color_scheme=scheme)
    user.page.goto(user.page.url.split("?")[0])
    user.page.get_by_role("button", name=other.capitalize(), exact=True).click()
    user.page.get_by_role("button", name=scheme.capitalize(), exact=True).wait_for()
    user.page.reload()
    user.page.get_by_role("button", name=scheme.capitalize(), exact=True).wait_for()


def test_a_region_is_moved_by_its_side_and_an_overlap_is_refused(user: Any) -> None:
    user.drop(EXAMPLES / "cspbbr3-cubes.csv")
    user.sees("Contents of")
    user.press("2 Regions")
    user.press("Edit these regions")
    start = user.page.get_by_label("region 1 from (Å⁻¹)")
    start.wait_for()
    user.press("add a region")
    low, high = _axis_range(user)
    frame = user.page.locator(".bk-Figure >> visible=true").first.bounding_box()
    inner = user.page.evaluate(_FRAME)

    def at(q: float) -> float:
        return float(frame["x"] + inner["left"] + (q - low) / (high - low) * inner["width"])

    user.draws(at(0.9) - frame["x"], at(0.85) - frame["x"], lambda: float(start.input_value()) < 0.87)
    field = user.page.get_by_label("region 2 from (Å⁻¹)")
    field.fill("1.1")
    field.press("Enter")
    user.page.get_by_role("status").filter(has_text=re.compile("! .*overlap")).wait_for()
    user.page.wait_for_function("field => field.value > 1.9", arg=field.element_handle())


_FRAME = """
() => {
  const view = [...Bokeh.index.query(view => view.frame_view || view.frame)]
    .find(view => view.model.type === 'Figure' && view.el.getBoundingClientRect().width > 400)
  const box = (view.frame_view || view.frame).bbox
  return {left: box.left, width: box.width}
}
"""


def _axis_range(user: Any) -> tuple[float, float]:
    low, high = user.page.evaluate(
        """() => {
          const found = [...Bokeh.documents[0]._all_models.values()].filter(m => m.type === 'Figure')
          const pattern = found.find(m => m.renderers.some(r => r.data_source?.name === 'pattern'))
          return [pattern.x_range.start, pattern.x_range.end]
        }"""
    )
    return float(low), float(high)


def test_every_axis_and_scale_shows_the_pattern_and_the_curves(user: Any) -> None:
    user.drop(EXAMPLES / "H1202_o2t_fine_002.xrdml")
    user.sees("Contents of")
    user.sees("1.71876e+06 counts")  # those of the file, before corrections
    q = user.column("pattern", "x")
    user.press("d")
    user.page.wait_for_function(_FIRST_IS_NOT, arg=["pattern", q[0]])
    assert 2.7 < min(user.column("pattern", "x")) < max(user.column("pattern", "x")) < 3.5
    user.press("3 Model")
    user.sees("χ² =")
    user.press("2θ")
    user.page.wait_for_function(_FIRST_IS_NOT, arg=["calculated", user.column("calculated", "x")[0]])
    assert min(user.column("calculated", "x")) > 26.0
    user.press("√")
    measured = user.column("measured", "measured")
    user.page.wait_for_function(_LARGEST_BELOW, arg=["measured", 200.0])
    assert max(measured) > 0.0


_COLUMN = """
  const models = [...Bokeh.documents[0]._all_models.values()]
  const found = models.find(m => m.name === source && m.data)
  if (!found) return false
  const data = found.data instanceof Map ? Object.fromEntries(found.data) : found.data
"""
_FIRST_IS_NOT = f"([source, old]) => {{ {_COLUMN} return data.x.length > 0 && data.x[0] !== old }}"
_LARGEST_BELOW = f"([source, most]) => {{ {_COLUMN} return Math.max(...data[source]) < most }}"
