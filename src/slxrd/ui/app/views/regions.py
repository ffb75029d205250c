"""Step 2: show the pattern; choose regions and masks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import panel as pn

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.fitting.result.summary import is_simulated
from slxrd.ui.app.controls.plot_bar import PlotBar
from slxrd.ui.app.controls.range_list import RangeList
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, button, collapsible, row, text
from slxrd.ui.app.plots.pattern import MouseActions, PatternPlot, PatternView, legend_html
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.units import FloatArray

#: Half width of the mask of a spurious peak, in units of its full width at half maximum.
MASK_WIDTH = 1.5
#: Options by the kinds of ranges that the mouse draws.
_OPTIONS = {"region": "regions", "mask": "mask"}


class RegionsView:
    """The whole pattern, with the choice of regions and masks.

    Parameters
    ----------
    workspace : Workspace
        Holds the pattern and the choices.
    colours : Colours
        Theme of the page.
    bar : PlotBar
        Axis, scale, and what the mouse does.
    """

    def __init__(self, workspace: Workspace, colours: Colours, bar: PlotBar) -> None:
        self.workspace, self._bar = workspace, bar
        actions = MouseActions(self._add_range, self._change_range, self._remove_range)
        self._plot = PatternPlot(colours, actions)
        self.show_whole = self._plot.show_whole
        self._legend = pn.pane.HTML("", margin=(0, 8), sizing_mode="stretch_width")
        self._colours = colours
        self.right = pn.Column(self._legend, self._plot.view, sizing_mode="stretch_both", margin=0)
        self._peaks: dict[str, tuple[tuple[float, float, str], ...]] = {}
        self._baseline = pn.widgets.Toggle(
            label="Show baseline",
            sizing_mode="stretch_width",
            margin=(4, 4, 4, 8),
        )
        self._show_peaks = pn.widgets.Toggle(
            label="Show peaks",
            sizing_mode="stretch_width",
            margin=(4, 8, 4, 4),
        )
        self._mask_button = button(
            "Mask the spurious peaks",
            self._mask_spurious,
            visible=False,
            description="Leave the peaks that may be spurious out of the fit.",
        )
        self._regions = pn.widgets.TextInput(
            label="regions in Å⁻¹ (low:high or low:high:weight)",
            sizing_mode="stretch_width",
            description="All regions at once, separated by commas.",
        )
        self._masks = pn.widgets.TextInput(
            label="masks in Å⁻¹ (low:high)",
            sizing_mode="stretch_width",
            description="All masks at once, separated by commas.",
        )
        self._region_rows = RangeList("region", True, lambda items: self._put("regions", items))
        self._mask_rows = RangeList("mask", False, lambda items: self._put("mask", items))
        self._edit_button = button(
            "Edit these regions",
            self._edit_used,
            description="Choose the automatic regions and masks, so that they can be changed.",
        )
        self._automatic_button = button(
            "Use automatic regions",
            lambda: self._apply_text("regions", ""),
            description="Use the regions around the Bragg peaks that slxrd finds.",
        )
        self._clear_button = button(
            "Clear masks", lambda: self._apply_text("mask", ""), description="Delete all masks."
        )
        self._hint = text()
        self._baseline.param.watch(lambda _: self.draw(), "value")
        self._show_peaks.param.watch(lambda _: self._find_peaks(), "value")
        self._regions.param.watch(lambda event: self._apply_text("regions", event.new), "value")
        self._masks.param.watch(lambda event: self._apply_text("mask", event.new), "value")
        self.controls = pn.Column(
            text(
                "<h2>Regions</h2><p>A region contains one Bragg peak with its fringes. To draw one, choose "
                "<i>add a region</i> above the pattern and drag. Drag its sides to change it; a double "
                "click deletes it.</p>"
            ),
            self._hint,
            self._region_rows.view,
            row(
                self._automatic_button,
                self._edit_button,
            ),
            text("<h2>Masks</h2><p>Points under a mask are left out of the fit.</p>", margin=(12, 10, 2, 10)),
            self._mask_rows.view,
            self._clear_button,
            collapsible("Regions and masks as text", self._regions, self._masks),
            row(self._baseline, self._show_peaks),
            self._mask_button,
            width=CONTROLS_WIDTH,
            margin=0,
        )
        self.refresh("state")

    def _choice(self, what: str) -> list[list[float]]:
        return [list(item) for item in self.workspace.session.state.choices.get(what, ())]

    def _add_range(self, kind: str, low: float, high: float) -> None:
        what = _OPTIONS[kind]
        self._put(what, sorted([*self._choice(what), [low, high]]))

    def _change_range(self, kind: str, number: int, low: float, high: float) -> None:
        what = _OPTIONS[kind]
        items = self._choice(what)
        if number < len(items):  # otherwise it was removed meanwhile
            items[number] = [low, high, *items[number][2:]]
            self._put(what, sorted(items))

    def _remove_range(self, kind: str, number: int) -> None:
        what = _OPTIONS[kind]
        self._put(what, [item for i, item in enumerate(self._choice(what)) if i != number])

    def _edit_used(self) -> None:
        regions, masks = self._used()
        self.workspace.do(
            "choice of the automatic regions", choices={"regions": regions, "mask": masks or None}
        )

    def _put(self, what: str, items: list[list[float]]) -> None:
        """Set regions or masks; show the former ones again where that is refused."""
        if not self.workspace.try_action(lambda: self._checked(what, items)):
            self._region_rows.again()
            self._mask_rows.again()
            self.draw()

    def _checked(self, what: str, items: list[list[float]]) -> None:
        word = "mask" if what == "mask" else "region"
        for one, other in pairwise(sorted(items)):
            if other[0] < one[1]:
                raise SlxrdError(
                    f"{word}s {_in_words([one])} and {_in_words([other])} Å⁻¹ overlap; nothing "
                    f"has changed: draw the {word} beside the other, or delete that first"
                )
        if not self.workspace.do(
            f"{what} {_format_ranges(items) or 'automatic'}", choices={what: items or None}
        ):
            raise SlxrdError(self.workspace.message.rstrip("."))

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
        regions = [(r[0], r[1]) for r in self._used()[0]]
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

    def _used(self) -> tuple[list[list[float]], list[list[float]]]:
        """Return the regions and masks that a fit would use, chosen or from the pattern, as far as found."""
        chosen, masks = self._choice("regions"), self._choice("mask")
        try:
            regions, used = self.workspace.session.ranges()
        except SlxrdError:
            return chosen, masks
        automatic = [[r.low, r.high, *([r.weight] if r.weight != 1.0 else [])] for r in regions]
        return chosen or automatic, masks or [list(mask) for mask in used]

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
        if pattern.wavelength is None and self._bar.axis == "2theta":
            self._bar.axis = "q"
            raise SlxrdError("the 2θ axis needs the wavelength; give it under 1 Open")
        (regions, masks), by_user = self._used(), bool(self._choice("regions"))
        of_pattern = bool(masks) and not self._choice("mask")
        self._edit_button.visible = bool(regions) and (not by_user or of_pattern)
        hint = ""
        if not regions:
            hint = "<p>No region was found. Choose one around a Bragg peak and its fringes.</p>"
        elif not by_user:
            hint = f"<p>Automatic regions: {_in_words(regions)} Å⁻¹.</p>"
        if of_pattern:
            hint += f"<p>Automatic mask: {_in_words(masks)} Å⁻¹, the peak of the substrate.</p>"
        self._hint.object = hint
        shown = self._peaks.get(self._key(), ()) if self._show_peaks.value else ()
        self._mask_button.visible = any(kind == "spurious" for *_, kind in shown)
        points = "simulated" if is_simulated(pattern) else "measured"
        self._legend.object = legend_html(self._colours, points, by_user, bool(masks), of_pattern)
        self._plot.show(
            pattern,
            PatternView(
                self._bar.axis,
                self._bar.scale,
                self._bar.mouse,
                [(r[0], r[1]) for r in regions],
                [(m[0], m[1]) for m in masks],
                by_user,
                self._baseline_of(pattern),
                [(q, _height(pattern, q), kind) for q, _, kind in shown],
                not of_pattern,
            ),
        )

    def refresh(self, topic: Topic) -> None:
        """Show the regions and masks of the session."""
        if topic == "state":
            if self._show_peaks.value and self._key() not in self._peaks and not self.workspace.busy:
                self._show_peaks.value = False  # the peaks belonged to other regions
            self._regions.value = _format_ranges(self._choice("regions"))
            self._masks.value = _format_ranges(self._choice("mask"))
            self._region_rows.show(self._choice("regions"))
            self._mask_rows.show(self._choice("mask"))
            self._automatic_button.visible = bool(self._choice("regions"))
            self._clear_button.visible = bool(self._choice("mask"))
            self.draw()


def _height(pattern: Pattern, q: float) -> float:
    nearest = abs(pattern.q - q).argmin()
    return float(pattern.intensity[nearest])


def _in_words(items: Sequence[Sequence[float]]) -> str:
    return ", ".join(f"{low:.6g} to {high:.6g}" for low, high, *_ in items)


def _format_ranges(items: Sequence[Sequence[float]]) -> str:
    return ", ".join(":".join(f"{number:.6g}" for number in item) for item in items)
