"""Step 4: run the fit; show solutions, errors and notes; bootstrap and χ² maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import TABLE
from slxrd.ui.app.controls.widgets import (
    CONTROLS_WIDTH,
    button,
    collapsible,
    picture_html,
    row,
    text,
)
from slxrd.ui.app.plots.solutions import SolutionsPlot
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.shown import shown_by
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.budget import budget_html
from slxrd.ui.app.views.fit_history import FitHistory
from slxrd.ui.app.views.models import ModelsView
from slxrd.ui.app.views.results import estimates_html, reasons_html, solution_lines, warning_html
from slxrd.ui.followup.steps import FollowUp
from slxrd.ui.report.page import CAPTIONS
from slxrd.ui.report.text import without_value

_MONOSPACE = """
select.bk-input, .bk-input-group > label {
  font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: 11px; white-space: pre;
}
select.bk-input { padding: 4px 2px; }
"""


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
            label="solution shown",
            description="Table, curve, marks and stack are those of this solution.",
            options={},
            size=4,
            sizing_mode="stretch_width",
            visible=False,
            stylesheets=[_MONOSPACE],
        )
        self._solutions.param.watch(self._selected, "value")
        self._number = pn.widgets.IntInput(
            label="replicates",
            value=300,
            start=2,
            end=100000,
            width=110,
            description="Number of resampled patterns that are fitted.",
        )
        self._seed = pn.widgets.IntInput(
            label="seed",
            value=0,
            start=0,
            width=90,
            description="The same seed gives the same replicates again.",
        )
        self._history = FitHistory(workspace)
        self._models = ModelsView(workspace)
        self._pictures = pn.Column(sizing_mode="stretch_width", margin=0)
        self.below = pn.Column(
            self._history.table,
            self._models.result,
            self._pictures,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._shown: dict[str, tuple[str, bytes | None]] = {}
        self._filling = False
        self._uncertainty = collapsible(
            "Uncertainty: bootstrap and χ² maps",
            text(
                "<p>The bootstrap repeats the fit on resampled patterns. The maps show χ² against each "
                "parameter.</p>"
            ),
            row(
                self._number,
                self._seed,
                button(
                    "Bootstrap",
                    self._bootstrap,
                    margin=(22, 5, 5, 5),
                    description="Repeat the fit on resampled patterns.",
                ),
            ),
            button("χ² maps", self._maps, description="Draw χ² against each parameter."),
        )
        self.controls = pn.Column(
            text("<h2>Fit</h2>"),
            self._from_sliders,
            self._button,
            self._probability_pane,
            self._solutions,
            self._estimates,
            self._reasons,
            self._history.controls,
            self._budget,
            self._models.controls,
            self._uncertainty,
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

    def _bootstrap(self) -> None:
        session, count, seed = self.workspace.session, int(self._number.value), int(self._seed.value)
        if not self.workspace.try_action(FollowUp(bootstrap=count, seed=seed).check_libraries):
            return

        def compute(report: Progress) -> tuple[bytes | None, str]:
            from slxrd.ui.followup.samples import run_bootstrap

            fit = session.fit_again(report)
            summary, contents, _ = run_bootstrap(fit, count, "noise", seed, _bar(report))
            picture = contents[2] if len(contents) > 2 else None
            return (picture if isinstance(picture, bytes) else None), summary

        self.workspace.start_job(
            "the bootstrap", compute, lambda found: self._add_followup("bootstrap.png", *found), partial=True
        )

    def _maps(self) -> None:
        session = self.workspace.session

        def compute(report: Progress) -> tuple[bytes | None, str]:
            from slxrd.ui.followup.maps import run_maps

            summary, contents, _ = run_maps(session.fit_again(report), _bar(report))
            picture = contents[0]
            return (picture if isinstance(picture, bytes) else None), summary

        self.workspace.start_job(
            "the calculation of the χ² maps",
            compute,
            lambda found: self._add_followup("chi2maps.png", *found),
            partial=True,
        )

    def _add_followup(self, name: str, picture: bytes | None, summary: str) -> None:
        self.workspace.show_message(
            "Done: the result is below the curves, and will be in the report.", "success"
        )
        self.workspace.add_followup(name, summary, picture)

    def refresh(self, topic: Topic) -> None:
        """Update the results and the button."""
        self._history.refresh(topic)
        self._models.refresh(topic)
        if topic == "state":
            self._show_results()
        elif topic == "values":
            self._show_selection()
        elif topic == "job":
            self._button.disabled = self.workspace.busy
            self._show_followups()

    def _show_followups(self) -> None:
        followups = self.workspace.followups
        if followups == self._shown:
            return
        self._shown = followups
        parts: list[Any] = []
        for name, (summary, picture) in reversed(followups.items()):
            parts.append(text(f"<h3>{CAPTIONS[name]}</h3>"))
            if picture:
                parts.append(text(picture_html(picture, CAPTIONS[name])))
            if summary:
                parts.append(text(f"<pre>{escape(summary)}</pre>"))
        self._pictures.objects = parts

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
        self._show_followups()
        try:
            result = self.workspace.saved
        except SlxrdError as error:
            self.workspace.show_message(f"{error}.", "error")
            result = None
        self._uncertainty.visible = result is not None
        self._parts.object = "" if result is None else budget_html(result)
        self._budget.visible = bool(self._parts.object)
        self._solutions.visible = result is not None
        if result is None:
            self._probability_pane.visible = False
            self._estimates.object = "<p>Not fitted yet.</p>"
            self._reasons.object = ""
            return
        self._filling = True
        try:
            header, options = solution_lines(result)
            self._solutions.param.update(
                options=options,
                value=self.workspace.solution,
                label=f"Solutions: choose one to show its curve\n{header}",
                size=min(max(len(options), 2), 7),
            )
        finally:
            self._filling = False
        self._estimates.object = estimates_html(result, self.workspace.solution)
        self._show_probabilities(result, self.workspace.solution)
        self._reasons.object = warning_html(result) + reasons_html(result)


class _Bar:
    """Progress bar that reports to the page; it has the interface of the command line's bar."""

    def __init__(self, report: Progress) -> None:
        self._report = report

    def __enter__(self) -> Progress:
        return self._report

    def __exit__(self, *_: object) -> None:
        pass


def _bar(report: Progress) -> Callable[[str], _Bar]:
    return lambda _: _Bar(report)
