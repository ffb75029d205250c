"""A native core that cannot be used is stated with its reason."""

import ctypes.util
import shutil
from pathlib import Path

import pytest
from native_core import needs_native_core

from slxrd.model.kernel.native import library


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(library.SWITCH, raising=False)


def test_no_library(tmp_path: Path) -> None:
    core, reason = library.open_library(tmp_path / library.FILE)
    assert core is None
    assert "not installed" in reason


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.SWITCH, "0")
    core, reason = library.open_library(Path(library.__file__).with_name(library.FILE))
    assert core is None
    assert reason == "which SLXRD_NATIVE=0 switches off"


def test_a_file_that_is_no_library(tmp_path: Path) -> None:
    path = tmp_path / library.FILE
    path.write_bytes(b"not a library")
    core, reason = library.open_library(path)
    assert core is None
    assert "cannot be loaded" in reason


def test_a_library_of_something_else(tmp_path: Path) -> None:
    other = ctypes.util.find_library("m")
    path = next((p for p in Path("/lib").glob(f"*/{other}")), None) if other else None
    if path is None:
        pytest.skip("no other library was found")
    shutil.copy(path, tmp_path / library.FILE)
    core, reason = library.open_library(tmp_path / library.FILE)
    assert core is None
    assert "cannot be loaded" in reason


@needs_native_core
def test_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "INTERFACE", library.INTERFACE + 1)
    core, reason = library.open_library(Path(library.__file__).with_name(library.FILE))
    assert core is None
    assert "another version" in reason
