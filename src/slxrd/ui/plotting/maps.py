"""Figures of χ² maps: along single parameters, and over two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.summary import is_simulated
from slxrd.fitting.uncertainty.profile.constrained import REACHED
from slxrd.fitting.uncertainty.profile.map1d import Chi2Curve, Map1D
from slxrd.fitting.uncertainty.profile.map2d import Map2D
from slxrd.parameters.definitions import symbol_of
from slxrd.ui.plotting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SECTION, _PROFILE, _LEVELS = style.BLUE, style.VERMILION, (style.GREEN, style.POINTS)
#: The axis of χ² − χ²min is linear up to about this value, so that the range near the minimum is visible.
_LINEAR = 1.5
_HEIGHT = r"$\chi^2 - \chi^2_\mathrm{min}$"


@style.styled
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
    if not maps:
        raise SlxrdError("no map to draw")
    columns = min(len(maps), 1 if style.is_narrow() else 3)
    rows = -(-len(maps) // columns)
    figure = style.new_figure(1.75 * rows + 0.4)
    axes = figure.subplots(rows, columns, squeeze=False)
    for panel, one in zip(axes.flat, maps, strict=False):
        _draw_map(panel, one)
    for panel in axes.flat[len(maps) :]:
        panel.remove()
    style.letter_panels(list(axes.flat)[: len(maps)])
    for panel in axes[:, 0]:
        panel.set_ylabel(_HEIGHT)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2 if style.is_narrow() else len(labels))
    fit = maps[0].fit
    style.mark_simulated(figure, is_simulated(fit.pattern))
    weighted = any(region.region.weight != 1.0 for region in fit.regions)
    levels = "The lines at 68 % and 95 % are where χ² exceeds its minimum by "
    if weighted:
        levels += "less than 1 and 3.84, as regions have other weights than 1: " + "; ".join(
            f"{symbol_of(one.name)} {one.rises[0]:.2g} and {one.rises[1]:.2g}" for one in maps
        )
    else:
        levels += " and ".join(f"{rise:.3g}" for rise in maps[0].rises)
    style.set_caption(
        figure,
        f"{_source(fit)}: χ² above its minimum against each parameter, with the other parameters fixed and "
        "refined. "
        "The axis is linear below about 1.5, logarithmic above.",
        f"{levels}.",
        _of_fit(fit),
    )
    return figure


def _source(fit: Fit) -> str:
    return on_one_line(Path(fit.pattern.source).name) + (" (simulated)" if is_simulated(fit.pattern) else "")


def _of_fit(fit: Fit) -> str:
    return f"χ²min = {fit.chi2:.4g}, reduced χ² {fit.reduced_chi2:.3g} with the σ of the fit."


def _draw_map(panel: Axes, one: Map1D) -> None:
    least = one.fit.chi2
    panel.set_yscale("asinh", linear_width=_LINEAR)
    for rise, colour, text, dashes in zip(one.rises, _LEVELS, ("68 %", "95 %"), ("--", ":"), strict=True):
        panel.axhline(rise, color=colour, linewidth=1.0, linestyle=dashes, label=text, zorder=1)
    _draw_curve(panel, one.section, least, _SECTION, "others fixed", "v")
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
    panel.set_xlabel(style.label(one.name))
    panel.grid(axis="y", color="0.92", linewidth=0.6)
    panel.locator_params(axis="x", nbins=5)


def _draw_curve(panel: Axes, curve: Chi2Curve, least: float, colour: str, text: str, marker: str) -> None:
    # The section is the broader line, so that both are visible where they coincide.
    width = 1.8 if marker == "v" else 1.2
    panel.plot(curve.values, curve.chi2 - least, color=colour, linewidth=width, label=text)
    if curve.minima:
        values, heights = np.array(curve.minima).T
        panel.plot(
            values, heights - least, marker, color=colour, markersize=4, fillstyle="none", markeredgewidth=0.9
        )


@style.styled
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

    figure = style.new_figure(2.9 if style.is_narrow() else 4.4)
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
    panel.set_xlabel(style.label(one.names[0]))
    panel.set_ylabel(style.label(one.names[1]))
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    kind = "refined" if one.kind == "profile" else "kept"
    cut = "" if whole else f" Interrupted: {one.done} of {one.chi2.size} points were calculated."
    style.mark_simulated(figure, is_simulated(one.fit.pattern))
    style.set_caption(
        figure,
        f"{_source(one.fit)}: χ² above its minimum over two parameters, the others {kind}, with joint "
        "contours "
        f"of 68 % and 95 %.{cut}",
        _of_fit(one.fit),
    )
    return figure


def _draw_solutions(panel: Axes, one: Map2D) -> None:
    """Mark the most probable solution, and in a profile the others inside the axes."""
    best, *others = (
        tuple(minimum.values[name] for name in one.names)
        for minimum in one.fit.minima
        if minimum.chi2 - one.fit.chi2 < REACHED
    )
    inside = [(x, y) for x, y in others if one.x[0] <= x <= one.x[-1] and one.y[0] <= y <= one.y[-1]]
    look: dict[str, Any] = {"color": "black", "markersize": 6, "markeredgewidth": 1.1, "linestyle": ""}
    panel.plot(*best, marker="+", label="best", **look)
    if inside and one.kind == "profile":
        panel.plot(*np.array(inside).T, marker="x", label="other solutions", **look)
