"""Step 3: sliders for the parameters, and the options of the model and of the fit."""

from __future__ import annotations

from typing import Any

import panel as pn

from slxrd.fitting.request.declaration import default, fit_options
from slxrd.parameters.definitions import info
from slxrd.ui.app.controls.option_fields import field_content, field_value, option_field, set_names
from slxrd.ui.app.controls.sliders import Sliders
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, button, collapsible, row, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.session.changes import option_label, option_text

#: Options of the sample that stand first, as they are used more often.
_FIRST = ("coherent", "size_window")


class ModelView:
    """Sliders, and the options of model and fit.

    Parameters
    ----------
    workspace : Workspace
        Holds the parameter values and the choices.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._sliders = Sliders(workspace)
        self._filling = False
        self._options = {name: option for name, option in fit_options().items() if option.option.label}
        self._fields = {name: option_field(option) for name, option in self._options.items()}
        for name, widget in self._fields.items():
            widget.param.watch(self._on_change(name), "value")
        self.sample = pn.Column(
            text(
                "<h2>Parameters</h2><p>Move a slider (mouse or arrow keys); the calculated "
                "curve follows. A fixed parameter keeps its value in the fit.</p>"
            ),
            self._sliders.view,
            row(
                button(
                    "First guess",
                    self._guess,
                    description="Set the sliders to values estimated from the pattern.",
                ),
                button(
                    "Best solution",
                    self._best,
                    description="Set the sliders to the first solution of the fit.",
                ),
            ),
            collapsible("Sample", *self._rows("sample")),
            collapsible("Bounds, ties, priors", *self._rows("refinement")),
            width=CONTROLS_WIDTH,
            margin=0,
        )
        self.instrument = pn.Column(
            text("<h2>Instrument</h2>"), *self._rows("instrument"), width=CONTROLS_WIDTH, margin=0
        )
        self.data = pn.Column(
            collapsible("Noise, background, residuals", *self._rows("data", "residuals")),
            width=CONTROLS_WIDTH,
            margin=0,
        )
        self.refresh("state")

    def _rows(self, *groups: str) -> list[Any]:
        """Lay the fields of groups out: two short ones in a row, a long one by itself."""
        names = [name for name, option in self._options.items() if option.group in groups]
        names = [name for name in _FIRST if name in names] + [name for name in names if name not in _FIRST]
        fields = [self._fields[name] for name in names]
        short = [field for field in fields if isinstance(field, pn.widgets.Widget)]
        long = [field for field in fields if field not in short]
        return [*(row(*short[i : i + 2]) for i in range(0, len(short), 2)), *long]

    def _guess(self) -> None:
        guess = self.workspace.session.first_guess
        self.workspace.try_action(lambda: self.workspace.move_sliders(guess(), finished=True))

    def _best(self) -> None:
        if self.workspace.session.state.result is None:
            self.workspace.show_message("There is no fit yet; run it under 4 Fit.", "error")
        else:
            self.workspace.select_solution(0)

    def _on_change(self, name: str) -> Any:
        def changed(event: Any) -> None:
            if not self._filling and not self.workspace.try_action(lambda: self._set(name, event.new)):
                self.refresh("state")

        return changed

    def _set(self, name: str, given: Any) -> None:
        option = self._options[name]
        value = field_value(option, given)
        written = "default" if value is None else option_text(name, value)
        if not self.workspace.do(f"{option_label(name)}: {written}", choices={name: value}):
            self.refresh("state")

    def refresh(self, topic: Topic) -> None:
        """Show the choices of the session, and the parameter values."""
        if topic == "values":
            self.workspace.try_action(lambda: self._sliders.show(self.workspace.values))
        if topic != "state":
            return
        self.workspace.try_action(self._sliders.rebuild)
        names = {info(name).symbol: name for name in self.workspace.values}
        self._filling = True
        try:
            for name, widget in self._fields.items():
                value = self.workspace.session.state.choices.get(name, default(name))
                if names:
                    set_names(widget, names)
                widget.value = field_content(self._options[name], value)
        finally:
            self._filling = False
