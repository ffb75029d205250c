"""Fit of several directions: which cuts, with which options, and what can be saved of it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from functools import partial
from typing import Any

import panel as pn

from slxrd.errors import SlxrdError
from slxrd.fitting.request.declaration import OPTIONS
from slxrd.fitting.request.directions_options import HELP
from slxrd.fitting.request.option import Declared
from slxrd.model.directions.axes import ACROSS, ALONG, DISORDERS, Axes
from slxrd.parameters.axes import OF_STACK
from slxrd.parameters.definitions import info
from slxrd.ui.app.controls.code_area import code_area, copy_button
from slxrd.ui.app.controls.cut_list import CutList
from slxrd.ui.app.controls.file_drop import file_dropper, take_dropped
from slxrd.ui.app.controls.named_rows import NamedRows
from slxrd.ui.app.controls.option_fields import field_value, option_field
from slxrd.ui.app.controls.range_list import RangeList
from slxrd.ui.app.controls.widgets import button, collapsible, download_button, row, text
from slxrd.ui.app.state.directions import (
    add_cut,
    add_file,
    add_scan,
    change_cut,
    command_of,
    contents,
    fit_chosen,
    given_options,
    remove_cut,
)
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace

#: Options with a field, in their order; regions and masks are lists of ranges.
_FIRST = ("share", "disorder", "coherent", "coherent_in_plane")
_FURTHER = ("separate", "background", "budget", "noise", "fix", "bounds", "start")
_LABELS = {"fix": "fixed values", "start": "start values"}
_PLACEHOLDERS = {"coherent": str(OPTIONS["coherent"].usual)}
_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}


class DirectionsView:
    """Controls of the fit of several directions.

    Parameters
    ----------
    workspace : Workspace
        Holds the cuts and the result.

    Attributes
    ----------
    controls : panel.Card
        The cuts, the options, and the buttons.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._ranges: dict[str, list[list[float]]] = {"regions": [], "mask": []}
        self._list = CutList(self._changed, self._remove, lambda text: workspace.show_message(text, "error"))
        self._add_scan = button(
            "Add the scan",
            lambda: self._try(add_scan),
            description="Add the pattern that is open on this page: the θ:2θ scan of the sample.",
        )
        self._add_cut = button(
            "Add this cut",
            lambda: self._try(add_cut),
            description="Add the cut of the image that is shown.",
        )
        self._drop = file_dropper()
        self._drop.param.watch(lambda _: take_dropped(self._drop, self._take), "value")
        self.fields = {name: option_field(_declared(name)) for name in (*_FIRST, *_FURTHER)}
        for name in ("disorder", "background", "budget"):
            self.fields[name].value = OPTIONS[name].default
        self.zero_errors = pn.widgets.Checkbox(label="refine the zero errors of the cuts", margin=(4, 10))
        for each in (*self.fields.values(), self.zero_errors):
            each.param.watch(lambda _: self._show_command(), "value")
        self.fields["disorder"].param.watch(lambda _: self._offer(), "value")
        self._lists = {
            name: RangeList(word, name == "regions", self._set_ranges(name))
            for name, word in (("regions", "region"), ("mask", "mask"))
        }
        self.run = button(
            "Fit the cuts together",
            self.start,
            color="primary",
            width=220,
            description="Search for all solutions that describe all cuts.",
        )
        self._command = code_area("command line", 96, "It makes the same fit.")
        self._files = [
            download_button(workspace, label, name, make)
            for label, name, make in (
                ("Cuts (.zip)", "cuts.zip", self._zip),
                ("Curves (.csv)", "directions.csv", lambda: self._kept().curves),
                ("Result (.json)", "directions.json", self._json),
                ("Figure (.png)", "directions.png", lambda: self._kept().picture),
            )
        ]
        self.controls = collapsible(
            "Several directions (joint fit)",
            text(
                "<p>L and its disorder in the plane and out of plane, from the θ:2θ scan and cuts in other "
                "directions, fitted together.</p>"
            ),
            row(self._add_scan, self._add_cut),
            text("<p class='muted'>Other cuts: files with q and intensity</p>"),
            self._drop,
            self._list.view,
            self.fields["share"],
            row(self.fields["coherent"], self.fields["coherent_in_plane"]),
            self.fields["disorder"],
            collapsible("Further options", *self._further()),
            self.run,
            self._command,
            copy_button(self._command),
            row(*self._files[:2]),
            row(*self._files[2:]),
        )
        self.refresh("sample")

    def _further(self) -> list[Any]:
        regions, mask = (
            [
                text(f"<small>{title}</small>"),
                self._lists[name].view,
                button(
                    f"Add a {word}",
                    partial(self._add_range, name),
                    margin=(2, 10),
                    description=f"Add a {word} that applies to all cuts, and change its ends.",
                ),
            ]
            for name, word, title in (
                ("regions", "region", "regions; none: around the Bragg peaks of each cut"),
                ("mask", "mask", "masks"),
            )
        )
        short = [self.fields[name] for name in ("background", "budget")]
        long = [self.fields[name] for name in ("separate", "noise", "fix", "bounds", "start")]
        return [*regions, *mask, row(*short), *long, self.zero_errors]

    def _try(self, action: Any) -> None:
        if self.workspace.check_idle():
            self.workspace.try_action(lambda: action(self.workspace))

    def _take(self, name: str, content: bytes) -> None:
        self._try(lambda workspace: add_file(workspace, name, content))

    def _changed(self, number: int, direction: Any, resolution: float | None) -> None:
        change_cut(self.workspace, number, direction=direction, resolution=resolution)

    def _remove(self, number: int) -> None:
        remove_cut(self.workspace, number)

    def _set_ranges(self, name: str) -> Any:
        def changed(items: list[list[float]]) -> None:
            self._ranges[name] = items
            self._lists[name].show(items)
            self._show_command()

        return changed

    def _add_range(self, name: str) -> None:
        """Add a range: all of the first cut, whose ends are then changed."""
        cuts = self.workspace.image.cuts
        q = cuts[0].pattern.to_q().q if cuts else (0.9, 1.2)
        self._set_ranges(name)([*self._ranges[name], [round(float(q[0]), 4), round(float(q[-1]), 4)]])

    def given(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, as plain data.

        Raises
        ------
        SlxrdError
            If a field cannot be read.
        """
        fields = {name: field_value(OPTIONS[name], field.value) for name, field in self.fields.items()}
        cuts = self.workspace.image.cuts
        return given_options({**fields, **self._ranges}, len(cuts), bool(self.zero_errors.value))

    def start(self) -> None:
        """Fit the cuts in the background."""
        self.workspace.try_action(lambda: fit_chosen(self.workspace, self.given()))

    def _kept(self) -> Any:
        for each in self.workspace.session.sample:
            if each.name == "directions":
                return each
        raise SlxrdError("there is no fit of several directions yet; press Fit the cuts together")

    def _json(self) -> str:
        return json.dumps(dict(self._kept().document), ensure_ascii=False, indent=1)

    def _zip(self) -> bytes:
        """Return the cuts as files, for the command."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for cut in self.workspace.image.cuts:
                archive.writestr(cut.name.rpartition("/")[2], contents(cut))
        return buffer.getvalue()

    def refresh(self, topic: Topic) -> None:
        """Show the cuts, and what can be saved."""
        self.run.disabled = self.workspace.busy
        if topic in ("sample", "state"):
            cuts = self.workspace.image.cuts
            self._list.show(cuts)
            fitted = any(each.name == "directions" for each in self.workspace.session.sample)
            self._files[0].visible = bool(cuts)
            for each in self._files[1:]:
                each.visible = fitted
            self._offer()
            self._show_command()

    def _offer(self) -> None:
        """Offer the parameters of the chosen disorder, and of the cuts."""
        kinds = [kind for kind in DISORDERS if self.fields["disorder"].value in (kind, "compare")]
        bases = [base for base in OF_STACK if base != "sigma_L"]
        bases += [name for kind in kinds for name in (*ALONG[kind], *ACROSS[kind])]
        for name in ("share", "separate"):
            self.fields[name].offer([*dict.fromkeys(bases)])
        directions = [cut.direction for cut in self.workspace.image.cuts]
        try:
            axes = [
                Axes(self.fields["share"].value, self.fields["separate"].value, disorder=kind)
                for kind in kinds
            ]
        except SlxrdError:
            return  # the fit states it
        names = {info(name).symbol: name for each in axes for name in each.table(directions)}
        for field in self.fields.values():
            if isinstance(field, NamedRows):
                field.names = names

    def _show_command(self) -> None:
        cuts = self.workspace.image.cuts
        try:
            self._command.value = command_of(self.workspace, self.given()) if cuts else ""
        except SlxrdError as error:
            self._command.value = f"# {error}"


def _declared(name: str) -> Declared:
    """Return an option with the help, the label and the placeholder that it has here."""
    declared = OPTIONS[name]
    option = declared.option
    return replace(
        declared,
        option=replace(
            option,
            help=HELP.get(name, option.help),
            label=_LABELS.get(name, option.label),
            placeholder=_PLACEHOLDERS.get(name, option.placeholder),
        ),
    )
