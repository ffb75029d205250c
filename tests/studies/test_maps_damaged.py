"""Damaged files of maps: one sentence that names the file."""

import contextlib
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import slxrd
from slxrd import _examine_hdf5
from slxrd.errors import FileError
from slxrd.studies.maps.files.results import is_map
from slxrd.studies.maps.files.stacks import Choice, open_stack

AXIS = np.linspace(0.9, 1.3, 20)
INTENSITY = np.arange(120).reshape(2, 3, 20).astype(np.uint16)


def read(path: Path) -> None:
    with ExitStack() as opened:
        found = open_stack([path], Choice(), opened, slxrd.read)
        found.rows(0, found.count)


@pytest.mark.parametrize("place", range(0, 1100, 37))
def test_a_damaged_npz_is_read_or_refused(tmp_path: Path, place: int) -> None:
    path = tmp_path / "stack.npz"
    np.savez(path, q=AXIS, intensity=INTENSITY)
    content = bytearray(path.read_bytes())
    content[place : place + 3] = b"\xff\x00\xff"
    path.write_bytes(content)
    with contextlib.suppress(FileError):
        read(path)


@pytest.mark.slow
@pytest.mark.parametrize("signature", [b"HEAP", b"TREE", b"SNOD"])
def test_a_damaged_hdf5_file_is_refused(tmp_path: Path, signature: bytes) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("entry/data/q", data=AXIS)
        file.create_dataset("entry/data/intensity", data=INTENSITY)
    content = path.read_bytes()
    assert signature in content
    path.write_bytes(content.replace(signature, b"XXXX"))
    with pytest.raises(FileError, match="copied whole"):
        read(path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processor time cannot be limited")
def test_a_file_from_which_hdf5_does_not_return_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h5py = pytest.importorskip("h5py")
    monkeypatch.setattr(_examine_hdf5, "SECONDS", 2.0)
    path = tmp_path / "map.h5"
    with h5py.File(path, "w") as file:
        file.attrs["kind"] = "slxrd map"
        file.create_dataset("q", data=AXIS)
        file.create_dataset("intensity", data=INTENSITY)
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL") + 16  # the first text of attributes: index, references, size
    assert content[heap + 8] == len("slxrd map")
    content[heap + 8] = 0  # the library goes from a text to the next by its size
    path.write_bytes(content)
    for reads in (read, slxrd.read_map):
        with pytest.raises(FileError, match="does not return from it"):
            reads(path)
    assert not is_map(path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the largest memory is known on Linux only")
def test_a_small_file_that_takes_far_more_memory_is_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "map.h5"
    with h5py.File(path, "w") as file:
        file.attrs["kind"] = "slxrd map"
        file.create_dataset("q", data=AXIS)
        file.create_dataset("intensity", data=INTENSITY)
    read(path)
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL").to_bytes(8, "little")
    length = content.index(b"\t\0\0\0" + heap)  # of the text, with the place of the heap that has it
    content[length : length + 4] = (400_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(FileError, match="far too much memory"):
        read(path)


@pytest.mark.slow
def test_a_file_is_examined_again_when_it_has_changed(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "stack.h5"
    for values in (INTENSITY, INTENSITY[:1]):
        with h5py.File(path, "w") as file:
            file.create_dataset("q", data=AXIS)
            file.create_dataset("intensity", data=values)
        before = _examine_hdf5._returns.cache_info()
        read(path)
        read(path)
        after = _examine_hdf5._returns.cache_info()
        assert (after.misses - before.misses, after.hits - before.hits) == (1, 1)


def test_a_header_that_does_not_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stack.npy"
    np.save(path, INTENSITY)
    path.write_bytes(path.read_bytes().replace(b"'shape': (2, 3, 20), }", b"'shape': (2, 3, 20, } "))
    with pytest.raises(FileError, match="cannot be read"):
        read(path)
