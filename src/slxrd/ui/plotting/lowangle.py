"""Picture of the gaps of a series: L and w against the variable, and their difference against d.

Picture of the low-angle region: points, fitted curve and background, the paper's sinc², and the dips.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.studies.lowangle.result import ROWS, LowAngle
from slxrd.studies.series.result import SeriesFit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_MEASURED, _CURVE, _PAPER, _UNDER = "#4d4d4d", "#d55e00", "#009e73", "#0072b2"


def low_angle_figure(found: LowAngle) -> Figure:
    """Draw a fitted low-angle region with its residuals below, in units of σ.

    Parameters
    ----------
    found : LowAngle
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not bound to any window; ``savefig`` writes it.
    """
    from matplotlib.figure import Figure

    picture = Figure(figsize=(7.6, 5.6), layout="constrained")
    top, bottom = picture.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    simulated = is_simulated(found.pattern)
    positive = found.measured > 0.0
    points = "simulated" if simulated else "measured"
    top.set_yscale("log")
    top.plot(found.q[positive], found.measured[positive], ".", color=_MEASURED, markersize=3.5, label=points)
    floor = 0.5 * float(np.percentile(found.measured[positive], 1)) if positive.any() else 0.1
    if found.seen:
        fringes = " with fringes" if found.fringes else ""
        top.plot(found.q, found.calculated, color=_CURVE, linewidth=1.5, label=f"fitted{fringes}")
        top.plot(found.q, found.sinc2, color=_PAPER, linewidth=1.1, linestyle="--", label="sinc²(qw/2) of S1")
        top.plot(
            found.q,
            found.background,
            color=_UNDER,
            linewidth=1.0,
            linestyle=":",
            label="background of the fit",
        )
        residual = (found.measured - found.calculated) / found.sigma
        bottom.plot(found.q, residual, ".", color=_UNDER, markersize=3.0)
        reach = max(4.0, 1.1 * float(np.max(np.abs(residual))))
        bottom.set_ylim(-reach, reach)
    else:
        told = found.notes[0] if found.notes else "w is not determined"
        bottom.text(0.5, 0.75, told, ha="center", va="center", transform=bottom.transAxes)
    for i, dip in enumerate(found.dips):
        top.axvline(dip.q, color="0.6", linewidth=0.8, label="dips read off" if i == 0 else None)
    top.set_ylim(bottom=floor)
    bottom.axhspan(-2.0, 2.0, color=_UNDER, alpha=0.08, linewidth=0.0)
    bottom.axhline(0.0, color="black", linewidth=0.6)
    bottom.set_xlabel("q (Å⁻¹)")
    bottom.set_ylabel("residual (σ)")
    top.set_ylabel("intensity")
    top.legend(frameon=False, fontsize=9)
    name = Path(found.pattern.source).name + (" (simulated)" if simulated else "")
    picture.suptitle(f"{name}: low angles", x=0.01, ha="left", fontsize=11)
    shown = [n for n in ROWS if found.estimates[n].value is not None]
    lines = [
        f"{ROWS[n][0]:<9} {format_estimate(found.estimates[n])}"
        + (" (fixed)" if found.estimates[n].status == "fixed" else "")
        for n in shown
    ]
    told = "\n".join([*(lines or ["w not determined"]), f"reduced χ² {found.reduced_chi2:.3g}"])
    picture.text(1.0, 0.5, told, fontsize=9, family="DejaVu Sans Mono", va="center", linespacing=1.6)
    return picture


_BRAGG, _LOW, _DIFFERENCE = "black", "#d55e00", "#0072b2"


def gap_figure(fit: SeriesFit) -> Figure:
    """Draw L of the Bragg peaks and w of the low angles, and L − w beside d.

    Parameters
    ----------
    fit : SeriesFit
        With ``gaps``.

    Returns
    -------
    matplotlib.figure.Figure
        Not bound to any window. What is not determined is left out; ambiguous values are open points.
    """
    from matplotlib.figure import Figure

    picture = Figure(figsize=(9.0, 4.0), layout="constrained")
    left, right = picture.subplots(1, 2)
    at = fit.series.values
    widths = [gap.width for gap in fit.gaps]
    spacings = [m.estimates.get("L", Estimate(None, None, "Å", "undetermined")) for m in fit.members]
    _draw(left, at, spacings, _BRAGG, "L, Bragg peaks")
    _draw(left, at, widths, _LOW, "w, low angles")
    left.set_ylabel("Å")
    differences = [gap.difference for gap in fit.gaps]
    _draw(right, at, differences, _DIFFERENCE, "L − w")
    d = [(value, gap.d.value) for value, gap in zip(at, fit.gaps, strict=True) if gap.d.value is not None]
    if d:
        right.plot(*np.array(d).T, color="0.4", linestyle="--", linewidth=1.0, label="d, Bragg peaks")
    right.set_ylabel("L − w (Å)")
    right.margins(y=0.3)
    series = fit.series
    for panel in (left, right):
        panel.set_xlabel(f"{series.variable} ({series.unit})" if series.unit else series.variable)
        panel.grid(color="0.92", linewidth=0.6)
        panel.set_xlim(*_ends(at))
        panel.ticklabel_format(useOffset=False, axis="y")
        if panel.get_legend_handles_labels()[0]:
            panel.legend(fontsize=8)
        else:
            panel.text(0.5, 0.5, "not determined", transform=panel.transAxes, ha="center", color="0.4")
    kind = ", simulated" if any(is_simulated(pattern) for pattern in series.patterns) else ""
    picture.suptitle(f"{len(fit.gaps)} patterns{kind}", x=0.01, ha="left", fontsize=10)
    return picture


def _ends(at: Sequence[float]) -> tuple[float, float]:
    room = 0.05 * (max(at) - min(at)) or 0.5
    return min(at) - room, max(at) + room


def _draw(panel: Axes, at: Sequence[float], estimates: Sequence[Estimate], colour: str, label: str) -> None:
    for status, inside in (("determined", colour), ("ambiguous", "white")):
        known = [
            (value, e.value, e.error)
            for value, e in zip(at, estimates, strict=True)
            if e.status == status and e.value is not None and e.error is not None
        ]
        if known:
            places, values, errors = np.array(known).T
            panel.errorbar(
                places, values, errors, fmt="o", color=colour, markerfacecolor=inside, markersize=4.5,
                capsize=2, label=label if status == "determined" else f"{label}, ambiguous",
            )  # fmt: skip
