"""The command ``slxrd saed``: rings, arcs and spots of an electron diffraction image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.studies.images.rings.fit import TOLERANCE
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.image_options import RingLattice, RingTolerance, TakeImage
from slxrd.ui.cli.options import Given
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Options of images that mean something without a film and a detector of X-rays.
_PIXELS = ("centre", "frame", "mask_file", "beam_stop", "saturated", "keep_hot", "keep_negative", "photon")


@command("saed", group="Images", example="slxrd saed pattern.tif --camera-constant 720:7 --lattice CsPbBr3")
def saed_command(
    file: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image (TIFF, PNG, .mrc, .dm3, EDF, ...).")],
    *,
    camera_constant: Annotated[
        str,
        typer.Option(
            metavar="VALUE[:ERROR]",
            help="Radius of a ring times its spacing in Å·pixel, or in Å·mm with --pixel; and its error.",
        ),
    ],
    pixel: Annotated[
        float | None,
        typer.Option(metavar="UM", help="Size of a pixel in µm, for a camera constant in Å·mm."),
    ] = None,
    voltage: Annotated[float, typer.Option(metavar="KV", help="Accelerating voltage.")] = 200.0,
    lattice: RingLattice = None,
    q: Annotated[
        str | None,
        typer.Option(metavar="MIN:MAX", help="Range in Å⁻¹ that is searched; default: from 0.5."),
    ] = None,
    tolerance: RingTolerance = TOLERANCE,
    given: Annotated[Given, TakeImage(_PIXELS)],
    out: Annotated[Path | None, folder("saed.json, saed.csv and saed.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Electron diffraction (SAED): rings and spots, spacings, indices, arcs and zone axis."""
    from slxrd.studies.images.remapping.request import pair
    from slxrd.studies.images.saed.files import read_diffraction
    from slxrd.studies.images.saed.measure import measure_saed

    outputs = Outputs(json, plot, force, file=file, out=out, name="saed")
    constant, error = _constant(camera_constant, pixel)
    centre = given.values["centre"]
    found = measure_saed(
        read_diffraction(given.values, file),
        constant,
        lattice,
        camera_error=error,
        voltage=voltage,
        centre=None if centre is None else pair(centre, "--centre", "ROW,COLUMN"),
        q=None if q is None else parsing.interval(q, f"--q {q}"),
        tolerance=tolerance,
        find_shadow=not given.values["beam_stop"],
    )

    def figure() -> Figure:
        from slxrd.ui.plotting.saed import saed_figure

        return saed_figure(found)

    outputs.finish(str(found), found.as_dictionary(), figure, found.csv())


def _constant(text: str, pixel: float | None) -> tuple[float, float | None]:
    """Return the camera constant in Å·pixel, and its error."""
    argument = f"--camera-constant {text}"
    numbers = [parsing.number(part, argument) for part in text.split(":")]
    if len(numbers) > 2:
        raise SlxrdError(f"{argument}: expected VALUE or VALUE:ERROR, for example 720:7")
    if pixel is not None and not 0.1 <= pixel <= 5000.0:
        raise SlxrdError(f"--pixel {pixel:g}: must be between 0.1 and 5000 µm")
    factor = 1.0 if pixel is None else 1e3 / pixel
    return numbers[0] * factor, numbers[1] * factor if len(numbers) == 2 else None
