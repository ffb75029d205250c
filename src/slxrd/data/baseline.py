"""Baselines under a pattern: found by pybaselines, subtracted, and kept so that they can be looked at.

A baseline is guessed from the shape of the pattern alone. Stacking disorder leaves intensity between the
fringes, and a crystal of few planes beside its Bragg peak, which look like background to every such method:
subtract a baseline to look at a pattern, to start from and to take a halo away, and refine the background
with the fit (``background="quadratic"``), which knows what the stack scatters.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from slxrd._frozen import Sealed, read_only
from slxrd.data.corrections import counted
from slxrd.data.pattern import Pattern, Step
from slxrd.data.peaks import describe, find_regions
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Ways to find a baseline, see :func:`subtract_background`.
Method = Literal["aspls", "iarpls", "snip", "bridge"]
#: Width in Å⁻¹ below which each takes a feature for signal, where none is given.
WIDTHS: dict[Method, float] = {"aspls": 0.8, "iarpls": 0.3, "snip": 0.4, "bridge": 0.4}
#: A Bragg peak wider than this in Å⁻¹ (some 55 Å of crystal) is told of: baselines take much of its tails.
BROAD = 0.1
#: Change of the weights in the last round, above which a method has not settled.
SETTLED = 0.01
FEWEST_POINTS = 20
#: The smoothest baseline that double precision solves for has this many points to its width.
FINEST = 4000
NAME = "background"


@dataclass(frozen=True, eq=False)
class Subtraction(Sealed):
    """A pattern, its baseline, and what is left.

    Parameters
    ----------
    before : Pattern
        With the σ of its counts, where it is known to be of counts.
    baseline : ndarray, shape (n,)
        At all of its points, masked ones included.
    pattern : Pattern
        The difference; its history tells of it, and its σ is that of ``before``.
    notes : tuple of str
        What the reader must know.
    """

    before: Pattern
    baseline: FloatArray
    pattern: Pattern
    notes: tuple[str, ...]


def subtract_background(
    pattern: Pattern,
    method: Method | None = None,
    *,
    width: float | None = None,
    signal: Sequence[tuple[float, float]] = (),
) -> Subtraction:
    """Find the baseline of a pattern and subtract it.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength. Masked points do not take part. σ stays that of the
        intensity before: where the pattern is of counts and has none yet, it is taken from the counts.
    method : {"aspls", "iarpls", "snip", "bridge"}, optional
        ``aspls`` (default): least squares with a penalty on curvature, weights that fall above the
        baseline, and a penalty that grows where the pattern leaves it (F. Zhang et al., Spectrosc. Lett.
        53, 222 (2020)); follows amorphous halos and the rise towards low angles whatever the width.
        ``iarpls``: the same with a steeper weighting and an even penalty (J. Ye et al., Appl. Opt. 59,
        10933 (2020)); lies lower under peaks, and loses halos where the width is too large.
        ``snip``: clipping of ever wider features (M. Morháč, Nucl. Instrum. Methods A 600, 478 (2009)),
        usual in powder diffraction; lies at the lower edge of the noise.
        ``bridge`` (default where ``signal`` is given): a smooth curve through all points outside of
        ``signal``, and of least curvature across.
    width : float, optional
        Å⁻¹; what is narrower is taken for signal. By default as in :data:`WIDTHS`. It is the period at
        which a penalised curve follows a wave by half, and for ``snip`` the widest feature clipped.
    signal : sequence of (q_min, q_max)
        Å⁻¹; where the Bragg peaks and their fringes are, for ``bridge``.

    Returns
    -------
    Subtraction

    Raises
    ------
    SlxrdError
        If a background was subtracted already, the width or a signal cannot be, there are too few
        points, or no baseline is found.
    """
    signal = tuple((float(low), float(high)) for low, high in signal)
    method = method or ("bridge" if signal else "aspls")
    if method not in get_args(Method):
        raise SlxrdError(f"background method {method!r} is not one of {', '.join(get_args(Method))}")
    if (method == "bridge") != bool(signal):
        told = (
            "needs to know where the signal is" if method == "bridge" else "does not ask where the signal is"
        )
        raise SlxrdError(
            f"background method {method} {told}; {'give' if not signal else 'leave out'} signal (--signal)"
        )
    if any(step.name == NAME for step in pattern.history):
        raise SlxrdError(
            f"{pattern.source}: a background was subtracted already; start from the pattern before"
        )
    width = WIDTHS[method] if width is None else width
    if not (math.isfinite(width) and width > 0.0):
        raise SlxrdError(f"background width {width!r}: must be a positive number of Å⁻¹")
    q, seen = pattern.q, ~pattern.mask
    if np.count_nonzero(seen) < FEWEST_POINTS:
        raise SlxrdError(f"{pattern.source}: fewer than {FEWEST_POINTS} points are too few for a baseline")
    baseline, notes = _baseline(pattern.source, q[seen], pattern.intensity[seen], q, method, width, signal)
    before = counted(pattern)
    details: dict[str, str | float | int] = {"method": method, "width (Å⁻¹)": width}
    if signal:
        details["signal (Å⁻¹)"] = ", ".join(f"{low:g}:{high:g}" for low, high in signal)
    after = before.changed(Step(NAME, details), intensity=before.intensity - baseline, per_count=None)
    return Subtraction(before, read_only(baseline), after, (*notes, *_told_of_width(after)))


def _baseline(
    source: str, q: FloatArray, intensity: FloatArray, everywhere: FloatArray,
    method: Method, width: float, signal: Sequence[tuple[float, float]],
) -> tuple[FloatArray, list[str]]:  # fmt: skip
    """Find a baseline on evenly spaced points, as the methods want them, and return it ``everywhere``."""
    from pybaselines import Baseline
    from pybaselines.utils import ParameterWarning

    step = max(float(np.median(np.diff(q))), width / FINEST)
    if width < 5.0 * step:
        raise SlxrdError(
            f"background width {width:g} Å⁻¹: hardly more than the {step:.2g} Å⁻¹ between points; widen it"
        )
    grid = np.linspace(q[0], q[-1], round(float(q[-1] - q[0]) / step) + 1)
    if grid.size < FEWEST_POINTS:
        raise SlxrdError(
            f"background width {width:g} Å⁻¹: so much more than the {q[-1] - q[0]:.2g} Å⁻¹ of {source} that "
            "only a straight line is left; narrow it"
        )
    values = np.interp(grid, q, intensity)
    # A penalty λ on second differences halves a wave of angular frequency ω per point where λω⁴ = 1.
    stiffness = (width / (2.0 * math.pi * step)) ** 4
    fitter = Baseline(grid, check_finite=False)
    options: dict[Method, dict[str, Any]] = {
        # 2 as published; the library's own 0.5 lies higher under peaks.
        "aspls": {"lam": stiffness, "asymmetric_coef": 2.0},
        "iarpls": {"lam": stiffness},
        "snip": {
            "max_half_window": min(round(0.5 * width / step), (grid.size - 1) // 2),
            "decreasing": True,
            "smooth_half_window": max(1, round(width / 40.0 / step)),
        },
        "bridge": {"lam": stiffness, "weights_as_mask": True},
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
    history = np.append(0.0, facts.get("tol_history", ()))  # empty where the first round was the last
    notes = []
    if history[-1] > SETTLED:
        notes.append(
            f"{method} did not settle (weights change by {history[-1]:.1g} after {history.size - 1} rounds); "
            "look at the picture"
        )
    return np.interp(everywhere, grid, found), notes


def _outside(source: str, q: FloatArray, signal: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    outside = np.ones(q.size, dtype=bool)
    for low, high in signal:
        if not low < high:
            raise SlxrdError(f"signal {low:g}:{high:g}: the lower end must come first")
        if low <= q[0] or high >= q[-1]:
            raise SlxrdError(
                f"signal {low:g}:{high:g} reaches beyond {source}, which covers {q[0]:.4g} to {q[-1]:.4g} "
                "Å⁻¹; leave points of the background on both sides"
            )
        outside &= (q < low) | (q > high)
    if np.count_nonzero(outside) < FEWEST_POINTS:
        raise SlxrdError(f"{source}: the signal leaves fewer than {FEWEST_POINTS} points of the background")
    return outside


def _told_of_width(pattern: Pattern) -> list[str]:
    """Say where a Bragg peak is so broad that the baseline has taken some of it."""
    try:
        regions = find_regions(pattern)
    except SlxrdError:
        return []
    notes = []
    for region in regions:
        inside = (pattern.q >= region.low) & (pattern.q <= region.high) & ~pattern.mask
        peak = describe(pattern.q[inside], pattern.intensity[inside])
        if peak.width > BROAD:
            notes.append(
                f"the Bragg peak at {peak.q:.3f} Å⁻¹ is {peak.width:.2f} Å⁻¹ wide: the baseline may have "
                "taken what lies between its fringes, which makes sigma_L too small; refine the background "
                "in the fit instead (--background quadratic)"
            )
    return notes
