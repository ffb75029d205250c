"""Drawing of the stack to scale: planes and gaps, with their fluctuations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np
from bokeh.models import ColumnDataSource, LabelSet, Range1d
from bokeh.plotting import figure

from slxrd.parameters.definitions import TABLE
from slxrd.ui.app.plots.overlay import add_bars
from slxrd.ui.app.plots.theme import Colours, apply_theme

Columns = dict[str, list[float]]
TO_SCALE = "the stack, to scale"
#: Number of crystals in a drawn stack, and the largest number of planes drawn of one.
CRYSTALS, MOST_PLANES = 4, 200
#: Height of a gap whose width is not determined, as a fraction of that of a crystal.
UNKNOWN_GAP = 0.5
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
        self._drawn: object = None
        self._planes = ColumnDataSource({"left": [], "right": [], "height": []})
        self._gaps = ColumnDataSource({"left": [], "right": [], "bottom": [], "top": []})
        self._unknown_gaps = ColumnDataSource({"left": [], "right": [], "bottom": [], "top": []})
        self._words = ColumnDataSource({"x": [], "y": [], "text": []}, name="not determined")
        self._range = Range1d(0.0, 100.0)
        self.figure = figure(
            sizing_mode="stretch_both",
            min_height=240,
            x_range=(0.0, 3.0),
            y_range=self._range,
            toolbar_location=None,
            tools="",
            y_axis_label="height (Å)",
            y_axis_location="right",
            title=TO_SCALE,
            background_fill_color=colours.background,
            border_fill_color=colours.background,
            outline_line_color=colours.grid,
        )
        self.figure.xaxis.ticker = [0.5, 1.5, 2.5]
        self.figure.xaxis.major_label_overrides = {0.5: "N − σ", 1.5: "N", 2.5: "N + σ"}
        self.figure.xaxis.major_label_text_font_size = "10px"
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
        self.figure.quad(
            left="left",
            right="right",
            bottom="bottom",
            top="top",
            source=self._unknown_gaps,
            fill_color=None,
            line_color=colours.text,
            line_dash="dashed",
            level="overlay",
        )
        self.figure.add_layout(
            LabelSet(
                x="x",
                y="y",
                text="text",
                source=self._words,
                text_align="center",
                text_baseline="middle",
                text_font_size="10px",
                text_color=colours.text,
                background_fill_color=colours.background,
            )
        )
        add_bars(
            self.figure, self._planes, "height", "left", "right", colours.fringe, horizontal=True, width=1.6
        )
        apply_theme(self.figure, colours)

    def show(
        self,
        values: Mapping[str, float],
        stacked: bool = True,
        unknown: Set[str] = frozenset(),
        rejected: bool = False,
    ) -> None:
        """Draw the stacks of parameter values, as far as they are known.

        Parameters
        ----------
        values : mapping of str to float
            Parameter values.
        stacked : bool
            False for single crystals.
        unknown : set of str
            Quantities that are not determined: an unknown gap is dashed and not to scale, an unknown
            spread is left out; without d or N nothing is drawn.
        rejected : bool
            Whether the values are those of a model that does not describe the data; nothing is drawn.
        """
        if not {"d", "N", "sigma_N"} <= set(values):
            return
        missing = [name for name in ("d", "N", "L", "sigma_N", "sigma_L") if name in unknown]
        if not stacked:
            missing = [name for name in missing if name not in ("L", "sigma_L")]
        if rejected or {"d", "N"} & set(missing):
            words = "no result" if rejected else f"{_symbols(missing)}: not determined"
            self._draw({}, {}, [(1.5, 0.5, words)], gap_known=True, title="the stack")
            return
        drawn: dict[str, float] = {
            **values,
            **{name: 0.0 for name in ("sigma_N", "sigma_L") if name in missing},
        }
        gap_known = "L" not in missing
        if not gap_known:
            drawn |= {
                "L": UNKNOWN_GAP * max(values["N"] * values["d"], values["d"]),
                "sigma_L": 0.0,
                "dL_B": 0.0,
            }
        planes, gaps = stack_layout(drawn, stacked)
        title = TO_SCALE if gap_known else "the stack, gaps not to scale"
        if not stacked:
            title = title.replace("stack", "crystals")
        if missing:
            title += f"\nnot determined: {_symbols(missing)}"
        words_at = (
            []
            if gap_known
            else [
                (1.5, 0.5 * (low + high), "not determined")
                for left, low, high in zip(gaps["left"], gaps["bottom"], gaps["top"], strict=True)
                if 1.0 < left < 2.0
            ]
        )
        self._draw(planes, gaps, words_at, gap_known=gap_known, title=title)

    def _draw(
        self,
        planes: Columns,
        gaps: Columns,
        words: Sequence[tuple[float, float, str]],
        *,
        gap_known: bool,
        title: str,
    ) -> None:
        state = (planes, gap_known, title, tuple(words))
        if state == self._drawn:
            return
        self._drawn = state
        nothing: Columns = {"left": [], "right": [], "bottom": [], "top": []}
        self._planes.data = planes or {"left": [], "right": [], "height": []}
        self._gaps.data = (gaps or nothing) if gap_known else nothing
        self._unknown_gaps.data = nothing if gap_known else gaps
        top = 1.04 * max(planes["height"], default=1.0) if planes else 1.0
        if not 0.6 * self._range.end < top < self._range.end:
            self._range.start, self._range.end = -0.04 * top, 1.15 * top
        self._words.data = {key: [item[i] for item in words] for i, key in enumerate(("x", "y", "text"))}
        if self.figure.title.text != title:
            self.figure.title.text = title
            self.figure.yaxis.visible = gap_known and bool(planes)


def _symbols(names: Sequence[str]) -> str:
    return ", ".join(TABLE[name].symbol for name in names)
