"""State of the series step, without widgets: the patterns, the result of the fit, and the figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slxrd.data.corrections import prepare_pattern
from slxrd.data.noise import is_counting
from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.examples import SERIES
from slxrd.fitting.record.state import State, arguments_of
from slxrd.fitting.search.scan import Progress
from slxrd.io.registry import read
from slxrd.studies.series.files import Naming, find_series
from slxrd.studies.series.joint.fit import check_joint
from slxrd.studies.series.member import series_options
from slxrd.studies.series.patterns import Series, make_series
from slxrd.studies.series.result import SeriesFit
from slxrd.studies.series.run import run_series

#: Default folder for results, inside that of the patterns; subfolders are not read as patterns.
RESULTS_FOLDER = "slxrd-series"


@dataclass(frozen=True)
class SeriesOptions:
    """Options of a series fit that a single fit does not have.

    Parameters
    ----------
    shared, smooth : sequence of str
        Parameters of a joint fit, as for :func:`slxrd.fit_series`.
    degree : int
        Degree of the polynomial of the smooth parameters.
    shown : sequence of (float, float)
        Ranges of q in Å⁻¹ that are drawn but not fitted.
    folder : Path, optional
        Folder for the results of finished patterns; by default a temporary one.
    force : bool
        Overwrite results of other data or options in that folder.
    """

    shared: Sequence[str] = ()
    smooth: Sequence[str] = ()
    degree: int = 2
    shown: Sequence[tuple[float, float]] = ()
    folder: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class OpenSeries:
    """A series that has been read.

    Parameters
    ----------
    series : Series
        The patterns.
    title : str
        Path of the folder, or title of the example.
    folder : Path or None
        None for an example.
    regions : sequence
        Regions of the example, used if none are chosen.
    """

    series: Series
    title: str
    folder: Path | None = None
    regions: Sequence[Any] = ()


@dataclass(frozen=True)
class FittedSeries:
    """Result of a series fit.

    Parameters
    ----------
    fit : SeriesFit
        Incomplete if it was cancelled.
    pictures : mapping of str to bytes
        PNG by name: parameters, stack, waterfall, heatmap.
    choices : mapping
        The choices of the session that were used.
    """

    fit: SeriesFit
    pictures: Mapping[str, bytes]
    choices: Mapping[str, Any]


class SeriesState:
    """The series of a workspace and its fit.

    Attributes
    ----------
    opened : OpenSeries or None
        The series.
    fitted : FittedSeries or None
        Result of its fit.
    """

    def __init__(self) -> None:
        self.opened: OpenSeries | None = None
        self.fitted: FittedSeries | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def open(self, opened: OpenSeries) -> None:
        """Replace the series, and drop the result of the previous one."""
        self.opened, self.fitted = opened, None

    def fit(self, state: State, extra: SeriesOptions, report: Progress) -> FittedSeries | None:
        """Fit the series with the choices of a session's state.

        Parameters
        ----------
        state : State
            Its choices are used.
        extra : SeriesOptions
            The options of the series fit.
        report : callable
            Progress callback ``report(done, total)``; it may raise KeyboardInterrupt to stop.

        Returns
        -------
        FittedSeries or None
            None if it was stopped before any pattern was fitted. Finished patterns stay in the folder.

        Raises
        ------
        SlxrdError
            If no series is open, or the choices do not suit the patterns.
        """
        if self.opened is None:
            raise SlxrdError("open a series first: a folder, or the example")
        given = arguments_of(state.choices)
        if not given.get("regions"):
            given["regions"] = self.opened.regions
        options = series_options(given)
        if extra.shared or extra.smooth:
            check_joint(options, extra.shared, extra.smooth, extra.degree)
        try:
            found = run_series(
                self.opened.series, options, shared=extra.shared, smooth=extra.smooth, degree=extra.degree,
                folder=extra.folder or self._temporary_folder(), force=extra.force or extra.folder is None,
                report=report,
            )  # fmt: skip
        except KeyboardInterrupt:
            return None
        if all(member.failed for member in found.members):
            return None
        return FittedSeries(found, draw_figures(found, extra.shown), state.choices)

    def _temporary_folder(self) -> Path:
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="slxrd-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)


def open_folder(typed: str, state: State, naming: Naming, report: Progress | None = None) -> OpenSeries:
    """Read the patterns of a folder.

    Parameters
    ----------
    typed : str
        Path of the folder, as typed.
    state : State
        Its reading options and corrections are used.
    naming : Naming
        How the value of the variable is found for each file.
    report : callable, optional
        Progress callback ``report(done, total)``, in files.

    Raises
    ------
    SlxrdError
        If the folder does not exist, or holds no pattern.
    """
    folder = expand_path(typed)
    if folder is None:
        raise SlxrdError("type the path of a folder with patterns")
    if not folder.exists():
        raise FileError(folder, "there is no such folder on this machine")
    if not folder.is_dir():
        raise FileError(folder, "is not a folder; give the folder that contains it")

    def load(file: Path) -> Pattern:
        counting = is_counting(state.choices.get("noise"))
        return prepare_pattern(read(file, **state.reading), **state.preparation, counting=counting)

    try:
        series = find_series([folder], load, naming, report)
    except OSError as error:
        raise FileError(folder, f"cannot be read ({error.strerror})") from None
    return OpenSeries(series, str(folder), folder)


def open_files(files: Mapping[str, bytes], state: State, report: Progress | None = None) -> OpenSeries:
    """Read the patterns of files that were dropped on the page.

    Parameters
    ----------
    files : mapping of str to bytes
        Contents by name.
    state : State
        Its reading options and corrections are used.
    report : callable, optional
        Progress callback ``report(done, total)``, in files.

    Raises
    ------
    SlxrdError
        If there is no pattern among them.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / Path(name).name).write_bytes(content)
        try:
            opened = open_folder(folder, state, Naming(), report)
        except SlxrdError as error:
            raise SlxrdError(str(error).replace(folder, "the dropped files")) from None
    return OpenSeries(opened.series, f"{len(files)} dropped files")


def open_example(name: str) -> OpenSeries:
    """Simulate a packaged series."""
    packaged = SERIES[name]
    patterns = packaged.patterns()
    series = make_series(patterns.values(), patterns, variable=packaged.variable, unit=packaged.unit)
    return OpenSeries(series, packaged.title, regions=packaged.options["regions"])


def expand_path(typed: str) -> Path | None:
    """Convert a typed or pasted path, which may have quotes or ~; None if it is empty."""
    text = typed.strip().strip("\"'").strip()
    return Path(text).expanduser().absolute() if text else None


def draw_figures(fit: SeriesFit, shown: Sequence[tuple[float, float]] = ()) -> dict[str, bytes]:
    """Draw the figures of a series fit as PNG, by name; a figure that has nothing to show is left out."""
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.series import series_heat_figure, series_parameters_figure, series_stack_figure

    makers: dict[str, Callable[[], Any]] = {
        "parameters": lambda: series_parameters_figure(fit),
        "stack": lambda: series_stack_figure(fit, shown),
        "waterfall": lambda: series_stack_figure(fit, shown, waterfall=True),
        "heatmap": lambda: series_heat_figure(fit, shown),
    }
    pictures = {}
    for name, make in makers.items():
        try:
            pictures[name] = figure_bytes(make())
        except SlxrdError:
            continue
    return pictures
