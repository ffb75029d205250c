"""Student-t residuals against the likelihood itself, and patterns with outlying points."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call, write_columns

import slxrd
from slxrd.studies.robust import compare_robust

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
Q = np.arange(0.88, 1.28, 0.002)
REGIONS = [(0.88, 1.28)]
#: Three neighbouring points on a flank, and two others.
SPIKES = [70, 71, 72, 120, 121]


@cache
def pattern(height: float) -> slxrd.Pattern:
    """Simulated, with points that are higher by a fraction of the maximum."""
    made = slxrd.simulate(Q, TRUTH, noise=0.01, seed=2)
    intensity = made.intensity.copy()
    intensity[SPIKES] += height * intensity.max()
    return replace(made, intensity=intensity)


@cache
def fitted(height: float) -> slxrd.Fit:
    return slxrd.fit(pattern(height), regions=REGIONS, start=TRUTH, fix={"q_zero": 0.0}, systematics="none")


@pytest.mark.slow
def test_noise_alone_has_no_outlying_points() -> None:
    found = compare_robust(fitted(0.0))
    assert found.converged
    assert found.outlying == ()
    assert all(abs(row.change) < 0.7 for row in found.rows if row.change is not None)
    assert "no few points decide the values" in str(found)


@pytest.mark.slow
def test_the_likelihood_has_its_minimum_there() -> None:
    """Σ (ν + 1) ln(1 + u²/ν) rises on both sides of every parameter, with the best scale."""
    fit, nu = fitted(0.0), 3.0
    found = compare_robust(fit, nu)
    values = {row.name: row.robust for row in found.rows if row.name in TRUTH}
    (curve,) = found.regions
    model = fit.objective.region_models[0]

    def likelihood(values: dict[str, float]) -> float:
        f, _ = model.evaluate({**values, "q_zero": 0.0}, derivatives=False)
        scale = curve.calculated.sum() / f.sum()
        for _ in range(200):
            u = (curve.measured - scale * f) / curve.sigma
            w = (nu + 1.0) / (nu + u**2) / curve.sigma**2
            scale = float((w * f) @ curve.measured / ((w * f) @ f))
        u = (curve.measured - scale * f) / curve.sigma
        return float(np.sum((nu + 1.0) * np.log1p(u**2 / nu)))

    least = likelihood(values)
    for row in found.rows:
        if row.name in TRUTH:
            step = 0.05 * (row.estimate.error or 0.0)
            sides = [likelihood({**values, row.name: row.robust + way * step}) for way in (-1.0, 1.0)]
            assert min(sides) > least, row.name
            # The minimum of the parabola through the three is within a hundredth of an error.
            slope, curvature = (sides[1] - sides[0]) / 2.0, sides[0] + sides[1] - 2.0 * least
            assert abs(slope / curvature) * 0.05 < 0.01, row.name


@pytest.mark.slow
def test_outlying_points_are_found() -> None:
    """Spikes of 6 % of the maximum move the fit; Student-t residuals give what they give without spikes."""
    fit = fitted(0.06)
    found, exact = compare_robust(fit), compare_robust(fitted(0.0))
    assert [(run.count, run.above) for run in found.outlying] == [(3, True), (2, True)]
    assert found.outlying[0].low == pytest.approx(Q[70])
    for row, other in zip(found.rows, exact.rows, strict=True):
        assert other.estimate.error is not None
        assert abs(row.robust - other.robust) < 0.6 * other.estimate.error, row.name


@pytest.mark.slow
def test_a_fit_that_spikes_have_led_to_another_solution() -> None:
    """20 % of the maximum: the fit is rejected, at a wrong L. The right one is found, without a verdict."""
    fit = slxrd.fit(pattern(0.2), regions=REGIONS)
    assert fit.rejected
    found = compare_robust(fit)
    values = {row.name: row.robust for row in found.rows}
    assert values["L"] == pytest.approx(TRUTH["L"], abs=0.3)
    assert sum(run.count for run in found.outlying) == len(SPIKES)
    assert all(row.change is None for row in found.rows)
    assert "no result" in str(found)
    assert "mask them" in str(found)


@pytest.mark.slow
def test_what_is_refused() -> None:
    for nu in (0.5, 1000.0, float("nan")):
        with pytest.raises(slxrd.SlxrdError, match="degrees of freedom"):
            compare_robust(fitted(0.0), nu)
    fixed = slxrd.fit(pattern(0.0), regions=REGIONS, fix={**TRUTH, "q_zero": 0.0})
    with pytest.raises(slxrd.SlxrdError, match="nothing was refined"):
        compare_robust(fixed)
    old = slxrd.fit(pattern(0.0), regions=REGIONS, start=TRUTH, objective="paper2021", scale="peak")
    with pytest.raises(slxrd.SlxrdError, match="2021 program"):
        compare_robust(old)


@pytest.mark.slow
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = pattern(0.06)
    columns = [made.x, made.intensity, np.asarray(made.sigma)]
    write_columns(tmp_path / "film.csv", columns, header="# q in 1/Å, intensity, sigma")
    options = ["--region", "0.88:1.28", "--systematics", "none"]
    done = call("robust", "film.csv", *options, "--json", "robust.json", "--plot", "robust.png")
    assert done.code == 0, done.err
    assert "Points with a weight below 0.25: 5 of 200." in done.out
    assert (tmp_path / "robust.png").stat().st_size > 10_000
    assert call("fit", "film.csv", *options, "--out", "saved").code == 0
    again = call("robust", "saved")
    assert again.code == 0, again.err
    assert "Points with a weight below 0.25: 5 of 200." in again.out
    assert call("robust", "saved", "--degrees-of-freedom", "0").code == 2
