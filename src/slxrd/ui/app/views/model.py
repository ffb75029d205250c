"""Step 3: sliders for the parameters, and the options of the model and of the fit."""

from __future__ import annotations

from typing import Any, get_args

import panel as pn

from slxrd.data.backgrounds import BACKGROUNDS
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.settings import OBJECTIVES, SCALES
from slxrd.fitting.request import parsing
from slxrd.fitting.request.declaration import default
from slxrd.sample.library.crystals import crystal_names
from slxrd.sample.stack import StackKind, Weighting
from slxrd.ui.app.controls.sliders import Sliders
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, NARROW, button, collapsible, row, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace

#: A list of choices cannot contain None.
_SCALES: dict[str, str] = {"default": "", **{scale: scale for scale in SCALES}}
_ZEROS = {"shift of q": "q", "shift of 2θ": "angle", "sample height": "displacement"}
#: Options that are selected from a list, not typed.
_LISTS = ("background", "objective", "zero", "scale", "stack", "weighting")


def _crystal_field(label: str, placeholder: str) -> pn.widgets.AutocompleteInput:
    """Make a field for a crystal: one of the library, optionally with a surface, or a file."""
    return pn.widgets.AutocompleteInput(
        label=label,
        placeholder=placeholder,
        options=list(crystal_names()),
        restrict=False,
        min_characters=0,
        case_sensitive=False,
        width=NARROW,
    )


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
        self._fields: dict[str, Any] = {
            "coherent": pn.widgets.TextInput(label="M, coherent crystals", width=NARROW),
            "resolution": pn.widgets.TextInput(label="σ_G (Å⁻¹), or a file", width=NARROW),
            "background": pn.widgets.Select(label="background", options=list(BACKGROUNDS), width=NARROW),
            "noise": pn.widgets.TextInput(
                label="σ of the points", placeholder="from file; 0.03; counting", width=NARROW
            ),
            "objective": pn.widgets.Select(label="residuals", options=list(OBJECTIVES), width=NARROW),
            "scale": pn.widgets.Select(label="scale", options=_SCALES, width=NARROW),
            "zero": pn.widgets.Select(label="zero error q₀", options=_ZEROS, width=NARROW),
            "size_window": pn.widgets.TextInput(label="size window (σ_N)", width=NARROW),
            "ligand": pn.widgets.TextInput(label="ligand", placeholder="oleylamine, C18", width=NARROW),
            "bounds": pn.widgets.TextInput(
                label="bounds", placeholder="L=20:60, N=5:30", sizing_mode="stretch_width"
            ),
            "tie": pn.widgets.TextInput(
                label="ties", placeholder="sigma_N=0.1*N", sizing_mode="stretch_width"
            ),
            "prior": pn.widgets.TextInput(
                label="priors", placeholder="L=36:2 (mean:σ)", sizing_mode="stretch_width"
            ),
        }
        self._fields |= {
            "crystal": _crystal_field("crystal", "none: equal planes"),
            "partner": _crystal_field("second crystal", "for alternating stacks"),
            "slab": pn.widgets.TextInput(label="density in the gap", placeholder="none", width=NARROW),
            "stack": pn.widgets.Select(label="stack", options=list(get_args(StackKind)), width=NARROW),
            "weighting": pn.widgets.Select(
                label="weighting", options=list(get_args(Weighting)), width=NARROW
            ),
            "coherent_spread": pn.widgets.TextInput(label="spread of M", width=NARROW),
        }
        for name, widget in self._fields.items():
            widget.param.watch(self._on_change(name), "value")
        f = self._fields
        self.left = pn.Column(
            text("<h2>3 Model</h2><p>Move a slider (mouse or arrow keys); the calculated curve follows.</p>"),
            self._sliders.view,
            row(button("First guess", self._guess), button("Best solution", self._best)),
            collapsible(
                "Model and comparison",
                row(f["coherent"], f["resolution"]),
                row(f["noise"], f["background"]),
                row(f["scale"], f["objective"]),
                row(f["size_window"], f["zero"]),
            ),
            collapsible(
                "Sample",
                row(f["crystal"], f["slab"]),
                row(f["stack"], f["partner"]),
                row(f["weighting"], f["coherent_spread"]),
            ),
            collapsible("Bounds, ties, priors", f["ligand"], f["bounds"], f["tie"], f["prior"]),
            width=CONTROLS_WIDTH,
        )
        self.refresh("state")

    def _guess(self) -> None:
        from slxrd.fitting.search.initial_guess import first_guess

        session = self.workspace.session
        self.workspace.try_action(
            lambda: self.workspace.move_sliders(
                first_guess(session.objective(), session.parameters()), finished=True
            )
        )

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
        value: Any = given
        if name == "scale":
            value = given or None
        elif isinstance(given, str) and name not in _LISTS:
            value = self._value(name, given.strip())
        if not self.workspace.do(f"{name} {given}", choices={name: value}):
            self.refresh("state")

    @staticmethod
    def _value(name: str, typed: str) -> Any:
        """Convert the text of a field to an argument of the fit; None for the default."""
        if not typed:
            return None
        parts = [part.strip() for part in typed.split(",") if part.strip()]
        if name in ("bounds", "prior"):
            return {key: list(pair) for key, pair in parsing.intervals(parts, name).items()}
        if name == "tie":
            return parsing.assignments(parts, name)
        if name == "noise":
            return parsing.noise(typed)
        if name in ("ligand", "crystal", "partner"):
            return typed
        if name in ("resolution", "slab"):
            try:
                return float(typed)
            except ValueError:
                return typed
        number = parsing.number(typed, name)
        if name == "coherent":
            if not number.is_integer():
                raise SlxrdError(f"coherent {typed}: M must be a whole number of crystals")
            return int(number)
        return number

    def refresh(self, topic: Topic) -> None:
        """Show the choices of the session, and the parameter values."""
        if topic == "values":
            self.workspace.try_action(lambda: self._sliders.show(self.workspace.values))
        if topic != "state":
            return
        self.workspace.try_action(self._sliders.rebuild)
        self._filling = True
        try:
            for name, widget in self._fields.items():
                value = self.workspace.session.state.choices.get(name, default(name))
                typed = name not in _LISTS or name == "scale"
                widget.value = _field_text(name, value) if typed else value
        finally:
            self._filling = False


def _field_text(name: str, value: Any) -> str:
    """Format a choice as the text of its field."""
    if value is None:
        return ""
    if name in ("bounds", "prior"):
        return ", ".join(f"{key}={a:g}:{b:g}" for key, (a, b) in value.items())
    if name == "tie":
        return ", ".join(f"{key}={expression}" for key, expression in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
