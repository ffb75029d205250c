"""Symbols and meanings of parameters and derived quantities."""

from __future__ import annotations

from slxrd.errors import SlxrdError
from slxrd.table import info

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


def symbol_of(name: str) -> str:
    """The symbol of a parameter or derived quantity; its name where it has none."""
    return described(name)[0]


def described(name: str) -> tuple[str, str]:
    """Symbol and meaning of a parameter or derived quantity; its name alone where it is not known."""
    if name in DERIVED:
        return DERIVED[name]
    try:
        row = info(name)
    except SlxrdError:
        return name, ""
    return row.symbol, row.meaning
