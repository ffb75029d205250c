"""Figure of a measured resolution: lines of the standard with their fit, and width against q."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.errors import SlxrdError
from slxrd.fitting.result.summary import is_simulated
from slxrd.instrument.calibration.measure import Resolution
from slxrd.instrument.calibration.summary import with_error
from slxrd.instrument.diffractometer import Instrument
from slxrd.ui.plotting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MEASURED, _CURVE, _REST = style.POINTS, style.VERMILION, style.BLUE
#: Number of lines in a row, and of lines drawn; of more lines, a selection over all angles is drawn.
COLUMNS, MOST = 6, 18
#: Range drawn on either side of a line, in full widths at half maximum.
DRAWN = 6.0


@style.styled
@check_arguments
def resolution_figure(measured: Resolution) -> Figure:
    """Draw the lines of a standard with their fit and residuals, and the width against q.

    Parameters
    ----------
    measured : Resolution
        Data to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    selected = _spread(len(measured.lines))
    columns = min(3 if style.is_narrow() else COLUMNS, max(2, len(selected)))
    rows = math.ceil(len(selected) / columns)
    figure = style.new_figure(1.4 * rows + 2.8)
    lines, widths = figure.subfigures(2, 1, height_ratios=(1.4 * rows, 2.6), squeeze=False)[:, 0]
    axes = lines.subplots(2 * rows, columns, squeeze=False, height_ratios=(3.0, 1.0) * rows)
    for place in range(rows * columns):
        top, bottom = axes[2 * (place // columns) : 2 * (place // columns) + 2, place % columns]
        if place < len(selected):
            _draw_line(top, bottom, measured, selected[place])
            if place % columns == 0:
                top.set_ylabel("√counts")
                bottom.set_ylabel("rest (σ)")
        else:
            top.axis("off")
            bottom.axis("off")
    lines.supxlabel(style.TWO_THETA, fontsize=8.0)
    _draw_widths(widths.subplots(), measured)
    simulated = " (simulated)" if is_simulated(measured.pattern) else ""
    shown = (
        "" if len(selected) == len(measured.lines) else f", {len(selected)} of {len(measured.lines)} lines"
    )
    style.mark_simulated(figure, bool(simulated))
    style.set_caption(
        figure,
        f"{on_one_line(Path(measured.pattern.source).name)}{simulated}: {measured.standard.name}{shown}, "
        "each with "
        "its full width at half maximum, its fit, and residuals in units of σ. Below, the standard "
        "deviation of "
        "the resolution against q.",
        *_values(measured),
        f"reduced χ² {measured.reduced_chi2:.3g}",
    )
    return figure


def _spread(n: int) -> list[int]:
    """Return the indices of up to :data:`MOST` of n lines, including the first and the last."""
    return sorted({round(i) for i in np.linspace(0, n - 1, min(n, MOST))})


def _draw_line(top: Axes, bottom: Axes, measured: Resolution, number: int) -> None:
    line = measured.lines[number]
    window, curve = next(
        (window, curve)
        for window, curve in zip(measured.windows, measured.curves, strict=True)
        if window.two_theta[0] <= line.two_theta <= window.two_theta[-1]
    )
    x = window.two_theta
    split = 0.0
    if measured.pattern.second_line is not None:
        ratio = measured.pattern.second_line.wavelength / measured.broadening.wavelength
        split = math.degrees(2.0 * (ratio - 1.0) * math.tan(math.radians(line.two_theta) / 2.0))
    low, high = line.two_theta - DRAWN * line.fwhm, line.two_theta + split + DRAWN * line.fwhm
    seen = (x >= low) & (x <= high)
    root = np.sqrt(np.maximum(window.intensity[seen], 0.0))
    top.plot(x[seen], root, ".", color=_MEASURED, markersize=2.5)
    top.plot(x[seen], np.sqrt(np.maximum(curve[seen], 0.0)), color=_CURVE, linewidth=1.1)
    top.set_ylim(bottom=0.0)
    label = (
        line.reflection.hkl if len(line.reflection.hkl) < 16 else line.reflection.hkl.split(",")[0] + ", …"
    )
    top.set_title(f"{label}: {line.fwhm:.3g}°", fontsize=6.5)
    residual = ((window.intensity - curve) / window.sigma)[seen]
    bottom.axhspan(-2.0, 2.0, color=_REST, alpha=0.08, linewidth=0.0)
    bottom.axhline(0.0, color="black", linewidth=0.5)
    bottom.plot(x[seen], residual, ".", color=_REST, markersize=2.0)
    reach = max(4.0, 1.1 * float(np.max(np.abs(residual))))
    style.set_symmetric(bottom, reach)
    bottom.sharex(top)
    for panel in (top, bottom):
        panel.tick_params(labelsize=6)
        panel.locator_params(axis="x", nbins=3)
        panel.locator_params(axis="y", nbins=4)
    top.tick_params(labelbottom=False)


def _draw_widths(panel: Axes, measured: Resolution) -> None:
    """Draw single widths with the curve of U, V and W and its error; dashed outside the measured range."""
    low, high = measured.q_range
    q = np.linspace(0.0, 1.04 * max(high, 2.5), 400)
    q = q[q < 4.0 * math.pi / measured.broadening.wavelength * 0.999]
    sigma, error = np.full(q.size, np.nan), np.full(q.size, np.nan)
    for i, place in enumerate(q.tolist()):
        try:
            sigma[i], error[i] = measured.sigma_G(place)
        except SlxrdError:
            continue
    inside = (q >= low) & (q <= high)
    label = "U, V and W" if measured.errors["U"] is not None else "W alone (U = V = 0)"
    panel.fill_between(q, sigma - error, sigma + error, color=_CURVE, alpha=0.18, linewidth=0.0, label="± σ")
    panel.plot(q, np.where(inside, sigma, np.nan), color=_CURVE, linewidth=1.5, label=label)
    for i, beyond in enumerate((q < low, q > high)):
        words = "extrapolated" if i == 0 else None
        panel.plot(
            q, np.where(beyond, sigma, np.nan), color=_CURVE, linewidth=1.2, linestyle="--", label=words
        )
    panel.errorbar(
        [line.reflection.q for line in measured.lines],
        [line.sigma_G for line in measured.lines],
        [line.sigma_G_error for line in measured.lines],
        fmt="o", color=_MEASURED, markersize=3.5, linewidth=1.0, label="single lines",
    )  # fmt: skip
    drawn = [line.sigma_G + line.sigma_G_error for line in measured.lines]
    top = 1.25 * max(float(np.nanmax(sigma)), *drawn)
    if top > Instrument.sigma_G:
        words = f"{Instrument.sigma_G:g} Å⁻¹, the default"
        panel.axhline(Instrument.sigma_G, color=_REST, linewidth=1.0, linestyle=":", label=words)
    panel.set_ylim(0.0, top)
    panel.set_xlim(0.0, float(q[-1]))
    panel.set_xlabel(style.Q)
    panel.set_ylabel(style.with_unit(style.math("σ_G"), "Å⁻¹"))
    panel.legend(ncols=2, loc="lower right")


def _values(measured: Resolution) -> list[str]:
    b, errors = measured.broadening, measured.errors
    rows = [f"{name} = {with_error(getattr(b, name), errors[name])} degrees²" for name in "UVW"]
    rows.append(f"η = {with_error(b.lorentzian, errors['lorentzian'])}")
    if measured.zero is not None:
        rows.append(f"zero {with_error(measured.zero, measured.zero_error)}° of 2θ")
    if measured.displacement is not None:
        rows.append(f"s/R {with_error(measured.displacement, measured.displacement_error)}")
    return rows
