"""Figure of the low-angle region: points, fitted curve and background, sinc² of the 2021 paper, and dips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.studies.lowangle.result import ROWS, LowAngle
from slxrd.ui.plotting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURED, _CURVE, _PAPER, _BACKGROUND = style.POINTS, style.VERMILION, style.GREEN, style.BLUE


@style.styled
@check_arguments
def low_angle_figure(found: LowAngle) -> Figure:
    """Draw a fitted low-angle region, with its residuals in units of σ below.

    Parameters
    ----------
    found : LowAngle
        Result of the low-angle region.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    figure = style.new_figure(3.4 if style.is_narrow() else 4.2)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    simulated = is_simulated(found.pattern)
    positive = found.measured > 0.0
    points = "simulated" if simulated else "measured"
    top.set_yscale("log")
    top.plot(found.q[positive], found.measured[positive], ".", color=_MEASURED, markersize=3.5, label=points)
    floor = 0.5 * float(np.percentile(found.measured[positive], 1)) if positive.any() else 0.1
    if found.seen:
        fringes = " with fringes" if found.fringes else ""
        top.plot(found.q, found.calculated, color=_CURVE, linewidth=1.5, label=f"fitted{fringes}")
        top.plot(found.q, found.sinc2, color=_PAPER, linewidth=1.1, linestyle="--", label="sinc²($qw$/2)")
        top.plot(
            found.q,
            found.background,
            color=_BACKGROUND,
            linewidth=1.0,
            linestyle=":",
            label="background of the fit",
        )
        residual = (found.measured - found.calculated) / found.sigma
        bottom.plot(found.q, residual, ".", color=_BACKGROUND, markersize=3.0)
        reach = max(4.0, 1.1 * float(np.max(np.abs(residual))))
        style.set_symmetric(bottom, reach)
    else:
        reason = found.notes[0] if found.notes else "w is not determined"
        bottom.text(0.5, 0.75, reason, ha="center", va="center", transform=bottom.transAxes)
    for i, dip in enumerate(found.dips):
        top.axvline(dip.q, color="0.6", linewidth=0.8, label="dips" if i == 0 else None)
    top.set_ylim(bottom=floor)
    bottom.axhspan(-2.0, 2.0, color=_BACKGROUND, alpha=0.08, linewidth=0.0)
    bottom.axhline(0.0, color="black", linewidth=0.6)
    bottom.set_xlabel(style.Q)
    bottom.set_ylabel("residual (σ)")
    top.set_ylabel(style.INTENSITY)
    top.legend()
    shown = [n for n in ROWS if found.estimates[n].value is not None]
    lines = [
        f"{ROWS[n][0]} = {format_estimate(found.estimates[n])}"
        + (" (fixed)" if found.estimates[n].status == "fixed" else "")
        for n in shown
    ]
    style.set_caption(
        figure,
        f"{on_one_line(Path(found.pattern.source).name)}{' (simulated)' if simulated else ''}: low "
        "angles, with "
        "the fitted curve, its background and the dips; below, residuals in units of σ.",
        *(lines or ["w is not determined."]),
        f"reduced χ² {found.reduced_chi2:.3g}",
    )
    return figure
