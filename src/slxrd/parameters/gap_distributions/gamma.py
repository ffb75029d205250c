"""Skewed gaps: a gamma distribution."""

from __future__ import annotations

from collections.abc import Mapping

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

SKEW_L = ParameterInfo(
    "skew_L", "γ_L", "", 0.0, -2.0, 2.0, -20.0, 20.0,
    "skewness of the distribution of gaps, positive where some gaps are much wider than the others",
    "docs/stacks.md", 0.1, False,
)  # fmt: skip

#: Below this modulus of its argument h is summed as a series, of so many terms.
_SMALL, _TERMS = 0.2, 24


def _h(x: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return h = −[ln(1 − x) + x]/x² = 1/2 + x/3 + x²/4 + …, and dh/dx, for imaginary x."""
    small = np.abs(x) < _SMALL
    safe = np.where(small, 1j, x)
    h = -(np.log1p(-safe) + safe) / safe**2
    slope = (1.0 / (1.0 - safe) - 2.0 * h) / safe
    near, near_slope = np.zeros_like(x), np.zeros_like(x)
    for k in range(_TERMS - 1, -1, -1):
        near_slope = near_slope * x + near
        near = near * x + 1.0 / (k + 2)
    return np.where(small, near, h), np.where(small, near_slope, slope)


class GammaGaps(GapDistribution):
    """Gaps of mean L, standard deviation σ_L and skewness γ, gamma distributed from an end on one side.

    The end lies at L − 2σ_L/γ. With γ → 0 the gaps are Gaussian; with γ < 0 the distribution is reflected
    about L. γ = ±2 is an exponential distribution.
    """

    parameters = (SKEW_L,)
    trials = ({"skew_L": -0.8}, {"skew_L": 0.1}, {"skew_L": 0.8})
    equation = "ln w = iqL − (4/γ²)[ln(1 − iqσ_Lγ/2) + iqσ_Lγ/2]"
    reference = "docs/stacks.md"

    def characteristic(
        self, q: FloatArray, L: float, sigma_L: float, values: Mapping[str, float]
    ) -> GapCharacteristic:
        """Return w with ln w = iqL − q²σ_L² h(iqσ_Lγ/2)."""
        skewness = values["skew_L"]
        square = (q * sigma_L) ** 2
        turn = np.asarray(0.5j * q * sigma_L, dtype=np.complex128)
        h, slope = _h(turn * skewness)
        exponent = 1j * q * L - square * h
        w = np.asarray(np.exp(exponent), dtype=np.complex128)
        on_skewness = -square * slope * turn
        # ln w depends on q and σ_L through their product, except for iqL.
        on_product = -2.0 * square * h + on_skewness * skewness
        on_sigma_L = -2.0 * q**2 * sigma_L * h - 0.5j * q**3 * sigma_L**2 * skewness * slope
        return GapCharacteristic(
            np.expm1(exponent),
            (1j * L + on_product / q) * w,
            1j * q * w,
            on_sigma_L * w,
            {"skew_L": on_skewness * w},
        )

    def moments(self, L: float, sigma_L: float, values: Mapping[str, float]) -> GapMoments:
        """L, σ_L and γ."""
        return GapMoments(L, sigma_L, values["skew_L"])


GAP_DISTRIBUTIONS.register("gamma", GammaGaps)
