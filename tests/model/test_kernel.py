"""Both kernels against high-precision sums, at ordinary, hostile and random places."""

from __future__ import annotations

from types import ModuleType

import brute_force
import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_checks import (
    FRAGILE,
    KERNELS,
    NAMES,
    PAPER,
    PLAIN,
    SHEETS,
    FloatArray,
    assert_derivatives,
    assert_within,
    hostile,
    run,
    run_derivatives,
    run_weighted,
)
from reference import Sample

from slxrd.model.kernel.native import kernels as native
from slxrd.model.kernel.reference import equal_planes as readable

# S9 and plain sums


@pytest.mark.parametrize(
    "sample", [PAPER, SHEETS, PAPER._replace(n_coherent=2), SHEETS._replace(n_coherent=20)]
)
def test_the_two_references_agree(sample: Sample) -> None:
    s9, direct = reference.intensity_s9(sample, tuple(PLAIN)), reference.intensity(sample, tuple(PLAIN))
    np.testing.assert_allclose(s9, direct, rtol=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n_coherent", [2, 10, 40, 100, 1000])
@pytest.mark.parametrize("sample", [PAPER, SHEETS])
def test_corrected_s9(kernel: ModuleType, sample: Sample, n_coherent: int) -> None:
    q = np.linspace(0.11, 2.47, 151)
    sample = sample._replace(n_coherent=n_coherent)
    assert_within(run(kernel, sample, q), reference.intensity_s9(sample, tuple(q)), 1e-12, q, "I")


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n_coherent", [2, 40, 100])
def test_corrected_s9_of_a_well_ordered_stack(kernel: ModuleType, n_coherent: int) -> None:
    """Up to M = 100: at M = 1000 half an ulp of q alone moves this pattern by 4e-12 of its maximum."""
    q = np.linspace(0.11, 2.47, 151)
    sample = PAPER._replace(sigma_L=0.05, n_coherent=n_coherent)
    assert_within(run(kernel, sample, q), reference.intensity_s9(sample, tuple(q)), 1e-12, q, "I")


@pytest.mark.parametrize("kernel", KERNELS)
def test_c_read_as_crystals_would_be_noticed(kernel: ModuleType) -> None:
    q = np.linspace(0.11, 2.47, 151)
    s9 = reference.intensity_s9(SHEETS._replace(n_coherent=20), tuple(q))
    with pytest.raises(AssertionError, match="of the maximum"):
        assert_within(run(kernel, SHEETS, q) / 2, s9, 1e-2, q, "I")


# Hostile places


def closed_form(sample: Sample, q: FloatArray) -> FloatArray:
    """The closed form in doubles without a guard: what a kernel must not be."""
    total = np.zeros(q.size)
    for n, p in zip(sample.sizes, reference.weights(sample)[0], strict=True):
        z = np.exp(1j * q * ((n - 1) * sample.d + sample.L) - 0.5 * (q * sample.sigma_L) ** 2)
        stack = z * (sample.n_coherent * (1 - z) - (1 - z**sample.n_coherent)) / (1 - z) ** 2
        F2 = (np.sin(0.5 * n * q * sample.d) / np.sin(0.5 * q * sample.d)) ** 2
        total += p * F2 * (sample.n_coherent + 2 * stack.real)
    return total


@pytest.mark.parametrize("sigma_L", [0.0, 1e-9, 1e-4])
def test_the_hostile_places_are_hostile(sigma_L: float) -> None:
    """An unguarded closed form passes at ordinary points and fails at these, even where it is finite."""
    sample = FRAGILE._replace(sigma_L=sigma_L)
    plain = reference.intensity(sample, tuple(PLAIN))
    assert_within(closed_form(sample, PLAIN), plain, 1e-11, PLAIN, "I")
    q = hostile(sample)
    with np.errstate(all="ignore"):
        values = closed_form(sample, q)
    finite = np.isfinite(values)
    q, values = q[finite], values[finite]
    with pytest.raises(AssertionError, match="of the maximum"):
        assert_within(values, reference.intensity(sample, tuple(q)), 1e-10, q, "I")


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma_L", [0.0, 1e-9, 1e-4, 0.01, 0.3, 1.43, 5.0])
def test_disorder_at_singular_points(kernel: ModuleType, sigma_L: float) -> None:
    sample = PAPER._replace(sigma_L=sigma_L, sizes=(12, 13, 14))
    assert_derivatives(kernel, sample, hostile(sample))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma_L", [0.0, 1e-4, 0.3])
@pytest.mark.parametrize("n_coherent", [1, 2, 3, 39, 64])
def test_stack_heights_at_singular_points(kernel: ModuleType, sigma_L: float, n_coherent: int) -> None:
    sample = FRAGILE._replace(sigma_L=sigma_L, n_coherent=n_coherent)
    assert_derivatives(kernel, sample, hostile(sample))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma_L", [0.0, 1e-9, 1e-4, 0.3])
def test_a_thousand_crystals(kernel: ModuleType, sigma_L: float) -> None:
    sample = FRAGILE._replace(sigma_L=sigma_L, n_coherent=1000, sizes=(4,))
    assert_derivatives(kernel, sample, hostile(sample, q_max=1.2))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("N", [1.0, 1.2, 12.7, 13.0])
@pytest.mark.parametrize("sigma_N", [0.0, 1e-12, 1e-3, 0.3])
def test_narrow_size_distributions(kernel: ModuleType, N: float, sigma_N: float) -> None:
    sizes = (1, 2, 3) if N < 2 else (12, 13, 14)
    sample = PAPER._replace(N=N, sigma_N=sigma_N, sizes=sizes, sigma_L=0.4, n_coherent=10)
    assert_derivatives(kernel, sample, hostile(sample))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma_L", [0.0, 1e-4, 0.3])
@pytest.mark.parametrize(("n_coherent", "n_correlated"), [(40, 1), (40, 2), (41, 17), (40, 40), (7, 100)])
def test_only_near_pairs(kernel: ModuleType, n_coherent: int, n_correlated: int, sigma_L: float) -> None:
    sample = FRAGILE._replace(sigma_L=sigma_L, n_coherent=n_coherent, n_correlated=n_correlated)
    assert_derivatives(kernel, sample, hostile(sample))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma_L", [1.43, 8.0, 20.0])
def test_overwhelming_disorder(kernel: ModuleType, sigma_L: float) -> None:
    """q·σ_L from 40 to 4000, where every exponential underflows."""
    sample = FRAGILE._replace(sigma_L=sigma_L)
    q = np.concatenate([np.array([0.0, 40.0, 41.5, 60.0, 200.0, 4000.0]) / sigma_L, PLAIN[::6]])
    assert_derivatives(kernel, sample, q)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma_L", [0.0, 0.02, 1.43])
def test_large_q(kernel: ModuleType, sigma_L: float) -> None:
    sample = FRAGILE._replace(sigma_L=sigma_L)
    bragg = 2 * np.pi * np.array([1, 5, 27]) / sample.d
    q = np.concatenate([bragg, np.nextafter(bragg, 0.0), bragg + 1e-9, np.linspace(24.0, 30.0, 11)])
    assert_derivatives(kernel, sample, q)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sample", [PAPER._replace(sizes=(12, 13, 14)), FRAGILE._replace(sigma_L=0.0)])
def test_even_in_q(kernel: ModuleType, sample: Sample) -> None:
    q = np.sort(hostile(sample))
    both = np.concatenate([-q[::-1], q])
    values, slopes = run_derivatives(kernel, sample, both)
    assert_within(values[: q.size][::-1], values[q.size :], 1e-14, q, "I(-q)")
    parity = np.array([1, 1, 1, 1, 1, -1])
    for name, row, sign in zip(NAMES, slopes, parity, strict=True):
        assert_within(sign * row[: q.size][::-1], row[q.size :], 1e-13, q, f"dI/d{name}(-q)")


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sample", [PAPER, SHEETS])
def test_derivatives_of_the_papers_samples(kernel: ModuleType, sample: Sample) -> None:
    assert_derivatives(kernel, sample, PLAIN)


# Random parameters


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("seed", range(2))
def test_derivatives_against_finite_differences(kernel: ModuleType, seed: int) -> None:
    """40 samples a seed; the size window stays where it is while N and σ_N move."""
    rng = np.random.default_rng(seed)
    for _ in range(40):
        N, sigma_N = rng.uniform(1.5, 20.0), rng.uniform(0.3, 2.0)
        sizes = tuple(range(max(1, int(N - 2 * sigma_N)), int(N + 2 * sigma_N) + 2))
        sample = Sample(
            d=rng.uniform(2.5, 7.0),
            L=rng.uniform(10.0, 60.0),
            sigma_L=rng.uniform(0.05, 2.5),
            N=N,
            sigma_N=sigma_N,
            n_coherent=int(rng.integers(1, 60)),
            sizes=sizes,
        )
        q = rng.uniform(-3.0, 3.0, 40)
        values, slopes = run_derivatives(kernel, sample, q)
        np.testing.assert_allclose(values, run(kernel, sample, q), rtol=1e-13, atol=1e-13 * values.max())
        for name, row in zip(NAMES, slopes, strict=True):
            numeric, step = finite_difference(kernel, sample, q, name)
            # The rounding errors of the differences are those of the intensity, divided by the step.
            scale = max(1e-5 * values.max() / step, np.max(np.abs(row)))
            assert np.max(np.abs(row - numeric)) <= 2e-7 * scale, (name, sample)


def finite_difference(
    kernel: ModuleType, sample: Sample, q: FloatArray, name: str
) -> tuple[FloatArray, float]:
    """Fourth-order central difference, and its step."""
    if name in ("N", "sigma_N"):
        step = 1e-3
    else:
        # The fastest oscillation is cos(q·M·Λ); it moves with L, with N planes' d, and with q.
        period = (sample.N - 1) * sample.d + sample.L
        fastest = {"q": sample.n_coherent * period, "d": 3 * sample.n_coherent * max(sample.sizes)}
        step = 2e-3 / fastest.get(name, 3 * sample.n_coherent)

    def at(shift: float) -> FloatArray:
        there = sample._replace(**{name: getattr(sample, name) + shift})
        p = brute_force.gaussian_weights(there.sizes, there.N, there.sigma_N)
        return run_weighted(kernel, there, p, q)

    places = step * np.array([-2.0, -1.0, 1.0, 2.0])
    if name == "q":
        p = brute_force.gaussian_weights(sample.sizes, sample.N, sample.sigma_N)
        lines = run_weighted(kernel, sample, p, np.add.outer(places, q).ravel()).reshape(4, -1)
    else:
        lines = np.array([at(place) for place in places.tolist()])
    return np.array([1.0, -8.0, 8.0, -1.0]) @ lines / (12.0 * step), step


@pytest.mark.slow
@given(
    d=st.floats(1.0, 10.0),
    L=st.floats(0.0, 100.0),
    sigma_L=st.one_of(st.just(0.0), st.floats(1e-9, 10.0)),
    first=st.integers(1, 40),
    n_sizes=st.integers(1, 12),
    offset=st.floats(-1.0, 12.0),
    sigma_N=st.floats(0.05, 5.0),
    n_coherent=st.integers(1, 200),
    q=st.lists(st.floats(-4.0, 4.0), min_size=1, max_size=20),
)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_readable_and_native_agree(
    d: float,
    L: float,
    sigma_L: float,
    first: int,
    n_sizes: int,
    offset: float,
    sigma_N: float,
    n_coherent: int,
    q: list[float],
) -> None:
    sizes = tuple(range(first, first + n_sizes))
    sample = Sample(d, L, sigma_L, first + offset, sigma_N, n_coherent, sizes)
    points = np.array([0.0, *q])
    one, one_slopes = run_derivatives(readable, sample, points)
    two, two_slopes = run_derivatives(native, sample, points)
    assert_within(two, one, 1e-11, points, "I")
    assert_within(run(native, sample, points), one, 1e-11, points, "I")
    # A slope's own maximum over a few points may be a cancelled remainder: the natural unit of
    # each is the pattern's maximum per radian of the fastest phase.
    q_max = np.max(np.abs(points))
    height = n_coherent * (sizes[-1] * d + L)
    units = (q_max * n_coherent * sizes[-1], q_max * n_coherent, q_max * n_coherent, 1 / sigma_N, 1 / sigma_N)
    for name, a, b, unit in zip(NAMES, one_slopes, two_slopes, (*units, height), strict=True):
        assert np.all(np.isfinite(b))
        assert np.max(np.abs(a - b)) <= 1e-11 * unit * np.max(one), (name, sample)
