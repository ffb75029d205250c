"""Plane distances of substrates against published values and Bragg's law."""

from __future__ import annotations

import math

import pytest

from slxrd.errors import SlxrdError
from slxrd.sample.library.substrates import SUBSTRATES, plane_text, substrate_plane


@pytest.mark.parametrize(
    ("text", "two_theta"),
    [  # Cu Kα₁, as tabulated for these wafers
        ("Si:004", 69.13),
        ("Si:111", 28.44),
        ("GaAs:004", 66.05),
        ("InP:004", 63.34),
        ("SrTiO3:002", 46.47),
        ("LSAT:002", 46.94),
        ("MgO:002", 42.92),
        ("Al2O3:006", 41.68),
        ("LaAlO3:024", 47.97),
        ("GaN:002", 34.57),
        ("ZnO:002", 34.42),
        ("YSZ:002", 34.8),
        ("CeO2:002", 33.08),
        ("DyScO3:110", 22.5),
        ("InAs:002", 29.47),
    ],
)
def test_angles_of_usual_wafers(text: str, two_theta: float) -> None:
    one, plane = substrate_plane(text)
    assert plane is not None
    angle = 2.0 * math.degrees(math.asin(1.540593 / (2.0 * one.distance(plane))))
    assert angle == pytest.approx(two_theta, abs=0.08)


def test_forbidden_orders_are_left_out() -> None:
    si = [plane_text(plane) for plane, _ in SUBSTRATES["Si"].planes(0.6, 10.0) if plane[1:] == (0, 0)]
    assert si == ["400", "800"]
    sapphire = [
        plane_text(plane) for plane, _ in SUBSTRATES["Al2O3"].planes(0.9, 20.0) if plane[:2] == (0, 0)
    ]
    assert sapphire == ["006", "0 0 12"]
    rutile = {plane_text(plane) for plane, _ in SUBSTRATES["TiO2"].planes(0.9, 20.0)}
    assert "100" not in rutile
    assert {"200", "110", "002", "101"} <= rutile


def test_every_material_has_a_source_and_a_plane() -> None:
    for one in SUBSTRATES.values():
        assert one.source
        assert list(one.planes(0.8, 12.0))


@pytest.mark.parametrize("text", ["SrTiO3:0,0,2", "srtio3:002", "SrTiO3: 0 0 2"])
def test_ways_to_write_a_plane(text: str) -> None:
    one, plane = substrate_plane(text)
    assert (one.name, plane) == ("SrTiO3", (0, 0, 2))


@pytest.mark.parametrize("text", ["Unobtainium", "Si:04", "Si:a", "Si:000", ""])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(SlxrdError):
        substrate_plane(text)
