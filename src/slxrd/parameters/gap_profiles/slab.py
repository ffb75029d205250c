"""A slab of constant electron density that fills the gap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.parameters.gap_profiles.profile import GAP_PROFILES, ComplexArray, GapProfile, GapTransform
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.units import FloatArray

RHO = ParameterInfo(
    "rho", "ρ", "e/Å³", 0.3, 0.0, 1.0, -10.0, 100.0,
    "electron density between the crystals", "docs/stacks.md", 0.02, False,
)  # fmt: skip


class Slab(GapProfile):
    """ρ(z) = ρ from surface to surface; the slab is as wide as its gap.

    With x = iqℓ − q²σ_L²/2 the means over gaps are ⟨B⟩ = ⟨B* e^{iqℓ}⟩ = ρ(e^x − 1)/(iq) and
    ⟨|B|²⟩ = 2ρ²(1 − Re e^x)/q². The first two are equal because the slab is symmetric.
    """

    parameters = (RHO,)
    equation = "ρ(z) = ρ,  B = ρ(e^{iqℓ} − 1)/(iq)"
    reference = "docs/stacks.md"
    in_kernels = True

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
        rho, variance = values["rho"], (q * sigma_L) ** 2
        half = 0.5 * q * width
        decay = np.exp(-0.5 * variance)
        grown = np.exp(2j * half) * decay
        # e^x − 1 without loss of digits where x is small.
        less = np.expm1(-0.5 * variance)
        missing = (less * np.cos(2.0 * half) - 2.0 * np.sin(half) ** 2) + 1j * (decay * np.sin(2.0 * half))
        box, square = missing / (1j * q), -2.0 * missing.real / q**2
        growth = grown * (1j * width - q * sigma_L**2)
        amplitude = (
            rho * box,
            rho * (growth / (1j * q) - box / q),
            rho * grown,
            rho * 1j * q * sigma_L * grown,
        )
        total = np.empty((3, 5, q.size), np.complex128)
        total[:2] = [*amplitude, box]
        total[2] = [
            rho**2 * square,
            rho**2 * (-2.0 * growth.real / q**2 + 4.0 * missing.real / q**3),
            2.0 * rho**2 * grown.imag / q,
            2.0 * rho**2 * sigma_L * grown.real,
            2.0 * rho * square,
        ]
        return total


GAP_PROFILES.register("slab", Slab)
