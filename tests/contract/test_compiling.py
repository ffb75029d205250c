"""Waiting for the compiler is reported once, where somebody waits."""

import io
import sys
import threading

import pytest

from slxrd import _compiling as compiling
from slxrd.ui.progress import report_compiling


class Ear:
    """Collects messages; a test can wait for one."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._some = threading.Event()

    def __call__(self, text: str) -> None:
        self.heard.append(text)
        self._some.set()

    def wait(self) -> bool:
        return self._some.wait(60.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> compiling._Clock:
    """A clock of the test's own, which nothing that is really compiled moves."""
    own = compiling._Clock()
    monkeypatch.setattr(compiling, "_clock", own)
    monkeypatch.setattr(compiling, "_printed", False)
    return own


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "PATIENCE", 0.0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "PATIENCE", 1e6)


def test_a_long_compilation_is_reported_once(clock: compiling._Clock, impatient: None) -> None:
    ear = Ear()
    with compiling.watched(ear):
        clock.start()
        clock.start()  # one function within another
        assert ear.wait()
        clock.end()
        clock.end()
        clock.start()
        clock.end()
    assert ear.heard == [compiling.COMPILING]


def test_a_short_one_is_not_worth_a_word(clock: compiling._Clock, patient: None) -> None:
    ear = Ear()
    with compiling.watched(ear):
        clock.start()
        clock.end()
        clock._notify()  # the timer that comes too late
    assert ear.heard == []


def test_many_short_ones_add_up(clock: compiling._Clock, patient: None) -> None:
    ear = Ear()
    with compiling.watched(ear):
        clock.start()
        clock.end()
        clock._spent = 2e6
        clock.start()
        assert ear.wait()
        clock.end()


def test_every_waiting_thread_reports(clock: compiling._Clock, impatient: None) -> None:
    one, other, gone = Ear(), Ear(), Ear()
    with compiling.watched(gone):
        pass
    with compiling.watched(one), compiling.watched(other):
        clock.start()
        assert one.wait()
        assert other.wait()
        clock.end()
    assert gone.heard == []


@pytest.mark.parametrize("terminal", [True, False])
def test_a_command_says_it_to_a_terminal_only(
    clock: compiling._Clock, impatient: None, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", out)
    ear = Ear()
    with report_compiling(), compiling.watched(ear):
        clock.start()
        assert ear.wait()
        clock.end()
    assert (compiling.COMPILING in out.getvalue()) == terminal
    assert terminal or out.getvalue() == ""


@pytest.fixture(params=[True, False])
def interactive(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param:
        monkeypatch.setattr(sys, "ps1", "In : ", raising=False)
    else:
        monkeypatch.delattr(sys, "ps1", raising=False)
    return bool(request.param)


def test_compilation_is_reported_in_a_notebook_and_not_in_a_program(
    clock: compiling._Clock, patient: None, interactive: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        clock.start()
        clock._notify()
        clock.end()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count(compiling.COMPILING) == int(interactive)


@pytest.mark.slow
def test_only_our_functions_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")
    import slxrd.model.kernel.compiled.blocks  # noqa: F401

    heard: list[str] = []
    monkeypatch.setattr(compiling, "started", lambda: heard.append("started"))
    monkeypatch.setattr(compiling, "ended", lambda: heard.append("ended"))

    def twice(x):  # type: ignore[no-untyped-def]
        return 2 * x

    assert numba.njit(twice)(3) == 6
    assert heard == []
    twice.__module__ = "slxrd.model.kernel.of_a_test"
    compiled = numba.njit(twice)
    assert compiled(3) == 6
    assert heard == ["started", "ended"]
    assert compiled(4) == 8
    assert heard == ["started", "ended"]
