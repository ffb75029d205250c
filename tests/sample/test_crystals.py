"""The library of crystals, and crystals of one's own."""

from pathlib import Path

import numpy as np
import pytest

from slxrd.errors import FileError, SlxrdError
from slxrd.sample.library.crystals import crystal, crystal_names, terminations

ASKED_FOR = {
    "CsPbCl3",
    "CsPbBr3",
    "CsPbI3",
    "CsPbBr3-2ML",
    "CsPbBr3-3ML",
    "Cs2PbI2Cl2",
    "PbS-100",
    "PbS-111",
    "CdSe-100",
    "CdSe-111",
    "GaAs-001",
    "InAs-001",
    "InGaAs-001",
}

MINE = """
name = "mine"
period = 6.0
source = "made up"
default = "A"
repeat = [[0.0, "P"], [0.5, "Q", 0.02]]
[planes.P]
"Pb2+" = {}
[planes.Q]
"S" = { count = 2, occupancy = 0.5, B = 1.0 }
[terminations.A]
top = [[0.0, "P"]]
[terminations.B]
bottom = [[-0.5, "Q"]]
"""


def test_the_library_holds_what_was_asked_for() -> None:
    assert set(crystal_names()) == ASKED_FOR
    assert set(terminations("CsPbBr3")) == {"Br", "PbBr2", "CsBr"}
    assert terminations("CsPbBr3")[0] == "Br"


@pytest.mark.parametrize("name", sorted(ASKED_FOR))
def test_every_crystal_is_whole(name: str) -> None:
    for surface in terminations(name):
        found = crystal(name, surface)
        assert found.name == name
        assert found.source.startswith("Cell: ")
        assert "B of usual size" in found.assumed
        assert found.area is not None
        assert 15.0 < found.area < 40.0
        assert found.thickness(5) >= 4 * found.period
        # The repeat is neutral, or made of atoms; so is any crystal but one rich in halide.
        assert found.charge(6) - found.charge(5) == 0.0
        assert found.charge(5) == (-2.0 if surface in ("Cl", "Br", "I") else 0.0)


@pytest.mark.parametrize(
    ("name", "density"),
    [
        ("CsPbCl3", 4.21),
        ("CsPbBr3", 4.83),
        ("PbS-100", 7.60),
        ("PbS-111", 7.60),
        ("CdSe-100", 5.66),
        ("GaAs-001", 5.32),
        ("InAs-001", 5.68),
    ],
)
def test_densities_are_those_known(name: str, density: float) -> None:
    """Period, surface cell and counts against the density: bulk values (g/cm³) of handbooks, to 2 %."""
    mass = {"Cs": 132.905, "Pb": 207.2, "Cl": 35.45, "Br": 79.904, "S": 32.06, "Cd": 112.414, "Se": 78.971}
    mass |= {"Ga": 69.723, "As": 74.922, "In": 114.818}
    found = crystal(name)
    grown = {key: found.composition(4)[key] - found.composition(3)[key] for key in found.composition(4)}
    grams = (
        sum(mass[key.rstrip("+-").rstrip("012")] * number for key, number in grown.items()) / 6.02214076e23
    )
    assert found.area is not None
    assert grams / (found.area * found.period * 1e-24) == pytest.approx(density, rel=0.02)


def test_published_thicknesses() -> None:
    """76 Å of CsPbBr3 (SI S.d), 12 and 25 Å of platelets (ACS Nano 2021, 15, 20341), 9.07 Å of PbS (S.d)."""
    assert crystal("CsPbBr3").thickness(13) == pytest.approx(76.0, abs=0.5)
    assert crystal("CsPbBr3").free_gap(36.9) == pytest.approx(36.9 - 5.84)
    assert crystal("CsPbBr3", "PbBr2").thickness(13) == pytest.approx(12 * 5.84)
    platelet = crystal("CsPbBr3-2ML")
    assert platelet.layers is not None
    assert platelet.thickness(platelet.layers) == pytest.approx(12.0, abs=0.5)
    assert crystal("Cs2PbI2Cl2").thickness(3) == pytest.approx(25.0, abs=0.5)
    assert crystal("PbS-100", period=3.0233).thickness(4) == pytest.approx(9.07, abs=0.005)


def test_a_strained_layer() -> None:
    """In0.2Ga0.8As on GaAs (001): the strain along the normal, where the energy is least."""
    a, b, x = 5.65325, 6.0583, 0.2
    c_11, c_12 = (
        (1 - x) * first + x * second for first, second in ((122.1, 83.29), (56.6, 45.26))
    )  # GPa, of GaAs and InAs
    relaxed = (1 - x) * a + x * b
    plane = a / relaxed - 1.0
    strain = np.linspace(0.0, 0.04, 400001)
    energy = 0.5 * c_11 * (2 * plane**2 + strain**2) + c_12 * (plane**2 + 2 * plane * strain)
    normal = relaxed * (1.0 + strain[np.argmin(energy)])
    layer = crystal("InGaAs-001")
    assert layer.period == pytest.approx(normal / 2, abs=1e-4)
    assert layer.area == crystal("GaAs-001").area
    assert layer.composition(4) == pytest.approx({"In": 0.8, "Ga": 3.2, "As": 4.0})


def test_surfaces_may_differ() -> None:
    planes = crystal("PbS-111", ("Pb", "S")).planes(2)
    assert [str(plane) for plane in planes] == ["Pb", "S", "Pb", "S"]
    planes = crystal("CsPbBr3", ("CsBr", "Br")).planes(1)
    assert [str(plane) for plane in planes] == ["CsBr", "PbBr2", "Br"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CsPbBr", "did you mean CsPbBr3"),
        ("pbs-100", "did you mean PbS-100"),
        ("kryptonite", "There are CdSe-100"),
        ("none.toml", "none.toml: does not exist; check the path"),
    ],
)
def test_unknown_crystals(name: str, message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        crystal(name)


def test_unknown_termination() -> None:
    with pytest.raises(SlxrdError, match="no termination 'Cl' of CsPbBr3; there are PbBr2, CsBr, Br"):
        crystal("CsPbBr3", "Cl")


def test_a_crystal_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    found = crystal(path, "B")
    assert [plane.position for plane in found.planes(1)] == [-0.5, 0.0, 0.5]
    assert found.repeat[1].shift == 0.02
    assert found.repeat[1].sites[0].occupancy == 0.5
    assert terminations(path) == ("A", "B")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name", "nome", "a crystal needs name"),
        ("source", "colour = 3\nsource", "unknown entry 'colour'"),
        ("6.0", '"six"', "period 'six' must be a number"),
        ("6.0", "-6.0", "period -6.0 must be a positive"),
        ("default = ", "layers = 1.5\ndefault = ", "layers 1.5 must be a whole number"),
        ('[0.5, "Q", 0.02]', '[0.5, "R"]', "plane 'R' is not described; there are P, Q"),
        ('[0.5, "Q", 0.02]', '["Q", 0.5]', "is not .position, plane"),
        ('[0.5, "Q", 0.02]', '[-0.5, "Q"]', "in order from the bottom up"),
        ('"Pb2+" = {}', '"Pb7+" = {}', "species 'Pb7+'".replace("+", "[+]")),
        ('"Pb2+" = {}', '"Pb2+" = 3', "must have the entries count, occupancy, B"),
        ('"Pb2+" = {}', '"Pb2+" = { B = "much" }', "must be numbers"),
        ('"Pb2+" = {}', "", "holds no atoms"),
        ("occupancy = 0.5", "occupancy = 2", "between 0 and 1"),
        ("top =", "lid =", "must have the entries bottom and top"),
        ('default = "A"', 'default = "C"', "no termination 'C'"),
        ("[planes.P]", "[planes.P", "not TOML"),
        ("planes.", "floors.", "a crystal needs planes"),
    ],
)
def test_documents_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    assert old in MINE
    path.write_text(MINE.replace(old, new), encoding="utf-8")
    with pytest.raises(FileError, match=message) as refusal:
        crystal(path)
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


def test_the_page_lists_the_library() -> None:
    page = (Path(__file__).parents[2] / "docs" / "crystals.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 7]
    cells = {row.split("|")[1].strip(" `"): [cell.strip() for cell in row.split("|")[2:7]] for row in rows}
    listed = {name: row for name, row in cells.items() if name in ASKED_FOR}
    assert set(listed) == ASKED_FOR
    for name, (_, counted, period, surfaces, source) in listed.items():
        found = crystal(name)
        assert float(period) == found.period
        assert tuple(surfaces.replace("`", "").split(", ")) == terminations(name)
        assert str(found.repeat[0]) == counted
        assert ("second-hand" in found.assumed) == ("¹" in source)
        assert found.layers == (int(source[-1]) if "N = " in source else None)


def test_the_file_on_the_page_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "crystals.md").read_text(encoding="utf-8")
    lines = page.partition("## A TOML file\n\n")[2].partition("\n`layers`")[0].splitlines()
    path = tmp_path / "page.toml"
    path.write_text("\n".join(line.removeprefix("    ") for line in lines), encoding="utf-8")
    found = crystal(path)
    assert found.planes(1)[0].height(5.84) == pytest.approx(-2.87)
    assert found.composition(2) == pytest.approx({"Br-": 2 * 2 + 0.9 + 2, "Pb2+": 2, "Cs+": 1})
