"""The command ``slxrd lp``: what the Lorentz-polarisation correction does to a fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import slxrd
from slxrd import arguments
from slxrd.cli_app import command
from slxrd.cli_options import (
    COHERENT,
    RESOLUTION,
    Background,
    Coherent,
    Fix,
    Monochromator,
    NoiseOf,
    Opening,
    Points,
    Resolution,
    Start,
)
from slxrd.cli_write import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@command("lp")
def lp_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Over 2θ, or over q and taken as corrected.")],
    *,
    points: Points,
    noise: NoiseOf = None,
    fix: Fix = None,
    start: Start = None,
    background: Background = "none",
    coherent: Coherent = COHERENT,
    resolution: Resolution = RESOLUTION,
    opening: Opening,
    monochromator: Monochromator = None,
    out: Annotated[Path | None, folder("lp.json, lp.csv and lp.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Compare fits with and without the Lorentz-polarisation correction, as Table 1 of the paper's SI."""
    from slxrd.lp_comparison import compare_lp
    from slxrd.progress import progress

    outputs = Outputs(json, plot, force, file=file, out=out, name="lp")
    sigma = arguments.noise(noise)
    options: dict[str, Any] = {
        **points.given(),
        "noise": sigma,
        "fix": arguments.values(fix or (), "--fix"),
        "start": arguments.values(start or (), "--start"),
        "background": background,
        "coherent": coherent,
        "resolution": arguments.resolution(resolution),
    }
    pattern = opening.read(file)
    if sigma == "counting":
        pattern = slxrd.counting_statistics(pattern)

    def fitted(each: slxrd.Pattern) -> slxrd.Fit:
        with progress("fitting") as report:
            return slxrd.fit(each, **options, report=report)

    found = compare_lp(pattern, fitted, monochromator)

    def figure() -> Figure:
        from slxrd.plotting_lp import lp_figure

        return lp_figure(found)

    outputs.finish(str(found), found.as_dictionary(), figure, found.csv())
