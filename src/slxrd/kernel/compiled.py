"""The stack formula compiled by numba: the numbers of ``readable``, some hundred times faster.

Going from size n to n+1 turns every phase by a constant, so two pairs of sine and cosine and one
exponential per q serve all sizes. With x = qd/2, the crystal's form factor is |F_n|² = u_n²,
u_n = sin(nx)/sin(x), and u_n, cos(nx) and (du_n/dx)/sin(x) are turned from n to n+1 without a
division. The stacking sum is taken in closed form,

    S = z(K − g)/(1−z),   z·dS/dz = z(K(1+z^K) − g(1+z))/(1−z)²,   g = Σ_{m<K} z^m = (1−z^K)/(1−z),

with K the lesser of n_coherent and n_correlated, except where that loses digits, K·abs(1−z) < 1, and
the sums are built up by doubling instead.

The scattering vectors are worked through in blocks whose intermediate values lie in one flat array
at fixed distances: only so does the compiler see that its rows are independent, and use vector
instructions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_B = 64  # scattering vectors in a block
# Where the rows of a block begin in the work array.
_C, _S2, _CN, _U, _V = 0 * _B, 1 * _B, 2 * _B, 3 * _B, 4 * _B
_RR, _RI, _RKR, _RKI = 5 * _B, 6 * _B, 7 * _B, 8 * _B
_ZR, _ZI, _ZKR, _ZKI = 9 * _B, 10 * _B, 11 * _B, 12 * _B
_IS, _IN, _IW, _IV, _IT, _INT, _IA = 13 * _B, 14 * _B, 15 * _B, 16 * _B, 17 * _B, 18 * _B, 19 * _B
_PR, _PI, _S = 20 * _B, 21 * _B, 22 * _B
_WORK = 23 * _B

_ALL_PAIRS = 2**62
#: exp(−700) is the last decay that stays clear of denormal numbers, which are slow and mean nothing here.
_LAST_DECAY = 700.0

# π in three parts, the first two of 33 bits each, whose whole multiples are exact up to _FARTHEST (the
# argument reduction of Cody and Waite).
_PI_1, _PI_2 = float.fromhex("0x1.921fb544p+1"), float.fromhex("0x1.0b4611a6p-33")
_PI_3 = 4.04453249759190126308e-21
_FARTHEST = math.pi * 2**20
#: Added and subtracted again, it rounds a number to the nearest whole one.
_ROUNDING = 1.5 * 2**52
#: Coefficients of sin(r)/r and cos(r) in r²; what they leave out at r = π/2 is below 2·10⁻¹⁸.
_SINE = tuple((-1) ** k / math.factorial(2 * k + 1) for k in reversed(range(11)))
_COSINE = tuple((-1) ** k / math.factorial(2 * k) for k in reversed(range(12)))

_compile = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})


@_compile
def _stacking_sums(zr: float, zi: float, K: int, beyond: float) -> tuple[float, complex]:
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


@_compile
def _sine_cosine(x: float) -> tuple[float, float]:
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


@_compile
def _sines_cosines(w, q, distance, sines, cosines):  # type: ignore[no-untyped-def]
    """Fill two rows of the work array with the sines and cosines of q·distance."""
    far = 0
    for i in range(_B):
        x = q[i] * distance
        w[sines + i], w[cosines + i] = _sine_cosine(x)
        far += 0 if abs(x) <= _FARTHEST else 1
    if far > 0:
        for i in range(_B):
            w[sines + i], w[cosines + i] = math.sin(q[i] * distance), math.cos(q[i] * distance)


@_compile
def _begin_block(w, q, d, L, sigma_L, first, K):  # type: ignore[no-untyped-def]
    """Fill the work array for a block of scattering vectors at the smallest size."""
    _sines_cosines(w, q, 0.5 * d, _S, _C)
    _sines_cosines(w, q, (first - 1) * d + L, _ZI, _ZR)
    for i in range(_B):
        s, c = w[_S + i], w[_C + i]
        w[_S2 + i] = s * s
        w[_CN + i], w[_U + i], w[_V + i] = c, 1.0, 0.0
        w[_RR + i], w[_RI + i] = c * c - s * s, 2.0 * s * c
    for i in range(_B):
        decay = 0.5 * (q[i] * sigma_L) ** 2
        amplitude = math.exp(-decay) if decay < _LAST_DECAY else 0.0
        zr, zi = amplitude * w[_ZR + i], amplitude * w[_ZI + i]
        w[_ZR + i], w[_ZI + i] = zr, zi
        keep = 1.0 if K * decay < _LAST_DECAY else 0.0
        w[_PR + i], w[_PI + i] = keep * zr, keep * zi
    for i in range(_IS, _IA + _B):
        w[i] = 0.0
    _power(w, _PR, _PI, _ZKR, _ZKI, K)
    for i in range(_B):
        w[_PR + i], w[_PI + i] = w[_RR + i], w[_RI + i]
    _power(w, _PR, _PI, _RKR, _RKI, K)
    n, bit = 1, 1
    while bit <= first:
        bit <<= 1
    bit >>= 2
    while bit > 0:
        for i in range(_B):
            cn, u, v = w[_CN + i], w[_U + i], w[_V + i]
            w[_V + i] = 2.0 * (v * cn - n * u * u)
            w[_U + i] = 2.0 * u * cn
            w[_CN + i] = cn * cn - w[_S2 + i] * u * u
        n *= 2
        if first & bit:
            _next_size(w, n)
            n += 1
        bit >>= 1


@_compile
def _power(w, base_r, base_i, out_r, out_i, M):  # type: ignore[no-untyped-def]
    """Raise the row of complex numbers at ``base`` to the power M, by squaring; destroys the base."""
    for i in range(_B):
        w[out_r + i], w[out_i + i] = 1.0, 0.0
    while M > 0:
        if M & 1:
            for i in range(_B):
                a, b, c, e = w[out_r + i], w[out_i + i], w[base_r + i], w[base_i + i]
                w[out_r + i], w[out_i + i] = a * c - b * e, a * e + b * c
        M >>= 1
        if M > 0:
            for i in range(_B):
                c, e = w[base_r + i], w[base_i + i]
                w[base_r + i], w[base_i + i] = c * c - e * e, 2.0 * c * e


@_compile
def _next_size(w, n):  # type: ignore[no-untyped-def]
    """Turn the crystal's amplitude from n planes to n+1."""
    for i in range(_B):
        c, cn, u = w[_C + i], w[_CN + i], w[_U + i]
        w[_V + i] = w[_V + i] * c - (n + 1) * u
        w[_U + i] = u * c + cn
        w[_CN + i] = cn * c - w[_S2 + i] * u


@_compile
def _add_size(w, n, M, K, share, share_N, share_W):  # type: ignore[no-untyped-def]
    """Add the stacks of crystals of n planes, in closed form where that is accurate; count where not."""
    singular = 0
    m, k, beyond = float(M), float(K), float(M - K)
    square = k * k if K > 1 else 0.0  # a single crystal has nothing to interfere with
    planes = float(n - 1)
    for i in range(_B):
        zr, zi, zkr, zki = w[_ZR + i], w[_ZI + i], w[_ZKR + i], w[_ZKI + i]
        ur = 1.0 - zr
        distance = ur * ur + zi * zi
        regular = distance * square >= 1.0
        inverse = 1.0 / distance if regular else 0.0
        rest = beyond if regular else 0.0
        singular += 0 if regular else 1
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
        u = w[_U + i]
        form = u * u
        stacking = m + 2.0 * S
        scattered = form * stacking
        weighted = share * form
        by_phase = weighted * (rr * ei + ri * er)
        w[_IS + i] += share * scattered
        w[_IN + i] += share_N * scattered
        w[_IW + i] += share_W * scattered
        w[_IV + i] += share * u * w[_V + i] * stacking
        w[_IT + i] += by_phase
        w[_INT + i] += planes * by_phase
        w[_IA + i] += weighted * (rr * er - ri * ei)
    return singular if K > 1 else 0


@_compile
def _add_singular(w, n, M, K, share, share_N, share_W):  # type: ignore[no-untyped-def]
    """Add what :func:`_add_size` left out: the stacking sums next to z = 1."""
    for i in range(_B):
        zr, zi = w[_ZR + i], w[_ZI + i]
        if not ((1.0 - zr) ** 2 + zi * zi) * float(K) * float(K) >= 1.0:
            S, slope = _stacking_sums(zr, zi, K, float(M - K))
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


@_compile
def _turn_stack(w):  # type: ignore[no-untyped-def]
    """Turn z and z^M from one size to the next."""
    for i in range(_B):
        a, b, c, e = w[_ZR + i], w[_ZI + i], w[_RR + i], w[_RI + i]
        w[_ZR + i], w[_ZI + i] = a * c - b * e, a * e + b * c
        a, b, c, e = w[_ZKR + i], w[_ZKI + i], w[_RKR + i], w[_RKI + i]
        w[_ZKR + i], w[_ZKI + i] = a * c - b * e, a * e + b * c


@_compile
def curves(  # type: ignore[no-untyped-def]
    q, d, L, sigma_L, sizes, weights, weights_d_N, weights_d_sigma_N, n_coherent, n_correlated=_ALL_PAIRS
):
    """Mean intensity of the stacks and its exact derivatives, as the rows of one array.

    Parameters, returned values and units are those of ``readable.curves``; ``sizes`` must be
    consecutive.
    """
    out = np.empty((7, q.size))
    K = min(n_coherent, n_correlated)
    w = np.empty(_WORK)
    block = np.zeros(_B)
    for start in range(0, q.size, _B):
        count = min(_B, q.size - start)
        for i in range(_B):
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


def derivatives(*arguments: Any) -> tuple[FloatArray, FloatArray]:
    """Mean intensity of the stacks and its exact derivatives, as in ``readable.derivatives``."""
    rows = curves(*arguments)
    return rows[0], rows[1:]


def intensity(
    q: FloatArray,
    d: float,
    L: float,
    sigma_L: float,
    sizes: NDArray[np.int64],
    weights: FloatArray,
    n_coherent: int,
    n_correlated: int = _ALL_PAIRS,
) -> FloatArray:
    """Mean intensity of the stacks; parameters and units as in ``readable.curves``."""
    none = weights  # what stands for the derivatives does not matter, but its type is already compiled for
    row: FloatArray = curves(q, d, L, sigma_L, sizes, weights, none, none, n_coherent, n_correlated)[0]
    return row


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
def smear(rows, first, weights):  # type: ignore[no-untyped-def]
    """Weighted sums over an auxiliary grid; parameters as in ``readable.smear``."""
    out = np.empty((rows.shape[0], first.size))
    width = weights.shape[1]
    for i in range(first.size):
        for k in range(rows.shape[0]):
            # A slice: an index that might be negative would keep the sum from being vectorised.
            part = rows[k, first[i] : first[i] + width]
            total = 0.0
            for j in range(width):
                total += weights[i, j] * part[j]
            out[k, i] = total
    return out
