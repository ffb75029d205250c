"""Effect of the Lorentz-polarisation correction on a fit, compared with Table 1 of the SI."""

from dataclasses import replace

import numpy as np
import pytest

import slxrd
from slxrd.data.correction_factors import lorentz_polarisation
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.studies.polarisation import compare_lp, without_and_with_correction

START = {"d": 3.0083, "L": 44.444, "sigma_L": 0.325, "N": 3.98, "sigma_N": 0.85}


def fitted(pattern: Pattern) -> Fit:
    regions = [(1.2, 1.6, 0.1), (1.65, 2.6)]
    return slxrd.fit(pattern, regions=regions, start=START, fix={"q_zero": 0.0}, systematics="none")


@pytest.mark.slow
def test_the_sheets_of_the_paper() -> None:
    """Paper: d −0.0150, L +0.051, Λ +0.006 Å, σ_L and N the same within their errors, σ_N +0.03."""
    sheets = replace(slxrd.example("pbs-sheets").pattern(), wavelength=1.540593)
    found = compare_lp(sheets, fitted, monochromator=1.0)
    shift = {row.name: row.shift or 0.0 for row in found.rows}
    assert -0.030 < shift["d"] < -0.010
    assert 0.03 < shift["L"] < 0.09
    assert abs(shift["period_S13"]) < 0.01
    assert abs(shift["sigma_L"]) < 0.01
    assert abs(shift["N"]) < 0.02
    assert 0.01 < shift["sigma_N"] < 0.06
    d = next(row for row in found.rows if row.name == "d")
    assert d.after.value == pytest.approx(3.0083, abs=4.0 * (d.after.error or 0.0))
    assert d.shift_in_errors == pytest.approx(shift["d"] / (d.after.error or 1.0))
    assert "already corrected" in str(found)


def test_measured_and_corrected_patterns_give_the_same_pair() -> None:
    angles = np.linspace(20.0, 40.0, 50)
    raw = Pattern(angles, 100.0 + angles, axis="2theta", wavelength=1.5406, per_count=1.0)
    before, after, multiplied = without_and_with_correction(raw, 1.0)
    assert not multiplied
    assert before.axis == after.axis == "q"
    np.testing.assert_allclose(before.intensity / after.intensity, lorentz_polarisation(angles, 1.0))
    back, again, multiplied = without_and_with_correction(slxrd.correct_lorentz_polarisation(raw, 1.0))
    assert not multiplied
    np.testing.assert_allclose(back.intensity, before.intensity)
    np.testing.assert_allclose(again.intensity, after.intensity)
    corrected = Pattern(after.q, after.intensity, wavelength=1.5406, sigma=np.sqrt(after.intensity))
    back, again, multiplied = without_and_with_correction(corrected, 1.0)
    assert multiplied
    np.testing.assert_allclose(back.intensity, before.intensity)
    assert back.sigma is not None
    np.testing.assert_allclose(back.sigma / back.intensity, again.sigma / again.intensity)


def test_over_q_the_wavelength_is_needed() -> None:
    with pytest.raises(SlxrdError, match="wavelength is not known"):
        without_and_with_correction(slxrd.example("pbs-sheets").pattern())
