"""Ligands by name or chain length: the range of gaps between crystals that they allow."""

from __future__ import annotations

import re

from slxrd.errors import SlxrdError
from slxrd.sample.form_factors import electrons, molar_mass

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
#: Formula, and density in g/cm³ of the bulk at room temperature (CRC Handbook of Chemistry and Physics).
BULK: dict[str, tuple[str, float]] = {
    "butylammonium": ("C4H11N", 0.741),
    "hexylammonium": ("C6H15N", 0.766),
    "octylammonium": ("C8H19N", 0.783),
    "octylamine": ("C8H19N", 0.783),
    "octanoic acid": ("C8H16O2", 0.907),
    "octanoate": ("C8H16O2", 0.907),
    "decylammonium": ("C10H23N", 0.794),
    "dodecylammonium": ("C12H27N", 0.802),
    "dodecanethiol": ("C12H26S", 0.844),
    "oleylammonium": ("C18H37N", 0.813),
    "oleylamine": ("C18H37N", 0.813),
    "oleate": ("C18H34O2", 0.894),
    "oleic acid": ("C18H34O2", 0.894),
}
_PER_ANGSTROM = 0.602214076  # Avogadro's number, per mole, times 1 cm³ in Å³, inverse
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
    """Range of L in Å that a ligand allows.

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


def density(ligand: str) -> float:
    """Electron density in e/Å³ of a ligand's bulk, for a slab of it between crystals.

    Raises
    ------
    SlxrdError
        If it is not known.
    """
    text = ligand.strip()
    try:
        return float(text)
    except ValueError:
        pass
    known = BULK.get(text.lower())
    if known is None:
        raise SlxrdError(
            f"slab {ligand!r}: give a density in electrons per Å³ (0.3 is usual), or one of {', '.join(BULK)}"
        )
    formula, mass_density = known
    return _PER_ANGSTROM * mass_density * electrons(f"({formula})") / molar_mass(formula)
