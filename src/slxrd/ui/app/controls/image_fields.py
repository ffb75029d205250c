"""Fields of the page for the options of detector images; labels and help come from the declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import panel as pn

from slxrd.detector.geometry import Geometry
from slxrd.studies.images.remapping.options import GEOMETRY, OPTIONS, PIXELS, ImageOption
from slxrd.ui.app.controls.widgets import row

#: What a .poni file gives, so that it cannot be typed beside it.
_OF_PONI = ("distance", "centre", "pixel")
_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}
#: What an empty field shows where no value is known.
_PLACEHOLDERS = {
    "poni": "geometry.poni",
    "distance": "from the file",
    "centre": "row,column",
    "pixel": "from the file",
    "wavelength": "from the file",
    "incidence": "transmission",
}


class ImageFields:
    """A field for each option of an image.

    Parameters
    ----------
    on_change : callable
        Called with all texts and ticks after a change.
    """

    def __init__(self, on_change: Callable[[Mapping[str, str | bool]], object]) -> None:
        self._on_change, self._filling = on_change, False
        self._fields = {name: _field(name, option) for name, option in OPTIONS.items()}
        for field in self._fields.values():
            field.param.watch(lambda _: self._changed(), "value")
        self.geometry, self.pixels = self._arranged(GEOMETRY), self._arranged(PIXELS)

    def _arranged(self, heading: str) -> pn.Column:
        """Place short fields in pairs, and long ones below each other."""
        rows: list[list[Any]] = []
        for name, option in OPTIONS.items():
            if option.heading == heading:
                short = option.single not in (Path, list, bool)
                if not (short and rows and len(rows[-1]) == 1 and rows[-1][0].tags == ["short"]):
                    rows.append([])
                rows[-1].append(self._fields[name])
                self._fields[name].tags = ["short"] if short else []
        return pn.Column(*(row(*fields) for fields in rows), margin=0, **_WIDE)

    def _changed(self) -> None:
        if not self._filling:
            values = {name: field.value for name, field in self._fields.items()}
            self._on_change({name: value for name, value in values.items() if value})

    def show(self, typed: Mapping[str, str | bool], files: Sequence[str]) -> None:
        """Show texts and ticks; files that were dropped can be chosen."""
        self._filling = True
        for name, option in OPTIONS.items():
            field = self._fields[name]
            if option.single is Path:
                field.options = [
                    file for file in files if (Path(file).suffix.lower() == ".poni") == (name == "poni")
                ]
            empty = False if option.single is bool else option.default if option.choices else ""
            value = typed.get(name, empty)
            if field.value != value:
                field.value = value
        for name in _OF_PONI:
            self._fields[name].disabled = bool(typed.get("poni"))
        self._filling = False

    def show_found(self, geometry: Geometry | None) -> None:
        """Show in empty fields the values that are used, which are from the header or the .poni file."""
        found = {name: _PLACEHOLDERS.get(name, "") for name in (*_OF_PONI, "wavelength")}
        if geometry is not None:
            found = {
                "distance": f"{geometry.distance:.6g}",
                "centre": f"{geometry.centre_row:.6g},{geometry.centre_column:.6g}",
                "pixel": f"{geometry.pixel_row:.5g},{geometry.pixel_column:.5g}",
                "wavelength": f"{geometry.wavelength:.6g}",
            }
        for name, text in found.items():
            self._fields[name].placeholder = text


def _field(name: str, option: ImageOption) -> Any:
    label = name.replace("_", " ") + (f" ({option.unit})" if option.unit else "")
    settings: dict[str, Any] = {"label": label, "description": option.help}
    if option.single is bool:
        return pn.widgets.Checkbox(label=f"{label}: {_sentence(option.help)}", margin=(4, 10))
    if option.choices:
        return pn.widgets.Select(options=list(option.choices), value=option.default, **_WIDE, **settings)
    settings["placeholder"] = _PLACEHOLDERS.get(name, "")
    if option.single is Path:
        return pn.widgets.AutocompleteInput(
            options=[], restrict=False, min_characters=0, case_sensitive=False, **_WIDE, **settings
        )
    if option.default is not None:
        settings["placeholder"] = f"{option.default:g}" if option.single is float else option.default
    if option.single is list:
        settings["description"] = option.help.replace("may be repeated", "several are parted by ;")
    return pn.widgets.TextInput(**_WIDE, **settings)


def _sentence(help: str) -> str:
    return help[0].lower() + help[1:].rstrip(".")
