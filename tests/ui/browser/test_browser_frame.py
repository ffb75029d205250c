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
    files[0].write_bytes(content)
    files[1].write_bytes(b"".join(content.splitlines(keepends=True)[:-1]))  # a copy would be left out
    user.drop(files)
    user.sees("Contents of film_")
    listed = user.labelled("dropped files")
    listed.wait_for()
    assert listed.locator("option").all_inner_texts() == ["film_25C.csv", "film_50C.csv"]
    listed.select_option("film_50C.csv")
    user.sees("Contents of film_50C.csv")
    user.press("Fit them as a series")
    user.sees("2 patterns read")


def test_a_page_is_shown_before_its_scripts_have_run_and_replaced_by_them(
    browser: Any, server: str, user: Any
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server)
    page.get_by_role("link", name="page").click()
    for text in (
        "no file open",
        "1 Open a diffractogram",
        "Loading the page …",
        "6 Series",
        "What this page does",
    ):
        page.get_by_text(text).first.wait_for()
    context.close()
    assert user.page.locator("#slxrd-static").count() == 0
    assert user.page.get_by_text("1 Open a diffractogram").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_that_of_the_operating_system_until_another_is_chosen(user: Any, scheme: str) -> None:
    other = "dark" if scheme == "light" else "light"
    user.page.emulate_media(color_scheme=scheme)
    user.page.get_by_role("button", name=other.capitalize(), exact=True).click()
    user.page.get_by_role("button", name=scheme.capitalize(), exact=True).wait_for()
    user.page.reload()
    user.page.get_by_role("button", name=scheme.capitalize(), exact=True).wait_for()


def test_regions_and_masks_are_moved_by_their_sides_and_an_overlap_is_refused(user: Any) -> None:
    user.drop(EXAMPLES / "cspbbr3-cubes.csv")
    user.sees("Contents of")
    user.press("2 Regions")
    user.press("Edit these regions")
    start = user.labelled("region 1 from (Å⁻¹)")
    start.wait_for()
    user.press("add a region")
    _wait_for_layout(user)

    def at(q: float) -> float:
        shown = user.page.evaluate(_FRAME)
        share = (q - shown["low"]) / (shown["high"] - shown["low"])
        return float(shown["left"] + share * shown["width"])

    def from_(field: Any) -> float:
        return float(field.input_value())

    user.draws(lambda: at(from_(start)), lambda: at(0.85), lambda: from_(start) < 0.87)
    mask = user.labelled("mask 1 from (Å⁻¹)")
    user.draws(lambda: at(1.4), lambda: at(1.6), mask.is_visible, mouse="add a mask")
    user.draws(lambda: at(from_(mask)), lambda: at(1.5), lambda: from_(mask) > 1.45, mouse="add a mask")
    user.press("add a region")
    field = user.labelled("region 2 from (Å⁻¹)")
    refused = user.page.get_by_role("status").filter(has_text=re.compile("! .*overlap"))
    for _ in range(6):  # the fields may still follow the mouse, and lose what is typed
        field.fill("1.1")
        field.press("Enter")
        if _appears(user, refused):
            break
    assert refused.is_visible()
    for _ in range(100):
        if float(field.input_value()) > 1.9:  # as it was
            return
        user.page.wait_for_timeout(100)
    raise AssertionError("the field does not show the region that was kept")


def _appears(user: Any, text: Any) -> bool:
    """Whether a text is seen within ten seconds."""
    for _ in range(100):
        if text.is_visible():
            return True
        user.page.wait_for_timeout(100)
    return False


#: The frame of the plot that is shown, and its horizontal axis; other steps have figures of the same data.
_FRAME = """
() => {
  const view = [...Bokeh.index.query(view => view.frame_view || view.frame)]
    .find(view => view.model.type === 'Figure' && view.el.getBoundingClientRect().width > 400)
  const box = (view.frame_view || view.frame).bbox
  const range = view.model.x_range
  return {left: box.left, width: box.width, low: range.start, high: range.end}
}
"""


def _wait_for_layout(user: Any) -> None:
    """Wait until the plot has kept its place and its size for a moment."""
    before = None
    for _ in range(100):
        now = user.page.evaluate(_FRAME), user.plot_box()
        if now == before:
            return
        before = now
        user.page.wait_for_timeout(300)
    raise AssertionError("the plot does not come to rest")
