"""Fits of cuts in several directions: θ:2θ alone, explicit superlattices, what cannot be separated."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import simulated_cuts

import slxrd
from slxrd.errors import SlxrdError
from slxrd.model.directions.axes import Axes, Disorder
from slxrd.model.directions.direction import Direction
from slxrd.model.directions.model import DirectionsModel

ALIKE = ("d", "N", "sigma_N")
VALUES = {
    "d": 5.84, "L": 36.9, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.2, "sigma_T": 0.9, "A_L": 1.4, "A_T": 0.8,
    "W": 5.0,
}  # fmt: skip
#: A time budget that the slowest computer does not reach.
PATIENT = 1e4
REGIONS = {"110": (1.35, 1.7), "in-plane-wide": (0.95, 1.2)}


def counted(
    *directions: str, peak: float = 2000.0, M: int = 6, disorder: Disorder = "cumulative", **values: float
) -> list[tuple[slxrd.Pattern, str]]:
    """Counts of cuts of a cubic superlattice, from the model."""
    parsed = tuple(map(Direction.parse, directions))
    model = DirectionsModel(
        further=(slxrd.Instrument(),) * (len(parsed) - 1),
        directions=parsed,
        axes=Axes(share=(*ALIKE, "L"), coherent=(M, M, M), disorder=disorder),
    )
    known = {**VALUES, **values}
    full = {name: known.get(name, known.get(name.rsplit("_", 1)[0], 0.0)) for name in model.names}
    random, found = np.random.default_rng(5), []
    for scan, name in enumerate(directions):
        q = np.arange(*REGIONS.get(name, (0.92, 1.24)), 0.003)
        intensity = model.region(q, scan).evaluate(full, derivatives=False)[0]
        counts = random.poisson(peak * intensity / intensity.max() + 10.0).astype(float)
        found.append((slxrd.Pattern(q, counts, per_count=1.0, source=f"{name}.csv"), name))
    return found


def fitted(cuts: list[tuple[slxrd.Pattern, str]], **options: Any) -> slxrd.DirectionsFit:
    usual = {
        "coherent": 6,
        "noise": "counting",
        "background": "constant",
        "regions": [(0.8, 1.3), (1.3, 1.8)],
    }
    return slxrd.fit_directions(cuts, **{**usual, **options})


def within(fit: slxrd.DirectionsFit, truth: dict[str, float], errors: float = 4.0) -> None:
    for name, true in truth.items():
        estimate = fit.parameters[name]
        assert estimate.value is not None, name
        assert estimate.error is not None, name
        assert abs(estimate.value - true) < errors * estimate.error, (name, estimate)


@pytest.mark.slow
def test_a_scan_alone_gives_the_numbers_of_fit() -> None:
    [(scan, _)] = counted("scan", M=40)
    options: dict[str, Any] = {"background": "constant", "noise": "counting", "regions": [(0.8, 1.3)]}
    plain = slxrd.fit(scan, fix={"q_zero": 0.0}, systematics="none", **options)
    own = slxrd.fit_directions([scan], budget=PATIENT, **options)
    assert own.chi2 == pytest.approx(plain.chi2, rel=1e-6)
    assert own.reduced_chi2 == pytest.approx(plain.reduced_chi2, rel=1e-6)
    assert own.assessment.headline == plain.assessment.headline
    errors = np.sqrt(np.diag(plain.covariance))
    for name, error in zip(plain.names, errors, strict=True):
        found = own.parameters[f"{name}_z"]
        assert found.value == pytest.approx(plain.minima[0].values[name], abs=1e-3 * error)
        assert found.error == pytest.approx(error, rel=1e-3)
    period = own.derived["period_z"]
    assert period.value == pytest.approx(plain.derived["period"].value, rel=1e-3)
    # The other solutions of L are found too.
    assert {round(s.values["L_z"]) for s in own.solutions} >= {
        round(s.values["L"]) for s in plain.solutions if s.delta_chi2 < 25.0
    }


@cache
def explicit(kind: str) -> tuple[tuple[slxrd.Pattern, str], ...]:
    return tuple(
        (slxrd.read(simulated_cuts.FOLDER / f"{kind}-{cut}.csv"), cut) for cut in simulated_cuts.CUTS
    )


@pytest.mark.slow
def test_explicit_superlattices_with_cumulative_disorder() -> None:
    fit = slxrd.fit_directions(explicit("cumulative"), share=ALIKE, coherent=6, budget=PATIENT)
    assert fit.assessment.grade == "describes"
    truth = {
        "d": 5.84, "L_z": 36.9, "L_xy": 39.5, "sigma_L_z": 1.0, "sigma_L_xy": 1.4, "N": 13.0, "sigma_N": 1.2,
        "sigma_T_z": 0.6, "sigma_T_xy": 0.8,
    }  # fmt: skip
    within(fit, truth)
    ((low, high),) = fit.parameters["sigma_T_z"].interval_95
    assert low < 0.6 < high


@pytest.mark.slow
def test_the_kind_of_disorder_of_explicit_superlattices() -> None:
    compared = slxrd.compare_disorder(
        explicit("cumulative")[2:],
        share=ALIKE,
        coherent=6,
        budget=PATIENT,
        fix={"sigma_T_xy": 0.8, "A_T_xy": 0.8, "W_xy": 5.0},
    )
    assert compared.best == "cumulative"
    assert compared.decided
    assert compared.log_odds > 10.0
    assert compared.fits["cumulative"].assessment.grade == "describes"
    assert compared.fits["sinusoidal"].assessment.grade != "describes"
    assert "prefer cumulative" in str(compared)
    assert compared.as_dictionary()["decided"] is True


@pytest.mark.slow
def test_explicit_superlattices_with_sinusoidal_disorder() -> None:
    fit = slxrd.fit_directions(
        explicit("sinusoidal"), share=ALIKE, coherent=6, disorder="sinusoidal", budget=PATIENT
    )
    assert fit.assessment.grade == "describes"
    truth = {
        "d": 5.84, "L_z": 36.9, "L_xy": 39.5, "A_L_z": 1.2, "A_L_xy": 1.5, "A_T_xy": 0.8, "W_z": 5.0,
        "W_xy": 5.0,
    }  # fmt: skip
    within(fit, truth)
    assert fit.derived["wave_xy"].value == pytest.approx(5.0 * 109.6, abs=60.0)


@pytest.mark.slow
@pytest.mark.parametrize("cut", simulated_cuts.CUTS)
def test_stored_patterns_are_explicit_superlattices(cut: str) -> None:
    stored = {name: pattern for pattern, name in explicit("cumulative")}[cut]
    again = simulated_cuts.expected(np.random.default_rng(1), simulated_cuts.CUBES, cut, 300)
    shape = 2000.0 * again / again.max() + 20.0
    assert np.corrcoef(shape, stored.intensity)[0, 1] > 0.98


@pytest.mark.slow
def test_one_diagonal_shows_one_sum_of_the_disorder() -> None:
    fit = fitted(counted("110"), share=ALIKE)
    for name in ("sigma_L_xy", "sigma_T_xy"):
        assert fit.parameters[name].status == "undetermined"
    total = fit.derived["sigma_110_xy"]
    assert total.value is not None
    assert total.error is not None
    assert abs(total.value - np.sqrt(0.5 * (1.2**2 + 0.9**2))) < 4.0 * total.error
    assert "show one sum of them" in str(fit)
    assert "not determined" in str(fit)


@pytest.mark.slow
def test_an_axis_and_a_diagonal_separate_them() -> None:
    fit = fitted(counted("100", "110"), share=ALIKE)
    within(fit, {"sigma_L_xy": 1.2, "sigma_T_xy": 0.9, "L_xy": 36.9})
    everything = fitted(counted("scan", "100-wide"), share=(*ALIKE, "L", "sigma_L"))
    assert everything.names == ("d", "L", "sigma_L", "N", "sigma_N")
    within(everything, {"d": 5.84, "L": 36.9, "sigma_L": 1.2, "N": 13.0})


@pytest.mark.slow
def test_no_fringes_no_gap() -> None:
    fit = fitted(counted("scan", sigma_L=6.0))
    for name in ("L_z", "sigma_L_z"):
        assert fit.parameters[name].status == "undetermined"
        assert "no fringes along z" in fit.parameters[name].why
    assert fit.derived["period_z"].value is None
    within(fit, {"d_z": 5.84, "N_z": 13.0})


@pytest.mark.slow
def test_other_gaps_are_listed_where_they_are_as_good() -> None:
    fit = fitted(counted("scan", peak=80.0, sigma_L=1.4))
    assert not fit.unique
    assert fit.parameters["L_z"].status == "ambiguous"
    assert "also" in fit.parameters["L_z"].why
    assert "not unique" in str(fit)


@pytest.mark.slow
def test_average_over_the_azimuth() -> None:
    """Domains turned at random: the gap and the disorder in the plane from one cut."""
    cuts = counted("in-plane-wide", M=3, sigma_L=0.8, sigma_T=0.5)
    fit = fitted(cuts, share=ALIKE, coherent=3, fix={"sigma_T_xy": 0.5, "sigma_N": 1.2})
    within(fit, {"L_xy": 36.9, "sigma_L_xy": 0.8, "d": 5.84})


@pytest.mark.slow
def test_few_counts_cannot_decide() -> None:
    compared = slxrd.compare_disorder(
        counted("scan", peak=150.0), coherent=6, noise="counting", background="constant", budget=PATIENT,
        fix={"d_z": 5.84, "N_z": 13.0, "sigma_N_z": 1.2, "A_L_z": 1.2, "W_z": 6.0}, start={"sigma_L_z": 1.0},
    )  # fmt: skip
    assert "cannot decide" in compared.conclusion or compared.decided
    assert set(compared.fits["cumulative"].names) == {"L_z", "sigma_L_z"}
    assert compared.fits["sinusoidal"].names == ("L_z",)


def test_mistakes() -> None:
    cuts = counted("scan", "100")
    pattern = cuts[0][0]
    for options, message in (
        ({"share": ("rho",)}, "share rho"),
        ({"disorder": "waves"}, "disorder"),
        ({"fix": {"L": 36.0}}, "L is not a parameter of these cuts, which have d_z"),
        ({"fix": {"L_z": 36.0}, "start": {"L_z": 36.0}}, "L_z is fixed"),
        ({"start": {"L_z": 1.0}}, "start L_z=1 lies outside its bounds"),
        ({"background": "wavy"}, "background 'wavy'"),
        ({"resolution": [0.007]}, "1 resolutions for 2 cuts"),
        ({"regions": [(1.4, 1.6)]}, "none of the regions has points in it"),
        ({"coherent": 0}, "M must be a whole number"),
        ({"budget": 0.0}, "budget 0: must be a positive time"),
    ):
        with pytest.raises(SlxrdError, match=message):
            fitted(cuts, **options)
    with pytest.raises(SlxrdError, match="no cut to fit"):
        slxrd.fit_directions([])
    with pytest.raises(SlxrdError, match="direction '11' is not known"):
        fitted([(pattern, "11")])
    with pytest.raises(SlxrdError, match="nothing to begin with"):
        fitted([(pattern, "1,0.5,0")])
    with pytest.raises(SlxrdError, match="leave it out"):
        slxrd.compare_disorder(cuts, disorder="cumulative")
