"""The paper's intensity to 50 digits, twice: SI Eq. S9 as corrected, and sums over explicit planes.

S9 is Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI section S.b, with two corrections: the
exponential printed ``e^{2ξT²}`` is e^{2ξ}T² (as printed it overflows), and C counts bilayers, so that
S9 describes M = 2C crystals. The plain sums hold everywhere, also where S9 is 0/0.

Floats are taken as the exact numbers they are. Lengths in Å, q in Å⁻¹, sizes in planes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from mpmath import mp, mpc, mpf
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

DIGITS = 50
# Central differences: the step squared and 10^-DIGITS / step are both far below double precision.
_STEP = mpf(10) ** -18
_BITS = 220


class Sample(NamedTuple):
    """The parameters of one pattern; hashable, so that references are computed once."""

    d: float = 5.84
    L: float = 36.9
    sigma_L: float = 1.43
    N: float = 13.0
    sigma_N: float = 1.55
    n_coherent: int = 40
    sizes: tuple[int, ...] = tuple(range(9, 18))
    #: Only pairs of crystals less than this many places apart interfere; None for all.
    n_correlated: int | None = None


def mp_weights(N: mpf, sigma_N: mpf, sizes: tuple[int, ...]) -> list[mpf]:
    """Normalised P_n ∝ exp(−½((n−N)/σ_N)²); for σ_N = 0 its limit, the nearest size or sizes."""
    distance = [abs(n - N) for n in sizes]
    nearest = min(distance)
    if sigma_N == 0:
        raw = [mpf(x == nearest) for x in distance]
    else:
        raw = [mp.exp(-((x / sigma_N) ** 2 - (nearest / sigma_N) ** 2) / 2) for x in distance]
    total = mp.fsum(raw)
    return [p / total for p in raw]


def _central(f: Callable[[mpf], list[mpf]], x: mpf) -> list[mpf]:
    return [(b - a) / (2 * _STEP) for a, b in zip(f(x - _STEP), f(x + _STEP), strict=True)]


@lru_cache(maxsize=64)
def weights(sample: Sample) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights of the sizes and their derivatives to N and σ_N, rounded to floats."""
    with mp.workdps(DIGITS):
        N, sigma_N, sizes = mpf(sample.N), mpf(sample.sigma_N), sample.sizes
        p = mp_weights(N, sigma_N, sizes)
        d_N = _central(lambda x: mp_weights(x, sigma_N, sizes), N)
        d_sigma_N = _central(lambda x: mp_weights(N, x, sizes), sigma_N)
        return _floats(p), _floats(d_N), _floats(d_sigma_N)


def _floats(values: list[mpf]) -> FloatArray:
    return np.array([float(x) for x in values])


def s9_one(q: mpf, d: mpf, L: mpf, sigma_L: mpf, n: int, C: int) -> mpf:
    """Corrected SI Eqs. S3 to S6, S8 and S9 for one size; undefined where qd or qΛ is 2πm."""
    F = (1 - mp.expj(n * d * q)) / (1 - mp.expj(d * q))
    T = mp.expj((n - 1) * d * q)
    phi = T * mp.conj(F)
    xi = mpc(-((q * sigma_L) ** 2) / 2, q * L)
    x = mp.exp(2 * xi) * T**2
    series = (C - (C + 1) * x + x ** (C + 1)) / (1 - x) ** 2 - C
    between = phi * F * (mp.exp(-xi) / T**2 + 2 / T + mp.exp(xi)) * series
    return 2 * C * (abs(F) ** 2 + mp.re(mp.exp(xi) * phi * F)) + 2 * mp.re(between)


def direct_one(q: mpf, d: mpf, L: mpf, sigma_L: mpf, n: int, M: int, pairs: int) -> mpf:
    """|Σ_k e^{ikqd}|² [M + 2 Re Σ_m (M−m) z^m] term by term, z = exp(iqΛ_n − q²σ_L²/2)."""
    F = mp.fsum(mp.expj(k * q * d) for k in range(n))
    z = mp.exp(mpc(-((q * sigma_L) ** 2) / 2, q * ((n - 1) * d + L)))
    return (F.real**2 + F.imag**2) * (M + 2 * _stack_sum(z, M, min(M, pairs)))


def _stack_sum(z: mpc, M: int, pairs: int) -> mpf:
    """Re Σ_{m=1}^{pairs−1} (M−m) z^m by Horner's rule, in multiples of 2^-220: ten times faster than mpc."""
    x, y = int(mp.nint(mp.ldexp(z.real, _BITS))), int(mp.nint(mp.ldexp(z.imag, _BITS)))
    re = im = 0
    for m in range(pairs - 1, 0, -1):
        re += (M - m) << _BITS
        re, im = (re * x - im * y) >> _BITS, (re * y + im * x) >> _BITS
    return mp.ldexp(mpf(re), -_BITS)


@lru_cache(maxsize=64)
def intensity_s9(sample: Sample, q: tuple[float, ...]) -> FloatArray:
    """Σ P_n I_n by S9 with C = M/2; M must be even."""
    if sample.n_coherent % 2:
        raise ValueError("S9 counts bilayers: M must be even")
    with mp.workdps(DIGITS):
        d, L, s = mpf(sample.d), mpf(sample.L), mpf(sample.sigma_L)
        p = mp_weights(mpf(sample.N), mpf(sample.sigma_N), sample.sizes)
        C = sample.n_coherent // 2
        return _floats(
            [
                mp.fsum(w * s9_one(mpf(x), d, L, s, n, C) for w, n in zip(p, sample.sizes, strict=True))
                for x in q
            ]
        )


@lru_cache(maxsize=64)
def intensity(sample: Sample, q: tuple[float, ...]) -> FloatArray:
    """Σ P_n I_n by plain sums."""
    with mp.workdps(DIGITS):
        d, L, s = mpf(sample.d), mpf(sample.L), mpf(sample.sigma_L)
        p = mp_weights(mpf(sample.N), mpf(sample.sigma_N), sample.sizes)
        return _floats([_mixture(p, _sizes_at(mpf(x), d, L, s, sample)) for x in q])


@lru_cache(maxsize=64)
def derivatives(sample: Sample, q: tuple[float, ...]) -> FloatArray:
    """Derivatives of the plain sums to d, L, σ_L, N, σ_N and q, (6, n)."""
    with mp.workdps(DIGITS):
        N, sigma_N, sizes = mpf(sample.N), mpf(sample.sigma_N), sample.sizes
        p = mp_weights(N, sigma_N, sizes)
        p_N = _central(lambda x: mp_weights(x, sigma_N, sizes), N)
        p_sigma_N = _central(lambda x: mp_weights(N, x, sizes), sigma_N)
        result = np.empty((6, len(q)))
        for i, value in enumerate(q):
            point = [mpf(value), mpf(sample.d), mpf(sample.L), mpf(sample.sigma_L)]
            slopes = [_central(_along(point, axis, sample), point[axis]) for axis in range(4)]
            here = _sizes_at(*point, sample)
            rows = [_mixture(p, slopes[axis]) for axis in (1, 2, 3)]
            rows += [_mixture(p_N, here), _mixture(p_sigma_N, here), _mixture(p, slopes[0])]
            result[:, i] = _floats(rows)
        return result


def _sizes_at(q: mpf, d: mpf, L: mpf, sigma_L: mpf, sample: Sample) -> list[mpf]:
    M = sample.n_coherent
    pairs = M if sample.n_correlated is None else sample.n_correlated
    return [direct_one(q, d, L, sigma_L, n, M, pairs) for n in sample.sizes]


def _along(point: list[mpf], axis: int, sample: Sample) -> Callable[[mpf], list[mpf]]:
    def f(x: mpf) -> list[mpf]:
        moved = list(point)
        moved[axis] = x
        return _sizes_at(*moved, sample)

    return f


def _mixture(p: list[mpf], values: list[mpf]) -> mpf:
    return mp.fsum(a * b for a, b in zip(p, values, strict=True))
