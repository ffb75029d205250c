"""The joint fit of a series against its plain formula, and against the scatter of simulated series."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

import slxrd
from slxrd.errors import SlxrdError
from slxrd.studies.series.joint.result import JointFit
from slxrd.studies.series.run import fit_series

Q = np.round(np.arange(0.9, 1.2501, 0.005), 6)
VALUES = (0.0, 1.0, 2.0, 4.0)
N, SIGMA_N = 13.0, 1.55
OPTIONS: dict[str, Any] = {"regions": [(0.9, 1.25)], "bounds": {"L": (30.0, 44.0)}, "fix": {"q_zero": 0.0}}


def truth(value: float, **other: float) -> dict[str, float]:
    """L falls along a parabola."""
    d, L = 5.84 + 0.002 * value, 37.0 - 0.6 * value + 0.05 * value**2
    return {"d": d, "L": L, "sigma_L": 1.1, "N": N, "sigma_N": SIGMA_N, **other}


def patterns(seed: int, **other: float) -> list[slxrd.Pattern]:
    return [
        slxrd.simulate(Q, truth(value, **other), peak=2000.0, noise="counting", seed=100 * seed + i)
        for i, value in enumerate(VALUES)
    ]


def joint(seed: int, given: list[slxrd.Pattern] | None = None, **how: Any) -> JointFit:
    choice: dict[str, Any] = {"shared": ["N", "sigma_N"], "smooth": ["L"], "degree": 2, **how}
    found = fit_series(given or patterns(seed), VALUES, processes=1, **choice, **OPTIONS).joint
    assert found is not None
    return found


@cache
def first() -> JointFit:
    return joint(1)


def chi2(unknowns: np.ndarray) -> float:
    """Sum over the patterns, written down: a free scale each, shared N and σ_N, a parabola of L."""
    size, spread, *rest = unknowns.tolist()
    parabola, rest = np.array(rest[:3]), rest[3:]
    total = 0.0
    for i, (pattern, value) in enumerate(zip(patterns(1), VALUES, strict=True)):
        d, sigma_L = rest[2 * i : 2 * i + 2]
        L = float(parabola @ [1.0, value, value**2])
        model = slxrd.simulate(Q, {"d": d, "L": L, "sigma_L": sigma_L, "N": size, "sigma_N": spread})
        assert pattern.sigma is not None
        shape, data = model.intensity / pattern.sigma, pattern.intensity / pattern.sigma
        total += float(np.sum((data - shape * (shape @ data) / (shape @ shape)) ** 2))
    return total


@pytest.mark.slow
def test_the_minimum_is_that_of_the_plain_sum() -> None:
    """χ² at the joint estimates is that of the sum written down, and no step from there lowers it."""
    found = first()
    rows = found.estimates
    parabola = np.polyfit(VALUES, [row["L"].value for row in rows], 2)[::-1]
    rest = [row[name].value for row in rows for name in ("d", "sigma_L")]
    at = np.array([rows[0]["N"].value, rows[0]["sigma_N"].value, *parabola, *rest], dtype=float)
    assert chi2(at) == pytest.approx(found.chi2, rel=1e-6)
    steps = np.array([0.02, 0.02, 0.01, 0.01, 0.002, *[1e-3, 5e-3] * len(VALUES)])
    lower = minimize(
        lambda z: chi2(at + steps * z),
        np.zeros(at.size),
        method="Powell",
        options={"maxiter": 1, "ftol": 1e-3},
    )
    assert lower.fun > found.chi2 - 0.01


@pytest.mark.slow
def test_what_is_shared_is_shared_and_what_is_smooth_smooth() -> None:
    found = first()
    for name in ("N", "sigma_N"):
        assert len({row[name].value for row in found.estimates}) == 1
    L = [row["L"].value for row in found.estimates]
    assert np.polyval(np.polyfit(VALUES, L, 2), VALUES) == pytest.approx(L, abs=1e-8)
    assert len(found.names) == 2 + 3 + 2 * len(VALUES)
    assert found.constraints == 5 * len(VALUES) - len(found.names)
    for columns, covariance in zip(found.columns, found.covariances, strict=True):
        assert covariance.shape == (len(columns),) * 2
        assert len(columns) == 2 + 3 + 2


@pytest.mark.slow
def test_errors_are_the_scatter_of_simulated_series() -> None:
    """Over series of other noise, estimates scatter about the truth as the joint covariance says."""
    pulls: dict[str, list[float]] = {"N": [], "sigma_N": [], "L": [], "d": [], "period": []}
    rises, expected = [], []
    for seed in range(1, 9):
        # Of the same minimum, and sooner there.
        found = first() if seed == 1 else joint(seed, start=truth(1.0), systematics="none")
        rises.append(found.rise)
        expected.append(found.expected_rise)
        for value, row in zip(VALUES, found.estimates, strict=True):
            true = truth(value)
            true["period"] = (true["N"] - 1.0) * true["d"] + true["L"]
            for name in pulls if value == VALUES[1] else ("L", "d"):
                assert row[name].value is not None
                assert row[name].error
                pulls[name].append((row[name].value - true[name]) / row[name].error)  # type: ignore[operator]
    for name, values in pulls.items():
        share = np.sqrt(np.mean(np.square(values)))
        assert 0.5 < share < 1.6, name
    # χ² rises by as much as the constraints take away.
    spread = np.sqrt(2.0 * expected[0] / 12.0)
    assert np.mean(rises) == pytest.approx(np.mean(expected), abs=4.0 * spread)


@pytest.mark.slow
def test_constraints_that_do_not_hold_are_said() -> None:
    given = patterns(1)
    given[2] = slxrd.simulate(Q, truth(VALUES[2], N=13.6), peak=2000.0, noise="counting", seed=5)
    found = joint(1, given)
    assert found.p_value < 1e-4
    assert any("do not describe the series" in note for note in found.notes)


@pytest.mark.slow
def test_patterns_together_exclude_what_each_leaves_open() -> None:
    """A solution one d away costs each pattern a little, and all together what they cost one by one."""
    weak = [
        slxrd.simulate(Q, truth(value), peak=400.0, noise="counting", seed=int(10 * value) + 3)
        for value in VALUES
    ]
    fit = fit_series(
        weak, VALUES, processes=1, shared=["N", "sigma_N"], smooth=["L"],
        regions=[(0.9, 1.25)], fix={"q_zero": 0.0}, bounds={"L": (20.0, 60.0)},
    )  # fmt: skip
    assert fit.joint is not None
    best = fit.joint.solutions[0]
    for value, values in zip(VALUES, best.values, strict=True):
        assert values["L"] == pytest.approx(truth(value)["L"], abs=1.0)
    if len(fit.joint.solutions) > 1:
        rival = fit.joint.solutions[1]
        shift = rival.values[0]["L"] - best.values[0]["L"]
        single = [
            [
                s["delta_chi2"]
                for s in m.result["solutions"]
                if abs(s["parameters"]["L"] - m.best["L"] - shift) < 2.0
            ]
            for m in fit.members
        ]
        assert rival.delta_chi2 > max((min(each) for each in single if each), default=0.0) - 1.0
    own = [member.estimates["L"] for member in fit.members]
    for alone, row in zip(own, fit.joint.estimates, strict=True):
        if alone.status == "determined" and row["L"].error is not None:
            assert alone.error is not None
            assert row["L"].error < 1.1 * alone.error


@pytest.mark.slow
def test_too_few_patterns() -> None:
    with pytest.raises(SlxrdError, match="2 patterns remain for the joint fit, which needs 3"):
        fit_series(patterns(1)[:2], VALUES[:2], processes=1, smooth=["L"], **OPTIONS)
