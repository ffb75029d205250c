"""Bootstrap and χ² maps after a fit: their controls, and their interactive plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.fitting.record.kept_followup import NONE, FollowUps, KeptBootstrap, KeptMaps
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.search.scan import Progress
from slxrd.ui.app.controls.scroll import Scroller
from slxrd.ui.app.controls.widgets import button, card_below, collapsible, row, text
from slxrd.ui.app.plots.axis import quantity_label
from slxrd.ui.app.plots.bootstrap import ReplicatesPlot, histogram_legend, histograms, varying
from slxrd.ui.app.plots.chi2_maps import map_legend, map_plots
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.results import replicates_html


class FollowUpsView:
    """Controls of bootstrap and χ² maps, and what they found.

    Parameters
    ----------
    workspace : Workspace
        Holds the session that keeps the results.
    colours : Colours
        Theme of the page.

    Attributes
    ----------
    controls : panel.Card
        The buttons.
    bootstrap, maps : panel.Column
        The results, below the curves.
    scroller : Scroller
        Shows new results.
    """

    def __init__(self, workspace: Workspace, colours: Colours) -> None:
        self.workspace, self._colours = workspace, colours
        self._drawn: tuple[FollowUps, SavedFit | None] = (NONE, None)
        self._document = pn.state.curdoc
        self._shown: FollowUps = NONE
        self._result: SavedFit | None = None
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
        self.bootstrap, self.maps = (card_below(visible=False) for _ in range(2))
        self.scroller = Scroller(self.bootstrap, self.maps)
        self.controls = collapsible(
            "Uncertainty: bootstrap and χ² maps",
            text(
                "<p>The bootstrap repeats the fit on resampled patterns. The maps show χ² against each "
                "parameter. Both are kept with the fit, and saved with the session.</p>"
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
        self.refresh("followups")

    def _bootstrap(self) -> None:
        session, count, seed = self.workspace.session, int(self._number.value), int(self._seed.value)

        def compute(report: Progress) -> KeptBootstrap:
            from slxrd.ui.followup.kept import keep_bootstrap

            return keep_bootstrap(session.fit_again(report), count, seed, report)

        self.workspace.start_job("the bootstrap", compute, self._keep, partial=True)

    def _maps(self) -> None:
        session = self.workspace.session

        def compute(report: Progress) -> KeptMaps:
            from slxrd.ui.followup.kept import keep_maps

            return keep_maps(session.fit_again(report), report)

        self.workspace.start_job("the calculation of the χ² maps", compute, self._keep, partial=True)

    def _keep(self, found: KeptBootstrap | KeptMaps) -> None:
        self.workspace.keep_followup(found)
        self.workspace.show_message(
            "Done: the result is below the curves, and will be in the session and the report.", "success"
        )

    def refresh(self, topic: Topic) -> None:
        """Show what the session keeps of the current fit."""
        if topic not in ("state", "followups"):
            return
        result = self._saved()
        self.controls.visible = result is not None
        kept = NONE if result is None else self.workspace.session.followups
        if (kept.bootstrap, kept.maps, result) == (self._shown.bootstrap, self._shown.maps, self._result):
            return
        self._shown, self._result = kept, result
        self._later(self._draw)

    def _saved(self) -> SavedFit | None:
        found: list[SavedFit | None] = []
        self.workspace.try_action(lambda: found.append(self.workspace.saved))
        return found[0] if found else None

    def _later(self, draw: Callable[[], object]) -> None:
        """Draw with the lock of the document, which changes of widgets do not have."""
        if self._document is None or self._document.session_context is None:
            draw()
        else:
            self._document.add_next_tick_callback(draw)

    def _draw(self) -> None:
        kept, result = self._shown, self._result
        (former, of), self._drawn = self._drawn, (kept, result)
        if kept.bootstrap is not former.bootstrap or result is not of:
            self._fill(self.bootstrap, _bootstrap_parts(kept.bootstrap, result, self._colours), result is of)
        if kept.maps is not former.maps or result is not of:
            self._fill(self.maps, _map_parts(kept.maps, result, self._colours), result is of)

    def _fill(self, place: pn.Column, parts: list[Any], new: bool) -> None:
        place.objects = parts
        place.visible = bool(parts)
        if new and parts:
            self.scroller.show(place)


def _bootstrap_parts(kept: KeptBootstrap | None, result: SavedFit | None, colours: Colours) -> list[Any]:
    if kept is None or result is None:
        return []
    names = varying(kept)
    found = {**result.parameters, **result.derived}
    fitted = {name: found[name].value for name in names if name in found and found[name].status != "rejected"}
    parts = [
        text(f"<h2>Bootstrap</h2>{replicates_html(kept, result)}"),
        text(histogram_legend(colours)),
        histograms(kept, {name: value for name, value in fitted.items() if value is not None}, colours),
    ]
    if len(names) > 1:
        parts += _pair_parts(kept, names, colours)
    return [*parts, _printed("--bootstrap", kept.text)]


def _pair_parts(kept: KeptBootstrap, names: list[str], colours: Colours) -> list[Any]:
    """Return the plot of the replicates over two quantities, with their choice."""
    plot = ReplicatesPlot(kept, colours)
    options = {quantity_label(name): name for name in names}
    first = "L" if "L" in names else names[0]
    second = next(name for name in ("N", "d", *names) if name in names and name != first)
    across, up = (
        pn.widgets.Select(
            label=label, options=options, value=name, width=150, description=f"Quantity {where}."
        )
        for label, name, where in (
            ("horizontal axis", first, "along the horizontal axis"),
            ("vertical axis", second, "along the vertical axis"),
        )
    )

    def draw(*_: object) -> None:
        plot.show(across.value, up.value)

    for each in (across, up):
        each.param.watch(draw, "value")
    draw()
    return [
        row(across, up),
        text(plot.legend),
        pn.pane.Bokeh(plot.figure, sizing_mode="stretch_width", height=plot.figure.height),
    ]


def _map_parts(kept: KeptMaps | None, result: SavedFit | None, colours: Colours) -> list[Any]:
    if kept is None or result is None:
        return []
    remark = f"<p><b>{escape(kept.text)}</b></p>" if kept.text else ""
    weighted = any(region.region.weight != 1.0 for region in result.regions)
    levels = (
        "The levels of 68 % and 95 % take the weights of the regions into account."
        if weighted
        else "χ² rises by 1 at 68 %, and by 3.84 at 95 %."
    )
    return [
        text(f"<h2>χ² maps</h2>{remark}<p>{levels} The tool <i>wheel zoom</i> reaches what lies higher.</p>"),
        text(map_legend(colours)),
        map_plots(kept.maps, result.chi2, colours),
    ]


def _printed(option: str, printed: str) -> pn.Card:
    return collapsible(
        f"Output of slxrd fit {option}",
        text(f"<pre style='white-space:pre;overflow-x:auto'>{escape(printed)}</pre>"),
    )
