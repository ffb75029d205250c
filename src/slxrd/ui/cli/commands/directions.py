"""The command ``slxrd directions``: cuts in several directions, fitted together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slxrd.errors import SlxrdError
from slxrd.fitting.request.directions_options import HELP, OF_CUTS
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.options import Given, take
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from slxrd.model.directions.direction import Direction
    from slxrd.studies.directions.result import DirectionsFit

#: Options of a fit that apply to cuts.
Request = Annotated[
    Given,
    take(
        *OF_CUTS, "reading", "preparation", "resolution", "further_resolutions",
        **HELP,
        resolution="Resolution of all cuts: σ_G in Å⁻¹, or a file of slxrd resolution.",
        further_resolutions="Resolution of each cut after the first, in their order; default: as the first.",
    ),
]  # fmt: skip


@command(
    "directions",
    group="Fits",
    example="slxrd directions film.xrdml cut.csv:100 --share d,N --plot cuts.pdf",
)
def directions_command(
    cuts: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE[:DIRECTION]",
            help="Patterns and their directions: 001, 100, 110, 1,0.5,0, in-plane (averaged over the "
            "azimuth), fibre-101, or 100-wide (integrated across). Without one, the θ:2θ scan.",
        ),
    ],
    *,
    request: Request,
    out: Annotated[Path | None, folder("directions.json, directions.csv and directions.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Fit cuts in several directions together: order and disorder along the axes and across them."""
    from slxrd.studies.directions.request import fit_cuts
    from slxrd.ui.progress import progress

    named = [split_cut(text) for text in cuts]
    outputs = Outputs(json, plot, force, file=named[0][0], out=out, name="directions")
    _check_inputs(outputs, [file for file, _ in named])
    patterns = [(request.prepared(file), direction) for file, direction in named]
    widths = list(request["further_resolutions"])
    if len(widths) not in (0, len(patterns) - 1):
        raise SlxrdError(
            f"{len(widths)} --further-resolutions for {len(patterns) - 1} cuts after the first; give one for "
            "each"
        )
    resolutions = [request["resolution"], *(widths or [request["resolution"]] * (len(patterns) - 1))]
    with progress("fitting") as report:
        found, compared = fit_cuts(patterns, resolutions, {name: request[name] for name in OF_CUTS}, report)
    shown = found if compared is None else compared
    outputs.finish(str(shown), shown.as_dictionary(), lambda: _figure(found), found.csv())


def split_cut(text: str) -> tuple[Path, Direction]:
    """Split a file and its direction; without a direction it is the θ:2θ scan.

    Parameters
    ----------
    text : str
        ``"film.xrdml"``, ``"inplane.csv:100"``.

    Raises
    ------
    SlxrdError
        If what follows the last colon is no direction, and there is no such file.
    """
    from slxrd.fitting.record.command_line import EXAMPLE
    from slxrd.model.directions.direction import SCAN, Direction

    file, colon, name = text.rpartition(":")
    if not colon or file in ("", EXAMPLE.rstrip(":")) or Path(text).exists():
        return Path(text), Direction.parse(SCAN)
    return Path(file), Direction.parse(name)


def _check_inputs(outputs: Outputs, files: list[Path]) -> None:
    """Check that no output overwrites one of the further cuts."""
    from slxrd._files import same_file

    for written in (outputs.json, outputs.plot, *outputs.folder):
        for file in files:
            if written is not None and same_file(written, file):
                raise SlxrdError(f"{file}: an output would overwrite the pattern itself; choose another name")


def _figure(found: DirectionsFit) -> Figure:
    from slxrd.ui.plotting.directions import directions_figure

    return directions_figure(found)
