"""The fit history of the page, without a browser."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("panel")

from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.fit_history import FitHistory
from slxrd.ui.app.views.history_tables import ListedFit, side_by_side_html, time_text
from slxrd.ui.session.controller import Session

FITTED = Path(__file__).parents[2] / "files" / "results" / "schema-4" / "fitted.json"


def _session(path: Path, **first: Any) -> Session:
    """A session with two fits; of the first, the fields of the result are changed."""
    document = json.loads(FITTED.read_text(encoding="utf-8"))
    result = {name: value for name, value in document.items() if name not in ("log", "content")}
    asked = {**result["asked"], "choices": {**result["asked"]["choices"], "coherent": 20}}
    document["fits"] = [
        {"number": 1, "time": "2026-11-28T10:00:00+00:00", "result": {**result, "asked": asked, **first}},
        {"number": 2, "time": None, "result": result},
    ]
    path.write_text(json.dumps(document), encoding="utf-8")
    return Session.open(path)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(_session(tmp_path / "session.json"))


def _listed(session: Session) -> list[ListedFit]:
    return [ListedFit(kept, SavedFit.from_dictionary(kept.result)) for kept in session.fits]


def test_restoring_and_removing_are_undone_and_named(workspace: Workspace) -> None:
    workspace.restore_fit(1)
    assert workspace.session.state.choices["coherent"] == 20
    assert workspace.next_undo == "return to fit 1"
    assert "Fit 1 is shown" in workspace.message
    workspace.remove_fit(2)
    assert workspace.next_undo == "removal of fit 2"
    assert workspace.unsaved
    workspace.undo()
    assert workspace.message == "Undone: removal of fit 2."
    assert [kept.number for kept in workspace.session.fits] == [1, 2]
    assert workspace.next_redo == "removal of fit 2"
    workspace.undo()
    assert workspace.session.fits[1].is_of(workspace.session.state)
    workspace.redo()
    workspace.redo()
    assert [kept.number for kept in workspace.session.fits] == [1]
    workspace.restore_fit(7)
    assert workspace.level == "error"


def test_ticked_fits_stand_side_by_side(workspace: Workspace) -> None:
    view = FitHistory(workspace)
    workspace.subscribe(view.refresh)
    assert not view.table.visible
    for tick in view.ticks.values():
        tick.value = tick.options
    assert view.table.visible
    assert "M, coherent crystals" in view.table[0].object
    before = dict(view.ticks)
    workspace.restore_fit(1)  # another fit is marked as shown, so that the list is made again
    assert view.ticks == before
    assert view.table.visible
    workspace.remove_fit(1)
    assert not view.table.visible
    workspace.undo()
    assert len(view.ticks) == 2


def test_values_have_the_status_of_their_fit(tmp_path: Path) -> None:
    parameters = json.loads(FITTED.read_text(encoding="utf-8"))["parameters"]
    parameters["L"].update(value=None, error=None, status="undetermined", interval_68=[], interval_95=[])
    parameters["N"].update(value=9.0, error=None, status="lower bound", interval_68=[], interval_95=[])
    parameters["d"].update(error=None, status="rejected", interval_68=[], interval_95=[])
    table = side_by_side_html(_listed(_session(tmp_path / "session.json", parameters=parameters)))
    rows = {row.split("</td>")[0].split("<i>")[-1]: row for row in table.split("<tr>")}
    first = {name[0]: rows[name].split("<td>")[1] for name in ("L</i> (Å)", "N</i> (planes)", "d</i> (Å)")}
    assert first == {
        "L": "not determined</td>",
        "N": "&gt; 9</td>",
        "d": "no result</td>",
    }
    assert "±" in rows["d</i> (Å)"].split("<td>")[2]


def test_chi2_of_other_points_is_not_compared(tmp_path: Path) -> None:
    same = _session(tmp_path / "same.json")
    assert "cannot be compared" not in side_by_side_html(_listed(same))
    regions = json.loads(FITTED.read_text(encoding="utf-8"))["regions"]
    regions[0]["weight"] = 0.5
    other = _session(tmp_path / "other.json", regions=regions)
    assert "cannot be compared" in side_by_side_html(_listed(other))


def test_times_have_a_date_unless_it_is_today() -> None:
    now = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    assert len(time_text(now, now)) == len("12:00")
    assert time_text(datetime(2026, 11, 20, 12, 0, tzinfo=UTC), now).startswith("2026-11-20 ")
    assert time_text(None, now) == "time not known"
