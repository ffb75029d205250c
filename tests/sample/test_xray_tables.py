"""The tables are those of xraydb, and so is what is interpolated in them."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from xray_tables import tables

from slxrd.errors import SlxrdError
from slxrd.sample.form_factors import composition, molar_mass
from slxrd.sample.tables import xray

needs_xraydb = pytest.mark.skipif(importlib.util.find_spec("xraydb") is None, reason="needs xraydb")
ENERGIES = np.exp(np.random.default_rng(1).uniform(np.log(101.0), np.log(399e3), 12))


@needs_xraydb
@pytest.mark.slow
def test_the_file_has_all_digits_of_the_database() -> None:
    for name, values in tables().items():
        np.testing.assert_array_equal(xray.table(name), values)


@needs_xraydb
@pytest.mark.slow
def test_values_of_every_element() -> None:
    import xraydb

    s = np.linspace(0.0, 6.0, 50)
    for name in xray.tabulated_ions():
        np.testing.assert_array_equal(xray.f0(name, s), xraydb.f0(name, s))
    for element, number in xray.atomic_numbers().items():
        assert xraydb.atomic_number(element) == number
        assert xray.molar_mass(element) == xraydb.atomic_mass(element)
        for energy in ENERGIES[number % 3 :: 3].tolist() if number <= 92 else ():
            assert xray.dispersion(element, energy).real == xraydb.f1_chantler(element, energy)
            assert xray.dispersion(element, energy).imag == pytest.approx(
                float(xraydb.f2_chantler(element, energy)), rel=1e-13
            )
            found = xray.attenuation_per_gram(element, energy)
            assert found == pytest.approx(float(xraydb.mu_elam(element, energy)), rel=1e-12)


def test_elements_without_a_table() -> None:
    with pytest.raises(LookupError):
        xray.dispersion("Np", 8000.0)
    with pytest.raises(LookupError):
        xray.attenuation_per_gram("Es", 8000.0)


@pytest.mark.parametrize(
    ("formula", "amounts"),
    [
        ("CsPbBr3", {"Cs": 1.0, "Pb": 1.0, "Br": 3.0}),
        ("Cs.8(CH5N2)0.2 Pb", {"Cs": 0.8, "C": 0.2, "H": 1.0, "N": 0.4, "Pb": 1.0}),
        ("Mn(SO4)2(H2O)7", {"Mn": 1.0, "S": 2.0, "O": 15.0, "H": 14.0}),
        ("((CH3)2N)2D2", {"C": 4.0, "H": 14.0, "N": 2.0}),
        ("Zn1.e-5Fe3O4", {"Zn": 1e-5, "Fe": 3.0, "O": 4.0}),
        ("CH3CH3", {"C": 2.0, "H": 6.0}),
    ],
)
def test_formulas(formula: str, amounts: dict[str, float]) -> None:
    assert composition(formula) == pytest.approx(amounts)


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("cspbbr3", "neither an element nor its number at 'cspbbr3'"),
        ("CsXx", "'Xx' is not an element symbol"),
        ("(CH3", "not closed"),
        ("CH3)2", "not opened"),
        ("3C", "neither an element"),
        ("C-2", "neither an element"),
        ("C0", "of which there is none"),
        ("", "names no element"),
        ("(" * 100 + "C" + ")" * 100, "too many parentheses"),
    ],
)
def test_what_is_not_a_formula(formula: str, reason: str) -> None:
    with pytest.raises(SlxrdError, match=reason):
        composition(formula)


def test_molar_masses() -> None:
    assert molar_mass("H2O") == pytest.approx(18.015, abs=0.001)
    assert molar_mass("CsPbBr3") == pytest.approx(132.905 + 207.2 + 3 * 79.904, abs=0.05)
