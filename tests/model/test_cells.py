"""Stacks of atomic crystals: the model against sums over crystals, atoms and gaps (``brute_cells``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import brute_cells
import numpy as np
import pytest
from cells_samples import CRYSTALS, CU, Q, all_offers, assert_brute, assert_same, crystal, sharp, values_of

import slxrd
from slxrd.errors import SlxrdError
from slxrd.sample.amplitudes import crystal_amplitude
from slxrd.sample.crystal import Crystal
from slxrd.sample.planes import Plane, Site
from slxrd.sample.stack import Stack

FEW = np.array([0.02, 0.13, 0.41, 0.9, 1.05, 1.076, 1.7, 2.15, 2.3])

# The references among themselves


@pytest.mark.parametrize("key", CRYSTALS)
def test_atoms_of_the_reference(key: str) -> None:
    """With nothing changed they are the planes of the crystal."""
    found = crystal(key)
    for n in (1, 2, 5):
        one = brute_cells.body(found, n, 1.0, 5.5, {}, Q, CU)
        np.testing.assert_allclose(one.amplitude, crystal_amplitude(found, n, Q, CU, 5.5), rtol=1e-11)
        assert (one.below, one.above) == pytest.approx(found.overhang(5.5), abs=1e-12)
        assert one.length == (n - 1) * 5.5


NARROW: dict[str, float] = {"N": 3.2, "sigma_N": 0.3, "sigma_L": 0.9}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stack", "number"),
    [
        (Stack(3, 1.5, crystal("CsBr"), slab=0.3), 16),
        (Stack(2, 1.5, crystal("Pb to S"), slab=0.3, stack="mixed"), 16),
        (Stack(2, 1.0, crystal("Br"), crystal("S to Pb"), slab=0.3), 9),
    ],
    ids=["pure", "mixed", "alternating"],
)
def test_pairs_of_crystals_stand_for_every_stack(stack: Stack, number: int) -> None:
    """The sum over pairs is the mean of |A|² over all sizes and all gaps at once."""
    mixed = stack.mixed
    values = values_of(stack, 5.5, **NARROW)
    if stack.alternating:
        values |= {"N_B": 2.9, "sigma_N_B": 0.5, "sigma_L": 0.3}
    cells = brute_cells.layers(stack, values, FEW, CU)
    every = brute_cells.every_stack(cells, stack.coherent, FEW, mixed, number)
    pairs, _ = brute_cells.pair_sum(cells, stack.coherent, FEW, 0.0, mixed)
    assert_same(pairs, every, 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
def test_pairs_of_crystals_stand_for_random_stacks(mixed: bool) -> None:
    """Also where every crystal is displaced from its place, together with the slab above it."""
    stack = Stack(6, 2.0, crystal("Br"), slab=0.3, stack="mixed" if mixed else "pure").using(["sigma_u"])
    values = values_of(stack, 5.84, sigma_u=0.8)
    cells = brute_cells.layers(stack, values, FEW, CU)
    rng = np.random.default_rng(7)
    mean, error = brute_cells.random_stacks(rng, cells, 6, FEW, mixed, 0.8, 1500)
    pairs, _ = brute_cells.pair_sum(cells, 6, FEW, 0.8, mixed)
    still, _ = brute_cells.pair_sum(cells, 6, FEW, 0.0, mixed)
    assert np.all(np.abs(mean - pairs) < 4.5 * error)
    assert np.any(np.abs(mean - still) > 10.0 * error), "the displacements could be left out unseen"


# The model


@pytest.mark.slow
@pytest.mark.parametrize("slab", [None, 0.3])
@pytest.mark.parametrize("weighting", ["number", "volume"])
@pytest.mark.parametrize("mixing", ["pure", "mixed"])
@pytest.mark.parametrize("key", CRYSTALS)
def test_stacks_of_atoms(key: str, mixing: Any, weighting: Any, slab: float | None) -> None:
    """With the library's planes, and with all that they offer changed."""
    stack = Stack(6, 3.0, crystal(key), slab=slab, stack=mixing, weighting=weighting)
    d = CRYSTALS[key][2]
    assert_brute(stack, values_of(stack, d))
    changed = stack.using(all_offers(stack))
    assert set(changed.names) >= {"sigma_u", "unstacked", "B", "shift_surface"}
    assert_brute(changed, values_of(changed, d))


@pytest.mark.parametrize("mixing", ["pure", "mixed"])
def test_stacks_of_points(mixing: Any) -> None:
    stack = Stack(6, stack=mixing, weighting="volume").using(["sigma_u", "unstacked"])
    assert_brute(stack, values_of(stack, 5.84))


@pytest.mark.parametrize("weighting", ["number", "volume"])
@pytest.mark.parametrize("slab", [None, 0.3])
@pytest.mark.parametrize(("key", "other"), [("Br", "PbS"), ("Pb to S", "CsI"), ("CsBr", "S to Pb")])
def test_two_crystals_that_alternate(key: str, other: str, slab: float | None, weighting: Any) -> None:
    """M counts pairs of them."""
    stack = Stack(4, 3.0, crystal(key), crystal(other), slab=slab, weighting=weighting)
    d, d_B = CRYSTALS[key][2], CRYSTALS[other][2]
    assert_brute(stack, values_of(stack, d, d_B=d_B))
    changed = stack.using(all_offers(stack))
    assert {"dL_B", "shift_surface", "shift_surface_B"} <= set(changed.names)
    assert_brute(changed, values_of(changed, d, d_B=d_B))


@pytest.mark.parametrize("slab", [None, 0.3])
@pytest.mark.parametrize("key", ["CsI", "I"])
def test_planes_that_move_apart(key: str, slab: float | None) -> None:
    """Cs and I of Cs₂PbI₂Cl₂ lie on both sides of Pb, at heights that are not known well."""
    stack = Stack(6, 3.0, crystal(key), slab=slab)
    changed = stack.using(all_offers(stack, leaving="shift_"))
    assert {"apart_Cs", "apart_I"} <= set(changed.names)
    assert_brute(changed, values_of(changed, CRYSTALS[key][2]))
    pair = Stack(3, 3.0, crystal("Br"), crystal(key), slab=slab)
    changed = pair.using(all_offers(pair, leaving="shift_"))
    assert {"apart_Cs_B", "apart_I_B"} <= set(changed.names)
    assert_brute(changed, values_of(changed, CRYSTALS["Br"][2], d_B=CRYSTALS[key][2]))


def test_planes_do_not_move_apart_and_upward_at_once() -> None:
    stack = Stack(6, crystal=crystal("CsI"))
    with pytest.raises(SlxrdError, match="shift_I and apart_I both move the same planes"):
        stack.using(["shift_I", "apart_I"])
    assert not any(
        name.startswith("apart_") for key in ("Br", "Pb to S") for name in Stack(crystal=crystal(key)).offers
    )


def test_occupancies_are_of_their_own_crystal() -> None:
    """Two crystals of the same kind: what one of them lacks does not show in the other."""
    pair = Stack(3, 3.0, crystal("Br"), crystal("Br")).using(["occ_surface_Br", "occ_surface_Br_B"])
    values = values_of(pair, 5.84, d_B=5.84, N=4.0, N_B=7.0, sigma_N=0.5, sigma_N_B=0.5)
    less, same = (
        {"occ_surface_Br": 0.4, "occ_surface_Br_B": 1.0},
        {"occ_surface_Br": 1.0, "occ_surface_Br_B": 0.4},
    )
    for given in (less, same):
        assert_brute(pair, {**values, **given})
    apart = np.abs(sharp(pair, {**values, **less}) / sharp(pair, {**values, **same}) - 1.0)
    assert apart.max() > 0.01


def test_two_crystals_of_points_that_alternate() -> None:
    stack = Stack(4, stack="alternating")
    assert_brute(stack, values_of(stack, 5.84))
    changed = stack.using(all_offers(stack))
    assert {"f_B", "dL_B"} <= set(changed.names)
    assert_brute(changed, values_of(changed, 5.84))


@pytest.mark.parametrize("mixing", ["pure", "mixed"])
@pytest.mark.parametrize("spread", [0.5, 2.0, 4.0])
def test_several_numbers_of_crystals(spread: float, mixing: Any) -> None:
    stack = Stack(8, 3.0, crystal("Br"), slab=0.3, coherent_spread=spread, stack=mixing)
    numbers, shares = stack.numbers()
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ numbers == pytest.approx(8.0, abs=0.2)
    stack = stack.using(["unstacked", "sigma_u"])
    assert_brute(stack, values_of(stack, 5.84))


# What is changed in a crystal, against crystals that are made so


def remade(found: Crystal, bottom: Any, inner: Any, top: Any) -> Crystal:
    """A crystal with changed planes; its bottom and top must hold its outermost planes."""
    return replace(
        found,
        bottom=(bottom(found.bottom[0]), *map(inner, found.bottom[1:])),
        repeat=tuple(map(inner, found.repeat)),
        top=(*map(inner, found.top[:-1]), top(found.top[-1])),
    )


def filled(plane: Plane, species: str, occupancy: float) -> Plane:
    return replace(
        plane,
        sites=tuple(replace(s, occupancy=occupancy) if s.species == species else s for s in plane.sites),
    )


def damped(plane: Plane) -> Plane:
    return replace(plane, sites=tuple(replace(site, B=site.B + 0.7) for site in plane.sites))


def same(plane: Plane) -> Plane:
    return plane


SURFACE_BR = (lambda p: filled(p, "Br1-", 0.7), same, lambda p: filled(p, "Br1-", 0.7))
CHANGES: dict[str, tuple[str, float, Any, Any, Any]] = {
    "occ_surface_Br": ("Br", 0.7, *SURFACE_BR),
    "shift_surface": (
        "Br", 0.3, lambda p: replace(p, shift=-0.3), same, lambda p: replace(p, shift=0.3),
    ),
    "shift_Cs": (
        "CsI", 0.2, same, lambda p: replace(p, shift=0.2) if str(p) == "Cs" else p, same,
    ),
    "occ_CsBr_Cs": ("Br", 0.6, same, lambda p: filled(p, "Cs1+", 0.6) if str(p) == "CsBr" else p, same),
    "occ_PbCl2_Cl": ("CsI", 0.5, same, lambda p: filled(p, "Cl1-", 0.5) if str(p) == "PbCl2" else p, same),
    "B": ("CsI", 0.7, damped, damped, damped),
}  # fmt: skip


@pytest.mark.parametrize("mixing", ["pure", "mixed"])
@pytest.mark.parametrize("name", CHANGES)
def test_parameters_of_planes(name: str, mixing: Any) -> None:
    key, value, bottom, inner, top = CHANGES[name]
    found, d = crystal(key), CRYSTALS[key][2]
    stack = Stack(6, 3.0, found, slab=0.3, stack=mixing)
    other = replace(stack, crystal=remade(found, bottom, inner, top))
    stack = stack.using([name])
    values = values_of(stack, d, **{name: value})
    changed = sharp(stack, values)
    assert_same(changed, sharp(other, values))
    unchanged = sharp(stack, {**values, name: stack.table[name].default or 0.0})
    assert np.max(np.abs(changed / unchanged - 1.0)) > 1e-3


def test_a_surface_in_the_repeat_differs_from_the_planes_inside() -> None:
    """PbBr2 ends the crystal and is in every repeat; only its two outermost planes change."""
    n, found = 4, crystal("PbBr2")
    planes = list(found.planes(n))
    planes[0], planes[-1] = (
        replace(filled(p, "Br1-", 0.8), shift=s) for p, s in ((planes[0], -0.1), (planes[-1], 0.1))
    )
    cell = np.zeros(Q.size, complex)
    for plane in planes:
        alone = replace(found, repeat=(replace(plane, position=0.0, shift=0.0),), bottom=(), top=())
        cell += crystal_amplitude(alone, 1, Q, CU) * np.exp(1j * Q * plane.height(5.8))
    stack = Stack(1, 3.0, found).using(["occ_surface_Br", "shift_surface"])
    values = values_of(stack, 5.8, N=4.0, sigma_N=0.0, q_zero=0.0, occ_surface_Br=0.8, shift_surface=0.1)
    assert_same(sharp(stack, values), np.abs(cell) ** 2)


def test_groups_of_atoms_offer_their_occupancy() -> None:
    planes = (
        Plane(0.0, (Site("Pb2+"), Site("I-", 2.0))),
        Plane(0.5, (Site("(CH5N2)"), Site("I-"))),
    )
    stack = Stack(4, crystal=Crystal("FAPbI3", 6.36, planes, area=40.4), slab=0.3)
    changed = stack.using(all_offers(stack))
    assert {"occ_surface_CH5N2", "occ_CH5N2I_CH5N2"} <= set(changed.names)
    assert np.all(np.isfinite(sharp(changed, values_of(changed, 6.36))))


def test_platelets_as_the_second_crystal_have_their_size() -> None:
    pair = Stack(4, crystal=crystal("Br"), partner=slxrd.crystal("CsPbBr3-2ML"))
    assert (pair.table["N_B"].default, pair.table["N_B"].free) == (2.0, False)
    assert (pair.table["sigma_N_B"].default, pair.table["sigma_N_B"].free) == (0.0, False)
    opened = Stack(4, crystal=crystal("Br"), partner=crystal("PbS")).using(["occ_surface_Pb_B"])
    assert (opened.table["N"].lower, opened.table["N_B"].lower) == (1.0, 2.0)
