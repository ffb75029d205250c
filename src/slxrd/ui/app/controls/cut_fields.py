"""Fields for a cut through an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from slxrd.detector.cuts import RANGES, Kind
from slxrd.ui.app.controls.widgets import row, text
from slxrd.ui.app.state.image import ImageRequest

_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}
_Q, _ANGLE = ("from (Å⁻¹)", "to (Å⁻¹)"), ("from (°)", "to (°)")
#: Labels of the ends of a range by the kind of the cut.
_LABELS: dict[Kind, tuple[str, ...]] = {
    "out-of-plane": _Q,
    "in-plane": _Q,
    "yoneda": _ANGLE,
    "radial": (),
    "sector": _ANGLE,
    "box": tuple(f"{across} {end}" for across in ("in the plane", "along the normal") for end in _Q),
}


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
        self._ends = [
            pn.widgets.FloatInput(
                label=name, step=0.01, format="0.[000000]", description=f"{of} of the range.", **_WIDE
            )
            for name, of in (("from", "Lower end"), ("to", "Upper end")) * 2
        ]
        self._side = pn.widgets.Select(
            label="side",
            options=["both", "left", "right"],
            description="Sides of the normal of the film that the cut uses.",
            **_WIDE,
        )
        self._bins = pn.widgets.IntInput(
            label="bins",
            value=None,
            start=1,
            placeholder="one a pixel",
            description="Number of bins of the cut.",
            **_WIDE,
        )
        for name, field in self._named.items():
            field.param.watch(self._changed(name), "value")
        self._bins.param.watch(lambda event: self._bins_changed(event.new), "value")
        for end in self._ends:
            end.param.watch(lambda _: self._ends_changed(), "value")
        self._second = row(*self._ends[2:])
        self.view = pn.Column(
            text("<h3>Cut</h3>"),
            row(self._kind, self._side),
            row(*self._ends[:2]),
            self._second,
            self._bins,
            margin=0,
            **_WIDE,
        )

    @property
    def _named(self) -> dict[str, Any]:
        return {"kind": self._kind, "side": self._side}

    def _changed(self, name: str) -> Callable[[Any], None]:
        def changed(event: Any) -> None:
            if not self._filling:
                self._on_change(name, event.new.strip())

        return changed

    def show(self, request: ImageRequest) -> None:
        """Show the cut that is asked for."""
        self._filling = True
        for name, field in self._named.items():
            field.value = getattr(request, name)
        self._bins.value = int(request.bins) if request.bins else None
        labels, numbers = _LABELS[request.kind], _numbers(request.ranges.get(request.kind, ""))
        for i, end in enumerate(self._ends):
            end.visible = i < len(labels)
            end.label = labels[i] if i < len(labels) else ""
            end.value = numbers[i] if i < len(numbers) else None
        self._second.visible = len(labels) > 2
        self._filling = False

    def _bins_changed(self, bins: int | None) -> None:
        if not self._filling:
            self._on_change("bins", "" if bins is None else str(bins))

    def _ends_changed(self) -> None:
        ends = [end.value for end in self._ends if end.visible]
        if not self._filling and None not in ends:
            self._on_change("ranges", ":".join(f"{end:g}" for end in ends))


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(":") if part]
