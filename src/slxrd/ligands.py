"""Ligands by name or chain length: the range of gaps that they leave between crystals."""

from __future__ import annotations

import re

from slxrd.errors import SlxrdError

#: Carbon atoms in the chain of common ligands.
CHAINS: dict[str, int] = {
    "butylammonium": 4,
    "hexylammonium": 6,
    "octylammonium": 8,
    "octylamine": 8,
    "octanoate": 8,
    "octanoic acid": 8,
    "decylammonium": 10,
    "decanoate": 10,
    "dodecylammonium": 12,
    "dodecanethiol": 12,
    "laurate": 12,
    "didodecyldimethylammonium": 12,
    "myristate": 14,
    "hexadecylammonium": 16,
    "palmitate": 16,
    "oleylammonium": 18,
    "oleylamine": 18,
    "oleate": 18,
    "oleic acid": 18,
    "stearate": 18,
}
#: Shortest and longest gap in extended chain lengths: chains tilted and fully interdigitated, or end to end.
SHORTEST, LONGEST = 0.5, 2.0
#: Added to the longest gap in Å: head groups, and the surface planes that the model of identical planes
#: counts to the gap.
SURFACES = 9.0


def extended_length(carbons: int) -> float:
    """Length in Å of an extended chain of carbon atoms, 1.5 + 1.265·n.

    C. Tanford, J. Phys. Chem. 1972, 76, 3020.
    """
    return 1.5 + 1.265 * carbons


def gap_range(ligand: str) -> tuple[float, float]:
    """Range of L in Å that a ligand admits.

    Parameters
    ----------
    ligand : str
        A name in :data:`CHAINS`, or a chain length such as ``"C12"``.

    Returns
    -------
    tuple of float
        From half an extended chain (tilted, interdigitated) to two chains end to end and the
        surfaces; wide on purpose.

    Raises
    ------
    SlxrdError
        If the ligand is unknown.
    """
    name = ligand.strip().lower()
    carbons = CHAINS.get(name)
    length = re.fullmatch(r"c(\d{1,2})", name)
    if length is not None and 1 <= int(length[1]) <= 40:
        carbons = int(length[1])
    if carbons is None:
        raise SlxrdError(
            f"unknown ligand {ligand!r}: give a chain length, C1 to C40, or one of {', '.join(CHAINS)}"
        )
    chain = extended_length(carbons)
    return SHORTEST * chain, LONGEST * chain + SURFACES
