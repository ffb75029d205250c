"""Fits of two orders of which the second is broader than the model, with equal weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brute_effects import CUBES, REGIONS, STEP, Measurement, dilated, measured

import slxrd

EVERY = 4
COUNTS = 2000
#: Relative spread of all distances from stack to stack.
SPREAD = 0.003
TRUE = replace(CUBES, sigma_L=0.8)


def pattern() -> slxrd.Pattern:
    sample = TRUE.departing("order_broadening", (SPREAD / 0.004) ** 2)
    random = np.random.default_rng(1)
    q, counts = [], []
    for low, high in REGIONS["cubes"]:
        curve = measured(sample, (low, high), EVERY, Measurement())
        q.append((round(low / STEP) + EVERY * np.arange(curve.size)) * STEP)
        counts.append(random.poisson(curve / curve.max() * COUNTS).astype(float))
    y = np.concatenate(counts)
    return slxrd.Pattern(np.concatenate(q), y, sigma=np.sqrt(np.maximum(y, 1.0)))


def pulls(fit: slxrd.Fit) -> dict[str, float]:
    """Deviations from the true values over the errors."""
    found = {name: fit.parameters[name] for name in ("d", "L", "sigma_L", "N", "sigma_N")}
    return {
        name: ((each.value or 0.0) - TRUE.values[name]) / (each.error or 0.0) for name, each in found.items()
    }


def test_the_second_order_is_broader() -> None:
    low, high = REGIONS["cubes"][1]
    q = np.arange(round(low / STEP), round(high / STEP)) * STEP
    wider = TRUE.departing("order_broadening", (SPREAD / 0.004) ** 2)
    assert dilated(wider, q).max() < 0.95 * dilated(TRUE, q).max()


@pytest.mark.slow
def test_two_orders_with_equal_weights() -> None:
    made = pattern()
    fit = slxrd.fit(made, regions=REGIONS["cubes"], coherent=TRUE.M, noise="file")
    assert max(abs(pull) for pull in pulls(fit).values()) < 2.0
    exact = pulls(
        slxrd.fit(made, regions=REGIONS["cubes"], coherent=TRUE.M, noise="file", systematics="none")
    )
    assert exact["sigma_L"] > 2.0
    assert exact["N"] < -2.0
