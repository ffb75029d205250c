"""Fields of the page for the options of detector images; labels and help come from the declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import panel as pn

from slxrd.detector.geometry import Geometry
from slxrd.studies.images.remapping.options import OPTIONS, ImageOption
from slxrd.ui.app.controls.left_out_list import LeftOutList
from slxrd.ui.app.controls.option_texts import (
    NumberOrWord,
    NumberText,
    OptionText,
    PairText,
    WidgetText,
    number_field,
)
from slxrd.ui.app.controls.widgets import row

#: What a .poni file gives, so that it cannot be typed beside it.
_OF_PONI = ("distance", "centre", "pixel")
_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}
_FROM_FILE = "from the file"
#: The options as they stand below and beside each other.
GEOMETRY_ROWS: tuple[tuple[str, ...], ...] = (
    ("poni",), ("distance", "wavelength"), ("centre",), ("pixel",), ("incidence", "up"), ("polarisation",)
)  # fmt: skip
PIXEL_ROWS: tuple[tuple[str, ...], ...] = (
    ("frame",), ("mask_file",), ("beam_stop",), ("saturated", "photon"), ("keep_hot",), ("keep_negative",)
)  # fmt: skip


class ImageFields:
    """Fields for each option of an image.

    Parameters
    ----------
    on_change : callable
        Called with all texts and ticks after a change.

    Attributes
    ----------
    geometry, pixels : panel.Column
        The fields.
    """

    def __init__(self, on_change: Callable[[Mapping[str, str | bool]], object]) -> None:
        self._on_change, self._filling = on_change, False
        self._fields = {name: _field(name, option) for name, option in OPTIONS.items()}
        for field in self._fields.values():
            field.watch(self._changed)
        self.geometry, self.pixels = self._arranged(GEOMETRY_ROWS), self._arranged(PIXEL_ROWS)
        self.show_found(None)

    def _arranged(self, rows: Sequence[Sequence[str]]) -> pn.Column:
        views = [[self._fields[name].view for name in names] for names in rows]
        return pn.Column(*(row(*each) for each in views), margin=0, **_WIDE)

    def _changed(self) -> None:
        if self._filling:
            return
        values = {name: field.read() for name, field in self._fields.items()}
        if None not in values.values():
            self._on_change({name: value for name, value in values.items() if value})

    def show(self, typed: Mapping[str, str | bool], files: Sequence[str]) -> None:
        """Show texts and ticks; files that were dropped can be chosen."""
        self._filling = True
        for name, option in OPTIONS.items():
            field = self._fields[name]
            if option.single is Path:
                field.widgets[0].options = [
                    file for file in files if (Path(file).suffix.lower() == ".poni") == (name == "poni")
                ]
            field.show(typed.get(name, ""))
        for name in _OF_PONI:
            self._fields[name].disable(bool(typed.get("poni")))
        self._filling = False

    def show_found(self, geometry: Geometry | None) -> None:
        """Show in empty fields the values that are used, which are from the header or the .poni file."""
        found = {"distance": [_FROM_FILE], "centre": [_FROM_FILE] * 2, "pixel": [_FROM_FILE] * 2}
        found["wavelength"] = [_FROM_FILE]
        if geometry is not None:
            found = {
                "distance": [f"{geometry.distance:.6g}"],
                "centre": [f"{geometry.centre_row:.6g}", f"{geometry.centre_column:.6g}"],
                "pixel": [f"{geometry.pixel_row:.5g}", f"{geometry.pixel_column:.5g}"],
                "wavelength": [f"{geometry.wavelength:.6g}"],
            }
        for name, texts in found.items():
            self._fields[name].show_found(texts)


def _field(name: str, option: ImageOption) -> OptionText:
    label = name.replace("_", " ") + (f" ({option.unit})" if option.unit else "")
    settings: dict[str, Any] = {"label": label, "description": option.help, **_WIDE}
    if name == "beam_stop":
        return LeftOutList("Regions that are left out: the beam stop, or others")
    if name in _PAIRS:
        heads, same = _PAIRS[name]
        return PairText([number_field(head, about) for head, about in heads], same=same)
    if name in _WORDS:
        head, about, placeholder, word, words = _WORDS[name]
        tick = pn.widgets.Checkbox(label=words, margin=(22, 10, 0, 10))
        return NumberOrWord(number_field(head, about, placeholder), tick, word)
    if option.single is bool:
        help = option.help[0].lower() + option.help[1:].rstrip(".")
        return WidgetText(pn.widgets.Checkbox(label=f"{label}: {help}", margin=(4, 10)), False)
    if option.choices:
        select = pn.widgets.Select(options=list(option.choices), value=option.default, **settings)
        return WidgetText(select, option.default)
    if option.single is float:
        default = "" if option.default is None else f"{option.default:g}"
        shown = _PLACEHOLDERS.get(name, default)
        return NumberText([number_field(label, option.help, shown)])
    settings["placeholder"] = _PLACEHOLDERS.get(name, "")
    if option.single is not Path:
        return WidgetText(pn.widgets.TextInput(**settings))
    made = pn.widgets.AutocompleteInput(
        options=[], restrict=False, min_characters=0, case_sensitive=False, **settings
    )
    return WidgetText(made)


_PLACEHOLDERS = {"poni": "geometry.poni", "incidence": "transmission", "saturated": "none"}
#: Labels and tooltips of pairs of numbers, and whether one stands for both.
_PAIRS = {
    "centre": (
        (
            ("centre, row (pixels)", "Row of the direct beam, from the corner of the first pixel."),
            ("centre, column (pixels)", "Column of the direct beam, from the corner of the first pixel."),
        ),
        False,
    ),
    "pixel": (
        (
            ("pixel, height (µm)", "Distance of the rows."),
            ("pixel, width (µm)", "Distance of the columns; empty: that of the rows."),
        ),
        True,
    ),
}
#: Numbers with a word in their place: label, tooltip, placeholder, word, and the label of its tick.
_WORDS = {
    "polarisation": (
        "polarisation",
        "0: unpolarised beam; 1: polarised along the rows of the detector.",
        OPTIONS["polarisation"].default,
        "none",
        "not corrected",
    ),
    "frame": ("frame", "Number of the frame in a file with several, from 1.", "", "sum", "sum of all frames"),
}
