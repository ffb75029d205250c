"""The command ``slxrd orientation``: preferred orientation, tilt and impurities from a diffraction image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slxrd.fitting.request import parsing
from slxrd.studies.images.remapping.request import geometry_of, polarisation_of, read_masked
from slxrd.studies.images.rings.fit import TOLERANCE
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.image_options import ImageOptions, RingLattice, RingTolerance
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@command(
    "orientation",
    group="Images",
    example="slxrd orientation film.tif --poni a.poni --incidence 0.2 --lattice CsPbBr3",
)
def orientation_command(
    file: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image (TIFF, EDF, CBF, HDF5, .gfrm, ...).")],
    *,
    lattice: RingLattice = None,
    spacings: Annotated[
        str | None,
        typer.Option(metavar="D,D,...", help="Spacings in Å that name the rings, instead of a lattice."),
    ] = None,
    q: Annotated[
        str | None,
        typer.Option(metavar="MIN:MAX", help="Range in Å⁻¹ that is searched for rings; default: from 0.5."),
    ] = None,
    size: Annotated[
        float | None,
        typer.Option(
            metavar="Å",
            help="Edge of the crystals, for the width of the spots themselves; default: that along q.",
        ),
    ] = None,
    tolerance: RingTolerance = TOLERANCE,
    given: ImageOptions,
    out: Annotated[Path | None, folder("orientation.json, orientation.csv and orientation.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Orientation of crystals from the rings of an image: preferred plane, tilt, impurities."""
    from slxrd.studies.images.orientation.measure import measure_orientation

    outputs = Outputs(json, plot, force, file=file, out=out, name="orientation")
    image = read_masked(given.values, file)
    found = measure_orientation(
        image,
        geometry_of(given.values, image),
        lattice,
        spacings=_numbers(spacings),
        q=None if q is None else parsing.interval(q, f"--q {q}"),
        size=size,
        tolerance=tolerance,
        polarisation=polarisation_of(given.values),
    )

    def figure() -> Figure:
        from slxrd.ui.plotting.orientation import orientation_figure

        return orientation_figure(found)

    outputs.finish(str(found), found.as_dictionary(), figure, found.csv())


def _numbers(text: str | None) -> list[float]:
    return [parsing.number(part, f"--spacings {text}") for part in (text or "").split(",") if part]
