"""The command ``slxrd compare``: several structures fitted to one pattern, and ranked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slxrd
from slxrd.ui.cli.frame import INTERRUPTED, command
from slxrd.ui.cli.options import Given, Measured, take
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


#: Options of a fit that are the same for all models.
Common = Annotated[
    Given,
    take(
        *("data", "reading", "preparation", "instrument", "refinement"),
        *("coherent", "size_window", "residuals"),
        without=["objective", "order", "further_scans", "further_resolutions"],
        fix="Fix a parameter of the models that have it.",
        free="Refine a parameter of the models that have it.",
        bounds="Bounds, and range of the flat prior.",
    ),
]


@command("compare", group="Fits", example="slxrd compare film.xrdml --models planes,CsPbBr3:Br --out models")
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
    request: Common,
    out: Annotated[Path | None, folder("compare.json, compare.csv and compare.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Fit several structures to one pattern, and rank them by how well the data support them."""
    from slxrd.studies.compare.ranking import compare_fits
    from slxrd.studies.compare.run import fit_models
    from slxrd.ui.progress import progress

    outputs = Outputs(json, plot, force, file=file, out=out, name="compare")
    options = request.arguments()
    pattern = request.prepared(file)
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

    document = {**found.as_dictionary(), "complete": not interrupted}
    outputs.finish(str(found), document, figure, found.csv())
    if interrupted:
        typer.echo(f"slxrd: interrupted; only {', '.join(done)} were fitted and compared", err=True)
        raise SystemExit(INTERRUPTED)
