"""The command ``slxrd compare``: several structures fitted to one pattern, and ranked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slxrd
from slxrd.ui.cli.frame import INTERRUPTED, command
from slxrd.ui.cli.options import Fitting, Heights, Measured, Points, Reading
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class ForModels(Fitting):
    """The same for several models, not all of which have every parameter."""

    fix: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Keep a parameter of the models that have it."),
    ] = None
    free: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Refine a parameter of the models that have it.")
    ] = None
    bounds: Annotated[
        list[str] | None, typer.Option(metavar="NAME=A:B", help="Bounds, and range of the flat prior.")
    ] = None


@command("compare")
def compare_command(
    file: Measured,
    models: Annotated[
        list[str],
        typer.Option(
            metavar="A,B,...",
            help="Models: planes, or a crystal such as CsPbBr3:Br, and +mixed, +volume, +slab=0.28, "
            "+partner=PbS-100, +spread=5, +coherent=1, +free=rho, +fix=NAME:VALUE. May be repeated.",
        ),
    ],
    points: Points,
    reading: Reading,
    fitting: ForModels,
    heights: Heights,
    out: Annotated[Path | None, folder("compare.json, compare.csv and compare.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Fit several structures to one pattern, and tell which of them the data support."""
    from slxrd.studies.compare.ranking import compare_fits
    from slxrd.studies.compare.run import fit_models
    from slxrd.ui.progress import progress

    outputs = Outputs(json, plot, force, file=file, out=out, name="compare")
    options = {**points.given(), **fitting.given(), **heights.given()}
    pattern = reading.prepared(file, counting=options["noise"] == "counting")
    done: dict[str, slxrd.Fit] = {}
    interrupted = False
    with progress("comparing") as report:
        fits = fit_models(pattern, models, **options, report=report)
        try:
            for name, result in fits:
                done[name] = result
        except KeyboardInterrupt:
            if len(done) < 2:
                raise
            interrupted = True
    found = compare_fits(done)

    def figure() -> Figure:
        from slxrd.ui.plotting.compare import comparison_figure

        return comparison_figure(found)

    told = {**found.as_dictionary(), "complete": not interrupted}
    outputs.finish(str(found), told, figure, found.csv())
    if interrupted:
        typer.echo(f"slxrd: interrupted; only {', '.join(done)} were fitted and compared", err=True)
        raise SystemExit(INTERRUPTED)
