"""Fields for the options with which a file is read, and the Lorentz-polarisation correction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from slxrd.errors import SlxrdError
from slxrd.ui.app.controls.widgets import button, collapsible, row
from slxrd.ui.session.controller import State
from slxrd.units import RADIATIONS

_TRUST, _NO_LP = "accept the axis even if its range is implausible", "no Lorentz-polarisation correction"
_AXES = {"q (Å⁻¹)": "q", "2θ (°)": "2theta", "θ (°)": "theta"}


class ReadingFields:
    """Axis, wavelength, scan, columns and correction of a file.

    Parameters
    ----------
    on_apply : callable
        Called without arguments when the file is to be read again.

    Attributes
    ----------
    view : panel.Card
        The fields, collapsed at first.
    """

    def __init__(self, on_apply: Callable[[], object]) -> None:
        shares_line: dict[str, Any] = {"sizing_mode": "stretch_width", "min_width": 0}
        self._axis = pn.widgets.Select(
            label="axis",
            options={"from file": "", **_AXES},
            **shares_line,
            description="Quantity of the first column, where the file does not state it.",
        )
        self._wavelength = pn.widgets.AutocompleteInput(
            label="wavelength (Å)",
            placeholder="from file",
            options=list(RADIATIONS),
            restrict=False,
            min_characters=0,
            case_sensitive=False,
            **shares_line,
            description="Name of a radiation from the list, or a wavelength in Å.",
        )
        self._scan = pn.widgets.IntInput(
            label="scan",
            placeholder="first",
            start=1,
            **shares_line,
            description="Number of the scan in a file with several.",
        )
        self._columns_given: str | None = None
        self._columns = [
            pn.widgets.IntInput(
                label=f"{what} column",
                placeholder="automatic",
                start=1,
                **shares_line,
                description=f"Number of the column of {what} in a text file, from 1.",
            )
            for what in ("q or 2θ", "intensity", "σ")
        ]
        self._ticks = pn.widgets.CheckBoxGroup(options=[_TRUST, _NO_LP], margin=(2, 10))
        self._monochromator = pn.widgets.FloatInput(
            label="monochromator θ (°)",
            start=0.0,
            placeholder="none",
            width=160,
            description="Bragg angle of a monochromator, for the polarisation factor.",
        )
        self.view = collapsible(
            "Reading options",
            row(self._axis, self._wavelength, self._scan),
            row(*self._columns),
            self._ticks,
            self._monochromator,
            button(
                "Apply",
                on_apply,
                color="primary",
                description="Read the file again with these options.",
            ),
        )

    def values(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the options of reading, and those of the correction.

        Raises
        ------
        SlxrdError
            If only one of two columns is given.
        """
        reading: dict[str, Any] = {
            "axis": self._axis.value or None,
            "wavelength": _wavelength(self._wavelength.value),
            "columns": self._chosen_columns(),
            "scan": self._scan.value,
            "trust_axis": _TRUST in self._ticks.value,
        }
        return reading, {"monochromator": self._monochromator.value, "no_lp": _NO_LP in self._ticks.value}

    def _chosen_columns(self) -> str | None:
        """Return the columns as the option takes them; None if they are found in the file."""
        if self._columns_given is not None and all(field.value is None for field in self._columns):
            return self._columns_given
        numbers = [str(field.value) for field in self._columns if field.value is not None]
        if not numbers:
            return None
        if None in (self._columns[0].value, self._columns[1].value):
            raise SlxrdError("give the columns of both position and intensity, or none")
        return ",".join(numbers)

    def _show_columns(self, given: str | None) -> None:
        """Show numbers of columns; a choice by names, which a session may have, stays as it is."""
        numbers = [int(part) for part in (given or "").split(",") if part.strip().isdecimal()]
        self._columns_given = given if given and not numbers else None
        for i, field in enumerate(self._columns):
            field.value = numbers[i] if i < len(numbers) else None

    def show(self, state: State) -> None:
        """Show the options of a session."""
        for widget, value in (
            (self._axis, state.reading.get("axis") or ""),
            (self._wavelength, str(state.reading.get("wavelength", ""))),
            (self._scan, state.reading.get("scan")),
            (self._ticks, _checked_options(state)),
            (self._monochromator, state.preparation.get("monochromator")),
        ):
            widget.value = value
        self._show_columns(state.reading.get("columns"))


def _checked_options(state: State) -> list[str]:
    given = {_TRUST: state.reading.get("trust_axis"), _NO_LP: state.preparation.get("no_lp")}
    return [label for label, checked in given.items() if checked]


def _wavelength(typed: str) -> float | str | None:
    """Convert a typed wavelength to a number, or leave it as the name of a radiation."""
    typed = typed.strip()
    try:
        return float(typed) if typed else None
    except ValueError:
        return typed
