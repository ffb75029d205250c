"""Substrates by name: lattice parameters at room temperature, and the planes of usual surfaces."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from slxrd.errors import SlxrdError

Indices = tuple[int, int, int]


@dataclass(frozen=True)
class SubstrateMaterial:
    """A substrate.

    Parameters
    ----------
    name : str
        Chemical formula or usual name.
    a, b, c : float
        Lattice parameters, Å.
    beta, gamma : float
        Angles β and γ in degrees; α is 90°.
    surfaces : tuple of (int, int, int)
        Usual surfaces, as the lowest order that diffracts.
    centring : {"P", "I", "F", "diamond", "R", "rutile", "c2", "c3", "c6"}
        Lattice type and glide planes, which decide which orders diffract; ``"c3"``: of 00l, only l = 3n.
    source : str
        Source of the lattice parameters.
    """

    name: str
    a: float
    b: float
    c: float
    surfaces: tuple[Indices, ...]
    centring: str
    source: str
    beta: float = 90.0
    gamma: float = 90.0

    def distance(self, plane: Indices) -> float:
        """Return the distance in Å of planes with these Miller indices."""
        h, k, l = plane  # noqa: E741
        cos_b, cos_g = math.cos(math.radians(self.beta)), math.cos(math.radians(self.gamma))
        sin_b, sin_g = math.sin(math.radians(self.beta)), math.sin(math.radians(self.gamma))
        if self.gamma != 90.0:  # hexagonal axes
            square = (
                h * h / self.a**2 + k * k / self.b**2 - 2.0 * h * k * cos_g / (self.a * self.b)
            ) / sin_g**2
            return 1.0 / math.sqrt(square + l * l / self.c**2)
        square = (h * h / self.a**2 + l * l / self.c**2 - 2.0 * h * l * cos_b / (self.a * self.c)) / sin_b**2
        return 1.0 / math.sqrt(square + k * k / self.b**2)

    def diffracts(self, plane: Indices) -> bool:
        """Whether the lattice type allows the reflection."""
        h, k, l = plane  # noqa: E741
        same = len({h % 2, k % 2, l % 2}) == 1
        if self.centring == "F":
            return same
        if self.centring == "diamond":
            return same and (h % 2 == 1 or (h + k + l) % 4 == 0)
        if self.centring == "I":
            return (h + k + l) % 2 == 0
        if self.centring == "R":
            return (-h + k + l) % 3 == 0 and not (h == k == 0 and l % 6)
        if self.centring == "rutile":
            return not (l == 0 and h * k == 0 and (h + k) % 2) and not (h == k == 0 and l % 2)
        period = {"c2": 2, "c3": 3, "c6": 6}.get(self.centring, 1)
        return not (h == k == 0 and l % period)

    def planes(self, least: float, most: float) -> Iterator[tuple[Indices, float]]:
        """Planes parallel to the usual surfaces with distances from ``least`` to ``most`` Å."""
        for surface in self.surfaces:
            divisor = math.gcd(*surface)
            for order in range(1, 25):
                plane: Indices = tuple(order * index // divisor for index in surface)  # type: ignore[assignment]
                distance = self.distance(plane)
                if distance < least:
                    break
                if distance <= most and self.diffracts(plane):
                    yield plane, distance


_WYCKOFF = "Wyckoff, Crystal Structures, 2nd ed., Wiley 1963"
_ADACHI = "Adachi, Properties of Group-IV, III-V and II-VI Semiconductors, Wiley 2005"
_CUBIC = ((1, 0, 0), (1, 1, 0), (1, 1, 1))


def _cubic(name: str, a: float, centring: str, source: str) -> SubstrateMaterial:
    return SubstrateMaterial(name, a, a, a, _CUBIC, centring, source)


SUBSTRATES: dict[str, SubstrateMaterial] = {
    one.name: one
    for one in (
        _cubic("Si", 5.43102, "diamond", "CODATA 2018, lattice parameter of silicon"),
        _cubic("Ge", 5.6579, "diamond", _ADACHI),
        _cubic("GaAs", 5.65325, "F", _ADACHI),
        _cubic("InAs", 6.0583, "F", _ADACHI),
        _cubic("InP", 5.8687, "F", _ADACHI),
        _cubic("GaSb", 6.09593, "F", _ADACHI),
        _cubic("InSb", 6.47937, "F", _ADACHI),
        _cubic("GaP", 5.4505, "F", _ADACHI),
        _cubic("MgO", 4.2112, "F", "Hazen, Am. Mineral. 1976, 61, 266"),
        _cubic("CaF2", 5.4626, "F", _WYCKOFF),
        _cubic("CeO2", 5.41165, "F", "NIST SRM 674b, CeO2"),
        _cubic("YSZ", 5.145, "F", "Yashima et al., J. Am. Ceram. Soc. 1994, 77, 1869 (8 to 10 mol % Y2O3)"),
        _cubic("NaCl", 5.6402, "F", _WYCKOFF),
        _cubic("SrTiO3", 3.905, "P", "Schmidbauer et al., Acta Cryst. B 2012, 68, 8"),
        _cubic("LSAT", 3.868, "P", "Chakoumakos et al., J. Appl. Phys. 1998, 83, 1979"),
        _cubic("KTaO3", 3.9885, "P", _WYCKOFF),
        _cubic("MgAl2O4", 8.083, "F", _WYCKOFF),
        SubstrateMaterial(
            "LaAlO3", 5.364, 5.364, 13.108, ((0, 1, 2), (1, 0, 4)), "R",
            "Hayward et al., Phys. Rev. B 2005, 72, 054110; 012 is the pseudocubic 001", gamma=120.0,
        ),
        SubstrateMaterial(
            "NdGaO3", 5.428, 5.498, 7.708, ((1, 1, 0), (0, 0, 1)), "c2",
            "Vasylechko et al., J. Alloys Compd. 2000, 297, 46; 110 is the pseudocubic 001",
        ),
        SubstrateMaterial(
            "DyScO3", 5.443, 5.717, 7.901, ((1, 1, 0), (0, 0, 1)), "c2",
            "Velickov et al., Z. Kristallogr. 2007, 222, 466; 110 is the pseudocubic 001",
        ),
        SubstrateMaterial(
            "GdScO3", 5.480, 5.746, 7.932, ((1, 1, 0), (0, 0, 1)), "c2",
            "Velickov et al., Z. Kristallogr. 2007, 222, 466; 110 is the pseudocubic 001",
        ),
        SubstrateMaterial(
            "TbScO3", 5.466, 5.731, 7.917, ((1, 1, 0), (0, 0, 1)), "c2",
            "Velickov et al., Acta Cryst. E 2008, 64, i60; 110 is the pseudocubic 001",
        ),
        SubstrateMaterial(
            "Al2O3", 4.75909, 4.75909, 12.99178, ((0, 0, 6), (1, 1, 0), (0, 1, 2), (3, 0, 0)), "R",
            "NIST SRM 676a, Al2O3 (c, a, r and m planes)", gamma=120.0,
        ),
        SubstrateMaterial(
            "SiO2", 4.9134, 4.9134, 5.4052, ((1, 0, 0), (1, 1, 0), (0, 0, 3), (1, 0, 1)), "c3",
            "Will et al., J. Appl. Cryst. 1988, 21, 182 (α-quartz)", gamma=120.0,
        ),
        SubstrateMaterial(
            "ZnO", 3.2498, 3.2498, 5.2066, ((0, 0, 2), (1, 0, 0), (1, 1, 0)), "c2",
            "Karzel et al., Phys. Rev. B 1996, 53, 11425", gamma=120.0,
        ),
        SubstrateMaterial(
            "GaN", 3.1896, 3.1896, 5.1855, ((0, 0, 2), (1, 0, 0), (1, 1, 0)), "c2", _ADACHI, gamma=120.0,
        ),
        SubstrateMaterial(
            "AlN", 3.1120, 3.1120, 4.9820, ((0, 0, 2), (1, 0, 0), (1, 1, 0)), "c2", _ADACHI, gamma=120.0,
        ),
        SubstrateMaterial(
            "6H-SiC", 3.0806, 3.0806, 15.1173, ((0, 0, 6),), "c6",
            _ADACHI, gamma=120.0,
        ),
        SubstrateMaterial(
            "TiO2", 4.5937, 4.5937, 2.9587, ((1, 1, 0), (1, 0, 0), (0, 0, 2), (1, 0, 1)), "rutile",
            "Burdett et al., J. Am. Chem. Soc. 1987, 109, 3639 (rutile)",
        ),
        SubstrateMaterial(
            "mica", 5.1918, 9.0153, 20.0457, ((0, 0, 2),), "c2",
            "Rothbauer, N. Jb. Miner. Mh. 1971, 143 (muscovite 2M1)", beta=95.735,
        ),
    )
}  # fmt: skip


def substrate_material(name: str) -> SubstrateMaterial:
    """Look up a substrate.

    Parameters
    ----------
    name : str
        One of :data:`SUBSTRATES`, in upper or lower case.

    Raises
    ------
    SlxrdError
        If it is not in the library.
    """
    for known, one in SUBSTRATES.items():
        if known.lower() == name.strip().lower():
            return one
    raise SlxrdError(f"substrate {name!r} is not in the library; there are {', '.join(SUBSTRATES)}")


def substrate_plane(text: str) -> tuple[SubstrateMaterial, Indices | None]:
    """Read a material with or without a plane: ``"SrTiO3"``, ``"SrTiO3:002"``, ``"Al2O3:0,0,12"``.

    Parameters
    ----------
    text : str

    Raises
    ------
    SlxrdError
        If the material is not in the library, or the indices cannot be read.
    """
    name, _, indices = text.partition(":")
    one = substrate_material(name)
    if not indices.strip():
        return one, None
    parts = indices.replace(",", " ").split()
    if len(parts) == 1 and len(parts[0]) == 3:
        parts = list(parts[0])
    try:
        h, k, l = (int(part) for part in parts)  # noqa: E741
    except ValueError:
        raise SlxrdError(f"substrate {text!r}: give the plane as three indices, such as SrTiO3:002") from None
    if h == k == l == 0:
        raise SlxrdError(f"substrate {text!r}: the indices of a plane cannot all be 0")
    return one, (h, k, l)


def plane_text(plane: Indices) -> str:
    """Write Miller indices: 002, or 0 0 12 where one has two digits."""
    separator = " " if any(abs(index) > 9 for index in plane) else ""
    return separator.join(str(index) for index in plane)
