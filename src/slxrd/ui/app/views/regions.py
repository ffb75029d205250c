"""Step 2: the pattern is looked at; regions and masks are drawn or typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import panel as pn

from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.errors import SlxrdError
from slxrd.fitting.record import arguments
from slxrd.ui.app.controls.widgets import LEFT, button, row, text
from slxrd.ui.app.plots.pattern import Drawing, PatternPlot
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.units import FloatArray

_MICE = {"zoom in": "zoom", "draw a region": "region", "leave out": "mask"}
#: A spurious peak is left out this many of its widths to either side.
REACH = 1.5


class RegionsView:
    """The whole pattern, and what of it is fitted.

    Parameters
    ----------
    workspace : Workspace
        Whose pattern it is.
    colours : Colours
        Of the page.
    """

    def __init__(self, workspace: Workspace, colours: Colours) -> None:
        self.workspace = workspace
        self._plot = PatternPlot(colours, self._drawn)
        self.right = self._plot.view
        self._peaks: dict[str, tuple[tuple[float, float, str], ...]] = {}
        self._against = pn.widgets.RadioButtonGroup(options={"q": "q", "2θ": "2theta"}, value="q", width=120)
        self._scale = pn.widgets.RadioButtonGroup(
            options={"logarithmic": "log", "linear": "linear"}, value="log", width=200
        )
        self._mouse = pn.widgets.RadioButtonGroup(options=_MICE, value="zoom", sizing_mode="stretch_width")
        self._baseline = pn.widgets.Toggle(label="Show a baseline", width=180, margin=(5, 0, 5, 10))
        self._show_peaks = pn.widgets.Toggle(label="Show single peaks", width=180, margin=(5, 0, 5, 10))
        self._leave = button("Leave the spurious ones out", self._leave_out, visible=False)
        self._regions = pn.widgets.TextInput(
            label="regions in Å⁻¹ (from:to, or from:to:weight)", sizing_mode="stretch_width"
        )
        self._masks = pn.widgets.TextInput(label="left out in Å⁻¹ (from:to)", sizing_mode="stretch_width")
        self._told = text()
        for widget in (self._against, self._scale, self._mouse, self._baseline):
            widget.param.watch(lambda _: self.draw(), "value")
        self._show_peaks.param.watch(lambda _: self._find_peaks(), "value")
        self._regions.param.watch(lambda event: self._typed("regions", event.new), "value")
        self._masks.param.watch(lambda event: self._typed("mask", event.new), "value")
        self.left = pn.Column(
            text(
                "<h2>2 Look, and choose regions</h2><p>A region holds one Bragg peak with its fringes. "
                "Without a choice, slxrd takes those that it finds.</p>"
            ),
            row(self._against, self._scale),
            text("<h3>Dragging over the pattern will …</h3>"),
            self._mouse,
            self._regions,
            self._masks,
            row(
                button("Take those found", lambda: self._typed("regions", "")),
                button("Clear what is left out", lambda: self._typed("mask", "")),
            ),
            self._told,
            row(self._baseline, self._show_peaks),
            text(
                "<small>The baseline is a guess for the eye: nothing is subtracted. A background can be "
                "fitted (3 Play, Model and comparison).</small>"
            ),
            self._leave,
            width=LEFT,
        )
        self.refresh("state")

    def _chosen(self, what: str) -> list[list[float]]:
        return [list(item) for item in self.workspace.session.state.choices.get(what, ())]

    def _drawn(self, low: float, high: float) -> None:
        what = "mask" if self._mouse.value == "mask" else "regions"
        word = "leave out" if what == "mask" else "region"
        # What is drawn goes before what was there.
        kept = [item for item in self._chosen(what) if item[1] <= low or item[0] >= high]
        self.workspace.do(f"{word} {low:g}:{high:g}", choices={what: sorted([*kept, [low, high]])})

    def _typed(self, what: str, typed: str) -> None:
        if typed.strip() == _written(self._chosen(what)):
            return
        parts = [part.strip() for part in typed.replace(";", ",").split(",") if part.strip()]
        if not self.workspace.try_action(lambda: self._set(what, parts)):
            self.refresh("state")

    def _set(self, what: str, parts: Sequence[str]) -> None:
        if what == "mask":
            items: list[Any] = [list(arguments.interval(part, f"left out {part}")) for part in parts]
        else:
            items = [arguments.region(part) for part in parts]
        if not self.workspace.do(f"{what} {', '.join(parts) or 'as found'}", choices={what: items or None}):
            self.refresh("state")

    def _find_peaks(self) -> None:
        if not self._show_peaks.value or self.workspace.session.state.file is None:
            self.draw()
            return
        regions = [(r[0], r[1]) for r in self._regions_now()[0]]
        pattern = self.workspace.session.pattern()

        def look(report: Any) -> tuple[tuple[float, float, str], ...]:
            from slxrd.data.decomposition.decompose import decompose

            found: list[tuple[float, float, str]] = []
            for done, (low, high) in enumerate(regions):
                report(done, len(regions))
                components = decompose(pattern.to_q(), low, high).components
                found += [(c.position, c.fwhm, c.kind) for c in components]
            return tuple(found)

        def found(peaks: tuple[tuple[float, float, str], ...]) -> None:
            self._peaks = {self._key(): peaks}
            spurious = sum(kind == "spurious" for *_, kind in peaks)
            self.workspace.show_message(
                f"{len(peaks)} single peaks, {spurious} of them perhaps spurious.", "success"
            )
            self.workspace.notify("state")

        if self._key() in self._peaks:
            self.draw()
        else:
            self.workspace.start_job("the search for single peaks", look, found)

    def _key(self) -> str:
        return self.workspace.session.state.key

    def _leave_out(self) -> None:
        spurious = [(q, w) for q, w, kind in self._peaks.get(self._key(), ()) if kind == "spurious"]
        new = [[round(q - REACH * w, 4), round(q + REACH * w, 4)] for q, w in spurious]
        self.workspace.do("leave out spurious peaks", choices={"mask": sorted([*self._chosen("mask"), *new])})

    def _regions_now(self) -> tuple[list[list[float]], bool, str]:
        """Return the regions, whether they were chosen, and why there are none."""
        chosen = self._chosen("regions")
        if chosen:
            return chosen, True, ""
        try:
            pattern = self.workspace.session.pattern().to_q()
            for low, high in self._chosen("mask"):
                pattern = pattern.masked(low, high)
            return [[r.low, r.high] for r in find_regions(pattern)], False, ""
        except SlxrdError as error:
            return [], False, str(error)

    def _baseline_of(self, pattern: Pattern) -> FloatArray | None:
        if not self._baseline.value:
            return None
        from slxrd.data.baseline import subtract_background

        try:
            return subtract_background(pattern).baseline
        except SlxrdError as error:
            self.workspace.show_message(f"{error}.", "error")
            return None

    def draw(self) -> None:
        """Draw the pattern as it is asked for."""
        if self.workspace.session.state.file is None:
            self._plot.clear()
            return
        self.workspace.try_action(self._draw)

    def _draw(self) -> None:
        try:
            pattern = self.workspace.session.pattern()
        except SlxrdError as error:
            self._plot.clear()
            raise SlxrdError(str(error)) from None
        if pattern.wavelength is None and self._against.value == "2theta":
            self._against.value = "q"
            raise SlxrdError("2θ needs the wavelength: give it under 1 Open")
        regions, chosen, why = self._regions_now()
        if why:
            self._told.object = (
                "<p>No region is found by itself: draw one around a Bragg peak and its fringes.</p>"
            )
        elif chosen:
            self._told.object = ""
        else:
            self._told.object = f"<p>Found: {_written(regions)} Å⁻¹.</p>"
        shown = self._peaks.get(self._key(), ()) if self._show_peaks.value else ()
        self._leave.visible = any(kind == "spurious" for *_, kind in shown)
        self._plot.show(
            pattern,
            Drawing(
                self._against.value,
                self._scale.value,
                self._mouse.value,
                [(r[0], r[1]) for r in regions],
                [(m[0], m[1]) for m in self._chosen("mask")],
                chosen,
                self._baseline_of(pattern),
                [(q, _height(pattern, q), kind) for q, _, kind in shown],
            ),
        )

    def refresh(self, topic: Topic) -> None:
        """Show the session's regions and masks."""
        if topic == "state":
            if self._show_peaks.value and self._key() not in self._peaks and not self.workspace.busy:
                self._show_peaks.value = False  # they belonged to other regions
            self._regions.value = _written(self._chosen("regions"))
            self._masks.value = _written(self._chosen("mask"))
            self.draw()


def _height(pattern: Pattern, q: float) -> float:
    nearest = abs(pattern.q - q).argmin()
    return float(pattern.intensity[nearest])


def _written(items: Sequence[Sequence[float]]) -> str:
    return ", ".join(":".join(f"{number:.6g}" for number in item) for item in items)
