"""Sums over sizes and cells for the mean amplitude of stacks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slxrd.model.kernel.arrays import ComplexArray, FloatArray, IntArray
from slxrd.model.kernel.reference.cell_parts import powers, sums_by_doubling

#: Largest number of sizes times points in an array.
_PORTION = 40_000


class AmplitudeSums(NamedTuple):
    """Sums for the mean amplitude of stacks, each of shape (n,).

    ⟨…⟩ is the mean over the sizes of a crystal, of n repeats and N planes of reference. f is the amplitude
    of a cell, E = e^{iq(N−1)d}, G = Σ_{k<n} r^k and H = Σ_{k<n} k r^k with r = e^{iqd}; C = Σ_{m<M} τ^m and
    T = f E dC/dτ with τ the phase factor of a cell, averaged over the numbers M of cells.

    Attributes
    ----------
    fC, fC_by_N, fC_by_sigma_N
        ⟨f C⟩, and its derivatives with respect to N and σ_N.
    C, CG, Ce, nCe, CH
        ⟨C⟩, ⟨C G⟩, ⟨C r^n⟩, ⟨n C r^n⟩ and ⟨C H⟩.
    CE, steps_CE
        ⟨C E⟩ and ⟨(N−1) C E⟩.
    T, steps_T
        ⟨T⟩ and ⟨(N−1) T⟩.
    E_by_N, E_by_sigma_N
        Derivatives of ⟨E⟩ with respect to N and σ_N.
    """

    fC: ComplexArray
    fC_by_N: ComplexArray
    fC_by_sigma_N: ComplexArray
    C: ComplexArray
    CG: ComplexArray
    Ce: ComplexArray
    nCe: ComplexArray
    CH: ComplexArray
    CE: ComplexArray
    steps_CE: ComplexArray
    T: ComplexArray
    steps_T: ComplexArray
    E_by_N: ComplexArray
    E_by_sigma_N: ComplexArray


def amplitude_sums(
    rows: ComplexArray,
    first: int,
    closing: int,
    sizes: FloatArray,
    numbers: IntArray,
    shares: FloatArray,
) -> AmplitudeSums:
    """Sums over the sizes of a crystal, and over the cells of a stack, for the mean amplitude.

    Parameters
    ----------
    rows : ndarray of complex, shape (7, n)
        r = e^{iqd}; e^{iq(N−1)d} r^{−n}; amplitudes of bottom, repeat and top of the crystal, and of the
        density in the gap; mean phase factor of the gap.
    first : int
        Least number n of repeats; 0 or more.
    closing : int
        Planes of reference that are not part of a repeat, N − n.
    sizes : ndarray, shape (3, s)
        Shares of s consecutive sizes, and their derivatives with respect to N and σ_N.
    numbers : ndarray of int, shape (m,)
        Numbers of cells, 1 or more.
    shares : ndarray, shape (m,)
        Their shares.
    """
    portion = max(_PORTION // sizes.shape[1], 64)
    pieces = [
        _sums(rows[:, k : k + portion], first, closing, sizes, numbers, shares)
        for k in range(0, rows.shape[1], portion)
    ]
    return AmplitudeSums(*np.concatenate(pieces, axis=1))


def _sums(
    rows: ComplexArray,
    first: int,
    closing: int,
    sizes: FloatArray,
    numbers: IntArray,
    shares: FloatArray,
) -> ComplexArray:
    r, rest, A_b, A_r, A_t, c, w = rows
    n = first + np.arange(sizes.shape[1], dtype=np.float64)
    G, H, e = _repeats(r, first, n.size)
    E = e * rest
    f = A_b + A_r * G + A_t * e + c * E
    C, by_tau = mean_columns(E * w, numbers, shares)
    T = f * by_tau * E
    share = sizes[0]
    steps = (n + (closing - 1)) * share
    return np.concatenate((
        _times(sizes, f * C),
        _times(share[None], C),
        _times(share[None], C * G),
        _times(np.array([share, n * share]), C * e),
        _times(share[None], C * H),
        _times(np.array([share, steps]), C * E),
        _times(np.array([share, steps]), T),
        _times(sizes[1:], E),
    ))  # fmt: skip


def _repeats(r: ComplexArray, first: int, count: int) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Σ_{k<n} r^k, Σ_{k<n} k r^k and r^n for n from ``first``, shape (count, n)."""
    G, H, e = (np.empty((count, r.size), np.complex128) for _ in range(3))
    if first:
        total, slope, *_ = sums_by_doubling(r, first)
        G[0], H[0], e[0] = total, r * slope, powers(r, first)
    else:
        G[0], H[0], e[0] = 0.0, 0.0, 1.0
    for k in range(1, count):
        np.add(G[k - 1], e[k - 1], out=G[k])
        np.add(H[k - 1], float(first + k - 1) * e[k - 1], out=H[k])
        np.multiply(e[k - 1], r, out=e[k])
    return G, H, e


def mean_columns(
    tau: ComplexArray, numbers: IntArray, shares: FloatArray
) -> tuple[ComplexArray, ComplexArray]:
    """Σ_{m<M} τ^m and its derivative by τ, averaged over the numbers M of cells, of given shares."""
    total, slope = np.zeros_like(tau), np.zeros_like(tau)
    for M, share in zip(numbers.tolist(), shares.tolist(), strict=True):
        A, by_tau, *_ = sums_by_doubling(tau, M)
        total += share * A
        slope += share * by_tau
    return total, slope


def _times(weights: FloatArray, values: ComplexArray) -> ComplexArray:
    """Weighted sums over sizes, shapes (w, s) and (s, n) → (w, n)."""
    found: ComplexArray = (weights @ values.view(np.float64)).view(np.complex128)
    return found
