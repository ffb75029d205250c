"""Stacks of atomic crystals where the answer is known, and the instrument in front of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import brute_cells
import numpy as np
import pytest
from cells_samples import CRYSTALS, CU, Q, all_offers, assert_brute, assert_same, crystal, sharp, values_of

from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.kernel.reference import equal_planes as readable
from slxrd.model.sizes import size_weights
from slxrd.sample.amplitudes import crystal_amplitude
from slxrd.sample.stack import Stack

# What is known in closed form, or is the same stack in other words


@pytest.mark.parametrize("M", [1, 2, 7, 40, 400])
def test_equal_planes_have_the_papers_closed_form(M: int) -> None:
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.1, "sigma_N": 1.55, "q_zero": 0.002}
    general = Stack(M, stack="pure", extras=("unstacked", "sigma_u") if M > 1 else ())
    if M == 1:
        general = replace(general, weighting="volume")
    sizes = size_weights(13.1, 1.55, 5.0, 2 if M == 1 else 0)
    true = Q + 0.002
    shares = (sizes.weights, sizes.d_N, sizes.d_sigma_N)
    known = readable.curves_of_sizes(true, 5.84, 36.9, 1.43, sizes.sizes, *shares, M)[0]
    assert_same(sharp(general, {**values, "sigma_u": 0.0, "unstacked": 0.0}), known, 1e-10)


def test_derivatives_of_equal_planes() -> None:
    """All six, against the paper's kernel."""
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.1, "sigma_N": 1.55, "q_zero": 0.002}
    further = {"sigma_u": 0.0, "unstacked": 0.0}
    known, slopes = Model(Stack(), Instrument(0.007)).region(Q).evaluate(values)
    general = Stack().using(further)
    found, rows = Model(general, Instrument(0.007)).region(Q).evaluate({**values, **further})
    assert_same(found[1:], known[1:], 1e-9)
    for row, slope in zip(rows, slopes, strict=False):
        np.testing.assert_allclose(row[2:], slope[2:], rtol=0.0, atol=1e-9 * np.abs(slope[2:]).max())


@pytest.mark.parametrize("slab", [None, 0.3])
def test_a_crystal_that_alternates_with_itself(slab: float | None) -> None:
    """M pairs of one crystal are 2M of it, with sizes mixed."""
    found = crystal("CsBr")
    single = Stack(10, crystal=found, slab=slab, stack="mixed")
    pairs = Stack(5, crystal=found, partner=found, slab=slab)
    values = values_of(single, 5.84)
    both = {**values, "d_B": 5.84, "N_B": values["N"], "sigma_N_B": values["sigma_N"]}
    assert_same(sharp(pairs, both), sharp(single, values), 1e-11)


def test_one_size_cannot_be_mixed() -> None:
    pure = Stack(9, crystal=crystal("Br"), slab=0.3)
    values = values_of(pure, 5.84, N=5.0, sigma_N=0.0)
    assert_same(sharp(replace(pure, stack="mixed"), values), sharp(pure, values), 1e-11)
    nearly = {**values, "sigma_N": 0.5}
    assert np.max(np.abs(sharp(replace(pure, stack="mixed"), nearly) / sharp(pure, nearly) - 1.0)) > 0.01


@pytest.mark.parametrize("mixing", ["pure", "mixed"])
def test_nothing_added_is_nothing(mixing: Any) -> None:
    bare = Stack(9, crystal=crystal("Br"), stack=mixing)
    more = replace(bare, slab=0.0).using(all_offers(bare))
    values = values_of(bare, 5.84)
    none = {name: row.default for name, row in more.table.items() if row.default is not None}
    assert_same(sharp(more, {**none, **values}), sharp(bare, values), 1e-11)


@pytest.mark.parametrize("mixing", ["pure", "mixed"])
def test_crystals_that_all_stand_alone(mixing: Any) -> None:
    """M times one crystal; gaps and slabs do not count."""
    stack = Stack(9, crystal=crystal("Br"), slab=0.3, stack=mixing).using(["unstacked"])
    values = values_of(stack, 5.84, unstacked=1.0)
    single = Stack(1, crystal=crystal("Br"))
    assert_same(sharp(stack, values), 9.0 * sharp(single, values), 1e-11)


def test_a_single_crystal_knows_no_gap() -> None:
    single = Stack(1, crystal=crystal("Pb to S"))
    values = values_of(single, 3.43, N=5.0, sigma_N=0.0, q_zero=0.0)
    bare = np.abs(crystal_amplitude(crystal("Pb to S"), 5, Q, CU, 3.43)) ** 2
    for L, sigma_L in ((36.9, 1.2), (5.0, 0.0)):
        region = Model(single, Instrument(0.0, wavelength=CU)).region(Q)
        found, slopes = region.evaluate({**values, "L": L, "sigma_L": sigma_L})
        assert_same(found, bare)
        np.testing.assert_array_equal(slopes[1:3], 0.0)


@pytest.mark.parametrize("mixing", ["pure", "mixed"])
def test_a_stack_without_disorder_is_one_object(mixing: Any) -> None:
    """300 crystals, one after the other, at a fringe too: their sum squared."""
    found, d, L, n, M = crystal("CsI"), 9.5, 30.0, 3, 300
    stack = Stack(M, crystal=found, slab=0.3, stack=mixing)
    values = values_of(stack, d, L=L, sigma_L=0.0, N=float(n), sigma_N=0.0, q_zero=0.0)
    period = (n - 1) * d + L
    fringe = 2.0 * np.pi * np.array([3, 11, 20]) / period
    q = np.sort(np.concatenate((fringe, fringe + 1e-9, fringe + 1e-5, [0.013, 0.71, 1.234])))
    below, above = found.overhang(d)
    free = L - below - above
    slab = found.area * values["rho"] * (np.exp(1j * q * free) - 1.0) / (1j * q)
    one = crystal_amplitude(found, n, q, CU, d) + np.exp(1j * q * ((n - 1) * d + above)) * slab
    whole = sum(np.exp(1j * q * k * period) * one for k in range(M))
    expected = np.abs(whole) ** 2
    assert np.all(np.abs(sharp(stack, values, q) - expected) < 1e-9 * expected.max())


@pytest.mark.parametrize("mixing", ["pure", "mixed"])
def test_forward_scattering_counts_electrons(mixing: Any) -> None:
    """At q → 0: (all electrons of a stack)², and what fluctuates with the gaps and sizes."""
    found, M, d = crystal("Br"), 4, 5.84
    stack = Stack(M, 4.0, found, slab=0.3, stack=mixing)
    values = values_of(stack, d, q_zero=0.0)
    shares = brute_cells.shares(values["N"], values["sigma_N"], 4.0, 0, 1)
    sizes, weights = np.array(list(shares)), np.array(list(shares.values()))
    below, above = found.overhang(d)
    per_A = found.area * values["rho"]
    cell = np.array([found.electrons(n) for n in sizes]) + per_A * (values["L"] - below - above)
    fluctuating = M * per_A**2 * values["sigma_L"] ** 2
    if mixing == "pure":
        expected = fluctuating + M**2 * weights @ cell**2
    else:
        expected = fluctuating + M * weights @ cell**2 + M * (M - 1) * (weights @ cell) ** 2
    model = Model(stack, Instrument(0.0))
    # The tables of form factors hold electrons to 0.04 each.
    assert model.intensity(np.array([1e-5]), values)[0] == pytest.approx(expected, rel=6e-4)


# At the edges of what can be


@pytest.mark.parametrize(
    ("N", "sigma_N"), [(1.0, 0.8), (1.0, 1e-7), (2.0, 2.5), (4.5, 1e-7), (4.2, 0.05), (1.3, 0.2)]
)
@pytest.mark.parametrize("key", ["Br", "PbBr2", "Pb to S"])
def test_smallest_crystals_and_narrowest_sizes(key: str, N: float, sigma_N: float) -> None:
    stack = Stack(5, crystal=crystal(key), slab=0.3, weighting="volume")
    values = values_of(stack, CRYSTALS[key][2], N=N, sigma_N=sigma_N)
    assert_brute(stack, values)
    if sigma_N < 1e-6:
        assert_same(sharp(stack, {**values, "sigma_N": 0.0}), sharp(stack, values), 1e-12)


@pytest.mark.parametrize("sigma_N", [1e-7, 0.5, 2.0])
def test_a_crystal_with_two_kinds_of_surface_has_two_planes(sigma_N: float) -> None:
    """PbBr2 to PbBr2 has at least two planes then, and N is bounded so."""
    stack = Stack(5, crystal=crystal("PbBr2"), slab=0.3).using(["shift_surface", "occ_surface_Br"])
    assert stack.table["N"].lower == 2.0
    assert_brute(stack, values_of(stack, 5.84, N=2.0, sigma_N=sigma_N))


@pytest.mark.parametrize("mixing", ["pure", "mixed"])
def test_many_crystals_with_little_disorder(mixing: Any) -> None:
    stack = Stack(150, 2.0, crystal("Br"), slab=0.3, stack=mixing)
    q = np.array([0.02, 1.076, 1.1, 2.2])
    assert_brute(stack, values_of(stack, 5.84, sigma_L=0.02, sigma_N=0.3), q)


@pytest.mark.parametrize("q_zero", [-0.05, -0.02, 0.02, 0.05])
def test_amplitudes_carried_to_a_shifted_q(q_zero: float) -> None:
    stack = Stack(4, crystal=crystal("CsI"), slab=0.3)
    values = values_of(stack, 9.5, q_zero=q_zero)
    q = np.linspace(0.1, 2.6, 60)
    assert_brute(stack, values, q, 1e-9 if abs(q_zero) < 0.03 else 3e-8)


def test_too_large_a_shift_is_refused() -> None:
    stack = Stack(4, crystal=crystal("CsI"))
    with pytest.raises(SlxrdError, match=r"q_zero = 0\.06"):
        sharp(stack, values_of(stack, 9.5, q_zero=0.06))


# What cannot be


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("occ_surface_Br", 1.2),
        ("unstacked", 1.5),
        ("unstacked", -0.1),
        ("sigma_u", -0.1),
        ("B", np.nan),
        ("N_B", 0.5),
        ("dL_B", -40.0),
        ("N", 1.0),
    ],
)
def test_values_that_no_stack_can_have(name: str, value: float) -> None:
    """Refused by name; a crystal with two different surfaces of PbBr2 has at least two such planes."""
    stack = Stack(5, crystal=crystal("PbBr2"), partner=crystal("PbS"), slab=0.3)
    stack = stack.using(["occ_surface_Br", "unstacked", "sigma_u", "B", "dL_B"])
    values = values_of(stack, 5.84)
    assert np.all(np.isfinite(sharp(stack, values)))
    with pytest.raises(SlxrdError, match=name.removesuffix("_B")):
        sharp(stack, {**values, name: value})
