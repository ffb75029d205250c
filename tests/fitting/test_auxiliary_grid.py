"""The auxiliary grid of a refinement against models that have a grid of their own."""

from __future__ import annotations

import numpy as np
import pytest
from native_core import needs_native_core

from slxrd.data.regions import Region, select_points
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.objective.residuals import Objective
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.simulation import simulate
from slxrd.parameters.parameter_set import Parameters

pytestmark = needs_native_core
TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.5, "q_zero": 0.0}
#: The longest correlations, and short ones.
LONG = [5.84, 60.0, 0.6, 25.0, 3.0, 0.0]
SHORT = [5.84, 20.0, 1.9, 8.0, 0.5, 0.0]


def objective(instrument: Instrument, *regions: Region) -> Objective:
    pattern = simulate(np.arange(0.9, 2.3, 0.004), TRUTH, noise=0.03, seed=1)
    return Objective(Model(instrument=instrument), select_points(pattern, regions))


def assert_exact(compared: Objective, starts: list[list[float]], points: list[list[float]]) -> None:
    found = Batch(compared, Parameters().fix(q_zero=0.0), np.array(starts)).chi2(np.array(points))
    expected = [compared.chi2(dict(zip(TRUTH, point, strict=True))) for point in points]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("sigma_G", [0.003, 0.007, 0.012])
def test_chi2_does_not_depend_on_the_starts(sigma_G: float) -> None:
    compared = objective(Instrument(sigma_G), Region(0.9, 1.25))
    assert_exact(compared, [SHORT], [SHORT, LONG, list(TRUTH.values())])
