"""The native core against the NumPy kernels on random samples, and what it refuses."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from native_core import needs_native_core
from random_samples import KINDS, Drawn, FloatArray, draw

from slxrd.errors import SlxrdError
from slxrd.model.kernel.arrays import PowerWeights, Sample
from slxrd.model.kernel.geometry import reach
from slxrd.model.kernel.native import kernels as native
from slxrd.model.kernel.native.conversion import address
from slxrd.model.kernel.reference import cells, equal_planes, interference
from slxrd.model.kernel.reference import kernels as reference_kernels

pytestmark = needs_native_core
Q_ZERO = 5


def expected(drawn: Drawn) -> FloatArray:
    arguments = (drawn.p, drawn.q, drawn.delta, drawn.sample, drawn.pairs, True)
    if drawn.kind == "equal planes":
        return equal_planes.curves(*arguments)
    return cells.curves(*arguments, drawn.gaps)


def calculated(drawn: Drawn, derivatives: bool = True) -> FloatArray:
    return native.curves(drawn.p, drawn.q, drawn.delta, drawn.sample, drawn.pairs, derivatives)


def assert_agree(drawn: Drawn, where: str) -> None:
    """Intensity to 1e-12 of the maximum, derivatives to 1e-9 of their own.

    The derivative with respect to a parameter without effect is the rounding error of a sum of terms as large
    as the intensity. That with respect to q loses digits next to q = 0 in both kernels.
    """
    rows, found = expected(drawn), calculated(drawn)
    highest = np.max(np.abs(rows[0]))
    assert np.all(np.isfinite(found)), where
    np.testing.assert_array_less(np.abs(found[0] - rows[0]), 1e-12 * highest + 1e-300, where)
    np.testing.assert_allclose(
        calculated(drawn, False)[0], found[0], rtol=0.0, atol=1e-12 * highest, err_msg=where
    )
    for k in range(drawn.p.size):
        kept = np.abs(drawn.q) > 1e-3 if k == Q_ZERO else np.ones(drawn.q.size, dtype=bool)
        error = np.abs(found[1 + k] - rows[1 + k])[kept]
        limit = 1e-9 * np.max(np.abs(rows[1 + k])) + 1e-12 * highest + 1e-300
        assert np.max(error) < limit, f"{where}, parameter {k}: {np.max(error):.1e}, not below {limit:.1e}"


@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_numpy(kind: str) -> None:
    for seed in range(40):
        assert_agree(draw(seed, kind), f"{kind} {seed}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_numpy_on_many_samples(kind: str) -> None:
    for seed in range(1000, 1200):
        assert_agree(draw(seed, kind, 24), f"{kind} {seed}")


@pytest.mark.parametrize("kind", KINDS)
def test_interference_agrees_with_numpy(kind: str) -> None:
    for seed in range(30):
        drawn = draw(seed, kind, 40)
        rng = np.random.default_rng(seed)
        wave = rng.normal(size=drawn.q.size) + 1j * rng.normal(size=drawn.q.size)
        before = rng.normal(size=(1 + drawn.p.size, drawn.q.size))
        arguments = (wave, drawn.p, drawn.q, drawn.delta, drawn.sample, drawn.pairs)
        rows, found, intensity = np.zeros(before.shape), before.copy(), before.copy()
        amplitude = interference.add_interference(rows, *arguments, True, drawn.gaps)
        mean = native.add_interference(found, *arguments, True)
        without = native.add_interference(intensity, *arguments, False)
        where = f"{kind} {seed}"
        highest = np.max(np.abs(amplitude))
        np.testing.assert_allclose(mean, amplitude, rtol=0.0, atol=1e-12 * highest, err_msg=where)
        np.testing.assert_array_equal(without, mean, where)
        np.testing.assert_array_equal(intensity[0], found[0], where)
        np.testing.assert_array_equal(intensity[1:], before[1:], where)
        scale = np.max(np.abs(rows), axis=1, keepdims=True) + highest + 1e-300
        error = np.abs(found - before - rows) / scale
        error[1 + Q_ZERO, np.abs(drawn.q) < 1e-3] = 0.0  # loses digits there in both forms
        assert np.max(error) < 1e-10, where


def test_interference_needs_arrays_for_its_points() -> None:
    drawn = draw(1, "mixed", 30)
    of_sample = (drawn.p, drawn.q, drawn.delta, drawn.sample, drawn.pairs, True)
    rows, wave = np.zeros((1 + drawn.p.size, 30)), np.ones(30, complex)
    for broken in (
        (rows[:-1].copy(), wave, *of_sample),
        (rows.T.copy().T, wave, *of_sample),
        (rows.astype(np.float32), wave, *of_sample),
        (rows, wave[:-1], *of_sample),
        (rows[:, :20].copy(), wave[:20], drawn.p, drawn.q[:20], drawn.delta[:20], *of_sample[3:]),
        (rows, wave, drawn.p, drawn.q, drawn.delta[:20], *of_sample[3:]),
        (rows[:4], wave, drawn.p[:3], *of_sample[1:]),
    ):
        with pytest.raises(ValueError, match=r"shape|changed|wave|parameters"):
            native.add_interference(*broken)
    rows.flags.writeable = False
    with pytest.raises(ValueError, match="changed"):
        native.add_interference(rows, wave, *of_sample)


def film(
    seed: int, n: int = 70
) -> tuple[FloatArray, FloatArray, FloatArray, PowerWeights, PowerWeights | None]:
    """Random arguments of film_means; every third film has a smooth top."""
    rng = np.random.default_rng(seed)
    terms, rows, numbers = int(rng.integers(1, 6)), int(rng.integers(4, 11)), int(rng.integers(1, 40))

    def weights(first: int, exponents: int, count: int) -> PowerWeights:
        width = int(rng.integers(2, rows))
        places = rng.permutation(rows)[:width]
        return PowerWeights(first, places, rng.normal(size=(exponents, width, count)))

    X, Y = rng.normal(size=(2, terms, rows, n)) + 1j * rng.normal(size=(2, terms, rows, n))
    sizes = weights(int(rng.integers(1, 500)), 2 * terms - 1, numbers)
    steps = weights(-7, terms, 15) if seed % 3 else None
    return X, Y, rng.uniform(0.1, 12.0, n), sizes, steps


def test_means_of_films() -> None:
    for seed in range(60):
        arguments = film(seed)
        expected, found = reference_kernels.film_means(*arguments), native.film_means(*arguments)
        for one, other in zip(found, expected, strict=True):
            scale = np.max(np.abs(other), axis=1, keepdims=True)
            assert np.all(np.abs(one - other) <= 1e-11 * scale), seed
        for last in (0, 1, 63, 64, 65):
            X, Y, phase, *weights = arguments
            part = native.film_means(X[..., :last], Y[..., :last], phase[:last], *weights)
            for one, other in zip(part, found, strict=True):
                np.testing.assert_allclose(one, other[:, :last], rtol=1e-12, atol=1e-12 * np.abs(other).max())


def test_means_of_films_need_weights_for_each_term_and_row() -> None:
    X, Y, phase, sizes, steps = film(1)
    assert steps is not None
    rows = X.shape[1]
    for broken in (
        (X[:, :, 1:], Y, phase, sizes, steps),
        (X, Y[:, 1:], phase, sizes, steps),
        (X, Y, phase[1:], sizes, steps),
        (X[:0], Y[:0], phase, sizes, steps),
        (X, Y, phase, sizes._replace(weights=sizes.weights[1:]), steps),
        (X, Y, phase, sizes._replace(weights=sizes.weights[:, :, :0]), steps),
        (X, Y, phase, sizes._replace(rows=sizes.rows[1:]), steps),
        (X, Y, phase, sizes._replace(rows=np.full_like(sizes.rows, rows)), steps),
        (X, Y, phase, sizes._replace(rows=np.zeros_like(sizes.rows)), steps),
        (X, Y, phase, sizes, steps._replace(weights=steps.weights[:-1])),
        (X, Y, phase, sizes, steps._replace(rows=-1 - steps.rows)),
    ):
        with pytest.raises(ValueError, match=r"shape|index"):
            native.film_means(*broken)


@pytest.mark.parametrize("kind", KINDS)
def test_points_do_not_depend_on_each_other(kind: str) -> None:
    """At the ends of blocks and of arrays too."""
    drawn = draw(7, kind, 130)
    whole = calculated(drawn)
    for first, last in ((0, 1), (0, 63), (0, 64), (1, 65), (2, 67), (127, 129), (129, 130), (5, 5)):
        part = slice(first, last)
        s = replace(drawn.sample, amplitudes=drawn.sample.amplitudes[..., part])
        found = calculated(drawn._replace(q=drawn.q[part], delta=drawn.delta[part], sample=s))
        scale = np.max(np.abs(whole), axis=1, keepdims=True)
        assert found.shape == (1 + drawn.p.size, last - first)
        assert np.all(np.abs(found - whole[:, part]) <= 1e-13 * scale)


@pytest.mark.parametrize("kind", KINDS)
def test_reach(kind: str) -> None:
    for seed in range(40):
        drawn = draw(seed, kind, 20)
        for longest in (100.0, 2000.0, np.inf):
            distance, pairs = native.reach(drawn.p, drawn.sample, longest)
            expected_distance, expected_pairs = reach(drawn.p, drawn.sample, longest)
            assert pairs == expected_pairs
            assert distance == pytest.approx(expected_distance, rel=1e-13)


# What is refused


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [3, 4])
def test_sizes_that_are_not_finite(kind: str, place: int, wrong: float) -> None:
    drawn = draw(3, kind, 20)
    drawn.p[place] = wrong
    with pytest.raises(SlxrdError, match="sizes of the crystals"):
        calculated(drawn)


def test_more_sizes_than_fit() -> None:
    drawn = draw(3, "mixed", 20)
    drawn.p[3:5] = 1e12, 1e11
    with pytest.raises(SlxrdError, match="sizes of the crystals"):
        calculated(drawn)


@pytest.mark.parametrize("kind", KINDS)
def test_not_a_number_stays_visible(kind: str) -> None:
    """In a parameter everywhere, in a scattering vector at its own place."""
    for place in (0, 1, 2):
        drawn = draw(5, kind, 70)
        drawn.p[place] = np.nan
        assert np.all(np.isnan(calculated(drawn)[0])), place
    drawn = draw(5, kind, 70)
    whole = calculated(drawn)
    drawn.q[66] = np.nan
    found = calculated(drawn)
    assert np.isnan(found[0, 66])
    np.testing.assert_array_equal(np.delete(found, 66, axis=1), np.delete(whole, 66, axis=1))


def shortened(s: Sample, name: str) -> Sample:
    return replace(s, **{name: getattr(s, name)[:-1]})


ARRAYS = [field.name for field in fields(Sample) if "Array" in str(field.type)]


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_wrong_length(name: str) -> None:
    drawn = draw(11, "alternating", 20)
    with pytest.raises(ValueError, match=r"shape|index|crystals"):
        calculated(drawn._replace(sample=shortened(drawn.sample, name)))


@pytest.mark.parametrize("kind", KINDS[1:])
def test_rows_of_wrong_length(kind: str) -> None:
    drawn = draw(11, kind, 20)
    for wrong in (
        drawn._replace(q=drawn.q[:-1]),
        drawn._replace(delta=drawn.delta[:-1]),
        drawn._replace(q=drawn.q[:-1], delta=drawn.delta[:-1]),
        drawn._replace(p=drawn.p[:5]),
        drawn._replace(p=drawn.p[:-1]) if kind == "alternating" else drawn._replace(p=drawn.p[:0]),
    ):
        with pytest.raises(ValueError, match=r"shape|parameters|scattering vectors"):
            calculated(wrong)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("crystal", 2),
        ("crystal", -1),
        ("part", 3),
        ("part", -1),
        ("displacement", 1000),
        ("displacement", -2),
        ("same_amplitude", 1000),
        ("same_amplitude", -1),
        ("lowest", 1000),
        ("highest", -1),
        ("own", 1000),
        ("own", -1),
        ("term_plane", 1000),
        ("term_plane", -1),
        ("term_occupancy", 1000),
        ("numbers", 0),
        ("closing", -1),
    ],
)
def test_indices_beyond_their_arrays(name: str, wrong: int) -> None:
    drawn = draw(11, "alternating", 20)
    changed = getattr(drawn.sample, name).copy()
    changed.flat[-1] = wrong
    with pytest.raises(ValueError, match=r"index|parameters"):
        calculated(drawn._replace(sample=replace(drawn.sample, **{name: changed})))


@pytest.mark.parametrize("name", ["dL_B", "f_B", "rho", "sigma_u", "unstacked", "B"])
def test_parameters_beyond_the_vector(name: str) -> None:
    drawn = draw(11, "alternating", 20)
    with pytest.raises(ValueError, match="parameters"):
        calculated(drawn._replace(sample=replace(drawn.sample, **{name: drawn.p.size})))


@pytest.mark.parametrize("kind", ["writeable", "read-only", "empty", "two-dimensional", "view"])
def test_the_address_of_an_array_is_that_of_its_first_element(kind: str) -> None:
    array = np.zeros((2, 3) if kind == "two-dimensional" else 0 if kind == "empty" else 6)
    if kind == "view":
        array = array[2:]
    array.flags.writeable = kind != "read-only"
    assert address(array) == array.__array_interface__["data"][0]
