"""Step 4: run the fit; show solutions, errors and notes; bootstrap and χ² maps."""

from __future__ import annotations

from typing import Any

import panel as pn

from slxrd.errors import SlxrdError
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.parameters.definitions import TABLE
from slxrd.ui.app.controls.style import HIDDEN_LABEL
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, button, collapsible, text
from slxrd.ui.app.plots.solutions import SolutionsPlot
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.shown import shown_by
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.budget import budget_html
from slxrd.ui.app.views.fit_history import FitHistory
from slxrd.ui.app.views.followups import FollowUpsView
from slxrd.ui.app.views.models import ModelsView
from slxrd.ui.app.views.results import (
    columns_html,
    estimates_html,
    reasons_html,
    solution_lines,
    warning_html,
)
from slxrd.ui.report.text import without_value

_MONOSPACE = "font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: 11px; white-space: pre;"
_LIST = f"select.bk-input {{ {_MONOSPACE} padding: 4px 2px; }}"
_ABOUT_LIST = "Solutions: choose one. Table, curve, marks and stack are those of the chosen one."


class FitView:
    """Controls and results of the fit.

    Parameters
    ----------
    workspace : Workspace
        Holds the session that is fitted.
    colours : Colours
        Theme of the page.
    """

    def __init__(self, workspace: Workspace, colours: Colours) -> None:
        self.workspace = workspace
        self._from_sliders = pn.widgets.RadioBoxGroup(
            options={"global search (recommended)": False, "start from the sliders": True},
            value=False,
            margin=(2, 10),
        )
        self._button = button(
            "Find all solutions",
            self._fit,
            color="primary",
            width=220,
            description="Search for all minima of χ², refine them, and determine the errors.",
        )
        self._estimates = text()
        self._reasons = text()
        self._parts = text()
        self._budget = collapsible("Error budget", self._parts)
        self._probabilities = SolutionsPlot(colours, self.workspace.select_solution)
        # A pane of Bokeh does not pass on that it is hidden.
        self._probability_pane = pn.Column(
            pn.pane.Bokeh(self._probabilities.figure, sizing_mode="stretch_width", height=150),
            sizing_mode="stretch_width",
            margin=0,
            visible=False,
        )
        self._solutions = pn.widgets.Select(
            label="Solutions: choose one to show its curve",
            description="Table, curve, marks and stack are those of this solution.",
            options={},
            size=4,
            sizing_mode="stretch_width",
            visible=False,
            margin=(0, 10),
            stylesheets=[_LIST, HIDDEN_LABEL],
        )
        self._columns = text(margin=(6, 10, 0, 10), visible=False)
        self._solutions.param.watch(self._selected, "value")
        self._history = FitHistory(workspace)
        self._models = ModelsView(workspace)
        self._followups = FollowUpsView(workspace, colours)
        self.below = pn.Column(
            self._followups.bootstrap,
            self._followups.maps,
            self._models.result,
            self._history.table,
            *(each.scroller.view for each in (self._followups, self._models, self._history)),
            sizing_mode="stretch_width",
            margin=0,
            styles={"max-height": "none"},
        )
        self._filling = False
        self.controls = pn.Column(
            text("<h2>Fit</h2>"),
            self._from_sliders,
            self._button,
            self._probability_pane,
            self._columns,
            self._solutions,
            self._estimates,
            self._reasons,
            self._history.controls,
            self._budget,
            self._models.controls,
            self._followups.controls,
            width=CONTROLS_WIDTH,
            margin=0,
        )
        self.refresh("state")
        self.refresh("job")

    def _fit(self) -> None:
        if self.workspace.session.state.file is None:
            self.workspace.show_message("Open a file first (1 Open).", "error")
        else:
            self.workspace.try_action(lambda: self.workspace.start_fit(bool(self._from_sliders.value)))

    def _selected(self, event: Any) -> None:
        if not self._filling and event.new is not None:
            self.workspace.select_solution(int(event.new))

    def refresh(self, topic: Topic) -> None:
        """Update the results and the button."""
        self._history.refresh(topic)
        self._models.refresh(topic)
        self._followups.refresh(topic)
        if topic == "state":
            self._show_results()
        elif topic == "values":
            self._show_selection()
        elif topic == "job":
            self._button.disabled = self.workspace.busy

    def _show_selection(self) -> None:
        """Show the chosen solution in list, picture and table."""
        result = shown_by(self.workspace).result
        if result is None:
            return
        solution = shown_by(self.workspace).solution
        self._filling = True
        try:
            if self._solutions.options and self._solutions.value != solution:
                self._solutions.value = solution
        finally:
            self._filling = False
        values = estimates_html(result, solution)
        if self._estimates.object != values:
            self._estimates.object = values
            self._show_probabilities(result, solution)

    def _show_probabilities(self, result: SavedFit, solution: int) -> None:
        name, unit = ("L", " (Å)") if result.stack.coherent > 1 else ("N", " (planes)")
        known = name not in without_value(result) and not result.rejected
        self._probability_pane.visible = known and len(result.solutions) > 1
        if self._probability_pane.visible:
            self._probabilities.show(
                f"{TABLE[name].symbol}{unit}: click a solution to show it",
                [each.values[name] for each in result.solutions],
                [each.probability for each in result.solutions],
                solution,
            )

    def _show_results(self) -> None:
        try:
            result = self.workspace.saved
        except SlxrdError as error:
            self.workspace.show_message(f"{error}.", "error")
            result = None
        self._parts.object = "" if result is None else budget_html(result)
        self._budget.visible = bool(self._parts.object)
        several = result is not None and len(result.solutions) > 1
        self._solutions.visible = self._columns.visible = several
        if result is None:
            self._probability_pane.visible = False
            self._estimates.object = "<p>Not fitted yet.</p>"
            self._reasons.object = ""
            return
        self._filling = True
        try:
            header, options = solution_lines(result)
            self._columns.object = (
                f"<small>{_ABOUT_LIST}</small>"
                f"<div class='muted' style=\"{_MONOSPACE} padding: 0 6px\">{columns_html(header)}</div>"
            )
            self._solutions.param.update(
                options=options,
                value=self.workspace.solution,
                size=min(max(len(options), 2), 7),
            )
        finally:
            self._filling = False
        self._estimates.object = estimates_html(result, self.workspace.solution)
        self._show_probabilities(result, self.workspace.solution)
        self._reasons.object = warning_html(result) + reasons_html(result)
