"""What images and the fit give for one sample: periods, orientation, and all values in one table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.fitting.search.scan import Progress
from slxrd.studies.images.remapping.options import flags_of, values_of
from slxrd.ui.app.state.image import ImageRequest, ShownImage
from slxrd.ui.app.state.workspace import Workspace

if TYPE_CHECKING:
    from slxrd.fitting.record.saved_fit import SavedFit
    from slxrd.studies.images.orientation.result import Orientations
    from slxrd.studies.images.spots.result import Periods
    from slxrd.studies.sample_table.table import SampleTable

#: What is measured, in words.
NAMES = {"periods": "the measurement of periods", "orientation": "the measurement of the orientation"}
#: Beginning of the header of a pattern that is a cut through an image.
_CUT = "cut: "


@dataclass(frozen=True, eq=False)
class Measured:
    """A measurement on an image.

    Parameters
    ----------
    found : Periods or Orientations
        The result.
    picture : bytes
        Its figure as PNG.
    command : str
        The command that gives the same.
    """

    found: Periods | Orientations
    picture: bytes
    command: str


def measure(workspace: Workspace, what: str, texts: Mapping[str, str]) -> None:
    """Measure periods or the orientation on the image that is shown, in the background.

    Parameters
    ----------
    workspace : Workspace
        Holds the image and the measurements.
    what : {"periods", "orientation"}
        What is measured.
    texts : mapping of str to str
        Texts of the fields by their options; empty where a default is used.
    """
    state = workspace.image
    shown, request = state.shown, state.processed
    if not workspace.check_idle():
        return
    if shown is None or shown.geometry is None:
        workspace.show_message("Open an image, and set its geometry first.", "error")
        return
    given = {name: text.strip() for name, text in texts.items() if text.strip()}
    make = _periods if what == "periods" else _orientation
    flags = [word for name, text in given.items() for word in (f"--{name}", text)]
    command = shlex.join(["slxrd", what, request.file.strip(), *flags_of(request.typed), *flags])

    def work(report: Progress) -> Measured:
        report(0, 1)
        found, picture = make(shown, request, given)
        return Measured(found, picture, command)

    def done(measured: Measured) -> None:
        state.measured = {**state.measured, what: measured}
        workspace.show_message("Measured: the result is below the curve of the cut.", "success")

    workspace.start_job(NAMES[what], work, done)


def _periods(shown: ShownImage, _: ImageRequest, given: Mapping[str, str]) -> tuple[Periods, bytes]:
    from slxrd.studies.images.spots.periods import measure_periods
    from slxrd.studies.images.spots.scattering import GeometryErrors
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.periods import periods_figure

    assert shown.geometry is not None
    labels = {name: f"error of the {name}" for name in ("centre", "distance", "incidence")}
    known = {
        name: parsing.number(given[f"{name}-error"], label)
        for name, label in labels.items()
        if f"{name}-error" in given
    }
    critical = given.get("critical")
    found = measure_periods(
        shown.image,
        shown.geometry,
        critical=None if critical is None else parsing.number(critical, "critical q (Å⁻¹)"),
        errors=GeometryErrors(**known) if known else None,
    )
    return found, figure_bytes(periods_figure(found))


def _orientation(
    shown: ShownImage, request: ImageRequest, given: Mapping[str, str]
) -> tuple[Orientations, bytes]:
    from slxrd.studies.images.orientation.measure import measure_orientation
    from slxrd.studies.images.remapping.request import polarisation_of
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.orientation import orientation_figure

    assert shown.geometry is not None
    q = given.get("q")
    found = measure_orientation(
        shown.image,
        shown.geometry,
        given.get("lattice"),
        q=None if q is None else parsing.interval(q, "range of the rings"),
        polarisation=polarisation_of(values_of(request.typed)),
    )
    return found, figure_bytes(orientation_figure(found))


def take_document(workspace: Workspace, name: str) -> None:
    """Add a dropped result of ``slxrd fit``, ``periods``, ``orientation``, ``saed`` or ``directions``.

    Raises
    ------
    SlxrdError
        If it is none of these.
    """
    from slxrd.studies.sample_table.sources import sources_in

    state = workspace.image
    try:
        sources_in(Path(state.files.path(name)))
    except SlxrdError as error:
        raise SlxrdError(state.files.named(str(error))) from None
    state.documents = tuple(dict.fromkeys([*state.documents, name]))
    workspace.show_message(f"{name} is in the table of the sample, below the curve of the cut.", "success")
    workspace.notify("job")


def clear(workspace: Workspace) -> None:
    """Remove all measurements and dropped results; a fit of the scan stays."""
    workspace.image.measured, workspace.image.documents = {}, ()
    workspace.notify("job")


def scan_fit(workspace: Workspace) -> SavedFit | None:
    """Return the fit of the page; None without one, or if it is of a cut through an image."""
    return None if is_of_cut(workspace) else workspace.session.saved_result


def is_of_cut(workspace: Workspace) -> bool:
    """Whether the pattern of the page is a cut through an image."""
    if workspace.session.state.file is None:
        return False
    try:
        header = str(workspace.session.pattern().metadata.get("header", ""))
    except SlxrdError:  # its file is missing
        return False
    return any(line.startswith(_CUT) for line in header.splitlines())


def table_of(workspace: Workspace, *, with_fit: bool) -> SampleTable | None:
    """Return the table of all results of the sample; None where there is no result of an image.

    Parameters
    ----------
    workspace : Workspace
        Holds the results.
    with_fit : bool
        Whether the fit of the page is of the same sample.
    """
    from slxrd.studies.sample_table.table import sample_table

    state = workspace.image
    paths = [state.files.path(name) for name in state.documents]
    results = [*(each.found for each in state.measured.values()), *paths]
    if not results:
        return None
    fit = scan_fit(workspace) if with_fit else None
    return sample_table([*([] if fit is None else [fit]), *results])
