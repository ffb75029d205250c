"""Fits of stacks that are not the paper's, and what single planes make of the surfaces of CsPbBr3."""

from __future__ import annotations

import numpy as np
import pytest
from cells_samples import CU, crystal

import slxrd
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.sample.stack import Stack

D = 5.84
CUBES = {"d": D, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
Q = np.linspace(0.9, 1.3, 201)


@pytest.mark.parametrize(("M", "L"), [(1, 36.9), (20, 7.0 * D)])
def test_odd_orders_of_cspbbr3_are_weak(M: int, L: float) -> None:
    """|F(100)/F(200)|² = 0.0985, of whole repeats, in one crystal and where crystals stand in step."""
    whole = crystal("PbBr2").cut("PbBr2", "CsBr")
    values = {**CUBES, "L": L, "sigma_L": 0.0}
    region = Model(Stack(M, crystal=whole), Instrument(0.0, wavelength=CU)).region(
        2.0 * np.pi / D * np.array([1.0, 2.0])
    )
    first, second = region.evaluate(values)[0]
    assert first / second == pytest.approx(0.0985, abs=0.002)


#: What a model of single planes finds where in truth N = 13, L = 36.9 Å; the table in docs/crystals.md.
SINGLE_PLANES = {"Br": (13.09, 36.88), "PbBr2": (14.08, 31.04), "CsBr": (11.6, 42.8)}


@pytest.mark.slow
@pytest.mark.parametrize("surface", SINGLE_PLANES)
def test_single_planes_move_with_the_surface(surface: str) -> None:
    N, L = SINGLE_PLANES[surface]
    pattern = slxrd.simulate(
        Q, CUBES, crystal=f"CsPbBr3:{surface}", resolution=0.0, wavelength=CU, noise=None
    )
    found = slxrd.fit(
        pattern,
        regions=[(0.9, 1.3)],
        start={"d": D, "L": L, "sigma_L": 1.43, "N": N, "sigma_N": 1.55},
        bounds={"L": (L - 2.5, L + 2.5), "N": (N - 1.0, N + 1.0)},
        fix={"q_zero": 0.0},
        resolution=0.0,
        background="none",
        systematics="none",
    )
    (only,) = found.solutions
    assert only.values["N"] == pytest.approx(N, abs=0.1)
    assert only.values["L"] == pytest.approx(L, abs=0.06)
    assert only.values["d"] == pytest.approx(D, abs=0.005)
    # Planes are not atoms, and without noise the difference is seen.
    assert found.assessment.grade == "systematic"


@pytest.mark.slow
@pytest.mark.parametrize("start", [{}, {"d": D}, {"N": 9.0, "sigma_N": 1.2}, {"sigma_u": 0.3}], ids=str)
def test_displacements_are_found_from_any_start(start: dict[str, float]) -> None:
    """χ² is level in σ_u at 0, and in everything else where σ_u has washed the fringes out."""
    q = np.arange(0.95, 1.25, 0.005)
    true = {**CUBES, "sigma_L": 0.8, "N": 9.0, "sigma_N": 1.2, "sigma_u": 0.7}
    pattern = slxrd.simulate(q, true, coherent=12, noise=0.005, seed=1)
    found = slxrd.fit(
        pattern,
        regions=[(0.95, 1.25)],
        start=start,
        free=["sigma_u"],
        fix={"q_zero": 0.0},
        bounds={"L": (35.0, 39.0), "N": (8.0, 10.0), "d": (5.8, 5.9)},
        coherent=12,
        systematics="none",
    )
    for name in ("sigma_u", "sigma_L", "L"):
        value, error = found.parameters[name].value, found.parameters[name].error
        assert value is not None
        assert error is not None
        assert abs(value - true[name]) < 4.0 * error
        assert error < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_platelets_with_atoms_and_ligands_are_found_blind(seed: int) -> None:
    """L, σ_L, d, the occupancy of the surface and the density between platelets, from a noisy pattern."""
    q = np.arange(0.85, 2.45, 0.004)
    true = {"d": 6.0166, "L": 30.0, "sigma_L": 0.6, "rho": 0.27, "occ_surface_Br": 0.8}
    pattern = slxrd.simulate(
        q, {**true, "N": 3.0, "sigma_N": 0.0}, crystal="CsPbBr3-3ML:Br", slab=0.3, wavelength=CU,
        noise=0.02, seed=seed,
    )  # fmt: skip
    found = slxrd.fit(
        pattern, regions=[(0.85, 1.6), (1.6, 2.45)], crystal="CsPbBr3-3ML:Br", slab=0.3,
        free=["rho", "occ_surface_Br"],
    )  # fmt: skip
    for name, value in true.items():
        estimate = found.parameters[name]
        assert estimate.value is not None
        if estimate.status == "lower bound":  # of an occupancy that 1 cannot be keywords from
            assert value > estimate.value
            continue
        assert estimate.error is not None
        assert abs(estimate.value - value) < 3.5 * estimate.error, name
    assert found.unique
