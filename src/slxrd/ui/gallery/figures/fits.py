"""Images of fits in the gallery; each function returns the bytes of a PNG file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd.fitting.result.fit import Fit
from slxrd.ui.gallery.figures.model import COLOURS, two_panels
from slxrd.ui.plotting import style
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.units import FloatArray


@style.styled
def crystals_in_line(numbers: Sequence[int], chi2: FloatArray, chosen: int) -> bytes:
    """Draw χ² against the number of coherent crystals."""
    figure = style.new_figure(2.6)
    style.mark_simulated(figure, True)
    panel = figure.subplots()
    panel.loglog(numbers, chi2, "o-", color=COLOURS[0], markersize=4.0)
    panel.axvline(
        chosen, color=COLOURS[1], linestyle="--", label=f"$M$ = {chosen}, the paper's $C$ = {chosen // 2}"
    )
    panel.set(xlabel="$M$ (crystals)", ylabel=r"$\chi^2$")
    panel.legend()
    return figure_bytes(figure)


@style.styled
def tilt(width: float, limit: float) -> bytes:
    """Draw the tilt that corresponds to a displacement; lengths in Å."""
    figure, (left, right) = two_panels()
    half = width / 2.0
    angle = np.arctan(2.0 * limit / width)
    for turn, colour in ((0.0, COLOURS[0]), (angle, COLOURS[1])):
        circle = np.linspace(0.0, 2.0 * np.pi, 200)
        left.plot(half * np.cos(circle), half * np.sin(circle), color="0.6", linewidth=1.0)
        for height in np.linspace(-0.8 * half, 0.8 * half, 9):
            reach = np.sqrt(half**2 - height**2)
            x = np.array([-reach, reach])
            left.plot(
                x * np.cos(turn) - height * np.sin(turn), x * np.sin(turn) + height * np.cos(turn),
                color=colour, linewidth=1.2,
            )  # fmt: skip
    left.plot([], [], color=COLOURS[0], label="as it should stand")
    left.plot([], [], color=COLOURS[1], label=f"turned by {np.degrees(angle):.1f}°")
    left.set_aspect("equal")
    left.set_axis_off()
    left.set_ylim(-1.1 * half, 1.45 * half)
    left.legend(loc="upper center", ncols=2)
    displacement = np.linspace(0.0, 4.0, 100)
    right.plot(displacement, np.degrees(np.arctan(2.0 * displacement / width)), color=COLOURS[0])
    right.axvspan(limit, 4.0, color=COLOURS[1], alpha=0.12, linewidth=0.0, label="allowed by the fit, 95 %")
    right.plot(1.5, np.degrees(np.arctan(3.0 / width)), "o", color="black", label="the paper: 1.5 Å, 1.9°")
    right.set(
        xlabel=style.label("sigma_L"),
        ylabel=r"$\alpha$ = arctan($2\sigma_L/W$) (degrees)",
        xlim=(0.0, 4.0),
        ylim=(0.0, None),
    )
    right.legend(loc="upper left")
    return figure_bytes(figure)


@style.styled
def compared(fits: Sequence[tuple[str, Fit]]) -> bytes:
    """Draw fits of the same pattern side by side, all regions of each in one panel."""
    figure, panels = two_panels()
    for panel, (name, fit) in zip(panels, fits, strict=True):
        highest = max(float(fitted.measured.max()) for fitted in fit.regions)
        q, intensity = fit.pattern.q, fit.pattern.intensity / highest
        panel.plot(q, intensity, ".", color="0.6", markersize=2.0, label="simulated")
        for i, fitted in enumerate(fit.regions):
            label = "fit" if i == 0 else None
            panel.plot(fitted.q, fitted.calculated / highest, color=COLOURS[1], linewidth=1.5, label=label)
            panel.axvspan(fitted.q[0], fitted.q[-1], color=COLOURS[0], alpha=0.06, linewidth=0.0)
        panel.text(0.97, 0.6, name, transform=panel.transAxes, ha="right", fontsize=7.0)
        panel.set(xlabel=style.Q, ylabel="intensity / maximum", ylim=(-0.02, 1.15))
        panel.legend()
    return figure_bytes(figure)
