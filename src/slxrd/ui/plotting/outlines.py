"""Figure of outlines in a micrograph, and of size against distortion (as Fig. S9)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.outlines.result import Outline, Outlines
from slxrd.ui.plotting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Part of the width of the picture that the scale bar may take, and most pixels drawn in each direction.
_BAR, _MOST = 0.3, 2000
#: Outlines up to which their numbers are written.
_NUMBERED = 60


@style.styled
@check_arguments
def outlines_figure(found: Outlines) -> Figure:
    """Draw a micrograph with its outlines, and angle error and side ratio against the longer diagonal.

    Limits are arrows.

    Parameters
    ----------
    found : Outlines
        Outlines to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    narrow = style.is_narrow()
    figure = style.new_figure(6.4 if narrow else 2.6)
    shape = (3, 1) if narrow else (1, 3)
    ratios = [1.5, 1.0, 1.0]
    panels: list[Axes] = (
        figure.subplots(
            *shape, height_ratios=ratios if narrow else None, width_ratios=None if narrow else ratios
        )
        .ravel()
        .tolist()
    )
    _draw_picture(panels[0], found)
    _draw_against_size(panels[1], found.outlines, [each.angle_error for each in found.outlines])
    panels[1].set_ylabel("angle error (°)")
    panels[1].set_ylim(bottom=0.0)
    _draw_against_size(panels[2], found.outlines, [each.side_ratio for each in found.outlines])
    panels[2].set_ylabel("side ratio")
    style.letter_panels(panels)
    style.mark_simulated(figure, found.simulated)
    left_out = "; ".join(f"{count} {reason}" for reason, count in found.left_out.items() if count)
    style.set_caption(
        figure,
        f"{on_one_line(Path(found.source).name)}{' (simulated)' if found.simulated else ''}: outlines "
        f"of {len(found.outlines)} superlattices, root mean square deviation of their angles from 90°, and "
        "ratio of their sides, against the longer diagonal. Arrows are limits at 95 %.",
        f"Left out: {left_out}." if left_out else "",
        f"Size and distortion: {found.trend.conclusion}.",
    )
    return figure


def _draw_picture(panel: Axes, found: Outlines) -> None:
    rows, columns = found.picture.shape
    step = max(1, -(-max(rows, columns) // _MOST))
    low, high = np.percentile(found.picture[::step, ::step], [0.5, 99.5])
    panel.imshow(
        found.picture[::step, ::step],
        cmap="gray",
        vmin=low,
        vmax=high,
        extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
        interpolation="nearest",
        rasterized=True,
    )
    for each in found.outlines:
        at = np.vstack([each.corners, each.corners[:1]])
        panel.plot(at[:, 0], at[:, 1], color=style.ORANGE, linewidth=0.8)
        if len(found.outlines) <= _NUMBERED:
            x, y = each.corners.mean(axis=0)
            panel.text(x, y, str(each.number), color=style.ORANGE, fontsize=5.0, ha="center", va="center")
    length = _round_length(_BAR * columns * found.scale.pixel)
    across, y = length / found.scale.pixel, rows * 1.05
    panel.plot([0.0, across], [y, y], color="black", linewidth=2.0, solid_capstyle="butt", clip_on=False)
    panel.text(across, y, f"  {length:g} nm", ha="left", va="center", fontsize=7.0)
    panel.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), xticks=[], yticks=[], anchor="N")


def _round_length(most: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at most as long."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(k * power for k in (1.0, 2.0, 5.0) if k * power <= most * (1.0 + 1e-9))


def _draw_against_size(panel: Axes, outlines: Sequence[Outline], values: Sequence[Estimate]) -> None:
    for each, value in zip(outlines, values, strict=True):
        size, height = each.diagonal.value, value.value
        assert size is not None
        assert height is not None
        if value.error is None:
            panel.annotate(
                "",
                (size, height),
                xytext=(0, -9),
                textcoords="offset points",
                arrowprops={"arrowstyle": "<-", "color": style.FAINT, "linewidth": 0.8, "shrinkA": 0.0},
            )
            panel.plot(size, height, "_", color=style.FAINT, markersize=5.0)
        else:
            panel.errorbar(
                size, height, value.error, each.diagonal.error, fmt="o", color=style.BLUE, elinewidth=0.7
            )
    panel.set_xlabel("longer diagonal (nm)")
    panel.margins(0.08)
