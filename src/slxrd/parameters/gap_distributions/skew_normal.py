"""Skewed gaps without a sharp end: a skew normal distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np

from slxrd.parameters.gap_distributions.distribution import (
    GAP_DISTRIBUTIONS,
    ComplexArray,
    GapCharacteristic,
    GapDistribution,
    GapMoments,
)
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.units import FloatArray

#: The largest skewness of the distribution is 0.9953, that of one half of a normal distribution.
LARGEST = 0.995
SKEW_NORMAL_L = ParameterInfo(
    "skew_normal_L", "γ_L (skew normal)", "", 0.0, -LARGEST, LARGEST, -LARGEST, LARGEST,
    "skewness of gaps with a skew normal distribution, positive where some are much wider than the others",
    "docs/stacks.md", 0.1, False,
)  # fmt: skip

#: γ = SCALE c³, with c the distance of the mean from the location in σ_L.
_SCALE = (4.0 - math.pi) / 2.0
#: e^{−u²/2} erfi(√π u/2) grows as e^{GROWTH u²}.
_GROWTH = math.pi / 4.0 - 0.5
#: Below this |u| the series of h is summed, of so many terms.
_SMALL, _TERMS = 1.0, 40


@cache
def _series() -> ComplexArray:
    """Coefficients of h(u) = e^{−iu − u²/2} (1 + i erfi(√π u/2)).

    They follow from h' = −(i + u)h + i e^{−iu + GROWTH u²}.
    """
    h, driving = np.zeros((2, _TERMS), dtype=np.complex128)
    h[0] = driving[0] = 1.0
    for n in range(_TERMS - 1):
        before = n - 1 if n else -1  # the last coefficient is still 0
        h[n + 1] = (-1j * h[n] - h[before] + 1j * driving[n]) / (n + 1)
        driving[n + 1] = (-1j * driving[n] + 2.0 * _GROWTH * driving[before]) / (n + 1)
    return h


class SkewNormalGaps(GapDistribution):
    """Gaps of mean L, standard deviation σ_L and skewness γ with a skew normal distribution.

    The density falls off as that of a Gaussian on both sides, so that there is no end as that of the gamma
    distribution. With γ → 0 the gaps are Gaussian; |γ| is below 0.9953, half a Gaussian. Mean, standard
    deviation and skewness are its *centred parameters*, which a fit determines near γ = 0 too.
    """

    parameters = (SKEW_NORMAL_L,)
    trials = ({"skew_normal_L": -0.7}, {"skew_normal_L": 0.1}, {"skew_normal_L": 0.7})
    equation = "w = exp(iqL − q²σ_L²/2 − iu − u²/2) [1 + i erfi(√π u/2)], u = qσ_L (2γ/(4 − π))^{1/3}"
    reference = "Azzalini, Scand. J. Statist. 1985, 12, 171; docs/stacks.md"

    def characteristic(
        self, q: FloatArray, L: float, sigma_L: float, values: Mapping[str, float]
    ) -> GapCharacteristic:
        """Return w = exp(iqL − q²σ_L²/2) h(u)."""
        s = q * sigma_L
        c = math.cbrt(values["skew_normal_L"] / _SCALE)
        # All exponents are added before the exponential, as e^{GROWTH u²} may be beyond the largest number.
        exponent = np.asarray(1j * q * L - 0.5 * s**2, dtype=np.complex128)
        less_one, by_u_over_square = _factors(exponent, c * s)
        w = 1.0 + less_one
        # w depends on q and σ_L through their product s, except for iqL.
        by_s = -s * w + c * (c * s) ** 2 * by_u_over_square
        return GapCharacteristic(
            less_one,
            1j * L * w + sigma_L * by_s,
            1j * q * w,
            q * by_s,
            {"skew_normal_L": s**3 / (3.0 * _SCALE) * by_u_over_square},
        )

    def moments(self, L: float, sigma_L: float, values: Mapping[str, float]) -> GapMoments:
        """L, σ_L and γ."""
        return GapMoments(L, sigma_L, values["skew_normal_L"])


def _factors(exponent: ComplexArray, u: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return e^x h(u) − 1 and e^x h'(u)/u², of which neither loses digits where u is small."""
    from scipy.special import dawsn

    coefficients = _series()
    small = np.abs(u) < _SMALL
    near = np.where(small, u, 0.0)
    h_less_one = np.polynomial.polynomial.polyval(near, coefficients[3:]) * near**3
    slope = np.polynomial.polynomial.polyval(near, coefficients[3:] * np.arange(3, _TERMS))
    far = np.where(small, _SMALL, u)
    growing = np.exp(exponent - 1j * far + _GROWTH * far**2)
    w = np.exp(exponent - 1j * far - 0.5 * far**2) + 2j / math.sqrt(math.pi) * growing * dawsn(
        0.5 * math.sqrt(math.pi) * far
    )
    base = np.exp(exponent)
    less_one = np.where(small, np.expm1(exponent) + base * h_less_one, w - 1.0)
    by_u = (1j * growing - (1j + far) * w) / far**2
    return np.asarray(less_one), np.asarray(np.where(small, base * slope, by_u))


GAP_DISTRIBUTIONS.register("skew normal", SkewNormalGaps)
