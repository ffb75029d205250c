"""The layout of result.json and fit.csv, and what a fit promises: it repeats, and leaves its input alone."""

import csv
import io
import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
from contract_helpers import loads_strictly
from example_fits import example_fit

import slxrd
from slxrd.data.regions import Region
from slxrd.fitting.record.write import curves_csv, result_json

NAMES = ("d", "L", "sigma_L", "N", "sigma_N", "q_zero")
#: Further parameters of a film on a substrate, with the terms that its pattern supports.
ON_SUBSTRATE = {
    "d_S": "Å",
    "f_S": "",
    "L_S": "Å",
    "sigma_S": "Å",
    "coherence_S": "",
    "phase_S": "rad",
    "sigma_top": "Å",
    "strain_bottom": "",
    "depth_bottom": "planes",
}
UNITS = {
    "d": "Å",
    "L": "Å",
    "sigma_L": "Å",
    "N": "planes",
    "sigma_N": "planes",
    "q_zero": "Å⁻¹",
    **ON_SUBSTRATE,
}
KEYS = {"value", "error", "unit", "status", "interval_68", "interval_95", "statistical", "systematic"}
STATUSES = {
    "determined",
    "ambiguous",
    "at bound",
    "fixed",
    "lower bound",
    "upper bound",
    "undetermined",
    "rejected",
}
START = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}


@cache
def pattern() -> slxrd.Pattern:
    return slxrd.example("cspbbr3-cubes").pattern()


def quick(**options: Any) -> slxrd.Fit:
    return slxrd.fit(pattern(), **{"regions": [(0.9, 1.25)], "start": START, **options})


FITS: dict[str, Any] = {
    "quick": quick,
    "two regions": lambda: example_fit("cspbbr3-cubes"),
    "without fringes": lambda: slxrd.fit(
        slxrd.example("pbs-spheres").pattern(), regions=[(1.9, 2.32)], bounds={"L": (10.0, 30.0)}
    ),
    "film": lambda: example_fit("cumnsb-film"),
    "all fixed": lambda: quick(start=None, fix={**START, "q_zero": 0.0}),
    "at bound": lambda: quick(bounds={"sigma_L": (0.0, 1.38), "L": (30.0, 43.0)}, start={"L": 36.9}),
    "rejected": lambda: quick(bounds={"sigma_L": (0.0, 1.0), "L": (30.0, 43.0)}, start={"L": 36.9}),
    "no size spread": lambda: quick(fix={"sigma_N": 0.0}, start={"L": 36.9}),
    "paper2021": lambda: quick(objective="paper2021"),
    "tied": lambda: quick(tie={"sigma_N": "0.1*N"}, start={"L": 36.9}),
    "background": lambda: quick(background="linear", noise=0.03),
}


@cache
def made(name: str) -> tuple[slxrd.Fit, dict[str, Any]]:
    fit = FITS[name]()
    return fit, loads_strictly(result_json(fit, "slxrd fit"))


def names_of(fit: slxrd.Fit) -> tuple[str, ...]:
    return NAMES if fit.stack.substrate is None else (*NAMES, *ON_SUBSTRATE)


def number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)


@pytest.fixture(params=FITS)
def both(request: pytest.FixtureRequest) -> tuple[slxrd.Fit, dict[str, Any]]:
    return made(request.param)


@pytest.mark.slow
def test_top_level(both: tuple[slxrd.Fit, dict[str, Any]]) -> None:
    _, result = both
    promised = {
        "slxrd",
        "input",
        "assessment",
        "parameters",
        "derived",
        "chi2",
        "reduced_chi2",
        "n_points",
        "solutions",
    }
    assert promised <= set(result)
    assert result["slxrd"] == slxrd.__version__
    assert isinstance(result["input"], dict)
    assert number(result["chi2"])
    assert result["reduced_chi2"] is None or number(result["reduced_chi2"])
    assert isinstance(result["n_points"], int)
    assert result["n_points"] > 0


@pytest.mark.slow
def test_parameters(both: tuple[slxrd.Fit, dict[str, Any]]) -> None:
    fit, result = both
    assert tuple(result["parameters"]) == names_of(fit)
    for name, entry in result["parameters"].items():
        assert KEYS <= set(entry) <= {*KEYS, "why"}
        parts = [entry[part] for part in ("statistical", "systematic")]
        if None not in parts:
            assert entry["error"] == pytest.approx(np.hypot(*parts))
        assert entry["unit"] == UNITS[name]
        assert entry["status"] in STATUSES
        value, error = entry["value"], entry["error"]
        assert value is None or number(value)
        assert error is None or (number(error) and error > 0.0)
        if entry["status"] in ("determined", "ambiguous"):
            assert number(value)
            assert number(error)
            pieces = max(len(entry[f"interval_{level}"]) for level in (68, 95))
            assert entry["status"] == "determined" or pieces > 1
        elif entry["status"] == "undetermined":
            assert value is None
            assert error is None
            assert entry["why"]
        elif entry["status"] == "rejected":
            assert error is None
            assert entry["interval_68"] == entry["interval_95"] == []
        else:
            assert number(value)
            assert error is None
            assert entry["why"]
        assert value == fit.parameters[name].value


@pytest.mark.slow
def test_assessment(both: tuple[slxrd.Fit, dict[str, Any]]) -> None:
    fit, result = both
    found = result["assessment"]
    assert fit.assessment is not None
    assert found["grade"] == fit.assessment.grade
    assert found["grade"] in ("describes", "systematic", "rejected")
    assert found["headline"] == fit.assessment.headline
    assert " ".join(str(fit).split()).startswith(fit.assessment.headline)
    assert found["widening"] >= 1.0
    entries = [*result["parameters"].values(), *result["derived"].values()]
    for entry in entries:
        assert (entry["status"] == "rejected") == (found["grade"] == "rejected")
    if found["grade"] == "rejected":
        assert "±" not in str(fit)
        assert found["advice"]
        assert all(value is None for row in result["covariance"] for value in row)


@pytest.mark.slow
def test_derived(both: tuple[slxrd.Fit, dict[str, Any]]) -> None:
    _, result = both
    assert {"period", "period_S13", "thickness", "thickness_with_surface"} <= set(result["derived"])
    for entry in result["derived"].values():
        assert set(entry) >= KEYS
        assert entry["unit"] == "Å"
        assert entry["status"] in STATUSES
    p = {name: entry["value"] for name, entry in result["parameters"].items()}
    # Of one size, the mean size is a whole number that N need not be.
    if (
        None not in (p["d"], p["L"], p["N"])
        and p["sigma_N"] != 0.0
        and result["parameters"]["L"]["status"]
        in (
            "determined",
            "fixed",
        )
    ):
        assert result["derived"]["period"]["value"] == pytest.approx((p["N"] - 1.0) * p["d"] + p["L"])


@pytest.mark.slow
def test_solutions(both: tuple[slxrd.Fit, dict[str, Any]]) -> None:
    fit, result = both
    solutions = result["solutions"]
    assert solutions
    for solution in solutions:
        assert set(solution) == {"parameters", "chi2", "delta_chi2", "probability"}
        assert tuple(solution["parameters"]) == names_of(fit)
        assert all(number(value) for value in solution["parameters"].values())
        assert solution["delta_chi2"] == pytest.approx(solution["chi2"] - result["chi2"], abs=1e-9)
        assert 0.0 <= solution["probability"] <= 1.0
    assert solutions[0]["delta_chi2"] == 0.0
    assert [s["chi2"] for s in solutions] == sorted(s["chi2"] for s in solutions)
    assert sum(s["probability"] for s in solutions) == pytest.approx(1.0)


@pytest.mark.slow
def test_csv(both: tuple[slxrd.Fit, dict[str, Any]]) -> None:
    fit, result = both
    rows = list(csv.reader(io.StringIO(curves_csv(fit))))
    assert rows[0] == ["q", "measured", "sigma", "calculated", "residual", "region"]
    assert len(rows) - 1 == result["n_points"]
    assert {row[5] for row in rows[1:]} == {region["name"] for region in result["regions"]}
    q, measured, sigma, calculated, residual = np.array([row[:5] for row in rows[1:]], dtype=float).T
    assert np.all(np.isfinite([q, measured, sigma, calculated, residual]))
    assert np.all(sigma > 0.0)
    expected = (measured - calculated) / sigma
    if fit.settings.objective == "log":
        expected = np.log(measured / calculated) * measured / sigma
    np.testing.assert_allclose(residual, expected, rtol=1e-6, atol=1e-6 * np.max(measured / sigma))


@pytest.mark.slow
def test_the_statuses_that_these_fits_were_made_for() -> None:
    found = {name: made(name)[1]["parameters"] for name in FITS}
    assert found["quick"]["L"]["status"] == "determined"
    assert found["without fringes"]["L"]["status"] == "undetermined"
    assert found["without fringes"]["sigma_L"]["status"] == "lower bound"
    assert found["film"]["sigma_L"]["status"] == "undetermined"
    assert found["all fixed"]["d"]["status"] == "fixed"
    assert found["at bound"]["sigma_L"]["status"] == "at bound"
    assert {entry["status"] for entry in found["rejected"].values()} == {"rejected"}
    assert found["tied"]["sigma_N"]["why"].startswith("tied")


@pytest.mark.slow
def test_upper_bound_where_there_is_no_disorder() -> None:
    truth = {"d": 5.84, "L": 36.9, "sigma_L": 0.0, "N": 13.0, "sigma_N": 0.0}
    q = np.arange(0.85, 1.3, 0.004)
    simulated = slxrd.simulate(q, truth, resolution=0.01, noise=0.01, seed=4)
    fit = slxrd.fit(
        simulated, resolution=0.01, regions=[(0.85, 1.3)], start={**START, "sigma_L": 0.2},
        bounds={"L": (34.0, 40.0)},
    )  # fmt: skip
    entry = loads_strictly(result_json(fit))["parameters"]
    bounded = [name for name in ("sigma_L", "sigma_N") if entry[name]["status"] == "upper bound"]
    assert bounded, {name: entry[name] for name in ("sigma_L", "sigma_N")}
    for name in bounded:
        assert 0.0 < entry[name]["value"] < 1.0


@pytest.mark.slow
def test_arrays_passed_in_are_left_alone() -> None:
    q, intensity = np.array(pattern().q), np.array(pattern().intensity)
    sigma, mask = np.array(pattern().sigma), np.zeros(q.size, dtype=bool)
    copies = [array.copy() for array in (q, intensity, sigma, mask)]
    for array in (q, intensity, sigma, mask):
        array.setflags(write=False)
    own = slxrd.Pattern(q, intensity, sigma=sigma, mask=mask)
    start = dict(START)
    slxrd.fit(own, regions=[(0.9, 1.25)], mask=[(1.0, 1.01)], start=start)
    slxrd.simulate(q, {**START, "q_zero": 0.0})
    slxrd.find_regions(own)
    for array, copy in zip((q, intensity, sigma, mask), copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert start == START
    assert not own.mask.any()


def test_a_pattern_does_not_follow_its_source_arrays() -> None:
    q, intensity = np.array(pattern().q), np.array(pattern().intensity)
    own = slxrd.Pattern(q, intensity)
    intensity[:] = -1.0
    assert own.intensity.max() > 1000.0
    with pytest.raises(ValueError, match="read-only"):
        own.intensity[0] = 5.0


@pytest.mark.slow
def test_repeated_and_in_threads_it_is_the_same() -> None:
    options: dict[str, Any] = {"start": None, "bounds": {"L": (25.0, 50.0)}}
    first = result_json(quick(**options))
    assert result_json(quick(**options)) == first
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(quick, **options) for _ in range(3)]
        assert all(result_json(future.result()) == first for future in futures)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["linear", "log", "paper2021"])
def test_order_of_regions_does_not_matter(objective: str) -> None:
    regions = [Region(0.9, 1.25), Region(1.98, 2.33, 0.1)]
    fix = {"q_zero": 0.0}
    options: dict[str, Any] = {"objective": objective, "fix": fix, "bounds": {"L": (30.0, 43.0)}}
    one, other = quick(regions=regions, **options), quick(regions=regions[::-1], **options)
    assert one.chi2 == pytest.approx(other.chi2, rel=1e-9)
    for name in START:
        a, b = one.parameters[name], other.parameters[name]
        assert a.status == b.status
        if a.error is not None:
            assert abs(a.value - b.value) < 1e-4 * a.error, name
            assert a.error == pytest.approx(b.error, rel=1e-4)


@pytest.mark.slow
def test_units_of_intensity_do_not_matter() -> None:
    scaled = slxrd.Pattern(pattern().q, 1e3 * pattern().intensity, sigma=1e3 * pattern().sigma)
    one, other = quick(), slxrd.fit(scaled, regions=[(0.9, 1.25)], start=START)
    assert one.chi2 == pytest.approx(other.chi2, rel=1e-9)
    assert one.regions[0].scale == pytest.approx(other.regions[0].scale / 1e3, rel=1e-6)
