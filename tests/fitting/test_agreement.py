"""Derived quantities agree with the parameters that they follow from; no value at its bound has an error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from departures import OPTIONS, film_pattern

import slxrd
from slxrd.fitting.assessment.q_zero import signals
from slxrd.fitting.minimise.covariance import Covariance
from slxrd.fitting.result.derived import derived_quantities
from slxrd.fitting.result.fit import Estimate, Status
from slxrd.sample.stack import Stack

NAMES = ("d", "L", "sigma_L", "N", "sigma_N")
UNITS = {"d": "Å", "L": "Å", "sigma_L": "Å", "N": "planes", "sigma_N": "planes", "q_zero": "Å⁻¹"}


def check_agreement(fit_or_parameters: Any, derived: Any) -> None:
    """Values follow the formulas, and errors obey the triangle inequality of any joint distribution."""
    p = fit_or_parameters
    d, N = p["d"], p["N"]
    for name, planes in (("thickness", -1.0), ("thickness_with_surface", 0.0)):
        found = derived[name]
        if found.status != "determined":
            continue
        assert d.status not in ("at bound", "lower bound", "upper bound", "undetermined", "rejected")
        assert N.status not in ("at bound", "lower bound", "upper bound", "undetermined", "rejected")
        assert found.value == pytest.approx((N.value + planes) * d.value)
        parts = ((N.value + planes) * (d.error or 0.0), d.value * (N.error or 0.0))
        assert abs(parts[0] - parts[1]) * 0.8 - 1e-9 <= found.error <= sum(parts) * 1.25 + 1e-9


def test_agreement_for_random_and_singular_covariances() -> None:
    """Also where the errors are those of the profile, and the covariance is of no use."""
    random = np.random.default_rng(5)
    stack = Stack()
    for _ in range(300):
        values = {"d": 3.0, "L": 20.0, "sigma_L": 1.0, "N": 40.0, "sigma_N": 1.5, "q_zero": 0.0}
        mixing = random.normal(size=(5, 5)) * 10.0 ** random.uniform(-5.0, 2.0, 5)
        matrix = mixing @ mixing.T + 1e-12 * np.eye(5)
        # The mean size hardly depends on σ_N, whose covariance is therefore left out.
        chain = {name: np.eye(5)[i] for i, name in enumerate(NAMES)}
        chain |= {"q_zero": np.zeros(5), "sigma_N": np.zeros(5)}
        errors = Covariance(NAMES, matrix, {}, 100.0, chain)
        statuses: list[Status] = ["determined", "determined", "determined", "at bound", "lower bound"]
        parameters = {}
        for name, value in values.items():
            status = statuses[int(random.integers(len(statuses)))]
            known = status == "determined"
            quoted = errors.error(name) if random.random() < 0.5 else float(10.0 ** random.uniform(-3.0, 0.0))
            if name == "q_zero":
                status, known = "fixed", False
            parameters[name] = Estimate(value, quoted if known else None, UNITS[name], status)
        check_agreement(parameters, derived_quantities(parameters, values, errors, stack))


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["linear", "log"])
def test_agreement_of_fits(objective: str) -> None:
    for seed in range(2):
        for start in (0.25, 0.8):
            begin = {**OPTIONS["start"], "sigma_N": start}
            pattern = film_pattern(seed, 1e4)
            fit = slxrd.fit(pattern, noise="counting", **{**OPTIONS, "objective": objective, "start": begin})
            check_agreement(fit.parameters, fit.derived)
            for name in fit.names:
                row = fit.minima[0].parameters[name]
                estimate = fit.parameters[name]
                if estimate.value in (row.lower, row.upper):
                    assert estimate.error is None


@pytest.mark.slow
def test_all_draws_outside_narrow_bounds() -> None:
    """The posterior of a fit whose bounds are far narrower than its errors can be sampled."""
    bounds = {"d": (2.99999, 3.00001), "N": (39.99, 40.01)}
    fit = slxrd.fit(film_pattern(1, 1e3), noise="counting", **{**OPTIONS, "bounds": bounds})
    for name, (low, high) in bounds.items():
        value = fit.parameters[name].value
        assert value is None or low <= value <= high
        error = fit.parameters[name].error
        assert error is None or (math.isfinite(error) and error <= (high - low) / 2.0)


@pytest.mark.slow
def test_q_zero_is_not_refined_on_one_bragg_peak() -> None:
    fit = slxrd.fit(film_pattern(2, 1e6), noise="counting", **OPTIONS)
    assert fit.parameters["q_zero"].status == "fixed"
    assert signals(fit.objective, 3.0) == 1
    assert not any("q_zero was refined" in note for note in fit.notes)
