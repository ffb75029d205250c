"""Figures of the patterns of a series: stacked, as a waterfall, and as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import figure_text
from slxrd.errors import SlxrdError
from slxrd.studies.series.result import SeriesFit
from slxrd.ui.plotting import style
from slxrd.ui.plotting.series.common import CALCULATED, MAX_STACKED, axis_label, describe, has_simulated
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Above this number, patterns are drawn as lines without points or labels.
_MANY = 12
Interval = tuple[float, float]


@style.styled
@check_arguments
def series_stack_figure(fit: SeriesFit, shown: Sequence[Interval] = (), *, waterfall: bool = False) -> Figure:
    """Draw the patterns above one another, with a panel for each region.

    Parameters
    ----------
    fit : SeriesFit
        Fits of the series.
    shown : sequence of (float, float)
        Further ranges of q in Å⁻¹, which were not fitted, drawn as the logarithm of the intensity.
    waterfall : bool
        Shift the patterns to the side as well, and hide those behind.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window. Intensities within a panel have one scale, as measured; patterns measured on
        another scale are rescaled to the others, and the title names them.

    Raises
    ------
    SlxrdError
        If no pattern was fitted.
    """
    from matplotlib import colormaps

    ranges = _panel_ranges(fit, shown)
    drawn = range(0, len(fit.members), -(-len(fit.members) // MAX_STACKED))
    n = len(drawn)
    height = min(2.4 + 0.25 * n, 6.0)
    down = len(ranges) if style.is_narrow() else 1
    figure = style.new_figure(height * down)
    panels = figure.subplots(down, len(ranges) // down, squeeze=False).ravel().tolist()
    colours = colormaps["viridis"](np.linspace(0.0, 0.88, max(n, 2)))
    for panel, (low, high, logarithmic) in zip(panels, ranges, strict=True):
        lines = [_measured(fit, k, low, high, logarithmic) for k in drawn]
        if waterfall:
            _draw_waterfall(panel, lines, _step(lines, 0.45), (low, high), colours)
        else:
            lift = _step(lines, 0.55)
            _draw_stack(panel, lines, lift, colours)
            if n <= _MANY and not logarithmic:
                for i, k in enumerate(drawn):
                    if lines[i][0].size:
                        _draw_calculated(panel, fit, k, (low, high), i * lift, 2.0 * (n - i) + 1.0)
            if n <= _MANY and panel is panels[-1]:
                labels = [fit.series.at(fit.members[k].value) for k in drawn]
                _label_lines(panel, lines, lift, labels)
        panel.set_yticks([])
        panel.set_xlabel(style.with_unit("$q$ of the first pattern", "Å⁻¹") if waterfall else style.Q)
        if logarithmic or panel is panels[0] or style.is_narrow():
            panel.set_ylabel(f"{'log intensity' if logarithmic else 'intensity'}, shifted (arb. units)")
    style.letter_panels(panels)
    if waterfall or n > _MANY:
        _add_colour_bar(figure, panels[-1], fit)
    kind = "simulated" if has_simulated(fit) else "measured"
    content = f"points {kind}, lines calculated" if n <= _MANY and not waterfall else kind
    some = f"; one of every {drawn.step} is drawn" if drawn.step > 1 else ""
    describe(figure, fit, f"{_panels(ranges)}; {content}{some}{_rescaled(fit)}.")
    return figure


@style.styled
@check_arguments
def series_heat_figure(fit: SeriesFit, shown: Sequence[Interval] = ()) -> Figure:
    """Draw the intensity over q and the variable as a heat map, with a panel for each region.

    The colour scale is the square root of the intensity, so that fringes beside a peak are visible.

    Parameters
    ----------
    fit : SeriesFit
        Fits of the series.
    shown : sequence of (float, float)
        Further ranges of q in Å⁻¹, which were not fitted, on a logarithmic scale.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window.

    Raises
    ------
    SlxrdError
        If no pattern was fitted.
    """
    from matplotlib.colors import LogNorm, Normalize, PowerNorm

    ranges = _panel_ranges(fit, shown)
    down = len(ranges) if style.is_narrow() else 1
    figure = style.new_figure(2.6 * down)
    panels = figure.subplots(down, len(ranges) // down, squeeze=False).ravel().tolist()
    values = np.array(fit.series.values)
    edges = _cell_edges(values)
    for panel, (low, high, logarithmic) in zip(panels, ranges, strict=True):
        lines = [_measured(fit, i, low, high, False) for i in range(len(values))]
        grid = max((x for x, _ in lines), key=lambda x: x.size)
        rows = np.array([
            np.interp(grid, x, y, left=np.nan, right=np.nan) if x.size else np.full(grid.size, np.nan)
            for x, y in lines
        ])  # fmt: skip
        if logarithmic:
            rows = np.where(rows > 0.0, rows, np.nan)
            norm: Normalize = LogNorm(float(np.nanmin(rows)), float(np.nanmax(rows)))
        else:
            rows = np.maximum(rows, 0.0)
            norm = PowerNorm(0.5, 0.0, float(np.nanmax(rows)))
        for k in range(len(values)):
            mesh = panel.pcolormesh(
                _cell_edges(grid),
                edges[k : k + 2],
                rows[k : k + 1],
                cmap="magma",
                rasterized=True,
                norm=norm,
            )
        panel.set_xlabel(style.Q)
        figure.colorbar(mesh, ax=panel, fraction=0.06, pad=0.02, label=style.INTENSITY)
        for change in fit.changes:
            panel.axhline(
                (change.before.value + change.after.value) / 2.0, color="white", linewidth=0.9, linestyle="--"
            )
    for panel in panels if style.is_narrow() else panels[:1]:
        panel.set_ylabel(axis_label(fit))
    style.letter_panels(panels)
    kind = "simulated" if has_simulated(fit) else "measured"
    describe(
        figure,
        fit,
        f"{_panels(ranges)}; intensity, {kind}, its colours by the square root, or the logarithm where stated"
        f"{_rescaled(fit)}.",
    )
    return figure


def _panel_ranges(fit: SeriesFit, shown: Sequence[Interval]) -> list[tuple[float, float, bool]]:
    """Ends of the range of each panel, and whether it is logarithmic: those shown, then those fitted."""
    first = next((member for member in fit.members if not member.failed), None)
    if first is None:
        raise SlxrdError("no pattern was fitted, so there is nothing to draw")
    fitted = [(region["low"], region["high"], False) for region in first.result["regions"]]
    return [*((low, high, True) for low, high in shown), *fitted]


def _panels(ranges: Sequence[tuple[float, float, bool]]) -> str:
    """Describe the ranges of the panels, for a caption."""
    found = [
        f"{low:.4g}–{high:.4g} Å⁻¹{' (logarithmic)' if logarithmic else ''}"
        for low, high, logarithmic in ranges
    ]
    if len(found) == 1:
        return found[0]
    return ", ".join(f"({chr(ord('a') + k)}) {text}" for k, text in enumerate(found))


def _step(lines: Sequence[tuple[FloatArray, FloatArray]], fraction: float) -> float:
    """Vertical distance between patterns."""
    step = fraction * max((float(np.ptp(y)) for _, y in lines if y.size), default=1.0)
    return step * _MANY / len(lines) if len(lines) > _MANY else step


def _draw_waterfall(
    panel: Axes, lines: Sequence[tuple[FloatArray, FloatArray]], lift: float, ends: Interval, colours: Any
) -> None:
    n = len(lines)
    aside = 0.12 * (ends[1] - ends[0]) / max(n - 1, 1)
    for i in reversed(range(n)):
        x, y = lines[i]
        if not x.size:
            continue
        order, base = 2.0 * (n - i), float(y.min()) + i * lift
        panel.fill_between(x + i * aside, base, y + i * lift, color="white", zorder=order)
        panel.plot(x + i * aside, y + i * lift, color=colours[i], linewidth=1.1, zorder=order + 1)


def _draw_stack(
    panel: Axes, lines: Sequence[tuple[FloatArray, FloatArray]], lift: float, colours: Any
) -> None:
    n = len(lines)
    points: Any = {"linewidth": 0.8}
    if n <= _MANY:
        points = {"marker": ".", "markersize": 2.2, "linestyle": "none"}
    for i in reversed(range(n)):
        x, y = lines[i]
        if x.size:
            panel.plot(x, y + i * lift, color=colours[i], zorder=2.0 * (n - i), **points)


def _label_lines(
    panel: Axes,
    lines: Sequence[tuple[FloatArray, FloatArray]],
    lift: float,
    labels: Sequence[str],
) -> None:
    for i, ((x, y), label) in enumerate(zip(lines, labels, strict=True)):
        if x.size:
            panel.annotate(
                figure_text(label), (1.01, float(y[-1]) + i * lift),
                xycoords=("axes fraction", "data"), va="center",
            )  # fmt: skip


def _draw_calculated(
    panel: Axes, fit: SeriesFit, index: int, ends: Interval, lift: float, order: float
) -> None:
    member, factor = fit.members[index], _factor(fit, index)
    for curve in () if member.failed else member.record["curves"]:
        q = np.array(curve["q"])
        if q[0] >= ends[0] - 1e-9 and q[-1] <= ends[1] + 1e-9:
            calculated = factor * np.array(curve["calculated"]) + lift
            panel.plot(q, calculated, color=CALCULATED, linewidth=0.9, zorder=order)


def _measured(
    fit: SeriesFit, index: int, low: float, high: float, logarithmic: bool
) -> tuple[FloatArray, FloatArray]:
    """Points of a pattern in a range, on the scale of the series: q in Å⁻¹, and intensity or its log₁₀."""
    pattern = fit.series.patterns[index].to_q()
    inside = (pattern.q >= low) & (pattern.q <= high) & ~pattern.mask
    if logarithmic:
        inside &= pattern.intensity > 0.0
    q, y = pattern.q[inside], pattern.intensity[inside] * _factor(fit, index)
    return q, np.log10(y) if logarithmic else y


def _factor(fit: SeriesFit, index: int) -> float:
    """Factor that rescales a pattern measured on another scale to the others."""
    series = fit.series
    if series.labels[index] not in series.rescaled:
        return 1.0
    highest = [
        float(pattern.intensity.max())
        for pattern, label in zip(series.patterns, series.labels, strict=True)
        if label not in series.rescaled
    ]
    return float(np.median(highest)) / float(series.patterns[index].intensity.max()) if highest else 1.0


def _rescaled(fit: SeriesFit) -> str:
    names = ", ".join(sorted(fit.series.rescaled))
    return f"; rescaled to the others: {names}" if names else ""


def _cell_edges(centres: FloatArray) -> Any:
    """Return the edges of cells around their centres; a single cell has a width of 1."""
    middle = (centres[1:] + centres[:-1]) / 2.0
    first = centres[0] - (middle[0] - centres[0] if middle.size else 0.5)
    last = centres[-1] + (centres[-1] - middle[-1] if middle.size else 0.5)
    return np.concatenate(([first], middle, [last]))


def _add_colour_bar(figure: Figure, panel: Axes, fit: SeriesFit) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    colours = ListedColormap(colormaps["viridis"](np.linspace(0.0, 0.88, 256)))
    values = fit.series.values
    scale = ScalarMappable(Normalize(values[0], max(values[-1], values[0] + 1e-9)), colours)
    figure.colorbar(scale, ax=panel, fraction=0.06, pad=0.02, label=axis_label(fit))
