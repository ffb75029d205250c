"""Fits that a session keeps: listed, restored, removed, saved and reopened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import slxrd
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record import kept_fit
from slxrd.fitting.record.command_line import EXAMPLE
from slxrd.fitting.record.state import State
from slxrd.ui.session.changes import changes
from slxrd.ui.session.controller import Session

FITTED = Path(__file__).parents[1] / "files" / "results" / "schema-4" / "fitted.json"
QUICK = {
    "regions": [(0.9, 1.25)],
    "start": {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5},
    "background": "none",
}


def with_two_fits(folder: Path, change: Callable[[dict[str, Any]], object] = lambda _: None) -> Path:
    """A session with two fits, of which the second has another M and is shown."""
    document = json.loads(FITTED.read_text(encoding="utf-8"))
    result = {name: value for name, value in document.items() if name not in ("log", "content")}
    first = {**result, "chi2": result["chi2"] + 1.0, "asked": {**result["asked"]}}
    first["asked"]["choices"] = {**result["asked"]["choices"], "coherent": 20}
    document["fits"] = [
        {"number": 1, "time": "2026-11-28T10:00:00+00:00", "result": first},
        {"number": 2, "time": None, "result": result},
    ]
    change(document)
    path = folder / "two.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def numbers(session: Session) -> list[int]:
    return [kept.number for kept in session.fits]


@pytest.mark.slow
def test_every_fit_is_kept_and_survives_undo_and_saving(tmp_path: Path) -> None:
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices=QUICK))
    assert session.fits == ()
    session.fit()
    session.do("M", choices={"coherent": 20})
    session.fit()
    for _ in range(3):
        session.undo()
    assert session.state.result is None
    assert numbers(session) == [1, 2]
    assert [kept.state.choices.get("coherent") for kept in session.fits] == [None, 20]
    first, second = session.fits
    assert first.time is not None
    assert second.time is not None
    assert second.time >= first.time
    session.restore_fit(2)
    assert session.state == second.state
    assert session.fit_result is not None
    session.undo()
    assert session.state.result is None
    session.save(tmp_path / "session.json")
    again = Session.open(tmp_path / "session.json")
    assert [(k.number, k.time) for k in again.fits] == [(k.number, k.time) for k in session.fits]
    again.restore_fit(1)
    assert again.saved_result is not None
    assert again.saved_result.chi2 == pytest.approx(first.result["chi2"])


def test_a_fit_is_restored_and_removed_as_steps_that_can_be_undone(tmp_path: Path) -> None:
    session = Session.open(with_two_fits(tmp_path))
    assert numbers(session) == [1, 2]
    assert session.fits[1].is_of(session.state)
    session.restore_fit(2)
    assert not session.can_undo  # it is shown already
    session.restore_fit(1)
    assert session.state.choices["coherent"] == 20
    assert session.log[-1] == "return to fit 1"
    session.remove_fit(1)
    assert numbers(session) == [2]
    assert session.state.choices["coherent"] == 20
    with pytest.raises(SlxrdError, match="no fit 1 of this file; there are 2"):
        session.restore_fit(1)
    document = json.loads(session.document())
    assert [item["number"] for item in document["fits"]] == [2]
    session.undo()
    assert numbers(session) == [1, 2]
    session.undo()
    assert session.fits[1].is_of(session.state)
    session.redo()
    session.redo()
    assert numbers(session) == [2]


def test_a_result_without_a_list_is_its_only_fit() -> None:
    session = Session.open(FITTED)
    assert numbers(session) == [1]
    assert session.fits[0].time is None
    assert session.fits[0].is_of(session.state)


def test_fits_of_another_file_are_listed_with_it_only(tmp_path: Path) -> None:
    session = Session.open(with_two_fits(tmp_path))
    session.open_file(EXAMPLE + "pbs-sheets")
    assert session.fits == ()
    session.undo()
    assert numbers(session) == [1, 2]


def test_the_oldest_fits_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_fit, "MOST_FITS", 2)
    session = Session.open(with_two_fits(tmp_path))
    kept = kept_fit.with_fit(session.fits, session.state)
    assert [one.number for one in kept] == [2, 3]
    assert kept[-1].time is not None
    assert kept[-1].time.tzinfo is not None


def test_a_reopened_session_writes_what_it_read(tmp_path: Path) -> None:
    session = Session.open(with_two_fits(tmp_path))
    path = tmp_path / "again.json"
    session.save(path)
    assert Session.open(path).document() == session.document()


DAMAGED: dict[str, Callable[[dict[str, Any]], object]] = {
    "no list": lambda d: d.update(fits={"1": 2}),
    "no number": lambda d: d["fits"][0].pop("number"),
    "numbers in disorder": lambda d: d["fits"].reverse(),
    "no number but true": lambda d: d["fits"][0].update(number=True),
    "no time": lambda d: d["fits"][0].update(time="yesterday"),
    "no time zone": lambda d: d["fits"][0].update(time="2026-11-28T10:00:00"),
    "no result": lambda d: d["fits"][1].update(result=None),
    "part of a result": lambda d: d["fits"][1].update(result={"slxrd": "1", "schema": 4, "asked": {}}),
    "no request": lambda d: d["fits"][1]["result"].update(asked={"choices": {"unknown": 1}}),
}


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_damaged_kept_fits_are_refused_in_one_sentence(
    change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    path = with_two_fits(tmp_path, change)
    with pytest.raises(FileError) as refusal:
        Session.open(path)
    assert "\n" not in str(refusal.value)
    assert "two.json" in str(refusal.value)


def test_changes_between_two_fits_are_in_words() -> None:
    before = State("film.xy", choices={"regions": [(0.9, 1.25)], "coherent": 20})
    after = State(
        "film.xy",
        reading={"wavelength": "CuKa"},
        choices={"regions": [(0.88, 1.28), (1.98, 2.33, 0.1)], "fix": {"sigma_L": 1.5}, "stack": "mixed"},
    )
    assert changes(before, before) == []
    assert changes(before, after) == [
        "wavelength: CuKa (was default)",
        "regions (Å⁻¹): 0.88 to 1.28, 1.98 to 2.33 (weight 0.1) (was 0.9 to 1.25)",
        "fixed: σ_L 1.5 (was none)",
        "M, coherent crystals: default (was 20)",
        "stack: mixed (was pure)",
    ]


def test_old_sessions_have_no_list_and_open() -> None:
    for layout in ("schema-3", "schema-4"):
        session = slxrd.Session.open(FITTED.parents[1] / layout / "fitted.json")
        assert numbers(session) == [1]
