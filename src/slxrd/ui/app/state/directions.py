"""Cuts in several directions that are fitted together: those that are chosen, and their fit."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slxrd.data.corrections import prepare_pattern
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.record.command_line import typed_options
from slxrd.fitting.record.kept_sample import SampleResult
from slxrd.fitting.record.state import is_default
from slxrd.fitting.record.write import pattern_csv
from slxrd.fitting.request.declaration import OPTIONS
from slxrd.fitting.request.directions_options import OF_CUTS
from slxrd.fitting.search.scan import Progress
from slxrd.instrument.diffractometer import Instrument
from slxrd.io.registry import read
from slxrd.model.directions.direction import SCAN, Direction
from slxrd.parameters.scans import zero_of_scan
from slxrd.studies.directions.result import DirectionsFit
from slxrd.ui.app.state.workspace import Workspace

#: A direction of low indices at the end of the name of a file: ``film-110``. Others are run numbers.
_NAMED = re.compile(r"(?<!\d)([0-2]{3})$")
#: Directions of cuts through an image, by their kind, until another one is chosen.
_OF_CUT = {"in-plane": "in-plane", "out-of-plane": "001"}
#: Number of files, and of options that they are read with, that a comment on a command lists.
_MOST_LISTED = 3
_JOB = "the fit of several directions"


@dataclass(frozen=True, eq=False)
class ChosenCut:
    """A cut that is fitted with others.

    Parameters
    ----------
    name : str
        File, as a command names it.
    pattern : Pattern
        Read and corrected.
    direction : Direction
        Its direction.
    resolution : float or None
        σ_G in Å⁻¹; None for the default.
    options : tuple of str
        Options of a command that reads and corrects the file in this way.
    """

    name: str
    pattern: Pattern
    direction: Direction
    resolution: float | None = None
    options: tuple[str, ...] = ()

    @property
    def width(self) -> float:
        """σ_G in Å⁻¹."""
        return Instrument.sigma_G if self.resolution is None else self.resolution


def add_scan(workspace: Workspace) -> None:
    """Add the pattern that is open on the page: a θ:2θ scan, or, over q, a cut if its name has its direction.

    Raises
    ------
    SlxrdError
        If no file is open, or it cannot be read.
    """
    state = workspace.session.state
    if state.file is None:
        raise SlxrdError("no scan is open; open it under 1 Open")
    given = {**state.reading, **state.preparation}
    options = typed_options({name: value for name, value in given.items() if not is_default(name, value)})
    pattern = workspace.session.pattern()
    scan = pattern.axis == "2theta"
    direction = Direction.parse(SCAN) if scan else _direction_of(pattern, state.file)
    _add(workspace, ChosenCut(state.file, pattern, direction, None, tuple(options)))


def add_cut(workspace: Workspace) -> None:
    """Add the cut of the image that is shown.

    Raises
    ------
    SlxrdError
        If there is no cut.
    """
    name, content = workspace.image.cut_csv()
    add_file(workspace, name, content.encode())


def add_file(workspace: Workspace, name: str, content: bytes) -> None:
    """Add a cut in a file.

    Raises
    ------
    SlxrdError
        If it cannot be read as a pattern.
    """
    files = workspace.image.cut_files
    taken = {cut.name for cut in workspace.image.cuts}
    path, number = Path(name), 2
    while path.name in taken:
        path, number = Path(name).with_stem(f"{Path(name).stem}-{number}"), number + 1
    name = files.add(path.name, content)
    try:
        pattern = prepare_pattern(read(files.path(name)))
    except SlxrdError as error:
        raise SlxrdError(files.named(str(error))) from None
    pattern = replace(pattern, source=name)
    _add(workspace, ChosenCut(name, pattern, _direction_of(pattern, name)))


def _direction_of(pattern: Pattern, name: str) -> Direction:
    """Return the direction that the name, or the header of a cut through an image, suggests."""
    found = _NAMED.search(Path(name).stem)
    if found and found[1] != "000":
        return Direction.parse(found[1])
    header = str(pattern.metadata.get("header", ""))
    kind = next((line.split()[1] for line in header.splitlines() if line.startswith("cut: ")), "")
    return Direction.parse(_OF_CUT.get(kind.partition(":")[0], "100") if kind else SCAN)


def _add(workspace: Workspace, cut: ChosenCut) -> None:
    if any(each.name == cut.name for each in workspace.image.cuts):
        raise SlxrdError(f"{cut.name} is in the list already")
    workspace.image.cuts = (*workspace.image.cuts, cut)
    workspace.notify("sample")


def change_cut(workspace: Workspace, number: int, **changes: Any) -> None:
    """Change the direction or the resolution of a cut."""
    cuts = [*workspace.image.cuts]
    cuts[number] = replace(cuts[number], **changes)
    workspace.image.cuts = tuple(cuts)
    workspace.notify("sample")


def remove_cut(workspace: Workspace, number: int) -> None:
    """Take a cut off the list."""
    cuts = workspace.image.cuts
    workspace.image.cuts = cuts[:number] + cuts[number + 1 :]
    workspace.notify("sample")


def contents(cut: ChosenCut) -> str:
    """Return a cut as a file that ``slxrd directions`` takes."""
    return pattern_csv(cut.pattern)


def given_options(fields: Mapping[str, Any], number: int, zero_errors: bool) -> dict[str, Any]:
    """Return the options that differ from their defaults, as plain data.

    Parameters
    ----------
    fields : mapping
        Values of the fields, None or empty for the default.
    number : int
        Number of cuts.
    zero_errors : bool
        Whether the zero errors of the cuts are refined.
    """
    given = {name: value for name, value in fields.items() if not is_default(name, value) and value != ""}
    if zero_errors:
        given["free"] = [zero_of_scan(k) for k in range(number)]
    return given


def command_of(workspace: Workspace, given: Mapping[str, Any]) -> str:
    """Return the command that makes the fit; a comment where it cannot read the files as the page does."""
    cuts = workspace.image.cuts
    words = ["slxrd", "directions"]
    words += [cut.name if cut.direction.name == SCAN else f"{cut.name}:{cut.direction.name}" for cut in cuts]
    words += typed_options({name: given[name] for name in OF_CUTS if name in given})
    widths = [cut.width for cut in cuts]
    if widths and widths[0] != Instrument.sigma_G:
        words += typed_options({"resolution": widths[0]})
    if any(width != widths[0] for width in widths[1:]):
        words += typed_options({"further_resolutions": widths[1:]})
    special = {cut.options for cut in cuts}
    if len(special) == 1:
        return shlex.join([*words, *next(iter(special))])
    return "\n".join([*_notes_on_reading(cuts), shlex.join(words)])


def _notes_on_reading(cuts: Sequence[ChosenCut]) -> list[str]:
    """Return comments on cuts that are read with options, few even where each of many has its own."""
    read_with: dict[tuple[str, ...], list[str]] = {}
    for cut in cuts:
        if cut.options:
            read_with.setdefault(cut.options, []).append(cut.name)
    notes = []
    for options, names in read_with.items():
        more = len(names) - _MOST_LISTED
        listed = ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
        verb = "is" if len(names) == 1 else "are"
        notes.append(f"# {listed} {verb} read on this page with {shlex.join(options)}")
    if len(notes) > _MOST_LISTED:
        count = sum(map(len, list(read_with.values())[_MOST_LISTED:]))
        notes[_MOST_LISTED:] = [f"# and {count} more with other options"]
    return notes


def fit_chosen(workspace: Workspace, given: Mapping[str, Any]) -> None:
    """Fit the chosen cuts together, in the background.

    Parameters
    ----------
    workspace : Workspace
        Holds the cuts, and keeps the result.
    given : mapping
        Plain data of the options that differ from their defaults.
    """
    cuts = workspace.image.cuts
    if not workspace.check_idle():
        return
    if not cuts:
        workspace.show_message("Add the scan or a cut first.", "error")
        return

    def work(report: Progress) -> tuple[DirectionsFit, SampleResult]:
        return _fitted(cuts, given, command_of(workspace, given), report)

    def done(result: tuple[DirectionsFit, SampleResult]) -> None:
        fit, kept = result
        workspace.keep_sample(kept)
        rejected = "the model does not describe the data: " if fit.rejected else ""
        workspace.show_message(
            f"Fitted together: {rejected}the result is below the curve of the cut.",
            "error" if fit.rejected else "success",
        )

    workspace.start_job(_JOB, work, done)


def _fitted(
    cuts: tuple[ChosenCut, ...], given: Mapping[str, Any], command: str, report: Progress
) -> tuple[DirectionsFit, SampleResult]:
    from slxrd.studies.directions.request import fit_cuts
    from slxrd.ui.plotting.directions import directions_figure
    from slxrd.ui.plotting.fit import figure_bytes

    options: dict[str, Any] = {}
    for name in OF_CUTS:
        option = OPTIONS[name]
        options[name] = option.usual
        if name in given:
            option.kind.check(option.option.label or name, given[name])
            options[name] = option.kind.argument(given[name])
    patterns = [(cut.pattern, cut.direction) for cut in cuts]
    fit, compared = fit_cuts(patterns, [cut.width for cut in cuts], options, report)
    document, printed = fit.as_dictionary(), str(fit)
    if compared is not None:
        document, printed = {**document, "compared": compared.conclusion}, str(compared)
    picture = figure_bytes(directions_figure(fit))
    return fit, SampleResult("directions", document, command, printed, fit.csv(), picture)
