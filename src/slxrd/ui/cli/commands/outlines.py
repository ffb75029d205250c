"""The command ``slxrd outlines``: size and distortion of superlattices in a micrograph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot, folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Error of a scale bar in pixels, if none is typed: each end is known to half a pixel.
SCALE_BAR_ERROR = 0.41


@command("outlines", group="Images", example="slxrd outlines tem.tif --scale-bar 500:212 --plot outlines.pdf")
def outlines_command(
    file: Annotated[Path, typer.Argument(metavar="IMAGE", help="Micrograph: TIFF, PNG, JPEG or BMP.")],
    *,
    scale_bar: Annotated[
        str | None,
        typer.Option(
            metavar="NM:PIXELS[:ERROR]",
            help="Length of the scale bar in nm and in pixels; error in pixels, 0.41 if none is given.",
        ),
    ] = None,
    pixel: Annotated[
        str | None, typer.Option(metavar="NM[:ERROR]", help="Length of a pixel in nm, and its error.")
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(metavar="FIRST:LAST", help="Rows to analyse, from 0; leave out the scale bar."),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="FIRST:LAST", help="Columns to analyse, from 0.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Grey level between objects and background; default: from the histogram (Otsu)."),
    ] = None,
    dark: Annotated[
        bool | None,
        typer.Option(
            "--dark/--bright",
            help="Objects are darker, or brighter, than the background; default: from the edge.",
        ),
    ] = None,
    smallest: Annotated[
        float | None,
        typer.Option(
            metavar="NM", help="Smallest object, by the square root of its area; default 20 pixels."
        ),
    ] = None,
    out: Annotated[Path | None, folder("outlines.json, outlines.csv and outlines.png")] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Outlines of superlattices in a micrograph: diagonal, sides and angles, size against distortion."""
    from slxrd.studies.images.outlines.find import find_outlines

    outputs = Outputs(json, plot, force, file=file, out=out, name="outlines")
    length, error = _scale(scale_bar, pixel)
    found = find_outlines(
        file,
        length,
        pixel_error=error,
        rows=None if rows is None else _range(rows, f"--rows {rows}"),
        columns=None if columns is None else _range(columns, f"--columns {columns}"),
        threshold=threshold,
        dark=dark,
        smallest=smallest,
    )

    def figure() -> Figure:
        from slxrd.ui.plotting.outlines import outlines_figure

        return outlines_figure(found)

    outputs.finish(str(found), found.as_dictionary(), figure, found.csv())


def _scale(scale_bar: str | None, pixel: str | None) -> tuple[float, float]:
    """Return the length of a pixel in nm, and its error."""
    if (scale_bar is None) == (pixel is None):
        raise SlxrdError(
            "give the scale, --scale-bar 500:212 (nm and pixels) or --pixel 2.36 (nm)"
            if pixel is None
            else "--scale-bar and --pixel are two ways to give the scale; leave one out"
        )
    given, argument = (scale_bar, "--scale-bar") if pixel is None else (pixel, "--pixel")
    argument = f"{argument} {given}"
    numbers = [parsing.number(text, argument) for text in str(given).split(":")]
    if pixel is not None:
        if len(numbers) > 2:
            raise SlxrdError(f"{argument}: expected NM or NM:ERROR")
        return numbers[0], numbers[1] if len(numbers) == 2 else 0.0
    if len(numbers) not in (2, 3):
        raise SlxrdError(f"{argument}: expected NM:PIXELS or NM:PIXELS:ERROR, for example 500:212")
    length, pixels, error = (*numbers, SCALE_BAR_ERROR)[:3]
    if not (length > 0.0 and pixels > 0.0 and 0.0 <= error < pixels):
        raise SlxrdError(f"{argument}: lengths must be positive, and the error smaller")
    return length / pixels, length / pixels * error / pixels


def _range(text: str, argument: str) -> tuple[int, int]:
    low, high = parsing.interval(text, argument)
    if not (low.is_integer() and high.is_integer()):
        raise SlxrdError(f"{argument}: expected whole numbers")
    return int(low), int(high)
