"""Light and dark theme of the page: colours of the plots, the text and the frame.

Data colours are those of Okabe and Ito, which people with colour vision deficiency can distinguish.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bokeh.plotting import figure


@dataclass(frozen=True)
class Colours:
    """Colours of a theme. No meaning depends on colour alone: shapes or labels repeat it.

    Parameters
    ----------
    background, text, grid : str
        Background of plots and cards, text and axes, and grid lines.
    frame, border, muted : str
        Background of the frame, outlines, and text of less weight.
    accent, on_accent, accent_soft : str
        Colour of what can be pressed or is chosen, text on it, and a light shade of it.
    success, error : str
        Messages.
    image_filter : str
        CSS filter for images that are drawn dark on white.
    measured, calculated, residual, fringe, bragg, region, mask, baseline, spurious, cut : str
        The elements of the plots.
    not_measured, not_measured_lines : str
        Where an image has no measured pixel, which is hatched.
    """

    background: str
    text: str
    grid: str
    frame: str
    border: str
    muted: str
    accent: str
    on_accent: str
    accent_soft: str
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
    cut: str
    not_measured: str
    not_measured_lines: str


LIGHT = Colours(
    background="#ffffff",
    text="#1f2328",
    grid="#e6e9ed",
    frame="#f3f5f8",
    border="#c9d0d8",
    muted="#56606b",
    accent="#0b62a8",
    on_accent="#ffffff",
    accent_soft="#e2eef9",
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
    cut="#d55e00",
    not_measured="#bdbdbd",
    not_measured_lines="#7f7f7f",
)
DARK = Colours(
    background="#181d23",
    text="#e6e8ea",
    grid="#2b323a",
    frame="#0f1317",
    border="#3b444e",
    muted="#a5afba",
    accent="#63b3f0",
    on_accent="#06141f",
    accent_soft="#17344c",
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
    cut="#d55e00",
    not_measured="#4a4f55",
    not_measured_lines="#80868c",
)


def colours(dark: bool) -> Colours:
    """Return the colours of the dark or the light theme."""
    return DARK if dark else LIGHT


def entries_html(colours: Colours, entries: Iterable[tuple[str, str, str]]) -> str:
    """Return a legend as HTML: sign, colour and label of each entry."""
    spans = "".join(
        f"<span style='margin-right:16px'><b style='color:{colour}'>{sign}</b> {label}</span>"
        for sign, colour, label in entries
    )
    return f"<div style='font-size:12px;color:{colours.text}'>{spans}</div>"


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
