"""Arrays of an .npz file, of which sizes and names are checked before one is read."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd._documents import check_ordinary
from slxrd.errors import FileError
from slxrd.io.shared.archive import members_of
from slxrd.studies.maps.files.damage import check_stored

_ENDING = ".npy"


@dataclass(frozen=True)
class Arrays:
    """The arrays of an open .npz file.

    Parameters
    ----------
    opened : ZipFile
        The file.
    members : mapping of str to ZipInfo
        Its members by the names of the arrays.
    shapes : mapping of str to tuple of int
        Shapes by name.
    """

    opened: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]
    shapes: Mapping[str, tuple[int, ...]]

    def read(self, name: str) -> NDArray[Any]:
        """Read one array."""
        with self.opened.open(self.members[name]) as member:
            return np.lib.format.read_array(member, allow_pickle=False)


@contextmanager
def open_arrays(file: Path) -> Iterator[Arrays]:
    """Open an .npz file, and close it in the end.

    Parameters
    ----------
    file : Path
        The file.

    Raises
    ------
    FileError
        If it is none, two arrays have one name, or they would be far larger than what is stored of them.
    """
    check_ordinary(file)
    if not zipfile.is_zipfile(file):
        raise FileError(file, "cannot be read as arrays of numbers (it is no .npz; was it copied whole?)")
    with zipfile.ZipFile(file) as opened:
        infos = members_of(opened, str(file))
        for name, info in infos.items():
            check_stored(file, name, info.file_size, info.compress_size)
        size, stored = (
            sum(getattr(info, of) for info in infos.values()) for of in ("file_size", "compress_size")
        )
        check_stored(file, "whole content", size, stored)
        members = {name.removesuffix(_ENDING): info for name, info in infos.items() if name.endswith(_ENDING)}
        yield Arrays(opened, members, {name: _shape(file, opened, info) for name, info in members.items()})


def _shape(file: Path, opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[int, ...]:
    with opened.open(info) as member:
        first = np.lib.format.read_magic(member) == (1, 0)
        read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
        shape, _, kind = read(member)
    if math.prod(shape) * kind.itemsize > info.file_size:
        raise FileError(
            file, f"its {info.filename!r:.100} is shorter than its shape {shape}; was it copied whole?"
        )
    return tuple(shape)
