"""The command ``slxrd lowangle``: the gap between crystals from the low-angle region."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd import arguments
from slxrd.cli_app import (
    AxisName,
    Coherent,
    Columns,
    Force,
    Monochromator,
    NoLp,
    Resolution,
    ScanNumber,
    TrustAxis,
    Wavelength,
    app,
    read_corrected,
)
from slxrd.cli_write import Outputs


@app.command("lowangle")
def lowangle_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pattern that begins at low angles.")],
    region: Annotated[
        str | None,
        typer.Option(metavar="QMIN:QMAX", help="In Å⁻¹; default 0.12:0.5, with --d to 0.6 at most."),
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
    mask: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Leave out q from A to B in Å⁻¹; may be repeated.")
    ] = None,
    critical: Annotated[
        float | None,
        typer.Option(metavar="QC", help="Critical q of the film in Å⁻¹, 0: none; default: from the data."),
    ] = None,
    background: Annotated[
        Literal["power", "exponential"] | None,
        typer.Option(help="Its shape, besides a constant; default: both, weighed by χ²."),
    ] = None,
    noise: Annotated[
        Literal["file", "counting", "scatter"] | None,
        typer.Option(
            help="σ: the file's, of the counts, or read off the scatter; default: the first there is."
        ),
    ] = None,
    coherent: Coherent = 40,
    resolution: Resolution = "0.007",
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    no_lp: NoLp = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write lowangle.json, lowangle.csv and lowangle.png into a folder."),
    ] = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write it as JSON; - for standard output.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it as .png, .svg or .pdf.")] = None,
    force: Force = False,
) -> None:
    """Fit the dips at low angles: the gap w between crystals, to be compared with L − d."""
    from slxrd.lowangle import fit_low_angle
    from slxrd.lowangle_compare import compared, fitted_parameters

    outputs = Outputs("lowangle", file, out, json, plot, force)
    known = None if result is None else fitted_parameters(result)
    if known is not None and d is None:
        d = known["d"].value
    pattern = read_corrected(
        file,
        axis,
        wavelength,
        trust_axis,
        scan,
        monochromator,
        no_lp,
        columns=columns,
        counting=noise == "counting",
    )
    found = fit_low_angle(
        pattern,
        None if region is None else arguments.interval(region, f"--region {region}"),
        d=d,
        mask=[arguments.interval(text, f"--mask {text}") for text in mask or ()],
        coherent=coherent,
        resolution=arguments.resolution(resolution),
        critical=critical,
        background=background,
        noise=noise,
    )
    told, text = {"slxrd": slxrd.__version__, "schema": 1, **found.as_dictionary()}, str(found)
    told["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    if known is not None:
        comparison, line = compared(found, known)
        told["comparison"] = comparison
        text += f"\n{line}"

    def draw(kind: str) -> bytes:
        from slxrd.plotting import figure_bytes
        from slxrd.plotting_lowangle import low_angle_figure

        return figure_bytes(low_angle_figure(found), kind)

    outputs.finish(text, told, draw, found.csv())
