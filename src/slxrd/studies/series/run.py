"""Fit a series on all cores; each result is stored at once, so that an interrupted run can be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path as File
from typing import Any

import slxrd
from slxrd._arguments import check_arguments
from slxrd._documents import read_json
from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record.write import write
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import STACKING
from slxrd.studies.series.executors import Interrupted, Processes, Task, run_tasks
from slxrd.studies.series.file_names import file_names, pattern_file
from slxrd.studies.series.joint.fit import check_joint, fit_jointly
from slxrd.studies.series.lowangle import LowAngleOptions, fit_low_angles, low_angle_arguments
from slxrd.studies.series.member import (
    Plain,
    as_plain,
    fingerprint,
    fit_alone,
    fit_from_neighbours,
    series_options,
)
from slxrd.studies.series.onset import find_changes
from slxrd.studies.series.patterns import Series, make_series
from slxrd.studies.series.result import Path, SeriesFit, SeriesGap, SeriesMember, find_jumps, gap_of

#: Returns the patterns of a series with the fits so far.
Members = Callable[[], tuple[SeriesMember, ...]]

#: Version of the layout of the stored result of each pattern.
SCHEMA = 1
#: Endings of the stored files by stage: pattern alone, from its neighbours, low angles.
_ENDINGS = {"alone": ".json", "beside": ".neighbours.json", "low": ".lowangle.json"}


@check_arguments
def fit_series(
    patterns: Iterable[Pattern],
    values: Iterable[float],
    *,
    variable: str = "value",
    unit: str = "",
    shared: Iterable[str] = (),
    smooth: Iterable[str] = (),
    degree: int = 2,
    low_angles: LowAngleOptions | tuple[float, float] | None = None,
    executor: Executor | None = None,
    processes: int | None = None,
    folder: str | os.PathLike[str] | None = None,
    force: bool = False,
    report: Progress | None = None,
    **kwargs: Any,
) -> SeriesFit:
    """Fit a series of patterns of one sample.

    Parameters
    ----------
    patterns : iterable of Pattern
        Patterns all over q or all over 2θ, of one wavelength.
    values : iterable of float
        Value of the variable for each pattern, in any order.
    variable, unit : str
        Name and unit of the variable: ``"temperature"``, ``"°C"``.
    shared : iterable of str
        Parameters with the same value in all patterns, in a joint fit.
    smooth : iterable of str
        Parameters that are a polynomial of the variable, in a joint fit.
    degree : int
        Degree of that polynomial.
    low_angles : LowAngleOptions or (q_min, q_max), optional
        Region in Å⁻¹ of a fit of the low angles of each pattern, for the gap between crystals.
    executor : concurrent.futures.Executor, optional
        Executor of the fits, such as that of a dask client.
    processes : int, optional
        Number of processes without an executor; by default all cores, 1 for this process alone.
    folder : path-like, optional
        Folder in which each result is stored; a run with the same data and options resumes from it.
    force : bool
        Whether results of other data or options may be overwritten.
    report : callable, optional
        Called with the number of completed steps and of all steps.
    **kwargs
        Options of :func:`slxrd.fit`.

    Returns
    -------
    SeriesFit
        Print it for a table.

    Raises
    ------
    SlxrdError
        If the patterns are not comparable, an option is invalid, or no pattern could be fitted.
    """
    series = make_series(patterns, values, variable=variable, unit=unit)
    return run_series(
        series, series_options(kwargs), shared=tuple(shared), smooth=tuple(smooth), degree=degree,
        low_angles=LowAngleOptions.of(low_angles), executor=executor, processes=processes, folder=folder,
        force=force, report=report,
    )  # fmt: skip


def run_series(
    series: Series,
    options: Mapping[str, Any],
    *,
    shared: Sequence[str] = (),
    smooth: Sequence[str] = (),
    degree: int = 2,
    low_angles: LowAngleOptions | None = None,
    executor: Executor | None = None,
    processes: int | None = None,
    folder: str | os.PathLike[str] | None = None,
    force: bool = False,
    report: Progress | None = None,
    on_finished: Callable[[Members], object] | None = None,
) -> SeriesFit:
    """Fit a series.

    Parameters
    ----------
    series : Series
        The patterns.
    options : mapping
        Options of the fits, from :func:`slxrd.studies.series.member.series_options`.
    shared, smooth, degree, low_angles, executor, processes, folder, force, report
        As for :func:`fit_series`.
    on_finished : callable, optional
        Called after each finished fit with a function that returns all patterns with the fits so far.

    Returns
    -------
    SeriesFit
        Not ``complete`` if a KeyboardInterrupt ended it; it then lacks everything that needs all patterns.

    Raises
    ------
    SlxrdError
        As for :func:`fit_series`.
    """
    if processes is not None and processes < 1:
        raise SlxrdError(f"processes {processes}: at least 1")
    if executor is not None and processes is not None:
        raise SlxrdError("an executor has its own processes; leave out the number of processes")
    if shared or smooth:
        check_joint(options, shared, smooth, degree)
    store = _Store(None if folder is None else File(folder), series.labels, force)
    with Processes(processes) as started:
        stages = 2 if low_angles is None else 3
        run = _Run(series, options, store, executor, started, report, stages, on_finished)
        try:
            members = run.fit_members()
            gaps = () if low_angles is None else run.fit_gaps(members, low_angles)
        except Interrupted:
            return SeriesFit(series, run.members(), (), options=options, complete=False)
    jumps, changes = find_jumps(members), find_changes(series, members)
    found = SeriesFit(series, members, jumps, changes, gaps=gaps, options=options)
    if not (shared or smooth):
        return found
    try:
        joint = fit_jointly(series, members, run.plain, options, shared, smooth, degree, run.report_more)
    except KeyboardInterrupt:
        return replace(found, complete=False)
    return replace(found, joint=joint)


class _Run:
    """Fits of a series in stages: each pattern alone, from its neighbours' solutions, and its low angles."""

    def __init__(
        self,
        series: Series,
        options: Mapping[str, Any],
        store: _Store,
        executor: Executor | None,
        processes: Processes,
        report: Progress | None,
        stages: int,
        on_finished: Callable[[Members], object] | None = None,
    ) -> None:
        self.plain = [as_plain(pattern) for pattern in series.patterns]
        self._series, self._options, self._store = series, options, store
        self._executor, self._processes, self._report = executor, processes, report
        self._on_finished = on_finished
        self._steps = stages * len(series)
        self._records: dict[str, dict[int, Any]] = {stage: {} for stage in _ENDINGS}

    def fit_members(self) -> tuple[SeriesMember, ...]:
        """Fit each pattern alone, and then from the solutions of its neighbours.

        Raises
        ------
        SlxrdError
            If no pattern could be fitted.
        """
        tasks: dict[int, Task] = {i: (fit_alone, (own, self._options)) for i, own in enumerate(self.plain)}
        keys = {i: self._key("alone", own, self._options) for i, own in enumerate(self.plain)}
        self._run("alone", tasks, keys, 0)
        members = self.members()
        if all(member.failed for member in members):
            first = members[0]
            raise SlxrdError(
                f"none of the {len(members)} patterns could be fitted; {first.source}: {first.failed}"
            )
        tasks = _neighbour_tasks(members, self.plain, self._options)
        neighbour_keys = {
            i: fingerprint({}, {"of": keys[i], "from": arguments[3], "wave": "beside"})
            for i, (_, arguments) in tasks.items()
        }
        self._run("beside", tasks, neighbour_keys, 2 * len(self._series) - len(tasks))
        return self.members()

    def fit_gaps(self, members: Sequence[SeriesMember], low_angles: LowAngleOptions) -> tuple[SeriesGap, ...]:
        """Fit the low angles of each pattern."""
        arguments = [low_angle_arguments(member, self._options, low_angles) for member in members]
        pairs = list(zip(self.plain, arguments, strict=True))
        keys = {i: self._key("low", own, given) for i, (own, given) in enumerate(pairs)}
        tasks: dict[int, Task] = {i: (fit_low_angles, pair) for i, pair in enumerate(pairs)}
        self._run("low", tasks, keys, 2 * len(self._series))
        return tuple(gap_of(member, self._records["low"][i]) for i, member in enumerate(members))

    def members(self) -> tuple[SeriesMember, ...]:
        """Return the patterns with the fits completed so far."""
        series, alone, beside = self._series, self._records["alone"], self._records["beside"]
        members = []
        for i, (pattern, label, value) in enumerate(
            zip(series.patterns, series.labels, series.values, strict=True)
        ):
            record = alone.get(i, {"failed": "not fitted yet"})
            found = beside.get(i, {})
            paths = tuple(
                Path(path["from"], path["values"], path["delta_chi2"]) for path in found.get("paths", ())
            )
            better = found.get("better")
            if better is not None:
                lower = record["result"]["chi2"] - better["result"]["chi2"]
                paths = tuple(replace(path, delta_chi2=path.delta_chi2 + lower) for path in paths)
                record = better
            members.append(SeriesMember(label, pattern.source, value, record, paths))
        return tuple(members)

    def report_more(self, done: int, total: int) -> None:
        """Report steps that follow those of the stages."""
        if self._report is not None:
            self._report(self._steps + done, self._steps + total)

    def _key(self, stage: str, plain: Plain, arguments: Mapping[str, Any]) -> str:
        return fingerprint(plain, {**arguments, "version": slxrd.__version__, "wave": stage})

    def _run(self, stage: str, tasks: Mapping[int, Task], keys: Mapping[int, str], before: int) -> None:
        """Run the tasks of a stage whose results are not stored yet."""
        labels, records = self._series.labels, self._records[stage]
        records.update(self._store.load(labels, stage, keys))
        waiting = {i: task for i, task in tasks.items() if i not in records}
        done = before + len(tasks) - len(waiting)

        def finished(i: int, text: str) -> None:
            nonlocal done
            records[i] = self._store.save(labels[i], stage, keys[i], text)
            done += 1
            if self._on_finished is not None:
                self._on_finished(self.members)
            if self._report is not None:
                self._report(done, self._steps)

        if self._report is not None:
            self._report(done, self._steps)
        run_tasks(waiting, finished, self._executor, self._processes)


def _neighbour_tasks(
    members: Sequence[SeriesMember], plain: Sequence[Plain], options: Mapping[str, Any]
) -> dict[int, Task]:
    """Tasks that refine each pattern from the nearest pattern with fringes on either side.

    For a pattern without fringes, L and σ_L are fixed at those of the neighbour, to test whether they are
    excluded.
    """
    stacked = [i for i, member in enumerate(members) if not member.failed and member.fringes is not False]
    tasks: dict[int, Task] = {}
    for i, member in enumerate(members):
        nearest = [*[k for k in stacked if k < i][-1:], *[k for k in stacked if k > i][:1]]
        neighbours = [(members[k].label, dict(members[k].best)) for k in nearest]
        if neighbours and not member.failed and member.result["refined"]:
            fixed = STACKING if member.fringes is False else ()
            tasks[i] = (fit_from_neighbours, (plain[i], options, member.result, neighbours, fixed))
    return tasks


class _Store:
    """Stored results, one file for each pattern and stage; without a folder, nothing is stored."""

    def __init__(self, folder: File | None, labels: Sequence[str], force: bool) -> None:
        self._folder, self._names = folder, file_names(labels)
        self._force = force

    def _path(self, label: str, stage: str) -> File:
        assert self._folder is not None
        return pattern_file(self._folder, self._names[label], _ENDINGS[stage])

    def load(self, labels: Sequence[str], stage: str, keys: Mapping[int, str]) -> dict[int, Any]:
        """Return the stored results of the same data and options.

        Raises
        ------
        FileError
            If the folder contains results of other data or options, which may not be overwritten.
        """
        if self._folder is None:
            return {}
        found = {}
        for i, key in keys.items():
            path = self._path(labels[i], stage)
            if not path.exists():
                continue
            try:
                document = read_json(path, "is no result of a series")
                same = document["schema"] == SCHEMA and document["key"] == key
                same = same and isinstance(document["content"], dict)
            except (FileError, KeyError, TypeError):
                same = False
            if same:
                found[i] = document["content"]
            elif not self._force and stage == "alone":
                raise FileError(
                    path,
                    "is of other data or options; choose another folder, or overwrite it with --force "
                    "(Python: force=True)",
                )
        return found

    def save(self, label: str, stage: str, key: str, text: str) -> Any:
        """Store a result, except a failure, which is tried again; return it as it would be loaded."""
        content = json.loads(text)
        if self._folder is not None and "failed" not in content:
            document = {"schema": SCHEMA, "slxrd": slxrd.__version__, "key": key, "content": content}
            write(self._path(label, stage), json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
        return content
