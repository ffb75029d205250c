"""Comparison of models in a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples"


def test_models_are_ranked_and_one_is_sent_to_the_fit(user: Any, tmp_path: Path) -> None:
    user.drop(EXAMPLES / "cspbbr3-cubes.csv")
    user.sees("Contents of cspbbr3-cubes.csv")
    user.press("2 Regions")
    field = user.region_field()
    field.fill("0.9:1.25")
    field.press("Enter")
    user.press("4 Fit")
    user.page.get_by_role("button", name="Compare models").first.click()  # opens the group
    compare = user.page.get_by_role("button", name="Compare models", exact=True).locator("visible=true").last
    for model in ("planes", "planes+coherent=1"):
        user.page.get_by_label(model, exact=True).check()
    user.page.get_by_label("planes+mixed", exact=True).uncheck()
    compare.click()
    user.page.get_by_text("Models compared").locator("visible=true").wait_for(timeout=300_000)
    chosen = user.labelled("model", exact=True)
    assert chosen.locator("option").count() == 2
    chosen.select_option("planes+coherent=1")
    user.press("Send to Fit")
    user.sees("The model is planes+coherent=1: press Find all solutions.")
    user.sees("this ranking belongs to the earlier ones")
    user.press("5 Save")
    with user.page.expect_download() as waiting:
        user.press("Session (.json)")
    waiting.value.save_as(tmp_path / "session.json")
    session = json.loads((tmp_path / "session.json").read_text(encoding="utf-8"))
    assert session["asked"]["choices"]["coherent"] == 1
