"""List of the fits of the session: compare, restore or remove them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.fitting.record.kept_fit import MOST_FITS, KeptFit
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.state import State
from slxrd.ui.app.controls.scroll import Scroller
from slxrd.ui.app.controls.widgets import button, card_below, collapsible, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.history_tables import ListedFit, fit_html, side_by_side_html

_BUTTON: dict[str, Any] = {"margin": (2, 4)}


class FitHistory:
    """The fits of the session.

    Parameters
    ----------
    workspace : Workspace
        Holds the session.

    Attributes
    ----------
    controls : panel.Card
        The list, the newest fit first.
    table : panel.Column
        The fits that are ticked, side by side.
    scroller : Scroller
        Shows the table.
    ticks : dict of int to panel.widgets.CheckBoxGroup
        For each number of a fit, whether it is in the table.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._converted: dict[int, ListedFit] = {}
        self._listed: tuple[object, ...] = ()
        self.ticks: dict[int, Any] = {}
        self._title = pn.pane.HTML("", margin=0, styles={"font-size": "13px"})
        self._rows = pn.Column(
            margin=0, sizing_mode="stretch_width", styles={"max-height": "420px", "overflow-y": "auto"}
        )
        self.controls = collapsible(
            "Fit history",
            text(
                f"<p>The last {MOST_FITS} fits are kept, also in the saved session. Tick two or more to see "
                "them side by side below the curves.</p>"
            ),
            self._rows,
            open=True,
        )
        self.controls.header = self._title
        self._table = text()
        self.table = card_below(self._table, visible=False)
        self.scroller = Scroller(self.table)
        self.refresh("state")

    def refresh(self, topic: Topic) -> None:
        """Show the fits of the session."""
        if topic != "state":
            return
        fits = self.workspace.session.fits
        current = self._number_shown(fits)
        self.controls.visible = bool(fits)
        listed = (*((kept.number, id(kept.result)) for kept in fits), current)
        if listed == self._listed:
            return
        self._listed = listed
        self._converted = {kept.number: self._converted_fit(kept) for kept in fits}
        self._title.object = f"<b>Fit history ({len(fits)})</b>"
        # Those that are there already stay: one that is ticked meanwhile would be lost.
        self.ticks = {kept.number: self.ticks.get(kept.number) or self._tick(kept.number) for kept in fits}
        states: list[State | None] = [None, *(kept.state for kept in fits)]
        rows = [self._row(kept, states[i], kept.number == current) for i, kept in enumerate(fits)]
        self._rows.objects = rows[::-1]
        self._show_table()

    def _number_shown(self, fits: tuple[KeptFit, ...]) -> int | None:
        state = self.workspace.session.state
        return next((kept.number for kept in reversed(fits) if kept.is_of(state)), None)

    def _converted_fit(self, kept: KeptFit) -> ListedFit:
        known = self._converted.get(kept.number)
        if known is not None and known.kept is kept:
            return known
        return ListedFit(kept, SavedFit.from_dictionary(kept.result))

    def _tick(self, number: int) -> Any:
        options = [f"compare fit {number}"]  # the label of a single Checkbox has no name for screen readers
        tick = pn.widgets.CheckBoxGroup(options=options, value=[], margin=(6, 8), align="center")
        tick.param.watch(lambda _: self._show_table(), "value")
        return tick

    def _row(self, kept: KeptFit, before: State | None, shown: bool) -> pn.Column:
        number = kept.number
        fit = self._converted[number]
        mark = " <span class=muted>(shown)</span>" if shown else ""
        buttons = [
            self.ticks[number],
            button(
                f"Restore fit {number}",
                self._call(self.workspace.restore_fit, number),
                disabled=shown,
                description="Return to this fit, with its options.",
                **_BUTTON,
            ),
            button(
                f"Remove fit {number}",
                self._call(self.workspace.remove_fit, number),
                description="Remove this fit from the list.",
                **_BUTTON,
            ),
        ]
        return pn.Column(
            text(f"<h3 style='margin-top:8px'>{escape(fit.title)}{mark}</h3>{fit_html(fit, before)}"),
            pn.Row(*buttons, margin=0),
            margin=0,
            sizing_mode="stretch_width",
            styles={"border-top": "1px solid var(--slxrd-grid)"},
        )

    @staticmethod
    def _call(action: Callable[[int], object], number: int) -> Callable[[], object]:
        return lambda: action(number)

    def _show_table(self) -> None:
        ticked = [self._converted[number] for number, tick in self.ticks.items() if tick.value]
        hidden = not self.table.visible
        self._table.object = side_by_side_html(ticked) if len(ticked) > 1 else ""
        self.table.visible = len(ticked) > 1
        if hidden and self.table.visible:
            self.scroller.show(self.table)
