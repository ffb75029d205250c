r"""Films thicker than their strained surfaces: sums over planes in closed form.

A plane k of N lies at the height, in units of d,

    z_k = k + U(k) + V(N−1) − V(N−1−k),   U(k) = ε ℓ (1 − e^{−k/ℓ}),

U with the strain at the bottom, V with that at the top. With φ = qd, r = e^{iφ}, and both strains faded
before the middle,

    F_N = u [(1 − r^N)/(1 − r) + S(ε, ℓ) + r^{N−1} S*(ε', ℓ')] = X + Y r^N,   u = e^{iφεℓ},
    S = Σ_k r^k (exp(−iφεℓ e^{−k/ℓ}) − 1) = Σ_{p≥1} (−iφεℓ)^p/p! · 1/(1 − r e^{−p/ℓ}).

Roughness of the top over distances that scatter coherently averages F over N + m with the shares of whole
numbers m of a normal distribution: Y is multiplied by W = Σ_m w_m r^m. The sizes P_N of crystals that do not
interfere average the intensity, with χ = Σ_N P_N r^N:

    ⟨|A|²⟩ = |X|² + |YW|² + 2 Re[X* Y W χ],   ⟨A⟩ = X + Y W χ.
"""

from __future__ import annotations

import math

import numpy as np

from slxrd.model.environment.film import jets
from slxrd.model.environment.film.shape import Shape, rounded_normal
from slxrd.model.kernel.arrays import ComplexArray, FloatArray, IntArray

#: Largest phase φεℓ of which the power series is accurate; terms below this are left out.
LARGEST_PHASE = 12.0
_LEAST_TERM = 1e-13
#: A strain has faded where it changes the sum over planes by less; with strains at both surfaces the sum over
#: planes is so slow that more is accepted.
_FADED, _FADED_BOTH = 1e-7, 1e-5
_LEAST_STRAIN = 0.01


def is_closed(shape: Shape, phase: FloatArray) -> bool:
    """Whether both strains of a film have faded within it, averaged over its sizes and its roughness."""
    largest = float(np.max(np.abs(phase), initial=0.0))
    mean = float(shape.shares @ shape.sizes)
    variance = float(shape.shares @ (shape.sizes - mean) ** 2) + shape.roughness**2
    for strain, depth, used in (
        (shape.strain_bottom, shape.depth_bottom, shape.bottom),
        (shape.strain_top, shape.depth_top, shape.top),
    ):
        # Derivatives with respect to a strain do not vanish where it is 0.
        turn = largest * max(abs(strain), _LEAST_STRAIN) * depth
        remains = turn * (depth + 1.0) * math.exp(min(0.5 * variance / depth**2 - mean / depth, 0.0))
        least = _FADED_BOTH if shape.bottom and shape.top else _FADED
        if used and (turn > LARGEST_PHASE or remains > least):
            return False
    return bool(shape.sizes[0] > shape.margin)


def film_sums(shape: Shape, phase: FloatArray) -> tuple[FloatArray, ComplexArray]:
    """Mean intensity and mean amplitude of a film, away from its Bragg peaks.

    Parameters
    ----------
    shape : Shape
        The film, for which :func:`is_closed` is true.
    phase : ndarray, shape (n,)
        φ = qd; no point so close to a multiple of 2π that 1 − r has no digits left.

    Returns
    -------
    intensity : ndarray, shape (ROWS, n)
    amplitude : ndarray of complex, shape (ROWS, n)
        With derivatives; see :mod:`slxrd.model.environment.film.jets`.
    """
    r = np.exp(1j * phase)
    pole = 1.0 / (1.0 - r)
    pole_slope = 1j * r * pole**2
    X = jets.jet(pole, {jets.PHASE: pole_slope})
    Y = -X
    if shape.bottom:
        X[[0, jets.PHASE, jets.STRAIN_BOTTOM, jets.DEPTH_BOTTOM]] += surface_sum(
            phase, r, shape.strain_bottom, shape.depth_bottom
        )
    if shape.top:
        above = np.conj(surface_sum(phase, r, shape.strain_top, shape.depth_top)) / r
        above[1] -= 1j * above[0]
        Y[[0, jets.PHASE, jets.STRAIN_TOP, jets.DEPTH_TOP]] += above
    if shape.bottom:
        u = _raised(shape, phase)
        X, Y = jets.product(u, X), jets.product(u, Y)
    if shape.roughness > 0.0:
        Y = jets.product(Y, _rough(shape, phase))
    chi = _sizes(shape, phase)
    crossed = jets.product(Y, chi)
    intensity = jets.product(np.conj(X), X + 2.0 * crossed) + jets.product(np.conj(Y), Y)
    return intensity.real, X + crossed


def surface_sum(phase: FloatArray, r: ComplexArray, strain: float, depth: float) -> ComplexArray:
    """Change of the sum over planes by a strain at the bottom of a film that has no top.

    Parameters
    ----------
    phase, r : ndarray, shape (n,)
        φ = qd, and e^{iφ}.
    strain, depth : float
        ε, and ℓ in planes.

    Returns
    -------
    ndarray of complex, shape (4, n)
        S/u of the module's equations, and its derivatives with respect to φ, ε and ℓ.
    """
    rows = np.zeros((4, phase.size), np.complex128)
    by_strain = (-1j * depth) * phase.astype(np.complex128)
    c = by_strain * strain
    largest = float(np.max(np.abs(c), initial=0.0))
    before: ComplexArray = np.ones(phase.size, np.complex128)
    size, p = 1.0, 1
    while True:
        x = r * math.exp(-p / depth)
        g: ComplexArray = 1.0 / (1.0 - x)
        by_x = x * g * g
        term: ComplexArray = before * c / p
        rows[0] += term * g
        rows[1] += (-1j * strain * depth) * before * g + 1j * term * by_x
        rows[2] += by_strain * before * g
        rows[3] += (-1j * phase * strain) * before * g + (p / depth**2) * term * by_x
        size *= largest / p
        if size < _LEAST_TERM and p > largest:
            return rows
        before, p = term, p + 1


def _raised(shape: Shape, phase: FloatArray) -> ComplexArray:
    """U of the module's equations."""
    strain, depth = shape.strain_bottom, shape.depth_bottom
    u = np.exp(1j * phase * (strain * depth))
    return jets.jet(
        u,
        {
            jets.PHASE: 1j * (strain * depth) * u,
            jets.STRAIN_BOTTOM: 1j * phase * depth * u,
            jets.DEPTH_BOTTOM: 1j * phase * strain * u,
        },
    )


def _rough(shape: Shape, phase: FloatArray) -> ComplexArray:
    """W of the module's equations, which is real, as steps up and down have the same share."""
    steps = np.arange(-shape.margin, shape.margin + 1)
    share, slope = (row[shape.margin :] for row in rounded_normal(steps, shape.roughness))
    share[0] *= 0.5
    slope[0] *= 0.5
    above = steps[shape.margin :]
    sums = _powers(phase, above, np.array([share, share * above, slope]))
    W, by_phase, by_spread = 2.0 * sums[0].real, -2.0 * sums[1].imag, 2.0 * sums[2].real
    return jets.jet(
        W.astype(np.complex128),
        {jets.PHASE: by_phase.astype(np.complex128), jets.ROUGHNESS: by_spread.astype(np.complex128)},
    )


def _sizes(shape: Shape, phase: FloatArray) -> ComplexArray:
    """χ of the module's equations."""
    shares = np.array([shape.shares, shape.shares * shape.sizes, shape.shares_N, shape.shares_sigma_N])
    sums = _powers(phase, shape.sizes, shares)
    return jets.jet(sums[0], {jets.PHASE: 1j * sums[1], jets.N: sums[2], jets.SIGMA_N: sums[3]})


def _powers(phase: FloatArray, numbers: IntArray, weights: FloatArray) -> ComplexArray:
    """Weighted sums of e^{iφm} over consecutive whole numbers m, by repeated rotation; shape (w, n)."""
    turned = np.empty((numbers.size, phase.size), np.complex128)
    turned[0] = np.exp(1j * float(numbers[0]) * phase)
    r = np.exp(1j * phase)
    for k in range(1, numbers.size):
        np.multiply(turned[k - 1], r, out=turned[k])
    sums: ComplexArray = weights.astype(np.complex128) @ turned
    return sums
