"""Fields of a series: how its files are named, the joint fit, and what the figures show."""

from __future__ import annotations

import re

import panel as pn

from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import TABLE
from slxrd.studies.series.files import Naming
from slxrd.ui.app.controls.range_list import RangeList
from slxrd.ui.app.controls.widgets import button, collapsible, row, text
from slxrd.ui.app.state.series import expand_path


class NamingFields:
    """Name of the variable, and where its values are.

    Attributes
    ----------
    view : panel.Card
        The fields.
    """

    def __init__(self) -> None:
        wide = {"sizing_mode": "stretch_width", "min_width": 0}
        self._variable = pn.widgets.TextInput(
            label="variable",
            placeholder="temperature",
            description="Name of what changes from pattern to pattern.",
            **wide,
        )
        self._table = pn.widgets.TextInput(
            label="table",
            placeholder="CSV: file, value",
            description="Path of a table with a file name and its value in each row.",
            **wide,
        )
        self._before = pn.widgets.TextInput(
            label="text before the value",
            placeholder="film_",
            description="What stands before the value in the file names, such as film_ in film_125C.xy.",
            **wide,
        )
        self._after = pn.widgets.TextInput(
            label="text after it",
            placeholder="C",
            description="What stands after the value in the file names, such as C in film_125C.xy.",
            **wide,
        )
        self.view = collapsible(
            "Values of the variable",
            row(self._variable, self._table),
            row(self._before, self._after),
        )

    def naming(self) -> Naming:
        """Return how the value of each file is found.

        Raises
        ------
        SlxrdError
            If both the names and a table give it.
        """
        pattern, table = (
            pattern_of_name(self._before.value, self._after.value),
            expand_path(self._table.value),
        )
        if pattern and table:
            raise SlxrdError(
                "“table” and the texts around the value both give the values: leave one of them empty"
            )
        return Naming(self._variable.value.strip() or None, pattern, table)


class JointFields:
    """Parameters that the patterns have in common, and further ranges of the figures.

    Attributes
    ----------
    view : panel.Card
        The fields.
    """

    def __init__(self) -> None:
        options = {TABLE[name].symbol: name for name in TABLE}
        self._shared = pn.widgets.CheckBoxGroup(options=options, inline=True, margin=(0, 10, 6, 10))
        self._smooth = pn.widgets.CheckBoxGroup(options=options, inline=True, margin=(0, 10, 6, 10))
        self._degree = pn.widgets.IntInput(
            label="degree", value=2, start=0, end=4, width=64, description="Degree of that polynomial."
        )
        self._ranges: list[list[float]] = []
        self._range_rows = RangeList("range", False, self._put_ranges)
        self.view = collapsible(
            "Joint fit and figures",
            text("<p>Joint fit of all patterns: parameters with one value for all</p>"),
            self._shared,
            text("<p>Parameters that are a polynomial of the variable</p>"),
            self._smooth,
            self._degree,
            text("<p>Ranges of q that are drawn in the figures but not fitted</p>"),
            self._range_rows.view,
            button(
                "Add a range",
                lambda: self._put_ranges([*self._ranges, [0.05, 0.5]]),
                description="Draw another range of q, for example that of the low-angle fringes.",
            ),
        )

    def _put_ranges(self, ranges: list[list[float]]) -> None:
        self._ranges = ranges
        self._range_rows.show(ranges)

    def shared_and_smooth(self) -> tuple[list[str], list[str]]:
        """Return the parameters with one value for all, and those that are a polynomial."""
        return list(self._shared.value), list(self._smooth.value)

    @property
    def degree(self) -> int:
        """Degree of the polynomial."""
        return int(self._degree.value)

    def shown_ranges(self) -> list[tuple[float, float]]:
        """Return the ranges that are drawn but not fitted.

        Raises
        ------
        SlxrdError
            If an upper end comes first.
        """
        for low, high in self._ranges:
            if not low < high:
                raise SlxrdError(f"range {low:g} to {high:g} Å⁻¹: give the lower end first")
        return [(low, high) for low, high in self._ranges]


def pattern_of_name(before: str, after: str) -> str | None:
    """Return the regular expression of a value between two texts; None if both are empty."""
    if not (before.strip() or after.strip()):
        return None
    return rf"{re.escape(before)}(-?\d+(?:\.\d+)?){re.escape(after)}"
