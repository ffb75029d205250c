"""Kernel for stacks of equal planes in NumPy, used without the native core and in tests.

A stack of M equal crystals of n planes scatters, averaged over the Gaussian gaps between them,

    I_n(q) = |F_n|² · [M + 2 Re S_M(z)],   z = exp(iq((n−1)d + L) − q²σ_L²/2),
    F_n = Σ_{k<n} e^{ikqd},                S_M(z) = Σ_{m=1}^{M−1} (M−m) z^m,

which is Eq. S9 of Toso, Baranov et al. (ACS Nano 2021, 15, 6243) with M = 2C and its misprint corrected,
and is due to Fullerton et al., Phys. Rev. B 1992, 45, 9292. The sample is the sum over sizes,
I = Σ_n P_n I_n. Both sums are calculated by doubling, without a division, so there are no singularities.

Pairs of crystals too far apart for the instrument to resolve their fringes need not be summed:
with K = min(M, n_correlated), Σ_{m=1}^{K−1} (M−m) z^m = S_K + (M−K)(A_K − 1), A_K = Σ_{m<K} z^m.
"""

from __future__ import annotations

import numpy as np

from slxrd.model.kernel.arrays import ComplexArray, FloatArray, IntArray, Sample
from slxrd.model.kernel.size_shares import size_shares

#: No limit on the distance of crystals that interfere.
ALL_PAIRS = 2**62

#: The rows of :func:`curves_of_sizes` after the intensity.
DERIVATIVES = ("d", "L", "sigma_L", "N", "sigma_N", "q")


def geometric_sums(z: ComplexArray, M: int) -> tuple[ComplexArray, ComplexArray, ComplexArray, ComplexArray]:
    r"""Return A = Σ_{m<M} z^m, S = Σ_{m=1}^{M−1} (M−m) z^m, and z·dA/dz, z·dS/dz.

    From the sums for m terms follow those for 2m and for m+1:
    A_2m = A(1+z^m), S_2m = S(1+z^m) + m·z·A; A_(m+1) = 1 + zA, S_(m+1) = S + zA.

    Parameters
    ----------
    z : ndarray of complex
        Any values with \|z\| ≤ 1.
    M : int
        Number of terms, 1 or more.
    """
    A, S = np.ones_like(z), np.zeros_like(z)
    dA, dS = np.zeros_like(z), np.zeros_like(z)
    power, m = z.copy(), 1
    for bit in f"{M:b}"[1:]:
        dS = dS * (1 + power) + m * power * S + m * z * (A + dA)
        S = S * (1 + power) + m * z * A
        dA = dA * (1 + power) + m * power * A
        A = A * (1 + power)
        power, m = power * power, 2 * m
        if bit == "1":
            dS, S = dS + z * (A + dA), S + z * A
            dA, A = z * (A + dA), 1 + z * A
            power, m = power * z, m + 1
    return A, S, dA, dS


def curves_of_sizes(
    q: FloatArray,
    d: float,
    L: float,
    sigma_L: float,
    sizes: IntArray,
    weights: FloatArray,
    weights_d_N: FloatArray,
    weights_d_sigma_N: FloatArray,
    n_coherent: int,
    n_correlated: int = ALL_PAIRS,
) -> FloatArray:
    """Mean intensity of the stacks and its exact derivatives, as the rows of one array.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vector in Å⁻¹; any real value (the intensity is even in q).
    d, L, sigma_L : float
        Plane distance, mean gap from last to first plane, and its standard deviation, in Å.
    sizes : ndarray of int64, shape (s,)
        Consecutive numbers of planes.
    weights, weights_d_N, weights_d_sigma_N : ndarray, shape (s,)
        Shares of the sizes and their derivatives with respect to N and σ_N.
    n_coherent : int
        M, the number of crystals in a coherent stack.
    n_correlated : int
        Only pairs of crystals less than this many places apart are summed; 1 or more.

    Returns
    -------
    ndarray, shape (7, n)
        The intensity, in units of the scattering of one plane, and its derivatives with respect to
        d, L, σ_L (per Å), N, σ_N (per plane) and q (per Å⁻¹).
    """
    rows = np.zeros((1 + len(DERIVATIVES), q.size))
    intensity, jacobian = rows[0], rows[1:]
    plane_phase = np.exp(1j * q * d)
    decay = 0.5 * (q * sigma_L) ** 2
    terms = min(n_coherent, n_correlated)
    beyond = n_coherent - terms
    for n, share, share_d_N, share_d_sigma_N in zip(
        sizes.tolist(), weights, weights_d_N, weights_d_sigma_N, strict=True
    ):
        F, _, dF, _ = geometric_sums(plane_phase, n)
        form = np.abs(F) ** 2
        form_d_phase = -2.0 * np.imag(np.conj(F) * dF)
        period = (n - 1) * d + L
        z = np.exp(1j * q * period - decay)
        A, S, dA, dS = geometric_sums(z, terms)
        stacking = n_coherent + 2.0 * (S + beyond * (A - 1.0)).real
        z_slope = dS + beyond * dA
        stacking_d_phase = -2.0 * z_slope.imag
        stacking_d_decay = -2.0 * z_slope.real
        by_phase = form * stacking_d_phase
        by_decay = form * stacking_d_decay
        by_plane_phase = form_d_phase * stacking
        intensity += share * form * stacking
        jacobian[0] += share * q * (by_plane_phase + (n - 1) * by_phase)
        jacobian[1] += share * q * by_phase
        jacobian[2] += share * by_decay * q**2 * sigma_L
        jacobian[3] += share_d_N * form * stacking
        jacobian[4] += share_d_sigma_N * form * stacking
        jacobian[5] += share * (d * by_plane_phase + period * by_phase + q * sigma_L**2 * by_decay)
    return rows


def curves(
    p: FloatArray, q: FloatArray, delta: FloatArray, s: Sample, pairs: int, derivatives: bool
) -> FloatArray:
    """Mean intensity of the stacks and its exact derivatives; parameters and rows as in ``cells.curves``."""
    shares = size_shares(p[3], p[4], s.window)
    rows = np.zeros((1 + p.size, q.size))
    rows[:7] = curves_of_sizes(q, p[0], p[1], p[2], *shares, int(s.numbers[0]), pairs)
    return rows
