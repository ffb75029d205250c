"""The command ``slxrd periods``: periods of a superlattice from an image at grazing incidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slxrd.fitting.request import parsing
from slxrd.studies.images.remapping.request import geometry_of, read_masked
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.image_options import ImageOptions
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@command(
    "periods",
    group="Images",
    example="slxrd periods gisaxs.tif --poni detector.poni --incidence 0.2",
)
def periods_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Image at grazing incidence, with spots.")],
    *,
    given: ImageOptions,
    critical: Annotated[
        str | None,
        typer.Option(
            metavar="QC[:ERROR]",
            help="Critical q of the film in Å⁻¹, and its error; default: from the spots.",
        ),
    ] = None,
    centre_error: Annotated[
        float | None, typer.Option(metavar="PIXELS", help="Error of the centre; 0.5 is assumed.")
    ] = None,
    distance_error: Annotated[
        float | None, typer.Option(metavar="PART", help="Error of the distance over it; 0.001 is assumed.")
    ] = None,
    incidence_error: Annotated[
        float | None, typer.Option(metavar="DEGREES", help="Error of the incidence; 0.02 is assumed.")
    ] = None,
    out: Annotated[Path | None, folder("periods.json, periods.csv and periods.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Periods in and out of plane from the spots of an image at grazing incidence (GISAXS)."""
    from slxrd.studies.images.spots.periods import measure_periods
    from slxrd.studies.images.spots.scattering import GeometryErrors

    outputs = Outputs(json, plot, force, file=file, out=out, name="periods")
    typed = {"centre": centre_error, "distance": distance_error, "incidence": incidence_error}
    known = {name: each for name, each in typed.items() if each is not None}
    errors = GeometryErrors(**known) if known else None
    value, sign, error = (critical or "").partition(":")
    argument = f"--critical {critical}"
    image = read_masked(given.values, file)
    found = measure_periods(
        image,
        geometry_of(given.values, image),
        critical=parsing.number(value, argument) if value else None,
        critical_error=parsing.number(error, argument) if sign else 0.0,
        errors=errors,
    )

    def figure() -> Figure:
        from slxrd.ui.plotting.periods import periods_figure

        return periods_figure(found)

    outputs.finish(str(found), found.as_dictionary(), figure, found.csv())
