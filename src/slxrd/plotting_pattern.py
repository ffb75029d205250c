"""Pictures of measured patterns, before anything is done with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from slxrd.pattern import Axis, Pattern
from slxrd.summary import is_simulated
from slxrd.units import FloatArray, q_from_two_theta, two_theta_from_q

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURED, _LEFT_OUT = "#0072b2", "#999999"


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
        Not bound to any window; ``savefig`` writes it.

    Raises
    ------
    SlxrdError
        If the axis needs a wavelength that is not known.
    """
    from matplotlib.figure import Figure

    x = pattern.q if against == "q" else pattern.two_theta
    picture = Figure(figsize=(8.6, 4.4), layout="constrained")
    axes = picture.subplots()
    y = pattern.intensity.copy()
    if scale == "log":
        positive = y[y > 0.0]
        if positive.size:
            axes.set_yscale("log")
            y = np.where(y > 0.0, y, positive.min() / 2.0)
    seen = np.ma.masked_array(y, pattern.mask)
    axes.plot(x, seen, color=_MEASURED, linewidth=1.0)
    if pattern.mask.any():
        axes.plot(x, np.ma.masked_array(y, ~pattern.mask), color=_LEFT_OUT, linewidth=1.0, label="left out")
        axes.legend(frameon=False)
    corrected = any(step.name == "Lorentz-polarisation" for step in pattern.history)
    axes.set_ylabel("counts" if pattern.per_count is not None and not corrected else "intensity")
    axes.set_xlabel("q (Å⁻¹)" if against == "q" else "2θ (°)")
    axes.margins(x=0.01)
    length = pattern.wavelength
    if length is not None:
        # The ends of an axis may lie beyond what the wavelength reaches; those have no counterpart.
        farthest = 4.0 * np.pi / length

        def angle(q: ArrayLike) -> FloatArray:
            return two_theta_from_q(np.clip(q, 0.0, farthest), length)

        def vector(two_theta: ArrayLike) -> FloatArray:
            return q_from_two_theta(np.clip(two_theta, 0.0, 180.0), length)

        other = axes.secondary_xaxis("top", functions=(angle, vector) if against == "q" else (vector, angle))
        other.set_xlabel(f"2θ (°) at {length:.5g} Å" if against == "q" else f"q (Å⁻¹) at {length:.5g} Å")
    name = Path(pattern.source).name + (" (simulated)" if is_simulated(pattern) else "")
    title = pattern.metadata.get("title")
    axes.set_title(f"{name}: {title}" if title else name, loc="left", fontsize=11)
    return picture
