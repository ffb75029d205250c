"""Figure of a detector image: its map over the scattering vector, the cuts on it, and their curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.data.pattern import Pattern
from slxrd.detector.borders import borders_of
from slxrd.detector.cuts import Cut
from slxrd.detector.geometry import Geometry
from slxrd.detector.maps import CartesianMap
from slxrd.errors import SlxrdError
from slxrd.ui.plotting import style
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours of the map from its 1st percentile above zero to the 99.9th.
_PERCENTILES = (1.0, 99.9)
#: Colours of cuts, which stand out from those of the map; the first ones of the palette are too dark on it.
_COLOURS = (style.ORANGE, style.VERMILION, style.GREEN, style.PURPLE, style.SKY, style.BLUE)
_ALONG = {"q_xy": "$|q_{xy}|$", "q_z": "$q_z$", "q": "$q$"}


@style.styled
@check_arguments
def image_figure(
    found: CartesianMap, geometry: Geometry, cuts: Sequence[tuple[Cut, Pattern]] = (), title: str = ""
) -> Figure:
    """Draw a map in logarithmic colours with its cuts, and the curves of the cuts beside it.

    Parameters
    ----------
    found : CartesianMap
        The map; what is not measured, such as the missing wedge, is grey and hatched.
    geometry : Geometry
        Geometry of the image.
    cuts : sequence of (Cut, Pattern)
        Cuts and their patterns.
    title : str
        Name of the image, for the caption.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.

    Raises
    ------
    SlxrdError
        If the map has no intensity above zero.
    """
    narrow = style.is_narrow()
    figure = style.new_figure((5.4 if narrow else 3.4) if cuts else (3.0 if narrow else 4.8))
    if not cuts:
        panels = [figure.subplots()]
    elif narrow:
        panels = list(figure.subplots(2, 1, height_ratios=(1.3, 1.0)))
    else:
        panels = list(figure.subplots(1, 2, width_ratios=(1.25, 1.0)))
    _draw_map(panels[0], found, geometry)
    for k, (cut, _) in enumerate(cuts):
        _outline(panels[0], cut, geometry, found, _COLOURS[k % len(_COLOURS)])
    if cuts:
        _draw_cuts(panels[1], cuts)
    style.letter_panels(panels)
    simulated = any(step.startswith("simulated") for step in found.history)
    style.mark_simulated(figure, simulated)
    listed = "; ".join(f"{cut}, {len(pattern)} points" for cut, pattern in cuts)
    style.set_caption(
        figure,
        f"{on_one_line(title) + ': ' if title else ''}corrected counts of a pixel on average"
        f"{' (simulated)' if simulated else ''}, colours logarithmic from the 1st percentile above zero to "
        "the 99.9th. Grey, hatched: not measured.",
        f"Geometry: {geometry}.",
        f"Cuts: {listed}. Error bars: Poisson statistics." if cuts else "",
    )
    return figure


def _draw_map(panel: Axes, found: CartesianMap, geometry: Geometry) -> None:
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Patch, Rectangle

    positive = found.intensity[found.intensity > 0.0]
    if not positive.size:
        raise SlxrdError("the map has no intensity above zero; there is nothing to draw")
    low, high = np.percentile(positive, _PERCENTILES)
    left, right = _edges(found.q_xy)
    bottom, top = _edges(found.q_z)
    hatched: dict[str, Any] = {
        "facecolor": "#bdbdbd",
        "edgecolor": "#7f7f7f",
        "hatch": "////",
        "linewidth": 0.0,
    }
    panel.add_patch(Rectangle((left, bottom), right - left, top - bottom, zorder=1, **hatched))
    shown = np.ma.masked_invalid(np.maximum(found.intensity, low))
    drawn = panel.imshow(
        shown, origin="lower", extent=(left, right, bottom, top), cmap="viridis", interpolation="nearest",
        norm=LogNorm(low, max(high, low * 1.001)), aspect="equal", zorder=2,
    )  # fmt: skip
    extend = "max" if positive.max() > high else "neither"
    bar = panel.figure.colorbar(drawn, ax=panel, fraction=0.05, pad=0.02, extend=extend)
    bar.set_label("counts per pixel, corrected")
    film = geometry.incidence is not None
    panel.set_xlabel("$q_{xy}$ (Å$^{-1}$)" if film else "$q$ horizontal (Å$^{-1}$)")
    panel.set_ylabel("$q_z$ (Å$^{-1}$)" if film else "$q$ vertical (Å$^{-1}$)")
    panel.set_xlim(left, right)
    panel.set_ylim(bottom, top)
    if np.isnan(found.intensity).any():
        panel.legend(handles=[Patch(label="not measured", **hatched)], loc="upper left", frameon=True)


def _edges(centres: FloatArray) -> tuple[float, float]:
    half = 0.5 * (centres[-1] - centres[0]) / max(centres.size - 1, 1)
    return float(centres[0] - half), float(centres[-1] + half)


def _outline(panel: Axes, cut: Cut, geometry: Geometry, found: CartesianMap, colour: str) -> None:
    """Draw the borders of a cut on both sides, as far as they are used."""
    for x, z in borders_of(cut, geometry, _edges(found.q_xy), _edges(found.q_z)):
        panel.plot(x, z, color="white", linewidth=1.8, zorder=3)
        panel.plot(x, z, color=colour, linewidth=0.9, zorder=4)


def _draw_cuts(panel: Axes, cuts: Sequence[tuple[Cut, Pattern]]) -> None:
    for k, (cut, pattern) in enumerate(cuts):
        assert pattern.sigma is not None
        seen = pattern.intensity > 0.0
        panel.errorbar(
            pattern.x[seen], pattern.intensity[seen], pattern.sigma[seen], color=_COLOURS[k % len(_COLOURS)],
            linewidth=0.8, elinewidth=0.5, label=str(cut),
        )  # fmt: skip
    panel.set_yscale("log", nonpositive="clip")
    along = list(dict.fromkeys(_ALONG[cut.along] for cut, _ in cuts))
    panel.set_xlabel(f"{', '.join(along)} (Å$^{{-1}}$)")
    panel.set_ylabel("counts per pixel, corrected")
    panel.legend()
