"""Gaussian gaps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.parameters.gap_distributions.distribution import (
    GAP_DISTRIBUTIONS,
    GapCharacteristic,
    GapDistribution,
    GapMoments,
)
from slxrd.units import FloatArray


class GaussianGaps(GapDistribution):
    """Gaps of mean L and standard deviation σ_L, as in the 2021 paper."""

    equation = "w = exp(iqL − q²σ_L²/2)"
    reference = "Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eq. S7"
    in_kernels = True

    def characteristic(
        self, q: FloatArray, L: float, sigma_L: float, values: Mapping[str, float]
    ) -> GapCharacteristic:
        """Return w = exp(iqL − q²σ_L²/2)."""
        exponent = 1j * q * L - 0.5 * (q * sigma_L) ** 2
        w = np.exp(exponent)
        by_q = (1j * L - q * sigma_L**2) * w
        return GapCharacteristic(np.expm1(exponent), by_q, 1j * q * w, -(q**2) * sigma_L * w, {})

    def moments(self, L: float, sigma_L: float, values: Mapping[str, float]) -> GapMoments:
        """L and σ_L."""
        return GapMoments(L, sigma_L, 0.0)


GAP_DISTRIBUTIONS.register("gaussian", GaussianGaps)
