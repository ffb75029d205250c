"""Both kernels against explicit random stacks and limits known on paper."""

from __future__ import annotations

from types import ModuleType

import brute_force
import numpy as np
import pytest
import reference
from kernel_checks import KERNELS, PAPER, PLAIN, FloatArray, assert_within, run, run_derivatives, run_weighted
from reference import Sample

from slxrd.model.kernel.native import kernels as native
from slxrd.model.kernel.reference import equal_planes as readable
from slxrd.model.kernel.reference import smearing as reference_smearing

# Explicit random stacks

RANDOM = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 4.1, "sigma_N": 0.8}
Q_RANDOM = np.array([0.05, 0.1045, 0.15, 0.31, 0.42, 0.63, 0.74, 0.95, 1.02, 1.076, 1.13, 2.15])


def deviation(kernel: ModuleType, n_coherent: int, changed: dict[str, float] | None = None) -> FloatArray:
    """Kernel minus the average over explicit stacks, in standard errors of that average."""
    sizes = (2, 3, 4, 5, 6)
    rng = np.random.default_rng(20210415)
    mean, error = brute_force.average(
        rng, Q_RANDOM, **RANDOM, sizes=sizes, n_coherent=n_coherent, n_stacks=1500
    )
    parameters = RANDOM | (changed or {})
    height = int(parameters.pop("n_coherent", n_coherent))
    p = brute_force.gaussian_weights(sizes, parameters.pop("N"), parameters.pop("sigma_N"))
    d, L, sigma_L = (parameters[name] for name in ("d", "L", "sigma_L"))
    values = run_weighted(kernel, Sample(d, L, sigma_L, n_coherent=height, sizes=sizes), p, Q_RANDOM)
    return (values - mean) / error


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n_coherent", [2, 7, 12])
def test_explicit_random_stacks(kernel: ModuleType, n_coherent: int) -> None:
    z = deviation(kernel, n_coherent)
    assert np.max(np.abs(z)) < 4.5, z
    # Errors of the mean that were too large would hide everything.
    assert 0.1 < np.mean(z**2) < 4.0, z


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [{"sigma_L": 1.2 * 1.43}, {"sigma_L": 0.8 * 1.43}, {"L": 37.9}, {"n_coherent": 11}, {"N": 4.4}],
    ids=str,
)
def test_a_wrong_parameter_fails_against_random_stacks(changed: dict[str, float]) -> None:
    assert np.max(np.abs(deviation(readable, 12, changed))) > 9.0


# Limits known on paper


def form_factor(q: FloatArray, d: float, n: int) -> FloatArray:
    """|F|² as the explicit sum over planes."""
    return np.abs(np.exp(1j * np.outer(q, np.arange(n) * d)).sum(axis=1)) ** 2


def averaged_form_factor(sample: Sample, q: FloatArray) -> FloatArray:
    p, _, _ = reference.weights(sample)
    return sum(w * form_factor(q, sample.d, n) for w, n in zip(p, sample.sizes, strict=True))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma_L", [0.0, 0.4])
def test_one_crystal_shows_its_form_factor_only(kernel: ModuleType, sigma_L: float) -> None:
    sample = PAPER._replace(n_coherent=1, sigma_L=sigma_L)
    assert_within(run(kernel, sample, PLAIN), averaged_form_factor(sample, PLAIN), 1e-13, PLAIN, "I")


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n_coherent", [1, 2, 39, 40, 1000])
@pytest.mark.parametrize("sigma_L", [0.0, 1.43])
def test_forward_direction_counts_planes(kernel: ModuleType, n_coherent: int, sigma_L: float) -> None:
    sample = PAPER._replace(n_coherent=n_coherent, sigma_L=sigma_L)
    p, _, _ = reference.weights(sample)
    expected = np.sum(p * np.square(sample.sizes)) * n_coherent**2
    q = np.zeros(1)
    values, slopes = run_derivatives(kernel, sample, q)
    assert values[0] == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(slopes[[0, 1, 2, 5], 0], 0.0, atol=1e-10 * expected)


@pytest.mark.parametrize("kernel", KERNELS)
def test_large_disorder_leaves_independent_crystals(kernel: ModuleType) -> None:
    sample = PAPER._replace(sigma_L=60.0)
    q = PLAIN[PLAIN > 0.15]
    expected = 40 * averaged_form_factor(sample, q)
    assert_within(run(kernel, sample, q), expected, 1e-13, q, "I")


@pytest.mark.parametrize("kernel", KERNELS)
def test_single_planes_are_a_paracrystal(kernel: ModuleType) -> None:
    """N = 1, σ_N = 0, M → ∞: M·Re[(1+z)/(1−z)] less the ends, whose share is |z|/(M|1−z|²)."""
    sample = Sample(d=5.84, L=36.9, sigma_L=2.5, N=1.0, sigma_N=0.0, n_coherent=5000, sizes=(1,))
    q = PLAIN[PLAIN > 0.3]
    z = np.exp(1j * q * sample.L - 0.5 * (q * sample.sigma_L) ** 2)
    expected = 5000 * ((1 + z) / (1 - z)).real - 2 * (z / (1 - z) ** 2).real
    assert_within(run(kernel, sample, q), expected, 1e-12, q, "I")


@pytest.mark.parametrize("kernel", KERNELS)
def test_without_disorder_a_laue_function(kernel: ModuleType) -> None:
    sample = PAPER._replace(sigma_L=0.0, sigma_N=0.0, sizes=(13,))
    period = 12 * sample.d + sample.L
    laue = (np.sin(20 * PLAIN * period) / np.sin(0.5 * PLAIN * period)) ** 2
    expected = laue * form_factor(PLAIN, sample.d, 13)
    assert_within(run(kernel, sample, PLAIN), expected, 1e-11, PLAIN, "I")


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
def test_inputs_are_left_alone_and_may_be_read_only(kernel: ModuleType) -> None:
    arrays = [np.array(PAPER.sizes, dtype=np.int64), *reference.weights(PAPER), PLAIN.copy()]
    for a in arrays:
        a.flags.writeable = False
    sizes, p, p_N, p_sigma_N, q = arrays
    first = kernel.curves_of_sizes(q, 5.84, 36.9, 1.43, sizes, p, p_N, p_sigma_N, 40)
    again = kernel.curves_of_sizes(q, 5.84, 36.9, 1.43, sizes, p, p_N, p_sigma_N, 40)
    np.testing.assert_array_equal(first, again)
    assert first.shape == (7, q.size)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
def test_no_points_give_no_points(kernel: ModuleType) -> None:
    values, slopes = run_derivatives(kernel, PAPER, np.empty(0))
    assert values.shape == (0,)
    assert slopes.shape == (6, 0)


@pytest.mark.parametrize("smearing", [reference_smearing, native], ids=["readable", "native"])
def test_smearing_is_a_sum_over_each_points_window(smearing: ModuleType) -> None:
    rng = np.random.default_rng(3)
    rows, weights = rng.standard_normal((7, 50)), rng.standard_normal((20, 9))
    first = rng.integers(0, 42, 20)
    first[:2] = 0, 41
    expected = [
        [sum(w[j] * row[f + j] for j in range(9)) for f, w in zip(first, weights, strict=True)]
        for row in rows
    ]
    np.testing.assert_allclose(smearing.smear(rows, first, weights), expected, rtol=1e-13, atol=1e-13)
