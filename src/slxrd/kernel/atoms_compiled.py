"""Stacks of one size each of atomic crystals with nothing between them, compiled: the commonest of the cells.

The numbers are those of ``cells`` at a tenth of the time: |F|² times the stacking sum, in blocks of
scattering vectors, with F turned from one size to the next. What derivatives need is gathered over the
sizes as Σ Y, Σ Y G and Σ Y e with Y = P_N S F*, G the sum over the repeats and e the phase above them.
"""

from __future__ import annotations

import math

import numpy as np

from slxrd.kernel.blocks import (
    LAST_DECAY,
    B,
    closed_sum,
    power_of,
    sines_cosines,
    stacking_sums,
    vectorised,
)
from slxrd.kernel.shares import size_shares

_shares = vectorised(size_shares)
_FOUR_PI = 4.0 * math.pi
_LEAST_Q = 1e-9

# Where the rows of a block begin in the work array; an imaginary part follows its real part.
_Z, _ZK, _R, _RK, _P = 0 * B, 2 * B, 4 * B, 6 * B, 8 * B
_A, _G, _H, _E = 10 * B, 16 * B, 18 * B, 20 * B  # the amplitudes of bottom, repeat and top stand at _A
_X = 22 * B  # and their sums at _X
_IS, _IN, _IW, _IT, _INT, _IA, _TURN = 28 * B, 29 * B, 30 * B, 31 * B, 32 * B, 33 * B, 34 * B
_ID, _IQ, _S, _SP, _SD = 35 * B, 36 * B, 37 * B, 38 * B, 39 * B
_WORK = 40 * B


@vectorised
def _load_planes(w, q, delta, start, count, p, s, heights, phases, bare, slope):  # type: ignore[no-untyped-def]
    """Work out the planes of a block, with their phases, and the sums over the parts of the crystal."""
    for i in range(_A, _A + 6 * B):
        w[i] = 0.0
    moved = False
    for i in range(count):
        moved = moved or delta[start + i] != 0.0
    for t in range(s.term_plane.size):
        k = s.term_plane[t]
        if s.alike[k] != k:
            continue
        factor = p[s.term_occupancy[t]] if s.term_occupancy[t] >= 0 else 1.0
        again = 1.0 if t > 0 and s.term_plane[t - 1] == k else 0.0
        for part in range(2):
            value, rise = bare[k, part], slope[k, part]
            c0, c1 = s.amplitudes[t, 0, part, start:], s.amplitudes[t, 1, part, start:]
            if not moved:
                for i in range(count):
                    value[i] = again * value[i] + factor * c0[i]
                    rise[i] = again * rise[i] + factor * c1[i]
            else:
                c2, c3 = s.amplitudes[t, 2, part, start:], s.amplitudes[t, 3, part, start:]
                c4 = s.amplitudes[t, 4, part, start:]
                for i in range(count):
                    x = delta[start + i]
                    full = c0[i] + x * (c1[i] + x * (c2[i] + x * (c3[i] + x * c4[i])))
                    up = c1[i] + x * (2.0 * c2[i] + x * (3.0 * c3[i] + x * 4.0 * c4[i]))
                    value[i] = again * value[i] + factor * full
                    rise[i] = again * rise[i] + factor * up
    for k in range(s.position.size):
        _turn_plane(w, q, k, heights, phases)
        row, a = _A + 2 * B * s.part[k], s.alike[k]
        if s.damping >= 0 and a == k:
            _damp_plane(q, p[s.damping], bare[k], slope[k])
        cosine, sine, real, imaginary = phases[k, 0], phases[k, 1], bare[a, 0], bare[a, 1]
        for i in range(B):
            w[row + i] += real[i] * cosine[i] - imaginary[i] * sine[i]
            w[row + B + i] += real[i] * sine[i] + imaginary[i] * cosine[i]


@vectorised
def _turn_plane(w, q, k, heights, phases):  # type: ignore[no-untyped-def]
    """Work out the phases of a plane's height, or take those of another one of the same height."""
    same = 0
    while heights[same] != heights[k]:
        same += 1
    if same < k:
        own, other = phases[k], phases[same]
        for part in range(2):
            for i in range(B):
                own[part, i] = other[part, i]
    elif heights[k] == 0.0:
        phases[k, 0] = 1.0
        phases[k, 1] = 0.0
    else:
        sines_cosines(w, q, heights[k], _P + B, _P)
        cosine, sine = phases[k, 0], phases[k, 1]
        for i in range(B):
            cosine[i], sine[i] = w[_P + i], w[_P + B + i]


@vectorised
def _damp_plane(q, damping, bare, slope):  # type: ignore[no-untyped-def]
    """Multiply with the Debye-Waller factor of all planes."""
    for i in range(B):
        less = math.exp(-damping * (q[i] / _FOUR_PI) ** 2)
        by_q = -2.0 * damping / _FOUR_PI**2 * q[i]
        for part in range(2):
            slope[part, i] = less * (slope[part, i] + by_q * bare[part, i])
            bare[part, i] *= less


@vectorised
def _begin_block(w, q, d, L, sigma_L, first, closing, K):  # type: ignore[no-untyped-def]
    """Fill the work array for a block of scattering vectors at the smallest size."""
    sines_cosines(w, q, d, _R + B, _R)
    sines_cosines(w, q, (first - 1) * d + L, _Z + B, _Z)
    for i in range(B):
        decay = 0.5 * (q[i] * sigma_L) ** 2
        amplitude = math.exp(-decay) if decay < LAST_DECAY else 0.0
        zr, zi = amplitude * w[_Z + i], amplitude * w[_Z + B + i]
        w[_Z + i], w[_Z + B + i] = zr, zi
        keep = 1.0 if K * decay < LAST_DECAY else 0.0
        w[_P + i], w[_P + B + i] = keep * zr, keep * zi
    power_of(w, _P, _P + B, _ZK, _ZK + B, K)
    for i in range(2 * B):
        w[_P + i] = w[_R + i]
    power_of(w, _P, _P + B, _RK, _RK + B, K)
    for i in range(_G, _E + 2 * B):
        w[i] = 0.0
    for i in range(B):
        w[_E + i] = 1.0
    for i in range(_X, _WORK):
        w[i] = 0.0
    repeats = first - closing
    if repeats > 0:
        for i in range(B):
            w[_G + i], w[_E + i], w[_E + B + i] = 1.0, w[_R + i], w[_R + B + i]
    n, bit = 1, 1
    while bit <= repeats:
        bit <<= 1
    bit >>= 2
    while bit > 0:
        for i in range(B):
            gr, gi, hr, hi = w[_G + i], w[_G + B + i], w[_H + i], w[_H + B + i]
            er, ei = w[_E + i], w[_E + B + i]
            w[_H + i] += hr * er - hi * ei + n * (gr * er - gi * ei)
            w[_H + B + i] += hr * ei + hi * er + n * (gr * ei + gi * er)
            w[_G + i] += gr * er - gi * ei
            w[_G + B + i] += gr * ei + gi * er
            w[_E + i], w[_E + B + i] = er * er - ei * ei, 2.0 * er * ei
        n *= 2
        if repeats & bit:
            _next_size(w, n)
            n += 1
        bit >>= 1


@vectorised
def _next_size(w, n):  # type: ignore[no-untyped-def]
    """Turn the sums over n repeats to those over n+1."""
    for i in range(B):
        er, ei, rr, ri = w[_E + i], w[_E + B + i], w[_R + i], w[_R + B + i]
        w[_G + i] += er
        w[_G + B + i] += ei
        w[_H + i] += n * er
        w[_H + B + i] += n * ei
        w[_E + i], w[_E + B + i] = er * rr - ei * ri, er * ri + ei * rr


@vectorised
def _turn_stack(w):  # type: ignore[no-untyped-def]
    """Turn z and z^K from one size to the next."""
    for i in range(B):
        a, b, c, d = w[_Z + i], w[_Z + B + i], w[_R + i], w[_R + B + i]
        w[_Z + i], w[_Z + B + i] = a * c - b * d, a * d + b * c
        a, b, c, d = w[_ZK + i], w[_ZK + B + i], w[_RK + i], w[_RK + B + i]
        w[_ZK + i], w[_ZK + B + i] = a * c - b * d, a * d + b * c


@vectorised
def _gather(w, n, size, share, share_N, share_W):  # type: ignore[no-untyped-def]
    """Add what a size gives, for the stacking sums in the work array, and turn to the next."""
    repeats, planes = float(n), float(size - 1)
    for i in range(B):
        gr, gi, er, ei = w[_G + i], w[_G + B + i], w[_E + i], w[_E + B + i]
        br, bi, tr, ti = w[_A + 2 * B + i], w[_A + 3 * B + i], w[_A + 4 * B + i], w[_A + 5 * B + i]
        ter, tei = tr * er - ti * ei, tr * ei + ti * er
        fr = w[_A + i] + br * gr - bi * gi + ter
        fi = w[_A + B + i] + br * gi + bi * gr + tei
        hr, hi = w[_H + i], w[_H + B + i]
        ur = br * hr - bi * hi + repeats * ter
        ui = br * hi + bi * hr + repeats * tei
        w[_P + i] = fr * fr + fi * fi
        weight = share * w[_S + i]
        yr, yi = weight * fr, -(weight * fi)
        w[_TURN + i] += yr * ui + yi * ur
        w[_X + i] += yr
        w[_X + B + i] += yi
        w[_X + 2 * B + i] += yr * gr - yi * gi
        w[_X + 3 * B + i] += yr * gi + yi * gr
        w[_X + 4 * B + i] += yr * er - yi * ei
        w[_X + 5 * B + i] += yr * ei + yi * er
        rr, ri = w[_R + i], w[_R + B + i]
        w[_G + i], w[_G + B + i] = gr + er, gi + ei
        w[_H + i], w[_H + B + i] = hr + repeats * er, hi + repeats * ei
        w[_E + i], w[_E + B + i] = er * rr - ei * ri, er * ri + ei * rr
    for i in range(B):
        form = w[_P + i]
        scattered = form * w[_S + i]
        by_phase = share * form * w[_SP + i]
        w[_IS + i] += share * scattered
        w[_IN + i] += share_N * scattered
        w[_IW + i] += share_W * scattered
        w[_IT + i] += by_phase
        w[_INT + i] += planes * by_phase
        w[_IA + i] += share * form * w[_SD + i]


@vectorised
def _sum_stacks(w, M, K):  # type: ignore[no-untyped-def]
    """Work out the stacking sums and their derivatives, in closed form where that is accurate."""
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
def _finish(out, w, q, start, count, p, s, heights, phases, bare, slope):  # type: ignore[no-untyped-def]
    """Turn the sums of a block into intensity and derivatives."""
    d, L, sigma_L = p[0], p[1], p[2]
    for k in range(s.position.size):
        row, height, place = _X + 2 * B * s.part[k], heights[k], s.position[k]
        a = s.alike[k]
        real, imaginary, rise, climb = bare[a, 0], bare[a, 1], slope[a, 0], slope[a, 1]
        cosine, sine = phases[k, 0], phases[k, 1]
        for i in range(B):
            w[_P + i] = w[row + i] * cosine[i] - w[row + B + i] * sine[i]
            w[_P + B + i] = w[row + i] * sine[i] + w[row + B + i] * cosine[i]
        for i in range(B):
            w[_S + i] = -2.0 * (w[_P + i] * imaginary[i] + w[_P + B + i] * real[i])
        for i in range(B):
            w[_SP + i] = height * w[_S + i] + 2.0 * (w[_P + i] * rise[i] - w[_P + B + i] * climb[i])
        for i in range(B):
            w[_ID + i] += place * w[_S + i]
            w[_IQ + i] += w[_SP + i]
        if s.displacement[k] >= 0:
            by_shift, sign = out[1 + s.displacement[k], start:], s.sign[k]
            for i in range(count):
                by_shift[i] += sign * (q[i] * w[_S + i])
        if s.damping >= 0:
            by_B = out[1 + s.damping, start:]
            for i in range(count):
                scattered = 2.0 * (w[_P + i] * real[i] - w[_P + B + i] * imaginary[i])
                by_B[i] -= (q[i] / _FOUR_PI) ** 2 * scattered
    for i in range(count):
        j, qi = start + i, q[i]
        turned = -2.0 * w[_TURN + i]
        out[0, j] = w[_IS + i]
        out[1, j] = qi * (turned - 2.0 * w[_INT + i] + w[_ID + i])
        out[2, j] = -2.0 * qi * w[_IT + i]
        out[3, j] = -2.0 * qi * qi * sigma_L * w[_IA + i]
        out[4, j] = w[_IN + i]
        out[5, j] = w[_IW + i]
        beside = 2.0 * (d * w[_INT + i] + L * w[_IT + i]) + 2.0 * qi * sigma_L * sigma_L * w[_IA + i]
        out[6, j] = d * turned - beside + w[_IQ + i]


@vectorised
def _fill_occupancies(out, w, q, delta, start, count, p, s, phases):  # type: ignore[no-untyped-def]
    for t in range(s.term_plane.size):
        if s.term_occupancy[t] < 0:
            continue
        k, c = s.term_plane[t], s.amplitudes[t]
        row, by_occupancy = _X + 2 * B * s.part[k], out[1 + s.term_occupancy[t], start:]
        damping = p[s.damping] if s.damping >= 0 else 0.0
        for i in range(count):
            j = start + i
            x = delta[j]
            real = c[0, 0, j] + x * (c[1, 0, j] + x * (c[2, 0, j] + x * (c[3, 0, j] + x * c[4, 0, j])))
            imaginary = c[0, 1, j] + x * (c[1, 1, j] + x * (c[2, 1, j] + x * (c[3, 1, j] + x * c[4, 1, j])))
            cosine, sine = phases[k, 0, i], phases[k, 1, i]
            turned, upright = real * cosine - imaginary * sine, real * sine + imaginary * cosine
            less = math.exp(-damping * (q[i] / _FOUR_PI) ** 2) if damping != 0.0 else 1.0
            by_occupancy[i] += 2.0 * less * (w[row + i] * turned - w[row + B + i] * upright)


@vectorised
def curves(p, q, delta, s, pairs, derivatives):  # type: ignore[no-untyped-def]
    """Mean intensity of the stacks and its exact derivatives, as ``cells.curves``; they come at no cost."""
    out = np.zeros((1 + p.size, q.size))
    sizes, shares, d_N, d_sigma_N = _shares(p[3], p[4], s.window, s.power, max(1, s.closing[0]))
    M = s.numbers[0]
    K = min(M, pairs)
    count_planes = s.position.size
    heights = np.empty(count_planes)
    for k in range(count_planes):
        heights[k] = s.position[k] * p[0] + s.shift[k]
        if s.displacement[k] >= 0:
            heights[k] += s.sign[k] * p[s.displacement[k]]
    w, block = np.empty(_WORK), np.zeros(B)
    phases, bare = np.zeros((count_planes, 2, B)), np.zeros((count_planes, 2, B))
    slope = np.zeros((count_planes, 2, B))
    for start in range(0, q.size, B):
        count = min(B, q.size - start)
        for i in range(B):
            block[i] = 1.0
        for i in range(count):
            block[i] = q[start + i] if abs(q[start + i]) > _LEAST_Q else _LEAST_Q
        _load_planes(w, block, delta, start, count, p, s, heights, phases, bare, slope)
        _begin_block(w, block, p[0], p[1], p[2], sizes[0], s.closing[0], K)
        for k in range(sizes.size):
            n = sizes[k] - s.closing[0]
            if k > 0:
                _turn_stack(w)
            _sum_stacks(w, M, K)
            _gather(w, n, sizes[k], shares[k], d_N[k], d_sigma_N[k])
        _finish(out, w, block, start, count, p, s, heights, phases, bare, slope)
        _fill_occupancies(out, w, block, delta, start, count, p, s, phases)
    return out
