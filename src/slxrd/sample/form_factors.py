"""X-ray properties of atoms, ions, groups of atoms and materials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._frozen import FrozenDict, read_only
from slxrd.errors import SlxrdError
from slxrd.sample.species import group, ion, unknown
from slxrd.sample.tables import xray as tables
from slxrd.sample.tables.formula import parse_formula
from slxrd.units import FloatArray

ComplexArray = NDArray[np.complex128]

#: Energy in eV times wavelength in Å: hc/e (CODATA 2018, exact).
ENERGY_TIMES_WAVELENGTH = 12398.419843320026
#: Photon energies in eV between which the tables of Elam et al. are good.
LOWEST_ENERGY, HIGHEST_ENERGY = 100.0, 800_000.0
#: Photon energy in eV up to which f′ and f″ are taken from their table, and the last element in it.
HIGHEST_DISPERSION, LAST_DISPERSION = 400_000.0, 92


def attenuation(formula: str, density: float, wavelength: float) -> float:
    """Linear attenuation coefficient of a material, photoabsorption and scattering together.

    From the tables of Elam, Ravel and Sieber, Radiation Physics and Chemistry 63, 121 (2002), as held
    by XrayDB.

    Parameters
    ----------
    formula : str
        Chemical formula with its capitals, ``"CsPbBr3"``; parentheses and fractions are understood.
    density : float
        g/cm³.
    wavelength : float
        Å.

    Returns
    -------
    float
        μ in 1/cm.

    Raises
    ------
    SlxrdError
        If the formula is not understood or contains an element without a table, the density is not
        positive, or the wavelength lies outside the tables (0.0155 to 124 Å).
    """
    if not (math.isfinite(density) and density > 0.0):
        raise SlxrdError(f"density {density!r} of {formula}: must be a positive number of g/cm³")
    if not (math.isfinite(wavelength) and wavelength > 0.0):
        raise SlxrdError(f"wavelength {wavelength!r}: must be a positive number of Å")
    energy = ENERGY_TIMES_WAVELENGTH / wavelength
    if not LOWEST_ENERGY <= energy <= HIGHEST_ENERGY:
        shortest = ENERGY_TIMES_WAVELENGTH / HIGHEST_ENERGY
        longest = ENERGY_TIMES_WAVELENGTH / LOWEST_ENERGY
        raise SlxrdError(
            f"wavelength {wavelength:g} Å: attenuation is tabulated from {shortest:.4f} to {longest:.0f} Å; "
            "give the attenuation coefficient instead"
        )
    mass = absorbing = 0.0
    for symbol, count in _composition(formula).items():
        try:
            per_gram = tables.attenuation_per_gram(symbol, energy)
        except LookupError:  # an element that the tables do not reach
            raise SlxrdError(
                f"formula {formula!r}: no attenuation is tabulated for {symbol}; give the attenuation "
                "coefficient instead"
            ) from None
        weight = count * tables.molar_mass(symbol)
        mass += weight
        absorbing += weight * per_gram
    return density * absorbing / mass


def _composition(formula: str) -> dict[str, float]:
    """Numbers of atoms by element; the formula must name at least one."""
    try:
        amounts = parse_formula(formula)
    except ValueError as error:
        raise SlxrdError(
            f"formula {formula!r}: {error}; write it with its capitals, such as CsPbBr3"
        ) from None
    if not amounts or min(amounts.values()) <= 0.0:
        raise SlxrdError(f"formula {formula!r}: names no element, or one of which there is none")
    return amounts


def composition(formula: str) -> dict[str, float]:
    """Numbers of atoms by element in a chemical formula such as ``"CsPbBr3"``; it must name at least one."""
    return _composition(formula)


def molar_mass(formula: str) -> float:
    """Molar mass of a formula such as ``"C18H37N"``, in g/mol.

    Raises
    ------
    SlxrdError
        If it is not a formula.
    """
    return sum(count * tables.molar_mass(symbol) for symbol, count in composition(formula).items())


def scattering(species: str, q: ArrayLike, wavelength: float | None) -> ComplexArray:
    """Scattering factor of an atom, an ion or a group of atoms, f = f₀(q) + f′ + i f″ with f″ > 0.

    This sign of f″ belongs to amplitudes Σ f e^{+iqz}, q being the change from the incident to the scattered
    wave vector. Where amplitudes are written with e^{−iqz}, f″ has the other sign.

    A group, such as ``"(CH5N2)"`` or ``"FA"``, scatters as the sum of its neutral atoms at one height. This
    is correct if q times its size is small, or if a Debye-Waller factor describes its extent.

    Parameters
    ----------
    species : str
        An atom ``"Pb"``, an ion ``"Pb2+"``, ``"Br-"`` or ``"Br1-"``, a group of atoms in parentheses, or a
        name in :data:`slxrd.sample.species.GROUPS`.
    q : array_like
        Scattering vector in Å⁻¹ (not sin θ/λ, of which it is 4π times), up to 75 Å⁻¹.
    wavelength : float or None
        Å, from 0.031 to 123.9. None leaves f′ and f″ out, for a pattern of which only q is known.

    Returns
    -------
    ndarray of complex
        In electrons, of the shape of ``q``. Read-only.

    Raises
    ------
    SlxrdError
        If the species is not tabulated, or the wavelength lies outside the tables.
    """
    correction = 0.0 if wavelength is None else dispersion(species, wavelength)
    return read_only(np.asarray(f0(species, q) + correction, dtype=np.complex128))


def f0(species: str, q: ArrayLike) -> FloatArray:
    """Scattering factor f₀ without dispersion, in electrons, of the shape of ``q``; read-only.

    D. Waasmaier and A. Kirfel, Acta Cryst. A 51, 416 (1995), as held by XrayDB, whose argument is sin θ/λ.
    At q = 0 it meets the number of electrons within 0.04. Species, q and refusals as in :func:`scattering`.
    """
    return _f0_and_slope(species, q)[0]


def f0_slope(species: str, q: ArrayLike) -> FloatArray:
    """Derivative of f₀ (and of f, as f′ and f″ are constants) with respect to q, in electrons times Å."""
    return _f0_and_slope(species, q)[1]


@lru_cache(maxsize=256)
def dispersion(species: str, wavelength: float) -> complex:
    """Dispersion corrections f′ + i f″, f″ > 0, in electrons; of an ion, those of its element.

    C. T. Chantler, J. Phys. Chem. Ref. Data 24, 71 (1995), as held by XrayDB, whose f1 is f′ without Z.
    Tables after Cromer and Liberman put f′ of heavy elements up to 0.4 higher. Arguments and refusals as in
    :func:`scattering`.
    """
    if not (math.isfinite(wavelength) and wavelength > 0.0):
        raise SlxrdError(f"wavelength {wavelength!r}: must be a positive number of Å")
    energy = ENERGY_TIMES_WAVELENGTH / wavelength
    if not LOWEST_ENERGY <= energy <= HIGHEST_DISPERSION:
        shortest = ENERGY_TIMES_WAVELENGTH / HIGHEST_DISPERSION
        longest = ENERGY_TIMES_WAVELENGTH / LOWEST_ENERGY
        raise SlxrdError(
            f"wavelength {wavelength:g} Å: f′ and f″ are tabulated from {shortest:.5f} to {longest:.2f} Å; "
            "leave the wavelength out to do without them"
        )
    total = 0j
    for name, count in _entries(species).items():
        element, number = _element(name)
        if number > LAST_DISPERSION:
            raise SlxrdError(
                f"species {species!r}: no f′ and f″ are tabulated beyond uranium; leave the wavelength out"
            )
        total += count * tables.dispersion(element, energy)
    return total


def electrons(species: str) -> float:
    """Number of electrons: the atomic number less the charge; of a group, that of its neutral atoms."""
    total = 0.0
    for name, count in _entries(species).items():
        single = ion(name)
        total += count * (_element(name)[1] - (single.charge if single else 0))
    return total


def check_species(species: str) -> None:
    """Raise if :func:`scattering` does not know a species."""
    _entries(species)


@lru_cache(maxsize=1)
def tabulated_species() -> tuple[str, ...]:
    """Atoms and ions of which f₀ is tabulated, as the table writes them: ``"Pb"``, ``"Pb2+"``, ``"Br1-"``."""
    # The table also has carbon and silicon in valence states, which are not needed here.
    return tuple(name for name in tables.tabulated_ions() if ion(name) is not None)


def _element(name: str) -> tuple[str, int]:
    single = ion(name)
    element = single.element if single else name
    return element, tables.atomic_numbers()[element]


@lru_cache(maxsize=256)
def _entries(species: str) -> Mapping[str, float]:
    """Entries of the table with their numbers: one for an atom or ion, several for a group."""
    grouped, single = group(species), ion(species)
    if grouped is not None:
        entries = _composition(grouped[0])
    elif single is not None:
        entries = {str(single): 1.0}
    else:
        raise unknown(species, tabulated_species())
    for name in entries:
        if name not in tabulated_species():
            raise unknown(species if grouped is None else name, tabulated_species())
    return FrozenDict(entries)


def _f0_and_slope(species: str, q: ArrayLike) -> tuple[FloatArray, FloatArray]:
    values = np.asarray(q, dtype=np.float64)
    total = np.zeros((2, *values.shape))
    for name, count in _entries(species).items():
        total += count * _tabulated(name, values.tobytes()).reshape(total.shape)
    return read_only(total[0]), read_only(total[1])


@lru_cache(maxsize=256)
def _tabulated(name: str, q: bytes) -> FloatArray:
    """f₀ and its slope of one entry, shape (2, n); cached, since a fit uses the same q many times."""
    # f₀ is a sum of Gaussians in s = sin θ/λ: an imaginary step gives the derivative without rounding.
    step = 1e-30
    value = tables.f0(name, np.frombuffer(q) / (4.0 * np.pi) + 1j * step)
    return read_only(np.stack([value.real, value.imag / (4.0 * np.pi * step)]))
