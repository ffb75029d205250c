"""Figure of a fit beside that with Student-t residuals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.fitting.result.summary import is_simulated
from slxrd.studies.robust import OUTLYING, RobustComparison
from slxrd.ui.plotting import style
from slxrd.ui.plotting.fit import draw_calculated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colours of the two curves and of outlying points (Okabe and Ito).
FIT, ROBUST, POINTS = style.BLUE, style.VERMILION, style.PURPLE


@style.styled
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
    figure = style.new_figure(3.6)
    simulated = is_simulated(found.fit.pattern)
    axes = figure.subplots(2, len(found.regions), sharex="col", squeeze=False, height_ratios=(3, 1))
    parts = zip(found.fit.regions, found.regions, found.weights, axes.T, strict=True)
    for plain, robust, weights, (above, below) in parts:
        far = weights < OUTLYING
        above.plot(
            plain.q,
            plain.measured,
            ".",
            color="0.4",
            markersize=3,
            label="simulated" if simulated else "measured",
        )
        above.plot(plain.q[far], plain.measured[far], "o", color=POINTS, markersize=5, label="outlying")
        for fitted, dashes, colour, name in (
            (plain, "-", FIT, "fit"),
            (robust, "--", ROBUST, "Student-t residuals"),
        ):
            draw_calculated(above, fitted, dashes, label=name, color=colour, linewidth=1.2)
        below.plot(plain.q, weights, ".", color="0.4", markersize=3)
        below.plot(plain.q[far], weights[far], "o", color=POINTS, markersize=5)
        below.axhline(OUTLYING, color="0.6", linewidth=0.8)
        below.set_ylim(0.0, 1.05)
        below.set_xlabel(style.Q)
    style.letter_panels(axes[0].tolist())
    axes[0, 0].set_ylabel(style.INTENSITY)
    axes[1, 0].set_ylabel("weight")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2 if style.is_narrow() else 4)
    style.set_caption(
        figure,
        f"{on_one_line(Path(found.fit.pattern.source).name)}{' (simulated)' if simulated else ''}: the "
        "fit beside that "
        "with Student-t residuals; below, the weights of the points, with the limit of outlying ones.",
    )
    return figure
