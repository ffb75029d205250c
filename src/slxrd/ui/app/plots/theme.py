"""Light and dark theme of the page: colours of plots and text, and the design of the controls.

Data colours are those of Okabe and Ito, which people with colour vision deficiency can distinguish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from bokeh.plotting import figure
from panel.theme.base import Inherit
from panel.theme.native import Native
from panel.viewable import Viewable
from panel.widgets import Select, Widget


@dataclass(frozen=True)
class Colours:
    """Colours of a theme. No meaning depends on colour alone: shapes or labels repeat it.

    Parameters
    ----------
    background, text, grid : str
        Background, text and axes, and grid lines.
    success, error : str
        Messages.
    image_filter : str
        CSS filter for images that are drawn dark on white.
    measured, calculated, residual, fringe, bragg, region, mask, baseline, spurious : str
        The elements of the plots.
    """

    background: str
    text: str
    grid: str
    success: str
    error: str
    image_filter: str
    measured: str
    calculated: str
    residual: str
    fringe: str
    bragg: str
    region: str
    mask: str
    baseline: str
    spurious: str


LIGHT = Colours(
    background="#ffffff",
    text="#1f2328",
    grid="#e3e6e9",
    success="#1a6e50",
    error="#b3350a",
    image_filter="none",
    measured="#4d4d4d",
    calculated="#d55e00",
    residual="#0072b2",
    fringe="#0072b2",
    bragg="#000000",
    region="#009e73",
    mask="#999999",
    baseline="#cc79a7",
    spurious="#d55e00",
)
DARK = Colours(
    background="#16191d",
    text="#e6e8ea",
    grid="#2c3238",
    success="#5fd3a6",
    error="#ff9466",
    image_filter="invert(0.91) hue-rotate(180deg)",
    measured="#b9c0c7",
    calculated="#e69f00",
    residual="#56b4e9",
    fringe="#56b4e9",
    bragg="#ffffff",
    region="#2fc79c",
    mask="#8a8a8a",
    baseline="#e3a0c8",
    spurious="#ff8a3d",
)


def colours(dark: bool) -> Colours:
    """Return the colours of the dark or the light theme."""
    return DARK if dark else LIGHT


#: Bokeh draws the arrows of lists and number fields in black, which cannot be seen on a dark page.
_ARROWS = """
.bk-spin-btn-up:before { border-bottom-color: currentColor; }
.bk-spin-btn-down:before { border-top-color: currentColor; }
"""
_LIST = """
select.bk-input:not([size]):not([multiple]) { background-image: none; }
.bk-input-group:has(select:not([size])) { position: relative; }
.bk-input-group:has(select:not([size]))::after {
  content: "▾"; position: absolute; right: 9px; bottom: 5px; pointer-events: none;
}
"""


class PageDesign(Native):
    """Panel's native design, with arrows in the colour of the text."""

    modifiers: ClassVar[dict[type[Viewable], dict[str, Any]]] = {
        Widget: {"stylesheets": [Inherit, _ARROWS]},
        Select: {"stylesheets": [Inherit, _LIST]},
    }


def apply_theme(plot: figure, colours: Colours) -> None:
    """Apply the colours and font sizes of the page to a figure."""
    for axis in plot.axis:
        axis.axis_label_text_color = axis.major_label_text_color = colours.text
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = colours.text
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = "12px"
    for grid in plot.grid:
        grid.grid_line_color = colours.grid
    plot.background_fill_color = plot.border_fill_color = colours.background
    plot.outline_line_color = colours.grid
    if plot.title is not None:
        plot.title.text_color = colours.text
        plot.title.text_font_style = "normal"
        plot.title.text_font_size = "12px"
    for legend in plot.legend:
        legend.label_text_color = colours.text
        legend.background_fill_color = colours.background
        legend.background_fill_alpha = 0.7
        legend.border_line_color = None
        legend.label_text_font_size = "11px"
        legend.padding = 3
        legend.spacing = 0
