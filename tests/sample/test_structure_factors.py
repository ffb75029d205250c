"""Structure factors against sums by hand, measured powder intensities, CIFs, and physics.md 9.16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares

from slxrd.model.kernel.reference.equal_planes import curves_of_sizes
from slxrd.model.sizes import size_weights
from slxrd.sample.amplitudes import crystal_amplitude, structure_factor
from slxrd.sample.crystal import Crystal
from slxrd.sample.form_factors import scattering
from slxrd.sample.library.crystals import crystal

CU = 1.540593


def order(found: Crystal, number: int, wavelength: float | None = CU) -> complex:
    """Structure factor of an order of reflection, in a surface cell."""
    return complex(structure_factor(found, [2.0 * np.pi * number / found.period], wavelength)[0])


def by_hand(elements: dict[str, tuple[float, float]], number: int, a: float) -> complex:
    """Sum of numbers with signs, B by element, f₀ and f′, f″ from gemmi's tables and not from xraydb."""
    gemmi = pytest.importorskip("gemmi")
    s = number / (2.0 * a)
    total = 0j
    for name, (count, B) in elements.items():
        element = gemmi.Element(name)
        f1, f2 = gemmi.cromer_liberman(z=element.atomic_number, energy=12398.4198 / CU)
        f0 = element.it92.calculate_sf(stol2=s * s)
        total += count * (f0 + f1 + 1j * f2) * np.exp(-B * s * s)
    return total


def test_orders_of_cspbbr3_alternate() -> None:
    """F(h00) = f_Pb + 2 f_Br ± (f_Cs + f_Br): odd orders are differences, and weak."""
    found = crystal("CsPbBr3")
    for number in (1, 2, 3, 4):
        sign = (-1) ** number
        hand = by_hand({"Pb": (1, 2.0), "Br": (2 + sign, 4.0), "Cs": (sign, 6.0)}, number, 5.84)
        # Ions against atoms, and two tables of f′: some 1.5 electrons in either plane.
        assert order(found, number) == pytest.approx(hand, abs=2.5)
    ratio = abs(order(found, 1)) ** 2 / abs(order(found, 2)) ** 2
    assert ratio == pytest.approx(0.0985, abs=0.002)


def test_forward_scattering_counts_the_electrons_of_the_paper() -> None:
    """SI section S.d: 152 electrons in PbBr2 and 90 in CsBr; two of them go from Pb and Cs to Br."""
    pb, cs = crystal("CsPbBr3").repeat
    amplitude = [
        sum(site.count * float(scattering(site.species, 0.0, None).real) for site in p.sites)
        for p in (pb, cs)
    ]
    assert amplitude == pytest.approx([82 + 2 * 35, 55 + 35], abs=0.1)


def test_pbs_planes_against_measured_powder_intensities() -> None:
    """PDF 5-592 (NBS Circular 539 II): I(111) = 84, I(222) = 16 where I(200) = 100."""

    def powder(found: Crystal, number: int, multiplicity: int, cells: float) -> float:
        sine = number * CU / (2.0 * found.period)
        theta = np.arcsin(sine)
        lorentz_polarisation = (1.0 + np.cos(2 * theta) ** 2) / (sine**2 * np.cos(theta))
        return float(multiplicity * lorentz_polarisation * abs(cells * order(found, number)) ** 2)

    # In the cubic cell, of four PbS, both repeats stand four times.
    strongest = powder(crystal("PbS-100"), 1, 6, 4.0)
    assert 100 * powder(crystal("PbS-111"), 1, 8, 4.0) / strongest == pytest.approx(84, abs=12)
    assert 100 * powder(crystal("PbS-111"), 2, 8, 4.0) / strongest == pytest.approx(16, abs=8)


def test_pbs_111_is_a_difference_and_200_a_sum() -> None:
    q1, q2 = 2 * np.pi * np.sqrt(3) / 5.936, 4 * np.pi / 5.936
    minus = (scattering("Pb", q1, CU) - scattering("S", q1, CU)) * np.exp(-1.4 * (q1 / 4 / np.pi) ** 2)
    plus = (scattering("Pb", q2, CU) + scattering("S", q2, CU)) * np.exp(-1.4 * (q2 / 4 / np.pi) ** 2)
    assert order(crystal("PbS-111"), 1) == pytest.approx(complex(minus), rel=1e-4)
    assert order(crystal("PbS-100"), 1) == pytest.approx(complex(plus), rel=1e-4)


def test_polar_planes_break_friedels_law() -> None:
    """|F(111)| − |F(−1−1−1)| of CdSe, by the explicit formula for F = f_Cd + f_Se e^{iφ}, φ = 3π/2."""
    found = crystal("CdSe-111")
    q = 2 * np.pi / found.period
    damping = np.exp(-2 * 1.5 * (q / 4 / np.pi) ** 2)
    cd, se = complex(scattering("Cd", q, CU)), complex(scattering("Se", q, CU))
    difference = abs(order(found, 1)) ** 2 - abs(order(found, -1)) ** 2
    # |a + b e^{iφ}|² − |a + b e^{−iφ}|² = 4 sin φ Im(a b*), with sin φ = −1.
    expected = -4.0 * (cd.imag * se.real - cd.real * se.imag) * damping
    assert abs(expected) > 100.0
    assert difference == pytest.approx(expected, rel=1e-9)


HEADER = "data_x\n" + "".join(f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma"))
LOOP = "loop_\n" + "".join(
    f"_atom_site_{x}\n" for x in ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "B_iso_or_equiv")
)
CIFS = {
    "CsPbBr3": (5.84, "P m -3 m", "Cs Cs+ .5 .5 .5 6\nPb Pb2+ 0 0 0 2\nBr Br- .5 0 0 4\n", (1, 0, 0)),
    "CsPbCl3": (5.605, "P m -3 m", "Cs Cs+ .5 .5 .5 6\nPb Pb2+ 0 0 0 2\nCl Cl- .5 0 0 4\n", (0, 0, 1)),
    "PbS-100": (5.936, "F m -3 m", "Pb Pb 0 0 0 1.4\nS S .5 .5 .5 1.4\n", (0, 1, 0)),
    "PbS-111": (5.936, "F m -3 m", "Pb Pb 0 0 0 1.4\nS S .5 .5 .5 1.4\n", (1, 1, 1)),
    "CdSe-100": (6.077, "F -4 3 m", "Cd Cd 0 0 0 1.5\nSe Se .25 .25 .25 1.5\n", (1, 0, 0)),
    "CdSe-111": (6.077, "F -4 3 m", "Cd Cd 0 0 0 1.5\nSe Se .25 .25 .25 1.5\n", (1, 1, 1)),
}


@pytest.mark.parametrize("name", CIFS)
def test_a_cif_gives_the_planes_of_the_library(name: str, tmp_path: Path) -> None:
    pytest.importorskip("gemmi")
    from slxrd.sample.cif.read import crystal_from_cif

    a, group, atoms, hkl = CIFS[name]
    lengths = "".join(f"_cell_length_{axis} {a}\n" for axis in "abc")
    path = tmp_path / "a.cif"
    path.write_text(
        HEADER + lengths + f"_space_group_name_H-M_alt '{group}'\n" + LOOP + atoms, encoding="utf-8"
    )
    read, known = crystal_from_cif(path, hkl), crystal(name)
    assert read.period == pytest.approx(known.period, rel=1e-4)
    assert read.area == pytest.approx(known.area, rel=1e-4)
    assert len(read.repeat) == len(known.repeat)
    for one, two in zip(read.repeat, known.repeat, strict=True):
        assert one.position == pytest.approx(two.position, abs=1e-9)
        assert str(one) == str(two)
        assert [site.count for site in one.sites] == [site.count for site in two.sites]
        assert [site.B for site in one.sites] == pytest.approx([site.B for site in two.sites])


def test_ruddlesden_popper_cif(tmp_path: Path) -> None:
    pytest.importorskip("gemmi")
    from slxrd.sample.cif.read import crystal_from_cif

    atoms = "Pb Pb2+ 0 0 0 2\nCl Cl- 0 .5 0 4\nI I- 0 0 .1685 3\nCs Cs+ 0 0 .366 4\n"
    lengths = "_cell_length_a 5.6385\n_cell_length_b 5.6385\n_cell_length_c 18.879\n"
    path = tmp_path / "rp.cif"
    path.write_text(
        HEADER + lengths + "_space_group_name_H-M_alt 'I 4/m m m'\n" + LOOP + atoms, encoding="utf-8"
    )
    read, known = crystal_from_cif(path, (0, 0, 1)), crystal("Cs2PbI2Cl2")
    assert read.period == pytest.approx(known.period)
    assert read.area == pytest.approx(known.area, rel=1e-4)
    assert [str(plane) for plane in read.repeat] == [str(plane) for plane in known.repeat]
    assert [p.position for p in read.repeat] == pytest.approx([p.position for p in known.repeat], abs=1e-6)


#: physics.md 9.16: N and L that a model of single planes finds, by surface.
SINGLE_PLANES = {"Br": (13.09, 36.88), "PbBr2": (14.08, 31.04), "CsBr": (11.6, 42.8)}


@pytest.mark.slow
@pytest.mark.parametrize("surface", SINGLE_PLANES)
def test_single_planes_fitted_to_atoms_shift_with_the_surface(surface: str) -> None:
    """N = 13, L = 36.9 between PbBr2 planes whatever the surface; first Bragg peak, sizes pure."""
    d, L, sigma_L, sigma_N, M = 5.84, 36.9, 1.43, 1.55, 40
    q = np.linspace(0.9, 1.3, 201)
    true = size_weights(13.0, sigma_N)
    pattern = np.zeros_like(q)
    for n, share in zip(true.sizes.tolist(), true.weights, strict=True):
        z = np.exp(1j * q * ((n - 1) * d + L) - 0.5 * (q * sigma_L) ** 2)
        pairs = z * (M * (1 - z) - (1 - z**M)) / (1 - z) ** 2
        amplitude = crystal_amplitude(crystal("CsPbBr3", surface), n, q, CU)
        pattern += share * np.abs(amplitude) ** 2 * (M + 2.0 * pairs.real)
    pattern /= pattern.max()

    def misfit(x: np.ndarray) -> np.ndarray:
        sizes = size_weights(x[3], x[4])
        curve = curves_of_sizes(q, *x[:3], sizes.sizes, sizes.weights, sizes.d_N, sizes.d_sigma_N, M)[0]
        # The scale is free.
        return curve * (curve @ pattern) / (curve @ curve) - pattern

    N_found, L_found = SINGLE_PLANES[surface]
    found = least_squares(
        misfit, [d, L_found, sigma_L, N_found, sigma_N], x_scale=[0.01, 0.1, 0.1, 0.1, 0.1]
    ).x
    assert found[3] == pytest.approx(N_found, abs=0.1)
    assert found[1] == pytest.approx(L_found, abs=0.05)
    assert found[0] == pytest.approx(d, abs=0.005)
