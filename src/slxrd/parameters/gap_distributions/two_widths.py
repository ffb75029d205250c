"""Gaps of two widths: a share of them is wider or narrower than the others."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from slxrd.parameters.gap_distributions.distribution import (
    GAP_DISTRIBUTIONS,
    GapCharacteristic,
    GapDistribution,
    GapMoments,
)
from slxrd.parameters.gap_distributions.gaussian import GaussianGaps
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.units import FloatArray

WIDE_L = ParameterInfo(
    "wide_L", "p(wide)", "", 0.1, 0.0, 0.5, 0.0, 1.0,
    "share of the gaps that are wider by δ(wide)", "docs/stacks.md", 0.02, False,
)  # fmt: skip
WIDENING_L = ParameterInfo(
    "widening_L", "δ(wide)", "Å", 5.0, -20.0, 20.0, -1e4, 1e4,
    "how much wider these gaps are; narrower where it is negative", "docs/stacks.md", 0.3, False,
)  # fmt: skip


class GapsOfTwoWidths(GapDistribution):
    """A Gaussian of mean L and standard deviation σ_L, and a share p of it moved by δ.

    L and σ_L are those of the main component: the mean of all gaps is L + pδ, their variance
    σ_L² + p(1 − p)δ².
    """

    parameters = (WIDE_L, WIDENING_L)
    trials = tuple({"wide_L": 0.15, "widening_L": delta} for delta in (-6.0, -3.0, 3.0, 6.0))
    equation = "w = exp(iqL − q²σ_L²/2) (1 − p + p e^{iqδ})"
    reference = "docs/stacks.md"

    def characteristic(
        self, q: FloatArray, L: float, sigma_L: float, values: Mapping[str, float]
    ) -> GapCharacteristic:
        """Return w = w₀ (1 + p(e^{iqδ} − 1)), w₀ of the main component."""
        share, delta = values["wide_L"], values["widening_L"]
        main = GaussianGaps().characteristic(q, L, sigma_L, {})
        w, moved, turn = 1.0 + main.less_one, np.expm1(1j * q * delta), np.exp(1j * q * delta)
        factor = 1.0 + share * moved
        return GapCharacteristic(
            main.less_one + share * moved * w,
            main.by_q * factor + w * (share * 1j * delta) * turn,
            main.by_L * factor,
            main.by_sigma_L * factor,
            {"wide_L": w * moved, "widening_L": w * (share * 1j * q) * turn},
        )

    def moments(self, L: float, sigma_L: float, values: Mapping[str, float]) -> GapMoments:
        """Moments of all gaps, the main component and the other one."""
        share, delta = values["wide_L"], values["widening_L"]
        variance = sigma_L**2 + share * (1.0 - share) * delta**2
        third = share * (1.0 - share) * (1.0 - 2.0 * share) * delta**3
        skewness = third / variance**1.5 if variance > 0.0 else 0.0
        return GapMoments(L + share * delta, math.sqrt(variance), skewness)


GAP_DISTRIBUTIONS.register("two widths", GapsOfTwoWidths)
