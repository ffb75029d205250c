"""Figures of samples (bootstrap, posterior), and of the scatter of repeated measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.data.repeats import Fluctuation
from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import DERIVED
from slxrd.ui.plotting import style
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SAMPLES, _TRUTH, _POINTS = style.BLUE, style.VERMILION, style.POINTS
#: Most quantities of a figure for one column of a journal; of more, it is as wide as the page.
MOST_IN_COLUMN = 3
#: Largest value that is drawn; squares of larger ones are infinite.
_LARGEST = 1e100
#: Largest number of samples that are drawn.
MOST_DRAWN = 20_000
#: Fractions of the samples inside the contours: 1 and 2 σ of a Gaussian in two dimensions.
_CONTOURS = (0.393, 0.865)


@style.styled
@check_arguments
def histogram_matrix(
    samples: Mapping[str, FloatArray],
    title: str = "",
    truth: Mapping[str, float] | None = None,
    *,
    spread: bool = True,
) -> Figure:
    """Draw the histogram of every quantity and, below, of every two: Figure S8 of the 2021 paper.

    Parameters
    ----------
    samples : mapping of str to ndarray, shape (n,)
        Values by name, such as ``all_values`` of a bootstrap or a posterior; what does not vary is
        left out.
    title : str
        Title of the figure.
    truth : mapping of str to float, optional
        Values to be marked, such as those simulated with; those of the period and the thickness
        follow from the others.
    spread : bool
        Whether mean ± standard deviation stand over the histograms; not for a model that was rejected.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``. Over each histogram stand mean ± standard
        deviation.

    Raises
    ------
    SlxrdError
        If nothing varies, the lengths differ, a value is not finite, or corner is not installed.
    """
    try:
        import corner
    except ImportError:
        raise SlxrdError('histograms of samples need corner: pip install "slxrd[posterior]"') from None
    from matplotlib.figure import Figure

    columns = {name: np.asarray(values, dtype=np.float64) for name, values in samples.items()}
    if len({values.shape for values in columns.values()}) > 1:
        raise SlxrdError("samples of different lengths cannot be drawn against each other")
    for name, values in columns.items():
        if not np.all(np.isfinite(values)):
            raise SlxrdError(f"samples of {name}: {np.sum(~np.isfinite(values))} are not finite")
        if values.size and np.abs(values).max() > _LARGEST:
            raise SlxrdError(f"samples of {name}: {np.abs(values).max():g} is too large to be drawn")
    columns = {name: values for name, values in columns.items() if values.size and np.ptp(values) > 0.0}
    count = len(columns)
    if count == 0:
        raise SlxrdError("no quantity varies in these samples, so there is no histogram to draw")
    data = np.column_stack(list(columns.values()))
    if len(data) <= count:
        raise SlxrdError(f"{len(data)} samples of {count} quantities are too few to draw")
    for name, value in (truth or {}).items():
        if not math.isfinite(value):
            raise SlxrdError(f"truth: {name} = {value} is not finite")
    marked = _with_derived(truth or {})
    drawn = data[:: -(-len(data) // MOST_DRAWN)]
    bins = int(np.clip(round(2.0 * len(drawn) ** (1.0 / 3.0)), 8, 50))
    size = style.PAGE if count > MOST_IN_COLUMN else min(style.width(), 1.2 * count + 1.0)
    figure = Figure(figsize=(size, size))
    many = len(drawn) >= 1000
    corner.corner(
        drawn,
        fig=figure,
        bins=bins,
        range=[_range(drawn[:, i], marked.get(name)) for i, name in enumerate(columns)],
        labels=[_label(name) for name in columns],
        label_kwargs={"fontsize": 8.0 if count < 6 else 7.0},
        labelpad=0.0 if count < 5 else 0.12,
        truths=[marked.get(name) for name in columns] if count > 1 else None,  # corner fails for one
        truth_color=_TRUTH,
        color=_SAMPLES,
        max_n_ticks=4 if count < 5 else 3,
        levels=_CONTOURS,
        smooth=1.0,
        plot_contours=many,
        plot_density=many,
        no_fill_contours=True,
        data_kwargs={"alpha": 0.15 if many else 0.6, "ms": 2.0 if many else 3.0},
        hist_kwargs={"linewidth": 1.2},
        quiet=True,
    )
    if count == 1 and (true := marked.get(next(iter(columns)))) is not None:
        figure.axes[0].axvline(true, color=_TRUTH)
    _finish(figure, columns, title, any(name in columns for name in marked), spread)
    style.set_caption(
        figure,
        f"{title}.",
        "Histogram of each quantity with mean ± standard deviation, and below those of every two, with "
        "contours "
        "of 39 and 86 % of the samples.",
    )
    return figure


def _finish(
    figure: Figure, columns: Mapping[str, FloatArray], title: str, marked: bool, spread: bool
) -> None:
    """Put mean ± std over the histograms, and title and legend into the empty corner."""
    axes = np.array(figure.axes).reshape(len(columns), len(columns))
    for i, (name, values) in enumerate(columns.items()):
        heading = _mean_and_spread(name, values) if spread else style.symbol(name)
        axes[i, i].set_title(heading, fontsize=8.0 if len(columns) < 5 else 5.5, loc="center")
        for panel in axes[i, : i + 1]:
            panel.tick_params(labelsize=6)
    # A single panel has no empty corner, so title and legend are above it.
    top = 0.99 if len(columns) > 1 else 1.12
    if title:
        figure.suptitle(title, x=0.98, y=top, ha="right", va="top", fontsize=8.0)
    if marked:
        axes[0, 0].plot([], [], color=_TRUTH, label="true value")
        below = top - 0.35 / figure.get_figheight()
        figure.legend(loc="upper right", bbox_to_anchor=(0.98, below))


def _with_derived(truth: Mapping[str, float]) -> dict[str, float]:
    derived = {}
    if {"d", "N"} <= set(truth):
        derived["thickness"] = (truth["N"] - 1.0) * truth["d"]
        if "L" in truth:
            derived["period"] = derived["thickness"] + truth["L"]
    return {**derived, **truth}


def _range(values: FloatArray, truth: float | None) -> tuple[float, float]:
    """Return the range of an axis: all samples but the farthest in a thousand, and the true value."""
    low, high = (float(x) for x in np.quantile(values, [0.0005, 0.9995]))
    if truth is not None:
        low, high = min(low, truth), max(high, truth)
    margin = 0.06 * (high - low) or 0.5 * float(np.ptp(values))
    return low - margin, high + margin


def _label(name: str) -> str:
    return style.label(name, "Å" if name in DERIVED else None)


def _mean_and_spread(name: str, values: FloatArray) -> str:
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    digits = max(0, 1 - math.floor(math.log10(spread)))
    return f"{style.symbol(name)} = {mean:.{digits}f} ± {spread:.{digits}f}"


@style.styled
@check_arguments
def fluctuation_figure(measured: Fluctuation) -> Figure:
    """Draw the scatter of repeated measurements against the intensity: Figure S7 of the 2021 paper.

    Parameters
    ----------
    measured : Fluctuation
        Data to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window. Left, the mean pattern and its spread; right, the standard deviation
        at every point against the relative intensity, with the flat error, and the likeliest
        √(a² + b·I) where the spread grows with the intensity.
    """
    shape = (2, 1) if style.is_narrow() else (1, 2)
    figure = style.new_figure(2.5 * shape[0])
    left, right = figure.subplots(*shape)
    low, high = measured.mean - measured.std, measured.mean + measured.std
    left.fill_between(measured.q, low, high, color=_SAMPLES, alpha=0.3, linewidth=0.0, label="± std")
    left.plot(measured.q, measured.mean, color=_SAMPLES, linewidth=1.2, label="mean")
    left.set(xlabel=style.Q, ylabel="intensity / maximum")
    left.legend()
    right.plot(measured.mean, 100.0 * measured.std, ".", color=_POINTS, markersize=4.0, alpha=0.7)
    error = f"{100 * measured.flat_error:.2f} ± {100 * measured.flat_error_error:.2f} %"
    right.axhline(100.0 * measured.flat_error, color=_TRUTH, label=f"flat error {error}")
    if measured.behaviour in ("counting", "mixed"):
        intensity = np.linspace(0.0, float(measured.mean.max()), 200)
        spread = np.sqrt(measured.constant**2 + measured.per_intensity * intensity)
        right.plot(intensity, 100.0 * spread, color=_SAMPLES, label=r"$\sqrt{a^2 + b\,I}$")
    right.set(xlabel="intensity / maximum", ylabel="standard deviation (% of the maximum)")
    right.set_ylim(0.0, 1.25 * 100.0 * float(measured.std.max()))
    right.legend(loc="upper left")
    style.letter_panels([left, right])
    style.set_caption(
        figure,
        f"{len(measured.sources)} measurements, {on_one_line(measured.region.name)}, equal "
        f"{measured.scaling}. "
        "(a) Mean and standard deviation; (b) standard deviation of each point against its mean.",
    )
    return figure
