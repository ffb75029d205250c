"""Plans: expected uncertainties agree with the fits of simulated measurements."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.studies.planning.plan import plan
from slxrd.studies.planning.result import Plan, comparison_text
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.ui.plotting.plan import plan_figure

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
SCAN: dict[str, Any] = {"q_low": 0.9, "q_high": 1.3, "step": 0.0025, "regions": [(0.9, 1.3)]}
COARSE: dict[str, Any] = {**SCAN, "step": 0.005}


@cache
def bright() -> Plan:
    return plan(CUBES, **SCAN, counts=10_000.0, background=200.0, n=10, seed=2)


@pytest.mark.slow
def test_a_bright_measurement_determines_all() -> None:
    found = bright()
    assert found.done == found.requested == 10
    assert found.points == 161
    assert found.right == found.unique == found.fringes == 1.0
    assert not found.rivals
    assert set(found.expected) >= {*CUBES, "period", "thickness"}
    for row in found.expected.values():
        assert row.determined == 1.0
        assert row.ambiguous == 0.0
        assert row.coverage is not None
        assert row.coverage >= 0.7
        assert row.rms is not None
        assert row.quoted is not None
        assert 0.4 * row.quoted < row.rms < 2.0 * row.quoted
        assert abs(row.bias or 0.0) < 4.0 * row.quoted / np.sqrt(10)
        # The sizes of the effects are not known, so that the data determine everything less well.
        assert row.with_effects is not None
        assert row.with_effects > row.quoted
    assert found.expected["period"].truth == pytest.approx(12 * 5.84 + 36.9)


@pytest.mark.slow
def test_fewer_counts_leave_other_solutions() -> None:
    found = plan(CUBES, **SCAN, counts=60.0, n=2, seed=1)
    assert found.unique < 1.0
    assert found.rivals
    assert found.expected["L"].ambiguous > 0.5
    assert found.expected["L"].determined + found.expected["L"].ambiguous == pytest.approx(1.0)
    for rival in found.rivals:
        assert rival.step != 0
        assert 0.0 < rival.near <= 1.0
        assert rival.best <= rival.near
        assert 0.0 < rival.probability < 1.0
        assert abs(rival.L - 36.9 - rival.step * 5.78) < 1.0
    assert found.right + sum(rival.best for rival in found.rivals) == pytest.approx(1.0)
    assert f"L {found.rivals[0].step:+d}·d" in str(found)
    assert found.expected["d"].quoted > bright().expected["d"].quoted  # type: ignore[operator]


@pytest.mark.slow
def test_without_fringes_L_has_no_expected_error() -> None:
    found = plan({**CUBES, "sigma_L": 4.0}, **COARSE, counts=40_000.0, background=1000.0, n=2, seed=1)
    assert found.fringes == 0.0
    assert found.expected["L"].determined == 0.0
    assert found.expected["L"].rms is None
    assert found.expected["N"].determined == 1.0
    assert not found.rivals
    assert "fringes are seen in 0% of the fits\n" in f"{found}\n"


@pytest.mark.slow
def test_a_single_crystal_has_no_gap() -> None:
    single = {name: CUBES[name] for name in ("d", "N", "sigma_N")}
    found = plan(single, **COARSE, counts=1000.0, coherent=1, n=2, seed=1)
    assert set(found.expected) == {"d", "N", "sigma_N", "thickness"}
    assert "fringes" not in str(found)


@pytest.mark.slow
def test_regions_are_found_where_none_are_given() -> None:
    scan = {"q_low": 0.8, "q_high": 2.5, "step": 0.005}
    found = plan(CUBES, **scan, counts=20_000.0, background=10.0, coherent=1, n=2, seed=1)
    assert len(found.regions) == 2
    assert "q_zero" in found.expected


@pytest.mark.slow
def test_the_same_seed_gives_the_same_plan_and_progress_is_reported() -> None:
    calls: list[tuple[int, int]] = []
    # One crystal, whose fits are short: neither the seed nor an interrupt depends on the stack.
    options: dict[str, Any] = {**COARSE, "counts": 150.0, "coherent": 1, "n": 2}
    one = plan(CUBES, **options, seed=7, report=lambda done, of: calls.append((done, of)))
    assert calls == [(1, 2), (2, 2)]
    assert one == plan(CUBES, **options, seed=7)

    def interrupt(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    # An interrupt keeps what was done, which is what a shorter plan calculates.
    found = plan(CUBES, **{**options, "n": 20}, seed=7, report=interrupt)
    assert (found.done, found.requested) == (2, 20)
    assert "! interrupted after 2 of 20 simulations" in str(found)
    assert found.expected == one.expected
    assert plan(CUBES, **{**options, "n": 20}, seed=8, report=interrupt).expected != one.expected


@pytest.mark.slow
def test_a_value_outside_the_bounds_of_the_fits_is_reported() -> None:
    found = plan({**CUBES, "sigma_N": 0.05}, **COARSE, counts=2000.0, coherent=1, n=2, seed=1)
    assert any(note.startswith("sigma_N = 0.05 lies outside the bounds") for note in found.notes)


@pytest.mark.slow
def test_text() -> None:
    text = str(bright())
    assert "10 simulated measurements of 161 points, 1e+04 counts at the peak, 200 in the background" in text
    assert "the true solution is the best in 100%, the only one in 100%" in text
    assert "σ_L" in text


@pytest.mark.slow
def test_the_figure_shows_shares_and_errors() -> None:
    figure = plan_figure([bright(), replace(bright(), counts=1000.0, unique=0.5)])
    shares, errors = figure.axes
    assert shares.get_xlabel() == errors.get_xlabel() == "intensity of the peak (counts)"
    assert {line.get_label() for line in errors.get_lines()} >= {"$d$", "$L$", "$N$", r"$\Lambda$"}
    (curve,) = [line for line in shares.get_lines() if line.get_label() == "true one alone, predicted"]
    assert np.all(np.diff(np.asarray(curve.get_ydata())) >= 0.0)
    assert figure_bytes(figure).startswith(b"\x89PNG")
    with pytest.raises(SlxrdError, match="no plan to draw"):
        plan_figure([])


@pytest.mark.slow
def test_a_comparison_has_a_line_for_each() -> None:
    text = comparison_text([replace(bright(), counts=1000.0, unique=0.5), bright()])
    assert [line.split("  ")[1] for line in text.splitlines()[3:]] == [
        "1000 counts at the peak", "1e+04 counts at the peak",
    ]  # fmt: skip
    assert text.splitlines()[3].split("%")[:3][2].strip() == "50"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 1}, "1 simulation: at least 2"),
        ({"q_low": 1.4}, "0 < start < end"),
        ({"q_low": float("nan")}, "0 < start < end"),
        ({"step": 0.0}, "a positive step"),
        ({"step": 1e-9}, "more than 100000 points"),
        ({"counts": 0.5}, "counts 0.5: give"),
        ({"counts": float("inf")}, "counts inf"),
        ({"counts": None}, "give the counts expected at the peak, or the noise"),
        ({"noise": 0.1}, "give the counts expected at the peak, or the noise"),
        ({"counts": None, "noise": 1.0}, "noise 1.0: give a fraction"),
        ({"seed": -1}, "seed -1: must be 0 or more"),
        ({"background": -1.0}, "background -1.0"),
        ({"regions": [(2.0, 3.0)]}, "outside simulation"),
        ({"resolution": -1.0}, "σ_G must be 0 or more"),
        ({"coherent": 0}, "whole number of crystals"),
        ({"step": 0.1}, "none of 2 simulated measurements can be fitted: region"),
    ],
)
def test_invalid_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        plan(CUBES, **{**SCAN, "counts": 1000.0, "n": 2, **change})


def test_a_missing_value_is_named() -> None:
    with pytest.raises(SlxrdError, match="no value for L"):
        plan({name: value for name, value in CUBES.items() if name != "L"}, **SCAN, counts=1000.0)
