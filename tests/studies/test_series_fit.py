"""A series gives what its patterns give alone, in any order, on any number of processes; jumps and onsets."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slxrd
import slxrd.style
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.examples import SERIES
from slxrd.fitting.record.write import result_dictionary
from slxrd.studies.series import run as series_run
from slxrd.studies.series.onset import find_changes
from slxrd.studies.series.output import series_csv, series_dictionary
from slxrd.studies.series.result import SeriesFit, find_jumps
from slxrd.studies.series.run import fit_series
from slxrd.ui.plotting.series import series_heat_figure, series_stack_figure

EXAMPLE = SERIES["cspbbr3-annealing"]
Q = np.round(np.arange(0.9, 1.2501, 0.0025), 6)
#: One region and what narrows the search: quick, but a search all the same.
QUICK: dict[str, Any] = {"regions": [(0.9, 1.25)], "bounds": {"L": (24.0, 50.0)}, "fix": {"q_zero": 0.0}}


def simulated(L: float, seed: int, peak: float = 3000.0, **other: float) -> slxrd.Pattern:
    truth = {"d": 5.84, "L": L, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.55, **other}
    return slxrd.simulate(Q, truth, peak=peak, noise="counting", seed=seed)


@cache
def three() -> tuple[slxrd.Pattern, ...]:
    return tuple(simulated(L, i) for i, L in enumerate((36.9, 36.4, 36.0)))


@cache
def together() -> SeriesFit:
    return fit_series(three(), (1.0, 2.0, 3.0), processes=1, **QUICK)


def plain(fit: SeriesFit) -> dict[str, Any]:
    return series_dictionary(fit)


@cache
def annealed() -> SeriesFit:
    """The packaged series."""
    patterns = EXAMPLE.patterns()
    return fit_series(
        patterns.values(), patterns, variable="temperature", unit="°C", processes=1,
        shared=["N", "sigma_N"], smooth=["d", "L"], **EXAMPLE.options,
    )  # fmt: skip


@pytest.mark.slow
def test_a_pattern_gives_what_it_gives_alone() -> None:
    in_series = together()
    alone = result_dictionary(slxrd.fit(three()[1], **QUICK))
    member = in_series.members[1]
    for key in ("parameters", "derived", "chi2", "solutions", "covariance", "notes", "refined"):
        assert as_lists(member.result[key]) == as_lists(alone[key]), key
    by_itself = fit_series([three()[1]], [2.0], processes=1, **QUICK)
    assert as_lists(by_itself.members[0].result) == as_lists(member.result)


def as_lists(value: Any) -> Any:
    """What JSON makes of it: no tuples."""
    if isinstance(value, dict):
        return {key: as_lists(item) for key, item in value.items()}
    return [as_lists(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.slow
def test_neither_order_nor_processes_nor_executor_matter(tmp_path: Path) -> None:
    patterns, values = three(), (1.0, 2.0, 3.0)
    one = plain(together())
    assert plain(fit_series(patterns[::-1], values[::-1], processes=2, folder=tmp_path, **QUICK)) == one
    # Taken up from what was kept.
    assert plain(fit_series(patterns, values, processes=1, folder=tmp_path, **QUICK)) == one
    with ThreadPoolExecutor(2) as pool:
        assert plain(fit_series(patterns, values, executor=pool, **QUICK)) == one


@pytest.mark.slow
def test_what_was_kept_is_not_fitted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = plain(fit_series(three(), (1.0, 2.0, 3.0), processes=1, folder=tmp_path, **QUICK))
    (tmp_path / "patterns" / "simulation-2.json").write_text("{ cut off", encoding="utf-8")
    asked: list[str] = []

    def counted(waiting: dict[int, Any], *rest: Any) -> None:
        asked.append(f"{len(waiting)}")
        run_tasks(waiting, *rest)

    run_tasks = series_run.run_tasks
    monkeypatch.setattr(series_run, "run_tasks", counted)
    with pytest.raises(FileError, match="is of other data or options"):
        fit_series(three(), (1.0, 2.0, 3.0), processes=1, folder=tmp_path, **QUICK)
    again = fit_series(three(), (1.0, 2.0, 3.0), processes=1, folder=tmp_path, force=True, **QUICK)
    assert plain(again) == first
    assert asked == ["1", "0"]
    with pytest.raises(FileError, match="is of other data or options"):
        fit_series(three(), (1.0, 2.0, 3.0), processes=1, folder=tmp_path, **{**QUICK, "coherent": 20})


@pytest.mark.slow
def test_annealing_as_it_was_simulated() -> None:
    """Pulls of all parameters, and order lost where it was lost."""
    fit = annealed()
    pulls = []
    for member in fit.members:
        truth = EXAMPLE.truth[member.value]
        for name, true in truth.items():
            estimate = member.estimates[name]
            if estimate.status == "determined" and estimate.value is not None and estimate.error:
                pulls.append((estimate.value - true) / estimate.error)
    assert len(pulls) > 30
    assert max(map(abs, pulls)) < 4.0
    assert 0.6 < np.std(pulls) < 1.4
    (change,) = fit.changes
    assert (change.before.value, change.after.value, change.lost, change.certain) == (
        125.0,
        150.0,
        True,
        True,
    )
    assert change.growth == pytest.approx(21.0 * 5.866 / (13.0 * 5.8604), rel=0.05)
    assert change.intensity is not None
    assert change.intensity < 0.5
    assert "order lost between 125 and 150 °C" in str(fit)
    assert fit.jumps == ()


@pytest.mark.slow
def test_annealing_together() -> None:
    """Shared and smooth parameters: true within their errors, which are smaller than those alone."""
    fit = annealed()
    joint = fit.joint
    assert joint is not None
    assert joint.labels == tuple(member.label for member in fit.members[:5])
    assert joint.p_value > 1e-3
    for member, estimates in zip(fit.members, joint.estimates, strict=False):
        truth = EXAMPLE.truth[member.value]
        for name in ("d", "L", "N", "sigma_N"):
            value, error = estimates[name].value, estimates[name].error
            assert value is not None
            assert error is not None
            assert abs(value - truth[name]) < 4.0 * error, name
            own = member.estimates[name].error
            assert own is not None
            assert error < 1.02 * own, name


@pytest.mark.slow
def test_a_jump_between_solutions_is_said() -> None:
    """A pattern that starts elsewhere ends one d away; refinement from its neighbours returns."""
    patterns = [simulated(36.9, 1), simulated(36.9 + 2.0 * 5.84, 2, N=11.0), simulated(36.9, 3)]
    fit = fit_series(patterns, (1.0, 2.0, 3.0), processes=1, **QUICK)
    steps = [jump.in_d for jump in fit.jumps]
    assert steps == pytest.approx([2.0, -2.0], abs=0.1)
    for jump in fit.jumps:
        # What the jump costs is what the pattern itself says of that solution.
        found = [
            s["delta_chi2"]
            for member, other in ((jump.before, jump.after), (jump.after, jump.before))
            for s in member.result["solutions"]
            if abs(s["parameters"]["L"] - other.best["L"]) < 2.9
        ]
        if jump.cost is not None and found:
            assert jump.cost == pytest.approx(min(found), abs=1.0)
    assert "L jumps by" in str(fit)
    assert find_jumps(fit.members[:1]) == ()


@pytest.mark.slow
def test_too_weak_to_lose_order() -> None:
    """With few counts fringes are not seen, but nothing says that order is lost."""
    truth = {"d": 5.84, "L": 36.9, "sigma_L": 2.2, "N": 13.0, "sigma_N": 2.0}
    strong = slxrd.simulate(Q, truth, peak=3000.0, noise="counting", seed=1)
    weak = slxrd.simulate(Q, truth, peak=25.0, noise="counting", seed=2)
    fit = fit_series([strong, weak], (1.0, 2.0), processes=1, **{**QUICK, "noise": "counting"})
    assert [member.fringes for member in fit.members] == [True, False]
    (change,) = find_changes(fit.series, fit.members)
    assert not change.certain
    assert "order may remain" in str(fit)


@pytest.mark.slow
def test_a_pattern_that_cannot_be_fitted_is_named_and_the_rest_fitted() -> None:
    short = slxrd.Pattern(Q[:20], np.ones(20), source="short.xy")
    fit = fit_series([*three()[:2], short], (1.0, 2.0, 3.0), processes=1, **QUICK)
    assert [bool(member.failed) for member in fit.members] == [False, False, True]
    assert [out.source for out in fit.left_out] == ["short.xy"]
    rows = series_csv(fit).splitlines()
    assert len(rows) == 4
    assert ",failed," in rows[3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"regionz": [(0.9, 1.2)]}, "unknown option 'regionz' of a fit"),
        ({"fix": {"q": 1.0}}, "unknown parameter 'q'"),
        ({"processes": 0}, "processes 0: at least 1"),
        ({"shared": ["M"]}, "unknown parameter 'M'"),
        ({"shared": ["N"], "smooth": ["N"]}, "N is given twice as shared or smooth"),
        ({"shared": ["N"], "fix": {"N": 13.0}}, "N is fixed, so it cannot be shared"),
        ({"smooth": ["L"], "degree": 7}, "degree 7 of smooth parameters"),
        ({"regions": [(3.0, 4.0)]}, "none of the 3 patterns could be fitted"),
    ],
)
def test_mistakes(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SlxrdError, match=said):
        fit_series(three(), (1.0, 2.0, 3.0), **{"processes": 1, "regions": [(0.9, 1.25)], **options})


@pytest.mark.slow
def test_simulated_is_said() -> None:
    fit = annealed()
    assert "[simulated]" in str(fit).splitlines()[0]
    assert all(row.split(",")[2] == "simulated" for row in series_csv(fit).splitlines()[1:])


@pytest.mark.slow
def test_a_pattern_on_another_scale_does_not_hide_the_others() -> None:
    """Stack and heat map bring it to the scale of the others, and name it."""
    patterns = list(three())
    assert patterns[1].sigma is not None
    patterns[1] = replace(
        patterns[1],
        intensity=1000.0 * patterns[1].intensity,
        sigma=1000.0 * patterns[1].sigma,
        source="odd.csv",
    )
    fit = fit_series(patterns, (1.0, 2.0, 3.0), processes=1, **QUICK)
    assert fit.series.rescaled == {"odd"}
    highest = max(float(patterns[i].intensity.max()) for i in (0, 2))
    for picture in (series_stack_figure(fit), series_heat_figure(fit)):
        assert "odd" in slxrd.style.caption(picture)
        panel = picture.axes[0]
        if panel.lines:
            assert max(float(np.ptp(line.get_ydata())) for line in panel.lines) < 1.1 * highest
        else:
            assert panel.collections[0].norm.vmax < 1.1 * highest


@pytest.mark.slow
def test_of_very_many_patterns_some_are_stacked() -> None:
    fit = fit_series([three()[0]], [0.0], processes=1, **QUICK)
    (member,) = fit.members
    count = 90
    many = replace(
        fit,
        series=replace(
            fit.series,
            patterns=fit.series.patterns * count,
            values=tuple(float(i) for i in range(count)),
            labels=tuple(f"p{i}" for i in range(count)),
        ),
        members=(member,) * count,
    )
    picture = series_stack_figure(many)
    assert len(picture.axes[0].lines) == 30
    assert "90 simulated patterns" in slxrd.style.caption(picture)
    assert "one of every 3 is drawn" in slxrd.style.caption(picture)
