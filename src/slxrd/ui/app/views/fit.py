"""Step 4: run the fit; show solutions, errors and notes; bootstrap and χ² maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.summary import format_estimate, format_interval
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import TABLE
from slxrd.ui.app.controls.widgets import (
    CONTROLS_WIDTH,
    IMAGE_STYLE,
    button,
    collapsible,
    html_table,
    row,
    text,
)
from slxrd.ui.app.state.messages import Topic, name_page_fields
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.budget import budget_html
from slxrd.ui.followup.steps import FollowUp
from slxrd.ui.report.page import CAPTIONS

_MONOSPACE = """
select, label { font-family: monospace; font-size: 11.5px; white-space: pre; }
select { padding: 4px 2px; }
"""
_DERIVED = {"period": "Λ", "thickness": "t", "thickness_with_surface": "N·d"}
_MEANING = {
    "period": "superlattice period (N−1)·d + L",
    "thickness": "crystal thickness, first to last plane",
    "thickness_with_surface": "with half a plane distance on either side",
}


class FitView:
    """Controls and results of the fit.

    Parameters
    ----------
    workspace : Workspace
        Holds the session that is fitted.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._from_sliders = pn.widgets.RadioBoxGroup(
            options={"global search (recommended)": False, "start from the sliders": True},
            value=False,
            margin=(2, 10),
        )
        self._button = button("Find all solutions", self._fit, color="primary", width=220)
        self._estimates = text()
        self._parts = text()
        self._budget = collapsible("Error budget", self._parts)
        self._solutions = pn.widgets.Select(
            label="solution shown",
            options={},
            size=4,
            sizing_mode="stretch_width",
            visible=False,
            stylesheets=[_MONOSPACE],
        )
        self._solutions.param.watch(self._selected, "value")
        self._notes = text()
        self._number = pn.widgets.IntInput(label="replicates", value=300, start=2, end=100000, width=110)
        self._seed = pn.widgets.IntInput(label="seed", value=0, start=0, width=90)
        self.picture = pn.Column(sizing_mode="stretch_width")
        self._shown: dict[str, tuple[str, bytes | None]] = {}
        self._filling = False
        self._uncertainty = collapsible(
            "Uncertainty: bootstrap and χ² maps",
            text(
                "<p>The bootstrap repeats the fit on resampled patterns. The maps show χ² against each "
                "parameter.</p>"
            ),
            row(self._number, self._seed, button("Bootstrap", self._bootstrap, margin=(22, 5, 5, 5))),
            button("χ² maps", self._maps),
        )
        self.left = pn.Column(
            text("<h2>4 Fit</h2>"),
            self._from_sliders,
            self._button,
            self._solutions,
            self._estimates,
            self._budget,
            self._notes,
            self._uncertainty,
            width=CONTROLS_WIDTH,
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
                parts.append(
                    pn.pane.PNG(picture, sizing_mode="scale_width", max_width=860, stylesheets=[IMAGE_STYLE])
                )
            if summary:
                parts.append(text(f"<pre>{escape(summary)}</pre>"))
        self.picture.objects = parts

    def _show_selection(self) -> None:
        self._filling = True
        try:
            if self._solutions.options and self._solutions.value != self.workspace.solution:
                self._solutions.value = self.workspace.solution
        finally:
            self._filling = False

    def _show_results(self) -> None:
        self._show_followups()
        try:
            result = self.workspace.session.saved_result
        except SlxrdError as error:
            self.workspace.show_message(f"{error}.", "error")
            result = None
        self._uncertainty.visible = result is not None
        self._parts.object = "" if result is None else budget_html(result)
        self._budget.visible = bool(self._parts.object)
        self._solutions.visible = result is not None
        if result is None:
            self._estimates.object = "<p>Not fitted yet.</p>"
            self._notes.object = ""
            return
        self._filling = True
        try:
            header, options = _solution_lines(result)
            self._solutions.param.update(
                options=options,
                value=self.workspace.solution,
                label=f"Solutions: choose one to show its curve\n{header}",
                size=min(max(len(options), 2), 7),
            )
        finally:
            self._filling = False
        self._estimates.object = _estimates(result)
        self._notes.object = _notes(result)


def _solution_lines(result: SavedFit) -> tuple[str, dict[str, int]]:
    """Return the header, and one line for each solution with its index, in columns."""
    names = [n for n in ("L", "N", "sigma_L", "d") if n in result.solutions[0].values]
    headings = [TABLE[n].symbol + (f" ({TABLE[n].unit})" if TABLE[n].unit == "Å" else "") for n in names]
    lines = {}
    for i, one in enumerate(result.solutions):
        values = [f"{one.values[n]:.4g}" for n in names]
        probability = f"{100.0 * one.probability:.1f} %" if one.probability > 5e-4 else "< 0.1 %"
        if result.rejected:
            probability = "–"
        lines[_columns(str(i + 1), probability, f"{one.delta_chi2:.1f}", values)] = i
    return _columns("", "prob.", "Δχ²", headings), lines


def _columns(number: str, probability: str, delta: str, values: Sequence[str]) -> str:
    # Browsers join several spaces in a list; non-breaking spaces stay.
    line = f"{number:>2} {probability:>7} {delta:>6}" + "".join(f"{value:>8}" for value in values)
    return line.replace(" ", "\u00a0")


def _estimates(result: SavedFit) -> str:
    rows: list[tuple[str, str, str]] = []
    assessed = _assessment(result)
    stacked = result.stack.coherent > 1
    for name, estimate in {**result.parameters, **result.derived}.items():
        if name in TABLE:
            symbol, meaning = TABLE[name].symbol, ""
        elif name in _DERIVED and (stacked or name != "period"):
            symbol, meaning = _DERIVED[name], _MEANING[name]
        else:
            continue
        if not stacked and name in ("L", "sigma_L"):
            continue
        comment: list[str] = [] if estimate.status == "determined" else [estimate.status]
        if estimate.status == "ambiguous":
            comment.append(f"95 %: {format_interval(estimate.interval_95, estimate.error)}")
        if estimate.why and not result.rejected:
            comment.append(name_page_fields(estimate.why))
        rows.append((symbol, format_estimate(estimate).replace(" ", "\u00a0"), "; ".join(comment) or meaning))
    quality = (
        f"<p>χ² {result.chi2:.5g}, reduced χ² {result.reduced_chi2:.3g}; {escape(result.why_stopped)}.</p>"
    )
    head = "no result" if result.rejected else "value ± error (1 σ)"
    return assessed + html_table(("", head, ""), rows) + quality


def _assessment(result: SavedFit) -> str:
    """Return the grade of a fit with its reasons, coloured by the grade."""
    if result.assessment is None:
        return ""
    colour = {"describes": "#1a6e50", "systematic": "#a66f00", "rejected": "#b3261e"}
    first, *others = (escape(name_page_fields(line.strip())) for line in result.assessment.lines)
    more = "".join(f"<br>{line}" for line in others)
    return (
        f"<p role='status' style='border-left:5px solid {colour[result.assessment.grade]};padding-left:8px'>"
        f"<b>{first}</b>{more}</p>"
    )


def _notes(result: SavedFit) -> str:
    warning = (
        ""
        if result.unique or result.rejected
        else "<p><b>Not unique:</b> several solutions fit nearly as well. Do not quote a single L.</p>"
    )
    items = "".join(f"<li>{escape(name_page_fields(note))}</li>" for note in result.notes)
    return f"{warning}<h3>Notes</h3><ul>{items}</ul>" if items or warning else ""


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
