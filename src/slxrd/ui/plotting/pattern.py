"""Figures of a pattern, of a baseline correction, and of the decomposition of a region into peaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.data.baseline import Subtraction
from slxrd.data.decomposition.classification import Kind
from slxrd.data.decomposition.decompose import Component, Decomposition
from slxrd.data.decomposition.decompose import subtract_peaks as without
from slxrd.data.pattern import Axis, Pattern
from slxrd.fitting.result.summary import is_simulated
from slxrd.ui.plotting import style
from slxrd.units import FloatArray, q_from_two_theta, two_theta_from_q

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_POINTS, _LEFT_OUT = style.BLUE, style.FAINT


@style.styled
@check_arguments
def pattern_figure(pattern: Pattern, against: Axis, scale: Literal["linear", "log"] = "log") -> Figure:
    """Draw a pattern.

    Parameters
    ----------
    pattern : Pattern
        What to draw; its masked points are drawn as left out.
    against : {"q", "2theta"}
        The axis; the other one is drawn on top where the wavelength is known.
    scale : {"linear", "log"}
        Of the intensity.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.

    Raises
    ------
    SlxrdError
        If the axis needs a wavelength that is not known.
    """
    x = pattern.q if against == "q" else pattern.two_theta
    figure = style.new_figure(2.2 if style.is_narrow() else 3.2)
    axes = figure.subplots()
    y = pattern.intensity.copy()
    if scale == "log":
        positive = y[y > 0.0]
        if positive.size:
            axes.set_yscale("log")
            y = np.where(y > 0.0, y, positive.min() / 2.0)
    axes.plot(*_line(x, y, ~pattern.mask), color=_POINTS, linewidth=1.0)
    if pattern.mask.any():
        axes.plot(*_line(x, y, pattern.mask), color=_LEFT_OUT, linewidth=1.0, label="left out")
        axes.legend()
    corrected = any(step.name == "Lorentz-polarisation" for step in pattern.history)
    axes.set_ylabel(
        "intensity (counts)" if pattern.per_count is not None and not corrected else style.INTENSITY
    )
    axes.set_xlabel(style.Q if against == "q" else style.TWO_THETA)
    axes.margins(x=0.01)
    length = pattern.wavelength
    if length is not None:
        # Positions beyond the largest q of the wavelength have no 2θ.
        farthest = 4.0 * np.pi / length

        def angle(q: ArrayLike) -> FloatArray:
            return two_theta_from_q(np.clip(q, 0.0, farthest), length)

        def vector(two_theta: ArrayLike) -> FloatArray:
            return q_from_two_theta(np.clip(two_theta, 0.0, 180.0), length)

        other = axes.secondary_xaxis("top", functions=(angle, vector) if against == "q" else (vector, angle))
        other.set_xlabel(f"{style.TWO_THETA if against == 'q' else style.Q} at {length:.5g} Å")
    style.mark_simulated(figure, is_simulated(pattern))
    title = pattern.metadata.get("title")
    style.set_caption(
        figure, f"{_source(pattern)}: {on_one_line(title)}." if title else f"{_source(pattern)}."
    )
    return figure


def _line(x: FloatArray, y: FloatArray, shown: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return a line through the points that are shown, interrupted where nothing was measured."""
    steps = np.diff(x)
    gaps = np.flatnonzero(steps > LARGEST_STEP * np.median(steps)) + 1 if steps.size else steps.astype(int)
    return np.insert(x, gaps, np.nan), np.insert(np.where(shown, y, np.nan), gaps, np.nan)


_MEASURED, _CURVE, _TAKEN, _REST = style.POINTS, style.VERMILION, style.GREEN, style.BLUE
_KINDS: dict[Kind, str] = {
    "fringe": style.FAINT, "Bragg peak": style.SKY, "diffuse": style.GREEN, "spurious": style.VERMILION,
}  # fmt: skip
_NARROW: tuple[Kind, ...] = ("fringe", "spurious")
#: Steps, in units of the median step, beyond which a range was not measured.
LARGEST_STEP = 20.0
#: Ratio of intensities above which the scale is logarithmic.
WIDE_RANGE = 30.0


@style.styled
@check_arguments
def background_figure(done: Subtraction) -> Figure:
    """Draw a pattern with its baseline, and the foot of the corrected peaks, which a baseline can distort.

    Parameters
    ----------
    done : Subtraction
        Data to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    pattern, baseline, seen = done.before, done.baseline, ~done.before.mask
    q = pattern.q
    figure = style.new_figure(4.6 if style.is_narrow() else 5.0)
    top, foot, rest = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 2))
    points = "simulated" if is_simulated(pattern) else "measured"
    for panel in (top, foot):
        panel.plot(q[seen], pattern.intensity[seen], ".", color=_MEASURED, markersize=2.5, label=points)
        if not seen.all():
            panel.plot(
                q[~seen],
                pattern.intensity[~seen],
                ".",
                color=_MEASURED,
                alpha=0.25,
                markersize=2.5,
                label="masked",
            )
        panel.fill_between(q, baseline, color=_TAKEN, alpha=0.18, linewidth=0.0, label="subtracted")
        panel.plot(q, baseline, color=_CURVE, linewidth=1.4, label="baseline")
        panel.set_ylabel(style.INTENSITY)
    top.set_ylim(bottom=min(0.0, float(baseline.min())))
    foot.set_ylim(min(0.0, float(baseline.min())), _above(baseline, pattern.intensity[seen]))
    left = done.pattern.intensity
    height = _above(np.zeros(1), left[seen], float(np.ptp(foot.get_ylim())) / 3.0)
    rest.axhline(0.0, color="black", linewidth=0.6)
    rest.plot(q[seen], left[seen], ".", color=_REST, markersize=2.5)
    if done.pattern.sigma is not None:
        sigma = done.pattern.sigma
        rest.fill_between(q, -2.0 * sigma, 2.0 * sigma, color=_REST, alpha=0.12, linewidth=0.0)
        rest.text(0.005, 0.94, "shaded: ± 2σ", transform=rest.transAxes, va="top")
    rest.set_ylim(-0.3 * height, height)
    rest.set_ylabel("difference\n(arb. units)")
    rest.set_xlabel(style.Q)
    handles, labels = top.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2 if style.is_narrow() else 4)
    style.letter_panels([top, foot, rest])
    style.set_caption(
        figure,
        f"{_source(pattern)}: {on_one_line(done.pattern.history[-1])}.",
        "(a) Pattern and baseline; (b) the same, enlarged; (c) what is left"
        + (", with a band of ± 2σ." if pattern.sigma is not None else "."),
    )
    return figure


@style.styled
@check_arguments
def decomposition_figure(parts: Decomposition, subtracted: Sequence[int] = ()) -> Figure:
    """Draw a region with its peaks, as in Figure S12 of the 2021 paper.

    Parameters
    ----------
    parts : Decomposition
        Data to draw.
    subtracted : sequence of int
        Components that were subtracted; a second column shows the pattern without them.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window. The peaks are coloured by their kind and numbered;
        residuals in units of σ are below.
    """
    columns = 2 if subtracted else 1
    data, fitted = parts.fitted.data, parts.fitted
    q = np.linspace(data.q[0], data.q[-1], 1200)
    if style.is_narrow():
        figure = style.new_figure(3.0 * columns)
        stacked = figure.subplots(
            2 * columns, 1, sharex=True, squeeze=False, height_ratios=(2.6, 1) * columns
        )
        axes = stacked.reshape(columns, 2).T
    else:
        figure = style.new_figure(3.6)
        axes = figure.subplots(2, columns, sharex=True, squeeze=False, height_ratios=(3, 1))
    top, bottom = axes[0, 0], axes[1, 0]
    points = "simulated" if is_simulated(parts.pattern) else "measured"
    line = fitted.background_at(q)
    numbers = ", ".join(f"#{number}" for number in sorted(subtracted))
    top.plot(data.q, data.intensity, ".", color=_MEASURED, markersize=3.0, label=points, zorder=3)
    top.plot(q, parts.curve(q), color="black", linewidth=1.0, label="sum", zorder=4)
    top.plot(q, line, color="black", linewidth=0.8, linestyle=":", label="straight background")
    _peaks(top, parts, q, line, subtracted)
    top.set_ylabel(style.INTENSITY)
    residual = (data.intensity - parts.curve(data.q)) / data.sigma
    _residuals(bottom, data.q, residual)
    if subtracted:
        right, rest = axes[0, 1], axes[1, 1]
        left = without(parts, subtracted)
        inside = np.isin(left.q, data.q)
        taken = parts.curve(q, subtracted)
        right.plot(data.q, data.intensity, ".", color=_MEASURED, alpha=0.25, markersize=3.0, label=points)
        right.plot(data.q, left.intensity[inside], ".", color=_REST, markersize=3.0, label="what is left")
        right.fill_between(q, line, line + taken, color=_CURVE, alpha=0.35, linewidth=0.0, label="subtracted")
        right.set_yscale(top.get_yscale())
        right.set_ylim(top.get_ylim())
        right.legend()
        rest.plot(q, taken, color=_CURVE, linewidth=1.2)
        rest.axhline(0.0, color="black", linewidth=0.6)
        rest.set_ylabel("subtracted\n(arb. units)")
        rest.set_xlabel(style.Q)
    period = "" if parts.period is None else f", fringes of period {parts.period:.4g} Å"
    text = f"{len(parts.components)} × {fitted.shape}{period}, reduced χ² {fitted.reduced_chi2:.3g}"
    style.letter_panels(axes[0].tolist())
    style.set_caption(
        figure,
        f"{_source(parts.pattern)}: {text}. Peaks are numbered and coloured by their kind; below, "
        "residuals in "
        "units of σ with a band of ± 2.",
        f"(b) Without {numbers}." if subtracted else "",
    )
    return figure


def _peaks(
    panel: Axes, parts: Decomposition, q: FloatArray, line: FloatArray, subtracted: Sequence[int]
) -> None:
    """Draw each peak on the background, coloured by its kind; broad ones first, behind narrow ones."""
    from matplotlib.patheffects import withStroke

    labelled: set[Kind] = set()
    for c in sorted(parts.components, key=lambda c: -c.fwhm):
        curve = line + parts.curve(q, [c.number])
        label = None if c.kind in labelled else c.kind
        labelled.add(c.kind)
        panel.fill_between(q, line, curve, color=_KINDS[c.kind], alpha=0.3, linewidth=0.0, label=label)
        drawn = np.where(curve - line > 0.002 * c.height, curve, np.nan)
        panel.plot(q, drawn, color=_KINDS[c.kind], linewidth=0.9)
    for together in _labels(parts, 0.012 * float(np.ptp(q))):
        c = together[0]
        place = np.array([c.position])
        narrow = c.kind in _NARROW  # other peaks hide its top
        height = float((parts.curve(place) if narrow else parts.fitted.background_at(place) + c.height)[0])
        text = panel.annotate(
            ", ".join(str(one.number) for one in together), (c.position, height), xytext=(0.0, 7.0),
            textcoords="offset points", ha="center", zorder=6,
            color=_KINDS[c.kind] if c.kind != "fringe" else "#555555",
            fontweight="bold" if any(one.number in subtracted for one in together) else "normal",
        )  # fmt: skip
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    panel.margins(y=0.09)
    low, high = np.percentile(parts.fitted.data.intensity, [2.0, 100.0])
    if 0.0 < low < high / WIDE_RANGE:
        panel.set_yscale("log")
        panel.set_ylim(0.5 * low, 3.0 * high)
    panel.legend()


def _labels(parts: Decomposition, apart: float) -> list[list[Component]]:
    """Group components by label: narrow ones at the same position share one."""
    labels: list[list[Component]] = []
    for c in parts.components:
        same = [
            group for group in labels
            if c.kind == group[0].kind and c.kind in _NARROW and c.position - group[0].position < apart
        ]  # fmt: skip
        if same:
            same[0].append(c)
        else:
            labels.append([c])
    return labels


def _residuals(panel: Axes, q: FloatArray, residual: FloatArray) -> None:
    panel.axhspan(-2.0, 2.0, color=_REST, alpha=0.08, linewidth=0.0)
    panel.axhline(0.0, color="black", linewidth=0.6)
    panel.plot(q, residual, ".", color=_REST, markersize=3.0)
    reach = max(4.0, 1.1 * float(np.max(np.abs(residual))))
    style.set_symmetric(panel, reach)
    panel.set_ylabel("residual (σ)")
    panel.set_xlabel(style.Q)


def _above(baseline: FloatArray, intensity: FloatArray, least: float = 0.0) -> float:
    """Return the upper limit of a panel that shows the foot of the peaks."""
    highest = float(intensity.max())
    wanted = max(2.0 * float(baseline.max()), 0.03 * highest, least)
    return min(wanted, 1.05 * highest)


def _source(pattern: Pattern) -> str:
    return on_one_line(Path(pattern.source).name) + (" (simulated)" if is_simulated(pattern) else "")
