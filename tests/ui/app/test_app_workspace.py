"""The state behind the page, without a browser."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.record.write import curves_csv, result_json
from slxrd.fitting.search.initial_guess import first_guess
from slxrd.ui.app.serving.workspaces import Workspaces
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.session.controller import Cancelled, Session

PATTERN = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples" / "cspbbr3-cubes.csv"
FILM = PATTERN.with_name("H1202_o2t_fine_002.xrdml")


@pytest.fixture
def workspace() -> Workspace:
    made = Workspace()
    assert made.open_file("example:cspbbr3-cubes")
    return made


def _wait(workspace: Workspace) -> None:
    if workspace.job is not None and workspace.job.thread is not None:
        workspace.job.thread.join(timeout=300)
    assert not workspace.busy


def test_an_invalid_change_shows_a_message_and_changes_nothing(workspace: Workspace) -> None:
    state = workspace.session.state
    assert not workspace.do("a region without data", choices={"regions": [[5.0, 6.0]]})
    assert workspace.level == "error"
    assert "lies outside" in workspace.message
    assert not workspace.open_file("nowhere.xy")
    assert workspace.session.state == state


def test_undo_reverts_sliders_and_session(workspace: Workspace) -> None:
    guessed = dict(workspace.values)
    workspace.move_sliders({"L": 40.0})
    workspace.move_sliders({"L": 41.0})
    workspace.move_sliders({"L": 42.0}, finished=True)
    assert workspace.do("regions", choices={"regions": [[0.9, 1.3]]})
    workspace.undo()
    assert workspace.session.state.choices == {}
    assert workspace.values["L"] == 42.0
    workspace.undo()
    assert dict(workspace.values) == guessed
    workspace.redo()
    workspace.redo()
    assert [list(region) for region in workspace.session.state.choices["regions"]] == [[0.9, 1.3]]
    assert workspace.values["L"] == 42.0


@pytest.mark.slow
def test_a_fit_moves_the_sliders_to_its_best_solution(workspace: Workspace) -> None:
    workspace.start_fit()
    _wait(workspace)
    assert workspace.fit is not None
    assert dict(workspace.values) == dict(workspace.fit.solutions[0].values)
    workspace.undo()
    assert workspace.fit is None


def test_a_cancelled_fit_leaves_the_session_as_it_was(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def endless(report: object) -> None:
        assert callable(report)
        begun.set()
        go_on.wait(30)
        report(1, 2)

    state, values = workspace.session.state, dict(workspace.values)
    monkeypatch.setattr(workspace.session, "fit", endless)
    workspace.start_fit()
    assert begun.wait(30)
    assert not workspace.do("something else", choices={"coherent": 20})
    assert "is running" in workspace.message
    workspace.cancel()
    go_on.set()
    _wait(workspace)
    assert "cancelled" in workspace.message
    assert workspace.session.state == state
    assert dict(workspace.values) == values


def test_an_internal_error_shows_a_message(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError("as a test")

    assert not workspace.try_action(broken)
    assert "your work is intact" in workspace.message
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.fixture(scope="module")
def fitted() -> Session:
    session = Session()
    session.open_file(PATTERN.read_bytes(), "cubes.csv")
    session.do("regions", choices={"regions": [[0.88, 1.28]]})
    session.fit()
    return session


@pytest.mark.slow
def test_a_reopened_fit_has_its_curves_without_its_file(fitted: Session, tmp_path: Path) -> None:
    assert fitted.fit_result is not None
    path = tmp_path / "result.json"
    path.write_text(result_json(fitted.fit_result, fitted.command_line()), encoding="utf-8")
    workspace = Workspace(Session.open(path))
    with pytest.raises(FileError, match="does not exist"):
        workspace.session.pattern()
    (curve,) = workspace.curves()
    assert np.allclose(curve.calculated, fitted.fit_result.regions[0].calculated, rtol=1e-9)
    workspace.move_sliders({"L": workspace.values["L"] + 1.0})
    with pytest.raises(FileError):  # of other values, nothing is known without the points
        workspace.curves()
    workspace.undo()

    assert not workspace.restore_file(b"q,intensity\n1,2\n")
    assert workspace.restore_file(PATTERN.read_bytes())
    assert workspace.session.state.result is not None
    assert workspace.session.pattern().q.size == fitted.pattern().q.size
    workspace.move_sliders({"L": workspace.values["L"] + 1.0})
    assert not np.allclose(workspace.curves()[0].calculated, curve.calculated)


@pytest.mark.slow
def test_repeating_a_reopened_fit_records_no_step(fitted: Session, tmp_path: Path) -> None:
    fitted.save(tmp_path / "session.json")
    session = Session.open(tmp_path / "session.json")
    assert session.fit_result is None
    state = session.state
    again = session.fit_again()
    assert session.state == state
    assert not session.can_undo
    assert again.chi2 == pytest.approx(state.result["chi2"] if state.result else None)
    assert session.fit_again() is again


def test_a_long_file_is_read_in_a_background_job(workspace: Workspace) -> None:
    refused: list[bool] = []
    workspace.open_file_in_background(PATTERN.read_bytes(), "long.csv", lambda: refused.append(True))
    _wait(workspace)
    assert workspace.session.state.file == "long.csv"
    assert workspace.values
    workspace.open_file_in_background(b"no diffractogram", "words.txt", lambda: refused.append(True))
    _wait(workspace)
    assert refused == [True]
    assert workspace.level == "error"
    assert workspace.session.state.file == "long.csv"
    workspace.undo()
    assert workspace.session.state.file == "example:cspbbr3-cubes"


@pytest.mark.slow
def test_a_fit_ends_soon_whenever_it_is_cancelled() -> None:
    """Processor time counts, since others may use the machine meanwhile."""
    random = np.random.default_rng()
    for _ in range(3):
        workspace = Workspace()
        assert workspace.open_file(str(FILM))
        begin, wanted = time.process_time(), float(random.uniform(0.1, 4.0))
        workspace.start_fit()
        while workspace.busy and time.process_time() - begin < wanted:
            time.sleep(0.005)
        workspace.cancel()
        cancelled = time.process_time()
        _wait(workspace)
        assert time.process_time() - cancelled < 1.5, f"cancelled after {wanted:.3f} s"
        finished = workspace.session.state.result is not None  # just before it was cancelled
        assert finished != ("cancelled" in workspace.message)


def test_cancelled_is_not_a_slxrd_error() -> None:
    assert not issubclass(Cancelled, SlxrdError)


@pytest.mark.parametrize("name", ["cspbbr3-cubes", "cspbbr3-platelets", "pbs-sheets", "pbs-spheres"])
def test_the_first_guess_is_near_the_simulated_values(name: str) -> None:
    session = Session()
    session.open_file(f"example:{name}")
    guessed, truth = first_guess(session.objective(), session.parameters()), EXAMPLES[name].truth
    assert guessed["d"] == pytest.approx(truth["d"], rel=0.02)
    assert 0.4 * truth["N"] < guessed["N"] < 2.0 * truth["N"]
    assert all(row.lower <= guessed[n] <= row.upper for n, row in session.parameters().items())


@pytest.mark.slow
def test_a_film_on_a_substrate_has_its_sliders_and_its_curve_before_the_fit() -> None:
    film = Workspace()
    assert film.open_file(str(FILM))
    assert film.message == ""
    assert not film.stacked
    assert {"d", "N", "d_S", "f_S"} <= set(film.values)
    assert film.curves()[0].calculated.max() > 0.0


@pytest.mark.slow
@pytest.mark.parametrize("file", [str(FILM), "example:cspbbr3-cubes"])
def test_curve_table_and_saved_files_have_the_same_numbers(file: str) -> None:
    shown = Workspace()
    assert shown.open_file(file)
    assert shown.do("a short search", choices={"budget": 2.0})
    fit = shown.session.fit()
    shown.reset_values()
    curves = shown.curves()
    table = np.genfromtxt(curves_csv(fit).splitlines(), delimiter=",", names=True, comments="#")
    for name in ("q", "measured", "calculated"):
        on_page = np.concatenate([getattr(curve, name) for curve in curves])
        of_fit = np.concatenate([getattr(curve, name) for curve in fit.regions])
        assert np.allclose(on_page, of_fit, rtol=1e-12)
        assert np.allclose(on_page, table[name], rtol=1e-5)
    saved = json.loads(result_json(fit, ""))
    assert saved["solutions"][0]["parameters"] == dict(shown.values)
    assert saved["parameters"]["d"]["value"] == pytest.approx(shown.values["d"], rel=1e-5)


def test_the_first_guess_keeps_fixed_and_tied_values(workspace: Workspace) -> None:
    assert workspace.do("known", choices={"fix": {"L": 37.5}, "tie": {"sigma_N": "0.1*N"}})
    guessed = first_guess(workspace.session.objective(), workspace.session.parameters())
    assert guessed["L"] == 37.5
    assert guessed["sigma_N"] == pytest.approx(0.1 * guessed["N"])


def test_workspaces_are_found_by_key_and_unsaved_sessions_are_written(tmp_path: Path) -> None:
    workspaces = Workspaces()
    key = workspaces.open("example:pbs-sheets")
    assert workspaces.find_or_create(key) == key
    assert workspaces.find_or_create("unknown") not in (key, "unknown")
    assert workspaces.save_unsaved(tmp_path) == []  # nothing was done to it yet
    assert workspaces.get(key).do("M", choices={"coherent": 20})
    (tmp_path / "pbs-sheets-session.json").write_text("another")
    (written,) = workspaces.save_unsaved(tmp_path)
    assert written.name == "pbs-sheets-session-2.json"
    assert Session.open(written).state.choices == {"coherent": 20}
    workspaces.get(key).mark_saved()
    assert workspaces.save_unsaved(tmp_path) == []


@pytest.mark.slow
def test_the_sliders_of_a_film_begin_at_the_thickness_of_its_fringes() -> None:
    workspace = Workspace()
    assert workspace.open_file(FILM)
    assert workspace.values["N"] == pytest.approx(120.0, abs=5.0)
    assert workspace.values["sigma_N"] < 2.0
