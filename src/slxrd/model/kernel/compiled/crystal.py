"""Amplitude of a crystal in blocks of scattering vectors: planes, and sums over repeats.

With r = e^{iqd}, G = Σ_{k<m} r^k and r^m = 1 + (r−1)G, a crystal of m repeats between a bottom and a top is

    F = A_b + A_r G + A_t r^m = C₀ + C₁ G,     C₀ = A_b + A_t,   C₁ = A_r + (r−1) A_t,

without a division. With weights Y of the sizes, its derivatives follow from Σ Y, Σ Y G and Σ Y H with
H = Σ_{k<m} k r^k, as a change of the phase of r changes F by i (C₁ H + A_t r G).
"""

from __future__ import annotations

import math

from slxrd.model.kernel.compiled.blocks import B, sines_cosines, vectorised

_FOUR_PI = 4.0 * math.pi

# Offsets of the rows of a block in the work array; an imaginary part follows its real part. The parts of the
# crystal (bottom, repeat, top) are at A, and the sums over Y at X.
P, R, A, C = 0 * B, 2 * B, 4 * B, 10 * B
G, H, E = 14 * B, 16 * B, 18 * B
X, XG, XH = 20 * B, 22 * B, 24 * B
BY_D, BY_Q, _LIFTED, _ROSE = 26 * B, 27 * B, 28 * B, 29 * B
#: First row that kernels can use for themselves.
FREE = 30 * B


@vectorised
def load_planes(w, q, delta, start, count, p, s, heights, phases, bare, slope, parts):  # type: ignore[no-untyped-def]
    """Calculate the planes of a block, their phases, and the parts of each crystal, as rows of ``parts``."""
    moved = False
    for i in range(count):
        moved = moved or delta[start + i] != 0.0
    for t in range(s.term_plane.size):
        if s.same_amplitude[s.term_plane[t]] == s.term_plane[t]:
            _load_term(bare, slope, delta, start, count, p, s, t, moved)
    parts[:] = 0.0
    for k in range(s.position.size):
        _turn_plane(w, q, k, heights, phases)
        a = s.same_amplitude[k]
        if s.B >= 0 and a == k:
            _damp_plane(q, p[s.B], bare[k], slope[k])
        cosine, sine, real, imaginary = phases[k, 0], phases[k, 1], bare[a, 0], bare[a, 1]
        part = parts[s.crystal[k], s.part[k]]
        upright, sideways = part[0], part[1]
        for i in range(B):
            upright[i] += real[i] * cosine[i] - imaginary[i] * sine[i]
        for i in range(B):
            sideways[i] += real[i] * sine[i] + imaginary[i] * cosine[i]


@vectorised
def _load_term(bare, slope, delta, start, count, p, s, t, moved):  # type: ignore[no-untyped-def]
    """Add a term to the amplitude of its plane and to its slope over q."""
    k = s.term_plane[t]
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


@vectorised
def _turn_plane(w, q, k, heights, phases):  # type: ignore[no-untyped-def]
    """Calculate the phases of a plane's height, or copy those of a plane at the same or opposite height."""
    same = 0
    while abs(heights[same]) != abs(heights[k]):
        same += 1
    if same < k:
        own, other = phases[k], phases[same]
        way = 1.0 if heights[same] == heights[k] else -1.0
        for i in range(B):
            own[0, i], own[1, i] = other[0, i], way * other[1, i]
    elif heights[k] == 0.0:
        phases[k, 0] = 1.0
        phases[k, 1] = 0.0
    else:
        sines_cosines(w, q, heights[k], P + B, P)
        cosine, sine = phases[k, 0], phases[k, 1]
        for i in range(B):
            cosine[i], sine[i] = w[P + i], w[P + B + i]


@vectorised
def _damp_plane(q, damping, bare, slope):  # type: ignore[no-untyped-def]
    """Multiply by the Debye-Waller factor of all planes."""
    for i in range(B):
        less = math.exp(-damping * (q[i] / _FOUR_PI) ** 2)
        by_q = -2.0 * damping / _FOUR_PI**2 * q[i]
        for part in range(2):
            slope[part, i] = less * (slope[part, i] + by_q * bare[part, i])
            bare[part, i] *= less


@vectorised
def begin_sizes(w, q, d, repeats, parts, factor):  # type: ignore[no-untyped-def]
    """Fill the rows for the smallest number of repeats, with the parts multiplied by ``factor``."""
    sines_cosines(w, q, d, R + B, R)
    for part in range(3):
        real, imaginary, row = parts[part, 0], parts[part, 1], A + 2 * B * part
        for i in range(B):
            w[row + i], w[row + B + i] = factor * real[i], factor * imaginary[i]
    top = A + 4 * B
    for i in range(B):
        tr, ti, rr, ri = w[top + i], w[top + B + i], w[R + i] - 1.0, w[R + B + i]
        w[C + i], w[C + B + i] = w[A + i] + tr, w[A + B + i] + ti
        w[C + 2 * B + i] = w[A + 2 * B + i] + rr * tr - ri * ti
        w[C + 3 * B + i] = w[A + 3 * B + i] + rr * ti + ri * tr
    for i in range(G, E + 2 * B):
        w[i] = 0.0
    for i in range(B):
        w[E + i] = 1.0
    for i in range(X, FREE):
        w[i] = 0.0
    if repeats > 0:
        for i in range(B):
            w[G + i], w[E + i], w[E + B + i] = 1.0, w[R + i], w[R + B + i]
    n, bit = 1, 1
    while bit <= repeats:
        bit <<= 1
    bit >>= 2
    while bit > 0:
        for i in range(B):
            gr, gi, hr, hi = w[G + i], w[G + B + i], w[H + i], w[H + B + i]
            er, ei = w[E + i], w[E + B + i]
            w[H + i] += hr * er - hi * ei + n * (gr * er - gi * ei)
            w[H + B + i] += hr * ei + hi * er + n * (gr * ei + gi * er)
            w[G + i] += gr * er - gi * ei
            w[G + B + i] += gr * ei + gi * er
            w[E + i], w[E + B + i] = er * er - ei * ei, 2.0 * er * ei
        n *= 2
        if repeats & bit:
            next_size(w, n)
            n += 1
        bit >>= 1


@vectorised
def next_size(w, n):  # type: ignore[no-untyped-def]
    """Calculate the sums over n+1 repeats from those over n."""
    for i in range(B):
        er, ei, rr, ri = w[E + i], w[E + B + i], w[R + i], w[R + B + i]
        w[G + i] += er
        w[G + B + i] += ei
        w[H + i] += n * er
        w[H + B + i] += n * ei
        w[E + i], w[E + B + i] = er * rr - ei * ri, er * ri + ei * rr


@vectorised
def turn(w, row):  # type: ignore[no-untyped-def]
    """Multiply a row by the phase of one repeat."""
    for i in range(B):
        a, b, c, d = w[row + i], w[row + B + i], w[R + i], w[R + B + i]
        w[row + i], w[row + B + i] = a * c - b * d, a * d + b * c


@vectorised
def sum_up(w):  # type: ignore[no-untyped-def]
    """Multiply the sums over Y by the parts of the crystal, in place.

    The derivative with respect to the phase of r is written to BY_D, to be multiplied by q; the sums with
    bottom, repeat and top are written to the rows of the parts.
    """
    top = A + 4 * B
    for i in range(B):
        rr, ri, gr, gi = w[R + i], w[R + B + i], w[XG + i], w[XG + B + i]
        tr, ti = w[top + i], w[top + B + i]
        ur, ui = tr * rr - ti * ri, tr * ri + ti * rr
        cr, ci, hr, hi = w[C + 2 * B + i], w[C + 3 * B + i], w[XH + i], w[XH + B + i]
        w[BY_D + i] = -2.0 * (cr * hi + ci * hr + ur * gi + ui * gr)
        w[A + i], w[A + B + i] = w[X + i], w[X + B + i]
        w[A + 2 * B + i], w[A + 3 * B + i] = gr, gi
        w[top + i] = w[X + i] + (rr - 1.0) * gr - ri * gi
        w[top + B + i] = w[X + B + i] + (rr - 1.0) * gi + ri * gr


@vectorised
def finish_planes(out, w, q, start, count, p, s, crystal, heights, phases, bare, slope):  # type: ignore[no-untyped-def]
    """Add the contributions of the planes to BY_D (per q), BY_Q, and the rows of their parameters."""
    factor = p[s.f_B] if s.f_B >= 0 and crystal == 1 else 1.0
    for k in range(s.position.size):
        if s.crystal[k] != crystal:
            continue
        row, height, place = A + 2 * B * s.part[k], heights[k], s.position[k]
        a = s.same_amplitude[k]
        real, imaginary, rise, climb = bare[a, 0], bare[a, 1], slope[a, 0], slope[a, 1]
        cosine, sine = phases[k, 0], phases[k, 1]
        # Small loops, so that the compiler recognises that their rows are independent.
        for i in range(B):
            w[P + i] = factor * (w[row + i] * cosine[i] - w[row + B + i] * sine[i])
            w[P + B + i] = factor * (w[row + i] * sine[i] + w[row + B + i] * cosine[i])
        for i in range(B):
            w[_LIFTED + i] = -2.0 * (w[P + i] * imaginary[i] + w[P + B + i] * real[i])
        for i in range(B):
            w[_ROSE + i] = height * w[_LIFTED + i] + 2.0 * (w[P + i] * rise[i] - w[P + B + i] * climb[i])
        for i in range(B):
            w[BY_D + i] += place * w[_LIFTED + i]
            w[BY_Q + i] += w[_ROSE + i]
        if s.displacement[k] >= 0:
            by_shift, sign = out[1 + s.displacement[k], start:], s.sign[k]
            for i in range(count):
                by_shift[i] += sign * (q[i] * w[_LIFTED + i])
        if s.B >= 0:
            by_B = out[1 + s.B, start:]
            for i in range(count):
                scattered = 2.0 * (w[P + i] * real[i] - w[P + B + i] * imaginary[i])
                by_B[i] -= (q[i] / _FOUR_PI) ** 2 * scattered
        if s.f_B >= 0 and crystal == 1:
            by_contrast = out[1 + s.f_B, start:]
            for i in range(count):
                by_contrast[i] += 2.0 * (w[P + i] * real[i] - w[P + B + i] * imaginary[i]) / factor


@vectorised
def fill_occupancies(out, w, q, delta, start, count, p, s, crystal, phases):  # type: ignore[no-untyped-def]
    """Add the derivatives with respect to occupancies, from the sums that :func:`sum_up` leaves."""
    factor = p[s.f_B] if s.f_B >= 0 and crystal == 1 else 1.0
    damping = p[s.B] if s.B >= 0 else 0.0
    for t in range(s.term_plane.size):
        k, c = s.term_plane[t], s.amplitudes[t]
        if s.term_occupancy[t] < 0 or s.crystal[k] != crystal:
            continue
        row, by_occupancy = A + 2 * B * s.part[k], out[1 + s.term_occupancy[t], start:]
        for i in range(count):
            j = start + i
            x = delta[j]
            real = c[0, 0, j] + x * (c[1, 0, j] + x * (c[2, 0, j] + x * (c[3, 0, j] + x * c[4, 0, j])))
            imaginary = c[0, 1, j] + x * (c[1, 1, j] + x * (c[2, 1, j] + x * (c[3, 1, j] + x * c[4, 1, j])))
            cosine, sine = phases[k, 0, i], phases[k, 1, i]
            turned, upright = real * cosine - imaginary * sine, real * sine + imaginary * cosine
            less = math.exp(-damping * (q[i] / _FOUR_PI) ** 2) if damping != 0.0 else 1.0
            scattered = w[row + i] * turned - w[row + B + i] * upright
            by_occupancy[i] += 2.0 * factor * less * scattered
