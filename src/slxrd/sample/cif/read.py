"""Crystals from CIF files: the only module that imports gemmi, on first use."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._documents import read_bytes
from slxrd.errors import FileError, SlxrdError
from slxrd.sample.cif.formula import check_atoms
from slxrd.sample.cif.projection import Atom, repeating_planes
from slxrd.sample.crystal import Crystal
from slxrd.sample.form_factors import check_species
from slxrd.sample.planes import Site
from slxrd.sample.species import Ion

#: Largest index of lattice planes.
LARGEST_INDEX = 1000
#: Images of an atom closer than this, in Å, are the same atom on a special position.
SAME_ATOM = 0.1


@check_arguments
def crystal_from_cif(
    path: str | Path,
    hkl: Sequence[int] | tuple[int, int, int],
    *,
    bottom: int | str | None = None,
    top: int | str | None = None,
    reference: int | str | None = None,
    tolerance: float = 0.05,
    B: float = 0.0,
    neutral: bool = False,
    check: bool = True,
    block: str | None = None,
) -> Crystal:
    """Crystal whose film normal is perpendicular to the lattice planes (hkl) of a CIF.

    The plane of most electrons is the plane of reference. Displacement parameters are taken along the
    normal, B = 8π²⟨u²⟩, also from anisotropic ones. Only the direction of (hkl) counts: (200) is (100).

    Parameters
    ----------
    path : str or Path
        The CIF.
    hkl : sequence of int
        Miller indices in the cell of the CIF.
    bottom, top : int or str
        The planes that end the crystal, by number or composition, as in :meth:`Crystal.cut`; both are the
        plane of reference if not given.
    reference : int or str, optional
        The plane of reference, which N counts, by number or composition, in place of that of most electrons.
        It then has the number 0.
    tolerance : float
        Atoms within this many Å in height make one plane, which then lies at their mean height.
    B : float
        B in Å² of atoms without a displacement parameter in the CIF.
    neutral : bool
        Whether charges that the CIF writes, as in ``S2-``, are ignored.
    check : bool
        Whether a CIF whose atoms do not agree with its formula, or cannot be checked, is refused.
    block : str, optional
        Name of the data block, where the file holds several structures.

    Raises
    ------
    SlxrdError
        If gemmi is not installed, the file has no cell or atoms, lists less atoms than its formula, holds
        an unknown species, or the direction has no layers.
    """
    direction = _direction(hkl)
    if not (math.isfinite(tolerance) and tolerance > 0.0):
        raise SlxrdError(f"tolerance {tolerance!r}: must be a positive number of Å")
    where = str(path)
    data, structure = _structure(where, block)
    operations, named = _operations(structure, where)
    atoms = _atoms(structure, operations, direction, where, B, neutral)
    remarks = [f"B = {B:g} Å² for atoms without one in the CIF"] if B else []
    if check:
        counts: dict[str, float] = {}
        for element, occupancy, _ in atoms:
            counts[element] = counts.get(element, 0.0) + occupancy
        formula, units = (data.find_value(tag) for tag in ("_chemical_formula_sum", "_cell_formula_units_Z"))
        remarks += [check_atoms(counts, _text(formula), _text(units), len(operations), named, where)]
    spacing = float(structure.cell.calculate_d(direction))
    shifts = [np.array(shift) / _denominator() for shift in operations.cen_ops]
    cells = sum(1 for shift in shifts if math.isclose((shift @ direction + 0.5) % 1.0, 0.5, abs_tol=1e-9))
    try:
        period, planes = repeating_planes([atom for *_, atom in atoms], spacing, cells, tolerance)
        name = "({} {} {})".format(*direction)
        crystal = Crystal(
            name=f"{Path(path).name} {name}",
            period=period,
            repeat=planes,
            area=float(structure.cell.volume) / spacing / cells,
            source=where,
            assumed="; ".join(remark for remark in remarks if remark),
        )
        if reference is not None:
            crystal = crystal.with_reference_plane(reference)
        return crystal.cut(0 if bottom is None else bottom, 0 if top is None else top)
    except SlxrdError as error:
        raise FileError(where, f"along ({' '.join(map(str, direction))}): {error}") from None


def _direction(hkl: Sequence[int]) -> tuple[int, int, int]:
    indices = tuple(hkl)
    whole = all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in indices)
    if len(indices) != 3 or not whole:
        raise SlxrdError(f"hkl {indices!r}: must be three whole numbers, such as (1, 0, 0)")
    divisor = math.gcd(*map(int, indices))
    if divisor == 0:
        raise SlxrdError("hkl (0, 0, 0) is no direction: at least one index must differ from 0")
    if max(map(abs, indices)) > LARGEST_INDEX:
        raise SlxrdError(f"hkl {indices!r}: indices must be from -{LARGEST_INDEX} to {LARGEST_INDEX}")
    h, k, l = (int(i) // divisor for i in indices)  # noqa: E741  # the name of the index
    return h, k, l


def _gemmi() -> Any:
    try:
        import gemmi
    except ImportError:
        raise SlxrdError('reading a CIF needs gemmi: pip install "slxrd[cif]"') from None
    return gemmi


def _denominator() -> int:
    """In which fractions gemmi counts the translations of symmetry operations."""
    return int(_gemmi().Op.DEN)


def _structure(where: str, wanted: str | None) -> tuple[Any, Any]:
    gemmi = _gemmi()
    if not os.path.isfile(where):
        raise FileError(where, "does not exist; check the path")
    content = read_bytes(where)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # names of authors in older files; CIF 1.1 itself is ASCII
        text = content.decode("latin-1")
    try:
        blocks = {data.name: data for data in gemmi.cif.read_string(text)}
    except (ValueError, RuntimeError) as error:
        why = str(error).splitlines()[0].removeprefix("string:").strip()
        raise FileError(where, f"not a CIF that can be read: {why}") from None
    found = {name: data for name, data in blocks.items() if data.find_loop("_atom_site_fract_x")}
    if wanted is not None:
        found = {name: data for name, data in found.items() if name == wanted}
    if not found:
        looked = f"block {wanted!r} " if wanted is not None else ""
        raise FileError(
            where, f"{looked}lists no atoms (_atom_site_fract_x, _y and _z): not a crystal structure"
        )
    if len(found) > 1:
        raise FileError(where, f"holds several structures; add :block=NAME, one of {', '.join(found)}")
    data = next(iter(found.values()))
    structure = gemmi.make_small_structure_from_block(data)
    if not (structure.cell.is_crystal() and structure.cell.volume > 0.0):
        raise FileError(where, "has no unit cell (_cell_length_a to _cell_angle_gamma)")
    return data, structure


def _operations(structure: Any, where: str) -> tuple[Any, int | None]:
    """Symmetry operations of the CIF, and their number in its space group if the file names one."""
    gemmi = _gemmi()
    named = gemmi.find_spacegroup_by_name(structure.spacegroup_hm) if structure.spacegroup_hm else None
    if named is None and structure.spacegroup_number:
        named = gemmi.find_spacegroup_by_number(structure.spacegroup_number)
    order = len(named.operations()) if named is not None else None
    if structure.symops:
        try:
            return gemmi.GroupOps([gemmi.Op(text) for text in structure.symops]), order
        except (ValueError, RuntimeError) as error:
            raise FileError(where, f"a symmetry operation cannot be read: {error}") from None
    if structure.spacegroup is not None:
        return structure.spacegroup.operations(), order
    return gemmi.GroupOps([gemmi.Op("x,y,z")]), order


def _atoms(
    structure: Any, operations: Any, direction: tuple[int, int, int], where: str, B: float, neutral: bool
) -> list[tuple[str, float, Atom]]:
    """All atoms of the cell: element, occupancy, height and B along the film normal."""
    normal = np.array(direction, dtype=np.float64)
    orthogonal = np.array(structure.cell.orth.mat.tolist())
    spacing = float(structure.cell.calculate_d(direction))
    atoms = []
    for listed in structure.sites:
        position = np.array(listed.fract.tolist())
        if not np.all(np.isfinite(position)):
            raise FileError(where, f"atom {listed.label} has no coordinates; give them, or remove it")
        element = "H" if listed.element.name == "D" else str(listed.element.name)
        if element == "X":  # what gemmi makes of a symbol that it does not know
            raise FileError(
                where,
                f"atom {listed.label}: {listed.type_symbol or listed.label!r} is no element; mend the CIF",
            )
        species = str(Ion(element, 0 if neutral else int(listed.charge)))
        try:
            check_species(species)
        except SlxrdError as error:
            hint = "; :neutral=yes (in Python neutral=True) takes neutral atoms" if listed.charge else ""
            raise FileError(where, f"atom {listed.label}: {error}{hint}") from None
        images: list[np.ndarray[Any, np.dtype[np.float64]]] = []
        for operation in operations:
            rotation = np.array(operation.rot) / operation.DEN
            image = rotation @ position + np.array(operation.tran) / operation.DEN
            apart = [(orthogonal @ (gap - np.round(gap))) for gap in (image - other for other in images)]
            if any(float(np.linalg.norm(gap)) < SAME_ATOM for gap in apart):
                continue
            images.append(image)
            damping = _along(listed, normal @ rotation, structure.cell, spacing, B)
            try:
                site = Site(species, 1.0, float(listed.occ), damping)
            except SlxrdError as error:
                raise FileError(where, f"atom {listed.label}: {error}; mend the CIF") from None
            atoms.append((element, site.occupancy, Atom(float(normal @ image), site)))
    return atoms


def _along(listed: Any, normal: Any, cell: Any, spacing: float, B: float) -> float:
    """B of an atom in Å² along the normal, given by its indices for the atom of the CIF."""
    if listed.aniso.nonzero():
        # ⟨u²⟩ = d² Σ h_i h_j a*_i a*_j U_ij: the exponent of the Debye-Waller factor, without 2π².
        scaled = normal * np.array([getattr(cell.reciprocal(), name) for name in "abc"])
        mean_square = spacing**2 * float(scaled @ np.array(listed.aniso.as_mat33().tolist()) @ scaled)
    else:
        mean_square = float(listed.u_iso)
    return 8.0 * math.pi**2 * mean_square if mean_square else B


def _text(value: str | None) -> str | None:
    if value is None or value in (".", "?"):
        return None
    return str(_gemmi().cif.as_string(value))
