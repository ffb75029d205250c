"""The look that all pictures of the page share.

Colours of the page, light and dark: those of Okabe and Ito, which the colour-blind can tell apart.

The look of all controls: Panel's own, with signs that can be seen on a dark page too.
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
    """What things are drawn with; every one is also told by its shape or by a word.

    Parameters
    ----------
    ground, ink, faint : str
        Behind a picture, its text and axes, and its grid.
    good, bad : str
        Sentences that tell of success, and of mistakes.
    picture : str
        CSS filter for pictures that were drawn dark on white.
    measured, calculated, residual, fringe, bragg, region, mask, baseline, spurious : str
        What is drawn.
    """

    ground: str
    ink: str
    faint: str
    good: str
    bad: str
    picture: str
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
    ground="#ffffff",
    ink="#1f2328",
    faint="#e3e6e9",
    good="#1a6e50",
    bad="#b3350a",
    picture="none",
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
    ground="#16191d",
    ink="#e6e8ea",
    faint="#2c3238",
    good="#5fd3a6",
    bad="#ff9466",
    picture="invert(0.91) hue-rotate(180deg)",
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
    """Return those of the dark or the light page."""
    return DARK if dark else LIGHT


#: Bokeh draws the arrows of lists and numbers black.
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


def apply_theme(picture: figure, colours: Colours) -> None:
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
