"""The page as a whole: its parts are made when they are needed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("panel")

import panel as pn
from bokeh.document import Document
from panel.io.state import set_curdoc

from slxrd.ui.app.controls.widgets import Deferred
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.page import STEPS, TABS_OF_INSPECTOR, Page


@pytest.fixture
def document() -> Iterator[Document]:
    pn.extension("filedropper")
    made = Document()
    with set_curdoc(made):
        yield made


@pytest.mark.slow
def test_the_first_step_is_sent_without_the_others(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    monkeypatch.setattr(type(pn.state), "onload", lambda self, callback: loaded.append(callback))
    complete: list[bool] = []
    page = Page(Workspace(), on_complete=lambda: complete.append(True))
    page.view.server_doc(document)
    first = len(list(document.models))
    while not complete:
        for callback in loaded:
            callback()
    assert not any(part.waiting for part in page.view.select(Deferred))
    assert len(list(document.models)) > 3 * first


@pytest.mark.slow
def test_a_step_is_made_when_it_is_shown() -> None:
    page = Page(Workspace())
    for step in STEPS.values():
        page.step(step)
    assert not [part for part in page.view.select(Deferred) if part.visible and part.waiting]


@pytest.mark.slow
def test_every_control_that_can_have_a_tooltip_has_one() -> None:
    page = Page(Workspace())
    for part in page.view.select(Deferred):
        part.fill()
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
