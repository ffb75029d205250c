"""Compiled kernel for stacks of one size each of atomic crystals with nothing between them.

The results are those of ``cells`` for this case: |F|² times the stacking sum S, in blocks of scattering
vectors, with F calculated from one size to the next. Derivatives follow from the sums over Y = P_N S F*.
"""

from __future__ import annotations

import numpy as np

from slxrd.model.kernel.compiled.blocks import (
    B,
    closed_sum,
    fade,
    fill_block,
    power_of,
    sines_cosines,
    stacking_sums,
    vectorised,
)
from slxrd.model.kernel.compiled.crystal import (
    BY_D,
    BY_Q,
    FREE,
    XG,
    XH,
    C,
    E,
    G,
    H,
    P,
    R,
    X,
    begin_sizes,
    fill_occupancies,
    finish_planes,
    load_planes,
    sum_up,
    turn,
)
from slxrd.model.kernel.geometry import heights_of
from slxrd.model.kernel.size_shares import size_shares

_shares = vectorised(size_shares)

_Z, _ZK, _RK, _S, _SP, _SD = FREE, FREE + 2 * B, FREE + 4 * B, FREE + 6 * B, FREE + 7 * B, FREE + 8 * B
_IS, _IN, _IW, _IT, _INT, _IA = (FREE + k * B for k in range(9, 15))
_WORK = FREE + 15 * B


@vectorised
def _begin_stacks(w, q, d, L, sigma_L, first, K):  # type: ignore[no-untyped-def]
    """Fill the rows of the stacking sums for the smallest size."""
    sines_cosines(w, q, (first - 1) * d + L, _Z + B, _Z)
    fade(w, q, sigma_L, _Z, P, K)
    power_of(w, P, P + B, _ZK, _ZK + B, K)
    for i in range(2 * B):
        w[P + i] = w[R + i]
    power_of(w, P, P + B, _RK, _RK + B, K)
    for i in range(_IS, _WORK):
        w[i] = 0.0


@vectorised
def _turn_stacks(w):  # type: ignore[no-untyped-def]
    """Multiply z and z^K by the phase from one size to the next."""
    turn(w, _Z)
    for i in range(B):
        a, b, c, d = w[_ZK + i], w[_ZK + B + i], w[_RK + i], w[_RK + B + i]
        w[_ZK + i], w[_ZK + B + i] = a * c - b * d, a * d + b * c


@vectorised
def _gather(w, n, size, share, share_N, share_W):  # type: ignore[no-untyped-def]
    """Add the contribution of a size, from the stacking sums in the work array, and go on to the next."""
    repeats, planes = float(n), float(size - 1)
    for i in range(B):
        gr, gi, hr, hi = w[G + i], w[G + B + i], w[H + i], w[H + B + i]
        fr = w[C + i] + w[C + 2 * B + i] * gr - w[C + 3 * B + i] * gi
        fi = w[C + B + i] + w[C + 2 * B + i] * gi + w[C + 3 * B + i] * gr
        w[P + i] = fr * fr + fi * fi
        weight = share * w[_S + i]
        yr, yi = weight * fr, weight * fi
        w[X + i] += yr
        w[X + B + i] -= yi
        w[XG + i] += yr * gr + yi * gi
        w[XG + B + i] += yr * gi - yi * gr
        w[XH + i] += yr * hr + yi * hi
        w[XH + B + i] += yr * hi - yi * hr
        er, ei, rr, ri = w[E + i], w[E + B + i], w[R + i], w[R + B + i]
        w[G + i], w[G + B + i] = gr + er, gi + ei
        w[H + i], w[H + B + i] = hr + repeats * er, hi + repeats * ei
        w[E + i], w[E + B + i] = er * rr - ei * ri, er * ri + ei * rr
    for i in range(B):
        form = w[P + i]
        scattered = form * w[_S + i]
        weighted = share * form
        by_phase = weighted * w[_SP + i]
        w[_IS + i] += share * scattered
        w[_IN + i] += share_N * scattered
        w[_IW + i] += share_W * scattered
        w[_IT + i] += by_phase
        w[_INT + i] += planes * by_phase
        w[_IA + i] += weighted * w[_SD + i]


@vectorised
def _sum_stacks(w, M, K):  # type: ignore[no-untyped-def]
    """Calculate the stacking sums and their derivatives, in closed form where that is accurate."""
    singular = 0
    m, k, beyond = float(M), float(K), float(M - K)
    square = k * k if K > 1 else 0.0
    for i in range(B):
        lost, S, by_phase, by_decay = closed_sum(
            w[_Z + i], w[_Z + B + i], w[_ZK + i], w[_ZK + B + i], k, square, beyond
        )
        singular += 1 if lost else 0
        w[_S + i], w[_SP + i], w[_SD + i] = m + 2.0 * S, by_phase, by_decay
    if singular > 0 and K > 1:
        for i in range(B):
            zr, zi = w[_Z + i], w[_Z + B + i]
            if not ((1.0 - zr) ** 2 + zi * zi) * square >= 1.0:
                S, slope = stacking_sums(zr, zi, K, beyond)
                w[_S + i], w[_SP + i], w[_SD + i] = m + 2.0 * S, slope.imag, slope.real


@vectorised
def _finish(out, w, q, start, count, p):  # type: ignore[no-untyped-def]
    """Calculate the intensity and the derivatives that every stack has from the sums of a block."""
    d, L, sigma_L = p[0], p[1], p[2]
    for i in range(count):
        j, qi = start + i, q[i]
        out[0, j] = w[_IS + i]
        out[1, j] = qi * (w[BY_D + i] - 2.0 * w[_INT + i])
        out[2, j] = -2.0 * qi * w[_IT + i]
        out[3, j] = -2.0 * qi * qi * sigma_L * w[_IA + i]
        out[4, j] = w[_IN + i]
        out[5, j] = w[_IW + i]
        beside = 2.0 * (d * w[_INT + i] + L * w[_IT + i]) + 2.0 * qi * sigma_L * sigma_L * w[_IA + i]
        out[6, j] = w[BY_Q + i] - beside


@vectorised
def curves(p, q, delta, s, pairs, derivatives):  # type: ignore[no-untyped-def]
    """Mean intensity of the stacks and its exact derivatives, as ``cells.curves``, derivatives included."""
    out = np.zeros((1 + p.size, q.size))
    sizes, shares, d_N, d_sigma_N = _shares(p[3], p[4], s.window, s.power, max(1, s.closing[0]))
    M = s.numbers[0]
    K = min(M, pairs)
    heights = heights_of(p, s)
    w, block = np.empty(_WORK), np.zeros(B)
    phases, bare = np.zeros((heights.size, 2, B)), np.zeros((heights.size, 2, B))
    slope, parts = np.zeros((heights.size, 2, B)), np.zeros((1, 3, 2, B))
    for start in range(0, q.size, B):
        count = min(B, q.size - start)
        fill_block(block, q, start, count)
        load_planes(w, block, delta, start, count, p, s, heights, phases, bare, slope, parts)
        begin_sizes(w, block, p[0], sizes[0] - s.closing[0], parts[0], 1.0)
        _begin_stacks(w, block, p[0], p[1], p[2], sizes[0], K)
        for k in range(sizes.size):
            if k > 0:
                _turn_stacks(w)
            _sum_stacks(w, M, K)
            _gather(w, sizes[k] - s.closing[0], sizes[k], shares[k], d_N[k], d_sigma_N[k])
        sum_up(w)
        for i in range(B):
            w[BY_Q + i] = p[0] * w[BY_D + i]
        finish_planes(out, w, block, start, count, p, s, 0, heights, phases, bare, slope)
        _finish(out, w, block, start, count, p)
        fill_occupancies(out, w, block, delta, start, count, p, s, 0, phases)
    return out
