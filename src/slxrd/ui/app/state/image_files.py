"""Files of the image step: those that were dropped on the page, and paths on this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

from slxrd.errors import SlxrdError
from slxrd.ui.app.state.series import expand_path

#: Between the file and the dataset of HDF5.
_DATASET = "::"


class ImageFiles:
    """Dropped files, written to a temporary folder, since readers of images take paths."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._versions: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """Names of the dropped files."""
        return sorted(self._versions)

    def add(self, name: str, content: bytes) -> str:
        """Keep a dropped file; a former one of the same name is replaced. Return the name without folders.

        Raises
        ------
        SlxrdError
            If it is empty.
        """
        name = Path(name).name
        if not content:
            raise SlxrdError(f"{name} is empty: choose another file")
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="slxrd-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        (self._folder / name).write_bytes(content)
        self._versions[name] = self._versions.get(name, 0) + 1
        return name

    def path(self, typed: str) -> str:
        """Return the path of a file that is named as it was typed: a dropped one, or one on this machine.

        Raises
        ------
        SlxrdError
            If nothing is typed.
        """
        file, sign, dataset = typed.strip().partition(_DATASET)
        if file in self._versions and self._folder is not None:
            return f"{self._folder / file}{sign}{dataset}"
        found = expand_path(file)
        if found is None:
            raise SlxrdError("drop an image, or type the path of one")
        return f"{found}{sign}{dataset}"

    def version(self, typed: str) -> object:
        """Return what changes when the contents of a file do."""
        file = typed.strip().partition(_DATASET)[0]
        if file in self._versions:
            return self._versions[file]
        try:
            found = os.stat(self.path(file))
        except (OSError, SlxrdError):
            return None
        return found.st_mtime_ns, found.st_size

    def named(self, text: str) -> str:
        """Replace the paths of dropped files in a text by their names."""
        return text if self._folder is None else text.replace(f"{self._folder}{os.sep}", "")
