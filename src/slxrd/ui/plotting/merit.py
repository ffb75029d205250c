"""Figures of fringes, coherence and slits (as Fig. S5), and of the LP correction (as Fig. S14)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import figure_text
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.studies.merit.disorder import Disorder
from slxrd.studies.merit.figures import FiguresOfMerit
from slxrd.studies.polarisation import LpComparison
from slxrd.ui.plotting.fit import add_side_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MEASURED, _FITTED = "#4d4d4d", "#d55e00"
_WITH, _WITHOUT = "#d55e00", "#0072b2"


@check_arguments
def lp_figure(found: LpComparison) -> Figure:
    """Draw the fits before and after the Lorentz-polarisation correction, with their parameters.

    Parameters
    ----------
    found : LpComparison
        Fits to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    from matplotlib.figure import Figure

    n = len(found.after.regions)
    widths = [fitted.q[-1] - fitted.q[0] for fitted in found.after.regions]
    figure = Figure(figsize=(max(9.4, 3.4 * n + 4.0), 6.2), layout="constrained")
    axes = figure.subplots(2, n, squeeze=False, width_ratios=widths)
    simulated = is_simulated(found.after.pattern)
    texts = []
    for row, (title, fit) in enumerate((("before LP", found.before), ("after LP", found.after))):
        for panel, fitted in zip(axes[row], fit.regions, strict=True):
            label = "simulated" if simulated else "measured"
            panel.vlines(
                fitted.q,
                fitted.measured - fitted.sigma,
                fitted.measured + fitted.sigma,
                color=_MEASURED,
                alpha=0.25,
            )
            panel.plot(fitted.q, fitted.measured, ".", color=_MEASURED, markersize=3.0, label=label)
            panel.plot(fitted.q, fitted.calculated, color=_FITTED, linewidth=1.4, label="fitted")
            panel.set_xlabel("q (Å⁻¹)")
        axes[row, 0].set_ylabel(f"intensity {title}")
        rows = [(r.symbol, r.before if row == 0 else r.after) for r in found.rows if r.shift is not None]
        texts.append("\n".join([title, *(f"{symbol:<8} {format_estimate(value)}" for symbol, value in rows)]))
    add_side_text(figure, "\n\n\n".join(texts))
    axes[0, -1].legend(frameon=False, fontsize=9)
    name = figure_text(Path(found.after.pattern.source).name) + (" (simulated)" if simulated else "")
    figure.suptitle(f"{name}: Lorentz-polarisation correction", x=0.01, ha="left", fontsize=11)
    return figure


@check_arguments
def merit_figure(disorder: Disorder, merits: FiguresOfMerit | None = None) -> Figure:
    """Draw each Bragg peak with and without fringes, and the effect of coherence and slits.

    Parameters
    ----------
    disorder : Disorder
        Result for the Bragg peaks.
    merits : FiguresOfMerit, optional
        Figures of merit of the fit, for the lower row.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    from matplotlib.figure import Figure

    n = len(disorder.orders)
    lower = merits is not None and bool(merits.numbers)
    figure = Figure(figsize=(max(9.4, 4.4 * n), 7.4 if lower else 4.0), layout="constrained")
    rows = figure.subfigures(2 if lower else 1, 1, squeeze=False)[:, 0]
    points = "simulated" if is_simulated(disorder.pattern) else "measured"
    for i, (panel, each) in enumerate(
        zip(rows[0].subplots(1, n, squeeze=False)[0], disorder.orders, strict=True)
    ):
        panel.vlines(
            each.points, each.measured - each.sigma, each.measured + each.sigma, color=_MEASURED, alpha=0.25
        )
        panel.plot(each.points, each.measured, ".", color=_MEASURED, markersize=3.0, label=points)
        panel.plot(
            each.points, each.smooth, color=_WITHOUT, linewidth=1.3, linestyle="--", label="single crystals"
        )
        if each.seen:
            panel.plot(each.points, each.fringed, color=_WITH, linewidth=1.4, label="with fringes")
        panel.set_title(f"{each.q:.3f} Å⁻¹: {_conclusion(each.seen, each.conclusive)}", fontsize=10)
        panel.set_xlabel("q (Å⁻¹)")
        if i == 0:
            panel.set_ylabel("intensity")
        panel.legend(frameon=False, fontsize=8)
    name = figure_text(Path(disorder.pattern.source).name) + (" (simulated)" if points == "simulated" else "")
    limits = disorder.limits_text
    figure.suptitle(f"{name}: {limits if 'δ' in limits else 'δ_Λ ' + limits}", x=0.01, ha="left", fontsize=11)
    if lower:
        assert merits is not None
        _draw_coherence(rows[1].subplots(1, 2 if merits.slits else 1, squeeze=False)[0].tolist(), merits)
    return figure


def _conclusion(seen: bool, conclusive: bool) -> str:
    return "fringes" if seen else "no fringes" if conclusive else "inconclusive"


def _draw_coherence(panels: list[Axes], merits: FiguresOfMerit) -> None:
    fitted = merits.fit.regions[0]
    sigma = float(np.median(fitted.sigma))
    panels[0].fill_between(
        fitted.q,
        fitted.calculated - sigma,
        fitted.calculated + sigma,
        color="0.85",
        linewidth=0.0,
        label="± σ",
    )
    colours = [str(shade) for shade in np.linspace(0.75, 0.0, len(merits.numbers))]
    for colour, each in zip(colours, merits.numbers, strict=True):
        of_fit = each.coherent == merits.fit.stack.coherent
        panels[0].plot(
            fitted.q,
            each.curve,
            color=_WITH if of_fit else colour,
            linewidth=1.5 if of_fit else 0.9,
            label=f"M = {each.coherent}: {each.deviation:.2g} σ"
            if not of_fit
            else f"M = {each.coherent}, as fitted",
        )
    panels[0].set_title("coherent crystals M, largest change", fontsize=10)
    if merits.slits:
        top = max(float(each.curve.max()) for each in merits.slits)
        for i, each in enumerate(merits.slits):
            panels[1].plot(
                fitted.q, each.curve + 0.25 * i * top, linewidth=1.2,
                label=f"{each.slit:g} mm (S14: {(each.length or 0.0) / 10.0:.3g} nm)",
            )  # fmt: skip
        panels[1].set_title("slits: broadening alone, as in Fig. S5 (calculated, offset)", fontsize=10)
    for panel in panels:
        panel.set_xlabel("q (Å⁻¹)")
        panel.set_ylabel("intensity")
        panel.legend(frameon=False, fontsize=8)
