"""What the README says of the page: from a folder of scans to a saved report, in both sizes and themes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples"
CUBES, FILM = "cspbbr3-cubes.csv", "H1202_o2t_fine_002.xrdml"
SMALL, LARGE = (1280, 800), (1920, 1080)

#: Whether all buttons that are shown are within the window, from left to right.
_WITHIN = """() => {
  const found = [...Bokeh.index.query(view => /Button$/.test(view.model.type))]
    .map(view => view.el.getBoundingClientRect()).filter(box => box.width > 0)
  return found.length > 0 && document.documentElement.scrollWidth <= window.innerWidth
    && found.every(box => box.left >= 0 && box.right <= window.innerWidth)
}"""


@pytest.mark.parametrize(
    ("file", "proposal", "assessment", "size", "theme"),
    [
        (CUBES, "stack", "The model describes the data", SMALL, "light"),
        (FILM, "film on substrate", "with systematic residuals", LARGE, "dark"),
    ],
)
def test_from_a_folder_of_scans_to_a_saved_report(
    user: Any, file: str, proposal: str, assessment: str, size: tuple[int, int], theme: str
) -> None:
    page = user.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=theme)
    page.get_by_role("button", name="Light" if theme == "dark" else "Dark", exact=True).wait_for()

    user.drop([EXAMPLES / name for name in (CUBES, FILM)])
    scans = user.labelled("dropped files")
    scans.wait_for()
    for _ in range(600):
        if scans.locator("option").count() == 2:
            break
        page.wait_for_timeout(100)
    scans.select_option(file)
    user.sees(f"Contents of {file}")
    user.sees("What the pattern shows")
    page.get_by_role("cell", name=proposal, exact=True).wait_for()
    page.wait_for_function(_WITHIN)

    user.press("4 Fit")
    user.press("Find all solutions")
    banner = page.get_by_role("status").filter(has_text=assessment)
    banner.wait_for(timeout=180_000)
    headline = re.sub(r"^\W+", "", banner.inner_text())
    page.wait_for_function(_WITHIN)

    user.press("5 Save")
    with page.expect_download() as waiting:
        user.press("Report (.html)")
    report = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert file in report
    assert headline in re.sub(r"<[^>]+>", "", report)
    page.wait_for_function(_WITHIN)

    width, height = LARGE if size == SMALL else SMALL
    page.set_viewport_size({"width": width, "height": height})
    for step in ("3 Model", "2 Regions"):
        user.press(step)
        page.wait_for_function(_WITHIN)
