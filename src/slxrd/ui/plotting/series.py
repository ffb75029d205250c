"""Pictures of a series: patterns stacked, as a waterfall, as a heat map; parameters against the variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.fitting.result.summary import is_simulated
from slxrd.studies.series.result import Member, SeriesFit
from slxrd.studies.series.table import is_no_limit, refined_names, symbol_of
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from slxrd.studies.series.joint.result import JointFit

_CALCULATED, _JOINT, _OWN, _FAINT = "#d55e00", "#0072b2", "#4d4d4d", "#b8b8b8"
#: More patterns than this are drawn as lines without points or labels.
_MANY = 12
#: Of more patterns than this only some are stacked, at equal steps.
_MOST_STACKED = 40
Interval = tuple[float, float]


def stacked_figure(fit: SeriesFit, shown: Sequence[Interval] = (), *, waterfall: bool = False) -> Figure:
    """Draw the patterns above one another, a panel for each region.

    Parameters
    ----------
    fit : SeriesFit
        What to draw.
    shown : sequence of (float, float)
        Ranges of q in Å⁻¹ that were not fitted and are to be drawn too, in the logarithm of the intensity.
    waterfall : bool
        Shift the patterns sideways too, and close what lies behind.

    Returns
    -------
    matplotlib.figure.Figure
        Not bound to any window. Intensities are of one scale within a panel, as measured; patterns on another
        scale are brought to that of the others, and named.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    ranges = [*((a, b, True) for a, b in shown), *((a, b, False) for a, b in _fitted_ranges(fit))]
    drawn = range(0, len(fit.members), -(-len(fit.members) // _MOST_STACKED))
    n = len(drawn)
    picture = Figure(figsize=(1.2 + 3.8 * len(ranges), min(4.0 + 0.35 * n, 10.0)), layout="constrained")
    panels = picture.subplots(1, len(ranges), squeeze=False)[0]
    colours = colormaps["viridis"](np.linspace(0.0, 0.88, max(n, 2)))
    for panel, (low, high, logarithmic) in zip(panels, ranges, strict=True):
        lines = [_measured(fit, k, low, high, logarithmic) for k in drawn]
        heights = [float(np.ptp(y)) for _, y in lines if y.size]
        lift = (0.55 if not waterfall else 0.45) * max(heights, default=1.0)
        if n > _MANY:
            lift *= _MANY / n
        aside = 0.12 * (high - low) / max(n - 1, 1) if waterfall else 0.0
        for i in reversed(range(n)):
            x, y = lines[i]
            if not x.size:
                continue
            order = 2.0 * (n - i)
            if waterfall:
                base = float(y.min()) + i * lift
                panel.fill_between(x + i * aside, base, y + i * lift, color="white", zorder=order)
                panel.plot(x + i * aside, y + i * lift, color=colours[i], linewidth=1.1, zorder=order + 1)
                continue
            points: Any = (
                {"marker": ".", "markersize": 2.2, "linestyle": "none"} if n <= _MANY else {"linewidth": 0.8}
            )
            panel.plot(x, y + i * lift, color=colours[i], zorder=order, **points)
            if not logarithmic and n <= _MANY:
                _draw_calculated(panel, fit, drawn[i], (low, high), i * lift, order + 1)
            if n <= _MANY and panel is panels[-1]:
                panel.annotate(
                    fit.series.at(fit.members[drawn[i]].value), (1.01, float(y[-1]) + i * lift),
                    color=colours[i], xycoords=("axes fraction", "data"), fontsize=8, va="center",
                )  # fmt: skip
        panel.set_yticks([])
        panel.set_xlabel("q of the first pattern (Å⁻¹)" if waterfall else "q (Å⁻¹)")
        panel.set_title(f"{low:.4g}–{high:.4g} Å⁻¹" + (", log intensity" if logarithmic else ""), fontsize=9)
    panels[0].set_ylabel("intensity, shifted" + (" (log)" if ranges[0][2] else ""))
    if waterfall or n > _MANY:
        _colour_bar(picture, panels[-1], fit)
    kind = "simulated" if _simulated(fit) else "measured"
    what = f"points {kind}, lines calculated" if n <= _MANY and not waterfall else kind
    some = f"; one of every {drawn.step} is drawn" if drawn.step > 1 else ""
    _title(picture, fit, what + some + _brought(fit))
    return picture


def heat_figure(fit: SeriesFit, shown: Sequence[Interval] = ()) -> Figure:
    """Draw intensity over q and the variable, a panel for each region; parameters as for the stack.

    Colours go as the square root of the intensity, so that fringes beside a peak are seen.
    """
    from matplotlib.colors import LogNorm, Normalize, PowerNorm
    from matplotlib.figure import Figure

    ranges = [*((a, b, True) for a, b in shown), *((a, b, False) for a, b in _fitted_ranges(fit))]
    picture = Figure(figsize=(1.2 + 3.9 * len(ranges), 4.2), layout="constrained")
    panels = picture.subplots(1, len(ranges), squeeze=False)[0]
    values = np.array(fit.series.values)
    edges = _edges(values)
    for panel, (low, high, logarithmic) in zip(panels, ranges, strict=True):
        lines = [_measured(fit, i, low, high, False) for i in range(len(values))]
        grid = max((x for x, _ in lines), key=lambda x: x.size)
        rows = np.array([
            np.interp(grid, x, y, left=np.nan, right=np.nan) if x.size else np.full(grid.size, np.nan)
            for x, y in lines
        ])  # fmt: skip
        if logarithmic:
            rows = np.where(rows > 0.0, rows, np.nan)
            norm: Normalize = LogNorm(float(np.nanmin(rows)), float(np.nanmax(rows)))
        else:
            rows = np.maximum(rows, 0.0)
            norm = PowerNorm(0.5, 0.0, float(np.nanmax(rows)))
        for k in range(len(values)):
            mesh = panel.pcolormesh(
                _edges(grid), edges[k : k + 2], rows[k : k + 1], cmap="magma", rasterized=True, norm=norm
            )
        scale = "log" if logarithmic else "square-root"
        panel.set_title(f"{low:.4g}–{high:.4g} Å⁻¹, {scale} scale", fontsize=9)
        panel.set_xlabel("q (Å⁻¹)")
        picture.colorbar(mesh, ax=panel, fraction=0.06, pad=0.02).ax.tick_params(labelsize=7)
        for change in fit.changes:
            panel.axhline(
                (change.before.value + change.after.value) / 2.0, color="white", linewidth=0.9, linestyle="--"
            )
    panels[0].set_ylabel(_axis(fit))
    _title(picture, fit, f"intensity, {'simulated' if _simulated(fit) else 'measured'}{_brought(fit)}")
    return picture


def parameters_figure(fit: SeriesFit) -> Figure:
    """Draw parameters and period against the variable.

    Error bars are one standard deviation. Other solutions with Δχ² < 9 are drawn faintly, limits as arrows,
    values without an error as open points; what is not determined is left out. The band is that of the
    joint fit.
    """
    from matplotlib.figure import Figure

    done = [member for member in fit.members if not member.failed]
    names = refined_names([member.estimates for member in done])
    if not names:
        raise SlxrdError("no parameter was refined, so there is nothing to draw against the variable")
    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    picture = Figure(figsize=(3.5 * columns, 2.7 * rows + 0.6), layout="constrained")
    panels = picture.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for panel, name in zip(panels, names, strict=False):
        for member in done:
            if name in member.estimates:
                _draw_others(panel, member, name)
                _draw_estimate(panel, member.value, member.estimates[name], len(done) > _MOST_STACKED)
        if fit.joint is not None:
            _draw_joint(panel, fit.joint, name)
        for change in fit.changes:
            panel.axvspan(change.before.value, change.after.value, color="0.93", zorder=0)
        unit = next(m.estimates[name].unit for m in done if name in m.estimates)
        panel.set_ylabel(f"{_math(symbol_of(name))} ({unit})" if unit else _math(symbol_of(name)))
        panel.grid(color="0.92", linewidth=0.6)
        panel.ticklabel_format(useOffset=False, axis="y")
        panel.margins(y=0.15)
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    for panel in panels[max(0, len(names) - columns) : len(names)]:
        panel.set_xlabel(_axis(fit))
        panel.tick_params(labelbottom=True)
    _parameter_legend(picture, fit, names)
    return picture


def _draw_estimate(panel: Axes, value: float, estimate: Estimate, many: bool) -> None:
    if estimate.value is None or estimate.status == "fixed" or is_no_limit(estimate):
        return
    if estimate.status in ("lower bound", "upper bound"):
        up = estimate.status == "lower bound"
        panel.plot(
            value, estimate.value, marker="^" if up else "v", color=_OWN, markerfacecolor="none", markersize=7
        )
        return
    hollow = estimate.error is None or estimate.status == "ambiguous"
    size: Any = {"markersize": 4.5, "capsize": 2}
    if many:
        size = {"markersize": 2.0, "elinewidth": 0.5, "alpha": 0.6}
    panel.errorbar(
        value, estimate.value, estimate.error, fmt="o", color=_OWN, zorder=3,
        markerfacecolor="white" if hollow else _OWN, **size,
    )  # fmt: skip


def _draw_others(panel: Axes, member: Member, name: str) -> None:
    estimate = member.estimates[name]
    if estimate.value is None or estimate.status in ("lower bound", "upper bound", "fixed"):
        return
    for solution in member.result["solutions"][1:]:
        v = solution["parameters"]
        if solution["delta_chi2"] < AMBIGUOUS and (name in v or (name == "period" and "N_B" not in v)):
            other = (v["N"] - 1.0) * v["d"] + v["L"] if name == "period" else v[name]
            panel.plot(member.value, other, "o", color=_FAINT, markersize=3.5, zorder=2)


def _draw_joint(panel: Axes, joint: JointFit, name: str) -> None:
    rows = [(v, e[name]) for v, e in zip(joint.values, joint.estimates, strict=True)]
    known = [(v, e.value, e.error) for v, e in rows if e.value is not None and e.error is not None]
    if known:
        places, middle, error = (np.array(column) for column in zip(*known, strict=True))
        over = 4 if len(known) > _MOST_STACKED else 1  # among many points the band would not be seen
        panel.fill_between(
            places, middle - error, middle + error, color=_JOINT, alpha=0.25, linewidth=0.0, zorder=over
        )
        panel.plot(places, middle, color=_JOINT, linewidth=1.2, zorder=over)


def _parameter_legend(picture: Figure, fit: SeriesFit, names: Sequence[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    estimates = [e for m in fit.members for n, e in m.estimates.items() if n in names]
    status = {e.status for e in estimates if not is_no_limit(e)}
    handles: list[Any] = [
        Line2D([], [], marker="o", linestyle="none", color=_OWN, label="each by itself, ± σ")
    ]
    if "ambiguous" in status or "at bound" in status:
        text = "ambiguous, or on a bound"
        handles.append(
            Line2D([], [], marker="o", linestyle="none", color=_OWN, markerfacecolor="white", label=text)
        )
    if any(
        s["delta_chi2"] < AMBIGUOUS for m in fit.members if not m.failed for s in m.result["solutions"][1:]
    ):
        handles.append(Line2D([], [], marker="o", linestyle="none", color=_FAINT, label="other solutions"))
    if {"lower bound", "upper bound"} & status:
        text = "limit, 95 %"
        handles.append(
            Line2D([], [], marker="^", linestyle="none", color=_OWN, markerfacecolor="none", label=text)
        )
    if fit.joint is not None:
        handles.append(Patch(color=_JOINT, alpha=0.4, label="together, ± σ"))
    if fit.changes:
        handles.append(Patch(color="0.9", label="order changes"))
    picture.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)
    _title(picture, fit, "simulated" if _simulated(fit) else "")


def _fitted_ranges(fit: SeriesFit) -> list[Interval]:
    """Regions of the first pattern that was fitted."""
    first = next((member for member in fit.members if not member.failed), None)
    if first is None:
        raise SlxrdError("no pattern was fitted, so there is nothing to draw")
    return [(region["low"], region["high"]) for region in first.result["regions"]]


def _measured(
    fit: SeriesFit, index: int, low: float, high: float, logarithmic: bool
) -> tuple[FloatArray, FloatArray]:
    pattern = fit.series.patterns[index].to_q()
    inside = (pattern.q >= low) & (pattern.q <= high) & ~pattern.mask
    if logarithmic:
        inside &= pattern.intensity > 0.0
    q, y = pattern.q[inside], pattern.intensity[inside] * _factor(fit, index)
    return q, np.log10(y) if logarithmic else y


def _factor(fit: SeriesFit, index: int) -> float:
    """What brings a pattern on another scale to that of the others."""
    series = fit.series
    if series.labels[index] not in series.rescaled:
        return 1.0
    highest = [
        float(pattern.intensity.max())
        for pattern, label in zip(series.patterns, series.labels, strict=True)
        if label not in series.rescaled
    ]
    return float(np.median(highest)) / float(series.patterns[index].intensity.max()) if highest else 1.0


def _brought(fit: SeriesFit) -> str:
    names = ", ".join(sorted(fit.series.rescaled))
    return f"; brought to the scale of the others: {names}" if names else ""


def _draw_calculated(
    panel: Axes, fit: SeriesFit, index: int, ends: Interval, lift: float, order: float
) -> None:
    member, factor = fit.members[index], _factor(fit, index)
    for curve in () if member.failed else member.record["curves"]:
        q = np.array(curve["q"])
        if q[0] >= ends[0] - 1e-9 and q[-1] <= ends[1] + 1e-9:
            calculated = factor * np.array(curve["calculated"]) + lift
            panel.plot(q, calculated, color=_CALCULATED, linewidth=0.9, zorder=order)


def _edges(places: FloatArray) -> Any:
    """Ends of cells around places; of rows, pairs of ends, a single one made wide enough to be seen."""
    middle = (places[1:] + places[:-1]) / 2.0
    first = places[0] - (middle[0] - places[0] if middle.size else 0.5)
    last = places[-1] + (places[-1] - middle[-1] if middle.size else 0.5)
    return np.concatenate(([first], middle, [last]))


def _colour_bar(picture: Figure, panel: Axes, fit: SeriesFit) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    colours = ListedColormap(colormaps["viridis"](np.linspace(0.0, 0.88, 256)))
    values = fit.series.values
    scale = ScalarMappable(Normalize(values[0], max(values[-1], values[0] + 1e-9)), colours)
    picture.colorbar(scale, ax=panel, fraction=0.06, pad=0.02, label=_axis(fit))


def _math(symbol: str) -> str:
    letter, _, index = symbol.partition("_")
    return f"${letter}_{{{index}}}$" if index else symbol


def _axis(fit: SeriesFit) -> str:
    return fit.series.variable + (f" ({fit.series.unit})" if fit.series.unit else "")


def _simulated(fit: SeriesFit) -> bool:
    return any(is_simulated(pattern) for pattern in fit.series.patterns)


def _title(picture: Figure, fit: SeriesFit, what: str) -> None:
    text = f"{len(fit.members)} patterns" + (f", {what}" if what else "")
    picture.suptitle(text, x=0.01, ha="left", fontsize=10)
