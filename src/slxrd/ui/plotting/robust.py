"""Figure of a fit beside that with Student-t residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slxrd._arguments import check_arguments
from slxrd.studies.robust import OUTLYING, RobustComparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colours of the two curves and of outlying points (Okabe and Ito).
FIT, ROBUST, POINTS = "#0072b2", "#d55e00", "#cc79a7"


@check_arguments
def robust_figure(found: RobustComparison) -> Figure:
    """Draw both curves and the weights of the points, outlying ones in colour.

    Parameters
    ----------
    found : RobustComparison
        The comparison.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.subplots(2, len(found.regions), sharex="col", squeeze=False, height_ratios=(3, 1))
    parts = zip(found.fit.regions, found.regions, found.weights, axes.T, strict=True)
    for plain, robust, weights, (above, below) in parts:
        far = weights < OUTLYING
        above.plot(plain.q, plain.measured, ".", color="0.4", markersize=3, label="measured")
        above.plot(plain.q[far], plain.measured[far], "o", color=POINTS, markersize=5, label="outlying")
        above.plot(plain.q, plain.calculated, color=FIT, linewidth=1.2, label="fit")
        above.plot(
            robust.q, robust.calculated, "--", color=ROBUST, linewidth=1.2, label="Student-t residuals"
        )
        below.plot(plain.q, weights, ".", color="0.4", markersize=3)
        below.plot(plain.q[far], weights[far], "o", color=POINTS, markersize=5)
        below.axhline(OUTLYING, color="0.6", linewidth=0.8)
        below.set_ylim(0.0, 1.05)
        below.set_xlabel("q (Å⁻¹)")
        for each in (above, below):
            each.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("intensity")
    axes[1, 0].set_ylabel("weight")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    return figure
