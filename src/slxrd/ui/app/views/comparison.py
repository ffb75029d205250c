"""What is compared: curves against points, residuals, and the stack; they follow the sliders."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any, cast

import panel as pn

from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.record.request import DEFAULTS
from slxrd.ui.app.controls.widgets import text
from slxrd.ui.app.plots.curves import CurvePlot, threshold
from slxrd.ui.app.plots.stack import StackPlot, period_of
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.compiled_models import is_compiled, mark_compiled
from slxrd.ui.app.state.workspace import Workspace

#: Seconds after which residuals and stack follow a slider that is being moved.
REST = 0.12


class Comparison:
    """The pictures beside 3 Play and 4 Fit.

    Parameters
    ----------
    workspace : Workspace
        Whose pattern and values they show.
    colours : Colours
        Of the page.
    below : panel.Column
        What stands under the curves.
    """

    def __init__(self, workspace: Workspace, colours: Colours, below: pn.Column) -> None:
        self.workspace = workspace
        self._document = pn.state.curdoc
        self._curves, self._stack = CurvePlot(colours), StackPlot(colours)
        self._scale = pn.widgets.RadioButtonGroup(
            options={"linear": "linear", "logarithmic": "log"}, value="linear", width=190
        )
        self._scale.param.watch(lambda _: self.lay_out(), "value")
        self._told = text(margin=(6, 10))
        self._stale, self._due = True, False
        self._moved = self._rested = 0.0
        self.view = pn.Column(
            pn.Row(self._scale, self._told, sizing_mode="stretch_width", margin=0),
            pn.Row(
                pn.Column(self._curves.view, below, sizing_mode="stretch_width", margin=0),
                pn.pane.Bokeh(self._stack.figure, width=230, height=600, margin=0),
                sizing_mode="stretch_width",
                margin=0,
            ),
            sizing_mode="stretch_width",
            margin=0,
            visible=False,
        )

    def show(self, seen: bool) -> None:
        """Show the pictures, drawn anew if the state has changed meanwhile, or hide them."""
        self.view.visible = seen
        if seen and self._stale:
            self.lay_out()

    def lay_out(self) -> None:
        """Draw the regions of the state, and the curve in them, where they are seen."""
        self._stale = not self.view.visible
        if not self._stale:
            self.workspace.try_action(self._drawn)

    def _drawn(self) -> None:
        workspace, choices = self.workspace, self.workspace.session.state.choices
        served = self._document is not None  # In a notebook what is drawn in answer to a click comes at once.
        if served and workspace.values and not is_compiled(choices) and not workspace.busy:
            workspace.start_job(
                "the model, the first of its kind",
                lambda _: self._tried(),
                lambda _: workspace.notify("state"),
            )
            return
        self._compare(self._tried())

    def _tried(self) -> tuple[Fitted, ...]:
        choices = self.workspace.session.state.choices
        try:
            fitted = self.workspace.curves()
        except SlxrdError:
            fitted = ()
        mark_compiled(choices)
        return fitted

    def _compare(self, fitted: tuple[Fitted, ...]) -> None:
        simulated = bool(fitted) and _simulated(self.workspace)
        values, word = self.workspace.values, "simulated" if simulated else "measured"
        self._curves.lay_out(fitted, self._scale.value, word, values, self._stacked)
        if fitted:
            self._stack.show(values, self._stacked)
            self._tell(fitted)
        else:
            self._told.object = "Open a file, and choose a region, to compare it with a calculated curve."

    def follow(self) -> None:
        """Show the curve of other values in the same regions."""
        # Held together, the changes of a movement are one message to the browser, and one frame.
        with pn.io.hold(self._document):
            self.workspace.try_action(self._values_shown)

    def _values_shown(self) -> None:
        values = self.workspace.values
        if not values or self._stale or not is_compiled(self.workspace.session.state.choices):
            return
        fitted = self.workspace.curves()
        self._curves.update(fitted, values, self._stacked)
        self._moved = monotonic()
        if not self.workspace.dragging or self._document is None or self._moved - self._rested > REST:
            self._rest_shown(fitted)
        else:
            self._rest_later()

    def _rest_later(self) -> None:
        if not self._due and self._document is not None:
            self._due = True
            self._document.add_timeout_callback(self._rest_due, round(1000 * REST))

    @property
    def _stacked(self) -> bool:
        return bool(self.workspace.session.state.choices.get("coherent", DEFAULTS["coherent"]) > 1)

    def _rest_due(self) -> None:
        self._due = False
        if self._stale or not self.workspace.values or self._rested >= self._moved:
            return
        if monotonic() - self._moved < REST / 2.0:
            self._rest_later()  # It goes with a movement: sent between two, it would hold up the next.
            return
        with pn.io.hold(self._document):
            self.workspace.try_action(lambda: self._rest_shown(self.workspace.curves()))

    def _rest_shown(self, fitted: Sequence[Fitted]) -> None:
        """Show what need not follow a slider at once: residuals, the stack, and the numbers."""
        values, self._rested = self.workspace.values, monotonic()
        self._curves.update_residuals(fitted)
        self._stack.show(values, self._stacked)
        if not self.workspace.dragging:  # a text moves the layout, which takes longer than the curves
            self._tell(fitted)

    def _tell(self, fitted: Sequence[Fitted]) -> None:
        values = self.workspace.values
        chi2 = sum(float(one.residual @ one.residual) * one.region.weight for one in fitted)
        told = f"χ² of this curve {chi2:.5g}"
        if self._stacked and {"N", "d", "L", "sigma_L"} <= set(values):
            formula, period = period_of(values)
            limits = ", ".join(
                f"{threshold(float(one.q.mean())):.2f} Å ({one.region.name})" for one in fitted
            )
            told += f" · Λ = {formula} = {period:.2f} Å · σ_L {values['sigma_L']:.2f} Å<br>"
            told += f"fringes are lost above δ_Λ ≈ {limits} (Eq. S21)"
        self._told.object = told


def _simulated(workspace: Workspace) -> bool:
    from slxrd.fitting.result.summary import is_simulated

    try:
        return is_simulated(workspace.session.pattern())
    except FileError:
        saved = workspace.session.saved_result
        return saved is not None and is_simulated(cast(Any, saved.pattern))
