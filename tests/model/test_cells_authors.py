"""The authors' later program, for platelets with an organic slab (ACS Nano 2021, 15, 20341).

Its conventions: two layers, platelet A and slab B, each of one thickness; a Gaussian at each of the two
interfaces of a period, so that its sigmaL is ours over √2; planes from the top down, from 0; the period is
t_A + t_B. Its formula is Fullerton's for two layers (Phys. Rev. B 1992, 45, 9292), written here with what
that leaves. What can be compared with our stacks: everything without a slab; with one, as long as nothing
fluctuates. With both, ours is another model: here the slab fills its gap however wide it is; there it keeps
its thickness, and voids or overlaps open on either side of it.
"""

from __future__ import annotations

import numpy as np
import pytest
from cells_samples import CU, FloatArray, assert_same, crystal, sharp
from numpy.typing import NDArray

from slxrd.sample.amplitudes import crystal_amplitude
from slxrd.sample.crystal import Crystal
from slxrd.sample.planes import Plane
from slxrd.sample.stack import Stack

ComplexArray = NDArray[np.complex128]
M, GAP = 8, 30.0
#: Away from fringes without disorder, where the formula is 0/0.
PLACES = np.linspace(0.213, 2.517, 57)


def two_layers(
    found: Crystal, n: int, d: float, slab_width: float, density: float, sigmaL: float, M: int, q: FloatArray
) -> FloatArray:
    """Mean intensity of M periods of a platelet and a slab, as that program has it."""
    F_A, thickness = downwards(found, n, d, q)
    F_B = density * (np.exp(1j * q * slab_width) - 1.0) / (1j * q)
    T_A, T_B = np.exp(1j * q * thickness), np.exp(1j * q * slab_width)
    Phi_A, Phi_B = T_A * F_A.conj(), T_B * F_B.conj()
    e = np.exp(-0.5 * (q * sigmaL) ** 2)
    z = e**2 * T_A * T_B
    within = M * (abs(F_A) ** 2 + abs(F_B) ** 2 + 2.0 * np.real(e * Phi_A * F_B))
    between = Phi_B * F_A / (e * T_A * T_B) + Phi_A * F_A / T_A + Phi_B * F_B / T_B + e * Phi_A * F_B
    series = (M - (M + 1) * z + z ** (M + 1)) / (1.0 - z) ** 2 - M
    return np.asarray(within + 2.0 * np.real(between * series))


def downwards(found: Crystal, n: int, d: float, q: FloatArray) -> tuple[ComplexArray, float]:
    """Amplitude of a platelet whose planes are given from the top down, from 0, and its thickness in Å."""
    planes = found.planes(n)
    depths = [planes[-1].height(d) - plane.height(d) for plane in reversed(planes)]
    total = np.zeros(q.size, complex)
    for depth, plane in zip(depths, reversed(planes), strict=True):
        alone = Crystal("a plane", d, (Plane(0.0, plane.sites),))
        total += crystal_amplitude(alone, 1, q, CU) * np.exp(1j * q * depth)
    return total, depths[-1]


def theirs(key: str, n: int, d: float, rho: float, sigma_L: float) -> FloatArray:
    found = crystal(key)
    assert found.area is not None
    width = found.free_gap(GAP, d)
    return two_layers(found, n, d, width, found.area * rho, sigma_L / np.sqrt(2.0), M, PLACES)


def ours(key: str, n: int, d: float, rho: float, sigma_L: float) -> FloatArray:
    values = {"d": d, "L": GAP, "sigma_L": sigma_L, "N": float(n), "sigma_N": 0.0, "q_zero": 0.0, "rho": rho}
    return sharp(Stack(M, crystal=crystal(key), slab=rho), values, PLACES)


PLATELETS = [("Br", 2, 6.0166), ("Br", 3, 6.0166), ("CsI", 1, 9.44)]


@pytest.mark.parametrize("sigma_L", [0.1, 0.4, 1.4])
@pytest.mark.parametrize(("key", "n", "d"), PLATELETS)
def test_without_a_slab_they_are_one(key: str, n: int, d: float, sigma_L: float) -> None:
    """With σ_L/√2 at each interface."""
    assert_same(ours(key, n, d, 0.0, sigma_L), theirs(key, n, d, 0.0, sigma_L), 1e-11)


@pytest.mark.parametrize(("key", "n", "d"), PLATELETS)
def test_without_disorder_they_are_one(key: str, n: int, d: float) -> None:
    assert_same(ours(key, n, d, 0.28, 0.0), theirs(key, n, d, 0.28, 0.0), 1e-8)


@pytest.mark.parametrize(("key", "n", "d"), PLATELETS)
def test_a_slab_that_fluctuates_is_another_model(key: str, n: int, d: float) -> None:
    """By less than a hundredth of the highest peak, but by as much as the intensity between the peaks."""
    us, them = ours(key, n, d, 0.28, 0.4), theirs(key, n, d, 0.28, 0.4)
    for part in (PLACES < 0.6, PLACES >= 0.6):
        apart = np.abs(us - them)[part].max() / us[part].max()
        assert 1e-4 < apart < 1e-2
    assert np.max(np.abs(us / them - 1.0)) > 0.5


def test_planes_from_the_top_down_turn_a_polar_crystal_round() -> None:
    turned, as_it_is = ours("S to Pb", 3, 3.43, 0.0, 0.4), ours("Pb to S", 3, 3.43, 0.0, 0.4)
    them = theirs("Pb to S", 3, 3.43, 0.0, 0.4)
    assert_same(turned, them, 1e-10)
    assert np.max(np.abs(as_it_is / them - 1.0)) > 0.03
