"""The series of a page, without widgets: what was read, what its fit gave, and the pictures of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slxrd.data.corrections import prepare
from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.examples import SERIES
from slxrd.fitting.record.request import State, arguments_of
from slxrd.fitting.search.scan import Progress
from slxrd.io.registry import read
from slxrd.studies.series.files import Naming, find_series
from slxrd.studies.series.joint.fit import check_joint
from slxrd.studies.series.member import series_options
from slxrd.studies.series.patterns import Series, make_series
from slxrd.studies.series.result import SeriesFit
from slxrd.studies.series.run import run_series

#: Where results go unless another folder is typed; folders inside that of a series are not read.
RESULTS = "slxrd-series"


@dataclass(frozen=True)
class Wishes:
    """What is asked of the fit of a series, beside the choices of the page.

    Parameters
    ----------
    shared, smooth : sequence of str
        Parameters of a joint fit, as for :func:`slxrd.fit_series`.
    degree : int
        Of the polynomial of those that are smooth.
    shown : sequence of (float, float)
        Ranges of q in Å⁻¹ that are drawn and not fitted.
    folder : Path, optional
        Where each finished pattern is kept; if not given, as long as the page lives.
    force : bool
        Whether results of other data or options may be overwritten there.
    """

    shared: Sequence[str] = ()
    smooth: Sequence[str] = ()
    degree: int = 2
    shown: Sequence[tuple[float, float]] = ()
    folder: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class Opened:
    """A series that was read.

    Parameters
    ----------
    series : Series
        The patterns.
    title : str
        The folder, or what the example is.
    folder : Path or None
        None for an example.
    regions : sequence
        Those of the example, where none are chosen.
    """

    series: Series
    title: str
    folder: Path | None = None
    regions: Sequence[Any] = ()


@dataclass(frozen=True)
class FittedSeries:
    """What the fit of a series gave.

    Parameters
    ----------
    fit : SeriesFit
        Not complete if it was cancelled.
    pictures : mapping of str to bytes
        PNG by name: parameters, stack, waterfall, heatmap.
    choices : mapping
        Those of the page that it was fitted with.
    """

    fit: SeriesFit
    pictures: Mapping[str, bytes]
    choices: Mapping[str, Any]


class SeriesDesk:
    """What there is of a series on a page.

    Attributes
    ----------
    opened : Opened or None
        The series.
    fitted : FittedSeries or None
        Its fit.
    """

    def __init__(self) -> None:
        self.opened: Opened | None = None
        self.fitted: FittedSeries | None = None
        self._kept: tempfile.TemporaryDirectory[str] | None = None

    def take(self, opened: Opened) -> None:
        """Go on with a series that was read; results of another one are dropped."""
        self.opened, self.fitted = opened, None

    def fit(self, state: State, wishes: Wishes, report: Progress) -> FittedSeries | None:
        """Fit the series with the choices of a state.

        Parameters
        ----------
        state : State
            Whose choices are taken.
        wishes : Wishes
            What else is asked.
        report : callable
            Called with steps done and steps in all; may raise KeyboardInterrupt to stop.

        Returns
        -------
        FittedSeries or None
            None if it was stopped and there is nothing to show; what is finished is kept all the same.

        Raises
        ------
        SlxrdError
            If no series is open, or choices and patterns do not go together.
        """
        if self.opened is None:
            raise SlxrdError("open a series first: a folder, or the example")
        given = arguments_of(state.choices)
        if not given.get("regions"):
            given["regions"] = self.opened.regions
        options = series_options(given)
        if wishes.shared or wishes.smooth:
            check_joint(options, wishes.shared, wishes.smooth, wishes.degree)
        try:
            found = run_series(
                self.opened.series, options, shared=wishes.shared, smooth=wishes.smooth, degree=wishes.degree,
                folder=wishes.folder or self._own_folder(), force=wishes.force or wishes.folder is None,
                report=_stopping_once(report),
            )  # fmt: skip
        except KeyboardInterrupt:
            return None
        if all(member.failed for member in found.members):
            return None
        return FittedSeries(found, draw(found, wishes.shown), state.choices)

    def _own_folder(self) -> Path:
        if self._kept is None:
            self._kept = tempfile.TemporaryDirectory(prefix="slxrd-", ignore_cleanup_errors=True)
        return Path(self._kept.name)


def _stopping_once(report: Progress) -> Progress:
    """Stop only once: what is at work then is finished and kept, as after one Ctrl-C and not two."""
    stopped = False

    def told(done: int, of: int) -> None:
        nonlocal stopped
        try:
            report(done, of)
        except KeyboardInterrupt:
            if not stopped:
                stopped = True
                raise

    return told


def open_folder(typed: str, state: State, naming: Naming, report: Progress | None = None) -> Opened:
    """Read the patterns of a folder.

    Parameters
    ----------
    typed : str
        Its path.
    state : State
        How files are read and corrected.
    naming : Naming
        Where the values of the variable are told.
    report : callable, optional
        Called with files read and files in all.

    Raises
    ------
    SlxrdError
        If there is no such folder, or nothing in it to fit.
    """
    folder = path_of(typed)
    if folder is None:
        raise SlxrdError("type the path of a folder with patterns")
    if not folder.exists():
        raise FileError(folder, "there is no such folder on this machine")
    if not folder.is_dir():
        raise FileError(folder, "is no folder; give the one that it is in")

    def load(file: Path) -> Pattern:
        counting = state.choices.get("noise") == "counting"
        return prepare(read(file, **state.reading), **state.preparation, counting=counting)

    try:
        series = find_series([folder], load, naming, report)
    except OSError as error:
        raise FileError(folder, f"cannot be read ({error.strerror})") from None
    return Opened(series, str(folder), folder)


def open_example(name: str) -> Opened:
    """Make a packaged series."""
    packaged = SERIES[name]
    patterns = packaged.patterns()
    series = make_series(patterns.values(), patterns, variable=packaged.variable, unit=packaged.unit)
    return Opened(series, packaged.title, regions=packaged.options["regions"])


def path_of(typed: str) -> Path | None:
    """A path as people type or paste it, with quotes, or ~; None if there is nothing."""
    told = typed.strip().strip("\"'").strip()
    return Path(told).expanduser().absolute() if told else None


def draw(fit: SeriesFit, shown: Sequence[tuple[float, float]] = ()) -> dict[str, bytes]:
    """Draw what there is to see, by name; what there is nothing of is left out."""
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.series import heat_figure, parameters_figure, stacked_figure

    makers: dict[str, Callable[[], Any]] = {
        "parameters": lambda: parameters_figure(fit),
        "stack": lambda: stacked_figure(fit, shown),
        "waterfall": lambda: stacked_figure(fit, shown, waterfall=True),
        "heatmap": lambda: heat_figure(fit, shown),
    }
    pictures = {}
    for name, make in makers.items():
        try:
            pictures[name] = figure_bytes(make())
        except SlxrdError:
            continue
    return pictures
