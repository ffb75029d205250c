"""The command ``slxrd series``: many patterns of one sample."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slxrd._output_lock import locked
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.ui.cli.frame import INTERRUPTED, command
from slxrd.ui.cli.options import REQUEST, Given, take
from slxrd.ui.cli.outputs import Force, typed, written

if TYPE_CHECKING:
    from slxrd.studies.series.lowangle import LowAngleOptions
    from slxrd.studies.series.patterns import Series
    from slxrd.studies.series.result import SeriesFit


#: Options of the fit of each pattern.
EachRequest = Annotated[
    Given,
    take(
        *REQUEST,
        without=["further_scans", "further_resolutions"],
        regions="Regions in Å⁻¹; default: around the Bragg peaks of each pattern.",
    ),
]


@command(
    "series",
    group="Fits",
    example=(
        "slxrd series films/ --variable temperature --out annealing\n"
        "slxrd series example:cspbbr3-annealing --out annealing"
    ),
)
def series_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER|FILE",
            help="Patterns of one sample; of a folder, all files; or example:cspbbr3-annealing.",
        ),
    ] = None,
    *,
    example: Annotated[
        str | None, typer.Option(metavar="NAME", help="A packaged series instead: cspbbr3-annealing.")
    ] = None,
    variable: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Variable of the series: temperature, time, position, or another name."
        ),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="CSV", help="File and value of each pattern, one line for each.")
    ] = None,
    pattern_of_name: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="Regular expression for the value in a file name: '_(\\d+)C'."),
    ] = None,
    shared: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Joint fit: parameters that are the same in all patterns."),
    ] = None,
    smooth: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Joint fit: parameters that are a polynomial of the variable."),
    ] = None,
    degree: Annotated[int, typer.Option(help="Degree of the polynomial, 0 to 4.")] = 2,
    request: EachRequest,
    processes: Annotated[
        int | None, typer.Option(metavar="N", help="Processes; all cores if not given.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="Fit on the workers of a dask scheduler instead."),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(metavar="QMIN:QMAX", help="Range that is drawn but not fitted; may be repeated."),
    ] = None,
    low_angle: Annotated[
        str | None,
        typer.Option(metavar="QMIN:QMAX", help="Range at low angles to fit too, for the gap w and L − d."),
    ] = None,
    critical: Annotated[
        float | None,
        typer.Option(
            metavar="QC", help="Critical q of the film for --low-angle; default: averaged up to 0.06 Å⁻¹."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        written(
            "--out", "DIR", "Write tables and figures into a folder; finished patterns are stored there."
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Fit many patterns of one sample: parameters against temperature, time or position."""
    from slxrd.fitting.examples import SERIES
    from slxrd.fitting.record import write as output
    from slxrd.fitting.record.command_line import EXAMPLE
    from slxrd.studies.series.joint.fit import check_joint
    from slxrd.studies.series.member import series_options
    from slxrd.studies.series.run import run_series
    from slxrd.studies.series.text import series_text

    drawn = _ranges(show)
    if (scheduler is not None) and processes is not None:
        raise SlxrdError("--processes belongs to this machine and --scheduler to others; leave one out")
    common, along = _names(shared), _names(smooth)
    low = _low_angles(low_angle, critical)
    if low is not None and not drawn:
        drawn = [(low.region.low, low.region.high)]
    paths = _paths(out, bool(common or along), low is not None) if out is not None else []
    output.check_writable(paths, force)
    given = request.arguments()

    def load(file: Path) -> Any:
        return request.prepared(file)

    named = [str(file) for file in files or ()]
    if example is None and len(named) == 1 and named[0].startswith(EXAMPLE):
        example, files = named[0].removeprefix(EXAMPLE), None
    if example is None:
        series = _read(files or [], load, variable, pattern_of_name, table)
    else:
        series = _example(example, files, table, given)
    options = series_options(given)
    if common or along:
        check_joint(options, common, along, degree)
    with contextlib.ExitStack() as opened:
        executor = None
        if scheduler is not None:
            from slxrd.studies.series.executors import dask_workers

            executor = opened.enter_context(dask_workers(scheduler))
        if out is not None:
            opened.enter_context(locked(out))
            output.check_writable(paths, force)
        with _progress("fitting") as report:
            found = run_series(
                series, options, shared=common, smooth=along, degree=degree, low_angles=low,
                executor=executor, processes=processes, folder=out, force=force, report=report,
            )  # fmt: skip
        if not found.complete:
            _interrupted(found, out)
        if example is not None:
            typer.echo(f"{SERIES[example].title}\n{SERIES[example].source}\n")
        typer.echo(series_text(found))
        if out is not None:
            _write(found, out, paths, drawn)


def _write(found: SeriesFit, out: Path, paths: list[Path], drawn: list[tuple[float, float]]) -> None:
    """Write tables, figures and the curves of each pattern; the tables receive their names last, together."""
    from slxrd._files import write_together
    from slxrd.studies.series.file_names import file_names, pattern_file
    from slxrd.studies.series.output import curves_csv

    fitted = [member for member in found.members if not member.failed]
    names = file_names(found.series.labels)
    write_together((pattern_file(out, names[member.label], ".csv"), curves_csv(member)) for member in fitted)
    makers = zip(paths, _contents(found, typed(), drawn), strict=True)
    write_together((path, make()) for path, make in makers)
    for path in paths:
        typer.echo(f"wrote {path}")
    typer.echo(f"wrote {out / 'patterns'}: each pattern's result and curves")


def _ranges(show: list[str] | None) -> list[tuple[float, float]]:
    """Parse the ranges of ``--show``."""
    drawn = [parsing.interval(text, f"--show {text}") for text in show or ()]
    if any(not low < high for low, high in drawn):
        raise SlxrdError("--show: the lower end must come first, as in --show 0.1:0.5")
    return drawn


def _names(text: str | None) -> list[str]:
    """Parse names separated by commas, such as ``d,L``."""
    return [name.strip() for name in text.split(",")] if text is not None else []


def _read(
    files: list[Path],
    load: Callable[[Path], Any],
    variable: str | None,
    pattern_of_name: str | None,
    table: Path | None,
) -> Series:
    from slxrd.studies.series.files import Naming, find_series

    if table is not None and pattern_of_name is not None:
        raise SlxrdError("--table and --pattern-of-name both give the values; leave one out")
    with _progress("reading") as report:
        return find_series(files, load, Naming(variable, pattern_of_name, table), report)


def _example(name: str, files: list[Path] | None, table: Path | None, given: dict[str, Any]) -> Series:
    from slxrd.fitting.examples import SERIES
    from slxrd.studies.series.patterns import make_series

    if files or table is not None:
        raise SlxrdError("--example has patterns of its own; leave out the files")
    if name not in SERIES:
        raise SlxrdError(f"--example {name}: is not a packaged series; there is {', '.join(SERIES)}")
    packaged = SERIES[name]
    if not given["regions"]:
        given.update(packaged.options)
    patterns = packaged.patterns()
    return make_series(patterns.values(), patterns, variable=packaged.variable, unit=packaged.unit)


def _low_angles(text: str | None, critical: float | None) -> LowAngleOptions | None:
    from slxrd.data.regions import Region
    from slxrd.studies.series.lowangle import LowAngleOptions

    if text is None:
        if critical is not None:
            raise SlxrdError("--critical belongs to --low-angle QMIN:QMAX; give both, or neither")
        return None
    return LowAngleOptions(Region(*parsing.interval(text, f"--low-angle {text}")), critical)


def _paths(out: Path, joint: bool, low: bool) -> list[Path]:
    names = ["series.csv", "series.json", "stack.png", "waterfall.png", "heatmap.png", "parameters.png"]
    more = [*(["joint.csv"] if joint else []), *(["lowangle.csv", "lowangle.png"] if low else [])]
    return [out / name for name in [*names, *more]]


def _contents(
    found: SeriesFit, command: str, drawn: list[tuple[float, float]]
) -> list[Callable[[], bytes | str]]:
    """Return functions that make the contents of the files of :func:`_paths`, in the same order."""
    from slxrd.studies.series.output import gaps_csv, joint_csv, series_csv, series_json
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.series import (
        series_gap_figure,
        series_heat_figure,
        series_parameters_figure,
        series_stack_figure,
    )

    made: list[Callable[[], bytes | str]] = [
        lambda: series_csv(found),
        lambda: series_json(found, command),
        lambda: figure_bytes(series_stack_figure(found, drawn)),
        lambda: figure_bytes(series_stack_figure(found, drawn, waterfall=True)),
        lambda: figure_bytes(series_heat_figure(found, drawn)),
        lambda: figure_bytes(series_parameters_figure(found)),
    ]
    joint = found.joint
    if joint is not None:
        made.append(lambda: joint_csv(joint, found.series.variable))
    if found.gaps:
        made.append(lambda: gaps_csv(found.gaps, found.series.variable, found.series.unit))
        made.append(lambda: figure_bytes(series_gap_figure(found)))
    return made


def _interrupted(found: SeriesFit, out: Path | None) -> None:
    done = sum(member.failed != "not fitted yet" for member in found.members)
    what = f"{done} of {len(found.members)} patterns are fitted"
    if out is None:
        typer.echo(f"slxrd: interrupted; {what}, and nothing is kept without --out", err=True)
    else:
        typer.echo(
            f"slxrd: interrupted; {what} and kept in {out}; the same command goes on from there", err=True
        )
    raise SystemExit(INTERRUPTED)


def _progress(what: str) -> Any:
    from slxrd.ui.progress import progress

    return progress(what)
