"""Figure of the orientation of crystals: the image over azimuth and q, and the profiles of its rings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.studies.images.orientation.result import Orientations, Ring
from slxrd.ui.plotting import style
from slxrd.ui.plotting.polar import draw_polar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Least height of a profile over the highest of the one below.
_APART = 1.5
#: Points are drawn from this many standard deviations on.
_DRAWN = 1.5
#: Lowest point of a profile, relative to its highest.
_LOWEST = 2e-3


@style.styled
@check_arguments
def orientation_figure(found: Orientations) -> Figure:
    """Draw an image over azimuth and q with its rings, and the intensity of each ring over the azimuth.

    Parameters
    ----------
    found : Orientations
        Orientations to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    narrow = style.is_narrow()
    figure = style.new_figure(5.4 if narrow else 3.6)
    panels = list(figure.subplots(2, 1) if narrow else figure.subplots(1, 2))
    _draw_map(panels[0], found)
    _draw_profiles(panels[1], found.rings)
    style.letter_panels(panels)
    style.mark_simulated(figure, found.simulated)
    style.set_caption(
        figure,
        f"{on_one_line(Path(found.source).name)}{' (simulated)' if found.simulated else ''}: intensity over "
        "q and azimuth, in logarithmic colours, and that of each ring above the background over the azimuth, "
        f"moved apart; lines: orientations. Points below {_DRAWN:g} standard deviations are not drawn; bars "
        "end below the lowest point.",
        f"{found.conclusion[0].upper()}{found.conclusion[1:]}.",
    )
    return figure


def _draw_map(panel: Axes, found: Orientations) -> None:
    polar = found.polar
    draw_polar(panel, polar, (float(polar.azimuth[0]), float(polar.azimuth[-1])))
    for ring in found.rings:
        other = not ring.planes
        colour = style.VERMILION if other else "white"
        panel.axvline(
            ring.q.value or 0.0, color=colour, linewidth=0.6, linestyle=":" if other else "-", alpha=0.6
        )
    seen = np.flatnonzero(np.isfinite(polar.intensity).any(axis=1))
    if seen.size:
        panel.set_ylim(polar.azimuth[seen[0]], polar.azimuth[seen[-1]])


def _draw_profiles(panel: Axes, rings: tuple[Ring, ...]) -> None:
    top = 1.0
    for ring in rings:
        known = np.isfinite(ring.sigma)
        above = known & (ring.height > _DRAWN * ring.sigma)
        if not above.any():
            continue
        colour = style.BLUE if ring.planes else style.VERMILION
        lowest = max(ring.height[above].min(), _LOWEST * ring.height[above].max())
        factor = _APART * top / lowest
        top = factor * float(ring.height[above].max())
        x, y, sigma = ring.azimuth[above], ring.height[above] * factor, ring.sigma[above] * factor
        # A bar that reaches below zero has no lower end on this axis.
        bars = np.stack([np.minimum(sigma, y - lowest * factor / _APART), sigma])
        panel.errorbar(x, y, np.maximum(bars, 0.0), fmt=".", markersize=2.0, elinewidth=0.4, color=colour)
        model = np.where(known, ring.model * factor, np.nan)
        panel.plot(ring.azimuth, np.maximum(model, lowest * factor), color="black", linewidth=0.8)
        panel.annotate(
            ring.planes or f"{ring.q.value:.3g} Å$^{{-1}}$",
            (1.0, float(np.median(y))),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=6.5,
        )
    panel.set_yscale("log", nonpositive="clip")
    panel.set_xlabel("azimuth (°)")
    panel.set_ylabel("intensity of the ring (shifted)")
    panel.set_yticks([])
    panel.minorticks_off()
    panel.set_ylim(1.0, _APART * top)
