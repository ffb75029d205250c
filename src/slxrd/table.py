"""The one table of parameters: name, symbol, unit, default, bounds, meaning, source."""

from __future__ import annotations

from dataclasses import dataclass

from slxrd.errors import SlxrdError


@dataclass(frozen=True)
class ParameterInfo:
    """A row of the table: what a parameter is.

    Parameters
    ----------
    name, symbol, unit, meaning, source : str
        In code, on paper, its unit, in words, and where it is defined.
    default : float or None
        Value where none is given; None where it is found from the pattern.
    lower, upper : float
        Default bounds of a fit.
    least, greatest : float
        The lowest and the highest value that mean anything; bounds may not go beyond them.
    """

    name: str
    symbol: str
    unit: str
    default: float | None
    lower: float
    upper: float
    least: float
    greatest: float
    meaning: str
    source: str


_SI = "Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI"
TABLE: dict[str, ParameterInfo] = {
    row.name: row
    for row in (
        ParameterInfo(
            "d", "d", "Å", None, 1.0, 50.0, 1e-3, 1e4,
            "distance between the atomic planes of a crystal", f"{_SI} Table S1",
        ),
        ParameterInfo(
            "L", "L", "Å", None, 5.0, 400.0, 0.0, 1e6,
            "distance from the last plane of a crystal to the first of the next", f"{_SI} Table S1, S.c",
        ),
        ParameterInfo(
            "sigma_L", "σ_L", "Å", None, 0.0, 10.0, 0.0, 1e4,
            "standard deviation of that distance from gap to gap (stacking disorder)", f"{_SI} Eq. S7",
        ),
        ParameterInfo(
            "N", "N", "planes", None, 1.0, 2000.0, 1.0, 5e4,
            "mean number of atomic planes in a crystal", f"{_SI} Eq. S2, S.d",
        ),
        ParameterInfo(
            "sigma_N", "σ_N", "planes", None, 0.2, 20.0, 0.0, 5e3,
            "standard deviation of the number of planes from crystal to crystal", f"{_SI} Eq. S2, S.e",
        ),
        ParameterInfo(
            "q_zero", "q₀", "Å⁻¹", 0.0, -0.02, 0.02, -1.0, 1.0,
            "zero error of the instrument: true q = measured q + q_zero", f"{_SI} S.g",
        ),
    )
}  # fmt: skip


#: Parameters of the gap between crystals, which a single crystal does not have.
STACKING = ("L", "sigma_L")


def info(name: str) -> ParameterInfo:
    """Look up a parameter in the table; an unknown name raises :class:`SlxrdError`."""
    try:
        return TABLE[name]
    except KeyError:
        raise SlxrdError(f"unknown parameter {name!r}; the parameters are {', '.join(TABLE)}") from None
