"""Step 2: show the pattern; choose regions and masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import panel as pn

from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, button, row, text
from slxrd.ui.app.plots.pattern import PatternPlot, PatternView
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.units import FloatArray

_MOUSE = {"zoom": "zoom", "add a region": "region", "add a mask": "mask"}
#: Half width of the mask of a spurious peak, in units of its full width at half maximum.
MASK_WIDTH = 1.5


class RegionsView:
    """The whole pattern, with the choice of regions and masks.

    Parameters
    ----------
    workspace : Workspace
        Holds the pattern and the choices.
    colours : Colours
        Theme of the page.
    """

    def __init__(self, workspace: Workspace, colours: Colours) -> None:
        self.workspace = workspace
        self._plot = PatternPlot(colours, self._add_range)
        self.right = self._plot.view
        self._peaks: dict[str, tuple[tuple[float, float, str], ...]] = {}
        self._axis = pn.widgets.RadioButtonGroup(options={"q": "q", "2θ": "2theta"}, value="q", width=120)
        self._scale = pn.widgets.RadioButtonGroup(
            options={"logarithmic": "log", "linear": "linear"}, value="log", width=200
        )
        self._mouse = pn.widgets.RadioButtonGroup(options=_MOUSE, value="zoom", sizing_mode="stretch_width")
        self._baseline = pn.widgets.Toggle(label="Show baseline", width=180, margin=(5, 0, 5, 10))
        self._show_peaks = pn.widgets.Toggle(label="Show peaks", width=180, margin=(5, 0, 5, 10))
        self._mask_button = button("Mask the spurious peaks", self._mask_spurious, visible=False)
        self._regions = pn.widgets.TextInput(
            label="regions in Å⁻¹ (low:high or low:high:weight)", sizing_mode="stretch_width"
        )
        self._masks = pn.widgets.TextInput(label="masks in Å⁻¹ (low:high)", sizing_mode="stretch_width")
        self._hint = text()
        for widget in (self._axis, self._scale, self._mouse, self._baseline):
            widget.param.watch(lambda _: self.draw(), "value")
        self._show_peaks.param.watch(lambda _: self._find_peaks(), "value")
        self._regions.param.watch(lambda event: self._apply_text("regions", event.new), "value")
        self._masks.param.watch(lambda event: self._apply_text("mask", event.new), "value")
        self.left = pn.Column(
            text(
                "<h2>2 Choose regions</h2><p>A region contains one Bragg peak with its fringes. "
                "If you choose none, slxrd uses the regions around the Bragg peaks that it finds.</p>"
            ),
            row(self._axis, self._scale),
            text("<h3>Dragging the mouse over the pattern</h3>"),
            self._mouse,
            button("Whole pattern", self._plot.show_whole),
            self._regions,
            self._masks,
            row(
                button("Use automatic regions", lambda: self._apply_text("regions", "")),
                button("Clear masks", lambda: self._apply_text("mask", "")),
            ),
            self._hint,
            row(self._baseline, self._show_peaks),
            text(
                "<small>The baseline is only shown, not subtracted. A background can be fitted (3 Model, "
                "Model and comparison).</small>"
            ),
            self._mask_button,
            width=CONTROLS_WIDTH,
        )
        self.refresh("state")

    def _choice(self, what: str) -> list[list[float]]:
        return [list(item) for item in self.workspace.session.state.choices.get(what, ())]

    def _add_range(self, low: float, high: float) -> None:
        what = "mask" if self._mouse.value == "mask" else "regions"
        word = "mask" if what == "mask" else "region"
        # A new range replaces the ranges that it overlaps.
        kept = [item for item in self._choice(what) if item[1] <= low or item[0] >= high]
        self.workspace.do(f"{word} {low:g}:{high:g}", choices={what: sorted([*kept, [low, high]])})

    def _apply_text(self, what: str, typed: str) -> None:
        if typed.strip() == _format_ranges(self._choice(what)):
            return
        parts = [part.strip() for part in typed.replace(";", ",").split(",") if part.strip()]
        if not self.workspace.try_action(lambda: self._set(what, parts)):
            self.refresh("state")

    def _set(self, what: str, parts: Sequence[str]) -> None:
        if what == "mask":
            items: list[Any] = [list(parsing.interval(part, f"mask {part}")) for part in parts]
        else:
            items = [parsing.region(part) for part in parts]
        if not self.workspace.do(f"{what} {', '.join(parts) or 'automatic'}", choices={what: items or None}):
            self.refresh("state")

    def _find_peaks(self) -> None:
        if not self._show_peaks.value or self.workspace.session.state.file is None:
            self.draw()
            return
        regions = [(r[0], r[1]) for r in self._current_regions()[0]]
        pattern = self.workspace.session.pattern()

        def decompose_regions(report: Any) -> tuple[tuple[float, float, str], ...]:
            from slxrd.data.decomposition.decompose import decompose

            found: list[tuple[float, float, str]] = []
            for done, (low, high) in enumerate(regions):
                report(done, len(regions))
                components = decompose(pattern.to_q(), low, high).components
                found += [(c.position, c.fwhm, c.kind) for c in components]
            return tuple(found)

        def show(peaks: tuple[tuple[float, float, str], ...]) -> None:
            self._peaks = {self._key(): peaks}
            spurious = sum(kind == "spurious" for *_, kind in peaks)
            self.workspace.show_message(
                f"{len(peaks)} peaks found, {spurious} of them possibly spurious.", "success"
            )
            self.workspace.notify("state")

        if self._key() in self._peaks:
            self.draw()
        else:
            self.workspace.start_job("the search for peaks", decompose_regions, show)

    def _key(self) -> str:
        return self.workspace.session.state.key

    def _mask_spurious(self) -> None:
        spurious = [(q, w) for q, w, kind in self._peaks.get(self._key(), ()) if kind == "spurious"]
        new = [[round(q - MASK_WIDTH * w, 4), round(q + MASK_WIDTH * w, 4)] for q, w in spurious]
        self.workspace.do("mask spurious peaks", choices={"mask": sorted([*self._choice("mask"), *new])})

    def _current_regions(self) -> tuple[list[list[float]], bool, str]:
        """Return the regions, whether they were chosen by the user, and an error if none was found."""
        chosen = self._choice("regions")
        if chosen:
            return chosen, True, ""
        try:
            pattern = self.workspace.session.pattern().to_q()
            for low, high in self._choice("mask"):
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
        """Draw the pattern with the current settings."""
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
        if pattern.wavelength is None and self._axis.value == "2theta":
            self._axis.value = "q"
            raise SlxrdError("the 2θ axis needs the wavelength; give it under 1 Open")
        regions, by_user, problem = self._current_regions()
        if problem:
            self._hint.object = "<p>No region was found. Choose one around a Bragg peak and its fringes.</p>"
        elif by_user:
            self._hint.object = ""
        else:
            self._hint.object = f"<p>Automatic regions: {_format_ranges(regions)} Å⁻¹.</p>"
        shown = self._peaks.get(self._key(), ()) if self._show_peaks.value else ()
        self._mask_button.visible = any(kind == "spurious" for *_, kind in shown)
        self._plot.show(
            pattern,
            PatternView(
                self._axis.value,
                self._scale.value,
                self._mouse.value,
                [(r[0], r[1]) for r in regions],
                [(m[0], m[1]) for m in self._choice("mask")],
                by_user,
                self._baseline_of(pattern),
                [(q, _height(pattern, q), kind) for q, _, kind in shown],
            ),
        )

    def refresh(self, topic: Topic) -> None:
        """Show the regions and masks of the session."""
        if topic == "state":
            if self._show_peaks.value and self._key() not in self._peaks and not self.workspace.busy:
                self._show_peaks.value = False  # the peaks belonged to other regions
            self._regions.value = _format_ranges(self._choice("regions"))
            self._masks.value = _format_ranges(self._choice("mask"))
            self.draw()


def _height(pattern: Pattern, q: float) -> float:
    nearest = abs(pattern.q - q).argmin()
    return float(pattern.intensity[nearest])


def _format_ranges(items: Sequence[Sequence[float]]) -> str:
    return ", ".join(":".join(f"{number:.6g}" for number in item) for item in items)
