"""The commands ``slxrd merit`` (figures of merit) and ``slxrd lp`` (effect of the correction on a fit)."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import slxrd
from slxrd._escape import CsvWriter
from slxrd.data.noise import is_counting
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.fitting.request.effects import NO_EFFECTS
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.options import Given, Measured, take
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from slxrd.studies.merit.coherence import Alternative
    from slxrd.studies.merit.figures import FiguresOfMerit
    from slxrd.studies.merit.visibility import Visibility


@command("lp", group="Other quantities", example="slxrd lp film.xrdml --region 0.9:1.3 --plot lp.pdf")
def lp_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Pattern over 2θ, or over q if it is corrected.")
    ],
    *,
    request: Annotated[
        Given,
        take(
            *("regions", "mask", "noise", "fix", "start", "background", "coherent", "resolution"),
            *("reading", "monochromator"),
        ),
    ],
    out: Annotated[Path | None, folder("lp.json, lp.csv and lp.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Compare fits with and without the Lorentz-polarisation correction, as Table 1 of the paper's SI."""
    from slxrd.studies.polarisation import compare_lp
    from slxrd.ui.progress import progress

    outputs = Outputs(json, plot, force, file=file, out=out, name="lp")
    options = request.arguments()
    pattern = request.read(file)
    if is_counting(options["noise"]):
        pattern = slxrd.counting_statistics(pattern)

    def fitted(each: slxrd.Pattern) -> slxrd.Fit:
        with progress("fitting") as report:
            # A correction that is missing is one of the systematic effects, a smooth factor.
            return slxrd.fit(each, **options, systematics=NO_EFFECTS, report=report)

    found = compare_lp(pattern, fitted, request["monochromator"])

    def figure() -> Figure:
        from slxrd.ui.plotting.merit import lp_figure

        return lp_figure(found)

    outputs.finish(str(found), found.as_dictionary(), figure, found.csv())


@command("merit", group="Other quantities", example="slxrd merit film.xrdml --plot merit.pdf")
def merit_command(
    file: Measured,
    *,
    request: Annotated[
        Given,
        take(
            *("regions", "mask", "noise", "coherent", "resolution", "background"),
            *("reading", "preparation"),
            regions="Bragg peaks in Å⁻¹; default: those found.",
            background="Background of the fit of the whole profile.",
        ),
    ],
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
    out: Annotated[Path | None, folder("merit.json, merit.csv and merit.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Figures of merit: disorder from fringes seen and unseen, tilt, strain, thickness, coherence."""
    from slxrd.studies.merit.disorder import disorder_from_fringes
    from slxrd.ui.progress import progress

    outputs = Outputs(json, plot, force, file=file, out=out, name="merit")
    if quick and (bulk is not None or slit is not None or radius is not None or line_width is not None):
        raise SlxrdError(
            "--quick makes no fit, which --bulk, --slit, --radius and --line-width need; leave one out"
        )
    if slit is not None and radius is None:
        raise SlxrdError("--slit needs the radius of the diffractometer, --radius 467 (mm)")
    unstrained = None if bulk is None else _bulk(bulk)
    for option, value in (("--slit", slit), ("--radius", radius), ("--line-width", line_width)):
        if value is not None and not (math.isfinite(value) and value > 0.0):
            raise SlxrdError(f"{option} {value:g}: must be a positive number")
    options = request.arguments()
    pattern = request.prepared(file)
    if (radius is not None or line_width is not None) and pattern.wavelength is None:
        raise SlxrdError(f"{file}: coherence needs the wavelength (--wavelength CuKa, or in Å)")
    with progress("fringes") as report:
        own = {name: value for name, value in options.items() if name != "background"}
        disorder = disorder_from_fringes(pattern, **own, report=report)
    merits = None
    if not quick:
        with progress("fitting the profile") as report:
            fit = slxrd.fit(pattern, **options, report=report)
        merits = _merits(fit, unstrained, slit, radius, line_width)
    document = {**disorder.as_dictionary(), "merits": None if merits is None else merits.as_dictionary()}

    def figure() -> Figure:
        from slxrd.ui.plotting.merit import merit_figure

        return merit_figure(disorder, merits)

    text = str(disorder) if merits is None else f"{disorder}\n\n{merits}"
    outputs.finish(text, document, figure, _csv(disorder.orders))


def _bulk(text: str) -> tuple[float, float]:
    value, sign, error = text.partition(":")
    argument = f"--bulk {text}"
    bulk, uncertain = parsing.number(value, argument), parsing.number(error, argument) if sign else 0.0
    if not (bulk > 0.0 and uncertain >= 0.0):
        raise SlxrdError(f"{argument}: the plane distance must be positive, and its error not negative")
    return bulk, uncertain


def _merits(
    fit: slxrd.Fit,
    bulk: tuple[float, float] | None,
    slit: float | None,
    radius: float | None,
    line_width: float | None,
) -> FiguresOfMerit:
    from slxrd.studies.merit.coherence import (
        compare_coherent,
        compare_slits,
        longitudinal_coherence,
        transverse_coherence,
    )
    from slxrd.studies.merit.figures import FiguresOfMerit, strain, tilt

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
    return FiguresOfMerit(
        fit, estimates, transverse, longitudinal, compare_coherent(fit) if stacked else (), slits
    )


def _csv(orders: Sequence[Visibility]) -> str:
    """Points of all Bragg peaks: q (Å⁻¹), measured, sigma, curve without and with fringes."""
    text = io.StringIO()
    table = CsvWriter(text)
    table.writerow(["q", "measured", "sigma", "without_fringes", "with_fringes", "peak"])
    for i, each in enumerate(orders, start=1):
        columns = (each.points, each.measured, each.sigma, each.smooth, each.fringed)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            table.writerow([*(f"{value:.10g}" for value in row), i])
    return text.getvalue()
