"""Maps of χ²: the minima of Figure S6, profiles below sections, contours, and their pictures."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import slxrd.style
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.profile.constrained import ProfiledChi2
from slxrd.fitting.uncertainty.profile.map1d import Map1D, chi2_map, chi2_maps, default_axis, section
from slxrd.fitting.uncertainty.profile.map2d import chi2_map_2d
from slxrd.model.simulation import simulate
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.ui.plotting.maps import chi2_map_2d_figure, chi2_maps_figure

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
#: The model that the patterns are simulated with; their χ² is that of the noise alone.
MODEL: dict[str, Any] = {"coherent": 40, "substrate": "none", "background": "none", "systematics": "none"}


@cache
def cubes() -> Fit:
    example = EXAMPLES["cspbbr3-cubes"]
    return fit(example.pattern(), **example.options, systematics="none")


@cache
def small() -> Fit:
    pattern = simulate(np.arange(0.8, 1.32, 0.004), TRUTH, noise=0.01, seed=5, resolution=0.0)
    return fit(
        pattern,
        regions=[(0.85, 1.3)],
        fix={"q_zero": 0.0},
        bounds={"L": (34.0, 40.0)},
        resolution=0.0,
        **MODEL,
    )


@cache
def ambiguous() -> Fit:
    pattern = simulate(np.arange(0.85, 1.3, 0.0025), TRUTH, noise=0.06, seed=3, resolution=0.0)
    return fit(pattern, regions=[(0.88, 1.28)], resolution=0.0, **MODEL)


@cache
def map_of_L() -> Map1D:
    return chi2_map(cubes(), "L")


@pytest.mark.slow
def test_sections_along_the_gap_have_minima_one_plane_apart() -> None:
    """SI section S.h: 'several minima separated by a period d from one another'."""
    one = map_of_L()
    places, heights = np.array(one.section.minima).T
    assert places.size >= 7
    assert np.diff(places) == pytest.approx(5.84, abs=0.1)
    best = cubes().minima[0].values["L"]
    lowest = int(heights.argmin())
    assert places[lowest] == pytest.approx(best, abs=0.01)
    assert np.all(np.diff(heights[: lowest + 1]) < 0.0)
    assert np.all(np.diff(heights[lowest:]) > 0.0)


@pytest.mark.slow
def test_the_profile_has_the_same_minima_much_less_deep() -> None:
    one = map_of_L()
    assert one.profile is not None
    kept, refined = np.array(one.section.minima), np.array(one.profile.minima)
    assert refined[:, 0] == pytest.approx(kept[:, 0], abs=0.5)
    beside = kept[:, 1] > cubes().chi2 + 1.0
    assert np.all(refined[beside, 1] < kept[beside, 1] - 10.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["d", "L", "sigma_L", "N", "sigma_N", "q_zero"])
def test_refining_never_makes_it_worse_and_nothing_lies_below_the_fit(name: str) -> None:
    result = cubes()
    axis = default_axis(result, name, 15)
    one = chi2_map(result, name, axis)
    assert one.profile is not None
    kept = section(result, name, axis).chi2
    refined = one.profile.chi2[np.isin(one.profile.values, axis)]
    kept = kept[np.isin(one.section.values, axis)] if kept.size != axis.size else kept
    assert np.all(refined <= kept + 1e-4)
    for curve in (one.section, one.profile):
        assert np.all(curve.chi2 >= result.chi2 - 1e-6)
        assert np.all(np.diff(curve.values) > 0.0)
        assert curve.chi2.min() == pytest.approx(result.chi2, abs=1e-3)


@pytest.mark.slow
def test_the_section_is_narrower_than_the_profile_where_parameters_are_correlated() -> None:
    """d and q_zero are correlated at 0.9 and more: kept, the others make d look far better known."""
    one = chi2_map(cubes(), "d")
    assert one.profile is not None
    widths = []
    for curve in (one.section, one.profile):
        inside = curve.values[curve.chi2 < cubes().chi2 + 10.0]
        widths.append(inside[-1] - inside[0])
    assert widths[1] > 2.0 * widths[0]
    assert one.rises[1] / one.rises[0] == pytest.approx(3.8415, rel=1e-4)
    assert one.rises[0] < 0.5


@pytest.mark.slow
def test_axes_show_the_minimum_and_stay_within_the_bounds() -> None:
    result = cubes()
    for name in result.names:
        row, value = result.minima[0].parameters[name], result.minima[0].values[name]
        axis = default_axis(result, name, 41)
        assert axis.size >= 41
        assert row.lower <= axis[0] < value < axis[-1] <= row.upper
        assert value in axis
    reach = 3.5 * result.minima[0].values["d"]
    gaps = default_axis(result, "L", 121)
    assert gaps[0] <= result.minima[0].values["L"] - reach
    assert gaps[-1] >= result.minima[0].values["L"] + reach


@pytest.mark.slow
def test_without_fringes_the_gap_is_flat_and_the_disorder_flat_above_its_limit() -> None:
    q, truth = np.arange(1.9, 2.32, 0.004), EXAMPLES["pbs-spheres"].truth
    pattern = simulate(q, truth, peak=3000.0, noise="counting", seed=1, resolution=0.0)
    result = fit(
        pattern, regions=[(1.9, 2.32)], bounds={"L": (10.0, 30.0)}, resolution=0.0, systematics="none"
    )
    gap = chi2_map(result, "L", np.linspace(10.0, 30.0, 15))
    assert gap.profile is not None
    assert np.ptp(gap.profile.chi2) < 2.71
    limit = result.parameters["sigma_L"].value
    assert limit is not None
    disorder = chi2_map(result, "sigma_L", [0.0, 0.85 * limit, 1.2 * limit, 2.0, 3.0, 4.0])
    assert disorder.profile is not None
    values, chi2 = disorder.profile.values, disorder.profile.chi2
    plateau = chi2[-1]
    assert np.all(chi2[values > 1.15 * limit] < plateau + 2.71)
    assert np.all(chi2[values < 0.86 * limit] > plateau + 2.71)


@pytest.mark.slow
def test_several_maps_at_once() -> None:
    seen: list[tuple[int, int]] = []
    maps = chi2_maps(small(), ["N", "d"], profiled=False, report=lambda done, of: seen.append((done, of)))
    assert [one.name for one in maps] == ["N", "d"]
    assert all(one.profile is None for one in maps)
    assert seen == [(1, 2), (2, 2)]
    assert [one.name for one in chi2_maps(small(), profiled=False)] == list(small().names)


def test_a_section_observes_ties() -> None:
    pattern = simulate(np.arange(0.8, 1.32, 0.004), TRUTH, noise=0.01, seed=5, resolution=0.0)
    tied = fit(
        pattern,
        regions=[(0.85, 1.3)],
        fix={"q_zero": 0.0},
        tie={"sigma_N": "0.12*N"},
        bounds={"L": (34.0, 40.0)},
        resolution=0.0,
    )
    curve = section(tied, "N", [12.0, 12.5, 13.0])
    values = {**tied.minima[0].values, "N": 12.5, "sigma_N": 1.5}
    assert curve.chi2[curve.values == 12.5][0] == pytest.approx(tied.objective.chi2(values))


@pytest.mark.slow
def test_contours_of_a_parabola_enclose_the_ellipse_of_the_covariance() -> None:
    """Area of the joint 68 % contour: 2.30·π·√det C, weights of 1."""
    result = small()
    i, j = (result.names.index(name) for name in ("L", "sigma_L"))
    block = result.covariance[np.ix_([i, j], [i, j])]
    best = result.minima[0].values
    x, y = (
        best[n] + 2.2 * np.sqrt(v) * np.linspace(-1, 1, 15)
        for n, v in (("L", block[0, 0]), ("sigma_L", block[1, 1]))
    )
    one = chi2_map_2d(result, "L", "sigma_L", x, y)
    assert one.chi2.shape == (15, 15)
    assert one.levels == pytest.approx((result.chi2 + 2.30, result.chi2 + 5.99))
    assert one.chi2.min() == pytest.approx(result.chi2, abs=1e-5)
    cell = (x[1] - x[0]) * (y[1] - y[0])
    area = np.count_nonzero(one.chi2 < one.levels[0]) * cell
    assert area == pytest.approx(2.30 * np.pi * np.sqrt(np.linalg.det(block)), rel=0.1)
    kept = chi2_map_2d(result, "L", "sigma_L", x, y, kind="section")
    assert np.all(one.chi2 <= kept.chi2 + 1e-4)
    assert np.all(one.chi2 >= result.chi2 - 1e-6)


def test_rows_of_a_map_run_along_y() -> None:
    result = small()
    x, y = np.array([36.8, 36.9, 37.0]), np.array([12.0, 12.5, 13.0, 13.5])
    one = chi2_map_2d(result, "L", "N", x, y, kind="section")
    assert one.chi2.shape == (4, 3)
    values = {**result.minima[0].values, "L": 36.9, "N": 12.0}
    assert one.chi2[0, 1] == pytest.approx(result.objective.chi2(values))


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("x", None, "unknown parameter 'x'"),
        ("q_zero", None, "q_zero is not refined in this fit"),
        ("L", [36.0, 37.0], "at least 3 different"),
        ("L", [1.0, 2.0, 30.0], "leaves the fit's bounds"),
    ],
)
def test_what_is_refused(name: str, values: list[float] | None, says: str) -> None:
    with pytest.raises(SlxrdError, match=says):
        chi2_map(small(), name, values)
    with pytest.raises(SlxrdError, match=says):
        chi2_map_2d(small(), name, "d", values)


@pytest.mark.slow
def test_what_else_is_refused() -> None:
    with pytest.raises(SlxrdError, match="two different parameters"):
        chi2_map_2d(small(), "L", "L")
    with pytest.raises(SlxrdError, match="neither section nor profile"):
        chi2_map_2d(small(), "L", "N", kind="both")  # type: ignore[arg-type]
    with pytest.raises(SlxrdError, match="nothing to map"):
        chi2_maps(small(), [])
    with pytest.raises(SlxrdError, match="no map to draw"):
        chi2_maps_figure([])


@pytest.mark.slow
def test_an_interruption_keeps_the_points_that_were_done() -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    best = small().minima[0].values
    x, y = best["L"] + np.linspace(-0.5, 0.5, 9), best["N"] + np.linspace(-0.3, 0.3, 7)
    for kind, done in (("section", 9), ("profile", 1)):
        one = chi2_map_2d(small(), "L", "N", x, y, kind=kind, report=stop)  # type: ignore[arg-type]
        assert one.done == done
        assert np.isnan(one.chi2).sum() == 63 - done
        assert np.nanmin(one.chi2) < small().chi2 + 100.0
        assert "Interrupted" in slxrd.style.caption(chi2_map_2d_figure(one))
        assert figure_bytes(chi2_map_2d_figure(one)).startswith(b"\x89PNG")
    assert [one.name for one in chi2_maps(small(), ["N", "d"], report=stop)] == ["N"]
    with pytest.raises(KeyboardInterrupt):
        chi2_map(small(), "L", [36.0, 37.0, 38.0], report=stop)


@pytest.mark.slow
def test_a_map_finds_the_lowest_valley_at_every_point() -> None:
    """As low as the best of many refinements from all over, wherever a contour might run."""
    result = ambiguous()
    assert len([m for m in result.minima if m.chi2 - result.chi2 < 6.0]) >= 3
    x = np.unique([m.values["L"] + away for m in result.minima[:3] for away in (-0.1, 0.0, 0.2)])
    y = np.unique([*np.linspace(12.5, 15.5, 7), result.minima[0].values["N"]])
    one = chi2_map_2d(result, "L", "N", x, y)
    random = np.random.default_rng(1)
    rows = [
        [5.83 + random.uniform(-0.02, 0.02), L, random.uniform(0.8, 2.0), N, random.uniform(0.2, 3.0), 0.0]
        for N in y
        for L in x
        for _ in range(12)
    ]
    found = ProfiledChi2(result, "L", "N").refined(np.array(rows), 1, 1e-8, 60)
    least = found.chi2.reshape(y.size, x.size, 12).min(axis=2)
    near = least < result.chi2 + 40.0
    assert near.sum() > 25
    assert np.all(one.chi2[near] < least[near] + 0.05)
    assert one.chi2.min() < result.chi2 + 0.01


@pytest.mark.slow
def test_what_is_known_beforehand_counts_in_maps() -> None:
    """At the best solution every map is as high as the fit, whichever parameter is held."""
    pattern = simulate(np.arange(0.8, 1.32, 0.004), TRUTH, noise=0.01, seed=5, resolution=0.0)
    found = fit(
        pattern, regions=[(0.85, 1.3)], fix={"q_zero": 0.0},
        prior={"L": (36.0, 0.1), "N": (13.5, 0.2)}, bounds={"L": (34.0, 40.0)}, resolution=0.0,
    )  # fmt: skip
    assert found.minima[0].penalty > 5.0
    best = found.minima[0].values
    for names in (("L", "N"), ("L", "d"), ("d", "sigma_L")):
        x, y = (best[name] * np.array([0.999, 1.0, 1.001]) for name in names)
        for kind in ("profile", "section"):
            one = chi2_map_2d(found, *names, x, y, kind=kind)  # type: ignore[arg-type]
            assert one.chi2[1, 1] == pytest.approx(found.chi2, abs=1e-3)
            assert one.chi2.min() > found.chi2 - 1e-3
    for name in ("L", "d"):
        curve = chi2_map(found, name, best[name] * np.array([0.999, 1.0, 1.001]))
        assert curve.profile is not None
        assert curve.profile.chi2.min() == pytest.approx(found.chi2, abs=1e-3)
        assert curve.section.chi2.min() == pytest.approx(found.chi2, abs=1e-3)


@pytest.mark.slow
def test_the_axes_of_a_map_show_all_solutions() -> None:
    result = ambiguous()
    shown = [m.values for m in result.minima if m.chi2 - result.chi2 < 40.0]
    assert len(shown) >= 6
    for name in ("L", "N"):
        axis = default_axis(result, name, 25, joint=True)
        assert axis[0] < min(values[name] for values in shown)
        assert axis[-1] > max(values[name] for values in shown)
    axis = default_axis(result, "L", 11, joint=True, ends=(30.0, 40.0))
    assert (axis[0], axis[-1]) == (30.0, 40.0)
    assert result.minima[0].values["L"] in axis


@pytest.mark.slow
def test_a_map_of_another_objective_goes_the_ordinary_way() -> None:
    pattern = simulate(np.arange(0.8, 1.32, 0.004), TRUTH, noise=0.01, seed=5, resolution=0.0)
    tied = fit(
        pattern, regions=[(0.85, 1.3)], fix={"q_zero": 0.0}, tie={"sigma_N": "0.12*N"},
        bounds={"L": (34.0, 40.0)}, resolution=0.0,
    )  # fmt: skip
    best = tied.minima[0].values
    one = chi2_map_2d(
        tied, "L", "N", best["L"] + np.array([-0.05, 0.0, 0.05]), best["N"] + np.array([-0.1, 0, 0.1])
    )
    assert one.chi2[1, 1] == pytest.approx(tied.chi2, abs=1e-3)
    assert one.chi2.min() > tied.chi2 - 1e-3


@pytest.mark.slow
def test_pictures_have_a_panel_for_each_parameter_and_say_simulated() -> None:
    maps = [map_of_L(), *chi2_maps(cubes(), ["d", "N", "sigma_N"], profiled=False)]
    picture = chi2_maps_figure(maps)
    shown = [axes for axes in picture.axes if axes.get_visible()]
    assert [axes.get_xlabel() for axes in shown] == [
        "$L$ (Å)",
        "$d$ (Å)",
        "$N$ (planes)",
        r"$\sigma_{N}$ (planes)",
    ]
    assert picture.get_suptitle() == "simulated"
    assert "(simulated)" in slxrd.style.caption(picture)
    assert figure_bytes(picture).startswith(b"\x89PNG")
    lines = {line.get_label() for line in shown[0].get_lines()}
    assert {"68 %", "95 %", "others fixed", "others refined"} <= lines


@pytest.mark.slow
def test_pictures_of_two_parameters() -> None:
    one = chi2_map_2d(small(), "L", "N", np.linspace(36.8, 36.92, 5), np.linspace(12.8, 13.1, 5))
    picture = chi2_map_2d_figure(one)
    assert picture.get_suptitle() == "simulated"
    assert "(simulated)" in slxrd.style.caption(picture)
    panel = picture.axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("$L$ (Å)", "$N$ (planes)")
    assert figure_bytes(picture, "pdf").startswith(b"%PDF")
