"""Baseline subtraction with pybaselines.

A baseline is estimated from the shape of the pattern alone. The intensity between fringes that stacking
disorder causes, and that beside the Bragg peak of a crystal of few planes, look like background to all these
methods. Use a subtracted baseline to inspect a pattern, for starting values, or to remove an amorphous halo;
for a fit, refine the background together with the stack (``background="quadratic"``).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments
from slxrd._frozen import Sealed, read_only
from slxrd._short_repr import short_repr
from slxrd.data.corrections import with_counting_sigma
from slxrd.data.pattern import Pattern, Step
from slxrd.data.peaks import find_regions, measure_peak
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Methods of :func:`subtract_background`.
Method = Literal["aspls", "iarpls", "snip", "bridge"]
#: Default of the width in Å⁻¹ below which a feature is signal.
WIDTHS: dict[Method, float] = {"aspls": 0.8, "iarpls": 0.3, "snip": 0.4, "bridge": 0.4}
#: Width in Å⁻¹ from which baselines include the tails of a Bragg peak (a crystal of some 55 Å).
BROAD_PEAK = 0.1
#: Largest change of the weights in the last iteration of a method that has converged.
CONVERGED = 0.01
FEWEST_POINTS = 20
#: Largest number of points per width for which the linear equations can be solved in double precision.
MOST_POINTS_PER_WIDTH = 4000
STEP_NAME = "background"


@short_repr
@dataclass(frozen=True, eq=False)
class Subtraction(Sealed):
    """A pattern, its baseline, and the difference.

    Parameters
    ----------
    before : Pattern
        The pattern, with σ from counting statistics if it is known to be counts.
    baseline : ndarray, shape (n,)
        Baseline at all points, including masked ones.
    pattern : Pattern
        The difference, with the σ of ``before``; the subtraction is a step of its history.
    notes : tuple of str
        Warnings about the result.
    """

    before: Pattern
    baseline: FloatArray
    pattern: Pattern
    notes: tuple[str, ...]


@check_arguments
def subtract_background(
    pattern: Pattern,
    method: Method | None = None,
    *,
    width: float | None = None,
    signal: Sequence[tuple[float, float]] = (),
) -> Subtraction:
    """Estimate the baseline of a pattern and subtract it.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength. Masked points are not used. σ is not changed; if there is
        none and the pattern is counts, σ is set from counting statistics first.
    method : {"aspls", "iarpls", "snip", "bridge"}, optional
        ``aspls`` (default): penalised least squares with weights that decrease above the baseline and a
        penalty on curvature that increases with the distance of the pattern from the baseline (F. Zhang et
        al., Spectrosc. Lett. 53, 222 (2020)); follows amorphous halos and the rise towards low angles for any
        width.
        ``iarpls``: the same with a steeper weighting and a constant penalty (J. Ye et al., Appl. Opt. 59,
        10933 (2020)); is lower under peaks, and misses halos if the width is too large.
        ``snip``: iterative clipping (M. Morháč, Nucl. Instrum. Methods A 600, 478 (2009)), common in powder
        diffraction; follows the lower edge of the noise.
        ``bridge`` (default with ``signal``): a smooth curve through all points outside ``signal``, with least
        curvature inside.
    width : float, optional
        Å⁻¹; narrower features are signal. Default: :data:`WIDTHS`. For penalised least squares, the period of
        a wave that the curve follows with half its amplitude; for ``snip``, the widest feature clipped.
    signal : sequence of (q_min, q_max)
        Å⁻¹; ranges of the Bragg peaks with their fringes, for ``bridge``.

    Returns
    -------
    Subtraction

    Raises
    ------
    SlxrdError
        If a background was subtracted already, the width or a signal range is invalid, there are too few
        points, or no baseline is found.
    """
    signal = tuple((float(low), float(high)) for low, high in signal)
    method = method or ("bridge" if signal else "aspls")
    if method not in get_args(Method):
        raise SlxrdError(f"background method {method!r} is not one of {', '.join(get_args(Method))}")
    if (method == "bridge") != bool(signal):
        problem = (
            "needs the ranges of the signal" if method == "bridge" else "does not use ranges of a signal"
        )
        raise SlxrdError(
            f"background method {method} {problem}; {'leave out' if signal else 'give'} signal (--signal)"
        )
    if any(step.name == STEP_NAME for step in pattern.history):
        raise SlxrdError(
            f"{pattern.source}: a background was subtracted already; start from the pattern before"
        )
    width = WIDTHS[method] if width is None else width
    if not (math.isfinite(width) and width > 0.0):
        raise SlxrdError(f"background width {width!r}: must be a positive number in Å⁻¹")
    q, used = pattern.q, ~pattern.mask
    if np.count_nonzero(used) < FEWEST_POINTS:
        raise SlxrdError(f"{pattern.source}: fewer than {FEWEST_POINTS} points are too few for a baseline")
    baseline, notes = _baseline(pattern.source, q[used], pattern.intensity[used], q, method, width, signal)
    before = with_counting_sigma(pattern)
    details: dict[str, str | float | int] = {"method": method, "width (Å⁻¹)": width}
    if signal:
        details["signal (Å⁻¹)"] = ", ".join(f"{low:g}:{high:g}" for low, high in signal)
    after = before.changed(Step(STEP_NAME, details), intensity=before.intensity - baseline, per_count=None)
    return Subtraction(before, read_only(baseline), after, (*notes, *_broad_peak_notes(after)))


def _baseline(
    source: str, q: FloatArray, intensity: FloatArray, everywhere: FloatArray,
    method: Method, width: float, signal: Sequence[tuple[float, float]],
) -> tuple[FloatArray, list[str]]:  # fmt: skip
    """Estimate the baseline on an equidistant grid, as the methods require, and interpolate it."""
    from pybaselines import Baseline
    from pybaselines.utils import ParameterWarning

    step = max(float(np.median(np.diff(q))), width / MOST_POINTS_PER_WIDTH)
    if width < 5.0 * step:
        raise SlxrdError(
            f"background width {width:g} Å⁻¹: hardly larger than the step, {step:.2g} Å⁻¹; give a larger one"
        )
    grid = np.linspace(q[0], q[-1], round(float(q[-1] - q[0]) / step) + 1)
    if grid.size < FEWEST_POINTS:
        raise SlxrdError(
            f"background width {width:g} Å⁻¹: so much larger than the range of {source}, {q[-1] - q[0]:.2g} "
            "Å⁻¹, that the baseline would be a straight line; give a smaller one"
        )
    values = np.interp(grid, q, intensity)
    # A penalty λ on second differences halves a wave of angular frequency ω per point if λω⁴ = 1.
    penalty = (width / (2.0 * math.pi * step)) ** 4
    fitter = Baseline(grid, check_finite=False)
    options: dict[Method, dict[str, Any]] = {
        # 2 as published; with the default of the library, 0.5, the baseline is too high under peaks.
        "aspls": {"lam": penalty, "asymmetric_coef": 2.0},
        "iarpls": {"lam": penalty},
        "snip": {
            "max_half_window": min(round(0.5 * width / step), (grid.size - 1) // 2),
            "decreasing": True,
            "smooth_half_window": max(1, round(width / 40.0 / step)),
        },
        "bridge": {"lam": penalty, "weights_as_mask": True},
    }
    if method == "bridge":
        options["bridge"]["weights"] = _outside(source, grid, signal).astype(np.float64)
    find = fitter.fabc if method == "bridge" else getattr(fitter, method)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ParameterWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            found, facts = find(values, **options[method])
    except (ValueError, np.linalg.LinAlgError):
        found, facts = np.full(grid.size, np.nan), {}
    if not np.all(np.isfinite(found)):
        raise SlxrdError(
            f"{source}: {method} finds no baseline of width {width:g} Å⁻¹; try another width or method"
        )
    history = np.append(0.0, facts.get("tol_history", ()))  # empty after a single iteration
    notes = []
    if history[-1] > CONVERGED:
        notes.append(
            f"{method} did not converge (weights change by {history[-1]:.1g} after {history.size - 1} "
            "iterations); check the plot"
        )
    return np.interp(everywhere, grid, found), notes


def _outside(source: str, q: FloatArray, signal: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    outside = np.ones(q.size, dtype=bool)
    for low, high in signal:
        if not low < high:
            raise SlxrdError(f"signal {low:g}:{high:g}: the lower end must come first")
        if low <= q[0] or high >= q[-1]:
            raise SlxrdError(
                f"signal {low:g}:{high:g} extends beyond {source}, which covers {q[0]:.4g} to {q[-1]:.4g} "
                "Å⁻¹; leave points of the background on both sides"
            )
        outside &= (q < low) | (q > high)
    if np.count_nonzero(outside) < FEWEST_POINTS:
        raise SlxrdError(f"{source}: the signal leaves fewer than {FEWEST_POINTS} points of the background")
    return outside


def _broad_peak_notes(pattern: Pattern) -> list[str]:
    """Return notes on Bragg peaks that are so broad that the baseline may include part of them."""
    try:
        regions = find_regions(pattern)
    except SlxrdError:
        return []
    notes = []
    for region in regions:
        inside = (pattern.q >= region.low) & (pattern.q <= region.high) & ~pattern.mask
        peak = measure_peak(pattern.q[inside], pattern.intensity[inside])
        if peak.width > BROAD_PEAK:
            notes.append(
                f"the Bragg peak at {peak.q:.3f} Å⁻¹ is {peak.width:.2f} Å⁻¹ wide: the baseline may include "
                "intensity between its fringes, which makes sigma_L too small; refine the background in the "
                "fit instead (--background quadratic)"
            )
    return notes
