"""The command ``slxrd directions``: cuts in several directions, fitted together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from slxrd.errors import SlxrdError
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
        "regions", "mask", "noise", "reading", "preparation", "resolution", "further_resolutions", "coherent",
        "background", "start", "fix", "bounds", "free", "budget",
        regions="Regions in Å⁻¹; of each cut, those with points in it; default: around its Bragg peaks.",
        resolution="Resolution of all cuts: σ_G in Å⁻¹, or a file of slxrd resolution.",
        further_resolutions="Resolution of each cut after the first, in their order; default: as the first.",
        coherent="M, number of crystals along the normal of the film that scatter coherently.",
        background="Background of each region; auto is a straight line.",
        free="Refine zero errors: q_zero of the first cut, q_zero_2 of the second, ….",
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
    share: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Parameters that all axes share, such as d,N,sigma_N."),
    ] = None,
    separate: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Parameters that differ between x and y; others are equal."),
    ] = None,
    disorder: Annotated[
        Literal["cumulative", "sinusoidal", "compare"],
        typer.Option(help="Kind of disorder; compare fits both and states which the data prefer."),
    ] = "cumulative",
    coherent_in_plane: Annotated[
        int | None, typer.Option(metavar="M", help="The same as --coherent in the plane; default: as it.")
    ] = None,
    request: Request,
    out: Annotated[Path | None, folder("directions.json, directions.csv and directions.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Fit cuts in several directions together: order and disorder along the axes and across them."""
    from slxrd.studies.directions.compare import compare_disorder
    from slxrd.studies.directions.fit import fit_directions
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
    options: dict[str, Any] = {
        "share": _names(share),
        "separate": _names(separate),
        "coherent": request["coherent"] if request.values["coherent"] is not None else 40,
        "coherent_in_plane": coherent_in_plane,
        "resolution": [request["resolution"], *(widths or [request["resolution"]] * (len(patterns) - 1))],
        "background": "linear" if request["background"] == "auto" else request["background"],
        **{name: request[name] for name in ("regions", "mask", "noise", "start", "fix", "bounds", "free")},
        "budget": request["budget"],
    }
    with progress("fitting") as report:
        options["report"] = report
        if disorder == "compare":
            compared = compare_disorder(patterns, **options)
            found, text, document = compared.fits[compared.best], str(compared), compared.as_dictionary()
        else:
            found = fit_directions(patterns, disorder=disorder, **options)
            text, document = str(found), found.as_dictionary()
    outputs.finish(text, document, lambda: _figure(found), found.csv())


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


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()


def _figure(found: DirectionsFit) -> Figure:
    from slxrd.ui.plotting.directions import directions_figure

    return directions_figure(found)
