"""A list of the cuts that are fitted together: a row of fields for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.directions.direction import SCAN, Direction
from slxrd.ui.app.controls.style import QUIET
from slxrd.ui.app.controls.widgets import button, text
from slxrd.ui.app.state.directions import ChosenCut

_OTHER = "other"
#: Distance of unit vectors below which they are one direction.
_SAME = 1e-4
#: Directions that are offered: labels, and components along x, y and z.
_OFFERED = {
    "100": (1.0, 0.0, 0.0),
    "110": (1.0, 1.0, 0.0),
    "210": (2.0, 1.0, 0.0),
    "001": (0.0, 0.0, 1.0),
    "101": (1.0, 0.0, 1.0),
    "111": (1.0, 1.0, 1.0),
}
_DIRECTIONS = {"θ:2θ scan": SCAN, **{name: name for name in _OFFERED}, "other": _OTHER}
#: How a cut was measured: averaged over the azimuth, integrated across.
_HOW = {
    "a line": (False, False),
    "averaged over the azimuth": (True, False),
    "integrated across": (False, True),
    "averaged and integrated": (True, True),
}


class CutList:
    """A row for each cut: its direction, its resolution, and a button that removes it.

    Parameters
    ----------
    on_change : callable
        Called with the number of a cut and its new direction and resolution.
    on_remove : callable
        Called with the number of a cut.
    on_error : callable
        Called with a message if a direction is not possible.
    """

    def __init__(
        self,
        on_change: Callable[[int, Direction, float | None], object],
        on_remove: Callable[[int], object],
        on_error: Callable[[str], object],
    ) -> None:
        self._on_change, self._on_remove, self._on_error = on_change, on_remove, on_error
        self._shown: tuple[ChosenCut, ...] = ()
        self.view = pn.Column(sizing_mode="stretch_width", margin=0)

    def show(self, cuts: Sequence[ChosenCut]) -> None:
        """Show the cuts; rows are made anew only if others are in the list."""
        same = [each.name for each in cuts] == [each.name for each in self._shown]
        self._shown = tuple(cuts)
        if not same:
            self.view.objects = [self._row(number, cut) for number, cut in enumerate(cuts)]

    def _row(self, number: int, cut: ChosenCut) -> pn.Column:
        direction = cut.direction
        known = next(
            (
                name
                for name, vector in _OFFERED.items()
                if math.dist(Direction(vector).vector, direction.vector) < _SAME
            ),
            _OTHER,
        )
        where = pn.widgets.Select(
            label=f"direction {number + 1}",
            options=_DIRECTIONS,
            value=SCAN if direction.name == SCAN else known,
            width=104,
            margin=(0, 2, 4, 8),
            description="x and y are the axes of the superlattice in the plane, z is the normal of the film.",
        )
        how = pn.widgets.Select(
            label="measured as",
            options=[*_HOW],
            value=next(name for name, each in _HOW.items() if each == (direction.fibre, direction.wide))
            if direction.name != SCAN
            else "a line",
            width=132,
            margin=(0, 2, 4, 2),
            description="A line; averaged over domains that are turned at random about the normal; or "
            "integrated across, in a box wider than the distance of the fringes.",
        )
        width = pn.widgets.FloatInput(
            label="σ_G (Å⁻¹)",
            value=cut.resolution,
            placeholder=f"{Instrument.sigma_G:g}",
            step=0.001,
            format="0.[000000]",
            width=72,
            margin=(0, 2, 4, 2),
            description="Standard deviation of the resolution.",
        )
        components = [
            pn.widgets.FloatInput(label=axis, value=value, step=1.0, width=72, margin=(0, 2, 4, 8))
            for axis, value in zip("xyz", direction.vector, strict=True)
        ]
        remove = button(
            "×",
            lambda: self._on_remove(number),
            width=32,
            margin=(18, 0, 0, 2),
            description=f"Take {cut.name} off the list.",
            stylesheets=[QUIET],
        )
        vector = pn.Row(*components, margin=0)

        def arrange() -> None:
            how.visible = where.value != SCAN
            vector.visible = where.value == _OTHER

        def changed(_: Any) -> None:
            arrange()
            try:
                self._on_change(number, _direction(where.value, how.value, components), width.value)
            except SlxrdError as error:
                self._on_error(str(error))

        for field in (where, how, width, *components):
            field.param.watch(changed, "value")
        arrange()
        name = text(
            f"<div title='{escape(cut.name, quote=True)}' style='overflow:hidden;text-overflow:ellipsis;"
            f"white-space:nowrap'><b>{escape(cut.name.rpartition('/')[2])}</b></div>",
            margin=(4, 10, 0, 10),
        )
        return pn.Column(
            name, pn.Row(where, how, width, remove, margin=0), vector, sizing_mode="stretch_width", margin=0
        )


def _direction(where: str, how: str, components: Sequence[Any]) -> Direction:
    """Return the direction of the fields.

    Raises
    ------
    SlxrdError
        If it is not possible.
    """
    if where == SCAN:
        return Direction.parse(SCAN)
    typed = [field.value for field in components]
    if where == _OTHER and None in typed:
        raise SlxrdError("direction: type its three components along x, y and z")
    x, y, z = typed if where == _OTHER else _OFFERED[where]
    fibre, wide = _HOW[how]
    return Direction((x, y, z), fibre, wide)
