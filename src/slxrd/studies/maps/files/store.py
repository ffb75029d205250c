"""Finished blocks of a map on disk, each complete or absent, so that an interrupted map goes on."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from slxrd._documents import SETTINGS_LIMIT, read_bytes
from slxrd._files import write
from slxrd.errors import FileError
from slxrd.studies.maps.blocks.assessment import Assessed
from slxrd.studies.maps.blocks.refinement import Solutions
from slxrd.studies.maps.files.damage import RAISED
from slxrd.studies.maps.files.npz import open_arrays
from slxrd.units import FloatArray

Block = TypeVar("Block", Solutions, Assessed)


class BlockStore:
    """A folder of finished blocks.

    Parameters
    ----------
    folder : Path
        The folder; it is made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, key: str, plan: Mapping[str, FloatArray]) -> bool:
        """Keep the blocks of an earlier run of the same map, and remove those of another.

        Parameters
        ----------
        key : str
            Fingerprint of data and options.
        plan : mapping of str to ndarray
            What the blocks depend on; it must be equal.

        Returns
        -------
        bool
            Whether there was an earlier run of the same map.
        """
        digest = hashlib.sha256(key.encode(errors="surrogatepass"))
        for name, value in sorted(plan.items()):
            digest.update(name.encode() + np.ascontiguousarray(value).tobytes())
        own = json.dumps({"map": digest.hexdigest()})
        file = self.folder / "map.json"
        if file.exists():
            if read_bytes(file, SETTINGS_LIMIT) == own.encode():
                return True
            self.remove()
        elif self.folder.exists() and any(self.folder.iterdir()):
            raise FileError(self.folder, "is not a folder of an unfinished map; move it away")
        self.folder.mkdir(parents=True, exist_ok=True)
        write(file, own)
        return False

    def save(self, stage: str, index: int, block: Any) -> None:
        """Write a block, a record of arrays, beside and rename it."""
        buffer = io.BytesIO()
        np.savez(buffer, **{field.name: getattr(block, field.name) for field in fields(block)})
        write(self._file(stage, index), buffer.getvalue())

    def has(self, stage: str, index: int) -> bool:
        """Whether a block is finished."""
        return self._file(stage, index).exists()

    def load(self, stage: str, index: int, empty: Block) -> Block:
        """Read a block.

        Parameters
        ----------
        stage : str
            Its stage.
        index : int
            Its number.
        empty : record of arrays
            A block of as many patterns and parameters: its arrays have the shapes and types that are read.

        Raises
        ------
        FileError
            If it cannot be read, or its arrays are others.
        """
        file, found = self._file(stage, index), {}
        try:
            with open_arrays(file) as arrays:
                for field in fields(empty):
                    usual = getattr(empty, field.name)
                    if arrays.shapes[field.name] != usual.shape:
                        raise ValueError(f"{field.name} is of {arrays.shapes[field.name]} numbers")
                    found[field.name] = arrays.read(field.name).astype(usual.dtype, casting="no", copy=False)
        except RAISED as error:
            raise FileError(
                file, f"cannot be read ({error}); remove it, and it is calculated again"
            ) from None
        return replace(empty, **found)

    def remove(self) -> None:
        """Remove all blocks."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, stage: str, index: int) -> Path:
        return self.folder / f"{stage}-{index:06d}.npz"
