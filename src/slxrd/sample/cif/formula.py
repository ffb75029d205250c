"""Check that the atoms of a CIF make up its formula.

A CIF that lists only the operation x,y,z beside the atoms of an asymmetric unit is read by every
program as if its cell contained only these atoms, without a warning: most atoms are lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from slxrd.errors import FileError

#: How far numbers of atoms may be from those of the formula, as a share: occupancies are rounded.
AGREEMENT = 0.02


def check_atoms(
    counts: Mapping[str, float],
    formula: str | None,
    units: str | None,
    operations: int,
    named: int | None,
    where: str,
) -> str:
    """Raise if the atoms of a CIF do not make up its formula, or if this cannot be checked.

    Hydrogen may be missing: many a refinement leaves it out, and it hardly scatters.

    Parameters
    ----------
    counts : mapping of str to float
        Atoms in the cell, by element, after all symmetry operations.
    formula, units : str, optional
        ``_chemical_formula_sum`` and ``_cell_formula_units_Z``, where the CIF has them.
    operations : int
        Number of symmetry operations that were used.
    named : int, optional
        Number of those of the space group that the CIF names, if it does.
    where : str
        The file, for messages.

    Returns
    -------
    str
        A remark on hydrogen that is missing, or nothing.

    Raises
    ------
    FileError
        If atoms are missing or too many, or the file does not contain enough to decide.
    """
    listed = (
        "lists only the operation x,y,z" if operations == 1 else f"lists {operations} symmetry operations"
    )
    if named is not None and named != operations:
        listed += f" though its space group has {named}"
    hint = f"it {listed}; complete the CIF, or add :check=no (in Python check=False) if its cell is complete"
    expected = _numbers(formula, where) if formula else {}
    if expected and units:
        return _compare(counts, expected, _positive(units, where), formula or "", where, hint)
    remark = ""
    if expected:
        ratios = {element: counts.get(element, 0.0) / number for element, number in expected.items()}
        remark = _compare(counts, expected, max(ratios.values()), formula or "", where, hint)
    if named is not None and named != operations:
        raise FileError(where, f"atoms would be lost: {hint}")
    if operations == 1 and named is None:
        raise FileError(
            where,
            "names no space group, and lists no symmetry operation but x,y,z: atoms may be missing; add the "
            "space group ('P 1' if all atoms are listed), or :check=no (in Python check=False)",
        )
    return remark


def _compare(
    counts: Mapping[str, float],
    expected: Mapping[str, float],
    units: float,
    formula: str,
    where: str,
    hint: str,
) -> str:
    remark = ""
    for element in sorted({*counts, *expected}):
        found, wanted = counts.get(element, 0.0), units * expected.get(element, 0.0)
        if element == "H" and found < (1.0 - AGREEMENT) * wanted:
            remark = f"{wanted - found:g} of {wanted:g} H in the cell are not in the CIF"
        elif abs(found - wanted) > AGREEMENT * max(found, wanted):
            raise FileError(
                where,
                f"its cell holds {found:g} {element}, but {wanted:g} by its formula {formula!r} "
                f"({units:g} formula units): {hint}",
            )
    return remark


def _numbers(formula: str, where: str) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in formula.replace(",", " ").split():
        found = re.fullmatch(r"([A-Z][a-z]?)(\d*(?:\.\d*)?)", part)
        if found is None:
            raise FileError(where, f"_chemical_formula_sum {formula!r} is not a formula; mend or remove it")
        element = "H" if found[1] == "D" else found[1]
        total[element] = total.get(element, 0.0) + float(found[2] or 1.0)
    return {element: number for element, number in total.items() if number > 0.0}


def _positive(units: str, where: str) -> float:
    try:
        value = float(units)
    except ValueError:
        value = 0.0
    if not value > 0.0:
        raise FileError(where, f"_cell_formula_units_Z {units!r} must be a positive number")
    return value
