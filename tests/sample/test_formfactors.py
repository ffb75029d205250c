"""Scattering factors against other tables, and against absorption."""

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.sample import species
from slxrd.sample.form_factors import (
    attenuation,
    check_species,
    composition,
    dispersion,
    electrons,
    f0,
    f0_slope,
    scattering,
    tabulated_species,
)

CU = 1.540593
#: International Tables C, table 6.1.1.1: f₀ of neutral atoms at sin θ/λ = 0, 0.1, 0.2, 0.3, 0.5 Å⁻¹.
INTERNATIONAL_TABLES = {"C": (6.0, 5.108, 3.560, 2.494, 1.685), "O": (8.0, 7.250, 5.634, 4.094, 2.338)}


@pytest.mark.parametrize(("atom", "expected"), INTERNATIONAL_TABLES.items())
def test_f0_is_that_of_the_international_tables(atom: str, expected: tuple[float, ...]) -> None:
    q = 4.0 * np.pi * np.array([0.0, 0.1, 0.2, 0.3, 0.5])
    assert f0(atom, q) == pytest.approx(np.array(expected), abs=0.02)


@pytest.mark.parametrize("name", ["Cs1+", "Pb2+", "Br1-", "I1-", "Cl1-", "Pb", "S", "Cd", "Se", "In3+"])
def test_f0_agrees_with_another_parametrisation(name: str) -> None:
    """The four Gaussians of the International Tables C (1992), which gemmi holds, good to s = 2 Å⁻¹."""
    gemmi = pytest.importorskip("gemmi")
    ion = species.ion(name)
    assert ion is not None
    ignored = gemmi.IT92_get_ignore_charge()
    gemmi.IT92_set_ignore_charge(False)
    try:
        exact = gemmi.IT92_get_exact(gemmi.Element(ion.element), ion.charge)
    finally:
        gemmi.IT92_set_ignore_charge(ignored)
    s = np.linspace(0.0, 1.0, 21)
    other = np.array([exact.calculate_sf(stol2=float(x * x)) for x in s])
    assert f0(name, 4.0 * np.pi * s) == pytest.approx(other, abs=0.06)


@pytest.mark.parametrize("name", ["Cs", "Pb", "Br", "I", "Cl", "S", "Cd", "Se"])
def test_dispersion_agrees_with_cromer_and_liberman(name: str) -> None:
    gemmi = pytest.importorskip("gemmi")
    other = gemmi.cromer_liberman(z=gemmi.Element(name).atomic_number, energy=12398.4198 / CU)
    found = dispersion(name, CU)
    assert found.real == pytest.approx(other[0], abs=0.4)
    assert found.imag == pytest.approx(other[1], rel=0.02)


@pytest.mark.parametrize("name", ["Pb", "Br", "Cu", "S"])
def test_f_double_prime_is_what_is_absorbed(name: str) -> None:
    """Optical theorem: 2 r_e λ n f″ is the attenuation of another table less what is scattered, some 6 %."""
    atoms_per_cm3 = 6.02214076e23 / {"Pb": 207.2, "Br": 79.904, "Cu": 63.546, "S": 32.06}[name]
    mu = 2.0 * 2.8179403e-13 * CU * 1e-8 * atoms_per_cm3 * dispersion(name, CU).imag
    assert 0.9 < mu / attenuation(name, 1.0, CU) < 1.0


def test_every_tabulated_species_has_its_electrons() -> None:
    names = tabulated_species()
    assert len(names) > 200
    assert {"Cs1+", "Pb2+", "Br1-", "I1-", "Cl1-", "Cval"} - set(names) == {"Cval"}
    for name in names:
        assert float(f0(name, 0.0)) == pytest.approx(electrons(name), abs=0.04)


@pytest.mark.slow
def test_q_is_four_pi_times_sin_theta_over_lambda() -> None:
    xraydb = pytest.importorskip("xraydb")
    assert float(f0("Pb2+", 4.0 * np.pi * 0.3)) == pytest.approx(xraydb.f0("Pb2+", 0.3)[0], rel=1e-14)


def test_slope_is_the_derivative() -> None:
    q = np.linspace(-3.0, 6.0, 31)
    step = 1e-4
    numeric = (f0("FA", q + step) - f0("FA", q - step)) / (2.0 * step)
    assert f0_slope("FA", q) == pytest.approx(numeric, abs=1e-7)
    assert f0_slope("Pb2+", 0.0) == pytest.approx(0.0, abs=1e-15)


def test_scattering_adds_up() -> None:
    q = np.linspace(0.1, 3.0, 7).reshape(7, 1)
    found = scattering("Br-", q, CU)
    assert found.shape == (7, 1)
    assert found == pytest.approx(f0("Br1-", q) + dispersion("Br", CU))
    assert np.all(found.imag > 0.0)
    assert np.all(scattering("Br-", q, None) == f0("Br-", q))
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0.0


def test_groups_are_the_sum_of_their_atoms() -> None:
    q = np.linspace(0.0, 3.0, 5)
    atoms = scattering("C", q, CU) + 2 * scattering("N", q, CU) + 5 * scattering("H", q, CU)
    for name in ("FA", "formamidinium", "(CH5N2)", "(N2CH5)"):
        assert scattering(name, q, CU) == pytest.approx(atoms)
    assert electrons("MA") == 6 + 7 + 6
    assert species.charge("MA") == species.charge("Cs+") == 1
    assert species.charge("(CH5N2)") == species.charge("Pb") == 0
    assert composition("CsPbBr3") == {"Cs": 1.0, "Pb": 1.0, "Br": 3.0}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("S2-", "there is S "),
        ("Pb3+", "Pb, Pb2[+], Pb4[+]"),
        ("cs", "did you mean Cs or"),
        ("CO", "did you mean Co"),  # xraydb would take it for cobalt
        ("formamidinum", "did you mean formamidinium"),
        ("(CH5Xx)", "Xx"),
        ("", "unknown species"),
        ("CsPbBr3", "in parentheses"),
    ],
)
def test_unknown_species_are_refused_with_what_comes_near(name: str, hint: str) -> None:
    with pytest.raises(SlxrdError, match=hint) as refusal:
        check_species(name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("wavelength", [0.0, -1.0, float("nan"), 0.01, 200.0])
def test_wavelengths_refused(wavelength: float) -> None:
    with pytest.raises(SlxrdError, match="wavelength"):
        scattering("Pb", 1.0, wavelength)


def test_elements_without_dispersion() -> None:
    assert float(scattering("Np", 0.0, None).real) == pytest.approx(93.0, abs=0.04)
    with pytest.raises(SlxrdError, match="beyond uranium"):
        scattering("Np", 0.0, CU)
