"""Fitting a series: on all cores, each result kept at once, to be taken up again after an interruption."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path as File
from typing import Any

import slxrd
from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record.write import write
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import STACKING
from slxrd.studies.series.executors import Interrupted, Task, run_tasks
from slxrd.studies.series.joint.fit import check_joint, fit_jointly
from slxrd.studies.series.lowangle import LowAngleOptions, fit_low_angles, gap_of, low_angle_arguments
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
from slxrd.studies.series.result import Path, SeriesFit, SeriesMember, find_jumps

#: Version of the layout of what is kept of each pattern.
SCHEMA = 1
#: How the files of what is kept end: a pattern by itself, from its neighbours, its low angles.
_ENDINGS = {"alone": ".json", "beside": ".neighbours.json", "low": ".lowangle.json"}


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
    """Fit many patterns of one sample.

    Parameters
    ----------
    patterns : iterable of Pattern
        All over q, or all over 2θ; of one wavelength.
    values : iterable of float
        The variable at each, in any order.
    variable, unit : str
        What it is: ``"temperature"``, ``"°C"``.
    shared : iterable of str
        Parameters that are the same in all patterns, in a joint fit.
    smooth : iterable of str
        Parameters that are a polynomial of the variable, in a joint fit.
    degree : int
        Of that polynomial.
    low_angles : LowAngleOptions or (q_min, q_max), optional
        Fit the low angles of each pattern too, in Å⁻¹, for the gap between crystals.
    executor : concurrent.futures.Executor, optional
        Where the fits run, such as that of a dask client.
    processes : int, optional
        Number of processes where there is no executor; all cores if not given, 1 for this process alone.
    folder : path-like, optional
        Where each finished pattern is kept; a run with the same data and options takes up what is there.
    force : bool
        Whether results of other data or options may be overwritten there.
    report : callable, optional
        Called with steps done and steps in all.
    **kwargs
        Options: those of :func:`slxrd.fit`.

    Returns
    -------
    SeriesFit
        Print it for a table.

    Raises
    ------
    SlxrdError
        If the patterns do not go together, an option is at fault, or no pattern could be fitted.
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
) -> SeriesFit:
    """Fit a series that has been put together; arguments as for :func:`fit_series`.

    Returns
    -------
    SeriesFit
        Not ``complete`` if a KeyboardInterrupt ended it; then without what needs all patterns.

    Raises
    ------
    SlxrdError
        As for :func:`fit_series`.
    """
    if processes is not None and processes < 1:
        raise SlxrdError(f"processes {processes}: at least 1")
    if executor is not None and processes is not None:
        raise SlxrdError("an executor has its own processes; leave out the number of processes")
    plain = [as_plain(pattern) for pattern in series.patterns]
    if shared or smooth:
        check_joint(options, shared, smooth, degree)
    keeper = _Keeper(None if folder is None else File(folder), force)
    steps = (2 if low_angles is None else 3) * len(series)

    def run(wave: str, tasks: Mapping[int, Task], before: int) -> None:
        waiting = {i: task for i, task in tasks.items() if i not in kept[wave]}
        done = before + len(tasks) - len(waiting)

        def finished(i: int, text: str) -> None:
            nonlocal done
            kept[wave][i] = keeper.keep(series.labels[i], wave, keys[wave][i], text)
            done += 1
            if report is not None:
                report(done, steps)

        if report is not None:
            report(done, steps)
        run_tasks(waiting, finished, executor, processes)

    kept: dict[str, dict[int, Any]] = {wave: {} for wave in _ENDINGS}
    keys: dict[str, dict[int, str]] = {wave: {} for wave in _ENDINGS}
    for i, own in enumerate(plain):
        keys["alone"][i] = fingerprint(own, {**options, "version": slxrd.__version__, "wave": "alone"})
    kept["alone"] = keeper.found(series.labels, "alone", keys["alone"])
    complete = True
    try:
        run("alone", {i: (fit_alone, (own, options)) for i, own in enumerate(plain)}, 0)
        members = _members(series, kept)
        _refuse_if_all_failed(members)
        tasks = _neighbour_tasks(members, plain, options)
        for i, (_, arguments) in tasks.items():
            keys["beside"][i] = fingerprint(
                {}, {"of": keys["alone"][i], "from": arguments[3], "wave": "beside"}
            )
        kept["beside"] = keeper.found(series.labels, "beside", keys["beside"])
        run("beside", tasks, 2 * len(series) - len(tasks))
        if low_angles is not None:
            low = {}
            for i, member in enumerate(_members(series, kept)):
                asked = low_angle_arguments(member, options, low_angles)
                keys["low"][i] = fingerprint(plain[i], {**asked, "version": slxrd.__version__, "wave": "low"})
                low[i] = (fit_low_angles, (plain[i], asked))
            kept["low"] = keeper.found(series.labels, "low", keys["low"])
            run("low", low, 2 * len(series))
    except Interrupted:
        complete = False
    members = _members(series, kept)
    if not complete:
        return SeriesFit(series, members, (), options=options, complete=False)
    gaps = tuple(gap_of(member, kept["low"][i]) for i, member in enumerate(members) if kept["low"])
    jumps, changes = find_jumps(members), find_changes(series, members)
    found = SeriesFit(series, members, jumps, changes, gaps=gaps, options=options)
    if shared or smooth:

        def together(done: int, of: int) -> None:
            if report is not None:
                report(steps + done, steps + of)

        try:
            joint = fit_jointly(series, members, plain, options, shared, smooth, degree, together)
        except KeyboardInterrupt:
            return replace(found, complete=False)
        found = replace(found, joint=joint)
    return found


def _members(series: Series, kept: Mapping[str, Mapping[int, Any]]) -> tuple[SeriesMember, ...]:
    members = []
    for i, (pattern, label, value) in enumerate(
        zip(series.patterns, series.labels, series.values, strict=True)
    ):
        record = kept["alone"].get(i, {"failed": "not fitted yet"})
        beside = kept["beside"].get(i, {})
        paths = tuple(
            Path(path["from"], path["values"], path["delta_chi2"]) for path in beside.get("paths", ())
        )
        if beside.get("better") is not None:
            better = beside["better"]
            gained = record["result"]["chi2"] - better["result"]["chi2"]
            paths = tuple(replace(path, delta_chi2=path.delta_chi2 + gained) for path in paths)
            record = better
        members.append(SeriesMember(label, pattern.source, value, record, paths))
    return tuple(members)


def _refuse_if_all_failed(members: Sequence[SeriesMember]) -> None:
    if all(member.failed for member in members):
        raise SlxrdError(
            f"none of the {len(members)} patterns could be fitted; {members[0].source}: {members[0].failed}"
        )


def _neighbour_tasks(
    members: Sequence[SeriesMember], plain: Sequence[Plain], options: Mapping[str, Any]
) -> dict[int, Task]:
    """Each pattern from the nearest one on either side that has fringes.

    One without fringes is asked what the gap and the disorder of those would cost.
    """
    stacked = [i for i, member in enumerate(members) if not member.failed and member.fringes is not False]
    tasks: dict[int, Task] = {}
    for i, member in enumerate(members):
        beside = [*[k for k in stacked if k < i][-1:], *[k for k in stacked if k > i][:1]]
        neighbours = [(members[k].label, dict(members[k].best)) for k in beside]
        if neighbours and not member.failed and member.result["refined"]:
            keep = STACKING if member.fringes is False else ()
            tasks[i] = (fit_from_neighbours, (plain[i], options, member.result, neighbours, keep))
    return tasks


def pattern_file(folder: File, label: str, ending: str) -> File:
    """Where what belongs to one pattern of a series is kept."""
    return folder / "patterns" / (re.sub(r"[^\w.+°-]", "_", label) + ending)


class _Keeper:
    """Keeps what is finished, one file for each pattern and wave."""

    def __init__(self, folder: File | None, force: bool) -> None:
        self._folder = folder
        self._force = force

    def _path(self, label: str, wave: str) -> File:
        assert self._folder is not None
        return pattern_file(self._folder, label, _ENDINGS[wave])

    def found(self, labels: Sequence[str], wave: str, keys: Mapping[int, str]) -> dict[int, Any]:
        """Read what is there of the same data and options."""
        if self._folder is None:
            return {}
        found = {}
        for i, key in keys.items():
            path = self._path(labels[i], wave)
            if not path.exists():
                continue
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
                same = document["schema"] == SCHEMA and document["key"] == key
            except (OSError, ValueError, KeyError, TypeError):
                same = False
            if same:
                found[i] = document["content"]
            elif not self._force and wave == "alone":
                raise FileError(
                    path, "is of other data or options; choose another folder, or overwrite it with --force"
                )
        return found

    def keep(self, label: str, wave: str, key: str, text: str) -> Any:
        """Write it, and return it as it would be read."""
        content = json.loads(text)
        if self._folder is not None and "failed" not in content:  # what failed is tried again
            document = {"schema": SCHEMA, "slxrd": slxrd.__version__, "key": key, "content": content}
            write(self._path(label, wave), json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
        return content
