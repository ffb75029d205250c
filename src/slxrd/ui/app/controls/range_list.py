"""A list of ranges of q: a row of fields for each, which can be changed and deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from slxrd.ui.app.controls.style import QUIET
from slxrd.ui.app.controls.widgets import button

Item = list[float]


class RangeList:
    """Rows with the ends in Å⁻¹, the weight of a region, and a button that deletes.

    Parameters
    ----------
    kind : str
        Name of a range in labels: "region" or "mask".
    weighted : bool
        Whether a range has a weight.
    on_change : callable
        Called with all ranges after a change.
    """

    def __init__(self, kind: str, weighted: bool, on_change: Callable[[list[Item]], object]) -> None:
        self._kind, self._weighted, self._on_change = kind, weighted, on_change
        self._items: list[Item] = []
        self.view = pn.Column(sizing_mode="stretch_width", margin=0)

    def show(self, items: Sequence[Sequence[float]]) -> None:
        """Show ranges; rows are made anew only where they differ."""
        shown = [list(item) for item in items]
        if shown != self._items or not self.view.objects:
            self._items = shown
            self.view.objects = [self._row(i, item) for i, item in enumerate(shown)]

    def again(self) -> None:
        """Show the ranges as they were before a change that was refused."""
        self.view.objects = [self._row(i, item) for i, item in enumerate(self._items)]

    def _row(self, number: int, item: Item) -> pn.Row:
        fields = [self._field(number, 0, "from", item[0]), self._field(number, 1, "to", item[1])]
        if self._weighted:
            fields.append(self._field(number, 2, "weight", item[2] if len(item) > 2 else 1.0))
        delete = button(
            "×",
            lambda: self._on_change([kept for i, kept in enumerate(self._items) if i != number]),
            width=32,
            margin=(18, 0, 0, 4),
            description=f"Delete {self._kind} {number + 1}.",
            stylesheets=[QUIET],
        )
        return pn.Row(*fields, delete, sizing_mode="stretch_width", margin=0)

    def _field(self, number: int, place: int, label: str, value: float) -> pn.widgets.FloatInput:
        unit = " (Å⁻¹)" if place < 2 else ""
        field = pn.widgets.FloatInput(
            label=f"{self._kind} {number + 1} {label}{unit}" if place == 0 else f"{label}{unit}",
            value=value,
            step=0.1 if place == 2 else 0.005,
            format="0.[0000]",
            width=128 if place == 0 else 92,
            margin=(0, 4, 4, 8 if place == 0 else 4),
        )

        def changed(event: Any) -> None:
            items = [list(each) for each in self._items]
            if event.new is None:
                self.again()
                return
            row = [*items[number], 1.0] if len(items[number]) == 2 and place == 2 else items[number]
            row[place] = float(event.new)
            if len(row) > 2 and row[2] == 1.0:
                row = row[:2]
            items[number] = row
            self._on_change(items)

        field.param.watch(changed, "value")
        return field
