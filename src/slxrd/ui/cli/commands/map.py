"""The command ``slxrd map``: many patterns of one kind, such as a raster of nanodiffraction."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slxrd._output_lock import locked
from slxrd._version import __version__
from slxrd.errors import SlxrdError
from slxrd.ui.cli.frame import INTERRUPTED, command
from slxrd.ui.cli.options import REQUEST, Given, take
from slxrd.ui.cli.outputs import (
    Force,
    Json,
    Plot,
    as_json,
    check_outputs,
    json_file,
    rendered,
    typed,
    write_all,
    written,
)

if TYPE_CHECKING:
    from slxrd.data.pattern import Pattern
    from slxrd.studies.maps.files.stacks import Choice
    from slxrd.studies.maps.layout import MapDocument
    from slxrd.studies.maps.result import MapFit

#: Options of the fit of each pattern.
EachRequest = Annotated[
    Given,
    take(
        *REQUEST,
        without=["further_scans", "further_resolutions", "tie"],
        regions="Regions in Å⁻¹; default: around the Bragg peaks of the mean pattern.",
        noise="σ: counting, scatter (of neighbouring points), or a fraction of each region's maximum; "
        "default: counting statistics of whole numbers, else scatter.",
        free="Refine a parameter; q_zero is that of the mean pattern unless it is named.",
        budget="Time in seconds for the search of the mean pattern, and of each pattern that is searched.",
    ),
]


@command("map", group="Fits", example="slxrd map raster.h5 --region 0.85:1.35 --out map.h5")
def map_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE[::DATASET]|FOLDER",
            help="An HDF5, NeXus, .npy or .npz file with a stack of patterns, or patterns one by one; or a "
            "result of this command, to print and draw it.",
        ),
    ],
    *,
    data: Annotated[
        str | None, typer.Option(metavar="PATH", help="Dataset of the intensities, the axis being last.")
    ] = None,
    q: Annotated[
        str | None,
        typer.Option("--q", metavar="PATH|FILE", help="Dataset, or file, of q or 2θ of the points."),
    ] = None,
    shape: Annotated[
        str | None, typer.Option(metavar="ROWSxCOLUMNS", help="Shape of the map, if the file has a list.")
    ] = None,
    saturation: Annotated[
        float | None, typer.Option(help="Intensity from which on the detector is saturated.")
    ] = None,
    request: EachRequest,
    check: Annotated[
        int,
        typer.Option(metavar="N", help="Patterns, drawn at random, that are searched in full as a check."),
    ] = 50,
    seed: Annotated[int, typer.Option(help="Seed of the random samples.")] = 0,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Threads; all cores if not given.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="Fit on the workers of a dask scheduler instead."),
    ] = None,
    out: Annotated[
        Path | None,
        written(
            "--out",
            "FILE.h5",
            "Write the result to a file; finished blocks are kept beside it until it is complete.",
        ),
    ] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Fit many patterns of one kind without a search for each, and draw maps of the parameters."""
    from slxrd.studies.maps.files.results import is_map, read_map, write_map

    outputs = [json_file(json), plot, out]
    measured = [Path(str(file).partition("::")[0]) for file in files]
    check_outputs(outputs, force, measured=[file for file in measured if file.is_file()], figure=plot)
    if out is not None and out.suffix.lower() not in (".h5", ".hdf5", ".nxs"):
        raise SlxrdError(f"--out {out}: the result of a map is an HDF5 file, such as map.h5")
    if len(files) == 1 and files[0].is_file() and is_map(files[0]):
        if out is not None:
            raise SlxrdError(f"{files[0]}: is a result already; leave --out away, and draw it with --plot")
        found = read_map(files[0])
    else:
        options = request.arguments()
        choice = _choice(request, data, q, shape, saturation)
        with contextlib.nullcontext() if out is None else locked(out, file=True):
            check_outputs(outputs, force)
            found = _fit(files, choice, request, options, (check, seed, workers, scheduler, out))
            if out is not None:
                write_map(out, found, typed(), options)
                _folder(out, remove=True)
    _finish(found, out, json, plot)


def _choice(
    request: Given, data: str | None, q: str | None, shape: str | None, saturation: float | None
) -> Choice:
    from slxrd.studies.maps.files.stacks import Choice

    axis = request["axis"]
    if axis == "theta":
        raise SlxrdError("--axis theta: a stack is over q or 2theta")
    size = None
    if shape is not None:
        if not re.fullmatch(r"\d+([x×,]\d+)*", shape):
            raise SlxrdError(f"--shape {shape}: give the numbers of rows and columns, as in 100x200")
        size = tuple(int(number) for number in re.split("[x×,]", shape))
    given = request.values
    return Choice(
        data, q, axis, given.get("wavelength"), given.get("monochromator"), bool(given.get("no_lp")),
        saturation, size,
    )  # fmt: skip


def _fit(
    files: list[Path], choice: Choice, request: Given, options: dict[str, Any],
    how: tuple[int, int, int | None, str | None, Path | None],
) -> MapFit:  # fmt: skip
    from slxrd.studies.maps.files.stacks import open_stack
    from slxrd.studies.maps.run import MapSettings, run_map
    from slxrd.studies.maps.stages import MapInterrupted
    from slxrd.ui.progress import progress

    check, seed, workers, scheduler, out = how
    if scheduler is not None and workers is not None:
        raise SlxrdError("--workers belongs to this machine and --scheduler to others; leave one out")
    settings = MapSettings(check, seed, workers=workers, folder=None if out is None else _folder(out))

    def load(file: Path) -> Pattern:
        return request.prepared(file)

    with contextlib.ExitStack() as opened:
        stack = open_stack(files, choice, opened, load)
        executor = None
        if scheduler is not None:
            from slxrd.studies.series.executors import dask_workers

            executor = opened.enter_context(dask_workers(scheduler))
        report = opened.enter_context(progress("fitting"))
        try:
            return run_map(stack, options, settings, executor, report)
        except MapInterrupted as interrupted:
            what = f"slxrd: interrupted; {interrupted.done} of {interrupted.of} patterns are refined"
            kept = ", and nothing is kept without --out" if out is None else (
                f" and kept in {_folder(out)}; the same command goes on from there"
            )  # fmt: skip
    typer.echo(what + kept, err=True)
    raise SystemExit(INTERRUPTED)


def _folder(out: Path, *, remove: bool = False) -> Path:
    """Folder of the finished blocks of a result."""
    from slxrd.studies.maps.files.store import BlockStore

    folder = out.with_name(out.name + ".parts")
    if remove:
        BlockStore(folder).remove()
    return folder


def _finish(found: MapFit, out: Path | None, json: str | None, plot: Path | None) -> None:
    written: MapDocument = {
        **found.as_dictionary(),
        "kind": "map",
        "slxrd": __version__,
        "schema": 1,
        "command": typed(),
    }
    document = as_json(written)
    contents: list[tuple[Path, bytes | str]] = []
    file = json_file(json)
    if file is not None:
        contents.append((file, document))
    if plot is not None:
        from slxrd.ui.plotting.raster import map_figure

        contents += rendered(map_figure(found), plot)
    if json == "-":
        write_all(contents, quiet=True)
        typer.echo(document, nl=False)
        return
    write_all(contents, str(found))
    if out is not None:
        typer.echo(f"wrote {out}")
