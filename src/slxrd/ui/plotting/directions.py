"""Figure of cuts in several directions, fitted together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.errors import SlxrdError
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.parameters.definitions import info
from slxrd.studies.directions.result import DirectionsFit, describe_derived
from slxrd.ui.plotting import style
from slxrd.ui.plotting.fit import MOST_ACROSS, MOST_REGIONS, draw_curves, draw_residuals

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Heights in inches of intensity and residuals.
_HEIGHTS = (1.9, 0.75)


@style.styled
@check_arguments
def directions_figure(fit: DirectionsFit) -> Figure:
    """Draw each region of all cuts, with its residuals in units of σ below.

    Parameters
    ----------
    fit : DirectionsFit
        Result of :func:`slxrd.fit_directions`.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``. Its caption contains the values.

    Raises
    ------
    SlxrdError
        If there is nothing to draw.
    """
    drawn = list(zip(fit.regions, fit.objective.data, strict=True))[:MOST_REGIONS]
    if not drawn:
        raise SlxrdError("the fit has no curves to draw")
    across = 1 if style.is_narrow() else min(len(drawn), MOST_ACROSS)
    rows = -(-len(drawn) // across)
    picture = style.new_figure(rows * (sum(_HEIGHTS) + 0.55) + 0.3)
    axes = picture.subplots(2 * rows, across, squeeze=False, height_ratios=_HEIGHTS * rows)
    lettered = []
    for place in range(rows * across):
        row, column = divmod(place, across)
        top, bottom = axes[2 * row, column], axes[2 * row + 1, column]
        if place >= len(drawn):
            top.remove()
            bottom.remove()
            continue
        region, points = drawn[place]
        cut = fit.cuts[points.scan]
        top.sharex(bottom)
        top.tick_params(labelbottom=False)
        label = "simulated" if is_simulated(cut.pattern) else "measured"
        draw_curves(top, region, "linear", label, fit.rejected)
        draw_residuals(bottom, region)
        top.set_title("θ:2θ scan" if cut.direction.name == "scan" else f"along {cut.direction.name}")
        if column == 0:
            top.set_ylabel(style.INTENSITY)
            bottom.set_ylabel("residual (σ)")
        lettered.append(top)
    style.letter_panels(lettered)
    handles, labels = lettered[0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower right", ncols=len(labels))
    style.set_caption(picture, *_caption(fit))
    return picture


def _caption(fit: DirectionsFit) -> list[str]:
    cuts = "; ".join(on_one_line(cut.name) for cut in fit.cuts)
    lines = [
        f"{cuts}: {fit.axes.disorder} disorder.",
        "Points with ± σ, calculated curve, and residuals in units of σ with a band of ± 2.",
        fit.assessment.headline,
    ]
    if fit.rejected:
        return lines
    rows = [(info(name).symbol, estimate) for name, estimate in fit.parameters.items()]
    rows += [(describe_derived(name)[0], estimate) for name, estimate in fit.derived.items()]
    for symbol, estimate in rows:
        shown = f" ({estimate.status})" if estimate.status in ("fixed", "ambiguous", "at bound") else ""
        lines.append(f"{symbol} = {format_estimate(estimate)}{shown}")
    return lines
