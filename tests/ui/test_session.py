"""The session: valid and invalid changes, undo and redo, saving and reopening."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_states import choices

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.record.command_line import EXAMPLE, path_of
from slxrd.ui.session.controller import Cancelled, Session, State

CUBES = path_of(EXAMPLE + "cspbbr3-cubes")
QUICK = {
    "regions": [(0.9, 1.25)],
    "start": {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5},
    "background": "none",
}


@cache
def fitted() -> tuple[slxrd.Fit, str]:
    """Return a quick fit of a session, and the document of the session."""
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices=QUICK))
    fit = session.fit()
    return fit, session.document()


@pytest.mark.slow
@given(st.lists(st.one_of(choices(), st.sampled_from(["undo", "redo"])), max_size=12))
@settings(deadline=None, max_examples=30)
def test_undo_and_redo_against_a_list_of_states(steps: list[Any]) -> None:
    """Compare with a list of states and the index of the current one."""
    session, states, index = Session(), [State()], 0
    for i, step in enumerate(steps):
        if step == "undo":
            assert session.undo() == (index > 0)
            index = max(index - 1, 0)
        elif step == "redo":
            assert session.redo() == (index < len(states) - 1)
            index = min(index + 1, len(states) - 1)
        else:
            cleared = dict.fromkeys(session.state.choices)
            session.do(f"step {i}", choices={**cleared, **step})
            new = State(choices=step)
            if new != states[index]:
                states, index = [*states[: index + 1], new], index + 1
        assert session.state == states[index]
        assert (session.can_undo, session.can_redo) == (index > 0, index < len(states) - 1)
        assert len(session.log) == index


def test_only_named_choices_change() -> None:
    session = Session()
    session.do("noise", choices={"noise": 0.05, "coherent": 20})
    session.do("back", choices={"coherent": None})
    assert session.state.choices == {"noise": 0.05}
    session.do("nothing new", choices={"noise": 0.05})
    assert session.log == ("noise", "back")


REFUSED: dict[str, dict[str, Any]] = {
    "unknown part": {"regions": [(1, 2)]},
    "unknown name": {"choices": {"region": [(1, 2)]}},
    "no mapping": {"choices": [(1, 2)]},
    "reversed": {"choices": {"regions": [(1.2, 1.0)]}},
    "overlap": {"choices": {"regions": [(0.9, 1.2), (1.1, 1.3)]}},
    "outside the data": {"choices": {"regions": [(5.0, 6.0)]}},
    "mask outside the data": {"choices": {"mask": [(5.0, 6.0)]}},
    "not finite": {"choices": {"regions": [(0.9, float("nan"))]}},
    "bad shape": {"choices": {"start": [1, 2]}},
    "start beyond bounds": {"choices": {"start": {"L": 3.0}}},
    "unknown parameter": {"choices": {"fix": {"l": 3.0}}},
    "two things at once": {"choices": {"fix": {"L": 36.0}, "free": ["L"]}},
    "circle": {"choices": {"tie": {"N": "sigma_N", "sigma_N": "N"}}},
    "noise": {"choices": {"noise": -0.1}},
    "truth value for a number": {"choices": {"coherent": True}},
    "fraction of a crystal": {"choices": {"coherent": 3.5}},
    "objective": {"choices": {"objective": "cubic"}},
    "excluding one another": {"choices": {"objective": "paper2021", "background": "linear"}},
    "resolution": {"choices": {"resolution": -0.1}},
    "resolution file": {"choices": {"resolution": "absent.toml"}},
    "no plain data": {"choices": {"ligand": object()}},
    "wavelength": {"reading": {"wavelength": "CuKb"}},
    "columns": {"reading": {"columns": "7,8"}},
    "scan": {"reading": {"scan": 0}},
    "absent scan": {"reading": {"scan": 2}},
    "axis": {"reading": {"axis": "theta"}},
    "monochromator": {"preparation": {"monochromator": 99.0}},
    "over q already": {"preparation": {"no_lp": True}},
    "absent file": {"file": "absent.csv"},
    "a result": {"result": {"chi2": 0.0}},
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_an_invalid_change_raises_and_changes_nothing(change: dict[str, Any]) -> None:
    session = Session()
    session.open_file(CUBES)
    called: list[str] = []
    session.subscribe(lambda: called.append("changed"))
    before, log = session.state, session.log
    with pytest.raises(SlxrdError) as refusal:
        session.do("bad", **change)
    assert "\n" not in str(refusal.value)
    assert session.state is before
    assert session.log == log
    assert called == []
    with pytest.raises(SlxrdError):
        Session().do("bad", **change, **({} if "file" in change else {"file": str(CUBES)}))


def test_subscribers_are_called_until_they_unsubscribe() -> None:
    session, called = Session(), []
    leave = session.subscribe(lambda: called.append(session.state.choices.get("noise")))
    session.do("a", choices={"noise": 0.1})
    session.undo()
    session.undo()
    leave()
    leave()
    session.redo()
    assert called == [0.1, None]


@pytest.mark.slow
def test_the_result_belongs_to_its_choices() -> None:
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices=QUICK))
    fit = session.fit()
    assert session.fit_result is fit
    assert str(session.saved_result) == str(fit)
    session.do("noise", choices={"noise": 0.05})
    assert session.state.result is None
    assert session.fit_result is None
    session.undo()
    assert session.fit_result is fit
    session.undo()
    assert session.state.result is None
    assert session.fit_result is None


def test_a_cancelled_fit_leaves_the_session_as_it_was() -> None:
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices={"regions": [(0.9, 1.25)]}))
    before = session.state
    seen: list[tuple[int, int]] = []

    def report(done: int, of: int) -> None:
        seen.append((done, of))
        raise Cancelled

    with pytest.raises(Cancelled):
        session.fit(report)
    assert len(seen) == 1
    assert session.state is before
    assert not session.can_undo


@pytest.mark.slow
def test_a_fit_is_not_recorded_if_the_state_has_changed() -> None:
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices={"regions": [(0.9, 1.25)]}))
    session.fit(lambda done, of: session.do("noise", choices={"noise": 0.04}))
    assert session.state.choices["noise"] == 0.04
    assert session.state.result is None


@pytest.mark.slow
def test_the_same_fit_as_without_a_session() -> None:
    fit, document = fitted()
    direct = slxrd.fit(slxrd.read(CUBES), **QUICK)
    assert fit.chi2 == direct.chi2
    assert {n: e.value for n, e in fit.parameters.items()} == {
        n: e.value for n, e in direct.parameters.items()
    }
    assert json.loads(document)["chi2"] == direct.chi2


@pytest.mark.slow
def test_saved_and_reopened_it_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    measured = tmp_path / "files" / "cubes.csv"
    measured.write_bytes(CUBES.read_bytes())
    session = Session()
    session.open_file(measured)
    session.do("what is fitted", choices=QUICK)
    fit = session.fit()
    session.save(tmp_path / "work.json")
    again = Session.open(tmp_path / "work.json")
    assert (again.state, again.log) == (session.state, session.log)
    assert not again.can_undo
    assert again.fit_result is None
    assert str(again.saved_result) == str(fit)
    assert again.fit().chi2 == fit.chi2
    with pytest.raises(SlxrdError, match="--force"):
        session.save(tmp_path / "work.json")
    with pytest.raises(SlxrdError, match="is the pattern itself"):
        session.save(measured, force=True)


def test_a_measured_file_that_moved_with_the_session_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "cubes.csv").write_bytes(CUBES.read_bytes())
    monkeypatch.chdir(old)
    session = Session()
    session.open_file("cubes.csv")
    session.save("results/work.json")
    monkeypatch.chdir(tmp_path)
    old.rename(new)
    again = Session.open("new/results/work.json")
    np.testing.assert_array_equal(again.pattern().intensity, session_pattern(new / "cubes.csv"))
    # Another file with the same name is not used.
    (new / "cubes.csv").write_text("0.9 1\n1.0 2\n1.1 3\n1.2 2\n1.3 1\n")
    other = Session.open("new/results/work.json")
    assert other.state.file == "cubes.csv"
    with pytest.raises(SlxrdError, match=r"cubes\.csv: does not exist"):
        other.pattern()


def session_pattern(path: Path) -> Any:
    return slxrd.read(path).intensity


def test_uploaded_contents_are_saved_with_the_session(tmp_path: Path) -> None:
    session = Session()
    session.open_file(CUBES.read_bytes(), "<b>.csv")
    session.do("regions", choices={"regions": [(0.9, 1.25)]})
    session.save(tmp_path / "work.json")
    again = Session.open(tmp_path / "work.json")
    assert again.pattern().source == "<b>.csv"
    np.testing.assert_array_equal(again.pattern().intensity, session_pattern(CUBES))
    with pytest.raises(SlxrdError, match=r"^x\.csv: "):
        session.open_file(b"\x00\x01\x02", "x.csv")
    assert session.state.file == "<b>.csv"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "value", "advice"),
    [
        ("SIZE_LIMIT", 5000, "by its path"),
        ("MOST_VALUES", 10, "remove fits"),
        ("MOST_OBJECTS", 1, "remove fits"),
    ],
)
def test_a_session_that_could_not_be_opened_again_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, advice: str
) -> None:
    session, content = Session(), b"".join(b"%.4f %d\n" % (2.0 + i / 50, i * i % 997) for i in range(2000))
    session.open_file(content, "film.xy", axis="2theta", wavelength="CuKa1")
    if "fits" in advice:
        session = Session()
        session.open_file(f"{EXAMPLE}cspbbr3-cubes")
    session.save(tmp_path / "before.json")
    monkeypatch.setattr(f"slxrd._documents.{limit}", value)
    with pytest.raises(SlxrdError, match=f"cannot be opened again: .*{advice}"):
        session.save(tmp_path / "work.json")
    assert [path.name for path in tmp_path.iterdir()] == ["before.json"]


def test_a_changed_file_is_not_fitted(tmp_path: Path) -> None:
    measured = tmp_path / "cubes.csv"
    measured.write_bytes(CUBES.read_bytes())
    session = Session()
    session.open_file(measured)
    session.save(tmp_path / "work.json")
    measured.write_bytes(CUBES.read_bytes() + b"\n")
    again = Session.open(tmp_path / "work.json")
    with pytest.raises(SlxrdError, match="has changed since it was opened"):
        again.fit()


@pytest.mark.slow
def test_model_curves_are_those_of_the_fit() -> None:
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices={**QUICK, "systematics": "none"}))
    fit = session.fit()
    with pytest.raises(SlxrdError, match="unknown parameter"):
        session.model_curve({"l": 3.0})
    values = dict(fit.solutions[0].values)
    curve, best = session.model_curve(values)[0], fit.regions[0]
    np.testing.assert_allclose(curve.calculated, best.calculated, rtol=1e-10)
    np.testing.assert_allclose(curve.residual @ curve.residual, fit.chi2, rtol=1e-9)
    moved = session.model_curve({**values, "L": values["L"] + 1.0})[0]
    assert moved.residual @ moved.residual > 2.0 * fit.chi2
    assert session.objective() is session.objective()


@pytest.mark.slow
def test_model_curves_have_the_background_that_the_fit_chose() -> None:
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices={**QUICK, "background": "auto"}))
    fit = session.fit()
    curve = session.model_curve(dict(fit.solutions[0].values))[0]
    assert session.objective().settings.background == fit.settings.background == "none"
    np.testing.assert_allclose(curve.calculated, fit.regions[0].calculated, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["linear", "log"])
def test_model_curves_contain_the_systematic_effects_of_the_fit(objective: str, tmp_path: Path) -> None:
    """At the fitted values they are the fit's, also after reopening, and change continuously from there."""
    choices = {**QUICK, "noise": "counting", "objective": objective}
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices=choices))
    fit = session.fit()
    assert fit.objective.has_correlated
    session.save(tmp_path / "work.json")
    reopened = Session.open(tmp_path / "work.json")
    best, values = fit.regions[0], dict(fit.solutions[0].values)
    plain = reopened.objective().curves(values)[0].calculated
    assert np.abs(plain - best.calculated).max() > 0.003 * best.calculated.max()
    for one in (session, reopened):
        for moved_to in (values, {}):
            curve = one.model_curve(moved_to)[0]
            np.testing.assert_allclose(curve.calculated, best.calculated, rtol=1e-10)
            np.testing.assert_allclose(curve.residual, best.residual, atol=1e-8)
            np.testing.assert_array_equal(curve.sigma, best.sigma)
        near = one.model_curve({**values, "L": values["L"] + 1e-6})[0]
        np.testing.assert_allclose(near.calculated, best.calculated, rtol=1e-4)
        # Moved sliders move the curve as they move that of the model alone.
        moved = one.model_curve({**values, "L": values["L"] + 1.0})[0]
        alone = reopened.objective().curves({**values, "L": values["L"] + 1.0})[0].calculated
        if objective == "log":
            expected = alone * best.calculated / plain
            residual = best.measured * np.log(best.measured / expected) / best.sigma
        else:
            expected = alone + best.calculated - plain
            residual = (best.measured - expected) / best.sigma
        np.testing.assert_allclose(moved.calculated, expected, rtol=1e-9)
        np.testing.assert_allclose(moved.residual, residual, atol=1e-7)


@pytest.mark.slow
def test_model_curves_of_another_solution_are_those_of_the_fit() -> None:
    choices = {**QUICK, "noise": 0.2, "regions": [(0.98, 1.18)], "systematics": "none", "start": None}
    choices["fix"] = {"sigma_N": 1.5, "q_zero": 0.0}
    session = Session(State(EXAMPLE + "cspbbr3-cubes", choices=choices))
    fit = session.fit()
    assert len(fit.solutions) > 1
    for number, minimum in enumerate(fit.minima):
        curve = session.model_curve(minimum.values, number)[0]
        np.testing.assert_allclose(curve.calculated, minimum.evaluation.regions[0].calculated, rtol=1e-10)
    with pytest.raises(SlxrdError, match="there is no solution"):
        session.model_curve({}, len(fit.minima))


def test_counting_statistics_come_before_the_correction() -> None:
    film = path_of(EXAMPLE + "cumnsb-film")
    session = Session()
    session.open_file(film)
    session.do("σ", choices={"noise": "counting"})
    raw = slxrd.read(film)
    expected = slxrd.correct_lorentz_polarisation(slxrd.counting_statistics(raw))
    np.testing.assert_array_equal(session.pattern().sigma, expected.sigma)
    session.do("as it is", preparation={"no_lp": True})
    np.testing.assert_array_equal(session.pattern().intensity, raw.intensity)


@pytest.mark.parametrize(
    "action",
    [Session.fit, Session.pattern, Session.command_line, Session.script, Session.objective],
    ids=lambda action: action.__name__,
)
def test_without_a_file_an_error_asks_for_one(action: Callable[[Session], Any]) -> None:
    with pytest.raises(SlxrdError, match="no file is open; open one first"):
        action(Session())
