"""Curves of films of many thicknesses at once, for the scan of χ².

A film of n equal planes scatters |F_n|² = Σ_k (n − |k|) e^{ikqd} (the autocorrelation of its planes). The
resolution multiplies each term by its transform at the distance kd, and a distribution of sizes replaces
n − |k| by its mean, so that the curves of all sizes are one matrix product. Both are exact for a Gaussian
resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.instrument.diffractometer import Instrument
from slxrd.units import FloatArray

#: Terms of the sum that the resolution reduces below exp(−½·6²) are left out.
REACH = 6.0
#: Assumed error of a curve, relative to the intensity, where residuals are relative.
RELATIVE = 0.1
#: Most points of a region in the scan.
MOST_POINTS = 1500


def film_curves(
    q: FloatArray, d: float, N: FloatArray, sigma_N: FloatArray, instrument: Instrument
) -> FloatArray:
    """Calculate the intensity of films of equal planes.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹.
    d : float
        Distance between planes in Å.
    N, sigma_N : ndarray, shape (k,)
        Means and standard deviations of the number of planes.
    instrument : Instrument
        Resolution, taken as Gaussian of the width in the middle, and second line.

    Returns
    -------
    ndarray, shape (n, k)
        In squared units of a plane.
    """
    width = float(np.median(instrument.sigma(q)))
    terms = math.ceil(float(np.max(N + 4.0 * sigma_N))) + 1
    if width > 0.0:
        terms = min(terms, math.ceil(REACH / (width * d)) + 1)
    pairs = _pairs(terms, N, sigma_N)
    if width > 0.0:
        pairs *= np.exp(-0.5 * (width * d * np.arange(terms)) ** 2)[:, None]
    curves = _waves(q * d, terms) @ pairs
    if instrument.second_line is not None and instrument.wavelength is not None:
        line = instrument.second_line
        curves += line.ratio * (_waves(q * d * instrument.wavelength / line.wavelength, terms) @ pairs)
    return np.asarray(curves)


def fringe_curves(
    q: FloatArray, d: float, N: FloatArray, sigma_N: FloatArray, instrument: Instrument
) -> FloatArray:
    """Calculate the fringes of films away from their Bragg peaks, where the resolution only reduces them.

    (1 − D cos Nqd)/(2 sin²(qd/2)) with D = exp(−½(Δq d σ_N)² − ½(Nd σ_G)²), Δq being the distance from the
    Bragg peak. Parameters and result are those of :func:`film_curves`; the second line is left out.
    """
    width = float(np.median(instrument.sigma(q)))
    phase = 0.5 * q * d
    away = phase - np.pi * np.round(phase / np.pi)
    lost = 2.0 * np.outer(away, sigma_N) ** 2 + 0.5 * (N * d * width) ** 2
    # Within the resolution, and within a fringe, the peak has a finite height.
    least = (0.5 * d * width) ** 2 + 1e-3 / float(N.max()) ** 2
    height = 0.5 / (np.sin(away) ** 2 + least)
    return np.asarray((1.0 + 1e-9 - np.exp(-lost) * np.cos(2.0 * np.outer(away, N))) * height[:, None])


def _waves(phase: FloatArray, terms: int) -> FloatArray:
    """cos(k·phase) for k from 0, shape (n, terms), as products of two short series of powers."""
    short = math.ceil(math.sqrt(terms))
    first = np.exp(1j * np.outer(phase, np.arange(short)))
    steps = np.exp(1j * np.outer(phase, short * np.arange(math.ceil(terms / short))))
    waves = steps.real[:, :, None] * first.real[:, None, :] - steps.imag[:, :, None] * first.imag[:, None, :]
    return np.asarray(waves.reshape(phase.size, -1)[:, :terms])


def _pairs(terms: int, N: FloatArray, sigma_N: FloatArray) -> FloatArray:
    """Mean number of pairs of planes k apart, ⟨(n − k)₊⟩ for Gaussian n, twice if k > 0; (terms, k)."""
    from scipy.special import ndtr

    spread = np.maximum(sigma_N, 1e-3)
    excess = N - np.arange(terms)[:, None]
    z = excess / spread
    pairs = excess * ndtr(z) + spread * np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    pairs[1:] *= 2.0
    return np.asarray(pairs)


@dataclass(frozen=True)
class Weighted:
    """Points of a region over their errors, without what the background describes.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹, corrected for the zero error.
    target : ndarray, shape (n,)
        Intensities over σ.
    root : ndarray, shape (n,)
        1/σ times the square root of the region's weight.
    basis : ndarray, shape (n, b)
        Orthonormal columns of the background, over σ.
    """

    q: FloatArray
    target: FloatArray
    root: FloatArray
    basis: FloatArray

    def chi2(self, curves: FloatArray) -> FloatArray:
        """χ² of curves of shape (n, k), each with its best scale and background; shape (k,)."""
        weighted = curves * self.root[:, None]
        weighted -= self.basis @ (self.basis.T @ weighted)
        along = np.maximum(self.target @ weighted, 0.0)
        norm = np.einsum("nk,nk->k", weighted, weighted)
        left = float(self.target @ self.target) - along**2 / np.maximum(norm, 1e-300)
        return np.asarray(np.maximum(left, 0.0))


def weighted_points(objective: Objective, q_zero: float, relative: bool) -> tuple[Weighted, ...]:
    """Prepare the regions for a scan.

    Parameters
    ----------
    objective : Objective
        Points, σ and backgrounds.
    q_zero : float
        Zero error in Å⁻¹.
    relative : bool
        Whether σ is replaced by one that is mostly proportional to the intensity, so that weak fringes count.
    """
    prepared = []
    for points, columns in zip(objective.data, objective.backgrounds, strict=True):
        sigma = relative_errors(points.q, points.intensity) if relative else points.sigma
        thin = slice(None, None, max(round(points.q.size / MOST_POINTS), 1))
        root = math.sqrt(points.region.weight) / sigma[thin]
        basis = np.zeros((root.size, 0))
        if columns.shape[1]:
            basis = np.linalg.qr(columns[thin] * root[:, None])[0]
        target = points.intensity[thin] * root
        target = target - basis @ (basis.T @ target)
        prepared.append(Weighted(points.q[thin] + q_zero, target, root, basis))
    return tuple(prepared)


def relative_errors(q: FloatArray, intensity: FloatArray) -> FloatArray:
    """Errors of :data:`RELATIVE` of the intensity and of its noise, from differences of neighbours."""
    positive = np.maximum(intensity, 0.0)
    level = np.max(np.lib.stride_tricks.sliding_window_view(np.pad(positive, 1, mode="edge"), 3), axis=1)
    quantum = 0.0
    if q.size > 8:
        third = np.diff(intensity, 3) ** 2 / 20.0
        quantum = float(np.median(third / np.maximum(level[1:-2], 1e-300)) / 0.455)
    least = max(quantum, 1e-6 * float(level.max()), 1e-300)
    return np.asarray(np.sqrt((RELATIVE * level) ** 2 + quantum * level + least**2))
