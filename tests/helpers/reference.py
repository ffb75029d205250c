"""The paper's intensity to at least 50 digits, twice: SI Eq. S9 as corrected, and sums over explicit planes.

S9 is Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI section S.b, with two corrections: the
exponential printed ``e^{2ξT²}`` is e^{2ξ}T² (as printed it overflows), and C counts bilayers, so that
S9 describes M = 2C crystals. The plain sums hold everywhere, also where S9 is 0/0.

Floats are taken as the exact numbers they are. FLINT calculates with balls, so that a result that lost too
many digits is noticed. Lengths in Å, q in Å⁻¹, sizes in planes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np
from flint import acb, acb_poly, arb, ctx
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
P, R = ParamSpec("P"), TypeVar("R")

#: Binary digits of the calculation (75 decimal digits), to which one is added for each crystal, since a step
#: of Horner's rule widens a ball by up to √2.
BITS = 250
#: Central differences: the step squared and 2^-BITS / step are both far below double precision.
_STEP = arb(2) ** -60
#: Largest uncertainty of a result, of the largest one of its row.
_CERTAIN = 1e-20


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


def precisely(function: Callable[Concatenate[Sample, P], R]) -> Callable[Concatenate[Sample, P], R]:
    """Calculate with enough digits, and keep the last results."""

    @lru_cache(maxsize=64)
    @wraps(function)
    def calculated(sample: Sample, *args: P.args, **kwargs: P.kwargs) -> R:
        with ctx.workprec(BITS + sample.n_coherent):
            return function(sample, *args, **kwargs)

    return calculated  # type: ignore[return-value]


def size_weights(N: arb, sigma_N: arb, sizes: tuple[int, ...]) -> list[arb]:
    """Normalised P_n ∝ exp(−½((n−N)/σ_N)²); for σ_N = 0 its limit, the nearest size or sizes."""
    distance = [abs(n - N) for n in sizes]
    nearest = min(distance, key=float)
    if sigma_N == 0:
        raw = [arb(1) if x == nearest else arb(0) for x in distance]
    else:
        raw = [(-((x / sigma_N) ** 2 - (nearest / sigma_N) ** 2) / 2).exp() for x in distance]
    total = sum(raw, arb(0))
    return [p / total for p in raw]


def _central(f: Callable[[arb], list[arb]], x: arb) -> list[arb]:
    return [(b - a) / (2 * _STEP) for a, b in zip(f(x - _STEP), f(x + _STEP), strict=True)]


@precisely
def weights(sample: Sample) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights of the sizes and their derivatives to N and σ_N, rounded to floats."""
    N, sigma_N, sizes = arb(sample.N), arb(sample.sigma_N), sample.sizes
    p = size_weights(N, sigma_N, sizes)
    d_N = _central(lambda x: size_weights(x, sigma_N, sizes), N)
    d_sigma_N = _central(lambda x: size_weights(N, x, sizes), sigma_N)
    return _floats(p), _floats(d_N), _floats(d_sigma_N)


def _floats(values: list[arb]) -> FloatArray:
    """The middles of balls, which must be small."""
    middles = np.array([float(x.mid()) for x in values])
    radii = np.array([float(x.rad()) for x in values])
    assert np.all(radii <= _CERTAIN * max(float(np.max(np.abs(middles))), 1.0)), "calculate with more digits"
    return middles


def _wave(phase: arb, damping: arb | int = 0) -> acb:
    """e^{i·phase − damping}."""
    return acb(-arb(damping), phase).exp()


def s9_one(q: arb, d: arb, L: arb, sigma_L: arb, n: int, C: int) -> arb:
    """Corrected SI Eqs. S3 to S6, S8 and S9 for one size; undefined where qd or qΛ is 2πm."""
    F = (1 - _wave(n * d * q)) / (1 - _wave(d * q))
    T = _wave((n - 1) * d * q)
    phi = T * F.conjugate()
    xi = acb(-((q * sigma_L) ** 2) / 2, q * L)
    x = (2 * xi).exp() * T**2
    series = (C - (C + 1) * x + x ** (C + 1)) / (1 - x) ** 2 - C
    between = phi * F * ((-xi).exp() / T**2 + 2 / T + xi.exp()) * series
    return 2 * C * (abs(F) ** 2 + (xi.exp() * phi * F).real) + 2 * between.real


def direct_one(q: arb, d: arb, L: arb, sigma_L: arb, n: int, M: int, pairs: int) -> arb:
    """|Σ_k e^{ikqd}|² [M + 2 Re Σ_m (M−m) z^m] term by term, z = exp(iqΛ_n − q²σ_L²/2)."""
    F = _sum_of_powers(_wave(q * d), (1,) * n)
    z = _wave(q * ((n - 1) * d + L), (q * sigma_L) ** 2 / 2)
    pairs = min(M, pairs)
    stack = _sum_of_powers(z, (0, *range(M - 1, M - pairs, -1)))
    return (F.real**2 + F.imag**2) * (M + 2 * stack.real)


@lru_cache(maxsize=64)
def _polynomial(coefficients: tuple[int, ...]) -> acb_poly:
    return acb_poly(list(coefficients))


def _sum_of_powers(z: acb, coefficients: tuple[int, ...]) -> acb:
    """Σ_m c_m z^m."""
    return _polynomial(coefficients)(z)


@precisely
def intensity_s9(sample: Sample, q: tuple[float, ...]) -> FloatArray:
    """Σ P_n I_n by S9 with C = M/2; M must be even."""
    if sample.n_coherent % 2:
        raise ValueError("S9 counts bilayers: M must be even")
    d, L, s = arb(sample.d), arb(sample.L), arb(sample.sigma_L)
    p = size_weights(arb(sample.N), arb(sample.sigma_N), sample.sizes)
    C = sample.n_coherent // 2
    return _floats([_mixture(p, [s9_one(arb(x), d, L, s, n, C) for n in sample.sizes]) for x in q])


@precisely
def intensity(sample: Sample, q: tuple[float, ...]) -> FloatArray:
    """Σ P_n I_n by plain sums."""
    p = size_weights(arb(sample.N), arb(sample.sigma_N), sample.sizes)
    return _floats([_mixture(p, here) for here in _heights(_stack(sample), q)])


@precisely
def derivatives(sample: Sample, q: tuple[float, ...]) -> FloatArray:
    """Derivatives of the plain sums to d, L, σ_L, N, σ_N and q, (6, n)."""
    N, sigma_N, sizes = arb(sample.N), arb(sample.sigma_N), sample.sizes
    p = size_weights(N, sigma_N, sizes)
    p_N = _central(lambda x: size_weights(x, sigma_N, sizes), N)
    p_sigma_N = _central(lambda x: size_weights(N, x, sizes), sigma_N)
    result = np.empty((6, len(q)))
    stack = _stack(sample)
    for i, (here, slopes) in enumerate(zip(_heights(stack, q), _slopes(stack, q), strict=True)):
        rows = [_mixture(p, slopes[axis]) for axis in (1, 2, 3)]
        rows += [_mixture(p_N, here), _mixture(p_sigma_N, here), _mixture(p, slopes[0])]
        result[:, i] = _floats(rows)
    return result


def _stack(sample: Sample) -> Sample:
    """What the intensities of single sizes depend on."""
    return sample._replace(N=0.0, sigma_N=0.0)


@lru_cache(maxsize=8)
def _heights(stack: Sample, q: tuple[float, ...]) -> list[list[arb]]:
    """Intensities of all sizes at each q."""
    return [_sizes_at(*_point(stack, value), stack) for value in q]


@lru_cache(maxsize=8)
def _slopes(stack: Sample, q: tuple[float, ...]) -> list[list[list[arb]]]:
    """Derivatives to q, d, L and σ_L of the intensities of all sizes at each q."""
    points = [_point(stack, value) for value in q]
    return [[_central(_along(at, axis, stack), at[axis]) for axis in range(4)] for at in points]


def _point(stack: Sample, q: float) -> list[arb]:
    return [arb(q), arb(stack.d), arb(stack.L), arb(stack.sigma_L)]


def _sizes_at(q: arb, d: arb, L: arb, sigma_L: arb, sample: Sample) -> list[arb]:
    M = sample.n_coherent
    pairs = M if sample.n_correlated is None else sample.n_correlated
    return [direct_one(q, d, L, sigma_L, n, M, pairs) for n in sample.sizes]


def _along(point: list[arb], axis: int, sample: Sample) -> Callable[[arb], list[arb]]:
    def f(x: arb) -> list[arb]:
        moved = list(point)
        moved[axis] = x
        return _sizes_at(*moved, sample)

    return f


def _mixture(p: list[arb], values: list[arb]) -> arb:
    return sum((a * b for a, b in zip(p, values, strict=True)), arb(0))
