"""Unsaved changes are on disk soon after they are made, and are offered by the next process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slxrd.errors import FileError
from slxrd.ui.app.serving.workspaces import MOST_WORKSPACES, Workspaces
from slxrd.ui.app.state import autosave
from slxrd.ui.app.state.autosave import Autosave, page_path
from slxrd.ui.app.state.autosave_folder import AutosaveFolder
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.session.controller import Session

EXAMPLE = "example:cspbbr3-cubes"
REGIONS = ((0.9, 1.25),)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[], Workspaces]]:
    """Workspaces as of one process after the other, in one folder of autosaves."""
    running: list[Workspaces] = []

    def start() -> Workspaces:
        running.append(Workspaces(AutosaveFolder(tmp_path / "root")))
        return running[-1]

    yield start
    for each in running:
        each.close()


def killed(workspaces: Workspaces) -> None:
    """End workspaces as a process that is killed: everything written remains, and no lock."""
    assert workspaces.autosaves is not None
    workspaces.autosaves.close()


def changed(workspaces: Workspaces, file: str = EXAMPLE, **choices: Any) -> Workspace:
    workspace = workspaces.get(workspaces.open(file))
    assert workspace.do("a change", choices=choices or {"regions": REGIONS})
    return workspace


def documents(root: Path) -> list[Path]:
    return [path for path in sorted(root.rglob("*.json")) if not path.name.endswith(autosave.PAGE)]


@pytest.mark.slow
def test_every_change_is_written_and_what_is_saved_is_removed(
    tmp_path: Path, started: Callable[[], Workspaces]
) -> None:
    workspaces = started()
    workspace = workspaces.get(workspaces.open(EXAMPLE))
    assert documents(tmp_path) == []  # opening a file is no work that could be lost
    assert workspace.do("regions", choices={"regions": REGIONS})
    until(lambda: documents(tmp_path))
    (path,) = documents(tmp_path)
    assert Session.open(path).state.choices == workspace.session.state.choices
    assert workspace.do("M", choices={"coherent": 7})
    until(lambda: Session.open(path).state.choices.get("coherent") == 7)
    workspace.undo()
    until(lambda: "coherent" not in Session.open(path).state.choices)
    workspace.mark_saved()
    until(lambda: not list(tmp_path.rglob("*.json")))


@pytest.mark.slow
def test_changes_in_quick_succession_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace()
    assert workspace.open_file(EXAMPLE)
    written: list[list[str]] = []
    write = autosave.write_together
    monkeypatch.setattr(
        autosave, "write_together", lambda files: (written.append([p.name for p, _ in files]), write(files))
    )
    saver = Autosave(delay=3600.0)
    saver.watch("a", workspace, tmp_path / "a.json")
    for coherent in range(3, 20):
        assert workspace.do("M", choices={"coherent": coherent})
    assert written == []
    saver.write_now()
    assert written == [["a.json", "a.page.json"]]
    for length in range(300, 330):
        workspace.move_sliders({"L": 0.1 * length})
    saver.write_now()
    assert written[1:] == [["a.page.json"]]  # the session has not changed
    workspace.notify("job")  # progress
    saver.write_now()
    assert len(written) == 2
    assert saver.close() == 1


@pytest.mark.slow
def test_a_killed_process_leaves_its_sessions_to_the_next(
    tmp_path: Path, started: Callable[[], Workspaces]
) -> None:
    first = started()
    workspace = changed(first)
    workspace.move_sliders({"L": 33.25}, finished=True)
    assert first.close() == 1
    killed(first)
    second = started()
    assert second.autosaves is not None
    ((key, entry),) = second.autosaves.found.items()
    assert (entry.file, entry.fitted) == (EXAMPLE, False)
    recovered = second.get(second.find_or_create(key))
    assert recovered.session.state == workspace.session.state
    assert recovered.session.log == workspace.session.log
    assert recovered.values["L"] == 33.25
    assert recovered.unsaved
    assert second.autosaves.found == {}
    killed(second)  # without another change
    third = started()
    assert third.autosaves is not None
    assert [(each.file, each.time) for each in third.autosaves.found.values()] == [(EXAMPLE, entry.time)]
    third.autosaves.discard(next(iter(third.autosaves.found)))
    assert documents(tmp_path) == []


def test_a_running_process_keeps_its_sessions(started: Callable[[], Workspaces]) -> None:
    first = started()
    changed(first)
    assert first._autosave is not None
    first._autosave.write_now()
    second = started()
    assert first.autosaves is not None
    assert second.autosaves is not None
    assert second.autosaves.found == {}
    assert len(documents(first.autosaves.path)) == 1


@pytest.mark.slow
def test_damaged_files_do_not_prevent_that_the_others_are_recovered(
    tmp_path: Path, started: Callable[[], Workspaces]
) -> None:
    first = started()
    for coherent in (3, 4, 5):
        changed(first, coherent=coherent)
    first.close()
    damaged, without_page, _ = documents(tmp_path)
    damaged.write_bytes(damaged.read_bytes()[:100])
    page_path(without_page).write_text("[")
    (damaged.parent / ".slxrd-abc").write_bytes(b"was being written")
    second = started()
    assert second.autosaves is not None
    keys = list(second.autosaves.found)
    assert len(keys) == 3
    opened = [second.get(second.find_or_create(key)).session.state for key in keys]
    assert sum(state.file is None for state in opened) == 1
    assert len({state.choices.get("coherent") for state in opened}) == 3
    (entry,) = second.autosaves.found.values()  # stays, with the reason and the place of its file
    assert "no result of slxrd" in entry.problem
    assert len(entry.path.read_bytes()) == 100
    assert not damaged.parent.exists()


@pytest.mark.slow
def test_a_session_that_cannot_be_written_does_not_stop_the_others(
    tmp_path: Path, started: Callable[[], Workspaces], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspaces = started()
    first, second = changed(workspaces, coherent=3), changed(workspaces, coherent=4)
    document = first.session.document

    def fails() -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(first.session, "document", fails)
    first.notify("state")
    second.notify("state")
    assert workspaces._autosave is not None
    workspaces._autosave.write_now()
    assert any(Session.open(path).state == second.session.state for path in documents(tmp_path))
    assert first.level == "error"
    assert "cannot be autosaved" in first.message
    folder = tmp_path / "working"
    folder.mkdir()
    (written,) = workspaces.save_unsaved(folder)
    assert Session.open(written).state == second.session.state
    monkeypatch.setattr(first.session, "document", document)
    assert workspaces.close() == 1  # the first, which could not be written to the folder


@pytest.mark.slow
def test_a_saved_session_is_autosaved_beside_it(tmp_path: Path, started: Callable[[], Workspaces]) -> None:
    path = tmp_path / "work.json"
    session = Session()
    session.open_file(EXAMPLE)
    session.do("M", choices={"coherent": 3})
    session.save(path)
    before = path.read_bytes()
    first = started()
    changed(first, str(path), coherent=9)
    first.close()
    assert Session.open(tmp_path / "work.autosave.json").state.choices["coherent"] == 9
    killed(first)
    second = started()
    workspace = second.get(second.open(path))
    assert workspace.session.state.choices["coherent"] == 3
    assert second.autosaves is not None
    (key,) = second.autosaves.found
    assert second.get(second.find_or_create(key)).session.state.choices["coherent"] == 9
    assert path.read_bytes() == before


def test_a_file_of_the_user_beside_a_session_stays(tmp_path: Path, started: Callable[[], Workspaces]) -> None:
    session = Session()
    session.open_file(EXAMPLE)
    session.do("M", choices={"coherent": 3})
    session.save(tmp_path / "work.json")
    session.save(tmp_path / "work.autosave.json")
    before = (tmp_path / "work.autosave.json").read_bytes()
    workspaces = started()
    workspace = changed(workspaces, str(tmp_path / "work.json"), coherent=9)
    workspaces.close()
    assert workspace.unsaved
    assert (tmp_path / "work.autosave.json").read_bytes() == before


def test_a_session_that_could_not_be_opened_again_is_not_autosaved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slxrd._documents.SIZE_LIMIT", 100)
    workspace = Workspace()
    assert workspace.open_file(EXAMPLE)
    saver = Autosave(delay=3600.0)
    saver.watch("a", workspace, tmp_path / "a.json")
    assert workspace.do("M", choices={"coherent": 3})
    saver.write_now()
    assert "cannot be autosaved: the session would have" in workspace.message
    assert saver.close() == 0


def test_unsaved_workspaces_are_not_dropped(started: Callable[[], Workspaces]) -> None:
    workspaces = started()
    key = workspaces.open(EXAMPLE)
    assert workspaces.get(key).do("M", choices={"coherent": 3})
    for _ in range(MOST_WORKSPACES + 2):
        workspaces.find_or_create(None)
    assert workspaces.find_or_create(key) == key


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file")
    with pytest.raises(FileError, match="cannot be written"):
        AutosaveFolder(tmp_path / "root")


#: A server whose first session is changed; it prints what it finds, and its changes when they are on disk.
SERVER = """
import signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, under which the tests may run, has it ignored
from pathlib import Path
from slxrd.ui.app.serving import server
from slxrd.ui.session.controller import Session
made = []
class Workspaces(server.Workspaces):
    def __init__(self, *given):
        super().__init__(*given)
        made.append(self)
server.Workspaces = Workspaces
def ready(*_):
    (workspaces,) = made
    for key in list(workspaces.autosaves.found):
        state = workspaces.get(workspaces.find_or_create(key)).session.state
        print("found", state.choices.get("coherent"), state.file, flush=True)
    for coherent in map(int, sys.argv[2:]):
        key = workspaces.open(sys.argv[1])
        workspaces.get(key).do("M", choices={"coherent": coherent})
        path = workspaces.autosaves.new_path(key)
        while not path.exists():
            time.sleep(0.01)
    print("ready", flush=True)
unsaved = server.serve(ready=lambda *given: __import__("threading").Thread(target=ready).start())
print("written", len(unsaved.written), "kept", unsaved.kept, flush=True)
"""


def run_server(folder: Path, number: int, *coherent: int) -> list[str]:
    """Run a server until it is ready, end it by a signal, and return what it printed."""
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, EXAMPLE, *map(str, coherent)],
        cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if line == "ready\n":
            break
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in err, err
    return lines + out.splitlines()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the state folder is set as on Linux")
def test_a_server_that_is_killed_with_unsaved_changes(tmp_path: Path) -> None:
    pytest.importorskip("panel")
    lines = run_server(tmp_path, signal.SIGKILL, 3, 4)
    assert lines == ["ready"]
    lines = run_server(tmp_path, signal.SIGHUP)
    assert sorted(lines) == [f"found 3 {EXAMPLE}", f"found 4 {EXAMPLE}", "ready", "written 2 kept 2"]
    found = {Session.open(path).state.choices["coherent"] for path in tmp_path.glob("*-session*.json")}
    assert found == {3, 4}
    lines = run_server(tmp_path, signal.SIGTERM)
    assert sorted(lines) == [f"found 3 {EXAMPLE}", f"found 4 {EXAMPLE}", "ready", "written 2 kept 0"]
    assert [path.name for path in (tmp_path / "state").rglob("*")] == ["slxrd", "autosaved"]
