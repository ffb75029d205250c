"""Compiled kernel for stacks of equal planes, with the results of ``reference.equal_planes``.

From size n to n+1 every phase changes by a constant, so two pairs of sine and cosine and one exponential
per q suffice for all sizes. With x = qd/2, the crystal's form factor is |F_n|² = u_n²,
u_n = sin(nx)/sin(x), and u_n, cos(nx) and (du_n/dx)/sin(x) follow from n to n+1 without a division.
The stacking sum has the closed form

    S = z(K − g)/(1−z),   z·dS/dz = z(K(1+z^K) − g(1+z))/(1−z)²,   g = Σ_{m<K} z^m = (1−z^K)/(1−z),

where K is the smaller of n_coherent and n_correlated. Where this loses digits, K·abs(1−z) < 1, the sums are
calculated by doubling.
"""

from __future__ import annotations

import numpy as np

from slxrd.model.kernel.compiled.blocks import (
    B,
    closed_sum,
    fade,
    power_of,
    sines_cosines,
    stacking_sums,
    vectorised,
)
from slxrd.model.kernel.size_shares import size_shares

_shares = vectorised(size_shares)

# Offsets of the rows of a block in the work array.
_C, _S2, _CN, _U, _V = 0 * B, 1 * B, 2 * B, 3 * B, 4 * B
_RR, _RI, _RKR, _RKI = 5 * B, 6 * B, 7 * B, 8 * B
_ZR, _ZI, _ZKR, _ZKI = 9 * B, 10 * B, 11 * B, 12 * B
_IS, _IN, _IW, _IV, _IT, _INT, _IA = 13 * B, 14 * B, 15 * B, 16 * B, 17 * B, 18 * B, 19 * B
_PR, _PI, _S = 20 * B, 21 * B, 22 * B
_WORK = 23 * B

_ALL_PAIRS = 2**62


@vectorised
def _begin_block(w, q, d, L, sigma_L, first, K):  # type: ignore[no-untyped-def]
    """Fill the work array for a block of scattering vectors at the smallest size."""
    sines_cosines(w, q, 0.5 * d, _S, _C)
    sines_cosines(w, q, (first - 1) * d + L, _ZI, _ZR)
    for i in range(B):
        s, c = w[_S + i], w[_C + i]
        w[_S2 + i] = s * s
        w[_CN + i], w[_U + i], w[_V + i] = c, 1.0, 0.0
        w[_RR + i], w[_RI + i] = c * c - s * s, 2.0 * s * c
    fade(w, q, sigma_L, _ZR, _PR, K)
    for i in range(_IS, _IA + B):
        w[i] = 0.0
    power_of(w, _PR, _PI, _ZKR, _ZKI, K)
    for i in range(B):
        w[_PR + i], w[_PI + i] = w[_RR + i], w[_RI + i]
    power_of(w, _PR, _PI, _RKR, _RKI, K)
    n, bit = 1, 1
    while bit <= first:
        bit <<= 1
    bit >>= 2
    while bit > 0:
        for i in range(B):
            cn, u, v = w[_CN + i], w[_U + i], w[_V + i]
            w[_V + i] = 2.0 * (v * cn - n * u * u)
            w[_U + i] = 2.0 * u * cn
            w[_CN + i] = cn * cn - w[_S2 + i] * u * u
        n *= 2
        if first & bit:
            _next_size(w, n)
            n += 1
        bit >>= 1


@vectorised
def _next_size(w, n):  # type: ignore[no-untyped-def]
    """Calculate the amplitude of a crystal of n+1 planes from that of n."""
    for i in range(B):
        c, cn, u = w[_C + i], w[_CN + i], w[_U + i]
        w[_V + i] = w[_V + i] * c - (n + 1) * u
        w[_U + i] = u * c + cn
        w[_CN + i] = cn * c - w[_S2 + i] * u


@vectorised
def _add_size(w, n, M, K, share, share_N, share_W):  # type: ignore[no-untyped-def]
    """Add the stacks of crystals of n planes, in closed form where it is accurate; count the other places."""
    singular = 0
    m, k, beyond = float(M), float(K), float(M - K)
    square = k * k if K > 1 else 0.0  # a single crystal has no neighbour to interfere with
    planes = float(n - 1)
    for i in range(B):
        lost, S, by_phase, by_decay = closed_sum(
            w[_ZR + i], w[_ZI + i], w[_ZKR + i], w[_ZKI + i], k, square, beyond
        )
        singular += 1 if lost else 0
        u = w[_U + i]
        form = u * u
        stacking = m + 2.0 * S
        scattered = form * stacking
        weighted = share * form
        w[_IS + i] += share * scattered
        w[_IN + i] += share_N * scattered
        w[_IW + i] += share_W * scattered
        w[_IV + i] += share * u * w[_V + i] * stacking
        w[_IT + i] += weighted * by_phase
        w[_INT + i] += planes * weighted * by_phase
        w[_IA + i] += weighted * by_decay
    return singular if K > 1 else 0


@vectorised
def _add_singular(w, n, M, K, share, share_N, share_W):  # type: ignore[no-untyped-def]
    """Add the stacking sums near z = 1, which :func:`_add_size` leaves out."""
    for i in range(B):
        zr, zi = w[_ZR + i], w[_ZI + i]
        if not ((1.0 - zr) ** 2 + zi * zi) * float(K) * float(K) >= 1.0:
            S, slope = stacking_sums(zr, zi, K, float(M - K))
            u = w[_U + i]
            scattered = 2.0 * S * u * u
            weighted = share * u * u
            w[_IS + i] += share * scattered
            w[_IN + i] += share_N * scattered
            w[_IW + i] += share_W * scattered
            w[_IV + i] += share * u * w[_V + i] * 2.0 * S
            w[_IT + i] += weighted * slope.imag
            w[_INT + i] += (n - 1) * weighted * slope.imag
            w[_IA + i] += weighted * slope.real


@vectorised
def _turn_stack(w):  # type: ignore[no-untyped-def]
    """Multiply z and z^M by the phase from one size to the next."""
    for i in range(B):
        a, b, c, e = w[_ZR + i], w[_ZI + i], w[_RR + i], w[_RI + i]
        w[_ZR + i], w[_ZI + i] = a * c - b * e, a * e + b * c
        a, b, c, e = w[_ZKR + i], w[_ZKI + i], w[_RKR + i], w[_RKI + i]
        w[_ZKR + i], w[_ZKI + i] = a * c - b * e, a * e + b * c


@vectorised
def curves_of_sizes(  # type: ignore[no-untyped-def]
    q, d, L, sigma_L, sizes, weights, weights_d_N, weights_d_sigma_N, n_coherent, n_correlated=_ALL_PAIRS
):
    """Mean intensity of the stacks and its exact derivatives, as the rows of one array.

    Parameters, returned values and units are those of ``reference.equal_planes.curves_of_sizes``; ``sizes``
    must be consecutive.
    """
    out = np.empty((7, q.size))
    K = min(n_coherent, n_correlated)
    w = np.empty(_WORK)
    block = np.zeros(B)
    for start in range(0, q.size, B):
        count = min(B, q.size - start)
        for i in range(B):
            block[i] = q[start + i] if i < count else 1.0
        _begin_block(w, block, d, L, sigma_L, sizes[0], K)
        for k in range(sizes.size):
            n = sizes[k]
            if k > 0:
                _next_size(w, n - 1)
                _turn_stack(w)
            if _add_size(w, n, n_coherent, K, weights[k], weights_d_N[k], weights_d_sigma_N[k]) > 0:
                _add_singular(w, n, n_coherent, K, weights[k], weights_d_N[k], weights_d_sigma_N[k])
        for i in range(count):
            j, qi = start + i, block[i]
            by_plane = w[_S + i] * w[_IV + i]
            out[0, j] = w[_IS + i]
            out[1, j] = qi * (by_plane - 2.0 * w[_INT + i])
            out[2, j] = -2.0 * qi * w[_IT + i]
            out[3, j] = -2.0 * qi * qi * sigma_L * w[_IA + i]
            out[4, j] = w[_IN + i]
            out[5, j] = w[_IW + i]
            out[6, j] = (
                d * by_plane
                - 2.0 * (d * w[_INT + i] + L * w[_IT + i])
                - 2.0 * qi * sigma_L * sigma_L * w[_IA + i]
            )
    return out


@vectorised
def curves(p, q, delta, s, pairs, derivatives):  # type: ignore[no-untyped-def]
    """Mean intensity of the stacks and its exact derivatives; parameters and rows as in ``cells.curves``."""
    sizes, shares, d_N, d_sigma_N = _shares(p[3], p[4], s.window)
    rows = curves_of_sizes(q, p[0], p[1], p[2], sizes, shares, d_N, d_sigma_N, s.numbers[0], pairs)
    if p.size == 6:
        return rows
    out = np.zeros((1 + p.size, q.size))
    out[:7] = rows
    return out
