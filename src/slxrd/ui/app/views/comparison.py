"""Plots that compare the measured points with the calculated curve."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import numpy as np
import panel as pn

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.record.read import SavedPattern
from slxrd.fitting.result.summary import is_simulated
from slxrd.parameters.definitions import TABLE
from slxrd.ui.app.controls.plot_bar import PlotBar
from slxrd.ui.app.controls.widgets import text
from slxrd.ui.app.plots.axis import Across
from slxrd.ui.app.plots.curves import OF_PERIOD, CurvePlot, fringe_threshold
from slxrd.ui.app.plots.stack import StackPlot, period_of
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.shown import chi2_of, shown_by
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.symbols_html import symbol_html

#: Seconds after which residuals and stack are updated while a slider is being dragged.
DELAY = 0.12
#: Ratio of the intensities of a file beyond which its curves are shown on a logarithmic scale at first.
SPAN = 1e4
#: Width of the drawing of the stack, least height of the plots, and height of the summary, in pixels.
STACK_WIDTH, MIN_HEIGHT, SUMMARY_HEIGHT = 184, 400, 46


class Comparison:
    """Plots of steps 3 and 4: curves and points, residuals, and the stack. They follow the sliders.

    Parameters
    ----------
    workspace : Workspace
        Holds the pattern and the parameter values.
    colours : Colours
        Theme of the page.
    bar : PlotBar
        Axis and scale.
    below : panel.Column
        Shown below the curves.
    """

    def __init__(self, workspace: Workspace, colours: Colours, bar: PlotBar, below: pn.Column) -> None:
        self.workspace, self._bar = workspace, bar
        self._document = pn.state.curdoc
        self._curves, self._stack = CurvePlot(colours), StackPlot(colours)
        self._summary = text(margin=(4, 8))
        self._outdated, self._update_scheduled = True, False
        self._curves_updated = self._details_updated = 0.0
        self._ghost: object = None
        self._scaled: str | None = None
        plots = pn.Row(
            self._curves.view,
            pn.Column(
                pn.pane.Bokeh(self._stack.figure, sizing_mode="stretch_both", margin=0),
                width=STACK_WIDTH,
                sizing_mode="stretch_height",
                margin=0,
            ),
            sizing_mode="stretch_both",
            margin=0,
        )
        shown = pn.Column(
            self._summary,
            plots,
            sizing_mode="stretch_both",
            margin=0,
            # What appears below is reached by scrolling: it takes no height from the plots.
            styles={"flex": "0 0 100%", "min-height": f"{MIN_HEIGHT + SUMMARY_HEIGHT}px"},
        )
        self.view = pn.Column(shown, below, sizing_mode="stretch_both", margin=0, visible=False)

    def show(self, visible: bool) -> None:
        """Show or hide the plots; they are drawn again if the state has changed while they were hidden."""
        self.view.visible = visible
        if visible and self._outdated:
            self.draw()

    def draw(self) -> None:
        """Draw the regions and curves of the current state, unless the plots are hidden."""
        self._outdated = not self.view.visible
        if not self._outdated:
            # A step or an axis may have been chosen without the lock of the document.
            with pn.io.hold(self._document, policy="collect"):
                self.workspace.try_action(self._draw)

    def _draw(self) -> None:
        self._show_regions(self._calculate())

    def _calculate(self) -> tuple[Fitted, ...]:
        """Calculate the curves; empty if that is not possible."""
        try:
            return self.workspace.curves()
        except SlxrdError:
            return ()

    def _show_regions(self, fitted: tuple[Fitted, ...]) -> None:
        simulated = bool(fitted) and is_simulated(_pattern_of(self.workspace))
        values, points = self.workspace.values, "simulated" if simulated else "measured"
        if fitted and _pattern_of(self.workspace).source != self._scaled:
            self._scaled = _pattern_of(self.workspace).source
            self._bar.curve_scale = "log" if _spans_decades(fitted) else "linear"
        across = Across(self._bar.axis, _pattern_of(self.workspace).wavelength) if fitted else None
        self._curves.draw(
            fitted, self._bar.curve_scale, points, values, self.workspace.stacked, self._unknown, across
        )
        self._ghost = None
        if fitted:
            self._show_ghost()
            self._show_chi2(fitted)
            self._show_stack()
            self._show_summary(fitted)
        else:
            self._summary.object = (
                "<h2>No curve yet</h2><p>Open a file (1 Open) and choose a region around a Bragg peak "
                "(2 Regions) to compare it with a calculated curve.</p>"
            )

    def update(self) -> None:
        """Show the curves of the current parameter values in the same regions."""
        # Held together, all changes are one message to the browser, and one frame.
        with pn.io.hold(self._document, policy="collect"):
            self.workspace.try_action(self._update)

    def _update(self) -> None:
        values = self.workspace.values
        if not values or self._outdated:
            return
        fitted = self.workspace.curves()
        self._curves.update(fitted, values, self.workspace.stacked, self._unknown)
        self._curves_updated = monotonic()
        recent = self._curves_updated - self._details_updated <= DELAY
        if self.workspace.dragging and self._document is not None and recent:
            self._schedule_details()
        else:
            self._update_details(fitted)

    def _schedule_details(self) -> None:
        if not self._update_scheduled and self._document is not None:
            self._update_scheduled = True
            self._document.add_timeout_callback(self._update_details_if_due, round(1000 * DELAY))

    def _update_details_if_due(self) -> None:
        self._update_scheduled = False
        if self._outdated or not self.workspace.values or self._details_updated >= self._curves_updated:
            return
        if monotonic() - self._curves_updated < DELAY / 2.0:
            self._schedule_details()  # an update between two slider movements would delay the second
            return
        with pn.io.hold(self._document, policy="collect"):
            self.workspace.try_action(lambda: self._update_details(self.workspace.curves()))

    def _update_details(self, fitted: Sequence[Fitted]) -> None:
        """Update residuals, stack and summary, which may follow a slider with a delay."""
        self._details_updated = monotonic()
        self._curves.update_residuals(fitted)
        self._show_chi2(fitted)
        self._show_ghost()
        self._show_stack()
        if not self.workspace.dragging:  # a text changes the layout, which takes longer than the curves
            self._show_summary(fitted)

    @property
    def _unknown(self) -> frozenset[str]:
        """Quantities of the shown solution that the fit does not determine."""
        return shown_by(self.workspace).not_determined

    def _show_chi2(self, fitted: Sequence[Fitted]) -> None:
        chi2 = chi2_of(self.workspace, shown_by(self.workspace), fitted)
        self._curves.show_chi2("" if chi2 is None else f"χ² = {chi2:.5g}")

    def _show_ghost(self) -> None:
        """Show the curve of the chosen solution while the sliders are elsewhere."""
        shown = shown_by(self.workspace)
        wanted = (id(shown.result), shown.solution) if shown.moved else None
        if wanted == self._ghost:
            return
        self._ghost = wanted
        if shown.result is None or not shown.moved:
            self._curves.show_ghost(())
            return
        values = dict(shown.result.solutions[shown.solution].values)
        self._curves.show_ghost(self.workspace.session.model_curve(values, shown.solution))

    def _show_stack(self) -> None:
        shown = shown_by(self.workspace)
        self._stack.show(self.workspace.values, self.workspace.stacked, shown.not_determined, shown.rejected)

    def _show_summary(self, fitted: Sequence[Fitted]) -> None:
        values, shown = self.workspace.values, shown_by(self.workspace)
        chi2 = chi2_of(self.workspace, shown, fitted)
        what = f"Solution {shown.solution + 1}" if shown.of_fit is not None else "This curve"
        summary = what if chi2 is None else f"{what}: χ² = {chi2:.5g}"
        if self.workspace.stacked and {"N", "d", "L", "sigma_L"} <= set(values):
            formula, period = period_of(values)
            limits = ", ".join(
                f"{fringe_threshold(float(one.q.mean())):.2f} Å at {float(one.q.mean()):.2f} Å⁻¹"
                for one in fitted
            )
            unknown = TABLE.keys() if shown.rejected else shown.not_determined
            missing = "no result" if shown.rejected else "not determined"
            written = f"{formula} = {period:.2f} Å" if not unknown & OF_PERIOD else missing
            spread = f"{values['sigma_L']:.2f} Å" if "sigma_L" not in unknown else missing
            summary += f" · <i>Λ</i> = {written} · {symbol_html('σ_L')} = {spread}<br>"
            summary += f"Fringes disappear if <i>Λ</i> fluctuates by more than about {limits}."
        self._summary.object = summary


def _spans_decades(fitted: Sequence[Fitted]) -> bool:
    """Whether a linear scale would hide the weakest points."""
    positive = np.concatenate([one.measured[one.measured > 0.0] for one in fitted])
    return bool(positive.size) and float(positive.max()) > SPAN * float(positive.min())


def _pattern_of(workspace: Workspace) -> Pattern | SavedPattern:
    """Return the pattern, or its description where its file is missing."""
    try:
        return workspace.session.pattern()
    except FileError:
        if workspace.saved is None:
            raise
        return workspace.saved.pattern
