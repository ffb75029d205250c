"""Bootstrap and χ² maps that a session keeps with a fit: saved, reopened, bounded in size."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record import kept_fit
from slxrd.fitting.record.command_line import EXAMPLE
from slxrd.fitting.record.kept_followup import KeptBootstrap, KeptMap, KeptMaps
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.state import State
from slxrd.fitting.uncertainty.profile.map1d import Chi2Curve
from slxrd.ui.followup import kept as kept_module
from slxrd.ui.followup.kept import keep_bootstrap, keep_maps, report_parts
from slxrd.ui.session.controller import Session

FITTED = Path(__file__).parents[1] / "files" / "results" / "schema-4" / "fitted.json"
VALUES = np.linspace(36.0, 37.0, 5)


def some_bootstrap(seed: int = 0) -> KeptBootstrap:
    values = {"L": VALUES + seed, "N": np.linspace(12.9, 13.1, 5)}
    return KeptBootstrap(values, np.array([0, 0, 1, 0, 0]), seed, 5, 5, 1, "as it was printed")


def some_maps() -> KeptMaps:
    curve = Chi2Curve(VALUES, 300.0 + (VALUES - 36.5) ** 2, ((36.5, 300.0),))
    return KeptMaps((KeptMap("L", curve, None, (1.0, 3.84)),), "")


def test_they_are_saved_with_their_fit_and_reopened(tmp_path: Path) -> None:
    session = Session.open(FITTED)
    assert not session.followups
    session.keep_followup(some_bootstrap())
    session.keep_followup(some_maps())
    session.save(tmp_path / "again.json")
    again = Session.open(tmp_path / "again.json")
    assert again.document() == session.document()
    found = again.followups
    assert found.bootstrap is not None
    assert found.maps is not None
    np.testing.assert_allclose(found.bootstrap.all_values["L"], VALUES)
    assert found.bootstrap.solution.tolist() == [0, 0, 1, 0, 0]
    np.testing.assert_allclose(found.maps.maps[0].section.chi2, some_maps().maps[0].section.chi2)


def test_they_belong_to_their_fit(tmp_path: Path) -> None:
    session = Session.open(FITTED)
    first = some_bootstrap()
    session.keep_followup(first)
    session.do("M", choices={"coherent": 20})
    assert not session.followups
    with pytest.raises(SlxrdError, match="no longer in the list of fits"):
        session.keep_followup(some_maps())
    session.undo()
    assert session.followups.bootstrap is first
    second = some_bootstrap(1)
    session.keep_followup(second)
    assert session.followups.bootstrap is second


def test_the_oldest_are_dropped_and_their_fits_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_fit, "MOST_FOLLOWED", 1)
    session = Session.open(FITTED)
    state = session.state
    kept = kept_fit.with_followups(session.fits, state, bootstrap=some_bootstrap())
    other = state.changed(choices={"coherent": 20})
    kept = kept_fit.with_fit(kept, other)
    kept = kept_fit.with_followups(kept, other, maps=some_maps())
    assert [bool(one.followups) for one in kept] == [False, True]


DAMAGED: dict[str, Callable[[dict[str, Any]], object]] = {
    "no mapping": lambda f: f.update(bootstrap=[1]),
    "columns of other lengths": lambda f: f["bootstrap"]["values"]["L"].pop(),
    "no columns": lambda f: f["bootstrap"].update(values={}),
    "no numbers": lambda f: f["bootstrap"]["values"].update(L=["a"] * 5),
    "not finite": lambda f: f["bootstrap"]["values"].update(L=[None] * 5),
    "solution below 1": lambda f: f["bootstrap"].update(solution=[0] * 5),
    "no whole number": lambda f: f["bootstrap"].update(seed=True),
    "no text": lambda f: f["bootstrap"].pop("text"),
    "no maps": lambda f: f["maps"].update(maps=[]),
    "values in disorder": lambda f: f["maps"]["maps"][0]["section"]["values"].reverse(),
    "one rise": lambda f: f["maps"]["maps"][0].update(rises=[1.0]),
}


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_damaged_ones_are_refused_in_one_sentence(
    change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    session = Session.open(FITTED)
    session.keep_followup(some_bootstrap())
    session.keep_followup(some_maps())
    document = json.loads(session.document())
    change(document["fits"][0]["followups"])
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(FileError) as refusal:
        Session.open(path)
    assert "\n" not in str(refusal.value)
    assert "damaged.json" in str(refusal.value)


@pytest.mark.slow
def test_of_a_fit_and_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("corner")
    choices = {
        "regions": [(0.9, 1.25)],
        "start": {"d": 5.84, "L": 36.9, "sigma_L": 1.4},
        "fix": {"sigma_N": 1.5, "N": 12.96, "q_zero": 0.0},
        "background": "none",
    }
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices=choices))
    fit = session.fit()
    session.keep_followup(keep_bootstrap(fit, 20, 3, lambda done, total: None))
    session.keep_followup(keep_maps(fit, lambda done, total: None))
    found, saved = session.followups, session.saved_result
    assert isinstance(saved, SavedFit)
    assert found.bootstrap is not None
    assert found.maps is not None
    assert [one.name for one in found.maps.maps] == list(fit.names)
    assert found.bootstrap.mean("L") == pytest.approx(fit.parameters["L"].value, abs=1.0)
    text, pictures = report_parts(saved, found)
    assert "20 of 20 replicates" in text
    assert [name for name, _ in pictures] == ["bootstrap.png", "chi2maps.png"]
    assert all(content.startswith(b"\x89PNG") for _, content in pictures)
    monkeypatch.setattr(kept_module, "MOST_KEPT", 10)
    thinned = keep_bootstrap(fit, 20, 3, lambda done, total: None)
    assert thinned.every == 2
    np.testing.assert_array_equal(thinned.all_values["L"], found.bootstrap.all_values["L"][::2])
