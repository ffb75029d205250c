"""Stacks of atomic crystals seen by an instrument, from beyond the forward direction on."""

from __future__ import annotations

from typing import Any

import brute_cells
import numpy as np
import pytest
from cells_samples import CRYSTALS, CU, FloatArray, assert_brute, assert_same, crystal, sharp, values_of
from scipy.integrate import fixed_quad

from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.sample.stack import Stack
from slxrd.units import SecondLine

# The forward direction


@pytest.mark.parametrize("slab", [None, 0.3])
@pytest.mark.parametrize("mixing", ["pure", "mixed"])
@pytest.mark.parametrize("M", [6, 60])
def test_nought_is_a_limit(M: int, mixing: Any, slab: float | None) -> None:
    stack = Stack(M, 3.0, crystal("Br"), slab=slab, stack=mixing)
    values = values_of(stack, 5.84, q_zero=0.0)
    assert_brute(stack, values, np.array([0.0, 1e-10, 1e-7, 1e-5, 0.01]), 1e-8)


@pytest.mark.parametrize("slab", [None, 0.3])
@pytest.mark.parametrize("key", ["Br", "Pb to S"])
def test_beyond_the_forward_direction_the_formula_goes_on(key: str, slab: float | None) -> None:
    """The zero error and the resolution lead there from the lowest angles; nothing is clipped or folded."""
    stack = Stack(6, crystal=crystal(key), slab=slab, stack="mixed")
    q = np.array([-0.05, -0.03, -0.01, -0.002, 0.002, 0.01])
    for q_zero in (0.0, -0.02):
        assert_brute(stack, values_of(stack, CRYSTALS[key][2], q_zero=q_zero), q)


def test_equal_planes_scatter_alike_on_both_sides_of_the_forward_direction() -> None:
    stack = Stack(6, stack="mixed")
    values = values_of(stack, 5.84, q_zero=0.0)
    q = np.array([0.002, 0.01, 0.03, 0.05])
    assert_same(sharp(stack, values, -q), sharp(stack, values, q), 1e-11)


# The instrument


def smeared(stack: Stack, values: dict[str, float], q: FloatArray, sigma_G: float) -> FloatArray:
    """∫ I(t) G(q−t) dt over ±8σ_G in panels shorter than the finest fringe, 12 Gauss points in each."""
    longest = 80.0 * stack.coherent
    panels = int(np.ceil(16.0 * sigma_G * longest / (2.0 * np.pi))) + 8
    edges = np.linspace(-8.0 * sigma_G, 8.0 * sigma_G, panels + 1)
    width = edges[1] - edges[0]

    def folded(x: FloatArray, at: float) -> FloatArray:
        offset = (edges[:-1, None] + width * x).ravel()
        gauss = np.exp(-0.5 * (offset / sigma_G) ** 2) / (sigma_G * np.sqrt(2.0 * np.pi))
        plain = brute_cells.expected(stack, values, at + offset, CU)
        return np.asarray(width * (gauss * plain).reshape(panels, x.size).sum(axis=0))

    found = [fixed_quad(folded, 0.0, 1.0, args=(at,), n=12)[0] for at in q]
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("sigma_G", [0.004, 0.02])
@pytest.mark.parametrize(
    "stack",
    [
        Stack(30, 2.0, crystal("Br"), slab=0.3),
        Stack(30, 2.0, crystal("Pb to S"), slab=0.3, stack="mixed"),
        Stack(12, 2.0, crystal("Br"), crystal("PbS"), slab=0.3, extras=("dL_B", "sigma_u")),
    ],
    ids=["pure", "mixed", "alternating"],
)
def test_resolution_is_the_integral(stack: Stack, sigma_G: float) -> None:
    """Near the forward direction too, and where it hides pairs of crystals that are far apart."""
    values = values_of(stack, 5.84, sigma_L=0.4, N=3.2, sigma_N=0.5)
    for q in (np.array([0.01]), np.array([0.35, 1.08])):
        found = Model(stack, Instrument(sigma_G, wavelength=CU)).intensity(q, values)
        expected = smeared(stack, values, q, sigma_G)
        assert_same(found, expected, 1e-8)


@pytest.mark.parametrize("sigma_G", [0.0, 0.007])
def test_two_lines(sigma_G: float) -> None:
    second = SecondLine(1.544427, 0.5)
    stack = Stack(6, crystal=crystal("Br"), slab=0.3).using(["occ_surface_Br"])
    values = values_of(stack, 5.84)
    q = np.linspace(0.8, 2.3, 40)
    both = Model(stack, Instrument(sigma_G, None, CU, second)).intensity(q, values)
    single = Model(stack, Instrument(sigma_G, None, CU))
    shifted = single.intensity(q * CU / 1.544427, values)
    assert_same(both, single.intensity(q, values) + 0.5 * shifted, 1e-9)
