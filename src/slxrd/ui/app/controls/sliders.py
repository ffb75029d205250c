"""Sliders for the parameters of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.parameters.definitions import STACKING, info
from slxrd.parameters.parameter_set import Parameter, Parameters
from slxrd.ui.app.controls.style import HIDDEN_LABEL
from slxrd.ui.app.controls.widgets import row, text
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.symbols_html import symbol_html, text_html

#: Number of steps of a slider.
STEPS = 400
_ROLES = {"refined": "free", "fixed": "fixed"}


def slider_range(row: Parameter, value: float) -> tuple[float, float]:
    """Return the range of a slider: where the pattern changes visibly, within the parameter's bounds."""
    about = {
        "d": (0.9 * value, 1.1 * value),
        "L": (0.4 * value, 1.8 * value),
        "sigma_L": (0.0, max(4.0, 1.5 * value)),
        "N": (0.3 * value, 2.0 * value),
        "sigma_N": (0.0, max(4.0, 1.5 * value)),
        "f_S": (0.0, max(2.0, 2.0 * value)),
    }
    low, high = about.get(row.name, (row.lower, row.upper))
    low, high = max(low, row.lower), min(high, row.upper)
    # A fixed value may lie outside the bounds.
    return min(low, value), max(high, value) if max(high, value) > min(low, value) else value + 1.0


class ImmediateSlider(pn.widgets.FloatSlider):
    """A slider without Panel's delay of 50 ms, which is visible as a lag of the curve.

    The change is handled within the message of the browser; Panel would handle it 10 ms after.
    """

    def _server_change(self, doc: Any, ref: str, subpath: str | None, attr: str, old: Any, new: Any) -> None:
        if attr == "value" and attr not in self._changing.get(ref, ()):
            self._events[attr] = new
            self._change_event(doc)
        else:
            super()._server_change(doc, ref, subpath, attr, old, new)


class Sliders:
    """For each parameter a slider, a number field, and a list: refined or fixed.

    Parameters
    ----------
    workspace : Workspace
        Holds the parameter values.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.view = pn.Column(sizing_mode="stretch_width", margin=0)
        self._sliders: dict[str, ImmediateSlider] = {}
        self._numbers: dict[str, pn.widgets.FloatInput] = {}
        self._roles: dict[str, pn.widgets.Select] = {}
        self._filling = False

    def rebuild(self) -> None:
        """Make the sliders of the current parameters, at their current values."""
        values = self.workspace.values
        if not values:
            self.view.objects, self._sliders = [], {}
            return
        parameters, stacked = self.workspace.session.parameters(), self.workspace.stacked
        shown = [name for name in parameters if stacked or name not in STACKING]
        if list(self._sliders) != shown:
            self._sliders, self._numbers, self._roles = {}, {}, {}
            self.view.objects = [self._row(name, parameters) for name in shown]
        self.show(values)
        self._filling = True
        try:
            for name in shown:
                parameter = parameters[name]
                self._roles[name].value = "fixed" if parameter.free is False else "free"
                tied = parameter.expression is not None
                for widget in (self._sliders[name], self._numbers[name], self._roles[name]):
                    widget.disabled = tied
        finally:
            self._filling = False

    def _row(self, name: str, parameters: Parameters) -> pn.Column:
        about, value = info(name), float(self.workspace.values[name])
        low, high = slider_range(parameters[name], value)
        slider = ImmediateSlider(
            show_value=False,
            value=value,
            start=low,
            end=high,
            step=(high - low) / STEPS,
            width=160,
            margin=(12, 8, 8, 10),
            tooltips=False,
            tags=[name],
        )
        number = pn.widgets.FloatInput(
            label=f"{about.symbol} =",
            value=value,
            width=104,
            margin=(0, 4),
            format="0.[00000]",
            stylesheets=[HIDDEN_LABEL],
        )
        role = pn.widgets.Select(
            label=f"{about.symbol} is",
            options=_ROLES,
            width=90,
            margin=(0, 2),
            stylesheets=[HIDDEN_LABEL],
        )
        slider.param.watch(self._set_value(name, False), "value")
        slider.param.watch(lambda _: self._released(name), "value_throttled")
        number.param.watch(self._set_value(name, True), "value")
        role.param.watch(lambda event: self._role(name, event.new), "value")
        self._sliders[name], self._numbers[name], self._roles[name] = slider, number, role
        unit = f" ({escape(about.unit)})" if about.unit else ""
        words = text_html(about.short or about.meaning)
        meaning = text(
            f"{symbol_html(about.symbol)}{unit} &nbsp;<small>{words}</small>", margin=(4, 10, 0, 10)
        )
        return pn.Column(meaning, row(slider, number, role), sizing_mode="stretch_width", margin=0)

    def _set_value(self, name: str, finished: bool) -> Callable[..., None]:
        def moved(event: object) -> None:
            if not self._filling:
                value = float(event.new)  # type: ignore[attr-defined]
                if finished or value != self.workspace.values.get(name):
                    self.workspace.try_action(
                        lambda: self.workspace.move_sliders({name: value}, finished=finished)
                    )

        return moved

    def _released(self, name: str) -> None:
        # The current value of the slider: this event may come late, after the next key press.
        value = float(self._sliders[name].value)
        if self.workspace.dragging or value != self.workspace.values.get(name):
            self.workspace.try_action(lambda: self.workspace.move_sliders({name: value}, finished=True))

    def _role(self, name: str, role: str) -> None:
        if self._filling:
            return
        choices = self.workspace.session.state.choices
        fixed, free = dict(choices.get("fix", {})), list(choices.get("free", ()))
        fixed.pop(name, None)
        free = [other for other in free if other != name]
        start = {other: value for other, value in choices.get("start", {}).items() if other != name}
        if role == "free" and info(name).free is False:  # fixed unless it is named
            free.append(name)
        if role == "fixed":
            fixed[name] = self.workspace.values[name]
        change = {"fix": fixed or None, "free": free or None, "start": start or None}
        word = "fix" if role == "fixed" else "refine"
        if not self.workspace.do(f"{word} {name}", choices=change):
            self.rebuild()

    def show(self, values: Mapping[str, float]) -> None:
        """Set the sliders to these values; a range is changed if it does not contain its value."""
        if not self._sliders:
            return
        self._filling = True
        try:
            for name, slider in self._sliders.items():
                value = float(values[name])
                if not slider.start <= value <= slider.end:
                    low, high = slider_range(self.workspace.session.parameters()[name], value)
                    slider.param.update(start=low, end=high, step=(high - low) / STEPS, value=value)
                elif slider.value != value:
                    slider.value = value
                if self._numbers[name].value != value and not self.workspace.dragging:
                    self._numbers[name].value = value
        finally:
            self._filling = False
