"""The page: the steps from left to right, what is said, and the work that is being done."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, cast

import panel as pn

from slxrd.app.bench import Bench
from slxrd.app.colours import colours
from slxrd.app.curve_plot import CurvePlot, threshold
from slxrd.app.parts import button, text
from slxrd.app.ready import computed, is_ready
from slxrd.app.stack_plot import StackPlot
from slxrd.app.telling import Mood, Topic
from slxrd.app.view_fit import FitView
from slxrd.app.view_keep import KeepView
from slxrd.app.view_look import LookView
from slxrd.app.view_open import OpenView
from slxrd.app.view_play import PlayView
from slxrd.app.view_series import SeriesView
from slxrd.errors import FileError, SlxrdError
from slxrd.evaluation import Fitted
from slxrd.session_state import DEFAULTS

STEPS = {
    "1 Open": "open",
    "2 Look": "look",
    "3 Play": "play",
    "4 Fit": "fit",
    "5 Keep": "keep",
    "6 Series": "series",
}
#: Sign before what is said.
_SIGNS = {"info": "", "good": "✓ ", "error": "! "}
#: Milliseconds after which residuals and stack follow a slider that is being moved.
REST = 120
_THEME = """
const address = new URL(window.location.href)
const query = address.searchParams
query.get('theme') === 'dark' ? query.delete('theme') : query.set('theme', 'dark')
window.location.href = address
"""


class Page:
    """One page over a bench; several may share one.

    Parameters
    ----------
    bench : Bench
        What is worked on.
    dark : bool
        Colours.
    others : sequence of (str, str)
        Keys and files of other sessions that are open on this server.

    Attributes
    ----------
    view : panel.Column
        To be served, or shown in a notebook.
    """

    def __init__(self, bench: Bench, dark: bool = False, others: Sequence[tuple[str, str]] = ()) -> None:
        self.bench, self._colours = bench, colours(dark)
        self._document, self._thread = pn.state.curdoc, threading.get_ident()
        self._open, self._look = OpenView(bench, others), LookView(bench, self._colours)
        self._play, self._fit, self._keep = PlayView(bench), FitView(bench), KeepView(bench)
        self._series = SeriesView(bench)
        self._curves, self._stack = CurvePlot(self._colours), StackPlot(self._colours)
        self._scale = pn.widgets.RadioButtonGroup(
            options={"linear": "linear", "logarithmic": "log"}, value="linear", width=190
        )
        self._scale.param.watch(lambda _: self._lay_out(), "value")
        self._told = text(margin=(6, 10))
        self._steps = pn.widgets.RadioButtonGroup(
            options=STEPS,
            value="open",
            color="primary",
            variant="outline",
            width=600,
            label="step",
        )
        self._steps.param.watch(lambda _: self._step(), "value")
        self._file = pn.pane.HTML(
            "", sizing_mode="stretch_width", margin=(10, 10), styles={"color": "inherit"}
        )
        self._undo, self._redo = (
            button("↶ Undo", bench.undo, width=85),
            button("↷ Redo", bench.redo, width=85),
        )
        self._theme = pn.widgets.Button(label="Light" if dark else "Dark", width=60, margin=5)
        self._theme.js_on_click(code=_THEME)
        self._message = pn.pane.HTML("", sizing_mode="stretch_width", min_height=22, margin=(0, 10))
        self._progress = pn.indicators.Progress(value=0, max=100, width=220, visible=False, margin=(7, 10))
        self._cancel = button("Cancel", bench.cancel, color="danger", visible=False, width=80)
        self._compared = pn.Column(
            pn.Row(self._scale, self._told, sizing_mode="stretch_width", margin=0),
            pn.Row(
                pn.Column(self._curves.view, self._fit.picture, sizing_mode="stretch_width", margin=0),
                pn.pane.Bokeh(self._stack.figure, width=230, height=600, margin=0),
                sizing_mode="stretch_width",
                margin=0,
            ),
            sizing_mode="stretch_width",
            margin=0,
        )
        self._lefts = {
            "open": self._open.left,
            "look": self._look.left,
            "play": self._play.left,
            "fit": self._fit.left,
            "keep": self._keep.left,
            "series": self._series.left,
        }
        scrolled = {"overflow-y": "auto", "max-height": "calc(100vh - 98px)"}
        left = pn.Column(*self._lefts.values(), width=420, margin=0, styles=scrolled)
        right = pn.Column(
            self._open.right,
            self._look.right,
            self._compared,
            self._keep.right,
            self._series.right,
            sizing_mode="stretch_both",
            margin=0,
            styles=scrolled,
        )
        ink, ground = self._colours.ink, self._colours.ground
        self._stale, self._due = True, False
        self.view = pn.Column(
            pn.Row(
                pn.pane.HTML("<b style='font-size:19px'>slxrd</b>", width=60, margin=(6, 4, 0, 10)),
                self._steps,
                self._file,
                self._undo,
                self._redo,
                self._theme,
                sizing_mode="stretch_width",
                margin=0,
            ),
            pn.Row(
                self._message,
                self._progress,
                self._cancel,
                sizing_mode="stretch_width",
                margin=0,
                height=44,
            ),
            pn.Row(left, right, sizing_mode="stretch_both", margin=0),
            sizing_mode="stretch_both",
            margin=0,
            styles={"color": ink, "background": ground, "--slxrd-picture": self._colours.picture},
        )
        self._leave = bench.subscribe(self._changed)
        if self._document is not None:
            self._document.on_session_destroyed(lambda _: self._leave())
        for topic in ("state", "values", "message", "work"):
            self._refresh(topic)
        self._step()

    def _changed(self, topic: Topic) -> None:
        """Come from whichever thread and page made a change."""
        # The current document is the same for all threads: that of the server may be handling one just now.
        at_home = threading.get_ident() == self._thread and pn.state.curdoc is self._document
        if self._document is None or at_home:
            self._refresh(topic)
        elif self._document.session_context is not None:
            self._document.add_next_tick_callback(partial(self._refresh, topic))

    def _refresh(self, topic: Topic) -> None:
        for view in (self._open, self._look, self._play, self._fit, self._keep, self._series):
            view.refresh(topic)
        if topic == "state":
            name = self.bench.session.state.file or "no file open"
            self._file.object = f"<span title='{escape(name, quote=True)}'>{escape(Path(name).name)}</span>"
            self._picture_or_welcome()
            self._lay_out()
        elif topic == "values":
            self._show_values()
        work = self.bench.work
        self._undo.disabled, self._redo.disabled = not self.bench.can_undo, not self.bench.can_redo
        self._cancel.visible = self._progress.visible = work is not None
        if work is not None:
            self._progress.value = round(100 * work.done / work.of) if work.done < work.of else -1
            said = f" ({self.bench.message})" if self.bench.message else ""
            self._say(f"{'Cancelling' if work.cancelled else 'Working on'} {work.what} …{said}")
        elif topic in ("message", "work"):
            self._say(_SIGNS[self.bench.mood] + self.bench.message, self.bench.mood)

    def _say(self, told: str, mood: Mood = "info") -> None:
        colour = {"info": self._colours.ink, "good": self._colours.good, "error": self._colours.bad}[mood]
        self._message.object = (
            f"<div role='status' aria-live='polite' style='color:{colour};font-size:14px'>"
            f"{escape(told)}</div>"
        )

    def step(self, name: str) -> None:
        """Go to a step: open, look, play, fit, keep or series."""
        self._steps.value = name

    def _step(self) -> None:
        # Hidden, not taken away: what is on its way to a part of the page still finds it.
        step = self._steps.value
        if not self.bench.busy:
            self.bench.say("")  # it was said of the step before
        for name, left in self._lefts.items():
            left.visible = name == step
        if step in ("play", "fit") and self._stale:
            self._lay_out()
        self._picture_or_welcome()
        self._compared.visible = step in ("play", "fit")
        self._keep.right.visible = step == "keep"
        self._series.right.visible = step == "series"

    def _picture_or_welcome(self) -> None:
        seen, opened = self._steps.value in ("open", "look"), self.bench.session.state.file is not None
        self._look.right.visible, self._open.right.visible = seen and opened, seen and not opened

    def _lay_out(self) -> None:
        """Draw the regions of the state, and the curve in them, where they are seen."""
        self._stale = self._steps.value not in ("play", "fit")
        if not self._stale:
            self.bench.attempt(self._drawn)

    def _drawn(self) -> None:
        bench, choices = self.bench, self.bench.session.state.choices
        if bench.values and not is_ready(choices) and not bench.busy:
            bench.run(
                "the model, the first of its kind", lambda _: self._tried(), lambda _: bench.tell("state")
            )
            return
        self._compare(self._tried())

    def _tried(self) -> tuple[Fitted, ...]:
        choices = self.bench.session.state.choices
        try:
            fitted = self.bench.curves()
        except SlxrdError:
            fitted = ()
        computed(choices)
        return fitted

    def _compare(self, fitted: tuple[Fitted, ...]) -> None:
        simulated = bool(fitted) and _simulated(self.bench)
        self._curves.lay_out(fitted, self._scale.value, "simulated" if simulated else "measured")
        self._told.object = (
            "" if fitted else "Open a file, and choose a region, to compare it with a calculated curve."
        )
        if fitted:
            self._show_values()

    def _show_values(self) -> None:
        # Held together, the changes of a movement are one message to the browser, and one frame.
        with pn.io.hold(self._document):
            self.bench.attempt(self._values_shown)

    def _values_shown(self) -> None:
        values = self.bench.values
        if not values or self._stale or not is_ready(self.bench.session.state.choices):
            return
        fitted = self.bench.curves()
        self._curves.update(fitted, values, self._stacked)
        if not self.bench.moving or self._document is None:
            self._rest_shown()
        elif not self._due:
            self._due = True
            self._document.add_timeout_callback(self._rest_due, REST)

    @property
    def _stacked(self) -> bool:
        return bool(self.bench.session.state.choices.get("coherent", DEFAULTS["coherent"]) > 1)

    def _rest_due(self) -> None:
        self._due = False
        if not self._stale and self.bench.values:
            with pn.io.hold(self._document):
                self.bench.attempt(self._rest_shown)

    def _rest_shown(self) -> None:
        """Show what need not follow a slider at once: residuals, the stack, and the numbers."""
        values, fitted = self.bench.values, self.bench.curves()
        self._curves.update_residuals(fitted)
        self._stack.show(values, self._stacked)
        if self.bench.moving:  # a text moves the layout, which takes longer than the curves
            return
        chi2 = sum(float(one.residual @ one.residual) * one.region.weight for one in fitted)
        told = f"χ² of this curve {chi2:.5g}"
        if self._stacked and {"N", "d", "L", "sigma_L"} <= set(values):
            period = (values["N"] - 1.0) * values["d"] + values["L"]
            limits = ", ".join(
                f"{threshold(float(one.q.mean())):.2f} Å ({one.region.name})" for one in fitted
            )
            told += f" · Λ = (N−1)·d + L = {period:.2f} Å · σ_L {values['sigma_L']:.2f} Å<br>"
            told += f"fringes are lost above δ_Λ ≈ {limits} (Eq. S21)"
        self._told.object = told


def _simulated(bench: Bench) -> bool:
    from slxrd.summary import is_simulated

    try:
        return is_simulated(bench.session.pattern())
    except FileError:
        saved = bench.session.saved_result
        return saved is not None and is_simulated(cast(Any, saved.pattern))
