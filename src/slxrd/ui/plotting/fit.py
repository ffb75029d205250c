"""Figure of a fit: data, calculated curve, and residuals in units of σ."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import figure_text, printable
from slxrd._files import check_picture, check_writable, write
from slxrd.errors import SlxrdError
from slxrd.fitting.result.assessment import Assessment, sentence
from slxrd.fitting.result.fit import FitResult, Solution
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.parameters.definitions import STACKING, info

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from slxrd.fitting.objective.evaluation import Fitted

#: Most regions in one figure.
MOST_REGIONS = 12
_MEASURED, _CALCULATED, _REST, _MISFIT = "#4d4d4d", "#d55e00", "#0072b2", "#cc3311"


def figure(fit: FitResult, *, scale: Literal["linear", "log"] | None = None) -> Figure:
    """Draw each region of a fit, with its residuals in units of σ below, and mark the largest misfit.

    Parameters
    ----------
    fit : Fit or SavedFit
        Data to draw.
    scale : {"linear", "log"}, optional
        Of the intensity; that of the residuals where it is not given.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.

    Raises
    ------
    SlxrdError
        If ``scale`` is another word, or a saved fit has no curves.
    """
    from matplotlib.figure import Figure

    if scale not in (None, "linear", "log"):
        raise SlxrdError(f"scale {scale!r} is neither linear nor log")
    scale = scale or ("log" if fit.settings.objective == "log" else "linear")
    drawn = fit.regions[:MOST_REGIONS]
    n = len(drawn)
    if n == 0:
        raise SlxrdError("the saved fit has no curves to draw (fit.csv is missing); repeat it with slxrd fit")
    picture = Figure(figsize=(max(9.0, 4.4 * n + 4.8), 5.4), layout="constrained")
    axes = picture.subplots(2, n, sharex="col", squeeze=False, height_ratios=(3, 1))
    points = "simulated" if is_simulated(fit.pattern) else "measured"
    for column, fitted in enumerate(drawn):
        _draw_region(axes[0, column], axes[1, column], fitted, scale, points)
        _draw_assessment((axes[0, column], axes[1, column]), fitted, fit)
    axes[0, 0].set_ylabel("intensity")
    axes[1, 0].set_ylabel("residual (σ)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside upper right", ncols=3, frameon=False)
    name = figure_text(Path(fit.pattern.source).name) + (" (simulated)" if is_simulated(fit.pattern) else "")
    if n < len(fit.regions):
        name += f": the first {n} of {len(fit.regions)} regions"
    picture.suptitle(name, x=0.01, ha="left", fontsize=11)
    if fit.assessment is not None and fit.assessment.grade != "describes":
        colour = _MISFIT if fit.rejected else "black"
        picture.supxlabel(_caption(fit.assessment), fontsize=9, color=colour, x=0.01, ha="left")
    add_side_text(picture, _legend(fit))
    return picture


def _draw_region(top: Axes, bottom: Axes, fitted: Fitted, scale: str, points: str) -> None:
    gaps = np.flatnonzero(np.diff(fitted.q) > 3.0 * np.median(np.diff(fitted.q))) + 1
    low, high = fitted.measured - fitted.sigma, fitted.measured + fitted.sigma
    if scale == "log":
        positive = fitted.measured[fitted.measured > 0.0]
        floor = float(positive.min()) / 3.0
        low = np.maximum(low, floor)
        top.set_yscale("log")
        top.set_ylim(floor, float(fitted.measured.max()) * 2.0)
    top.vlines(fitted.q, low, high, color=_MEASURED, alpha=0.25, linewidth=1.0, label="± σ")
    top.plot(fitted.q, fitted.measured, ".", color=_MEASURED, markersize=3.5, label=points)
    for i, part in enumerate(np.split(np.arange(fitted.q.size), gaps)):
        label = "calculated" if i == 0 else None
        top.plot(fitted.q[part], fitted.calculated[part], color=_CALCULATED, linewidth=1.4, label=label)
    top.set_title(
        figure_text(fitted.region.name)
        + (f", weight {fitted.region.weight:g}" if fitted.region.weight != 1.0 else ""),
        fontsize=9,
    )
    bottom.axhspan(-2.0, 2.0, color=_REST, alpha=0.08, linewidth=0.0)
    bottom.axhline(0.0, color="black", linewidth=0.6)
    bottom.plot(fitted.q, fitted.residual, ".", color=_REST, markersize=3.0)
    reach = max(4.0, 1.1 * float(np.max(np.abs(fitted.residual))))
    bottom.set_ylim(-reach, reach)
    bottom.set_xlabel("q (Å⁻¹)")


def _draw_assessment(axes: tuple[Axes, Axes], fitted: Fitted, fit: FitResult) -> None:
    """Mark the place of the largest misfit; draw the curve of a rejected model dashed."""
    if fit.rejected:
        for line in axes[0].get_lines()[1:]:
            line.set_linestyle("--")
        axes[0].text(
            0.5, 0.97, "REJECTED", transform=axes[0].transAxes, ha="center", va="top", color=_MISFIT,
            fontsize=13, fontweight="bold", alpha=0.8,
        )  # fmt: skip
    misfit = None if fit.assessment is None else fit.assessment.misfit
    if misfit is not None and misfit.low <= fitted.q[-1] and misfit.high >= fitted.q[0]:
        for panel in axes:
            panel.axvspan(misfit.low, misfit.high, color=_MISFIT, alpha=0.12, linewidth=0.0, zorder=0)


def _caption(assessment: Assessment) -> str:
    where = (
        "" if assessment.misfit is None else f"\nLargest misfit (shaded): {sentence(assessment.misfit.text)}"
    )
    return assessment.headline + where


def _legend(fit: FitResult) -> str:
    if fit.rejected:
        return f"no result: the model\ndoes not describe\nthe data\n\nreduced χ² {fit.reduced_chi2:.3g}"
    stacked = fit.stack.coherent > 1
    rows = [(info(name).symbol, e) for name, e in fit.parameters.items() if stacked or name not in STACKING]
    rows.append(("Λ", fit.derived["period"]) if stacked else ("N·d", fit.derived["thickness_with_surface"]))
    status = {"fixed": " (fixed)", "ambiguous": " (ambiguous)", "at bound": " (at bound)"}
    rows.sort(key=lambda row: row[1].status == "fixed")
    lines = [f"{symbol:<3} {format_estimate(e)}{status.get(e.status, '')}" for symbol, e in rows]
    lines.append(f"reduced χ² {fit.reduced_chi2:.3g}")
    if any(solution.near(fit.ambiguous) for solution in fit.solutions[1:]):
        near = [s for s in fit.solutions[1:4] if s.delta_chi2 < fit.ambiguous]
        lines += [
            "",
            "not unique; also",
            *(f"{_other(fit.stack.coherent, s)}, Δχ² {s.delta_chi2:.1f}" for s in near),
        ]
    return "\n".join(lines)


def _other(coherent: int, solution: Solution) -> str:
    """Name another solution by its gap, that of a single crystal by its size."""
    if coherent == 1:
        return f"N = {solution.values['N']:.2f}"
    return f"L = {solution.values['L']:.2f} Å"


def add_side_text(picture: Figure, text: str) -> None:
    """Write a text on the right of a figure, whose layout engine makes room for it as for a legend."""
    legend = picture.legend(
        [], [], title=text, loc="outside right center", frameon=False, borderpad=0.2,
        title_fontproperties={"family": "DejaVu Sans Mono", "size": 9},
    )  # fmt: skip
    legend.get_title().set_linespacing(1.6)


def figure_bytes(picture: Figure, format: str = "png") -> bytes:
    """Render a figure as ``"png"``, ``"svg"`` or ``"pdf"``."""
    buffer = io.BytesIO()
    _draw_as_text(picture)
    # To find the extent of all that is drawn takes as long as to draw it; a layout engine keeps it inside.
    arranged = picture.get_layout_engine() is not None
    if arranged:
        _widen_for_titles(picture)
    picture.savefig(buffer, format=format, dpi=150, bbox_inches=None if arranged else "tight")
    return buffer.getvalue()


def _draw_as_text(picture: Figure) -> None:
    """Draw the texts that Matplotlib would take for formulas, and cannot read, as they are.

    Control characters, for which no font has a glyph, are drawn as their codes.
    """
    from matplotlib.mathtext import MathTextParser
    from matplotlib.text import Text

    parser: MathTextParser[Any] = MathTextParser("path")
    for text in picture.findobj(Text):
        assert isinstance(text, Text)
        written = text.get_text()
        if printable(written) != written:
            text.set_text(printable(written))
        if "$" in written:
            try:
                parser.parse(text.get_text())
            except ValueError:
                text.set_parse_math(False)


def _widen_for_titles(picture: Figure) -> None:
    """Make a figure as wide as its longest title, of which the layout engine regards the height only."""
    titles = [text for text in picture.texts if text.get_text()]
    needed = max((text.get_window_extent().width for text in titles), default=0.0) / picture.dpi + 0.2
    if needed > picture.get_figwidth():
        picture.set_figwidth(needed)


@check_arguments
def plot(
    fit: FitResult,
    path: str | Path | None = None,
    *,
    scale: Literal["linear", "log"] | None = None,
    force: bool = False,
) -> Figure:
    """Draw a fit, and write the figure if a path is given.

    Parameters
    ----------
    fit : Fit or SavedFit
        Data to draw.
    path : path-like, optional
        File to write, .png, .svg or .pdf.
    scale : {"linear", "log"}, optional
        Of the intensity; that of the residuals where it is not given.
    force : bool
        Whether an existing file may be overwritten.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    SlxrdError
        If the format of the figure is unknown, or its file exists and ``force`` is not given.
    """
    picture = figure(fit, scale=scale)
    if path is not None:
        path = Path(path)
        check_picture(path)
        check_writable([path], force)
        write(path, figure_bytes(picture, path.suffix[1:].lower()))
    return picture
