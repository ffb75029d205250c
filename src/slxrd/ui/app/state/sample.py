"""What images and the fit give for one sample: periods, orientation, and all values in one table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from slxrd.errors import SlxrdError
from slxrd.fitting.record.kept_sample import SampleResult
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
    from slxrd.ui.report.page import FollowUpSection

#: What is measured, in words.
NAMES = {"periods": "the measurement of periods", "orientation": "the measurement of the orientation"}
#: Beginning of the header of a pattern that is a cut through an image.
_CUT = "cut: "


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

    def work(report: Progress) -> SampleResult:
        report(0, 1)
        found, picture = make(shown, request, given)
        return SampleResult(what, found.as_dictionary(), command, str(found), picture=picture)

    def done(measured: SampleResult) -> None:
        workspace.keep_sample(measured)
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
    from slxrd.studies.sample_table.sources import read_result

    files = workspace.image.files
    try:
        document = read_result(Path(files.path(name)))
    except SlxrdError as error:
        raise SlxrdError(files.named(str(error))) from None
    workspace.keep_sample(SampleResult(name, document))
    workspace.show_message(f"{name} is in the table of the sample, below the curve of the cut.", "success")


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


def table_of(workspace: Workspace) -> SampleTable | None:
    """Return the table of all results of the sample; None where there is no result by another method."""
    from slxrd.studies.sample_table.table import sample_table

    results = [each.document for each in workspace.session.sample]
    if not results:
        return None
    fit = scan_fit(workspace) if workspace.image.with_fit else None
    return sample_table([*([] if fit is None else [fit]), *results])


def report_section(workspace: Workspace) -> FollowUpSection | None:
    """Return the part of the report with the table of the sample and its figures; None without a table.

    If the fit of the page is not in the table, the report of this fit has no such part.
    """
    from slxrd.ui.report.page import FollowUpSection

    table = table_of(workspace) if workspace.image.with_fit and scan_fit(workspace) else None
    if table is None:
        return None
    pictures = [(f"{each.name}.png", each.picture) for each in workspace.session.sample if each.picture]
    return FollowUpSection(str(table), pictures, "The sample by several methods")
