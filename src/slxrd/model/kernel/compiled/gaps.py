"""Gaps between crystals, and pairs of cells, in blocks of scattering vectors; see ``cells``."""

from __future__ import annotations

import math

from slxrd.model.kernel.compiled.blocks import LAST_DECAY, B, fade, power_of, sines_cosines, vectorised
from slxrd.model.kernel.compiled.crystal import FREE, P, R

# E w, its power and how that turns; E e^{iqa}; of a slab of unit density B, e^{iqb}, e^x, e^x − 1 and ⟨|B|²⟩;
# the pair sums.
Z, _ZK, _RK, UP = FREE, FREE + 2 * B, FREE + 4 * B, FREE + 6 * B
BOX, DOWN, GROWN, MISSING, SQUARE = (FREE + k * B for k in (8, 10, 12, 14, 16))
SUM, SLOPE = FREE + 17 * B, FREE + 19 * B
#: The first row that is free for a kernel of its own.
BEYOND_GAPS = FREE + 21 * B


@vectorised
def begin_gap(w, q, d, gap, sigma_L, slab, first, K):  # type: ignore[no-untyped-def]
    """Fill the rows of a gap, as ``geometry.gap_above`` gives it, above the smallest size of its crystal."""
    L, below, above = gap
    sines_cosines(w, q, (first - 1) * d + L, Z + B, Z)
    fade(w, q, sigma_L, Z, P, K)
    power_of(w, P, P + B, _ZK, _ZK + B, max(K - 2, 0))
    for i in range(2 * B):
        w[P + i] = w[R + i]
    power_of(w, P, P + B, _RK, _RK + B, max(K - 2, 0))
    if not slab:
        return
    sines_cosines(w, q, (first - 1) * d + above, UP + B, UP)
    sines_cosines(w, q, below, DOWN + B, DOWN)
    sines_cosines(w, q, 0.5 * (L - above - below), GROWN + B, GROWN)
    for i in range(B):
        w[P + i] = math.expm1(-min(0.5 * (q[i] * sigma_L) ** 2, LAST_DECAY))
    for i in range(B):
        cosine, sine, decay = w[GROWN + i], w[GROWN + B + i], w[P + i] + 1.0
        twice_r, twice_i = 1.0 - 2.0 * sine * sine, 2.0 * sine * cosine
        w[GROWN + i], w[GROWN + B + i] = decay * twice_r, decay * twice_i
        # e^x − 1 without loss of digits where x is small.
        missing = w[P + i] * twice_r - 2.0 * sine * sine
        w[MISSING + i], w[MISSING + B + i] = missing, decay * twice_i
        w[BOX + i], w[BOX + B + i] = decay * twice_i / q[i], -missing / q[i]
        w[SQUARE + i] = -2.0 * missing / (q[i] * q[i])


@vectorised
def raise_pairs(w, K):  # type: ignore[no-untyped-def]
    """Fill the power of Z that :func:`sum_pairs` begins with, for the least number K of crystals."""
    vanishing = math.exp(-2.0 * LAST_DECAY / max(K, 1))
    for i in range(B):
        zr, zi = w[Z + i], w[Z + B + i]
        keep = 1.0 if zr * zr + zi * zi > vanishing else 0.0
        w[P + i], w[P + B + i] = keep * zr, keep * zi
    power_of(w, P, P + B, _ZK, _ZK + B, max(K - 2, 0))


@vectorised
def next_gap(w, slab):  # type: ignore[no-untyped-def]
    """Turn the rows of a gap from one size to the next."""
    for i in range(B):
        c, d = w[R + i], w[R + B + i]
        a, b = w[Z + i], w[Z + B + i]
        w[Z + i], w[Z + B + i] = a * c - b * d, a * d + b * c
        a, b, c, d = w[_ZK + i], w[_ZK + B + i], w[_RK + i], w[_RK + B + i]
        w[_ZK + i], w[_ZK + B + i] = a * c - b * d, a * d + b * c
    if slab:
        for i in range(B):
            a, b, c, d = w[UP + i], w[UP + B + i], w[R + i], w[R + B + i]
            w[UP + i], w[UP + B + i] = a * c - b * d, a * d + b * c


@vectorised
def fewest(s, pairs):  # type: ignore[no-untyped-def]
    """The least number of crystals in a stack that is more than one, of those that interfere; or 1."""
    for j in range(s.numbers.size):
        if min(s.numbers[j], pairs) > 1:
            return min(s.numbers[j], pairs)
    return 1


@vectorised
def sum_pairs(w, s, pairs):  # type: ignore[no-untyped-def]
    """Fill SUM and SLOPE: pair sums over Z and their derivatives, averaged over the numbers of crystals."""
    for i in range(SUM, SLOPE + 2 * B):
        w[i] = 0.0
    least = fewest(s, pairs)
    if least < 2:
        return
    singular, square, last = 0, float(least) * float(least), least
    for i in range(2 * B):
        w[P + i] = w[_ZK + i]
    for j in range(s.numbers.size):
        K = min(s.numbers[j], pairs)
        if K < 2:
            continue
        for _ in range(K - last):
            for i in range(B):
                a, b, c, d = w[P + i], w[P + B + i], w[Z + i], w[Z + B + i]
                w[P + i], w[P + B + i] = a * c - b * d, a * d + b * c
        last = K
        k, beyond, share = float(K), float(s.numbers[j] - K), s.shares[j]
        for i in range(B):
            zr, zi, br, bi = w[Z + i], w[Z + B + i], w[P + i], w[P + B + i]
            away = 1.0 - zr
            distance = away * away + zi * zi
            regular = distance * square >= 1.0
            inverse = 1.0 / distance if regular else 0.0
            singular += 0 if regular else 1
            # u = 1/(1−z), r that times the share; l = z^(K−1), f = z^K; a = (1−f)u, s = (1−l)r.
            ur, ui = away * inverse, zi * inverse
            rr, ri = share * ur, share * ui
            lr, li = br * zr - bi * zi, br * zi + bi * zr
            fr, fi = lr * zr - li * zi, lr * zi + li * zr
            ar, ai = (1.0 - fr) * ur + fi * ui, (1.0 - fr) * ui - fi * ur
            sr, si = (1.0 - lr) * rr + li * ri, (1.0 - lr) * ri - li * rr
            gr, gi = (k - ar) * rr + ai * ri, (k - ar) * ri - ai * rr
            w[SUM + i] += gr + beyond * sr
            w[SUM + B + i] += gi + beyond * si
            er, ei = ar - k * lr, ai - k * li
            hr, hi = gr - (er * rr - ei * ri), gi - (er * ri + ei * rr)
            tr, ti = beyond * (sr - (k - 1.0) * share * br), beyond * (si - (k - 1.0) * share * bi)
            w[SLOPE + i] += (hr + tr) * ur - (hi + ti) * ui
            w[SLOPE + B + i] += (hr + tr) * ui + (hi + ti) * ur
    if singular > 0:
        _sum_singular(w, s, pairs, square)


@vectorised
def _doubled(z, M):  # type: ignore[no-untyped-def]
    """A = Σ_{m<M} z^m, G = Σ_{m=1}^{M−1} (M−m) z^{m−1} and their derivatives by doubling, for M ≥ 1."""
    A, dA, G, dG = 1.0 + 0.0j, 0.0j, 0.0j, 0.0j
    power, by_z, m, bit = z, 1.0 + 0.0j, 1, 1
    while bit <= M:
        bit <<= 1
    bit >>= 2
    while bit > 0:
        dG = dG * (1.0 + power) + G * by_z + m * dA
        G = G * (1.0 + power) + m * A
        dA = dA * (1.0 + power) + A * by_z
        A = A * (1.0 + power)
        by_z = 2.0 * power * by_z
        power = power * power
        m *= 2
        if M & bit:
            G, dG = G + A, dG + dA
            dA = A + z * dA
            A = 1.0 + z * A
            by_z = by_z * z + power
            power = power * z
            m += 1
        bit >>= 1
    return A, dA, G, dG


@vectorised
def _sum_singular(w, s, pairs, square):  # type: ignore[no-untyped-def]
    """Work out what :func:`sum_pairs` left out, next to z = 1."""
    for i in range(B):
        zr, zi = w[Z + i], w[Z + B + i]
        if ((1.0 - zr) ** 2 + zi * zi) * square >= 1.0:
            continue
        total, slope = 0.0j, 0.0j
        for j in range(s.numbers.size):
            K = min(s.numbers[j], pairs)
            if K < 2:
                continue
            _, _, G, by_z = _doubled(complex(zr, zi), K)
            shorter, shorter_by_z, _, _ = _doubled(complex(zr, zi), K - 1)
            total += s.shares[j] * (G + (s.numbers[j] - K) * shorter)
            slope += s.shares[j] * (by_z + (s.numbers[j] - K) * shorter_by_z)
        w[SUM + i], w[SUM + B + i] = total.real, total.imag
        w[SLOPE + i], w[SLOPE + B + i] = slope.real, slope.imag
