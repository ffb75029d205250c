"""The command ``slxrd lp``: what the Lorentz-polarisation correction does to a fit."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import slxrd
from slxrd import arguments
from slxrd.cli_app import (
    NAMES,
    AxisName,
    Coherent,
    Columns,
    Force,
    Monochromator,
    Resolution,
    ScanNumber,
    TrustAxis,
    Wavelength,
    app,
)
from slxrd.cli_write import Outputs


@app.command("lp")
def lp_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Over 2θ, or over q and taken as corrected.")],
    region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QMIN:QMAX[:WEIGHT]", help="Region in Å⁻¹, may be repeated; default: Bragg peaks."
        ),
    ] = None,
    mask: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Leave out q from A to B in Å⁻¹; may be repeated.")
    ] = None,
    noise: Annotated[
        str | None, typer.Option(metavar="FRACTION|counting|file", help="σ, as for slxrd fit.")
    ] = None,
    fix: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help=f"Keep a parameter at a value ({NAMES}).")
    ] = None,
    start: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Starting value.")] = None,
    background: Annotated[
        Literal["none", "constant", "linear", "quadratic", "cubic"],
        typer.Option(help="Free background per region."),
    ] = "none",
    coherent: Coherent = 40,
    resolution: Resolution = "0.007",
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write lp.json, lp.csv and lp.png into a folder.")
    ] = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write it as JSON; - for standard output.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it as .png, .svg or .pdf.")] = None,
    force: Force = False,
) -> None:
    """Compare fits with and without the Lorentz-polarisation correction, as Table 1 of the paper's SI."""
    from slxrd.lp_comparison import compare_lp
    from slxrd.progress import progress

    outputs = Outputs("lp", file, out, json, plot, force)
    sigma = arguments.noise(noise)
    options: dict[str, Any] = {
        "regions": [arguments.region(text) for text in region or ()],
        "mask": [arguments.interval(text, f"--mask {text}") for text in mask or ()],
        "noise": sigma,
        "fix": arguments.values(fix or (), "--fix"),
        "start": arguments.values(start or (), "--start"),
        "background": background,
        "coherent": coherent,
        "resolution": arguments.resolution(resolution),
    }
    pattern = slxrd.read(
        file, axis=axis, wavelength=wavelength, trust_axis=trust_axis, scan=scan, columns=columns
    )
    if sigma == "counting":
        pattern = slxrd.counting_statistics(pattern)

    def fitted(each: slxrd.Pattern) -> slxrd.Fit:
        with progress("fitting") as report:
            return slxrd.fit(each, **options, report=report)

    found = compare_lp(pattern, fitted, monochromator)
    told = {"slxrd": slxrd.__version__, "schema": 1, **found.as_dictionary()}
    told["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()

    def draw(kind: str) -> bytes:
        from slxrd.plotting import figure_bytes
        from slxrd.plotting_lp import lp_figure

        return figure_bytes(lp_figure(found), kind)

    outputs.finish(str(found), told, draw, found.csv())
