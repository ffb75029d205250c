"""Images of the heated cubes in the gallery; each function returns the bytes of a PNG file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.ui.gallery.figures.model import COLOURS, two_panels
from slxrd.ui.plotting import style
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Values of the variable, values, errors.
Points = tuple[FloatArray, FloatArray, FloatArray]
_TEMPERATURE = "temperature (°C)"


@style.styled
def patterns(by_temperature: Mapping[float, Pattern], dips: Sequence[float]) -> bytes:
    """Draw low-angle regions above one another, and mark the dips of the first one (Å⁻¹)."""
    from matplotlib import colormaps

    figure = style.new_figure(4.2)
    style.mark_simulated(figure, True)
    panel = figure.subplots()
    colours = colormaps["viridis"](np.linspace(0.0, 0.88, len(by_temperature)))
    for i, ((value, pattern), colour) in enumerate(zip(by_temperature.items(), colours, strict=True)):
        low = (pattern.q > 0.05) & (pattern.q < 0.5)
        shown = pattern.intensity[low] * 10.0 ** (0.9 * i)
        panel.semilogy(pattern.q[low], shown, color=colour, linewidth=1.2)
        panel.text(float(pattern.q[low][-1]) + 0.005, float(shown[-1]), f"{value:g} °C", color=colour)
    for dip in dips:
        panel.axvline(dip, color="0.4", linestyle=":", linewidth=1.0)
    panel.set(xlabel=style.Q, ylabel="intensity, each shifted by a factor of 8 (arb. units)")
    panel.margins(x=0.02)
    panel.set_xlim(right=0.52)
    return figure_bytes(figure)


@style.styled
def gaps(spacing: Points, width: Points, apart: float) -> bytes:
    """Draw L and w (Å) against temperature, and their difference."""
    figure, (left, right) = two_panels()
    _points(left, spacing, "black", "$L$, Bragg peaks")
    _points(left, width, COLOURS[1], "$w$, low angles")
    left.set(xlabel=_TEMPERATURE, ylabel="$L$, $w$ (Å)")
    left.legend()
    both = np.isin(spacing[0], width[0])
    difference = spacing[1][both] - width[1]
    _points(right, (width[0], difference, np.hypot(spacing[2][both], width[2])), COLOURS[0], "$L - w$")
    right.axhline(apart, color=COLOURS[0], linestyle="--", linewidth=1.0, label=f"mean, {apart:.2f} Å")
    right.axhline(5.56, color="0.5", linestyle=":", label="the paper, 5.56 Å")
    right.set(xlabel=_TEMPERATURE, ylabel="$L - w$ (Å)")
    right.margins(y=0.4)
    right.legend()
    return figure_bytes(figure)


@style.styled
def sizes(number: Points, spread: Points, lost: float) -> bytes:
    """Draw N and σ_N (planes) against temperature."""
    figure, panels = two_panels()
    for panel, points, text in zip(
        panels, (number, spread), ("$N$ (planes)", r"$\sigma_N$ (planes)"), strict=True
    ):
        _points(panel, points, COLOURS[0], "")
        panel.axvspan(
            lost - 12.5, lost + 12.5, color=COLOURS[1], alpha=0.12, linewidth=0.0, label="order lost"
        )
        panel.set(xlabel=_TEMPERATURE, ylabel=text)
        panel.set_ylim(0.0, 1.15 * float((points[1] + points[2]).max()))
        panel.legend(loc="upper left")
    return figure_bytes(figure)


def _points(panel: Axes, points: Points, colour: str, label: str) -> None:
    panel.errorbar(*points, fmt="o", color=colour, markersize=3.5, capsize=2.0, label=label or None)
