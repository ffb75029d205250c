"""Planes from CIF files, against gemmi's own structure factors in three dimensions; what is refused."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from slxrd.errors import FileError, SlxrdError
from slxrd.sample.amplitudes import structure_factor
from slxrd.sample.cif.read import crystal_from_cif
from slxrd.sample.specification import as_crystal

gemmi = pytest.importorskip("gemmi")

COLUMNS = ["label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy", "U_iso_or_equiv"]
ANISO = ["label", "U_11", "U_22", "U_33", "U_12", "U_13", "U_23"]
PEROVSKITE = ("Cs Cs+ .5 .5 .5 1 0.07", "Pb Pb2+ 0 0 0 1 0.02", "Br Br- .5 0 0 1 .05")
GALENA = ("Pb Pb 0 0 0 1 0.017", "S S .5 .5 .5 1 .017")
TILTED = (
    "Cs Cs+ .53 .25 .99 1 0.07",
    "Pb Pb2+ 0 0 .5 1 0.02",
    "Br1 Br- .49 .25 .55 1 .05",
    "Br2 Br- .29 .02 .70 1 .05",
)


def text(
    cell: tuple[float, ...],
    group: str | None,
    atoms: tuple[str, ...],
    extra: str = "",
    aniso: tuple[str, ...] = (),
) -> str:
    """Write a CIF of a structure."""
    names = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"]
    lines = ["data_test", *(f"_cell_{name} {x}" for name, x in zip(names, cell, strict=True))]
    if group:
        lines.append(f"_space_group_name_H-M_alt '{group}'")
    lines += [extra, "loop_", *(f"_atom_site_{name}" for name in COLUMNS), *atoms]
    if aniso:
        lines += ["loop_", *(f"_atom_site_aniso_{name}" for name in ANISO), *aniso]
    return "\n".join(lines) + "\n"


def cubic(a: float) -> tuple[float, ...]:
    return (a, a, a, 90, 90, 90)


FORMULA = "_chemical_formula_sum 'Br3 Cs Pb'\n_cell_formula_units_Z"
ONLY_XYZ = "loop_\n_space_group_symop_operation_xyz\nx,y,z"
STRUCTURES = {
    "perovskite": text(cubic(5.84), "P m -3 m", PEROVSKITE, f"{FORMULA} 1"),
    "galena": text(cubic(5.936), "F m -3 m", GALENA),
    "tilted": text(
        (8.25, 11.75, 8.2, 90, 90, 90), "P n m a", TILTED, f"{FORMULA} 4", ("Br2 .03 .06 .04 .01 -.008 .012",)
    ),
    "monoclinic": text(
        (6.1, 7.3, 9.4, 90, 103, 90),
        "P 1 21/c 1",
        ("A Sr .11 .23 .31 1 0.02", "B Se .42 .05 .77 .7 .01"),
        aniso=("A .03 .06 .04 .01 -.008 .012",),
    ),
    "centred": text(
        (7.2, 9.1, 6.3, 90, 98, 90), "C 1 2/m 1", ("A Zr .13 0 .29 1 .02", "B Se 0 .21 .5 .8 .01")
    ),
    "wurtzite": text(
        (4.3, 4.3, 7.01, 90, 90, 120),
        "P 63 m c",
        ("Cd Cd .33333 .66667 0 1 .02", "Se Se .33333 .66667 .375 1 .01"),
    ),
    "triclinic": text(
        (5.1, 6.2, 7.3, 81, 97, 105),
        "P 1",
        ("A Pb .1 .2 .3 1 .02", "B S .7 .55 .9 1 .03"),
        aniso=("B .03 .06 .04 .01 -.008 .012",),
    ),
}
NORMALS = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, -1), (1, 1, 0), (1, 0, 1), (1, -1, 1), (-1, 1, 2)]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    for name, content in STRUCTURES.items():
        (tmp_path / f"{name}.cif").write_text(content, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("hkl", NORMALS)
@pytest.mark.parametrize("name", STRUCTURES)
def test_orders_of_reflection_are_those_of_three_dimensions(
    written: Path, name: str, hkl: tuple[int, int, int]
) -> None:
    """|F(n·hkl)| of the planes and of the structure, extinctions included; f₀ from two tables.

    gemmi works in three dimensions, with its own symmetry, occupancies and displacement tensors.
    """
    path = str(written / f"{name}.cif")
    crystal = crystal_from_cif(path, hkl, tolerance=1e-4, neutral=True)
    structure = gemmi.read_small_structure(path)
    structure.change_occupancies_to_crystallographic()
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    spacing = structure.cell.calculate_d(hkl)
    parts = round(spacing / crystal.period)
    assert crystal.period == pytest.approx(spacing / parts, rel=1e-12)
    # As many surface cells as the volumes say, a whole number.
    assert crystal.area is not None
    cells = structure.cell.volume / (crystal.area * crystal.period)
    assert cells == pytest.approx(round(cells), rel=1e-9)
    for order in range(1, 6):
        expected = abs(calculator.calculate_sf_from_small_structure(structure, [order * i for i in hkl]))
        if order % parts:
            assert expected < 0.02, "a reflection that the planes do not have"
            continue
        found = cells * abs(structure_factor(crystal, [2 * np.pi * order / spacing], None)[0])
        assert found == pytest.approx(expected, rel=0.004, abs=0.05 * cells)


def test_operations_listed_one_by_one_are_the_group(tmp_path: Path) -> None:
    path = tmp_path / "listed.cif"
    every = "\n".join(operation.triplet() for operation in gemmi.SpaceGroup("F m -3 m").operations())
    for group in ("F m -3 m", None):
        listed = ONLY_XYZ.replace("x,y,z", every)
        path.write_text(text(cubic(5.936), group, GALENA, listed), encoding="utf-8")
        crystal = crystal_from_cif(path, (1, 0, 0))
        assert crystal.period == pytest.approx(2.968)
        assert crystal.area == pytest.approx(5.936**2 / 2)


def test_cubic_planes(written: Path) -> None:
    crystal = crystal_from_cif(written / "perovskite.cif", (1, 0, 0))
    assert [str(plane) for plane in crystal.repeat] == ["PbBr2", "CsBr"]
    assert [plane.position for plane in crystal.repeat] == [0.0, 0.5]
    assert crystal.repeat[1].sites[0].species == "Cs1+"
    assert crystal.repeat[1].sites[0].B / (8 * np.pi**2) == pytest.approx(0.07)
    assert [str(plane) for plane in crystal.planes(2)] == ["PbBr2", "CsBr", "PbBr2"]
    ended = crystal_from_cif(written / "perovskite.cif", (1, 0, 0), bottom="CsBr", top="CsBr")
    assert [str(plane) for plane in ended.planes(1)] == ["CsBr", "PbBr2", "CsBr"]
    assert ended.charge(4) == 0.0
    same = crystal_from_cif(written / "perovskite.cif", np.array([0, -3, 0]))
    assert (same.period, same.repeat) == (crystal.period, crystal.repeat)


def test_tilted_octahedra_merge_into_the_planes_of_the_cubic_cell(written: Path) -> None:
    fine = crystal_from_cif(written / "tilted.cif", (0, 1, 0))
    assert [str(plane) for plane in fine.repeat] == ["Cs2Br2", "Br2", "Pb2", "Br2"]
    coarse = crystal_from_cif(written / "tilted.cif", (0, 1, 0), tolerance=0.6)
    assert sorted(str(plane) for plane in coarse.repeat) == ["Cs2Br2", "Pb2Br4"]
    assert coarse.repeat[1].position == pytest.approx(0.5)
    assert coarse.period == fine.period == pytest.approx(11.75 / 2)
    assert coarse.area == pytest.approx(8.25 * 8.2)


def test_a_plane_is_not_cut_by_the_border_of_the_cell(tmp_path: Path) -> None:
    path = tmp_path / "border.cif"
    path.write_text(
        text(cubic(6.0), "P 1", ("A Pb 0 0 .996 1 .01", "B Pb .5 .5 .004 1 .01")), encoding="utf-8"
    )
    crystal = crystal_from_cif(path, (0, 0, 1))
    assert [str(plane) for plane in crystal.repeat] == ["Pb2"]


def test_missing_displacements_and_deuterium(tmp_path: Path) -> None:
    path = tmp_path / "a.cif"
    content = text(cubic(4.0), "P 1", ("A Pb 0 0 0 1 ?", "D D 0 0 .5 1 .01"), "_chemical_formula_sum 'D Pb'")
    path.write_text(content, encoding="utf-8")
    crystal = crystal_from_cif(path, (0, 0, 1), B=1.5)
    assert [(str(plane), plane.sites[0].B) for plane in crystal.repeat] == [
        ("Pb", 1.5),
        ("H", pytest.approx(8 * np.pi**2 * 0.01)),
    ]
    assert "B = 1.5" in crystal.assumed


ATOMS = ("A Pb2+ 0 0 0 1 .01", "B S2- .5 .5 .5 1 .01")


def test_texts_that_are_not_utf_8_are_read_as_latin_1(tmp_path: Path) -> None:
    """Old files have names of authors in Latin-1; a name of the space group has to be a known one."""
    path = tmp_path / "old.cif"
    valid = STRUCTURES["perovskite"]
    path.write_bytes(valid.replace("data_test", "data_test\n_publ_author_name 'Müller'").encode("latin-1"))
    found = crystal_from_cif(path, (1, 0, 0), neutral=True)
    path.write_text(valid, encoding="utf-8")
    assert found.repeat == crystal_from_cif(path, (1, 0, 0), neutral=True).repeat
    for old, new in (("P m -3 m", "P m \xbf3 m"), ("data_test", "data_\xa1"), (" Pb ", " P\xf1 ")):
        path.write_bytes(valid.replace(old, new).encode("latin-1"))
        with contextlib.suppress(FileError):
            crystal_from_cif(path, (1, 0, 0), neutral=True)


NO_CELL = text(cubic(5.9), "P 1", ATOMS).replace("_cell_length_a 5.9\n", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a CIF|lists no atoms"),
        ("hello", "not a CIF"),
        ("data_x\n_cell_length_a 5\n", "lists no atoms"),
        (NO_CELL, "no unit cell"),
        (text((0.0, 5, 5, 90, 90, 90), "P 1", ATOMS), "no unit cell"),
        (text((5, 5, 5, 170, 90, 20), "P 1", ATOMS), "no unit cell"),
        (text(cubic(5.9), "P 1", ATOMS) * 2, "not a CIF that can be read: duplicate block"),
        (
            text(cubic(5.9), None, ATOMS, ONLY_XYZ.replace("x,y,z", "x,y,w")),
            "symmetry operation cannot be read",
        ),
        (text(cubic(5.9), "P 1", ATOMS), "S2-'.*neutral=True"),
        (text(cubic(5.9), "P 1", ("A Pb 0 ? 0 1 .01",)), "atom A has no coordinates"),
        (text(cubic(5.9), "P 1", ("A Pb 0 0 0 1.4 .01",)), "atom A: .*occupancy"),
        (text(cubic(5.9), "P 1", ("A Pb 0 0 0 1 -.01",)), "atom A: .*Debye-Waller"),
        (text(cubic(5.9), "P 1", ("A Qq 0 0 0 1 .01",)), "atom A: 'Qq' is no element"),
        (text(cubic(5.9), "P 1", ("A Pb 0 0 0 0 .01",)), "occupancy 0"),
        (text(cubic(5.9), "F m -3 m", GALENA, ONLY_XYZ), "lists only the operation x,y,z though .* has 192"),
        (
            text(cubic(5.9), "F m -3 m", GALENA, f"_chemical_formula_sum 'Pb S'\n{ONLY_XYZ}"),
            "atoms would be lost",
        ),
        (
            text(cubic(5.84), "P m -3 m", PEROVSKITE, f"{FORMULA} 1\n{ONLY_XYZ}"),
            "holds 1 Br, but 3 by its formula 'Br3 Cs Pb'",
        ),
        (text(cubic(5.84), None, PEROVSKITE, ONLY_XYZ), "names no space group"),
        (text(cubic(5.84), None, PEROVSKITE), "names no space group"),
        (text(cubic(5.9), "F m -3 m", GALENA, "_chemical_formula_sum 'Pb S2'"), "holds 4 S, but 8 by"),
        (
            text(cubic(5.9), "F m -3 m", GALENA, "_chemical_formula_sum 'Pb S'\n_cell_formula_units_Z 2"),
            "but 2 by",
        ),
        (text(cubic(5.9), "F m -3 m", GALENA, "_chemical_formula_sum 'lead'"), "is not a formula"),
        (
            text(cubic(5.9), "F m -3 m", GALENA, "_chemical_formula_sum 'Pb S'\n_cell_formula_units_Z no"),
            "_cell_formula_units_Z",
        ),
        (
            STRUCTURES["galena"] + STRUCTURES["galena"].replace("data_test", "data_other"),
            "several structures.*other",
        ),
    ],
)
def test_cifs_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.cif"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SlxrdError, match=message) as refusal:
        crystal_from_cif(path, (1, 0, 0))
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "extra",
    [
        "_chemical_formula_sum 'Pb S'\n_cell_formula_units_Z 1",
        f"_chemical_formula_sum 'Pb S'\n_cell_formula_units_Z 1\n{ONLY_XYZ}",
    ],
)
def test_a_complete_cell_without_a_space_group_is_taken(tmp_path: Path, extra: str) -> None:
    path = tmp_path / "good.cif"
    path.write_text(text(cubic(3.0), None, GALENA, extra), encoding="utf-8")
    assert len(crystal_from_cif(path, (1, 0, 0)).repeat) == 2


def test_what_cannot_be_checked_is_accepted_on_request(tmp_path: Path) -> None:
    path = tmp_path / "accepted.cif"
    path.write_text(text(cubic(3.0), None, GALENA, ONLY_XYZ), encoding="utf-8")
    assert len(crystal_from_cif(path, (1, 0, 0), check=False).repeat) == 2
    two = STRUCTURES["galena"] + STRUCTURES["galena"].replace("data_test", "data_other")
    path.write_text(two, encoding="utf-8")
    assert crystal_from_cif(path, (1, 0, 0), block="other").period == pytest.approx(2.968)
    with pytest.raises(SlxrdError, match="block 'third' lists no atoms"):
        crystal_from_cif(path, (1, 0, 0), block="third")


@pytest.mark.parametrize(
    ("hkl", "message"),
    [
        ((10**12, 0, 1), "must be from -1000 to 1000"),
        ((0, 0, 0), "is no direction"),
        ((1, 0), "three whole numbers"),
        ((1.5, 0, 0), "three whole numbers"),
        ((True, 0, 0), "three whole numbers"),
        ((7, 11, 13), r"along \(7 11 13\).* not a layered direction; take smaller"),
    ],
)
def test_directions_refused(written: Path, hkl: tuple[int, ...], message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        crystal_from_cif(written / "galena.cif", hkl)


def test_more_refusals(written: Path, tmp_path: Path) -> None:
    with pytest.raises(SlxrdError, match=r"none[.]cif: does not exist; check the path"):
        crystal_from_cif(tmp_path / "none.cif", (1, 0, 0))
    with pytest.raises(SlxrdError, match="form no planes: not a layered direction"):
        crystal_from_cif(written / "tilted.cif", (1, 0, 1), tolerance=3.0)
    with pytest.raises(SlxrdError, match="tolerance"):
        crystal_from_cif(written / "tilted.cif", (1, 0, 1), tolerance=0.0)
    with pytest.raises(SlxrdError, match="give a number: 0 PbBr2, 1 CsBr"):
        crystal_from_cif(written / "perovskite.cif", (1, 0, 0), top="Br")


def test_without_gemmi_the_remedy_is_said(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "gemmi", None)
    with pytest.raises(SlxrdError, match=r'pip install "slxrd\[cif\]"'):
        crystal_from_cif(written / "galena.cif", (1, 0, 0))


def test_hydrogen_that_a_cif_leaves_out_is_said_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapi.cif"
    atoms = ("Pb Pb 0 0 0 1 .02", "I I .5 0 0 1 .05", "C C .5 .5 .45 1 .1", "N N .5 .5 .6 1 .1")
    cell = (6.3, 6.3, 6.3, 90, 90, 90)
    formula = "_chemical_formula_sum 'C H6 I3 N Pb'\n_cell_formula_units_Z 1"
    listed = (*atoms[:1], "I1 I .5 0 0 1 .05", "I2 I 0 .5 0 1 .05", "I3 I 0 0 .5 1 .05", *atoms[2:])
    path.write_text(text(cell, "P 1", listed, formula), encoding="utf-8")
    found = crystal_from_cif(path, (0, 0, 1))
    assert found.assumed == "6 of 6 H in the cell are not in the CIF"
    path.write_text(text(cell, "P 1", atoms, formula), encoding="utf-8")
    with pytest.raises(SlxrdError, match=r"holds 1 I, but 3 by its formula"):
        crystal_from_cif(path, (0, 0, 1))


def test_any_plane_may_be_the_one_that_is_counted(written: Path) -> None:
    """Tilted octahedra split PbBr₂ planes, and CsBr becomes that of most electrons."""
    path = written / "tilted.cif"
    usual = crystal_from_cif(path, (0, 1, 0))
    turned = crystal_from_cif(path, (0, 1, 0), reference="Pb2")
    assert (str(usual.repeat[0]), str(turned.repeat[0])) == ("Cs2Br2", "Pb2")
    q = 2.0 * np.pi / usual.period * np.arange(1, 5)
    one, other = (np.abs(structure_factor(each, q, None)) for each in (usual, turned))
    assert one == pytest.approx(other, rel=1e-9)
    assert [plane.position for plane in turned.repeat] == sorted(plane.position for plane in turned.repeat)


def test_what_is_said_behind_the_name_arrives(written: Path) -> None:
    name = f"{written / 'tilted.cif'}:0,1,0"
    merged = as_crystal(f"{name}:tolerance=1.5:Pb2Br4:Cs2Br2")
    assert [str(plane) for plane in merged.repeat] == ["Pb2Br4", "Cs2Br2"]
    assert merged.ended().endswith("(Pb2Br4 … Cs2Br2)")
    assert str(as_crystal(f"{name}:reference=Pb2").repeat[0]) == "Pb2"
    for wrong in ("tolerance=wide", "neutral=maybe", "colour=red", "block="):
        with pytest.raises(SlxrdError, match="is none of reference=a plane, tolerance=Å"):
            as_crystal(f"{name}:{wrong}")


def test_a_drive_in_the_name_of_a_file_is_no_separator() -> None:
    with pytest.raises(SlxrdError, match=r"C:\\my\\a.cif: does not exist; check the path"):
        as_crystal(r"C:\my\a.cif:1,0,0:neutral=yes")
