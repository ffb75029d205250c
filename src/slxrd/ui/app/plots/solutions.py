"""Picture of the solutions of a fit: probability against L; a click chooses one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bokeh.models import ColumnDataSource, HoverTool, Range1d, TapTool
from bokeh.plotting import figure

from slxrd.ui.app.plots.theme import Colours, apply_theme


class SolutionsPlot:
    """Probability of each solution against its gap, or against N for single crystals.

    Parameters
    ----------
    colours : Colours
        Theme of the page.
    on_select : callable
        Called with the number of the solution that was clicked, from 0.
    """

    def __init__(self, colours: Colours, on_select: Callable[[int], object]) -> None:
        self._on_select = on_select
        self.source = ColumnDataSource({"x": [], "percent": [], "number": []}, name="solutions")
        self._across = Range1d(0.0, 1.0)
        self.figure = figure(
            height=150,
            sizing_mode="stretch_width",
            x_range=self._across,
            y_range=Range1d(-8.0, 112.0),
            toolbar_location=None,
            tools="",
            y_axis_label="probability (%)",
        )
        self.figure.segment("x", 0.0, "x", "percent", source=self.source, color=colours.grid, line_width=2)
        dots = self.figure.scatter(
            "x", "percent", source=self.source, size=11, fill_color=colours.background,
            line_color=colours.calculated, line_width=2, nonselection_alpha=1.0,
        )  # fmt: skip
        self._chosen = ColumnDataSource({"x": [], "percent": []})
        self.figure.scatter("x", "percent", source=self._chosen, size=7, color=colours.calculated)
        self.figure.add_tools(
            TapTool(renderers=[dots]),
            HoverTool(
                renderers=[dots],
                tooltips=[("solution", "@number"), ("value", "@x{0.00}"), ("probability", "@percent{0.0} %")],
            ),
        )
        self.source.selected.on_change("indices", self._clicked)
        self.figure.yaxis.ticker = [0, 50, 100]
        apply_theme(self.figure, colours)

    def show(self, label: str, at: Sequence[float], probabilities: Sequence[float], chosen: int) -> None:
        """Show the solutions.

        Parameters
        ----------
        label : str
            Label of the horizontal axis, with its unit.
        at : sequence of float
            Positions on it.
        probabilities : sequence of float
            From 0 to 1.
        chosen : int
            Number of the solution shown, from 0.
        """
        percent = [100.0 * each for each in probabilities]
        self.source.data = {
            "x": list(at),
            "percent": percent,
            "number": [i + 1 for i in range(len(percent))],
        }
        self._chosen.data = {"x": [at[chosen]], "percent": [percent[chosen]]}
        self.figure.xaxis.axis_label = label
        margin = 0.12 * (max(at) - min(at)) or 0.05 * max(abs(at[0]), 1.0)
        self._across.update(start=min(at) - margin, end=max(at) + margin)

    def _clicked(self, attribute: str, old: Sequence[int], new: Sequence[int]) -> None:
        if new:
            self.source.selected.indices = []
            self._on_select(int(new[0]))
