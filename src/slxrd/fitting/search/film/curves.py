"""Curves of films of many thicknesses at once, for the scan of χ².

A film of n equal planes scatters |F_n|² = Σ_k (n − |k|) e^{ikqd} (the autocorrelation of its planes). The
resolution multiplies each term by its transform at the distance kd, and a distribution of sizes replaces
n − |k| by its mean, so that the curves of all sizes are one matrix product. Both are exact for a Gaussian
resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.film.interfering import best_mixtures
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.environment.rod import ATTENUATION, rod
from slxrd.model.kernel.arrays import ComplexArray
from slxrd.units import FloatArray

#: Terms of the sum that the resolution reduces below exp(−½·6²) are left out.
REACH = 6.0
#: Assumed error of a curve, relative to the intensity, where residuals are relative.
RELATIVE = 0.1
#: Most points of a region in the scan.
MOST_POINTS = 1500


class Curves(NamedTuple):
    """Curves of films.

    Attributes
    ----------
    intensity : ndarray, shape (n, k)
        In squared units of a plane.
    amplitude : ndarray of complex, shape (n, k), or None
        Mean amplitude from the lowest plane, if there is a substrate with which it interferes.
    """

    intensity: FloatArray
    amplitude: ComplexArray | None = None


class Products(NamedTuple):
    """Scalar products of the columns of :func:`slxrd.fitting.search.film.interfering.best_mixtures`.

    Attributes
    ----------
    gram : ndarray, shape (k, 4, 4)
        With each other.
    along : ndarray, shape (k, 4)
        With the data.
    """

    gram: FloatArray
    along: FloatArray


def film_curves(
    q: FloatArray, d: float, N: FloatArray, sigma_N: FloatArray, instrument: Instrument, amplitude: bool
) -> Curves:
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
    amplitude : bool
        Whether the amplitude is calculated too, without the second line.
    """
    width = float(np.median(instrument.sigma(q)))
    terms = math.ceil(float(np.max(N + 4.0 * sigma_N))) + 1
    if width > 0.0:
        terms = min(terms, math.ceil(REACH / (width * d)) + 1)
    pairs = _mean_excess(terms + 1, N, sigma_N)
    present = pairs[:-1] - pairs[1:]
    pairs = pairs[:-1]
    pairs[1:] *= 2.0
    if width > 0.0:
        fading = np.exp(-0.5 * (width * d * np.arange(terms)) ** 2)[:, None]
        pairs *= fading
        present *= fading
    real, imaginary = _waves(q * d, terms, amplitude)
    curves = real @ pairs
    if instrument.second_line is not None and instrument.wavelength is not None:
        line = instrument.second_line
        other, _ = _waves(q * d * instrument.wavelength / line.wavelength, terms, False)
        curves += line.ratio * (other @ pairs)
    if imaginary is None:
        return Curves(curves)
    return Curves(curves, real @ present + 1j * (imaginary @ present))


def fringe_curves(
    q: FloatArray, d: float, N: FloatArray, sigma_N: FloatArray, instrument: Instrument, amplitude: bool
) -> Curves:
    """Calculate the fringes of films away from their Bragg peaks, where the resolution only reduces them.

    (1 − D cos Nqd)/(2 sin²(qd/2)) with D = exp(−½(Δq d σ_N)² − ½(Nd σ_G)²), Δq being the distance from the
    Bragg peak. Parameters and result are those of :func:`film_curves`; the second line is left out.
    """
    width = float(np.median(instrument.sigma(q)))
    phase = 0.5 * q * d
    away = phase - np.pi * np.round(phase / np.pi)
    fading = np.exp(-2.0 * np.outer(away, sigma_N) ** 2 - 0.5 * (N * d * width) ** 2)
    # Within the resolution, and within a fringe, the peak has a finite height.
    least = (0.5 * d * width) ** 2 + 1e-3 / float(N.max()) ** 2
    height = (0.5 / (np.sin(away) ** 2 + least))[:, None]
    turn = np.outer(away, 2.0 * N)
    cosine = np.cos(turn)
    curves = (1.0 + 1e-9 - fading * cosine) * height
    if not amplitude:
        return Curves(curves)
    last = fading * (cosine + 1j * np.sin(turn))
    return Curves(curves, (1.0 - last) * (0.5 * (1.0 - np.exp(-2j * away)))[:, None] * height)


def rod_curves(q: FloatArray, d_S: float, instrument: Instrument) -> tuple[ComplexArray, FloatArray]:
    """Calculate amplitude and intensity of a substrate with the resolution.

    The amplitude has a pole at each Bragg peak, 1/(i(q − G)d + μd), whose convolution with a Gaussian is a
    Faddeeva function; what is left is smooth.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹.
    d_S : float
        Distance of its planes in Å.
    instrument : Instrument
        Resolution, taken as Gaussian of the width in the middle.

    Returns
    -------
    amplitude : ndarray of complex, shape (n,)
        In units of a plane, with the phase measured from the highest one.
    intensity : ndarray, shape (n,)
        In squared units of a plane.
    """
    from scipy.special import wofz

    sharp = rod(q, d_S)
    width = math.sqrt(2.0) * float(np.median(instrument.sigma(q)))
    if width <= 0.0:
        return sharp.amplitude, sharp.intensity
    away = q - 2.0 * np.pi / d_S * np.round(q * d_S / (2.0 * np.pi))
    pole = 1.0 / (1j * away + ATTENUATION)
    smeared = math.sqrt(np.pi) / width * np.conj(wofz((away + 1j * ATTENUATION) / width))
    change = (smeared - pole) / d_S
    height = 1.0 / (1.0 - math.exp(-2.0 * ATTENUATION * d_S))
    return sharp.amplitude + change, sharp.intensity + 2.0 * height * change.real


def _waves(phase: FloatArray, terms: int, both: bool) -> tuple[FloatArray, FloatArray | None]:
    """cos(k·phase) and sin(k·phase) for k from 0, shape (n, terms), from two short series of powers."""
    short = math.ceil(math.sqrt(terms))
    a = np.exp(1j * np.outer(phase, np.arange(short)))[:, None, :]
    b = np.exp(1j * np.outer(phase, short * np.arange(math.ceil(terms / short))))[:, :, None]
    real = (b.real * a.real - b.imag * a.imag).reshape(phase.size, -1)[:, :terms]
    if not both:
        return real, None
    return real, (b.real * a.imag + b.imag * a.real).reshape(phase.size, -1)[:, :terms]


def _mean_excess(terms: int, N: FloatArray, sigma_N: FloatArray) -> FloatArray:
    """Mean number of planes beyond the k-th, ⟨(n − k)₊⟩ for Gaussian n, shape (terms, k)."""
    from scipy.special import ndtr

    spread = np.maximum(sigma_N, 1e-3)
    excess = N - np.arange(terms)[:, None]
    z = excess / spread
    return np.asarray(excess * ndtr(z) + spread * np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi))


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
    below : ndarray of complex, shape (n,), or None
        Conjugate amplitude of the substrate one plane distance below the film.
    substrate : ndarray, shape (n,), or None
        Intensity of the substrate over σ, without what the background describes.
    """

    q: FloatArray
    target: FloatArray
    root: FloatArray
    basis: FloatArray
    below: ComplexArray | None = None
    substrate: FloatArray | None = None

    def chi2(self, curves: Curves) -> FloatArray:
        """χ² of k curves, shape (k,), each with the best scale, background, and interference."""
        if self.below is None or self.substrate is None or curves.amplitude is None:
            left = float(self.target @ self.target)
            film = self._weighted(curves.intensity)
            along = np.maximum(self.target @ film, 0.0)
            norm = np.einsum("nk,nk->k", film, film)
            return np.asarray(np.maximum(left - along**2 / np.maximum(norm, 1e-300), 0.0))
        return self.least_chi2(self.products(curves))

    def least_chi2(self, products: Products) -> FloatArray:
        """χ² of k curves, shape (k,), from their products."""
        return np.asarray(np.maximum(float(self.target @ self.target) - best_mixtures(*products)[0], 0.0))

    def products(self, curves: Curves) -> Products:
        """Products of k curves and the substrate, with which they interfere."""
        assert self.below is not None
        assert self.substrate is not None
        assert curves.amplitude is not None
        cross = self.below[:, None] * curves.amplitude
        columns = [self._weighted(each) for each in (curves.intensity, cross.real, -cross.imag)]
        gram, along = self.empty_products(curves.intensity.shape[1])
        for i, one in enumerate(columns):
            along[:, i] = self.target @ one
            gram[:, i, 3] = gram[:, 3, i] = self.substrate @ one
            for j, other in enumerate(columns[: i + 1]):
                gram[:, i, j] = gram[:, j, i] = np.einsum("nk,nk->k", one, other)
        return Products(gram, along)

    def empty_products(self, count: int) -> Products:
        """Products of the substrate alone, for so many curves; the others are not filled."""
        assert self.substrate is not None
        gram, along = np.empty((count, 4, 4)), np.empty((count, 4))
        along[:, 3], gram[:, 3, 3] = self.target @ self.substrate, self.substrate @ self.substrate
        return Products(gram, along)

    def _weighted(self, column: FloatArray) -> FloatArray:
        weighted = column * self.root[:, None]
        return np.asarray(weighted - self.basis @ (self.basis.T @ weighted))


def weighted_points(
    objective: Objective, q_zero: float, relative: bool, d_S: float | None = None, most: int = MOST_POINTS
) -> tuple[Weighted, ...]:
    """Prepare the regions for a scan.

    Parameters
    ----------
    objective : Objective
        Points, σ and backgrounds.
    q_zero : float
        Zero error in Å⁻¹.
    relative : bool
        Whether σ is replaced by one that is mostly proportional to the intensity, so that weak fringes count.
    d_S : float, optional
        Plane distance of a substrate in Å.
    most : int
        About the largest number of points of a region.
    """
    prepared = []
    for points, columns in zip(objective.data, objective.backgrounds, strict=True):
        sigma = relative_errors(points.q, points.intensity) if relative else points.sigma
        thin = slice(None, None, max(round(points.q.size / most), 1))
        root = math.sqrt(points.region.weight) / sigma[thin]
        q = points.q[thin] + q_zero
        basis, below, substrate = np.zeros((root.size, 0)), None, None
        if columns.shape[1]:
            basis = np.linalg.qr(columns[thin] * root[:, None])[0]
        if d_S is not None:
            amplitude, intensity = rod_curves(q, d_S, objective.model.instrument)
            below = np.conj(amplitude) * np.exp(1j * q * d_S)
            substrate = intensity * root
            substrate = substrate - basis @ (basis.T @ substrate)
        target = points.intensity[thin] * root
        target = target - basis @ (basis.T @ target)
        prepared.append(Weighted(q, target, root, basis, below, substrate))
    return tuple(prepared)


def relative_errors(q: FloatArray, intensity: FloatArray, relative: float = RELATIVE) -> FloatArray:
    """Errors of a part of the intensity and of its noise, from differences of neighbours."""
    positive = np.maximum(intensity, 0.0)
    level = np.max(np.lib.stride_tricks.sliding_window_view(np.pad(positive, 1, mode="edge"), 3), axis=1)
    quantum = 0.0
    if q.size > 8:
        third = np.diff(intensity, 3) ** 2 / 20.0
        seen = level[1:-2] > 0.0  # intensities from which too much was subtracted may be negative
        quantum = float(np.median(third[seen] / level[1:-2][seen]) / 0.455) if seen.any() else 0.0
    least = max(quantum, 1e-6 * float(level.max()), 1e-300)
    return np.asarray(np.sqrt((relative * level) ** 2 + quantum * level + least**2))
