"""Axes of the plots: q, 2θ or d across, and the intensity linear, logarithmic or as its square root."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from bokeh.models import BasicTickFormatter, CustomJSTickFormatter
from bokeh.plotting import figure

from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import DERIVED, info
from slxrd.units import FloatArray, q_from_two_theta, two_theta_from_q

AxisName = Literal["q", "2theta", "d"]
Scale = Literal["linear", "log", "sqrt"]
_LABELS = {"q": "q (Å⁻¹)", "2theta": "2θ (°)", "d": "d = 2π/q (Å)"}


@dataclass(frozen=True)
class Across:
    """The horizontal axis of a plot.

    Parameters
    ----------
    name : {"q", "2theta", "d"}
        Its quantity.
    wavelength : float, optional
        In Å, needed for 2θ.

    Raises
    ------
    SlxrdError
        If 2θ is wanted and the wavelength is not known.
    """

    name: AxisName = "q"
    wavelength: float | None = None

    def __post_init__(self) -> None:
        if self.name == "2theta" and self.wavelength is None:
            raise SlxrdError("the 2θ axis needs the wavelength; give it under 1 Open")

    @property
    def label(self) -> str:
        """Label with the unit."""
        return _LABELS[self.name]

    def of(self, q: FloatArray) -> FloatArray:
        """Return positions on the axis; NaN where there is none, such as d of q = 0."""
        q = np.asarray(q, dtype=np.float64)
        if self.name == "d":
            return 2.0 * math.pi / np.where(q > 0.0, q, math.nan)
        if self.name == "2theta":
            assert self.wavelength is not None
            reached = 4.0 * math.pi / self.wavelength
            return np.asarray(two_theta_from_q(np.where(q < reached, q, math.nan), self.wavelength))
        return q

    def ends(self, low: float, high: float) -> tuple[float, float]:
        """Return the lower and the upper end on the axis of a range of q."""
        left, right = sorted(self.of(np.array([low, high])).tolist())
        return left, right

    def q_range(self, left: float, right: float) -> tuple[float, float]:
        """Return the range of q in Å⁻¹ of a range on the axis."""
        if self.name == "d":
            low, high = sorted((2.0 * math.pi / left, 2.0 * math.pi / right))
        elif self.name == "2theta":
            assert self.wavelength is not None
            low, high = sorted(q_from_two_theta(np.array([left, right]), self.wavelength).tolist())
        else:
            low, high = sorted((left, right))
        return low, high


def heights(y: FloatArray, scale: Scale, floor: float) -> FloatArray:
    """Return the heights at which intensities are drawn.

    Parameters
    ----------
    y : ndarray
        Intensities.
    scale : {"linear", "log", "sqrt"}
        Scale of the plot. The root of a negative intensity is drawn below zero.
    floor : float
        Height of intensities at or below zero on a logarithmic scale.
    """
    if scale == "log":
        return np.where(y > 0.0, y, floor)
    if scale == "sqrt":
        return np.asarray(np.sign(y) * np.sqrt(np.abs(y)))
    return y


def format_intensity(plot: figure, scale: Scale) -> None:
    """Label the vertical axis with intensities, also where roots are drawn."""
    if scale == "linear":
        plot.yaxis.formatter = BasicTickFormatter(power_limit_high=7)
    elif scale == "sqrt":
        plot.yaxis.formatter = CustomJSTickFormatter(
            code="return String(Number((Math.sign(tick) * tick * tick).toPrecision(6))).replace('-', '−')"
        )


def quantity_label(name: str) -> str:
    """Return the symbol of a parameter or derived quantity, with its unit in parentheses."""
    if name in DERIVED:
        return f"{DERIVED[name][0]} (Å)"
    row = info(name)
    return f"{row.symbol} ({row.unit})" if row.unit else row.symbol
