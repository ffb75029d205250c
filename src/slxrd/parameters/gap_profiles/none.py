"""Nothing between the crystals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.parameters.gap_distributions.distribution import GapCharacteristic
from slxrd.parameters.gap_profiles.profile import GAP_PROFILES, ComplexArray, GapProfile, GapTransform
from slxrd.units import FloatArray


class NoDensity(GapProfile):
    """ρ(z) = 0, as in the 2021 paper."""

    equation = "ρ(z) = 0"
    reference = "Toso, Baranov et al., ACS Nano 2021, 15, 6243"
    in_kernels = True
    any_distribution = True

    def transform(self, q: FloatArray, width: FloatArray, values: Mapping[str, float]) -> GapTransform:
        """B = 0."""
        zero = np.zeros((width.shape[0], q.size), np.complex128)
        return GapTransform(zero, zero, zero, {})

    def averages(
        self, q: FloatArray, width: float, sigma_L: float, values: Mapping[str, float]
    ) -> ComplexArray:
        """All of them are 0."""
        return np.zeros((3, 4, q.size), np.complex128)

    def averages_from(
        self, widths: GapCharacteristic, q: FloatArray, values: Mapping[str, float]
    ) -> ComplexArray:
        """All of them are 0."""
        return np.zeros((3, 4 + len(widths.by_parameter), q.size), np.complex128)


GAP_PROFILES.register("none", NoDensity)
