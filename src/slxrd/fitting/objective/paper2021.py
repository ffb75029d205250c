"""The objective of the 2021 program, to compare with published fits.

Its residuals are the differences of the intensities, followed by the differences of their first
derivatives (Savitzky and Golay), data and model each divided by their own maximum, and multiplied by
the region's weight; there is no σ. (The supporting information prints another objective, Eq. S12.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from slxrd.data.regions import RegionData
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray


@dataclass(frozen=True)
class Residuals2021:
    """Residuals of one region.

    Parameters
    ----------
    curve : ndarray, shape (n,)
        The model, scaled to the measured maximum.
    residual : ndarray, shape (2n,)
        Intensities, then derivatives.
    jacobian : ndarray, shape (2n, p)
        Exact derivatives of the residual.
    respond : callable
        Calculate the response of the residuals to one σ of each measured point, shape (2n, n).
    """

    curve: FloatArray
    residual: FloatArray
    jacobian: FloatArray
    respond: Callable[[], FloatArray]


def derivative_filter(points: RegionData, window: int, order: int) -> FloatArray:
    """Savitzky–Golay first derivative over point numbers, as a matrix of shape (n, n).

    Raises
    ------
    SlxrdError
        If the region has fewer points than the window.
    """
    from scipy.signal import savgol_filter

    if points.q.size < window:
        raise SlxrdError(
            f"objective paper2021 needs at least {window} points in a region, "
            f"{points.region.name} has {points.q.size}"
        )
    return np.asarray(savgol_filter(np.eye(points.q.size), window, order, deriv=1, axis=0))


def residuals(points: RegionData, model: FloatArray, slopes: FloatArray, D: FloatArray) -> Residuals2021:
    """Compare a region with the model.

    Parameters
    ----------
    points : RegionData
        The measured points.
    model : ndarray, shape (n,)
        Calculated intensity, on any scale.
    slopes : ndarray, shape (p, n)
        Its derivatives.
    D : ndarray, shape (n, n)
        From :func:`derivative_filter`.
    """
    weight, y = points.region.weight, points.intensity
    data, rise = y / y.max(), D @ y / np.max(D @ y)
    calculated, d_calculated = _to_maximum(model, slopes)
    climb, d_climb = _to_maximum(D @ model, slopes @ D.T)
    return Residuals2021(
        y.max() * calculated,
        weight * np.concatenate((data - calculated, rise - climb)),
        -weight * np.concatenate((d_calculated, d_climb), axis=1).T,
        partial(_noise, points, D),
    )


def _noise(points: RegionData, D: FloatArray) -> FloatArray:
    """Response of the residuals to one σ of each point."""
    return points.region.weight * _data_slopes(points.intensity, D) * points.sigma


def _data_slopes(y: FloatArray, D: FloatArray) -> FloatArray:
    """Derivatives of the scaled data and of their scaled derivatives with respect to each point."""
    _, d_data = _to_maximum(y, np.eye(y.size))
    _, d_rise = _to_maximum(D @ y, D.T)
    return np.concatenate((d_data, d_rise), axis=1).T


def _to_maximum(values: FloatArray, slopes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Divide by the maximum; ``slopes`` has shape (p, n)."""
    top = int(np.argmax(values))
    scaled = values / values[top]
    return scaled, (slopes - scaled * slopes[:, top : top + 1]) / values[top]
