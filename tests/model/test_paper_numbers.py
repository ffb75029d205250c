"""The numbers of the 2021 paper (ACS Nano 15, 6243) that the program must give back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slxrd.data.correction_factors import lorentz_polarisation
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.minimise.covariance import Covariance
from slxrd.fitting.result.derived import derived_quantities, period_S13
from slxrd.fitting.result.fit import Estimate
from slxrd.sample.stack import Stack
from slxrd.units import d_from_q, q_from_two_theta, two_theta_from_q

BEFORE = {"d": 3.0233, "error_d": 0.0042, "L": 44.3933, "error_L": 0.029, "N": 3.98}
AFTER = {"d": 3.0083, "error_d": 0.0042, "L": 44.444, "error_L": 0.024, "N": 3.98}


@pytest.mark.parametrize(
    ("row", "period", "error"), [(BEFORE, 53.463, 0.032), (AFTER, 53.469, 0.027)], ids=["before", "after"]
)
def test_period_of_the_pbs_sheets(row: dict[str, float], period: float, error: float) -> None:
    """Table 1 and section S.q, to the digits that are printed."""
    value, spread = period_S13(**row)
    assert round(value, 3) == period
    assert round(spread, 3) == error


def derived(
    values: dict[str, float], spread: dict[str, float], correlation: float = 0.0
) -> dict[str, Estimate]:
    """Derived quantities of d, L and N with given errors, d and L correlated."""
    sigma = np.array([spread["d"], spread["L"], spread["N"]])
    matrix = np.diag(sigma**2)
    matrix[0, 1] = matrix[1, 0] = correlation * sigma[0] * sigma[1]
    chain = dict(zip(("d", "L", "N"), np.eye(3), strict=True))
    chain |= {name: np.zeros(3) for name in ("sigma_L", "sigma_N", "q_zero")}
    covariance = Covariance(("d", "L", "N"), matrix, {}, 1.0, chain)
    estimates = {name: Estimate(values[name], spread.get(name), "Å") for name in values}
    return derived_quantities(estimates, values, covariance, Stack())


SHEETS = {"d": 3.0233, "L": 44.3933, "sigma_L": 0.324, "N": 3.98, "sigma_N": 0.817, "q_zero": 0.0}
SPREAD = {"d": 0.0042, "L": 0.029, "N": 0.078}


def test_derived_quantities_of_the_pbs_sheets() -> None:
    found = derived(SHEETS, SPREAD)
    assert found["period_S13"].value == pytest.approx(53.463, abs=5e-4)
    assert found["period_S13"].error == pytest.approx(0.0316, abs=5e-4)
    # Without correlation, the same as S13; for the mean size, the error of N counts too.
    assert found["period_of_most_probable"].value == found["period_S13"].value
    assert found["period_of_most_probable"].error == pytest.approx(found["period_S13"].error, rel=1e-12)
    assert found["period"].value == pytest.approx(2.98 * 3.0233 + 44.3933, rel=1e-12)
    expected = math.sqrt((2.98 * 0.0042) ** 2 + 0.029**2 + (3.0233 * 0.078) ** 2)
    assert found["period"].error == pytest.approx(expected, rel=1e-12)
    assert found["thickness"].value == pytest.approx(2.98 * 3.0233, rel=1e-12)
    assert found["thickness"].error == pytest.approx(math.hypot(2.98 * 0.0042, 3.0233 * 0.078), rel=1e-12)
    assert found["thickness_with_surface"].value == pytest.approx(3.98 * 3.0233, rel=1e-12)
    assert found["thickness_with_surface"].error == pytest.approx(
        math.hypot(3.98 * 0.0042, 3.0233 * 0.078), rel=1e-12
    )


@pytest.mark.parametrize("correlation", [-0.52, 0.73])
def test_the_covariance_that_s13_drops(correlation: float) -> None:
    """var = (3ε_d)² + ε_L² + 2·3·ρ·ε_d·ε_L; −0.52 with q_zero fixed, +0.73 with it free."""
    error = derived(SHEETS, SPREAD, correlation)["period_of_most_probable"].error
    a, b = 3 * 0.0042, 0.029
    assert error == pytest.approx(math.sqrt(a * a + b * b + 2 * correlation * a * b), rel=1e-12)


def test_thicknesses() -> None:
    """(N−1)·d of 4 planes 9.07 Å, after correction 9.02 Å; N·d of 13 planes of CsPbBr₃ 76 Å."""
    whole = {**SHEETS, "N": 4.0}
    assert derived(whole, SPREAD)["thickness"].value == pytest.approx(9.07, abs=0.005)
    assert derived({**whole, "d": 3.0083}, SPREAD)["thickness"].value == pytest.approx(9.02, abs=0.006)
    cubes = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
    assert derived(cubes, SPREAD)["thickness_with_surface"].value == pytest.approx(76.0, abs=0.5)


def test_the_mean_size_does_not_jump_where_s13_does() -> None:
    below, above = (derived({**SHEETS, "N": n}, SPREAD) for n in (4.499, 4.501))
    assert above["period_S13"].value - below["period_S13"].value == pytest.approx(3.0233, rel=1e-9)  # type: ignore[operator]
    assert above["period"].value - below["period"].value == pytest.approx(0.002 * 3.0233, rel=1e-6)  # type: ignore[operator]


def test_without_L_no_period() -> None:
    estimates = {name: Estimate(value, 0.1, "") for name, value in SHEETS.items()}
    estimates["L"] = Estimate(None, None, "Å", "undetermined", "the pattern shows no fringes")
    chain = dict(zip(("d", "N"), np.eye(2), strict=True))
    chain |= {name: np.zeros(2) for name in ("L", "sigma_L", "sigma_N", "q_zero")}
    found = derived_quantities(
        estimates, SHEETS, Covariance(("d", "N"), np.eye(2) * 1e-4, {}, 1.0, chain), Stack()
    )
    for name in ("period", "period_S13", "period_of_most_probable"):
        assert (found[name].value, found[name].status) == (None, "undetermined")
    assert found["thickness"].status == "determined"


@pytest.mark.parametrize("status", ["undetermined", "lower bound", "at bound"])
def test_without_N_no_thickness_even_if_all_crystals_have_one_size(status: str) -> None:
    """The mean of a narrow distribution does not change with N, but N itself may be another whole number."""
    values = {**SHEETS, "N": 12.0, "sigma_N": 0.2}
    estimates = {name: Estimate(value, 0.01, "") for name, value in values.items()}
    names = ("d", "L")
    chain = {name: np.zeros(2) for name in values} | dict(zip(names, np.eye(2), strict=True))
    covariance = Covariance(names, np.eye(2) * 1e-4, {}, 1.0, chain)
    assert derived_quantities(estimates, values, covariance, Stack())["period"].status == "determined"
    value = 12.0 if status == "at bound" else None
    estimates["N"] = Estimate(value, None, "planes", status, "")  # type: ignore[arg-type]
    found = derived_quantities(estimates, values, covariance, Stack())
    for name in ("period", "thickness", "thickness_with_surface"):
        assert found[name].error is None, name
        assert found[name].status in ("undetermined", "at bound"), name


# Section S.q and the scattering geometry


def test_lorentz_polarisation_of_the_paper() -> None:
    """Lp = (1 + A cos²2θ)/((1 + A) sin 2θ), A = cos²2θ_M, θ_M = 1°; at the PbS 200 peak, q = 2.1 Å⁻¹."""
    two_theta = float(two_theta_from_q(2.1, 1.540593))
    assert two_theta == pytest.approx(29.84, abs=0.01)
    A = math.cos(math.radians(2.0)) ** 2
    expected = (1 + A * math.cos(math.radians(two_theta)) ** 2) / (
        (1 + A) * math.sin(math.radians(two_theta))
    )
    assert float(lorentz_polarisation(two_theta, 1.0)) == pytest.approx(expected, rel=1e-12)
    assert float(lorentz_polarisation(two_theta, 1.0)) == pytest.approx(1.7613, abs=2e-4)


def test_the_correction_moves_a_peak_to_smaller_d() -> None:
    """As in the paper, where d of the sheets is 3.0233 Å before and 3.0083 Å after it.

    Here without fringes: near its top the peak of 4 planes is a Gaussian of variance 6/((N²−1)d²) =
    0.0442 Å⁻², and d ln(Lp)/dq is −0.567 Å, so that it moves by −0.025 Å⁻¹, to d = 3.045 Å.
    """
    q = np.linspace(1.9, 2.2, 3001)
    sheets = (np.sin(2 * q * 3.0083) / np.sin(0.5 * q * 3.0083)) ** 2
    measured = sheets * lorentz_polarisation(two_theta_from_q(q, 1.540593), 1.0)
    assert d_from_q(float(q[np.argmax(measured)])) == pytest.approx(3.045, abs=0.003)


def test_bragg_angles() -> None:
    """CsPbBr₃ at Cu Kα₁: q = 1.0759 Å⁻¹ is 15.16°; 2θ and q undo each other."""
    q = 2.0 * math.pi / 5.84
    angle = float(two_theta_from_q(q, 1.540593))
    assert angle == pytest.approx(2.0 * math.degrees(math.asin(1.540593 / (2 * 5.84))), rel=1e-12)
    assert float(q_from_two_theta(angle, 1.540593)) == pytest.approx(q, rel=1e-12)


def test_the_examples_are_the_papers_samples() -> None:
    cubes, sheets = EXAMPLES["cspbbr3-cubes"].truth, EXAMPLES["pbs-sheets"].truth
    assert {**cubes} == {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
    assert (sheets["d"], sheets["L"], sheets["sigma_L"], sheets["sigma_N"]) == (3.0083, 44.444, 0.325, 0.85)
    assert EXAMPLES["cspbbr3-platelets"].truth["d"] == 6.0166
    assert EXAMPLES["pbs-spheres"].truth["sigma_L"] > 1.5
