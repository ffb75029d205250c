"""Planes, crystals, and the arrays made of them."""

from dataclasses import replace

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.sample.amplitudes import crystal_amplitude, crystal_arrays, structure_factor
from slxrd.sample.crystal import Crystal
from slxrd.sample.form_factors import scattering
from slxrd.sample.planes import Plane, Site

CU = 1.540593
PBBR2 = (Site("Pb2+", B=2.0), Site("Br-", 2.0, B=4.0))
CSBR = (Site("Cs+", B=6.0), Site("Br-", B=4.0))
BARE = Crystal("bare", 5.84, (Plane(0.0, PBBR2), Plane(0.5, CSBR)), top=(Plane(0.0, PBBR2),))


def full(**changes: object) -> Crystal:
    """Br-terminated, the surface relaxed by 0.1 Å, partly occupied."""
    surface = (Site("Br-", 1.0, 0.8, 5.0),)
    ends = {
        "bottom": (Plane(-0.5, surface, 0.1),),
        "top": (Plane(0.0, PBBR2), Plane(0.5, surface, -0.1)),
    }
    return replace(BARE, **{**ends, **changes})


def test_planes_of_a_crystal() -> None:
    planes = full().planes(3)
    assert [str(plane) for plane in planes] == ["Br", "PbBr2", "CsBr", "PbBr2", "CsBr", "PbBr2", "Br"]
    assert [plane.position for plane in planes] == [-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert planes[0].height(6.0) == pytest.approx(-2.9)
    assert [str(plane) for plane in full().planes(1)] == ["Br", "PbBr2", "Br"]
    assert [plane.position for plane in full().planes(1)] == [-0.5, 0.0, 0.5]


def test_a_crystal_without_a_closing_plane() -> None:
    cesium = replace(BARE, bottom=(Plane(-0.5, CSBR),), top=())
    assert (cesium.closing, cesium.repeats(3), BARE.closing, BARE.repeats(3)) == (0, 3, 1, 2)
    assert [plane.position for plane in cesium.planes(2)] == [-0.5, 0.0, 0.5, 1.0, 1.5]
    assert cesium.thickness(13) == pytest.approx(13 * 5.84)
    further = replace(cesium, top=(Plane(0.25, PBBR2),))
    assert [plane.position for plane in further.planes(2)][-1] == 2.25
    assert further.overhang() == pytest.approx((0.5 * 5.84, 1.25 * 5.84))


@pytest.mark.parametrize("crystal", [BARE, full(), replace(BARE, top=()), BARE.cut(1, 1), BARE.cut(1, 0)])
@pytest.mark.parametrize("N", [1, 2, 7])
def test_thickness_is_from_the_lowest_to_the_highest_plane(crystal: Crystal, N: int) -> None:
    heights = [plane.height(6.1) for plane in crystal.planes(N)]
    assert heights == sorted(heights)
    assert crystal.thickness(N, 6.1) == pytest.approx(heights[-1] - heights[0])
    assert crystal.free_gap(36.9, 6.1) == pytest.approx(36.9 + (N - 1) * 6.1 - (heights[-1] - heights[0]))


def test_composition_and_charge() -> None:
    # Three PbBr2, two CsBr, and 0.8 Br at each end.
    assert full().composition(3) == pytest.approx({"Br-": 3 * 2 + 2 + 1.6, "Pb2+": 3.0, "Cs+": 2.0})
    assert full().charge(3) == pytest.approx(-1.6)
    assert BARE.charge(3) == 0.0
    assert BARE.electrons(1) == 80 + 2 * 36


def test_cut() -> None:
    cesium = BARE.cut("CsBr", 1)
    assert [str(plane) for plane in cesium.planes(1)] == ["CsBr", "PbBr2", "CsBr"]
    assert [str(plane) for plane in cesium.cut(0, "PbBr2").planes(2)] == ["PbBr2", "CsBr", "PbBr2"]
    assert [str(plane) for plane in cesium.cut(1, 0).planes(2)] == ["CsBr", "PbBr2", "CsBr", "PbBr2"]
    with pytest.raises(SlxrdError, match="no plane is called 'Br'; give a number: 0 PbBr2, 1 CsBr"):
        BARE.cut("Br", 0)
    with pytest.raises(SlxrdError, match="no plane has the number 2"):
        BARE.cut(0, 2)
    twice = Crystal("twice", 9.0, (Plane(0.0, PBBR2), Plane(0.3, CSBR), Plane(0.7, CSBR)))
    with pytest.raises(SlxrdError, match="several planes are called 'CsBr'"):
        twice.cut(0, "CsBr")


@pytest.mark.parametrize("N", [1, 2, 13])
@pytest.mark.parametrize("crystal", [full(), BARE.cut(1, 1), BARE.cut(1, 0)])
def test_arrays_give_the_sum_over_planes(crystal: Crystal, N: int) -> None:
    q, d = np.linspace(0.0, 3.0, 40), 5.9
    brute = np.zeros(q.size, dtype=complex)
    for plane in crystal.planes(N):
        for site in plane.sites:
            factor = site.count * site.occupancy * scattering(site.species, q, CU)
            brute += factor * np.exp(
                -site.B * (q / 4 / np.pi) ** 2 + 1j * q * (plane.position * d + plane.shift)
            )
    arrays = crystal_arrays(crystal, q, CU)
    parts = []
    for part in (arrays.bottom, arrays.repeat, arrays.top):
        heights = part.positions * d + part.shifts
        parts.append((part.amplitudes() * np.exp(1j * heights[:, None] * q)).sum(axis=0))
    n = N - arrays.closing
    ladder = np.exp(1j * np.outer(np.arange(n), q * d)).sum(axis=0)
    assert parts[0] + parts[1] * ladder + parts[2] * np.exp(1j * n * q * d) == pytest.approx(brute, rel=1e-12)
    assert crystal_amplitude(crystal, N, q, CU, d) == pytest.approx(brute, rel=1e-12)
    assert structure_factor(crystal, q, CU, d) == pytest.approx(parts[1], rel=1e-12)


def test_slopes_and_occupancies() -> None:
    q, step = np.linspace(0.2, 3.0, 9), 1e-5
    here, up, down = (crystal_arrays(full(), q + x, CU).bottom for x in (0.0, step, -step))
    numeric = (up.amplitudes() - down.amplitudes()) / (2 * step)
    assert here.amplitude_slopes() == pytest.approx(numeric, abs=1e-6)
    assert here.amplitudes()[0] == pytest.approx(0.8 * here.sites[0])
    repeat = crystal_arrays(full(), q, None).repeat
    assert repeat.plane.tolist() == [0, 0, 1, 1]
    assert repeat.amplitudes()[1] == pytest.approx(repeat.sites[2] + repeat.sites[3])
    with pytest.raises(ValueError, match="read-only"):
        repeat.sites[0, 0] = 0.0
    assert crystal_arrays(BARE, q, None).bottom.amplitudes().shape == (0, 9)


def wrong(**changes: object) -> Crystal:
    return replace(BARE, **changes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Site("Qq"), "unknown species"),
        (lambda: Site("Pb", occupancy=1.1), "occupancy 1.1 must lie between 0 and 1"),
        (lambda: Site("Pb", occupancy=float("nan")), "occupancy"),
        (lambda: Site("Pb", count=0.0), "count"),
        (lambda: Site("Pb", B=-1.0), "Debye-Waller"),
        (lambda: Plane(0.0, ()), "no atoms"),
        (lambda: Plane(float("inf"), PBBR2), "finite"),
        (lambda: wrong(period=0.0), "period"),
        (lambda: wrong(area=-1.0), "area"),
        (lambda: wrong(layers=0), "layers"),
        (lambda: wrong(repeat=()), "at least one plane"),
        (lambda: wrong(repeat=(Plane(0.1, PBBR2),)), "put it at position 0"),
        (lambda: wrong(repeat=(Plane(0.0, PBBR2), Plane(1.0, CSBR))), "repeat: plane PbBr2 .* above CsBr"),
        (lambda: wrong(repeat=(Plane(0.0, PBBR2), Plane(0.0, CSBR))), "repeat: plane CsBr at 0.000 Å"),
        (lambda: wrong(bottom=(Plane(0.2, CSBR),)), "bottom: plane PbBr2"),
        (lambda: wrong(top=(Plane(-0.6, CSBR),)), "top: plane CsBr"),
        (lambda: wrong(top=(Plane(0.0, PBBR2), Plane(0.1, CSBR, -0.6))), "in order from the bottom up"),
        (lambda: BARE.planes(0), "N = 0"),
        (lambda: BARE.planes(2.5), "whole number"),  # type: ignore[arg-type]
        (lambda: crystal_amplitude(BARE, 3, [1.0], 500.0), "wavelength"),
    ],
)
def test_what_no_crystal_can_be_is_refused(make: object, message: str) -> None:
    with pytest.raises(SlxrdError, match=message) as refusal:
        make()  # type: ignore[operator]
    assert "\n" not in str(refusal.value)
