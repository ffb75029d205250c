"""Several plots side by side, as far as there is room, and below each other otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import panel as pn
from bokeh.models import BasicTickFormatter
from bokeh.plotting import figure

#: Least width of a plot, in pixels.
LEAST_WIDTH = 370


def side_by_side(plots: Sequence[figure], height: int) -> pn.Column:
    """Arrange plots in a grid with as many columns as fit into the width.

    Parameters
    ----------
    plots : sequence of figure
        The plots.
    height : int
        Height of each in pixels.
    """
    for plot in plots:
        plot.toolbar_location, plot.toolbar.autohide = "above", True
        plot.xaxis.formatter = BasicTickFormatter(power_limit_low=-5)
        plot.xaxis[0].ticker.desired_num_ticks = 5
    return pn.Column(
        *(pn.pane.Bokeh(plot, sizing_mode="stretch_width", height=height, margin=0) for plot in plots),
        sizing_mode="stretch_width",
        margin=0,
        styles={
            "display": "grid",
            "grid-template-columns": f"repeat(auto-fit, minmax({LEAST_WIDTH}px, 1fr))",
            "gap": "8px",
            "max-height": "none",  # Panel limits it to that of what contains it
        },
    )
