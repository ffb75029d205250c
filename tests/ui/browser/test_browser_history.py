"""The fit history of the page, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slxrd.ui.session.controller import Session

CUBES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples" / "cspbbr3-cubes.csv"
QUICK = {
    "regions": [(0.9, 1.25)],
    "start": {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5},
}

#: Whether the table is below all plots that are shown.
_BELOW = """() => {
  const plots = [...Bokeh.index.query(view => view.model.type === 'Figure')]
    .map(view => view.el.getBoundingClientRect()).filter(box => box.width > 0 && box.left < 880)
  const tables = [...Bokeh.index.query(view => view.model.type === 'panel.models.markup.HTML')]
    .filter(view => view.model.text.includes('Fits side by side'))
    .map(view => view.el.getBoundingClientRect())
  return plots.length > 2 && tables.some(table => table.height > 0
    && plots.every(box => box.bottom <= table.top + 1))
}"""


def test_fits_are_put_side_by_side_restored_and_saved(user: Any, tmp_path: Path) -> None:
    session = Session()
    session.open_file(CUBES.read_bytes(), "cubes.csv")
    session.do("region and start", choices=QUICK)
    session.fit()
    path = tmp_path / "session.json"
    session.save(path)
    user.drop(path)
    user.sees("cubes.csv")
    user.press("4 Fit")
    user.sees("Fit history (1)")
    user.labelled("start from the sliders").check()
    user.press("Find all solutions")
    user.sees("Fit history (2)")
    for _ in range(60):  # the list may be made again after the fit, and lose a tick that is on its way
        for number in (1, 2):
            box = user.labelled(f"compare fit {number}")
            if not box.is_checked():
                box.click()
        if user.page.get_by_text("Fits side by side").is_visible():
            break
        user.page.wait_for_timeout(500)
    user.sees("Fits side by side")
    user.page.wait_for_function(_BELOW)
    user.press("Restore fit 1")
    user.sees("Fit 1 is shown, with its options.")
    user.press("Remove fit 2")
    user.sees("Fit history (1)")
    user.press("↶ Undo")
    user.sees("Undone: removal of fit 2.")
    user.sees("Fit history (2)")
    user.press("5 Save")
    with user.page.expect_download() as waiting:
        user.press("Session (.json)")
    saved = Session.open(waiting.value.path())
    assert [kept.number for kept in saved.fits] == [1, 2]
    assert saved.fits[0].is_of(saved.state)
