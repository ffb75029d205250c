"""Figure of an image at grazing incidence with its indexed spots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.fitting.result.summary import format_estimate
from slxrd.studies.images.spots.result import Periods
from slxrd.ui.plotting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Distance from the outermost spots to the border, in pixels, and indices up to which each spot is labelled.
_MARGIN, _LABELLED = 25.0, 40


@style.styled
@check_arguments
def periods_figure(found: Periods) -> Figure:
    """Draw the part of an image with spots, in logarithmic grey levels, and the indices of the spots.

    Parameters
    ----------
    found : Periods
        Periods to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    from matplotlib.colors import LogNorm

    figure = style.new_figure(3.0 if style.is_narrow() else 4.6)
    panel = figure.subplots()
    counts = np.ma.masked_array(np.maximum(found.image.counts, 0.5 * found.image.photon), found.image.mask)
    levels = counts.compressed()
    low, high = (float(each) for each in np.percentile(levels, [1.0, 99.9]))
    drawn = panel.imshow(
        counts, cmap="gray", norm=LogNorm(low, max(high, 2.0 * low)),
        extent=(0, counts.shape[1], counts.shape[0], 0), interpolation="nearest", rasterized=True,
    )  # fmt: skip
    figure.colorbar(drawn, ax=panel, fraction=0.04, pad=0.02).set_label("counts")
    at = np.array([(spot.column, spot.row) for spot in found.spots])
    known = np.isfinite(found.indices[:, 0])
    marks: dict[str, Any] = {
        "markersize": 7.0,
        "fillstyle": "none",
        "markeredgewidth": 0.8,
        "linestyle": "none",
    }
    beams = np.array(found.beams)
    for chosen, colour, label in (
        (beams == "transmitted", style.SKY, "transmitted beam"),
        (beams == "reflected", style.ORANGE, "reflected beam"),
        (beams == "both", style.GREEN, "both beams"),
        (~known, style.VERMILION, "not of the lattice"),
    ):
        if chosen.any():
            panel.plot(*at[chosen].T, "o", color=colour, label=label, **marks)
    for (x, y), hkl in zip(at[known], found.indices[known], strict=True):
        if known.sum() <= _LABELLED or x > np.median(at[:, 0]):
            text = "".join(f"{int(i)}" for i in hkl)
            panel.annotate(
                text, (x, y), xytext=(3.5, 3.5), textcoords="offset points", color="white", fontsize=5.0
            )
    panel.set_xlim(max(at[:, 0].min() - _MARGIN, 0.0), min(at[:, 0].max() + _MARGIN, counts.shape[1]))
    panel.set_ylim(min(at[:, 1].max() + _MARGIN, counts.shape[0]), max(at[:, 1].min() - _MARGIN, 0.0))
    panel.set_xlabel("column (pixels)")
    panel.set_ylabel("row (pixels)")
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    style.mark_simulated(figure, found.simulated)
    in_plane, out_of_plane = (format_estimate(found.estimates[name]) for name in ("in_plane", "out_of_plane"))
    style.set_caption(
        figure,
        f"{on_one_line(Path(found.image.name).name)}{' (simulated)' if found.simulated else ''}: spots "
        f"indexed on {found.lattice}.",
        f"Λ in plane = {in_plane}",
        f"Λ out of plane = {out_of_plane}",
    )
    return figure
