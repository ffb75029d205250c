"""Figures of fringes, coherence and slits (as Fig. S5), and of the LP correction (as Fig. S14)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.studies.merit.disorder import Disorder
from slxrd.studies.merit.figures import FiguresOfMerit
from slxrd.studies.polarisation import LpComparison
from slxrd.ui.plotting import style
from slxrd.ui.plotting.fit import draw_calculated

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MEASURED, _FITTED = style.POINTS, style.VERMILION
_WITH, _WITHOUT = style.VERMILION, style.BLUE


@style.styled
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
    n = len(found.after.regions)
    widths = [fitted.q[-1] - fitted.q[0] for fitted in found.after.regions]
    figure = style.new_figure(4.2)
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
            draw_calculated(panel, fitted, "-", label="fitted", color=_FITTED, linewidth=1.4)
            panel.set_xlabel(style.Q)
        axes[row, 0].set_ylabel(f"intensity {title}\n(arb. units)")
        rows = [(r.symbol, r.before if row == 0 else r.after) for r in found.rows if r.shift is not None]
        texts += [f"{title}:", *(f"{symbol} = {format_estimate(value)}" for symbol, value in rows)]
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    style.letter_panels(axes.ravel().tolist())
    style.set_caption(
        figure,
        f"{on_one_line(Path(found.after.pattern.source).name)}{' (simulated)' if simulated else ''}: fits "
        "before "
        "(above) and after (below) the Lorentz-polarisation correction.",
        *texts,
    )
    return figure


@style.styled
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
    n = len(disorder.orders)
    lower = merits is not None and bool(merits.numbers)
    across = min(n, 1 if style.is_narrow() else 3)
    down = -(-n // across)
    panels_below = 0 if not lower or merits is None else 2 if merits.slits else 1
    below = panels_below if style.is_narrow() else min(panels_below, 1)
    figure = style.new_figure(2.2 * (down + below) + 0.2)
    heights = [float(down), float(below)] if lower else [1.0]
    rows = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    upper = rows[0].subplots(down, across, squeeze=False).ravel().tolist()
    for panel in upper[n:]:
        panel.remove()
    simulated = is_simulated(disorder.pattern)
    points = "simulated" if simulated else "measured"
    for i, (panel, each) in enumerate(zip(upper[:n], disorder.orders, strict=True)):
        panel.vlines(
            each.points, each.measured - each.sigma, each.measured + each.sigma, color=_MEASURED, alpha=0.25
        )
        panel.plot(each.points, each.measured, ".", color=_MEASURED, markersize=3.0, label=points)
        panel.plot(
            each.points, each.smooth, color=_WITHOUT, linewidth=1.3, linestyle="--", label="single crystals"
        )
        if each.seen:
            panel.plot(each.points, each.fringed, color=_WITH, linewidth=1.4, label="with fringes")
        panel.text(
            0.03,
            0.96,
            _conclusion(each.seen, each.conclusive),
            transform=panel.transAxes,
            va="top",
            fontsize=7.0,
        )
        panel.set_xlabel(style.Q)
        if i % across == 0:
            panel.set_ylabel(style.INTENSITY)
        panel.legend()
    drawn = upper[:n]
    if lower:
        assert merits is not None
        shape = (panels_below, 1) if style.is_narrow() else (1, panels_below)
        drawn = [*drawn, *rows[1].subplots(*shape, squeeze=False).ravel().tolist()]
        _draw_coherence(drawn[n:], merits)
    style.letter_panels(drawn)
    limits = disorder.limits_text
    orders = "; ".join(f"{e.q:.3f} Å⁻¹, {_conclusion(e.seen, e.conclusive)}" for e in disorder.orders)
    style.set_caption(
        figure,
        f"{on_one_line(Path(disorder.pattern.source).name)}{' (simulated)' if simulated else ''}: "
        f"Bragg peaks fitted with and without fringes ({orders}); "
        f"{limits if 'δ' in limits else 'δ_Λ ' + limits}.",
        ""
        if not lower
        else "Then the change of the fitted curve, in units of σ, with other numbers M of coherent "
        "crystals" + (", and with wider slits (broadening alone, offset)." if panels_below > 1 else "."),
    )
    return figure


def _conclusion(seen: bool, conclusive: bool) -> str:
    return "fringes" if seen else "no fringes" if conclusive else "inconclusive"


def _looks() -> Iterator[tuple[str, str]]:
    """Colours and dashes of curves, all different."""
    colours = (style.BLUE, style.GREEN, style.PURPLE, style.ORANGE, style.SKY, style.BLACK)
    return ((colour, dashes) for dashes in ("-", "--", ":") for colour in colours)


def _draw_coherence(panels: list[Axes], merits: FiguresOfMerit) -> None:
    fitted = merits.fit.regions[0]
    panels[0].axhspan(-1.0, 1.0, color="0.9", linewidth=0.0, label="± σ")
    for (colour, dashes), each in zip(_looks(), merits.numbers, strict=False):
        if each.coherent == merits.fit.stack.coherent:
            continue
        panels[0].plot(
            fitted.q, (each.curve - fitted.calculated) / fitted.sigma, color=colour, linestyle=dashes,
            label=f"$M$ = {each.coherent}: {each.deviation:.2g} σ",
        )  # fmt: skip
    panels[0].margins(y=0.3)
    if merits.slits:
        top = max(float(each.curve.max()) for each in merits.slits)
        for i, each in enumerate(merits.slits):
            panels[1].plot(
                fitted.q, each.curve + 0.25 * i * top, linewidth=1.2,
                label=f"{each.slit:g} mm (S14: {(each.length or 0.0) / 10.0:.3g} nm)",
            )  # fmt: skip
    for panel in panels:
        panel.set_xlabel(style.Q)
        panel.set_ylabel("change of the curve (σ)" if panel is panels[0] else style.INTENSITY)
        panel.legend(ncols=2 if panel is panels[0] else 1)
