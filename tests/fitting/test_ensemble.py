import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.fitting.assessment.determination import with_interval
from slxrd.fitting.result.ensemble import Ensemble
from slxrd.fitting.result.fit import Estimate


def ensemble(
    values: np.ndarray,
    weights: np.ndarray | None = None,
    solution: np.ndarray | None = None,
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> Ensemble:
    weights = np.ones(values.size) if weights is None else weights
    weights = weights / weights.sum()
    solution = np.zeros(values.size, dtype=np.int64) if solution is None else solution
    return Ensemble(
        ("L",), {"L": values}, weights, solution, {"L": limits}, 1.0 / float(weights @ weights), 0.0
    )


def test_a_gaussian_drawn_evenly_and_weighted() -> None:
    """Even samples with Gaussian weights: mean ± 0.9945 σ and ± 1.96 σ, with what 4000 samples can say."""
    x = np.random.default_rng(1).uniform(-8.0, 12.0, 4000)
    found = ensemble(x, np.exp(-0.5 * ((x - 2.0) / 1.5) ** 2))
    assert found.mean("L") == pytest.approx(2.0, abs=0.08)
    assert found.std("L") == pytest.approx(1.5, rel=0.05)
    assert found.quantile("L", 0.16) == pytest.approx(0.508, abs=0.12)
    for level, reach in ((0.68, 1.492), (0.95, 2.94)):
        ((low, high),) = found.interval("L", level)
        assert low == pytest.approx(2.0 - reach, abs=0.3)
        assert high == pytest.approx(2.0 + reach, abs=0.3)


def test_an_interval_holds_what_it_says() -> None:
    """Of fresh points from the same skew distribution, so many lie inside."""
    random = np.random.default_rng(2)
    found = ensemble(random.gamma(3.0, 1.0, 5000))
    fresh = random.gamma(3.0, 1.0, 20000)
    for level in (0.5, 0.68, 0.95):
        pieces = found.interval("L", level)
        inside = sum(np.mean((fresh >= low) & (fresh <= high)) for low, high in pieces)
        assert inside == pytest.approx(level, abs=0.02)


def test_solutions_apart_make_pieces() -> None:
    """Two narrow solutions 6 apart, 80 % and 20 %: both are in the 95 % interval, one in that of 68 %."""
    random = np.random.default_rng(3)
    values = np.concatenate((random.normal(36.0, 0.05, 4000), random.normal(42.0, 0.1, 1000)))
    found = ensemble(values, solution=np.repeat([0, 1], (4000, 1000)))
    assert found.share(0) == pytest.approx(0.8)
    assert found.share(1) == pytest.approx(0.2)
    ((low, high),) = found.interval("L", 0.68)
    assert 35.8 < low < high < 36.2
    pieces = found.interval("L", 0.95)
    assert len(pieces) == 2
    assert pieces[0][0] > 35.7
    assert pieces[0][1] < 36.3 < 41.6 < pieces[1][0]
    assert pieces[1][1] < 42.4


def test_a_bound_is_not_crossed() -> None:
    """|x| of a Gaussian: the densest place is the bound itself, and 95 % lie below 1.96 σ."""
    values = np.abs(np.random.default_rng(4).normal(0.0, 1.0, 6000))
    ((low, high),) = ensemble(values, limits=(0.0, 10.0)).interval("L", 0.95)
    assert 0.0 <= low < 0.05
    assert high == pytest.approx(1.96, abs=0.1)


def test_a_constant_is_a_point() -> None:
    assert ensemble(np.full(50, 3.5)).interval("L", 0.95) == ((3.5, 3.5),)


def test_refused() -> None:
    found = ensemble(np.arange(10.0))
    with pytest.raises(SlxrdError, match="unknown quantity 'M'"):
        found.mean("M")
    with pytest.raises(SlxrdError, match="level 1"):
        found.interval("L", 1.0)


def test_solutions_whose_tails_overlap_are_ambiguous() -> None:
    """Two solutions 3.4 standard deviations apart: one piece at 95 %, and two at 68 %."""
    random = np.random.default_rng(5)
    values = np.concatenate((random.normal(87.0, 3.0, 6000), random.normal(97.2, 3.0, 6000)))
    found = ensemble(values, solution=np.repeat([0, 1], 6000))
    assert [len(found.interval("L", level)) for level in (0.95, 0.68)] == [1, 2]
    estimate = with_interval(Estimate(87.0, 3.0, "Å", "determined"), "L", found)
    assert estimate.status == "ambiguous"
    ((low, high),) = estimate.interval_95
    assert low < 83.0
    assert high > 101.0
    alone = ensemble(values[:6000])
    assert with_interval(Estimate(87.0, 3.0, "Å", "determined"), "L", alone).status == "determined"
