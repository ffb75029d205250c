"""What follows a slider: drawn on a canvas of its own, so that points, axes and grid are not drawn again."""

from __future__ import annotations

from bokeh.models import Band, ColumnDataSource, Whisker
from bokeh.plotting import figure

# Bokeh paints its level "overlay" apart from the rest. Glyphs would not be clipped there; annotations are.


def line(picture: figure, source: ColumnDataSource, x: str, y: str, colour: str) -> None:
    """A curve through two columns of a source."""
    picture.add_layout(
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
        )
    )


def bars(
    picture: figure,
    source: ColumnDataSource,
    at: str,
    foot: str,
    top: str,
    colour: str,
    *,
    across: bool = False,
    width: float = 2.0,
    dash: str = "solid",
) -> None:
    """Lines from one column of a source to another, upright or across."""
    picture.add_layout(
        Whisker(
            source=source,
            base=at,
            lower=foot,
            upper=top,
            dimension="width" if across else "height",
            level="overlay",
            lower_head=None,
            upper_head=None,
            line_color=colour,
            line_width=width,
            line_dash=dash,
        )
    )
