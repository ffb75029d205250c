"""The command ``slxrd merit``: disorder from fringes, tilt, strain, coherence."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from slxrd.errors import SlxrdError

if TYPE_CHECKING:
    from slxrd.coherence import Alternative
    from slxrd.figures_of_merit import Merits
    from slxrd.visibility import Visibility


@app.command("merit")
def merit_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any file that slxrd info reads.")],
    region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QMIN:QMAX[:WEIGHT]", help="A Bragg peak, may be repeated; default: those found."
        ),
    ] = None,
    mask: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Leave out q from A to B in Å⁻¹; may be repeated.")
    ] = None,
    noise: Annotated[
        str | None, typer.Option(metavar="FRACTION|counting|file", help="σ, as for slxrd fit.")
    ] = None,
    coherent: Coherent = 40,
    resolution: Resolution = "0.007",
    quick: Annotated[
        bool, typer.Option("--quick", help="Fringes only: no fit of the whole profile, and nothing from it.")
    ] = False,
    bulk: Annotated[
        str | None, typer.Option(metavar="D[:ERROR]", help="Unstrained plane distance in Å, for the strain.")
    ] = None,
    slit: Annotated[float | None, typer.Option(help="Width of the slits in mm, for the coherence.")] = None,
    radius: Annotated[float | None, typer.Option(help="Radius of the diffractometer in mm.")] = None,
    line_width: Annotated[
        float | None, typer.Option(help="Δλ/λ of the radiation; default: that of Cu Kα₁, for Cu.")
    ] = None,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    no_lp: NoLp = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write merit.json, merit.csv and merit.png into a folder."),
    ] = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write it as JSON; - for standard output.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it as .png, .svg or .pdf.")] = None,
    force: Force = False,
) -> None:
    """Figures of merit: disorder from fringes seen and unseen, tilt, strain, thickness, coherence."""
    from slxrd.disorder import disorder_from_fringes
    from slxrd.progress import progress

    outputs = Outputs("merit", file, out, json, plot, force)
    if quick and (bulk is not None or slit is not None or radius is not None or line_width is not None):
        raise SlxrdError(
            "--quick makes no fit, which --bulk, --slit, --radius and --line-width need; leave one out"
        )
    if slit is not None and radius is None:
        raise SlxrdError("--slit needs the radius of the diffractometer, --radius 467 (mm)")
    unstrained = None if bulk is None else _bulk(bulk)
    sigma = arguments.noise(noise)
    pattern = read_corrected(
        file,
        axis,
        wavelength,
        trust_axis,
        scan,
        monochromator,
        no_lp,
        columns=columns,
        counting=sigma == "counting",
    )
    if radius is not None and pattern.wavelength is None:
        raise SlxrdError(f"{file}: coherence needs the wavelength (--wavelength CuKa, or in Å)")
    options: dict[str, Any] = {
        "regions": [arguments.region(text) for text in region or ()],
        "mask": [arguments.interval(text, f"--mask {text}") for text in mask or ()],
        "coherent": coherent,
        "resolution": arguments.resolution(resolution),
        "noise": sigma,
    }
    with progress("fringes") as report:
        disorder = disorder_from_fringes(pattern, **options, report=report)
    merits = None
    if not quick:
        with progress("fitting the profile") as report:
            fit = slxrd.fit(pattern, **options, report=report)
        merits = _merits(fit, unstrained, slit, radius, line_width)
    told: dict[str, Any] = {"slxrd": slxrd.__version__, "schema": 1, **disorder.as_dictionary()}
    told["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    told["merits"] = None if merits is None else merits.as_dictionary()

    def draw(kind: str) -> bytes:
        from slxrd.plotting import figure_bytes
        from slxrd.plotting_merit import merit_figure

        return figure_bytes(merit_figure(disorder, merits), kind)

    text = str(disorder) if merits is None else f"{disorder}\n\n{merits}"
    outputs.finish(text, told, draw, _csv(disorder.orders))


def _bulk(text: str) -> tuple[float, float]:
    value, sign, error = text.partition(":")
    argument = f"--bulk {text}"
    return arguments.number(value, argument), arguments.number(error, argument) if sign else 0.0


def _merits(
    fit: slxrd.Fit,
    bulk: tuple[float, float] | None,
    slit: float | None,
    radius: float | None,
    line_width: float | None,
) -> Merits:
    from slxrd.coherence import compare_coherent, compare_slits, longitudinal_coherence, transverse_coherence
    from slxrd.figures_of_merit import Merits, strain, tilt

    known = fit.parameters
    estimates = {**fit.derived, "tilt": tilt(known["sigma_L"], known["N"], known["d"])}
    if bulk is not None:
        estimates["strain"] = strain(known["d"], *bulk)
    wavelength = fit.pattern.wavelength
    transverse = longitudinal = None
    slits: tuple[Alternative, ...] = ()
    if wavelength is not None and radius is not None:
        transverse = None if slit is None else transverse_coherence(wavelength, radius, slit)
        if fit.derived["period"].value is not None and fit.instrument.broadening is None:
            slits = compare_slits(fit, wavelength, radius)
    if wavelength is not None and line_width is not None:
        longitudinal = longitudinal_coherence(wavelength, line_width)
    elif wavelength is not None and abs(wavelength - 1.5406) < 0.005:
        longitudinal = longitudinal_coherence(wavelength)
    stacked = fit.parameters["L"].value is not None
    return Merits(fit, estimates, transverse, longitudinal, compare_coherent(fit) if stacked else (), slits)


def _csv(orders: Sequence[Visibility]) -> str:
    """Points of all Bragg peaks: q (Å⁻¹), measured, sigma, curve without and with fringes."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["q", "measured", "sigma", "without_fringes", "with_fringes", "peak"])
    for i, each in enumerate(orders, start=1):
        columns = (each.points, each.measured, each.sigma, each.smooth, each.fringed)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            table.writerow([*(f"{value:.10g}" for value in row), i])
    return text.getvalue()
