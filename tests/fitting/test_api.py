"""The short way: what it accepts, what it refuses, and what a simulated pattern says of itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import slxrd
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, as_region
from slxrd.errors import SlxrdError
from slxrd.fitting.api import build_parameters, fit
from slxrd.instrument.broadening import Broadening
from slxrd.model.simulation import simulate
from slxrd.parameters.parameter_set import Parameters

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
Q = np.round(np.arange(0.9, 1.25, 0.005), 6)
PATTERN = simulate(Q, TRUTH, noise=0.03, seed=1)


def test_every_name_of_the_package_is_there() -> None:
    for name in slxrd.__all__:
        assert getattr(slxrd, name) is not None
    assert set(slxrd.__all__) <= set(dir(slxrd))
    with pytest.raises(AttributeError, match="no attribute 'refine'"):
        _ = slxrd.refine


# Parameters


def test_parameters_are_put_together() -> None:
    parameters = build_parameters(
        start={"d": 5.8, "L": 1300.0},
        fix={"N": 13.0},
        bounds={"L": (1000.0, 1500.0), "sigma_L": (0.5, 2.0)},
        free=["q_zero"],
        tie={"sigma_N": "0.1*N"},
    )
    assert parameters.free_names == ("d", "L", "sigma_L", "q_zero")
    assert parameters["d"].value == 5.8
    assert (parameters["L"].value, parameters["L"].lower, parameters["L"].upper) == (1300.0, 1000.0, 1500.0)
    assert parameters["sigma_L"].value is None
    assert parameters["N"].value == 13.0
    assert parameters["N"].free is False
    assert parameters["sigma_N"].expression is not None
    assert build_parameters().unknown == ("d", "L", "sigma_L", "N", "sigma_N")


@pytest.mark.slow
def test_a_set_to_begin_with_is_not_changed() -> None:
    first = Parameters().start(d=5.8)
    second = build_parameters(first, start={"d": 6.0}, bounds={"d": (5.9, 6.1)})
    assert first["d"].value == 5.8
    assert second["d"].value == 6.0
    import lmfit  # loads scipy.stats, for this test only

    theirs = lmfit.Parameters()
    theirs.add("d", 5.8, min=5.0, max=7.0)
    assert build_parameters(theirs, fix={"L": 40.0})["d"].upper == 7.0


def test_new_bounds_drop_a_start_that_was_not_given_by_hand_only_for_q_zero() -> None:
    assert build_parameters(bounds={"q_zero": (0.001, 0.005)})["q_zero"].value == 0.001
    assert build_parameters(bounds={"q_zero": (-0.005, -0.001)})["q_zero"].value == -0.001
    assert build_parameters(bounds={"q_zero": (-0.005, 0.005)})["q_zero"].value == 0.0
    with pytest.raises(SlxrdError, match=r"start L=40 lies outside its bounds 50:60"):
        build_parameters(Parameters().start(L=40.0), bounds={"L": (50.0, 60.0)})


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"start": {"x": 1.0}}, "unknown parameter 'x'"),
        ({"fix": {"x": 1.0}}, "unknown parameter 'x'"),
        ({"bounds": {"x": (1.0, 2.0)}}, "unknown parameter 'x'"),
        ({"free": ["x"]}, "unknown parameter 'x'"),
        ({"tie": {"x": "d"}}, "unknown parameter 'x'"),
        ({"fix": {"N": 13.0}, "free": ["N"]}, "N cannot be fixed, tied and free at once"),
        ({"fix": {"N": 13.0}, "tie": {"N": "2*d"}}, "at once"),
        ({"tie": {"N": "2*d"}, "free": ["N"]}, "at once"),
        ({"fix": {"N": 13.0}, "start": {"N": 12.0}}, "N has a start but is fixed"),
        ({"tie": {"N": "2*d"}, "start": {"N": 12.0}}, "N has a start but is tied"),
        ({"start": {"L": 2000.0}}, "L=2000 lies outside its bounds 5:"),
        ({"start": {"L": 40.0}, "bounds": {"L": (50.0, 60.0)}}, "outside its bounds 50:60"),
        ({"bounds": {"L": (60.0, 50.0)}}, "the lower must be below"),
        ({"bounds": {"N": (0.0, 50.0)}}, "N cannot be below 1"),
        ({"fix": {"d": -1.0}}, "cannot be below"),
        ({"tie": {"N": "N"}}, "circle"),
        ({"tie": {"N": "open('x')"}}, "only numbers"),
        ({"parameters": {"d": 5.8}}, "expected slxrd.Parameters or lmfit.Parameters, got dict"),
    ],
)
def test_parameters_refused(keywords: dict[str, Any], says: str) -> None:
    with pytest.raises(SlxrdError, match=says):
        build_parameters(**keywords)


@pytest.mark.parametrize("given", [Parameters().fix(d=5.8), Parameters().tie(d="L/6")], ids=["fixed", "tied"])
def test_a_start_for_what_is_already_fixed_or_tied_is_refused(given: Parameters) -> None:
    """As when both are said at once: else the start would silently do nothing, or move the fixed value."""
    with pytest.raises(SlxrdError, match="d has a start but is"):
        build_parameters(given, start={"d": 6.0})


# Regions


def test_regions() -> None:
    assert as_region((0.9, 1.3)) == Region(0.9, 1.3)
    assert as_region((0.9, 1.3, 0.1)) == Region(0.9, 1.3, 0.1)
    assert as_region(np.array([0.9, 1.3])) == Region(0.9, 1.3)  # type: ignore[arg-type]
    named = Region(0.9, 1.3, 1.0, "first")
    assert as_region(named) is named


@pytest.mark.parametrize("region", [(0.9,), (), (0.9, 1.3, 1.0, 2.0), 0.9, ("a", "b"), "0.9:1.3", None])
def test_regions_refused(region: object) -> None:
    with pytest.raises(SlxrdError, match="give \\(q_min, q_max\\)"):
        as_region(region)  # type: ignore[arg-type]


# Fits that are refused before they begin


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"regions": [(2.0, 2.4)]}, "lies outside simulation, which covers"),
        ({"regions": [(0.95, 0.97)]}, "5 points, not more than the 6 free parameters"),
        ({"regions": [(0.95, 0.97)], "background": "linear"}, "not more than the 8 free parameters"),
        ({"mask": [(3.0, 4.0)]}, "holds no point"),
        ({"mask": [(1.1, 1.0)]}, "the lower end must come first"),
        ({"coherent": 0}, "whole number of crystals"),
        ({"resolution": -1.0}, "σ_G must be 0 or more"),
        ({"size_window": 0.0}, "positive number"),
        ({"noise": 0.0}, "positive fraction"),
        ({"noise": "counting"}, "raw counts"),
        ({"objective": "square"}, "objective 'square' is not one of linear, log, paper2021"),
        ({"scale": "maximum"}, "scale 'maximum' is not one of free, peak"),
        ({"background": "quartic"}, "background 'quartic' is not one of none, constant, linear"),
        ({"objective": "paper2021", "scale": "free"}, "paper2021 scales to the peak"),
        ({"objective": "paper2021", "background": "constant"}, "paper2021 scales to the peak"),
        ({"coherent": 1, "start": {"L": 36.9}}, "L means nothing for a single crystal"),
        ({"coherent": 1, "fix": {"sigma_L": 1.0}}, "sigma_L means nothing for a single crystal"),
        ({"coherent": 1, "bounds": {"L": (20.0, 40.0)}}, "L means nothing for a single crystal"),
        ({"coherent": 1, "tie": {"L": "6*d"}}, "L means nothing for a single crystal"),
        ({"fix": {"d": 5.84}, "start": {"d": 5.0}}, "d has a start but is fixed"),
    ],
)
def test_fits_refused(keywords: dict[str, Any], says: str) -> None:
    with pytest.raises(SlxrdError, match=says):
        fit(PATTERN, **{"regions": [(0.9, 1.25)], **keywords})


def test_degrees_without_a_wavelength() -> None:
    with pytest.raises(SlxrdError, match="wavelength is not known"):
        fit(Pattern([10.0, 20.0, 30.0], [1.0, 2.0, 1.0], axis="2theta"))


# Simulated patterns


def test_a_simulated_pattern_says_so() -> None:
    assert "simulated" in PATTERN.metadata
    assert "d = 5.84" in str(PATTERN.metadata["simulated"])
    assert "M = 40" in str(PATTERN.metadata["simulated"])
    assert PATTERN.history[0].name == "simulated"


def test_without_noise() -> None:
    pattern = simulate(Q, TRUTH, peak=500.0, background=20.0)
    assert pattern.sigma is None
    assert pattern.intensity.max() == pytest.approx(520.0, rel=1e-12)
    np.testing.assert_array_equal(pattern.q, Q)
    plain = simulate(Q, TRUTH, peak=1.0).intensity
    np.testing.assert_allclose(pattern.intensity, 500.0 * plain + 20.0, rtol=1e-12)


def test_noise_is_that_of_its_seed() -> None:
    again, other = (simulate(Q, TRUTH, noise=0.03, seed=seed) for seed in (1, 2))
    assert again.intensity.tolist() == PATTERN.intensity.tolist()
    assert not np.any(other.intensity == PATTERN.intensity)
    from_generator = simulate(Q, TRUTH, noise=0.03, seed=np.random.default_rng(1))
    assert from_generator.intensity.tolist() == PATTERN.intensity.tolist()


@pytest.mark.slow
def test_the_noise_has_the_size_it_says() -> None:
    """20 patterns of 2001 points: the mean of z² is 1 to ±√(2/40 020) = 0.007; 5 of these are allowed."""
    q = np.linspace(0.8, 1.3, 2001)
    for noise, peak in ((0.02, 3.0), ("counting", 5000.0)):
        truth = simulate(q, TRUTH, peak=peak, background=0.2 * peak).intensity
        squares = []
        for seed in range(20):
            noisy = simulate(q, TRUTH, peak=peak, background=0.2 * peak, noise=noise, seed=seed)
            assert noisy.sigma is not None
            squares.append(np.mean(((noisy.intensity - truth) / noisy.sigma) ** 2))
        assert np.mean(squares) == pytest.approx(1.0, abs=0.035)
    assert np.all(noisy.intensity == np.round(noisy.intensity))


def test_a_single_crystal_has_no_gap() -> None:
    values = {"d": 3.0, "N": 40.0, "sigma_N": 1.0}
    single = simulate(Q, values, coherent=1, resolution=0.0)
    assert simulate(
        Q, {**values, "L": 77.0, "sigma_L": 3.0}, coherent=1, resolution=0.0
    ).intensity == pytest.approx(single.intensity)
    with pytest.raises(SlxrdError, match="no value for L, sigma_L"):
        simulate(Q, values)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"values": {"d": 5.84}}, "no value for L, sigma_L, N, sigma_N"),
        ({"values": {**TRUTH, "M": 40.0}}, "unknown parameter 'M'"),
        ({"values": {**TRUTH, "d": 0.0}}, "d = 0.0: must be a positive"),
        ({"values": {**TRUTH, "d": math.nan}}, "d = nan"),
        ({"values": {**TRUTH, "L": -1.0}}, "L = -1.0: must be 0 or more"),
        ({"values": {**TRUTH, "sigma_L": -0.1}}, "sigma_L = -0.1"),
        ({"values": {**TRUTH, "N": 0.5}}, "at least 1 plane"),
        ({"values": {**TRUTH, "sigma_N": -1.0}}, "sigma_N = -1.0"),
        ({"values": {**TRUTH, "q_zero": math.inf}}, "q_zero = inf"),
        ({"noise": 0.03}, "noise needs a seed"),
        ({"noise": "counting"}, "noise needs a seed"),
        ({"noise": -0.03, "seed": 1}, "positive fraction of the maximum"),
        ({"noise": math.nan, "seed": 1}, "positive fraction of the maximum"),
        ({"noise": "poisson", "seed": 1}, "positive fraction of the maximum, or counting"),
        ({"peak": 0.0}, "peak 0.0: must be a positive number"),
        ({"peak": math.inf}, "peak inf"),
        ({"background": math.nan}, "background nan: must be a number"),
        ({"coherent": 2.5}, "whole number"),
        ({"resolution": -1.0}, "σ_G"),
        ({"q": Q[::-1]}, "does not increase"),
        ({"q": []}, "non-empty"),
        ({"q": [[1.0, 2.0]]}, "non-empty list of numbers"),
        ({"q": [1.0, math.nan]}, "not finite"),
    ],
)
def test_simulations_refused(changed: dict[str, Any], says: str) -> None:
    keywords = {"q": Q, "values": TRUTH, **changed}
    with pytest.raises(SlxrdError, match=says):
        simulate(keywords.pop("q"), keywords.pop("values"), **keywords)


def test_a_resolution_of_other_radiation_is_refused() -> None:
    """Measured with Mo, used with Cu: its widths would be those of other angles."""
    q = np.arange(0.9, 1.25, 0.005)
    line = Broadening(0.0, 0.0, 0.05, 0.0, 0.709317)
    with pytest.raises(SlxrdError, match=r"measured at 0\.709317 Å"):
        simulate(q, TRUTH, wavelength="CuKa1", resolution=line)
    assert len(simulate(q, TRUTH, wavelength="MoKa1", resolution=line)) == q.size
