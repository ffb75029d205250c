"""The command ``slxrd compare``: several structures fitted to one pattern, and ranked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import slxrd
from slxrd import arguments
from slxrd.cli_app import (
    INTERRUPTED,
    NAMES,
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
    Window,
    ZeroError,
    app,
    read_corrected,
)
from slxrd.cli_write import Outputs


@app.command("compare")
def compare_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any file that slxrd info reads.")],
    models: Annotated[
        list[str],
        typer.Option(
            metavar="A,B,...",
            help="Models: planes, or a crystal such as CsPbBr3:Br, and +mixed, +volume, +slab=0.28, "
            "+partner=PbS-100, +spread=5, +coherent=1, +free=rho, +fix=NAME:VALUE. May be repeated.",
        ),
    ],
    region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QMIN:QMAX[:WEIGHT]",
            help="Region in Å⁻¹, may be repeated; default: around the Bragg peaks.",
        ),
    ] = None,
    mask: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Leave out q from A to B in Å⁻¹; may be repeated.")
    ] = None,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    no_lp: NoLp = False,
    resolution: Resolution = "0.007",
    zero: ZeroError = "q",
    noise: Annotated[
        str | None, typer.Option(metavar="FRACTION|counting|file", help="σ, as for slxrd fit.")
    ] = None,
    start: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help=f"Starting value ({NAMES}).")
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Keep a parameter of the models that have it."),
    ] = None,
    free: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Refine a parameter of the models that have it.")
    ] = None,
    bounds: Annotated[
        list[str] | None, typer.Option(metavar="NAME=A:B", help="Bounds, and range of the flat prior.")
    ] = None,
    tie: Annotated[list[str] | None, typer.Option(metavar="NAME=EXPRESSION", help="Tie a parameter.")] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MEAN:SIGMA", help="What is known of a parameter beforehand."),
    ] = None,
    ligand: Annotated[
        str | None, typer.Option(metavar="NAME|C18", help="Ligand or chain length, which bounds L.")
    ] = None,
    coherent: Coherent = 40,
    size_window: Window = 5.0,
    scale: Annotated[
        Literal["free", "peak"] | None, typer.Option(help="A free factor per region, or peak on peak.")
    ] = None,
    background: Annotated[
        Literal["none", "constant", "linear", "quadratic", "cubic"],
        typer.Option(help="Free background per region."),
    ] = "none",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write compare.json, compare.csv and compare.png into a folder."),
    ] = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write it as JSON; - for standard output.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it as .png, .svg or .pdf.")] = None,
    force: Force = False,
) -> None:
    """Fit several structures to one pattern, and tell which of them the data support."""
    from slxrd.compare import compare_fits
    from slxrd.compare_run import fit_models
    from slxrd.progress import progress

    outputs = Outputs("compare", file, out, json, plot, force)
    options: dict[str, Any] = {
        "regions": [arguments.region(text) for text in region or ()],
        "mask": [arguments.interval(text, f"--mask {text}") for text in mask or ()],
        "start": arguments.values(start or (), "--start"),
        "fix": arguments.values(fix or (), "--fix"),
        "free": free or (),
        "bounds": arguments.intervals(bounds or (), "--bounds"),
        "tie": arguments.assignments(tie or (), "--tie"),
        "prior": arguments.intervals(prior or (), "--prior"),
        "ligand": ligand,
        "noise": arguments.noise(noise),
    }
    pattern = read_corrected(
        file, axis, wavelength, trust_axis, scan, monochromator, no_lp,
        columns=columns, counting=options["noise"] == "counting",
    )  # fmt: skip
    done: dict[str, slxrd.Fit] = {}
    interrupted = False
    with progress("comparing") as report:
        fits = fit_models(
            pattern, models, **options, coherent=coherent, size_window=size_window,
            resolution=arguments.resolution(resolution), zero=zero, scale=scale, background=background,
            report=report,
        )  # fmt: skip
        try:
            for name, result in fits:
                done[name] = result
        except KeyboardInterrupt:
            if len(done) < 2:
                raise
            interrupted = True
    found = compare_fits(done)

    def draw(kind: str) -> bytes:
        from slxrd.plotting import figure_bytes
        from slxrd.plotting_compare import comparison_figure

        return figure_bytes(comparison_figure(found), kind)

    told = {"slxrd": slxrd.__version__, "schema": 1, **found.as_dictionary(), "complete": not interrupted}
    told["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    outputs.finish(str(found), told, draw, found.csv())
    if interrupted:
        typer.echo(f"slxrd: interrupted; only {', '.join(done)} were fitted and compared", err=True)
        raise SystemExit(INTERRUPTED)
