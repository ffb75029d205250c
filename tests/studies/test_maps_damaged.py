"""Damaged files of maps: one sentence that names the file."""

import contextlib
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import slxrd
from slxrd.errors import FileError
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


def test_a_header_that_does_not_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stack.npy"
    np.save(path, INTENSITY)
    path.write_bytes(path.read_bytes().replace(b"'shape': (2, 3, 20), }", b"'shape': (2, 3, 20, } "))
    with pytest.raises(FileError, match="cannot be read"):
        read(path)
