"""Drawing of the stack to scale: planes and gaps, with their fluctuations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from slxrd.ui.app.plots.overlay import add_bars
from slxrd.ui.app.plots.theme import Colours, apply_theme

Columns = dict[str, list[float]]
#: Number of crystals in a drawn stack, and the largest number of planes drawn of one.
CRYSTALS, MOST_PLANES = 4, 200
#: Fixed seed: the drawing changes smoothly with the sliders instead of flickering.
_SEED = 2021


def period_of(values: Mapping[str, float], stacked: bool = True) -> tuple[str, float]:
    """Return the period of the fringes, as a formula and in Å: Λ of a stack, or N·d of a single crystal."""
    d, N = values["d"], values["N"]
    if not stacked:
        return "N·d", N * d
    if "N_B" not in values:
        return "(N−1)·d + L", (N - 1.0) * d + values["L"]
    second = (values["N_B"] - 1.0) * values["d_B"] + values.get("dL_B", 0.0)
    return "(N−1)·d + (N_B−1)·d_B + 2·L", (N - 1.0) * d + second + 2.0 * values["L"]


def stack_layout(values: Mapping[str, float], stacked: bool = True) -> tuple[Columns, Columns]:
    """Compute the positions of planes and gaps in three stacks: of N − σ_N, N and N + σ_N planes.

    As in the model, a stack has crystals of one size, and gaps that fluctuate independently.

    Parameters
    ----------
    values : mapping of str to float
        At least d, N, sigma_N and, for stacks, L, sigma_L; for alternating crystals also those of B.
    stacked : bool
        False for single crystals.

    Returns
    -------
    planes : dict
        ``left``, ``right`` and ``height`` of each plane. Stacks are 1 wide; heights are in Å, from the
        first plane.
    gaps : dict
        ``left``, ``right``, ``bottom`` and ``top`` of each gap.
    """
    random = np.random.default_rng(_SEED)
    planes: list[tuple[float, float]] = []
    gaps: list[tuple[float, float, float]] = []
    kinds = [("d", "N", "sigma_N", 0.0)]
    if "N_B" in values:
        kinds.append(("d_B", "N_B", "sigma_N_B", values.get("dL_B", 0.0)))
    for column in range(3):
        base = 0.0
        for crystal in range(CRYSTALS if stacked else 1):
            d, N, sigma_N, wider = kinds[crystal % len(kinds)]
            n = min(max(round(values[N] + (column - 1) * values[sigma_N]), 1), MOST_PLANES)
            planes += [(column, base + k * values[d]) for k in range(n)]
            top = base + (n - 1) * values[d]
            if stacked and crystal < CRYSTALS - 1:
                base = top + values["L"] + wider + values["sigma_L"] * float(random.normal())
                gaps.append((column, top, base))
    return (
        {**_sides([p[0] for p in planes]), "height": [p[1] for p in planes]},
        {**_sides([g[0] for g in gaps]), "bottom": [g[1] for g in gaps], "top": [g[2] for g in gaps]},
    )


def _sides(columns: Sequence[float]) -> Columns:
    return {"left": [column + 0.12 for column in columns], "right": [column + 0.88 for column in columns]}


class StackPlot:
    """Drawing of the three stacks, to scale.

    Parameters
    ----------
    colours : Colours
        Theme of the page.
    """

    def __init__(self, colours: Colours) -> None:
        self._drawn: Columns = {}
        self._planes = ColumnDataSource({"left": [], "right": [], "height": []})
        self._gaps = ColumnDataSource({"left": [], "right": [], "bottom": [], "top": []})
        self._range = Range1d(0.0, 100.0)
        self.figure = figure(
            width=230,
            height=600,
            x_range=(0.0, 3.0),
            y_range=self._range,
            toolbar_location=None,
            tools="",
            y_axis_label="height (Å)",
            y_axis_location="right",
            title="the stack, to scale",
            background_fill_color=colours.background,
            border_fill_color=colours.background,
            outline_line_color=colours.grid,
        )
        self.figure.xaxis.ticker = [0.5, 1.5, 2.5]
        self.figure.xaxis.major_label_overrides = {0.5: "N − σ_N", 1.5: "N", 2.5: "N + σ_N"}
        self.figure.grid.visible = False
        self.figure.quad(
            left="left",
            right="right",
            bottom="bottom",
            top="top",
            source=self._gaps,
            fill_color=colours.calculated,
            fill_alpha=0.25,
            line_color=None,
            level="overlay",
        )
        add_bars(
            self.figure, self._planes, "height", "left", "right", colours.fringe, horizontal=True, width=1.6
        )
        apply_theme(self.figure, colours)

    def show(self, values: Mapping[str, float], stacked: bool = True) -> None:
        """Draw the stacks of these parameter values."""
        if not {"d", "N", "sigma_N"} <= set(values):
            return
        planes, gaps = stack_layout(values, stacked)
        if planes == self._drawn:
            return
        self._drawn = planes
        self._planes.data, self._gaps.data = planes, gaps
        top = 1.04 * max(planes["height"])
        if not 0.6 * self._range.end < top < self._range.end:
            self._range.start, self._range.end = -0.04 * top, 1.15 * top
