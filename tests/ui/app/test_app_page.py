"""The controls of the page."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("panel")

import panel as pn

from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.page import STEPS, TABS_OF_INSPECTOR, Page


def _width(item: Any) -> int:
    """Width of an item with its margins, which alone count where it is as wide as there is space."""
    margin = item.margin
    sides = 2 * margin if isinstance(margin, int) else margin[1] + margin[-1]
    own = 0 if item.sizing_mode == "stretch_width" else item.width or 0
    return own + sides if item.visible else 0


@pytest.mark.slow
def test_no_row_is_wider_than_the_group_that_contains_it() -> None:
    page = Page(Workspace())
    groups = page.view.select(pn.Card)
    assert len(groups) > 6
    inside = CONTROLS_WIDTH - 2 * 8 - 2  # without the margins and the border of a group
    for group in groups:
        for each in group.select(pn.Row):
            assert sum(map(_width, each)) <= inside, [getattr(item, "label", item) for item in each]


@pytest.mark.slow
def test_every_control_that_can_have_a_tooltip_has_one() -> None:
    page = Page(Workspace())
    with_tooltip = [each for each in page.view.select(pn.widgets.Widget) if "description" in each.param]
    # Downloads show none: their labels name the files. Those of steps and tabs would cover the plot.
    names = (list(STEPS), list(TABS_OF_INSPECTOR))
    controls = [
        each
        for each in with_tooltip
        if not isinstance(each, pn.widgets.FileDownload) and list(getattr(each, "options", ())) not in names
    ]
    assert len(controls) > 60
    tips = {each: getattr(each.description, "content", each.description) for each in controls}
    assert [each.label for each, sentence in tips.items() if not (sentence or "").endswith(".")] == []
