"""The look that all pictures of the page share."""

from __future__ import annotations

from bokeh.plotting import figure

from slxrd.app.colours import Colours


def dress(picture: figure, colours: Colours) -> None:
    """Give a figure the colours of the page."""
    for axis in picture.axis:
        axis.axis_label_text_color = axis.major_label_text_color = colours.ink
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = colours.ink
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = "12px"
    for grid in picture.grid:
        grid.grid_line_color = colours.faint
    picture.background_fill_color = picture.border_fill_color = colours.ground
    picture.outline_line_color = colours.faint
    if picture.title is not None:
        picture.title.text_color = colours.ink
        picture.title.text_font_style = "normal"
        picture.title.text_font_size = "12px"
    for legend in picture.legend:
        legend.label_text_color = colours.ink
        legend.background_fill_color = colours.ground
        legend.background_fill_alpha = 0.7
        legend.border_line_color = None
        legend.label_text_font_size = "11px"
        legend.padding = 3
        legend.spacing = 0
