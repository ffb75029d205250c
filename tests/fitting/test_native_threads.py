"""Refinements and curves do not depend on the number of threads; sanitizers watch these tests too."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from slxrd.data.regions import Region, RegionData
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}


def batch_and_intensities() -> tuple[Batch, NDArray[np.float64]]:
    model = Model(Stack())
    q = np.linspace(0.95, 1.2, 60)
    curve = model.intensity(q, TRUTH)
    sigma = np.full(q.size, 0.02 * curve.max())
    objective = Objective(
        model, [RegionData(Region(0.95, 1.2), q, curve, sigma)], Settings("linear", "free", "none")
    )
    start = [[TRUTH[name] * 1.003 for name in model.names]]
    noise = np.random.default_rng(7).normal(0.0, sigma, (16, q.size))
    return Batch(objective, Parameters().fix(q_zero=0.0), np.array(start)), np.abs(curve + noise)


def test_refinements_in_threads() -> None:
    batch, intensities = batch_and_intensities()
    alone = batch.refine([intensities])
    for workers in (2, 8):
        found = batch.refine([intensities], workers)
        np.testing.assert_array_equal(found.values, alone.values)
        np.testing.assert_array_equal(found.chi2, alone.chi2)


def test_curves_in_threads() -> None:
    q = np.linspace(0.9, 1.3, 300)
    models = [Model(Stack()), Model(Stack(stack="mixed")), Model(Stack(stack="alternating"))]

    def curve(model: Model) -> NDArray[np.float64]:
        values = {name: TRUTH.get(name.removesuffix("_B"), 0.0) for name in model.names}
        return model.intensity(q, values)

    alone = [curve(model) for model in models]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(curve, models * 4))
    for k, found in enumerate(together):
        np.testing.assert_array_equal(found, alone[k % 3])
