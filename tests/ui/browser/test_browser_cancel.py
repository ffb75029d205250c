"""Cancel, while a long search runs, in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

import slxrd
from slxrd.fitting.record.write import pattern_csv

#: Longest time in seconds from Cancel to the end of a job. Usually it is below one, on a busy computer more;
#: a search of crystals of 500 planes had gone on for 120 s.
LONGEST = 15.0


def test_a_search_of_thick_crystals_ends_when_it_is_cancelled(user: Any, tmp_path: Path) -> None:
    q = np.arange(0.9, 1.25, 0.0004)
    thick = {"d": 5.84, "L": 30.0, "sigma_L": 1.0, "N": 480.0, "sigma_N": 6.0}
    pattern = slxrd.simulate(q, thick, coherent=20, resolution=0.001, peak=3000.0, noise="counting", seed=1)
    path = tmp_path / "thick.csv"
    path.write_text(pattern_csv(pattern), encoding="utf-8")
    user.drop(path)
    user.sees("Contents of thick.csv")
    user.press("3 Model")
    user.sees("Bounds, ties, priors")
    user.page.locator(".card-header").filter(has_text="Sample").locator("visible=true").first.click()
    crystals = user.labelled("M, coherent crystals")
    crystals.fill("20")
    crystals.press("Enter")
    user.press("4 Fit")
    user.press("Find all solutions")
    user.sees("Running: the fit")
    user.page.wait_for_timeout(3000)  # into the search, which takes longer
    user.press("Cancel")
    user.sees("The fit was cancelled, and ended")
    message = user.page.get_by_role("status").filter(has_text="was cancelled").inner_text()
    found = re.search(r"ended ([\d.]+) s later; nothing has changed", message)
    assert found is not None
    assert float(found[1]) < LONGEST
    assert user.page.get_by_role("button", name="Find all solutions", exact=True).is_enabled()
    assert not user.page.get_by_text("reduced χ²").locator("visible=true").count()
