"""Figure of the fitted parameters of a series against its variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.studies.series.result import SeriesFit, SeriesMember
from slxrd.studies.series.text import is_no_limit, refined_names, symbol_of
from slxrd.ui.plotting import style
from slxrd.ui.plotting.series.common import (
    FAINT,
    JOINT,
    MAX_STACKED,
    OWN,
    axis_label,
    describe,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from slxrd.studies.series.joint.result import JointFit


@style.styled
@check_arguments
def series_parameters_figure(fit: SeriesFit) -> Figure:
    """Draw parameters and period against the variable.

    Error bars are one standard deviation. Other solutions with Δχ² < 9 are drawn faintly, limits as arrows,
    values without an error as open symbols; undetermined values are omitted, and patterns that the model does
    not describe are marked by a dotted line. The band is the joint fit.

    Parameters
    ----------
    fit : SeriesFit
        Fits of the series.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window.

    Raises
    ------
    SlxrdError
        If no parameter was refined.
    """
    done = [member for member in fit.members if not member.failed]
    names = refined_names([member.estimates for member in done])
    if not names:
        raise SlxrdError("no parameter was refined, so there is nothing to draw against the variable")
    columns = 1 if style.is_narrow() else min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = style.new_figure((1.4 if style.is_narrow() else 1.7) * rows + 0.5)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for panel, name in zip(panels, names, strict=False):
        for member in done:
            if member.grade == "rejected":
                panel.axvline(member.value, color="0.6", linestyle=":", linewidth=1.0, zorder=1)
            if name in member.estimates:
                _draw_other_solutions(panel, member, name)
                _draw_estimate(panel, member.value, member.estimates[name], len(done) > MAX_STACKED)
        if fit.joint is not None:
            _draw_joint(panel, fit.joint, name)
        for change in fit.changes:
            panel.axvspan(change.before.value, change.after.value, color="0.93", zorder=0)
        unit = next(m.estimates[name].unit for m in done if name in m.estimates)
        panel.set_ylabel(style.with_unit(style.math(symbol_of(name)), unit))
        panel.grid(color="0.92", linewidth=0.6)
        panel.ticklabel_format(useOffset=False, axis="y")
        panel.margins(y=0.15)
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    for panel in panels[max(0, len(names) - columns) : len(names)]:
        panel.set_xlabel(axis_label(fit))
        panel.tick_params(labelbottom=True)
    _add_legend(figure, fit, names)
    style.letter_panels(panels[: len(names)].tolist())
    describe(
        figure,
        fit,
        "Parameters with their errors against the variable. Open symbols: ambiguous values, or on a "
        "bound; arrows: "
        "limits of 95 %; what is not determined is left out.",
    )
    return figure


def _draw_estimate(panel: Axes, value: float, estimate: Estimate, many: bool) -> None:
    if estimate.value is None or estimate.status in ("fixed", "rejected") or is_no_limit(estimate):
        return
    if estimate.status in ("lower bound", "upper bound"):
        up = estimate.status == "lower bound"
        panel.plot(
            value, estimate.value, marker="^" if up else "v", color=OWN, markerfacecolor="none", markersize=7
        )
        return
    hollow = estimate.error is None or estimate.status == "ambiguous"
    size: Any = {"markersize": 4.5, "capsize": 2}
    if many:
        size = {"markersize": 2.0, "elinewidth": 0.5, "alpha": 0.6}
    panel.errorbar(
        value, estimate.value, estimate.error, fmt="o", color=OWN, zorder=3,
        markerfacecolor="white" if hollow else OWN, **size,
    )  # fmt: skip


def _draw_other_solutions(panel: Axes, member: SeriesMember, name: str) -> None:
    estimate = member.estimates[name]
    if estimate.value is None or estimate.status in ("lower bound", "upper bound", "fixed", "rejected"):
        return
    for solution in member.result["solutions"][1:]:
        v = solution["parameters"]
        if solution["delta_chi2"] < AMBIGUOUS * member.widening**2 and (
            name in v or (name == "period" and "N_B" not in v)
        ):
            other = (v["N"] - 1.0) * v["d"] + v["L"] if name == "period" else v[name]
            panel.plot(member.value, other, "o", color=FAINT, markersize=3.5, zorder=2)


def _draw_joint(panel: Axes, joint: JointFit, name: str) -> None:
    rows = [(v, e[name]) for v, e in zip(joint.values, joint.estimates, strict=True)]
    known = [(v, e.value, e.error) for v, e in rows if e.value is not None and e.error is not None]
    if known:
        x, middle, error = (np.array(column) for column in zip(*known, strict=True))
        order = 4 if len(known) > MAX_STACKED else 1  # above many points, which would hide the band
        panel.fill_between(
            x, middle - error, middle + error, color=JOINT, alpha=0.25, linewidth=0.0, zorder=order
        )
        panel.plot(x, middle, color=JOINT, linewidth=1.2, zorder=order)


def _add_legend(figure: Figure, fit: SeriesFit, names: Sequence[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    estimates = [e for m in fit.members for n, e in m.estimates.items() if n in names]
    status = {e.status for e in estimates if not is_no_limit(e)}
    handles: list[Any] = [
        Line2D([], [], marker="o", linestyle="none", color=OWN, label="fitted separately, ± σ")
    ]
    if "ambiguous" in status or "at bound" in status:
        text = "ambiguous, or on a bound"
        handles.append(
            Line2D([], [], marker="o", linestyle="none", color=OWN, markerfacecolor="white", label=text)
        )
    if any(
        s["delta_chi2"] < AMBIGUOUS * m.widening**2
        for m in fit.members
        if not m.failed and m.grade != "rejected"
        for s in m.result["solutions"][1:]
    ):
        handles.append(Line2D([], [], marker="o", linestyle="none", color=FAINT, label="other solutions"))
    if {"lower bound", "upper bound"} & status:
        text = "limit, 95 %"
        handles.append(
            Line2D([], [], marker="^", linestyle="none", color=OWN, markerfacecolor="none", label=text)
        )
    if any(member.grade == "rejected" for member in fit.members):
        text = "model does not describe the pattern"
        handles.append(Line2D([], [], color="0.6", linestyle=":", linewidth=1.0, label=text))
    if fit.joint is not None:
        handles.append(Patch(color=JOINT, alpha=0.4, label="fitted jointly, ± σ"))
    if fit.changes:
        handles.append(Patch(color="0.9", label="order changes"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=1 if style.is_narrow() else min(len(handles), 4)
    )
