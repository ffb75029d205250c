"""Figure of a fit: data, calculated curve, and residuals in units of σ."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line, printable
from slxrd._files import caption_path, check_picture, check_writable, write_together
from slxrd.errors import SlxrdError
from slxrd.fitting.result.assessment import sentence
from slxrd.fitting.result.fit import Estimate, FitResult, Solution
from slxrd.fitting.result.summary import format_estimate, format_interval, is_simulated
from slxrd.parameters.definitions import STACKING, info
from slxrd.ui.plotting import rendering, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from slxrd.fitting.objective.evaluation import Fitted

#: Most regions in one figure.
MOST_REGIONS = 12
#: Most regions beside one another on a page.
MOST_ACROSS = 3
_CALCULATED, _REST, _MISFIT = style.VERMILION, style.BLUE, "#cc3311"
#: Heights in inches of the panels of a region: intensity, its logarithm, residuals.
_HEIGHTS = {"intensity": 1.9, "log": 1.3, "rest": 0.75}


@style.styled
def figure(fit: FitResult, *, scale: Literal["linear", "log"] | None = None) -> Figure:
    """Draw each region of a fit, with its residuals in units of σ below, and mark the largest misfit.

    Parameters
    ----------
    fit : Fit or SavedFit
        Data to draw.
    scale : {"linear", "log"}, optional
        Of the intensity; that of the residuals where it is not given. With a linear scale, a second panel
        with a logarithmic one is drawn where the intensity of a region spans more than two decades.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``. Its caption, with the values of the parameters,
        is :func:`slxrd.style.caption`.

    Raises
    ------
    SlxrdError
        If ``scale`` is another word, or a saved fit has no curves.
    """
    if scale not in (None, "linear", "log"):
        raise SlxrdError(f"scale {scale!r} is neither linear nor log")
    scale = scale or ("log" if fit.settings.objective == "log" else "linear")
    drawn = fit.regions[:MOST_REGIONS]
    if not drawn:
        raise SlxrdError("the saved fit has no curves to draw (fit.csv is missing); repeat it with slxrd fit")
    kinds = ["intensity", "rest"]
    if scale == "linear" and any(_is_wide(fitted) for fitted in drawn):
        kinds.insert(1, "log")
    across = 1 if style.is_narrow() else min(len(drawn), MOST_ACROSS)
    rows = -(-len(drawn) // across)
    heights = [_HEIGHTS[kind] for kind in kinds] * rows
    picture = style.new_figure(sum(heights) + 0.35 * rows + 0.4)
    axes = picture.subplots(len(heights), across, squeeze=False, height_ratios=heights)
    points = "simulated" if is_simulated(fit.pattern) else "measured"
    lettered = []
    for place in range(rows * across):
        row, column = divmod(place, across)
        panels = dict(zip(kinds, axes[row * len(kinds) : (row + 1) * len(kinds), column], strict=True))
        if place >= len(drawn):
            for panel in panels.values():
                panel.remove()
            continue
        for kind, panel in panels.items():
            if kind != "rest":
                panel.sharex(panels["rest"])
                panel.tick_params(labelbottom=False)
                draw_curves(panel, drawn[place], "log" if kind == "log" else scale, points, fit.rejected)
        draw_residuals(panels["rest"], drawn[place])
        _draw_assessment(list(panels.values()), drawn[place], fit)
        if column == 0:
            panels["intensity"].set_ylabel(style.INTENSITY)
            panels["rest"].set_ylabel("residual (σ)")
            if "log" in panels:
                panels["log"].set_ylabel("the same, log")
        lettered.append(panels["intensity"])
    style.letter_panels(lettered)
    handles, labels = lettered[0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside upper right", ncols=len(labels))
    style.set_caption(picture, *_caption(fit, len(drawn)))
    return picture


def _is_wide(fitted: Fitted) -> bool:
    """Whether a linear axis hides a part of the intensity."""
    positive = fitted.measured[fitted.measured > 0.0]
    return bool(positive.size) and positive.max() > style.WIDE_RANGE * np.percentile(positive, 5.0)


def draw_calculated(panel: Axes, fitted: Fitted, dashes: str, *, label: str, **look: Any) -> None:
    """Draw the calculated curve of a region, but not across gaps between its points."""
    gaps = np.flatnonzero(np.diff(fitted.q) > 3.0 * np.median(np.diff(fitted.q))) + 1
    for i, part in enumerate(np.split(np.arange(fitted.q.size), gaps)):
        name = label if i == 0 else None
        panel.plot(fitted.q[part], fitted.calculated[part], dashes, label=name, **look)


def draw_curves(top: Axes, fitted: Fitted, scale: str, points: str, rejected: bool) -> None:
    """Draw the points of a region with their σ, and the calculated curve; dashed if it is rejected."""
    low, high = fitted.measured - fitted.sigma, fitted.measured + fitted.sigma
    positive = fitted.measured[fitted.measured > 0.0]
    if scale == "log" and positive.size:
        floor = float(positive.min()) / 3.0
        low = np.maximum(low, floor)
        top.set_yscale("log")
        top.set_ylim(floor, float(fitted.measured.max()) * 2.0)
    top.vlines(fitted.q, low, high, color=style.POINTS, alpha=0.25, linewidth=0.7, label="± σ")
    top.plot(fitted.q, fitted.measured, ".", color=style.POINTS, markersize=2.2, label=points)
    dashes = "--" if rejected else "-"
    draw_calculated(top, fitted, dashes, label="calculated", color=_CALCULATED, linewidth=1.0)
    top.margins(x=0.01)


def draw_residuals(bottom: Axes, fitted: Fitted) -> None:
    """Draw the residuals of a region in units of σ, with a band of ± 2."""
    bottom.axhspan(-2.0, 2.0, color=_REST, alpha=0.10, linewidth=0.0)
    bottom.axhline(0.0, color="black", linewidth=0.5)
    bottom.plot(fitted.q, fitted.residual, ".", color=_REST, markersize=2.0)
    reach = max(4.0, 1.1 * float(np.max(np.abs(fitted.residual))))
    style.set_symmetric(bottom, reach)
    bottom.set_xlabel(style.Q)
    bottom.margins(x=0.01)


def _draw_assessment(panels: list[Axes], fitted: Fitted, fit: FitResult) -> None:
    """Mark the place of the largest misfit, and a model that is rejected."""
    if fit.rejected:
        panels[0].text(
            0.5, 0.97, "REJECTED", transform=panels[0].transAxes, ha="center", va="top", color=_MISFIT,
            fontsize=10, fontweight="bold",
        )  # fmt: skip
    misfit = None if fit.assessment is None else fit.assessment.misfit
    if misfit is not None and misfit.low <= fitted.q[-1] and misfit.high >= fitted.q[0]:
        for panel in panels:
            panel.axvspan(
                misfit.low, misfit.high, color=_MISFIT, alpha=0.12, linewidth=0.0, zorder=0,
                label="largest misfit",
            )  # fmt: skip


def _caption(fit: FitResult, drawn: int) -> list[str]:
    """Caption of the figure: file, regions, assessment, parameters and other solutions."""
    simulated = " (simulated)" if is_simulated(fit.pattern) else ""
    names = "; ".join(
        f"{on_one_line(fitted.region.name)}"
        + (f", weight {fitted.region.weight:g}" if fitted.region.weight != 1.0 else "")
        for fitted in fit.regions[:drawn]
    )
    left_out = f" (the first {drawn} of {len(fit.regions)} regions)" if drawn < len(fit.regions) else ""
    lines = [
        f"{on_one_line(Path(fit.pattern.source).name)}{simulated}: {names}{left_out}.",
        "Points with ± σ, calculated curve, and residuals in units of σ with a band of ± 2.",
    ]
    if fit.assessment is not None:
        lines.append(fit.assessment.headline)
        if fit.assessment.misfit is not None:
            lines.append(f"Largest misfit (shaded): {sentence(fit.assessment.misfit.text)}")
    return [*lines, *_values(fit)]


def _values(fit: FitResult) -> list[str]:
    reduced = f"reduced χ² {fit.reduced_chi2:.3g} with the σ of the fit"
    if fit.rejected:
        return [f"No result: the model does not describe the data; {reduced}."]
    stacked = fit.stack.coherent > 1
    rows = [(info(name).symbol, e) for name, e in fit.parameters.items() if stacked or name not in STACKING]
    rows.append(("Λ", fit.derived["period"]) if stacked else ("N·d", fit.derived["thickness_with_surface"]))
    rows.sort(key=lambda row: row[1].status == "fixed")
    lines = [f"{symbol} = {_value(e)}" for symbol, e in rows]
    lines.append(reduced)
    if any(solution.near(fit.ambiguous) for solution in fit.solutions[1:]):
        near = [s for s in fit.solutions[1:4] if s.near(fit.ambiguous)]
        lines += [
            "Not unique; also",
            *(f"{_other(fit.stack.coherent, s)}, Δχ² {s.delta_chi2:.1f}" for s in near),
        ]
    return lines


def _value(estimate: Estimate) -> str:
    if estimate.status == "ambiguous" and estimate.interval_95:
        pieces = format_interval(estimate.interval_95, estimate.error)
        return f"{pieces} {estimate.unit} (ambiguous, 95 %)"
    status = f" ({estimate.status})" if estimate.status in ("fixed", "ambiguous", "at bound") else ""
    return f"{format_estimate(estimate)}{status}"


def _other(coherent: int, solution: Solution) -> str:
    """Name another solution by its gap, that of a single crystal by its size."""
    if coherent == 1:
        return f"N = {solution.values['N']:.2f}"
    return f"L = {solution.values['L']:.2f} Å"


@style.styled
def figure_bytes(picture: Figure, format: str = "png") -> bytes:
    """Render a figure as ``"png"``, ``"svg"`` or ``"pdf"``."""
    buffer = io.BytesIO()
    _draw_as_text(picture)
    # To find the extent of all that is drawn takes as long as to draw it; a layout engine keeps it inside.
    arranged = picture.get_layout_engine() is not None
    if arranged:
        _widen_for_titles(picture)
        rendering.leave_out_spines(picture)
    if arranged and format == "png" and rendering.is_saved_plainly():
        rendering.write_png(picture, buffer)
    else:
        picture.savefig(buffer, format=format, dpi=style.DPI, bbox_inches=None if arranged else "tight")
    return buffer.getvalue()


def with_caption(picture: Figure, path: Path) -> list[tuple[Path, bytes | str]]:
    """Return the contents of the file of a picture, and of its caption beside it if it has one.

    Parameters
    ----------
    picture : matplotlib.figure.Figure
        The figure.
    path : Path
        Its file, .png, .svg or .pdf.
    """
    contents: list[tuple[Path, bytes | str]] = [(path, figure_bytes(picture, path.suffix[1:].lower()))]
    text = style.caption(picture)
    return [*contents, (caption_path(path), f"{text}\n")] if text else contents


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
                typeset = style.typeset(text.get_text())
                for line in typeset.splitlines():
                    parser.parse(line)
                text.set_text(typeset)
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
    """Draw a fit, and write the figure and its caption if a path is given.

    Parameters
    ----------
    fit : Fit or SavedFit
        Data to draw.
    path : path-like, optional
        File to write, .png, .svg or .pdf; the caption is written beside it, ``fit.caption.txt``.
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
        check_writable([path, caption_path(path)], force)
        write_together(with_caption(picture, path))
    return picture
