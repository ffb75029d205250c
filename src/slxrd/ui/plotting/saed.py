"""Figure of an electron diffraction image: over q and azimuth, its radial profile, and its rings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.studies.images.saed.result import Saed
from slxrd.ui.plotting import style
from slxrd.ui.plotting.polar import draw_polar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@style.styled
@check_arguments
def saed_figure(found: Saed) -> Figure:
    """Draw an electron diffraction image over q and azimuth with its arcs, and its radial profile.

    Parameters
    ----------
    found : Saed
        Result to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    narrow = style.is_narrow()
    figure = style.new_figure(5.4 if narrow else 3.4)
    panels = list(figure.subplots(2, 1) if narrow else figure.subplots(1, 2))
    _draw_map(panels[0], found)
    _draw_profile(panels[1], found)
    style.letter_panels(panels)
    style.mark_simulated(figure, found.simulated)
    style.set_caption(
        figure,
        f"{on_one_line(Path(found.source).name)}{' (simulated)' if found.simulated else ''}: intensity over "
        "q and azimuth, in logarithmic colours, with the arcs that are found (circles), and averaged over "
        "the azimuth, with the rings. Grey: not measured.",
        f"{found.conclusion[0].upper()}{found.conclusion[1:]}.",
    )
    return figure


def _draw_map(panel: Axes, found: Saed) -> None:
    draw_polar(panel, found.polar, (-180.0, 180.0))
    for ring in found.rings:
        q = 2.0 * np.pi / float(ring.d.value or np.inf)
        at = np.array([float(each.value or 0.0) for each in ring.arcs.azimuths])
        both = np.concatenate([at, at - 180.0])
        panel.plot(np.full(both.size, q), both, "o", fillstyle="none", markersize=5.0, color="white")
    panel.set_ylim(-180.0, 180.0)
    panel.set_yticks([-180, -90, 0, 90, 180])


def _draw_profile(panel: Axes, found: Saed) -> None:
    inside = (found.radial.x >= found.polar.q[0]) & (found.radial.x <= found.polar.q[-1])
    x, y = found.radial.x[inside], found.radial.intensity[inside]
    panel.plot(x, y, color=style.BLUE, linewidth=0.9)
    top = float(y.max()) if y.size else 1.0
    for ring in found.rings:
        q = 2.0 * np.pi / float(ring.d.value or np.inf)
        other = not ring.planes and bool(found.lattice)
        panel.vlines(q, 0.0, top, color=style.VERMILION if other else "0.6", linewidth=0.6, zorder=0)
        panel.annotate(
            ring.planes or f"{ring.d.value:.3g} Å", (q, 1.02 * top), rotation=90, fontsize=6.5, ha="center",
            va="bottom",
        )  # fmt: skip
    panel.set_ylim(0.0, 1.25 * top)
    panel.set_xlabel("$q$ (Å$^{-1}$)")
    panel.set_ylabel("intensity (counts a pixel)")
