"""Functions of the compiled kernels for blocks of scattering vectors.

The intermediate values of a block are rows of one flat array at fixed distances. Only then can the compiler
recognise that the rows are independent, and use vector instructions.
"""

from __future__ import annotations

import math

from numba import njit

from slxrd.model.kernel import compile_events as compile_events  # reports every compilation from here on

B = 64  # scattering vectors in a block
#: Largest exponent of a decay: exp(−700) is not yet a denormal number. Those are slow and negligible here.
LAST_DECAY = 700.0
#: Smallest absolute value of q, with which smaller ones are replaced: the curves are constant so near to 0.
LEAST_Q = 1e-9

# π in three parts, the first two of 33 bits each, whose whole multiples are exact up to _FARTHEST (the
# argument reduction of Cody and Waite).
_PI_1, _PI_2 = float.fromhex("0x1.921fb544p+1"), float.fromhex("0x1.0b4611a6p-33")
_PI_3 = 4.04453249759190126308e-21
_FARTHEST = math.pi * 2**20
#: Adding and subtracting this rounds a number to the nearest integer.
_ROUNDING = 1.5 * 2**52
#: Coefficients of sin(r)/r and cos(r) in r²; the truncation error at r = π/2 is below 2·10⁻¹⁸.
_SINE = tuple((-1) ** k / math.factorial(2 * k + 1) for k in reversed(range(11)))
_COSINE = tuple((-1) ** k / math.factorial(2 * k) for k in reversed(range(12)))

vectorised = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
#: The same for functions of rows: loops over rows are vectorised only if their places are constants.
written_out = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, inline="always")


@vectorised
def fill_block(block, q, start, count):  # type: ignore[no-untyped-def]
    """Copy the next ``count`` scattering vectors, none too near to 0; the rest of the block is not used."""
    for i in range(B):
        block[i] = 1.0
    for i in range(count):
        block[i] = q[start + i] if abs(q[start + i]) > LEAST_Q else LEAST_Q


@vectorised
def stacking_sums(zr: float, zi: float, K: int, beyond: float) -> tuple[float, complex]:
    """Re S and z·dS/dz of the whole stacking sum, by doubling from one crystal to K."""
    z = complex(zr, zi)
    A, dA, S, dS = 1.0 + 0.0j, 0.0j, 0.0j, 0.0j
    power, m = z, 1
    bit = 1
    while bit <= K:
        bit <<= 1
    bit >>= 2
    while bit > 0:
        dS = dS * (1.0 + power) + m * power * S + m * z * (A + dA)
        S = S * (1.0 + power) + m * z * A
        dA = dA * (1.0 + power) + m * power * A
        A = A * (1.0 + power)
        power, m = power * power, 2 * m
        if K & bit:
            dS, S = dS + z * (A + dA), S + z * A
            dA, A = z * (A + dA), 1.0 + z * A
            power, m = power * z, m + 1
        bit >>= 1
    return (S + beyond * (A - 1.0)).real, dS + beyond * dA


@vectorised
def sine_cosine(x: float) -> tuple[float, float]:
    """Sine and cosine to a rounding error or two, for abs(x) ≤ _FARTHEST; has no branch, so is vectorised."""
    half_turns = (x * (1.0 / math.pi) + _ROUNDING) - _ROUNDING
    r = ((x - half_turns * _PI_1) - half_turns * _PI_2) - half_turns * _PI_3
    odd = half_turns - 2.0 * ((0.5 * half_turns + _ROUNDING) - _ROUNDING)
    sign = 1.0 - 2.0 * odd * odd
    square, sine, cosine = r * r, 0.0, 0.0
    for coefficient in _SINE:
        sine = sine * square + coefficient
    for coefficient in _COSINE:
        cosine = cosine * square + coefficient
    return sign * r * sine, sign * cosine


@written_out
def sines_cosines(w, q, distance, sines, cosines):  # type: ignore[no-untyped-def]
    """Fill two rows of the work array with the sines and cosines of q·distance."""
    far = 0
    for i in range(B):
        x = q[i] * distance
        w[sines + i], w[cosines + i] = sine_cosine(x)
        far += 0 if abs(x) <= _FARTHEST else 1
    if far > 0:
        for i in range(B):
            w[sines + i], w[cosines + i] = math.sin(q[i] * distance), math.cos(q[i] * distance)


@written_out
def power_of(w, base_r, base_i, out_r, out_i, M):  # type: ignore[no-untyped-def]
    """Raise the row of complex numbers at ``base`` to the power M, by squaring; destroys the base."""
    for i in range(B):
        w[out_r + i], w[out_i + i] = 1.0, 0.0
    while M > 0:
        if M & 1:
            for i in range(B):
                a, b, c, e = w[out_r + i], w[out_i + i], w[base_r + i], w[base_i + i]
                w[out_r + i], w[out_i + i] = a * c - b * e, a * e + b * c
        M >>= 1
        if M > 0:
            for i in range(B):
                c, e = w[base_r + i], w[base_i + i]
                w[base_r + i], w[base_i + i] = c * c - e * e, 2.0 * c * e


@written_out
def fade(w, q, sigma_L, z, kept, K):  # type: ignore[no-untyped-def]
    """Multiply the row of phases at ``z`` by the decay of a gap; ``kept`` is z where z^K does not vanish."""
    for i in range(B):
        decay = 0.5 * (q[i] * sigma_L) ** 2
        w[kept + i] = math.exp(-decay) if decay < LAST_DECAY else 0.0
        w[kept + B + i] = 1.0 if K * decay < LAST_DECAY else 0.0
    for i in range(B):
        zr, zi = w[kept + i] * w[z + i], w[kept + i] * w[z + B + i]
        w[z + i], w[z + B + i] = zr, zi
        keep = w[kept + B + i]
        w[kept + i], w[kept + B + i] = keep * zr, keep * zi


@vectorised
def closed_sum(zr, zi, zkr, zki, k, square, beyond):  # type: ignore[no-untyped-def]
    """Stacking sum and the terms of its derivatives in closed form; without branches, so vectorised.

    Parameters
    ----------
    zr, zi, zkr, zki : float
        z and z^K.
    k, square, beyond : float
        K, K² (0 if K = 1) and M − K.

    Returns
    -------
    singular : bool
        Whether the closed form loses digits; the other values are then those of an empty sum.
    S, by_phase, by_decay : float
        Re S, and the imaginary and real part of z·dS/dz.
    """
    ur = 1.0 - zr
    distance = ur * ur + zi * zi
    regular = distance * square >= 1.0
    inverse = 1.0 / distance if regular else 0.0
    rest = beyond if regular else 0.0
    rr, ri = ur * inverse, zi * inverse
    ar = 1.0 - zkr
    gr, gi = ar * rr + zki * ri, ar * ri - zki * rr
    tr, ti = zr * rr - zi * ri, zr * ri + zi * rr
    S = tr * (k - gr) + ti * gi + rest * (gr - 1.0)
    # z·dS/dz = r·{t·[K(1+z^K) − g(1+z)] + (M−K)·[z·g − K·z^K]},  r = 1/(1−z),  t = z·r
    hr, hi = gr * zr - gi * zi, gr * zi + gi * zr
    br, bi = k * (1.0 + zkr) - gr - hr, k * zki - gi - hi
    er = tr * br - ti * bi + rest * (hr - k * zkr)
    ei = tr * bi + ti * br + rest * (hi - k * zki)
    return not regular, S, rr * ei + ri * er, rr * er - ri * ei
