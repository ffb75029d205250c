"""Fields for the file of an image: a list of dropped ones, a name or path, and the dataset in a HDF5 file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import panel as pn

_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}
#: Between file and dataset on the command line.
_DATASET = "::"
_HDF5 = (".h5", ".hdf5", ".nxs")


class ImageSource:
    """The file of an image.

    Parameters
    ----------
    on_change : callable
        Called with the file, and the dataset as on the command line, after a change.

    Attributes
    ----------
    views : list
        The fields.
    """

    def __init__(self, on_change: Callable[[str], object]) -> None:
        self._on_change, self._filling = on_change, False
        self._list = pn.widgets.Select(
            label="dropped files", options=[], size=4, description="Choose an image to open it.", **_WIDE
        )
        self._file = pn.widgets.AutocompleteInput(
            label="image",
            placeholder="/home/me/film.edf",
            options=[],
            restrict=False,
            min_characters=0,
            case_sensitive=False,
            description="Name of a dropped file, or a path.",
            **_WIDE,
        )
        self._dataset = pn.widgets.TextInput(
            label="dataset",
            placeholder="the image of the file",
            description="Path of the image in a HDF5 file with several, such as /entry/data/data.",
            **_WIDE,
        )
        self._list.param.watch(lambda event: self._changed(event.new), "value")
        self._file.param.watch(lambda _: self._changed(self._typed()), "value")
        self._dataset.param.watch(lambda _: self._changed(self._typed()), "value")
        self.views = [self._list, self._file, self._dataset]

    def _changed(self, file: str | None) -> None:
        if not self._filling and file is not None:
            self._on_change(file)

    def _typed(self) -> str:
        file, dataset = (self._file.value or "").strip(), self._dataset.value.strip()
        return f"{file}{_DATASET}{dataset}" if dataset and _is_hdf5(file) else file

    def show(self, given: str, images: Sequence[str]) -> None:
        """Show a file that was given as on the command line, and the dropped images."""
        self._filling = True
        file, _, dataset = given.partition(_DATASET)
        self._list.param.update(options=[*images], size=min(max(len(images), 2), 6), visible=len(images) > 1)
        self._list.value = file if file in images else None
        self._file.param.update(options=[*images], value=file)
        self._dataset.param.update(value=dataset, visible=_is_hdf5(file))
        self._filling = False


def _is_hdf5(file: str) -> bool:
    return Path(file).suffix.lower() in _HDF5
