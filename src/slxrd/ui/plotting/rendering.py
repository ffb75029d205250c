"""Figures as PNG, with less work for Matplotlib than ``savefig`` makes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from slxrd.ui.plotting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def is_saved_plainly() -> bool:
    """Whether no setting of the user changes a figure where it is saved."""
    from matplotlib import rcParams

    colours = (rcParams["savefig.facecolor"], rcParams["savefig.edgecolor"])
    return colours == ("auto", "auto") and not (rcParams["savefig.transparent"] or rcParams["savefig.bbox"])


def write_png(picture: Figure, buffer: io.BytesIO) -> None:
    """Write a figure that arranges its panels; ``savefig`` draws it twice, first to arrange them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas, dpi = picture.canvas, picture.dpi
    try:
        picture.dpi = style.DPI
        canvas_of_png: Any = FigureCanvasAgg(picture)
        canvas_of_png.print_png(buffer)
    finally:
        picture.set_canvas(canvas)
        picture.dpi = dpi


def leave_out_spines(picture: Figure) -> None:
    """Leave lines around panels out of the layout: with ticks inwards they reach no further than the panels.

    For each of them Matplotlib would arrange all ticks again.
    """
    from matplotlib import rcParams

    usual = rcParams["xtick.direction"], rcParams["ytick.direction"]
    for panel in picture.axes:
        directions = {
            axis.get_tick_params(which).get("direction", direction)
            for axis, direction in zip((panel.xaxis, panel.yaxis), usual, strict=True)
            for which in ("major", "minor")
        }
        if panel.name == "rectilinear" and directions == {"in"}:
            for spine in panel.spines.values():
                spine.set_in_layout(False)
