"""The controls of the page."""

from __future__ import annotations

import pytest

pytest.importorskip("panel")

import panel as pn

from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.page import STEPS, TABS_OF_INSPECTOR, Page


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
