"""A list of circles and rectangles of pixels that are left out of an image: fields of numbers for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import panel as pn

from slxrd.ui.app.controls.option_texts import OptionText, number_field, number_text
from slxrd.ui.app.controls.style import QUIET
from slxrd.ui.app.controls.widgets import button, row, text

_HEADS = {
    "circle": ("row", "column", "radius"),
    "rectangle": ("rows from", "rows to", "columns from", "columns to"),
}
_FROM_CORNER = "In pixels from the corner of the first pixel."
_ABOUT = {"radius": "Radius in pixels."}
#: Signs between the numbers of a shape, on the command line.
_SIGNS = {"circle": (",", ","), "rectangle": (":", ",", ":")}


class LeftOutList(OptionText):
    """A row for each shape, and a button that deletes it.

    Parameters
    ----------
    label : str
        Heading of the list.
    """

    def __init__(self, label: str) -> None:
        self._changed: Callable[[], object] = lambda: None
        self._shapes: list[list[float | None]] = []
        self._rows = pn.Column(sizing_mode="stretch_width", margin=0)
        super().__init__([self._rows])
        self.view = pn.Column(
            text(f"<small>{label}</small>"),
            self._rows,
            row(*(self._add_button(shape) for shape in _HEADS)),
            sizing_mode="stretch_width",
            margin=0,
        )

    def _add_button(self, shape: str) -> pn.widgets.Button:
        return button(
            f"Add a {shape}",
            lambda: self._add([None] * len(_HEADS[shape])),
            description=f"Leave out the pixels in a {shape}; a rectangle can also be drawn on the pixels.",
        )

    def watch(self, changed: Callable[[], object]) -> None:
        """Call a function after each change of a shape that is complete."""
        self._changed = changed

    def read(self) -> str:
        """Return the shapes as on the command line, parted by semicolons; an incomplete one is not in it."""
        return "; ".join(_text(numbers) for numbers in self._shapes if None not in numbers)

    def show(self, text: Any) -> None:
        """Show the shapes of a text."""
        if (text or "") != self.read():
            parts = [part for part in (text or "").split(";") if part.strip()]
            self._shapes = [[float(number) for number in re.split("[,:]", part)] for part in parts]
            self._rebuild()

    def _add(self, numbers: list[float | None]) -> None:
        self._shapes.append(numbers)
        self._rebuild()

    def _delete(self, numbers: list[float | None]) -> None:
        self._shapes = [each for each in self._shapes if each is not numbers]
        self._rebuild()
        self._changed()

    def _rebuild(self) -> None:
        self._rows.objects = [self._row(i, numbers) for i, numbers in enumerate(self._shapes, 1)]

    def _row(self, number: int, numbers: list[float | None]) -> pn.Column:
        shape = _shape(numbers)
        fields = [number_field(head, _ABOUT.get(head, _FROM_CORNER), margin=(0, 2)) for head in _HEADS[shape]]
        for place, field in enumerate(fields):
            field.value = numbers[place]
            field.param.watch(self._set(numbers, place), "value")
        delete = button(
            "×",
            lambda: self._delete(numbers),
            width=32,
            margin=(18, 0, 0, 2),
            description=f"Use the pixels of {shape} {number} again.",
            stylesheets=[QUIET],
        )
        lines = [[*fields[:2]], [*fields[2:], delete]] if shape == "rectangle" else [[*fields, delete]]
        return pn.Column(
            text(f"<small>{shape} {number} (pixels)</small>", margin=(4, 10, 0, 10)),
            *(pn.Row(*line, sizing_mode="stretch_width", margin=(0, 8)) for line in lines),
            sizing_mode="stretch_width",
            margin=0,
        )

    def _set(self, numbers: list[float | None], place: int) -> Callable[[Any], None]:
        def changed(event: Any) -> None:
            numbers[place] = event.new
            if None not in numbers:
                self._changed()

        return changed


def _shape(numbers: list[float | None]) -> str:
    return next(shape for shape, heads in _HEADS.items() if len(heads) == len(numbers))


def _text(numbers: list[float | None]) -> str:
    first, *others = map(number_text, numbers)
    return first + "".join(
        sign + number for sign, number in zip(_SIGNS[_shape(numbers)], others, strict=True)
    )
