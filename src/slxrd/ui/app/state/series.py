"""State of the series step, without widgets: the patterns, the result of the fit, and the figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
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
from slxrd.studies.series.run import Members, run_series

#: Names of the figures.
PICTURES = ("parameters", "stack", "waterfall", "heatmap")
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
    running : FittedSeries or None
        What a fit that is running has finished so far.
    """

    def __init__(self) -> None:
        self.opened: OpenSeries | None = None
        self.fitted: FittedSeries | None = None
        self.running: FittedSeries | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def open(self, opened: OpenSeries) -> None:
        """Replace the series, and drop the result of the previous one."""
        self.opened, self.fitted = opened, None

    def fit(
        self,
        state: State,
        extra: SeriesOptions,
        report: Progress,
        on_progress: Callable[[], object] = lambda: None,
    ) -> FittedSeries | None:
        """Fit the series with the choices of a session's state.

        Parameters
        ----------
        state : State
            Its choices are used.
        extra : SeriesOptions
            The options of the series fit.
        report : callable
            Progress callback ``report(done, total)``; it may raise KeyboardInterrupt to stop.
        on_progress : callable
            Called without arguments whenever :attr:`running` has changed.

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
        progress = _Progress(self, self.opened.series, options, state, on_progress)
        try:
            found = run_series(
                self.opened.series, options, shared=extra.shared, smooth=extra.smooth, degree=extra.degree,
                folder=extra.folder or self._temporary_folder(), force=extra.force or extra.folder is None,
                report=report, on_finished=progress.show,
            )  # fmt: skip
            if all(member.failed for member in found.members):
                return None
            return FittedSeries(found, draw_figures(found, extra.shown), state.choices)
        except KeyboardInterrupt:
            return None
        finally:
            self.running = None

    def _temporary_folder(self) -> Path:
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="slxrd-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)


class _Progress:
    """Shows what is finished while a series is fitted.

    Parameters
    ----------
    series : SeriesState
        Its ``running`` is set.
    patterns : Series
        The patterns.
    options : mapping
        Options of the fits.
    state : State
        State whose choices are used.
    on_progress : callable
        Called when ``running`` has changed.
    """

    def __init__(
        self,
        series: SeriesState,
        patterns: Series,
        options: Mapping[str, Any],
        state: State,
        on_progress: Callable[[], object],
    ) -> None:
        self._series, self._patterns, self._options = series, patterns, options
        self._choices, self._on_progress = state.choices, on_progress
        self._next = 0.0

    def show(self, members: Members) -> None:
        """Show the patterns that are finished, unless the last ones were shown a moment ago."""
        started = monotonic()
        if started < self._next:
            return
        found = SeriesFit(self._patterns, members(), (), options=self._options, complete=False)
        if any(not member.failed for member in found.members):
            pictures = draw_figures(found, names=("parameters",))
            self._series.running = FittedSeries(found, pictures, self._choices)
            self._on_progress()
        # At most a quarter of the time is spent on drawing.
        self._next = monotonic() + 3.0 * (monotonic() - started)


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


def draw_figures(
    fit: SeriesFit, shown: Sequence[tuple[float, float]] = (), names: Collection[str] = PICTURES
) -> dict[str, bytes]:
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
    for name in names:
        try:
            pictures[name] = figure_bytes(makers[name]())
        except SlxrdError:
            continue
    return pictures
