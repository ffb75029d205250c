"""Curves and bars on a canvas of their own: a slider redraws them without points, axes and grid."""

from __future__ import annotations

from bokeh.models import Band, ColumnDataSource, Whisker
from bokeh.plotting import figure

# Bokeh draws the level "overlay" on a separate canvas, where it clips annotations but not glyphs.


def add_line(
    plot: figure, source: ColumnDataSource, x: str, y: str, colour: str, *, dash: str = "solid"
) -> None:
    """Draw a curve through two columns of a source."""
    plot.add_layout(
        Band(
            source=source,
            base=x,
            lower=y,
            upper=y,
            level="overlay",
            fill_color=None,
            line_color=colour,
            line_alpha=1.0,
            line_width=2,
            line_dash=dash,
        )
    )


def add_bars(
    plot: figure,
    source: ColumnDataSource,
    at: str,
    foot: str,
    top: str,
    colour: str,
    *,
    horizontal: bool = False,
    width: float = 2.0,
    dash: str = "solid",
) -> None:
    """Draw bars from one column of a source to another: vertical, or horizontal with ``horizontal``."""
    plot.add_layout(
        Whisker(
            source=source,
            base=at,
            lower=foot,
            upper=top,
            dimension="width" if horizontal else "height",
            level="overlay",
            lower_head=None,
            upper_head=None,
            line_color=colour,
            line_width=width,
            line_dash=dash,
        )
    )
