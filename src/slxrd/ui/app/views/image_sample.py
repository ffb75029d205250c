"""Periods and orientation from images, and the table that puts all values of a sample beside each other."""

from __future__ import annotations

import json
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.fitting.record.kept_sample import SampleResult
from slxrd.sample.library.crystals import crystal_names
from slxrd.studies.sample_table.table import SampleTable
from slxrd.ui.app.controls.option_texts import number_field, number_text
from slxrd.ui.app.controls.scroll import Scroller
from slxrd.ui.app.controls.widgets import (
    button,
    card_below,
    collapsible,
    download_button,
    html_table,
    picture_html,
    row,
    text,
)
from slxrd.ui.app.state.messages import Topic, name_page_fields
from slxrd.ui.app.state.sample import is_of_cut, measure, scan_fit, table_of
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.directions import DirectionsView
from slxrd.ui.app.views.directions_text import directions_html
from slxrd.ui.app.views.results import estimate_with_unit

_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}
_TITLES = {
    "periods": "Periods (GISAXS)",
    "orientation": "Orientation (GIWAXS)",
    "directions": "Several directions (joint fit)",
}


class ImageSampleView:
    """Measurements on images, and the table of the sample.

    Parameters
    ----------
    workspace : Workspace
        Holds the images, the measurements and the fit.

    Attributes
    ----------
    controls : list
        Groups of fields and buttons.
    result : panel.Column
        The table, the figures, and what the commands print.
    scroller : Scroller
        Shows a new result.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._seen: tuple[object, ...] = ()
        self._buttons = {
            "periods": self._measure("periods", "Find and index the spots of the superlattice."),
            "orientation": self._measure("orientation", "Follow the rings of the atomic planes."),
        }
        self._with_fit = pn.widgets.Checkbox(label="with the fit of this page", value=True, margin=(4, 10))
        self._with_fit.param.watch(lambda event: self._choose_fit(bool(event.new)), "value")
        self._clear = button(
            "Clear the table",
            workspace.clear_sample,
            description="Remove all measurements and dropped results from the table.",
        )
        self._directions = DirectionsView(workspace)
        self.controls = [self._periods_fields(), self._orientation_fields(), self._directions.controls]
        self._table = text()
        self._table.stylesheets = [*self._table.stylesheets, "td { vertical-align: top; }"]
        self._parts = {what: (text(), text()) for what in _TITLES}
        self._outputs = {
            what: collapsible(f"Output of slxrd {what}", printed)
            for what, (_, printed) in self._parts.items()
        }
        self._files = [
            download_button(workspace, "Table (.csv)", "sample.csv", lambda: self._made().csv()),
            download_button(workspace, "Table (.json)", "sample.json", self._json),
        ]
        for each in (*self._files, self._clear):  # fixed widths would add to the least width of the page
            each.param.update(width=None, max_width=176, sizing_mode="stretch_width")
        of_measurements = [
            item for what, (picture, _) in self._parts.items() for item in (picture, self._outputs[what])
        ]
        self.result = card_below(
            self._table, self._with_fit, row(*self._files, self._clear), *of_measurements, visible=False
        )
        self.scroller = Scroller(self.result)

    def _choose_fit(self, wanted: bool) -> None:
        self.workspace.image.with_fit = wanted
        self._show()

    def _measure(self, what: str, description: str) -> pn.widgets.Button:
        return button(
            f"Measure the {what}",
            lambda: self.workspace.try_action(lambda: measure(self.workspace, what, self._texts(what))),
            width=220,
            description=description,
        )

    def _periods_fields(self) -> pn.Card:
        fields = {
            "critical": ("critical q (Å⁻¹)", "from the spots", "Of the film; 4π·sin α_c/λ."),
            "centre-error": (
                "centre ± (pixels)",
                "0.5",
                "Error of the centre; part of the errors of the periods.",
            ),
            "distance-error": (
                "distance ± (relative)",
                "0.001",
                "Error of the distance, divided by the distance.",
            ),
            "incidence-error": ("incidence ± (°)", "0.02", "Error of the angle of incidence, in degrees."),
        }
        self._of_periods = {
            name: number_field(label, about, default) for name, (label, default, about) in fields.items()
        }
        made = list(self._of_periods.values())
        return collapsible(
            _TITLES["periods"],
            text(
                "<p>Periods of the superlattice in plane and out of plane, from the spots of this image. "
                "Mask the direct and the specular beam.</p>"
            ),
            row(*made[:2]),
            row(*made[2:]),
            self._buttons["periods"],
        )

    def _orientation_fields(self) -> pn.Card:
        self._crystal = pn.widgets.Select(
            label="crystal",
            options={"none": "", **{name: name for name in crystal_names()}},
            description="Its planes name the rings; without a crystal, rings are listed.",
            **_WIDE,
        )
        self._edges = [
            number_field("lattice a (Å)", "Edge of another lattice with right angles; replaces the crystal."),
            number_field("b (Å)", "Second edge; empty with c: as long as a (cubic).", "as a"),
            number_field("c (Å)", "Third edge; empty with b: as long as a (cubic).", "as a"),
        ]
        self._centring = pn.widgets.Select(
            label="centring", options=["P", "I", "F"], description="Centring of that lattice.", **_WIDE
        )
        self._ends = [
            pn.widgets.FloatInput(label=label, value=None, step=0.1, description=about, **_WIDE)
            for label, about in (
                ("rings from (Å⁻¹)", "Both ends: range that is searched for rings."),
                ("rings to (Å⁻¹)", "Empty: from 0.5 Å⁻¹ to the end of the image."),
            )
        ]
        return collapsible(
            _TITLES["orientation"],
            text(
                "<p>Which planes lie parallel to the substrate, the tilt of the crystals, the part of them "
                "that is oriented at random, and rings of impurities.</p>"
            ),
            self._crystal,
            row(*self._edges[:2]),
            row(self._edges[2], self._centring),
            row(*self._ends),
            self._buttons["orientation"],
        )

    def _texts(self, what: str) -> dict[str, str]:
        """Return what is typed, by the options of the command."""
        if what == "periods":
            return {name: number_text(field.value) for name, field in self._of_periods.items()}
        return {"lattice": self._lattice() or self._crystal.value, "q": self._range()}

    def _lattice(self) -> str:
        """Return the lattice as the command line has it; empty without one."""
        edges = [number_text(edge.value) for edge in self._edges]
        if not any(edges):
            return ""
        if not all(edges) and edges[1:] != ["", ""]:
            raise SlxrdError("lattice: type a alone (cubic), or a, b and c")
        return ",".join(filter(None, edges)) + f":{self._centring.value}"

    def _range(self) -> str:
        ends = ["" if end.value is None else f"{end.value:g}" for end in self._ends]
        return ":".join(ends) if any(ends) else ""  # with one end it is refused

    def refresh(self, topic: Topic) -> None:
        """Show what was measured, and the table with the fit."""
        for each in self._buttons.values():
            each.disabled = self.workspace.busy
        self._directions.refresh(topic)
        if topic in ("job", "state", "sample"):
            self._show()

    def _show(self) -> None:
        image, session = self.workspace.image, self.workspace.session
        seen = (session.sample, session.state.key, session.saved_result, image.with_fit)
        if seen == self._seen:
            return
        before, self._seen = self._seen, seen
        self._with_fit.value = image.with_fit
        table = table_of(self.workspace)
        self.result.visible = table is not None
        kept = {each.name: each for each in session.sample}
        for what, (shown, printed) in self._parts.items():
            measured = kept.get(what)
            self._outputs[what].visible = shown.visible = measured is not None
            shown.object = "" if measured is None else _measured_html(measured)
            printed.object = (
                ""
                if measured is None
                else f"<pre style='white-space:pre;overflow-x:auto'>{escape(measured.printed)}</pre>"
            )
        if table is None:
            return
        self._with_fit.visible = scan_fit(self.workspace) is not None
        self._table.object = image.files.named(table_html(table)) + _without_fit(self.workspace)
        if before and before[0] != seen[0]:
            self.scroller.show(self.result)

    def _made(self) -> SampleTable:
        table = table_of(self.workspace)
        assert table is not None  # the button is hidden without
        return table

    def _json(self) -> str:
        found = json.dumps(self._made().as_dictionary(), ensure_ascii=False, indent=1)
        return self.workspace.image.files.named(found)


def table_html(table: SampleTable) -> str:
    """Return the table of a sample: each value with its method, and whether values agree."""
    rows, last = [], ""
    for each in table.rows:
        estimate, agreement = each.estimate, each.agreement
        rows.append(
            (
                "" if each.quantity == last else each.quantity,
                estimate_with_unit(estimate),
                each.method + (f", {each.remark}" if each.remark else ""),
                "" if agreement is None else agreement.text,
            )
        )
        last = each.quantity
    sources = "".join(
        f"<li>{escape(source.method)}: {escape(', '.join(source.measured))}"
        f"{' [simulated]' if source.simulated else ''}"
        f"{escape(f'; {source.conclusion}') if source.conclusion else ''}</li>"
        for source in table.sources
    )
    notes = "".join(f"<li>{escape(name_page_fields(note))}</li>" for note in table.notes)
    head = ("quantity", "value ± error (1 σ)", "method", "compared with the first")
    return (
        f"<h2>Table of the sample</h2><ul>{sources}</ul><div tabindex='0' style='overflow-x:auto'>"
        f"{html_table(head, rows)}</div>" + (f"<h3>Notes</h3><ul>{notes}</ul>" if notes else "")
    )


def _measured_html(measured: SampleResult) -> str:
    title = _TITLES[measured.name]
    values = directions_html(measured.document) if measured.name == "directions" else ""
    picture = picture_html(measured.picture, title) if measured.picture else ""
    return (
        f"<h3>{title}</h3>{values}{picture}"
        f"<p class='muted'>The same on the command line: <code>{escape(measured.command)}</code></p>"
    )


def _without_fit(workspace: Workspace) -> str:
    """Return why the fit of the page is not in the table; empty if it is, or there may be one."""
    if is_of_cut(workspace):
        return "<p>The fit of this page is of a cut through an image: it is not in the table.</p>"
    if workspace.session.saved_result is None:
        return (
            "<p>There is no fit of the θ:2θ scan yet: open the scan (1 Open) and fit it (4 Fit) to add L, "
            "σ_L and Λ out of plane.</p>"
        )
    return ""
