"""The check of a map by full searches: its interval and its words, and the grid of neighbours."""

from math import comb

import numpy as np
import pytest

from slxrd.studies.maps.blocks.refinement import neighbours
from slxrd.studies.maps.check import Check, binomial_interval, draw_sample
from slxrd.studies.maps.noise import noise_of_map
from slxrd.studies.maps.pattern_stack import make_stack
from slxrd.studies.maps.run import _doubtful


def tail(found: int, of: int, fraction: float) -> float:
    """Probability of at most so many, by summation."""
    return sum(comb(of, k) * fraction**k * (1.0 - fraction) ** (of - k) for k in range(found + 1))


@pytest.mark.parametrize(("found", "of"), [(1, 20), (5, 50), (19, 20)])
def test_the_interval_has_its_probability(found: int, of: int) -> None:
    low, high = binomial_interval(found, of)
    assert tail(found, of, high) == pytest.approx(0.025)
    assert 1.0 - tail(found - 1, of, low) == pytest.approx(0.025)


def test_without_a_disagreement_there_is_an_upper_limit() -> None:
    low, high = binomial_interval(0, 50)
    assert low == 0.0
    assert (1.0 - high) ** 50 == pytest.approx(0.05)
    assert binomial_interval(0, 0) == (0.0, 1.0)
    assert binomial_interval(20, 20)[1] == 1.0


def test_words_are_not_more_certain_than_the_sample() -> None:
    none = " ".join(Check(tuple(range(50)), (0,) * 50, 7).lines)
    assert "in 0 of them" in none
    assert "at most 5.8 %" in none
    assert "can miss one too" in none
    some = " ".join(Check(tuple(range(50)), (1, 2, *(0,) * 47, 3), 7).lines)
    assert "49 patterns" in some
    assert "in 2 of them" in some
    assert "95 % interval 0.5 to 14 %" in some
    assert "most of these are not marked" in some
    assert "not known" in " ".join(Check((), (), 0).lines)


def test_the_sample_is_that_of_its_seed() -> None:
    every = np.arange(1000)
    one = draw_sample(every, 20, 3, 1)
    np.testing.assert_array_equal(one, draw_sample(every, 20, 3, 1))
    assert np.any(one != draw_sample(every, 20, 4, 1))
    assert np.unique(one).size == 20
    assert draw_sample(every[:5], 20, 3, 1).tolist() == [0, 1, 2, 3, 4]


def test_neighbours_of_a_grid() -> None:
    found = {(int(a), int(b)) for t, s in neighbours((2, 3)) for a, b in zip(t, s, strict=True)}
    expected = {(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)}
    assert found == expected | {(b, a) for a, b in expected}


def test_doubtful_patterns_are_those_around_a_disagreement() -> None:
    check = Check((0, 9), (0, 1), 0)
    assert _doubtful((10,), check, np.ones(10, dtype=bool)).tolist() == [False] * 5 + [True] * 5
    assert not _doubtful((10,), Check((0, 9), (0, 0), 0), np.ones(10, dtype=bool)).any()


def test_noise_is_found_in_the_scatter_of_the_points() -> None:
    """σ² = a + b·I of patterns that are no counts, to a few per cent."""
    random = np.random.default_rng(0)
    x = np.linspace(0.0, 1.0, 400)
    clean = 2.0 + 30.0 * np.exp(-(((x - 0.5) / 0.15) ** 2))
    rows = clean + random.normal(size=(200, 400)) * np.sqrt(0.04 + 0.02 * clean)
    stack = make_stack(x + 0.5, rows)
    assert stack.per_count is None
    noise = noise_of_map(stack, rows, [np.arange(400)], None)
    sigma = noise.sigma(clean, np.arange(400))
    np.testing.assert_allclose(sigma, np.sqrt(0.04 + 0.02 * clean), rtol=0.04)
    assert not noise.known
