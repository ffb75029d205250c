"""Symbols and meanings of parameters and derived quantities.

The one table of parameters: name, symbol, unit, default, bounds, meaning, source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from slxrd.errors import SlxrdError
from slxrd.parameters.axes import axis_parameter
from slxrd.parameters.disorder.term import disorder_parameters
from slxrd.parameters.environment import OF_FILM, OF_SUBSTRATE
from slxrd.parameters.gap_distributions.distribution import distribution_parameters
from slxrd.parameters.gap_profiles.profile import gap_parameters
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.parameters.scans import zero_parameter

_SI = "Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI"
TABLE: dict[str, ParameterInfo] = {
    row.name: row
    for row in (
        ParameterInfo(
            "d", "d", "Å", None, 1.0, 50.0, 1e-3, 1e4,
            "distance between the atomic planes of a crystal", f"{_SI} Table S1", 0.01,
            short="distance of the atomic planes",
        ),
        ParameterInfo(
            "L", "L", "Å", None, 5.0, 400.0, 0.0, 1e6,
            "distance from the last plane of a crystal to the first of the next", f"{_SI} Table S1, S.c", 0.3,
            short="gap: last plane to first of the next",
        ),
        ParameterInfo(
            "sigma_L", "σ_L", "Å", None, 0.0, 10.0, 0.0, 1e4,
            "standard deviation of that distance from gap to gap (stacking disorder)", f"{_SI} Eq. S7", 0.1,
            short="spread of L from gap to gap",
        ),
        ParameterInfo(
            "N", "N", "planes", None, 1.0, 2000.0, 1.0, 5e4,
            "mean number of atomic planes in a crystal", f"{_SI} Eq. S2, S.d", 0.3,
            short="mean number of planes",
        ),
        ParameterInfo(
            "sigma_N", "σ_N", "planes", None, 0.2, 20.0, 0.0, 5e3,
            "standard deviation of the number of planes from crystal to crystal", f"{_SI} Eq. S2, S.e", 0.3,
            short="spread of N from crystal to crystal",
        ),
        ParameterInfo(
            "q_zero", "q₀", "Å⁻¹", 0.0, -0.02, 0.02, -1.0, 1.0,
            "zero error of the instrument: true q = measured q + q_zero", f"{_SI} S.g", 1e-3, None,
            short="zero error: true q − measured q",
        ),
    )
}  # fmt: skip


#: Parameters of the gap between crystals, which a single crystal does not have.
STACKING = ("L", "sigma_L")
#: Further derived quantities of crystals made of atoms.
OF_ATOMS = ("thickness_of_atoms", "free_gap", "thickness_spread")

_OUTWARD = "outward displacement of the outermost planes"
_CELLS = "Fullerton et al., Phys. Rev. B 1992, 45, 9292"
#: Parameters that only some structures have, some of them only if they are named.
FURTHER: dict[str, ParameterInfo] = {
    row.name: row
    for row in (
        ParameterInfo(
            "d_B", "d(B)", "Å", None, 1.0, 50.0, 1e-3, 1e4,
            "distance between the planes of the second crystal of a pair", _CELLS, 0.01,
        ),
        ParameterInfo(
            "N_B", "N(B)", "planes", None, 1.0, 2000.0, 1.0, 5e4,
            "mean number of planes of the second crystal of a pair", _CELLS, 0.3,
        ),
        ParameterInfo(
            "sigma_N_B", "σ_N(B)", "planes", None, 0.2, 20.0, 0.0, 5e3,
            "standard deviation of the number of planes of the second crystal", _CELLS, 0.3,
        ),
        ParameterInfo(
            "dL_B", "ΔL(B)", "Å", 0.0, -20.0, 20.0, -1e4, 1e4,
            "how much wider the gap above the second crystal is", _CELLS, 0.3, False,
        ),
        ParameterInfo(
            "f_B", "f(B)", "", 1.0, 0.01, 10.0, 1e-6, 1e4,
            "amplitude of a plane of the second crystal over one of the first", _CELLS, 0.05, False,
        ),
        ParameterInfo(
            "unstacked", "u", "", 0.0, 0.0, 1.0, 0.0, 1.0,
            "share of the crystals that stand alone", "docs/stacks.md", 0.05, False,
        ),
        ParameterInfo(
            "B", "B", "Å²", 0.0, -5.0, 30.0, -100.0, 1e3,
            "Debye-Waller factor of all planes, in addition to their own", "docs/crystals.md", 0.5, False,
        ),
        ParameterInfo(
            "shift_surface", "Δz(surface)", "Å", 0.0, -1.0, 1.0, -5.0, 5.0,
            _OUTWARD, "docs/crystals.md", 0.02, False,
        ),
    )
} | OF_SUBSTRATE | OF_FILM  # fmt: skip

#: Names of parameters of planes: of the first crystal, or with _B of the second of a pair.
_OF_PLANES = re.compile(
    r"(?:(?P<way>shift|apart)|occ)_(?P<where>[A-Za-z0-9]+)(?(way)|_(?P<species>[A-Z][A-Za-z0-9]*))(?P<second>_B)?"
)


@dataclass(frozen=True)
class OfPlanes:
    """The parts of the name of a parameter of planes.

    Parameters
    ----------
    kind : str
        ``"occ"``, ``"shift"`` or ``"apart"``.
    where : str
        Composition of the planes, or ``"surface"``.
    species : str
        Whose occupancy it is; empty otherwise.
    second : bool
        Whether it belongs to the second crystal of a pair.
    """

    kind: str
    where: str
    species: str
    second: bool


def of_planes(name: str) -> OfPlanes | None:
    """Split the name of a parameter of planes; None if it is not one."""
    found = _OF_PLANES.fullmatch(name)
    if found is None:
        return None
    return OfPlanes(found["way"] or "occ", found["where"], found["species"] or "", bool(found["second"]))


def info(name: str) -> ParameterInfo:
    """Look up the definition of a parameter, including those that only some structures have.

    Raises
    ------
    SlxrdError
        If no structure has a parameter of that name.
    """
    known = TABLE.get(name) or FURTHER.get(name) or zero_parameter(name, TABLE["q_zero"])
    known = known or axis_parameter(name, TABLE)
    if known is not None:
        return known
    planes = of_planes(name)
    if planes is None:
        of_terms = {**disorder_parameters(), **distribution_parameters(), **gap_parameters()}
        if name in of_terms:
            return of_terms[name]
        raise SlxrdError(f"unknown parameter {name!r}; the parameters are {', '.join(TABLE)}")
    outermost = planes.where == "surface"
    which = f"{planes.where}(B)" if planes.second else planes.where
    whose = " of the second crystal" if planes.second else ""
    if planes.kind == "occ":
        where = "the outermost planes" if outermost else f"planes {planes.where}"
        return ParameterInfo(
            name, f"o({planes.species}, {which})", "", 1.0, 0.0, 1.0, 0.0, 1.0,
            f"occupancy of {planes.species} in {where}{whose}", "docs/crystals.md", 0.05, False,
        )  # fmt: skip
    meaning = {
        "shift": "upward displacement of planes {} inside the crystal",
        "apart": "displacement of planes {} inside the crystal, away from the nearest plane of reference",
    }[planes.kind].format(planes.where)
    return ParameterInfo(
        name, f"Δ{'z' if planes.kind == 'shift' else '|z|'}({which})", "Å", 0.0, -1.0, 1.0, -5.0, 5.0,
        (_OUTWARD if outermost else meaning) + whose, "docs/crystals.md", 0.02, False,
    )  # fmt: skip


#: Of the derived quantities.
DERIVED = {
    "period": ("Λ", "superlattice period of the mean size, (N−1)·d + L"),
    "period_of_most_probable": (
        "Λ (N whole)",
        "that of the nearest whole N, given that it is the right one",
    ),
    "period_S13": ("Λ (S13)", "the same with the error as the 2021 paper quotes it"),
    "thickness": ("t", "crystal thickness from first to last plane, (N−1)·d"),
    "thickness_with_surface": ("N·d", "thickness with half a plane distance on either side"),
    "thickness_of_atoms": ("T", "mean thickness of the crystals from their lowest to their highest atoms"),
    "free_gap": ("ℓ", "free gap between the outermost atoms of neighbours"),
    "thickness_spread": ("σ_T", "standard deviation of the thickness from crystal to crystal"),
}

#: Short descriptions of the derived quantities that the printed table contains.
SHORT_OF_DERIVED = {
    "period": "superlattice period, (N−1)·d + L",
    "thickness": "crystal thickness, (N−1)·d",
    "thickness_with_surface": "thickness with outer half layers",
}


def symbol_of(name: str) -> str:
    """The symbol of a parameter or derived quantity; its name where it has none."""
    return described(name)[0]


def described(name: str) -> tuple[str, str]:
    """Symbol and meaning of a parameter or derived quantity; the name and no meaning if it is unknown."""
    if name in DERIVED:
        return DERIVED[name]
    try:
        row = info(name)
    except SlxrdError:
        return name, ""
    return row.symbol, row.meaning
