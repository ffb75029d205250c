"""The command ``slxrd lowangle``: the gap between crystals from the low-angle region."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from slxrd.fitting.request import parsing
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.options import Given, take
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@command("lowangle", group="Other quantities", example="slxrd lowangle film.xrdml --d 5.84 --plot gap.pdf")
def lowangle_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pattern that begins at low angles.")],
    *,
    region: Annotated[
        str | None,
        typer.Option(metavar="QMIN:QMAX", help="Region in Å⁻¹; default 0.12:0.5, with --d up to 0.6."),
    ] = None,
    d: Annotated[
        float | None, typer.Option("--d", help="Distance of the planes in Å: L = w + d, and a better curve.")
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option(
            "--result", metavar="JSON", help="result.json of a fit: takes d from it, compares its L."
        ),
    ] = None,
    mask: Annotated[Given, take("mask")],
    critical: Annotated[
        float | None,
        typer.Option(metavar="QC", help="Critical q of the film in Å⁻¹, 0: none; default: from the data."),
    ] = None,
    background: Annotated[
        Literal["power", "exponential", "both"] | None,
        typer.Option(help="Background in addition to a constant; default: all three, weighted by χ²."),
    ] = None,
    noise: Annotated[
        Literal["file", "counting", "scatter"] | None,
        typer.Option(
            help="σ: the file's, of the counts, or read off the scatter; default: the first there is."
        ),
    ] = None,
    request: Annotated[Given, take("coherent", "resolution", "reading", "preparation")],
    out: Annotated[Path | None, folder("lowangle.json, lowangle.csv and lowangle.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Fit the dips at low angles: the gap w between crystals, to be compared with L − d."""
    from slxrd.studies.lowangle.against_fit import compare_with_fit, fitted_parameters
    from slxrd.studies.lowangle.fit import fit_low_angle

    outputs = Outputs(json, plot, force, file=file, out=out, name="lowangle")
    known = None if result is None else fitted_parameters(result)
    if known is not None and d is None:
        d = known["d"].value
    pattern = request.prepared(file, counting=noise == "counting")
    found = fit_low_angle(
        pattern,
        None if region is None else parsing.interval(region, f"--region {region}"),
        d=d,
        mask=mask["mask"],
        coherent=request["coherent"],
        resolution=request["resolution"],
        critical=critical,
        background=background,
        noise=noise,
    )
    document, text = found.as_dictionary(), str(found)
    if known is not None:
        comparison, line = compare_with_fit(found, known)
        document = {**document, "comparison": comparison}
        text += f"\n{line}"

    def figure() -> Figure:
        from slxrd.ui.plotting.lowangle import low_angle_figure

        return low_angle_figure(found)

    outputs.finish(text, document, figure, found.csv())
