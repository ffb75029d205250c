"""Figures of χ² maps: along single parameters, and over two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import figure_text
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.summary import is_simulated
from slxrd.fitting.uncertainty.profile.constrained import REACHED
from slxrd.fitting.uncertainty.profile.map1d import Chi2Curve, Map1D
from slxrd.fitting.uncertainty.profile.map2d import Map2D
from slxrd.parameters.definitions import info

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SECTION, _PROFILE, _LEVELS = "#0072b2", "#d55e00", ("#009e73", "#4d4d4d")
#: The axis of χ² − χ²min is linear up to about this value, so that the range near the minimum is visible.
_LINEAR = 1.5
_HEIGHT = r"$\chi^2 - \chi^2_\mathrm{min}$"


@check_arguments
def chi2_maps_figure(maps: Sequence[Map1D]) -> Figure:
    """Draw χ² along parameters, a panel for each: section, profile, minima, and 68 % and 95 %.

    The scale is logarithmic, and linear close to the minimum.

    Parameters
    ----------
    maps : sequence of Map1D
        Of the same fit.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.

    Raises
    ------
    SlxrdError
        If there is no map.
    """
    from matplotlib.figure import Figure

    if not maps:
        raise SlxrdError("no map to draw")
    columns = min(len(maps), 3)
    rows = -(-len(maps) // columns)
    figure = Figure(figsize=(3.6 * columns + 0.6, 2.9 * rows + 0.9), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for panel, one in zip(axes.flat, maps, strict=False):
        _draw_map(panel, one)
    for panel in axes.flat[len(maps) :]:
        panel.set_visible(False)
    for panel in axes[:, 0]:
        panel.set_ylabel(_HEIGHT)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9)
    weighted = any(region.region.weight != 1.0 for region in maps[0].fit.regions)
    note = "; 68 % and 95 %: with the weights of the regions" if weighted else ""
    figure.suptitle(_title(maps[0].fit) + note, x=0.01, ha="left", fontsize=11)
    return figure


def _title(fit: Fit) -> str:
    name = figure_text(Path(fit.pattern.source).name) + (" (simulated)" if is_simulated(fit.pattern) else "")
    return rf"{name}: $\chi^2_\mathrm{{min}}$ = {fit.chi2:.4g}, reduced {fit.reduced_chi2:.3g}"


def _label(name: str) -> str:
    letter, _, index = info(name).symbol.partition("_")
    symbol = f"${letter}_{{{index}}}$" if index else letter
    return f"{symbol} ({info(name).unit})"


def _draw_map(panel: Axes, one: Map1D) -> None:
    least = one.fit.chi2
    panel.set_yscale("asinh", linear_width=_LINEAR)
    for rise, colour, text, dashes in zip(one.rises, _LEVELS, ("68 %", "95 %"), ("--", ":"), strict=True):
        panel.axhline(rise, color=colour, linewidth=1.0, linestyle=dashes, label=text, zorder=1)
    _draw_curve(panel, one.section, least, _SECTION, "others kept", "v")
    if one.profile is not None:
        _draw_curve(panel, one.profile, least, _PROFILE, "others refined", "o")
    heights = (
        np.concatenate([curve.chi2 for curve in (one.section, one.profile) if curve is not None]) - least
    )
    top = max(2.0 * float(heights.max()), 12.0)
    decades = [10.0**k for k in range(12) if 10.0**k <= top]
    panel.set_ylim(min(-0.5, 1.3 * float(heights.min())), top)
    panel.set_yticks(
        [0.0, *decades], ["0", *(f"{d:g}" if d < 1e4 else f"$10^{np.log10(d):.0f}$" for d in decades)]
    )
    panel.set_yticks([k * d for d in decades for k in range(2, 10) if k * d <= top], minor=True)
    panel.margins(x=0.02)
    panel.set_xlabel(_label(one.name))
    panel.grid(axis="y", color="0.92", linewidth=0.6)
    panel.tick_params(labelsize=8)
    panel.ticklabel_format(axis="x", useOffset=False)
    panel.locator_params(axis="x", nbins=5)


def _draw_curve(panel: Axes, curve: Chi2Curve, least: float, colour: str, text: str, marker: str) -> None:
    # The section is the broader line, so that both are visible where they coincide.
    width = 2.4 if marker == "v" else 1.2
    panel.plot(curve.values, curve.chi2 - least, color=colour, linewidth=width, label=text)
    if curve.minima:
        values, heights = np.array(curve.minima).T
        panel.plot(
            values, heights - least, marker, color=colour, markersize=5, fillstyle="none", markeredgewidth=1.2
        )


@check_arguments
def chi2_map_2d_figure(one: Map2D) -> Figure:
    """Draw χ² over two parameters with its joint 68 % and 95 % contours, and the solutions of the fit.

    Parameters
    ----------
    one : Map2D
        Data to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 4.9), layout="constrained")
    panel = figure.subplots()
    height = np.maximum(one.chi2 - one.fit.chi2, 0.1)
    norm = LogNorm(0.1, max(float(np.nanmax(height)), 100.0))
    whole = one.done == one.chi2.size
    filled = panel.pcolormesh(
        one.x, one.y, height, norm=norm, cmap="cividis_r", rasterized=True,
        shading="gouraud" if whole else "nearest",
    )  # fmt: skip
    figure.colorbar(filled, ax=panel, label=_HEIGHT, pad=0.02)
    for level, dashes, text in zip(one.levels, ("-", "--"), ("68 %", "95 %"), strict=True):
        if np.nanmin(one.chi2) < level < np.nanmax(one.chi2):
            panel.contour(
                one.x, one.y, one.chi2, [level], colors=[_PROFILE], linewidths=1.6, linestyles=[dashes]
            )
        panel.plot([], [], color=_PROFILE, linewidth=1.6, linestyle=dashes, label=text)
    _draw_solutions(panel, one)
    panel.set_xlim(one.x[0], one.x[-1])
    panel.set_ylim(one.y[0], one.y[-1])
    panel.ticklabel_format(useOffset=False)
    panel.locator_params(axis="x", nbins=6)
    panel.set_xlabel(_label(one.names[0]))
    panel.set_ylabel(_label(one.names[1]))
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9)
    kind = "others refined" if one.kind == "profile" else "others kept"
    cut = "" if whole else ", interrupted"
    figure.suptitle(f"{_title(one.fit)}; {kind}{cut}", x=0.01, ha="left", fontsize=10)
    return figure


def _draw_solutions(panel: Axes, one: Map2D) -> None:
    """Mark the most probable solution, and in a profile the others inside the axes."""
    best, *others = (
        tuple(minimum.values[name] for name in one.names)
        for minimum in one.fit.minima
        if minimum.chi2 - one.fit.chi2 < REACHED
    )
    inside = [(x, y) for x, y in others if one.x[0] <= x <= one.x[-1] and one.y[0] <= y <= one.y[-1]]
    look: dict[str, Any] = {"color": "black", "markersize": 8, "markeredgewidth": 1.4, "linestyle": ""}
    panel.plot(*best, marker="+", label="best", **look)
    if inside and one.kind == "profile":
        panel.plot(*np.array(inside).T, marker="x", label="other solutions", **look)
