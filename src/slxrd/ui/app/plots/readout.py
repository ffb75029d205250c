"""Readout under the cursor: position as q, 2θ and d, intensity, residual."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.plotting import figure

from slxrd.units import FloatArray, two_theta_from_q

#: Tooltips of the columns that :func:`positions` returns.
_POSITIONS = {"q": "@q{0.0000} Å⁻¹", "two_theta": "@two_theta{0.000}°", "d": "@d{0.0000} Å"}
_LABELS = {"q": "q", "two_theta": "2θ", "d": "d"}


def positions(q: FloatArray, wavelength: float | None) -> dict[str, FloatArray]:
    """Return columns of a source for positions: q, d = 2π/q, and 2θ where the wavelength is known.

    Parameters
    ----------
    q : ndarray, shape (n,)
        In Å⁻¹.
    wavelength : float or None
        In Å.
    """
    columns = {"q": q, "d": 2.0 * math.pi / np.where(q > 0.0, q, math.nan)}
    if wavelength is not None and float(q.max()) * wavelength < 4.0 * math.pi:
        columns["two_theta"] = np.asarray(two_theta_from_q(q, wavelength))
    return columns


def add_readout(
    plot: figure, source: ColumnDataSource, x: str, y: str, further: Sequence[tuple[str, str]]
) -> None:
    """Show the values of the point nearest to the cursor.

    Parameters
    ----------
    plot : figure
        Plot of the source.
    source : ColumnDataSource
        With the columns of :func:`positions`.
    x, y : str
        Columns that are drawn.
    further : sequence of (str, str)
        Label and format of each further value, such as ``("residual", "@residual{0.0} σ")``.
    """
    # An invisible line answers everywhere; points answer only where the cursor is on one of them.
    line = plot.line(x, y, source=source, line_alpha=0.0)
    shown = [(_LABELS[name], text) for name, text in _POSITIONS.items() if name in source.data]
    plot.add_tools(
        HoverTool(
            renderers=[line],
            mode="vline",
            line_policy="nearest",
            tooltips=[*shown, *further],
            visible=False,
            name="readout",
        )
    )
