"""The controls of the page."""

from __future__ import annotations

import gc
import logging
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("panel")

import panel as pn
from bokeh.document import Document
from bokeh.models import CustomJS
from bokeh.server.connection import ServerConnection
from panel.io.state import set_curdoc

from slxrd.ui.app.controls.code_area import code_area, copy_button
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH
from slxrd.ui.app.serving.server import _is_failure
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.page import STEPS, TABS_OF_INSPECTOR, Page

EXAMPLES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples"


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
def test_a_page_that_is_no_longer_used_is_freed() -> None:
    workspace = Workspace()
    page = Page(workspace)
    kept = weakref.ref(workspace), weakref.ref(page)
    del workspace, page
    gc.collect()
    assert [each() for each in kept] == [None, None]


def _arguments(root: Any, word: str) -> list[dict[str, Any]]:
    """Arguments of the scripts with a word."""
    return [script.args for script in root.select({"type": CustomJS}) if word in script.code]


@pytest.mark.slow
def test_scripts_that_scroll_are_given_parts_of_the_page() -> None:
    root = Page(Workspace()).view.get_root()
    scrolling = _arguments(root, "scrollIntoView")
    assert len(scrolling) >= 2
    assert {each["target"] for each in scrolling} <= root.references()


def test_the_script_that_copies_is_given_the_area() -> None:
    area = code_area("Command", 80, "The command.")
    root = pn.Column(area, copy_button(area)).get_root()
    (copying,) = _arguments(root, "clipboard")
    shown, button = root.children
    assert (copying["area"], copying["button"]) == (shown, button)


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


@pytest.mark.slow
def test_what_is_done_before_the_steps_are_made_is_not_lost() -> None:
    workspace, document = Workspace(), Document()
    with set_curdoc(document):
        page = Page(workspace)
        assert not page.ready
        first = len(list(page.view.select()))
        assert any("Preparing the steps" in str(each.object) for each in page.view.select(pn.pane.HTML))
        workspace.open_file(EXAMPLES / "cspbbr3-cubes.csv")
        page.step("regions")
        workspace.undo()
        workspace.redo()
        page.complete()
    assert page.ready
    assert not any("Preparing the steps" in str(each.object) for each in page.view.select(pn.pane.HTML))
    assert len(list(page.view.select())) > 5 * first
    assert page._regions.right.visible
    assert not page._open.top.visible
    assert str(page.workspace.session.state.file).endswith("cspbbr3-cubes.csv")
    page.complete()
    assert len([each for each in page.view.select() if each is page._open.top]) == 1


@pytest.mark.slow
def test_series_and_image_are_made_when_they_are_first_shown() -> None:
    document = Document()
    with set_curdoc(document):
        page = Page(Workspace())
        page.complete()

        def labels() -> set[str]:
            return {getattr(each, "label", "") for each in page.view.select(pn.widgets.Widget)}

        assert labels().isdisjoint({"folder on this machine", "image"})
        page.step("series")
        assert "folder on this machine" in labels()
        assert "image" not in labels()
        page.step("image")
        assert "image" in labels()
        made = len(list(page.view.select()))
        page.step("open")
        page.step("image")
    assert len(list(page.view.select())) == made


def test_what_arrives_from_a_lost_connection_is_no_failure_and_others_are() -> None:
    connection = object.__new__(ServerConnection)
    connection._session = None

    def arrives() -> None:
        _ = connection.session

    def other() -> None:
        raise AssertionError("another")

    def is_reported(action: Callable[[], None]) -> bool:
        try:
            action()
        except AssertionError:
            return _is_failure(logging.LogRecord("tornado", logging.ERROR, "", 0, "", (), sys.exc_info()))
        raise AssertionError("nothing was raised")

    assert not is_reported(arrives)
    assert is_reported(other)
