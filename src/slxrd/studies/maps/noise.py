"""Noise of the patterns of a map: counting statistics, a fraction of the maximum, or from their scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.data.noise import Noise, noise_source
from slxrd.errors import SlxrdError
from slxrd.fitting.assessment.correlated_noise import THIRD
from slxrd.fitting.assessment.scatter import trimmed_rms
from slxrd.studies.maps.pattern_stack import PatternStack
from slxrd.units import FloatArray

#: Groups of similar intensity, and the smallest number of differences for an estimate of the noise.
_GROUPS, _LEAST = 12, 100


@dataclass(frozen=True, eq=False)
class MapNoise:
    """Variance of a point as a function of its expected intensity y: a + b·y + c·y².

    Parameters
    ----------
    constant, linear, quadratic : float
        Coefficients a, b, c. For counts b is 1 and y is in counts.
    fraction : float
        Standard deviation as a fraction of the maximum of the region, in place of these; 0 if there is none.
    per_count : ndarray, shape (n,), optional
        Intensity of one count at each point of the stack, for counting statistics.
    known : bool
        Whether the noise is that of counts, and neither assumed nor estimated.
    text : str
        Description.
    """

    constant: float = 0.0
    linear: float = 0.0
    quadratic: float = 0.0
    fraction: float = 0.0
    per_count: FloatArray | None = None
    known: bool = False
    text: str = ""

    def sigma(self, expected: FloatArray, columns: NDArray[np.intp]) -> FloatArray:
        """Standard deviations of the points of one region.

        Parameters
        ----------
        expected : ndarray, shape (..., n)
            Expected intensities of the points of a region.
        columns : index
            Points of the stack that the region contains.

        Returns
        -------
        ndarray, shape (..., n)
        """
        if self.fraction:
            highest = np.maximum(expected.max(axis=-1, keepdims=True), np.finfo(np.float64).tiny)
            return np.broadcast_to(self.fraction * highest, expected.shape).copy()
        if self.per_count is not None:
            unit = self.per_count[columns]
            return np.asarray(unit * np.sqrt(np.maximum(expected / unit, 1.0)))
        y = np.maximum(expected, 0.0)
        return np.sqrt(self.constant + self.linear * y + self.quadratic * y**2)

    def counts(self, expected: FloatArray, columns: NDArray[np.intp]) -> FloatArray | None:
        """Expected counts, or None if the intensities are not counts."""
        if self.per_count is None:
            return None
        return np.maximum(expected / self.per_count[columns], 0.05)


def noise_of_map(
    stack: PatternStack, rows: FloatArray, regions: Sequence[NDArray[np.intp]], noise: Noise | None
) -> MapNoise:
    """Choose the noise of a map.

    Parameters
    ----------
    stack : PatternStack
        The patterns.
    rows : ndarray, shape (k, n)
        Some patterns with signal, from which the noise is estimated if it is not known.
    regions : sequence of ndarray
        Indices of the points of each region.
    noise : float or str, optional
        "counting", "scatter", or a fraction of the maximum of each region. None: counting statistics if the
        intensities are counts, and from the scatter otherwise.

    Raises
    ------
    SlxrdError
        If the intensities are not counts, or do not scatter, or the noise has another form.
    """
    source = noise_source("counting" if noise is None and stack.per_count is not None else noise or "scatter")
    if source.relative:
        raise SlxrdError(
            f"noise {noise}: a map has counting, scatter, or a fraction of the maximum; leave out the sum"
        )
    if source.counting:
        if stack.per_count is None:
            raise SlxrdError(
                f"{stack.source}: counting statistics need whole numbers that are not negative; without "
                "--noise the noise is estimated from the scatter of the points"
            )
        return MapNoise(per_count=stack.per_count, known=True, text="σ from counting statistics")
    if not isinstance(source.source, str):
        return MapNoise(fraction=source.source, text=f"σ = {source.source:g} of each region's maximum")
    if source.source != "scatter":
        raise SlxrdError(f"noise {noise}: a map has no σ of its own; give counting, scatter or a fraction")
    a, b, c = _from_scatter(stack, rows, regions)
    text = f"σ² = {a:.3g} + {b:.3g}·I + {c:.3g}·I², from the scatter of neighbouring points"
    return MapNoise(a, b, c, text=text)


def _from_scatter(
    stack: PatternStack, rows: FloatArray, regions: Sequence[NDArray[np.intp]]
) -> tuple[float, float, float]:
    """Fit a variance a + b·y + c·y² to the third differences of neighbouring points of all patterns."""
    from scipy.optimize import nnls

    windows = [
        np.lib.stride_tricks.sliding_window_view(rows[:, place], 4, axis=1).reshape(-1, 4)
        for place in regions
        if len(place) >= 4
    ]
    points = np.concatenate(windows) if windows else np.zeros((0, 4))
    if len(points) < _LEAST:
        raise SlxrdError(
            f"{stack.source}: too few points to estimate the noise; give it as a fraction (--noise 0.03)"
        )
    difference = points @ THIRD / np.sqrt(THIRD @ THIRD)
    level = np.maximum(points.mean(axis=1), 0.0)
    groups = np.array_split(np.argsort(level, kind="stable"), _GROUPS)
    y = np.array([level[group].mean() for group in groups])
    variance = np.array([trimmed_rms(difference[group]) ** 2 for group in groups])
    if not variance.max() > 0.0:
        raise SlxrdError(
            f"{stack.source}: neighbouring points do not scatter, so that the noise is not known; give it as "
            "a fraction of the maximum (--noise 0.03)"
        )
    top = max(float(y.max()), np.finfo(np.float64).tiny)
    columns = np.column_stack([np.ones_like(y), y / top, (y / top) ** 2])
    floor = 1e-6 * float(variance.max())
    found = nnls(columns / (variance + floor)[:, None], variance / (variance + floor))[0]
    least = (2e-5 * top) ** 2  # no detector is more exact
    return float(max(found[0], least)), float(found[1]) / top, float(found[2]) / top**2
