"""Plots of χ² along each parameter, with the values at the cursor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, HoverTool, Range1d, Span
from bokeh.plotting import figure

from slxrd.fitting.record.kept_followup import KeptMap
from slxrd.ui.app.plots.axis import format_intensity, heights, quantity_label
from slxrd.ui.app.plots.grid import side_by_side
from slxrd.ui.app.plots.theme import Colours, apply_theme, entries_html

#: Rise of χ² up to which the maps are shown at first.
SHOWN_RISE = 40.0
_HEIGHT = 280


def map_legend(colours: Colours) -> str:
    """Return the legend of the maps as HTML."""
    return entries_html(
        colours,
        (
            ("━", colours.calculated, "other parameters refined"),
            ("━", colours.residual, "other parameters fixed"),
            ("○", colours.text, "minima"),
            ("╌", colours.region, "68 %"),
            ("┈", colours.muted, "95 %"),
        ),
    )


def map_plots(maps: Sequence[KeptMap], least: float, colours: Colours) -> pn.Column:
    """Draw a plot for each parameter, side by side as far as there is room.

    Parameters
    ----------
    maps : sequence of KeptMap
        χ² along the parameters.
    least : float
        χ² of the fit.
    colours : Colours
        Theme of the page.
    """
    return side_by_side([_plot(one, least, colours) for one in maps], _HEIGHT)


def _plot(one: KeptMap, least: float, colours: Colours) -> figure:
    curves = {"kept": one.section} | ({} if one.profile is None else {"refined": one.profile})
    x = np.unique(np.concatenate([curve.values for curve in curves.values()]))
    rises = {
        name: np.interp(x, curve.values, curve.chi2, left=np.nan, right=np.nan) - least
        for name, curve in curves.items()
    }
    columns = {name: heights(rise, "sqrt", 0.0) for name, rise in rises.items()}
    source = ColumnDataSource(
        {"x": x, **columns, **{f"{name}_rise": rise for name, rise in rises.items()}},
        name=f"map of {one.name}",
    )
    highest = max(float(np.nanmax(rise)) for rise in rises.values())
    lowest = min(float(np.nanmin(column)) for column in columns.values())
    top = float(np.sqrt(min(highest, SHOWN_RISE))) * 1.08
    plot = figure(
        height=_HEIGHT,
        sizing_mode="stretch_width",
        x_range=Range1d(float(x[0]), float(x[-1])),
        y_range=Range1d(min(lowest, 0.0) - 0.04 * top, top),
        tools="box_zoom,pan,wheel_zoom,reset,save",
        active_drag="box_zoom",
        x_axis_label=quantity_label(one.name),
        y_axis_label="χ² − χ²min (√ scale)",
        output_backend="canvas",
        name=f"map of {one.name}",
    )
    plot.toolbar.logo = None
    format_intensity(plot, "sqrt")
    for rise, colour, dashes in zip(
        one.rises, (colours.region, colours.muted), ("dashed", "dotted"), strict=True
    ):
        place = float(np.sqrt(rise))
        plot.add_layout(Span(location=place, dimension="width", line_color=colour, line_dash=dashes))
    drawn = {}
    for name, colour, width in (("kept", colours.residual, 2.5), ("refined", colours.calculated, 2.0)):
        if name in curves:
            drawn[name] = plot.line("x", name, source=source, line_color=colour, line_width=width)
            if curves[name].minima:
                places, at = np.array(curves[name].minima).T
                plot.scatter(
                    places, heights(at - least, "sqrt", 0.0), size=7, fill_alpha=0.0, line_color=colour
                )
    labels = {"refined": "others refined", "kept": "others fixed"}
    tooltips = [(quantity_label(one.name), "@x{0.00000}")]
    tooltips += [(f"χ² − χ²min, {labels[name]}", f"@{name}_rise{{0.00}}") for name in drawn]
    plot.add_tools(
        HoverTool(renderers=[drawn["kept"]], mode="vline", tooltips=tooltips, visible=False, name="readout")
    )
    apply_theme(plot, colours)
    return plot
