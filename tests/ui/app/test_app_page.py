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
from slxrd.ui.app.views.page import STEPS, Page


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
