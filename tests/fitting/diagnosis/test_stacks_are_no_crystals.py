"""Simulated stacks of the packaged examples, with other gaps, sizes, disorder and counts."""

import numpy as np
import pytest

import slxrd


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cspbbr3-cubes", "cspbbr3-platelets", "pbs-sheets"])
def test_a_stack_is_proposed_for_random_stacks(name):
    random = np.random.default_rng(len(name))
    q = np.round(np.arange(0.6, 2.8, 0.002), 6)
    kinds = []
    for seed in range(16):
        truth = {key: value for key, value in slxrd.example(name).truth.items() if key != "q_zero"}
        truth["sigma_L"] = random.uniform(0.3, 2.0)
        truth["L"] *= random.uniform(0.7, 1.2)
        truth["N"] = max(2.0, truth["N"] * random.uniform(0.7, 1.4))
        peak = 10.0 ** random.uniform(2.7, 5.0)
        background = peak * random.choice([0.0, 0.01, 0.05])
        pattern = slxrd.simulate(q, truth, peak=peak, background=background, noise="counting", seed=seed)
        kinds.append(slxrd.diagnose(pattern).proposal.kind)
    assert set(kinds) == {"stack"}, kinds


def test_fringes_of_cubes_at_unequal_distances_are_no_irregular_crystals():
    q = np.round(np.arange(0.6, 2.8, 0.002), 6)
    for seed in (1, 3, 5):
        pattern = slxrd.simulate(
            q, slxrd.example("cspbbr3-cubes").truth, peak=1500.0, noise="counting", seed=seed
        )
        assert slxrd.diagnose(pattern).proposal.kind == "stack"
