"""The bar above the plots: axis, scale, and what dragging the mouse does."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import panel as pn

from slxrd.ui.app.controls.widgets import button, tip
from slxrd.ui.app.plots.axis import AxisName, Scale
from slxrd.ui.app.plots.pattern import Mouse

_AXES = {"q": "q", "2θ": "2theta", "d": "d"}
_SCALES = {"linear": "linear", "√": "sqrt", "log": "log"}
_SCALE = "Scale of the intensity."
_MOUSE = {"zoom": "zoom", "add a region": "region", "add a mask": "mask"}


class PlotBar:
    """Settings of the plots. The pattern and the curves have the same axis, and a scale each.

    Parameters
    ----------
    on_whole : callable
        Called without arguments to show everything again.
    """

    def __init__(self, on_whole: Callable[[], object]) -> None:
        self._axis = pn.widgets.RadioButtonGroup(
            options=_AXES, value="q", width=112, description=tip("Quantity of the horizontal axis.")
        )
        self._of_pattern = pn.widgets.RadioButtonGroup(
            options=_SCALES, value="log", width=150, description=tip(_SCALE)
        )
        self._of_curves = pn.widgets.RadioButtonGroup(
            options=_SCALES, value="linear", width=150, description=tip(_SCALE)
        )
        self._mouse = pn.widgets.RadioButtonGroup(
            options=_MOUSE,
            value="zoom",
            width=264,
            description=tip("What dragging the mouse over the pattern does."),
        )
        self.whole = button("Whole pattern", on_whole, margin=(5, 4), description="End every zoom.")
        self.view = pn.Row(
            self._axis, self._of_pattern, self._of_curves, self._mouse, self.whole,
            sizing_mode="stretch_width", margin=0, height=40,
        )  # fmt: skip

    @property
    def axis(self) -> AxisName:
        """Quantity of the horizontal axis."""
        return cast(AxisName, self._axis.value)

    @axis.setter
    def axis(self, name: AxisName) -> None:
        self._axis.value = name

    @property
    def scale(self) -> Scale:
        """Scale of the pattern."""
        return cast(Scale, self._of_pattern.value)

    @property
    def curve_scale(self) -> Scale:
        """Scale of the curves of a fit."""
        return cast(Scale, self._of_curves.value)

    @curve_scale.setter
    def curve_scale(self, scale: Scale) -> None:
        self._of_curves.value = scale

    @property
    def mouse(self) -> Mouse:
        """What dragging over the pattern does."""
        return cast(Mouse, self._mouse.value)

    def on_change(self, pattern: Callable[[], object], curves: Callable[[], object]) -> None:
        """Call functions when the settings of the pattern or of the curves change."""
        for widget in (self._axis, self._of_pattern, self._mouse):
            widget.param.watch(lambda _: pattern(), "value")
        for widget in (self._axis, self._of_curves):
            widget.param.watch(lambda _: curves(), "value")

    def show_for(self, step: str) -> None:
        """Show the settings that a step has."""
        of_pattern, of_curves = step in ("open", "regions"), step in ("model", "fit")
        self.view.visible = of_pattern or of_curves
        self._of_pattern.visible = self.whole.visible = of_pattern
        self._of_curves.visible = of_curves
        self._mouse.visible = step == "regions"
