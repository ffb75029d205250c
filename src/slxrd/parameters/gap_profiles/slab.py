"""A slab of constant electron density that fills the gap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.parameters.gap_distributions.distribution import GapCharacteristic, gap_distribution
from slxrd.parameters.gap_profiles.profile import GAP_PROFILES, ComplexArray, GapProfile, GapTransform
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.units import FloatArray

RHO = ParameterInfo(
    "rho", "ρ", "e/Å³", 0.3, 0.0, 1.0, -10.0, 100.0,
    "electron density between the crystals", "docs/stacks.md", 0.02, False,
)  # fmt: skip


class Slab(GapProfile):
    """ρ(z) = ρ from surface to surface; the slab is as wide as its gap.

    With w = ⟨e^{iqℓ}⟩ the means over gaps are ⟨B⟩ = ⟨B* e^{iqℓ}⟩ = ρ(w − 1)/(iq) and
    ⟨|B|²⟩ = 2ρ²(1 − Re w)/q². The first two are equal because the slab is symmetric.
    """

    parameters = (RHO,)
    equation = "ρ(z) = ρ,  B = ρ(e^{iqℓ} − 1)/(iq)"
    reference = "docs/stacks.md"
    in_kernels = True
    any_distribution = True

    def transform(self, q: FloatArray, width: FloatArray, values: Mapping[str, float]) -> GapTransform:
        """B = ρ(e^{iqℓ} − 1)/(iq) = ρℓ e^{iqℓ/2} sin(qℓ/2)/(qℓ/2)."""
        half = 0.5 * q * width
        box = width * np.exp(1j * half) * np.sinc(half / np.pi)
        edge = np.exp(1j * q * width)
        rho = values["rho"]
        return GapTransform(rho * box, rho * (width * edge - box) / q, rho * edge, {"rho": box})

    def averages(
        self, q: FloatArray, width: float, sigma_L: float, values: Mapping[str, float]
    ) -> ComplexArray:
        """Average in closed form; see :meth:`GapProfile.averages`."""
        return self.averages_from(
            gap_distribution("gaussian").characteristic(q, width, sigma_L, {}), q, values
        )

    def averages_from(
        self, widths: GapCharacteristic, q: FloatArray, values: Mapping[str, float]
    ) -> ComplexArray:
        """Average over any widths in closed form; see :meth:`GapProfile.averages_from`."""
        rho, missing = values["rho"], widths.less_one
        changes = [widths.by_q, widths.by_L, widths.by_sigma_L, *widths.by_parameter.values()]
        box = np.array([missing, *changes]) / (1j * q)
        square = -2.0 * np.real([missing, *changes]) / q**2
        box[1] -= box[0] / q
        square[1] -= 2.0 * square[0] / q
        total = np.empty((3, 1 + len(box), q.size), np.complex128)
        for kind, power, rows in ((0, 1, box), (1, 1, box), (2, 2, square)):
            total[kind, :4] = rho**power * rows[:4]
            total[kind, 4] = power * rho ** (power - 1) * rows[0]
            total[kind, 5:] = rho**power * rows[4:]
        return total


GAP_PROFILES.register("slab", Slab)
