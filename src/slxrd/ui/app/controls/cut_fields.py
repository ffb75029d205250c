"""Fields for a cut through an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from slxrd.detector.cuts import RANGES
from slxrd.ui.app.controls.widgets import row, text
from slxrd.ui.app.state.image import ImageRequest

_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}


class CutFields:
    """Kind, range, side and bins of a cut.

    Parameters
    ----------
    on_change : callable
        Called with the name of a field of :class:`.ImageRequest` and its value; for ``ranges``, with the text
        of the chosen kind.
    """

    def __init__(self, on_change: Callable[[str, str], object]) -> None:
        self._on_change, self._filling = on_change, False
        self._kind = pn.widgets.Select(
            label="cut", options=list(RANGES), description="Which pixels are added, and along what.", **_WIDE
        )
        self._ranges = pn.widgets.TextInput(
            label="range", description="Ends of the range in Å⁻¹, or in degrees for angles.", **_WIDE
        )
        self._side = pn.widgets.Select(
            label="side",
            options=["both", "left", "right"],
            description="Sides of the normal of the film that the cut uses.",
            **_WIDE,
        )
        self._bins = pn.widgets.TextInput(
            label="bins", placeholder="one a pixel", description="Number of bins of the cut.", **_WIDE
        )
        for name, field in self._named.items():
            field.param.watch(self._changed(name), "value")
        self.view = pn.Column(
            text("<h3>Cut</h3>"),
            row(self._kind, self._ranges),
            row(self._side, self._bins),
            margin=0,
            **_WIDE,
        )

    @property
    def _named(self) -> dict[str, Any]:
        return {"kind": self._kind, "ranges": self._ranges, "side": self._side, "bins": self._bins}

    def _changed(self, name: str) -> Callable[[Any], None]:
        def changed(event: Any) -> None:
            if not self._filling:
                self._on_change(name, event.new.strip())

        return changed

    def show(self, request: ImageRequest) -> None:
        """Show the cut that is asked for."""
        self._filling = True
        pattern = RANGES[request.kind]
        self._ranges.param.update(placeholder=pattern, disabled=not pattern)
        for name, field in self._named.items():
            field.value = request.ranges.get(request.kind, "") if name == "ranges" else getattr(request, name)
        self._filling = False
