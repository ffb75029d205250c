"""The series of the page, without a browser: compared with single fits of the same files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.record.write import pattern_csv
from slxrd.studies.series.files import Naming
from slxrd.studies.series.result import SeriesFit, SeriesMember
from slxrd.ui.session.controller import State

pytest.importorskip("panel")

from slxrd.ui.app.controls.series_fields import pattern_of_name
from slxrd.ui.app.state.messages import name_page_fields
from slxrd.ui.app.state.series import FittedSeries, SeriesOptions, expand_path, open_folder
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.series import SeriesView
from slxrd.ui.app.views.series_tables import _aligned, onset_html, opened_html, results_html

Q = np.round(np.arange(0.9, 1.2501, 0.0025), 6)
CHOICES: dict[str, Any] = {
    "regions": [(0.9, 1.25)],
    "bounds": {"L": (24.0, 50.0)},
    "fix": {"q_zero": 0.0},
}


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    for i, warmth in enumerate((25, 50)):
        truth = {"d": 5.84, "L": 36.9 - 0.4 * i, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.55}
        pattern = slxrd.simulate(Q, truth, peak=3000.0, noise="counting", seed=i)
        (folder / f"film_{warmth}C.csv").write_text(pattern_csv(pattern), encoding="utf-8")
    (folder / "notes <b>.txt").write_text("kept warm over night\n", encoding="utf-8")
    return folder


def _wait(workspace: Workspace) -> None:
    assert workspace.job is None or workspace.job.thread is not None
    if workspace.job is not None and workspace.job.thread is not None:
        workspace.job.thread.join(timeout=300)
    assert not workspace.busy


@pytest.mark.slow
def test_a_cancelled_series_continues_and_agrees_with_single_fits(films: Path, tmp_path: Path) -> None:
    workspace = Workspace()
    assert workspace.do("choices", choices=CHOICES)
    series, state = workspace.series, workspace.session.state
    series.open(open_folder(f" '{films}' ", state, Naming()))
    extra = SeriesOptions(folder=tmp_path / "kept")

    def cancel_after_the_first(_: str) -> None:
        if workspace.job is not None and workspace.job.done and not workspace.job.cancelled:
            workspace.cancel()

    workspace.subscribe(cancel_after_the_first)
    found: list[Any] = []
    workspace.start_job(
        "the series", lambda report: series.fit(state, extra, report), found.append, partial=True
    )
    _wait(workspace)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "kept" / "patterns").iterdir()}
    assert kept
    if found[0] is not None:  # where several processes were at work
        assert not found[0].fit.complete
        assert "Fit the series again" in onset_html(found[0])

    seen: list[int] = []
    shown: list[str] = []

    def show() -> None:
        assert series.running is not None
        assert list(series.running.pictures) == ["parameters"]
        shown.append(onset_html(series.running, running=True))

    fitted = series.fit(state, extra, lambda done, of: seen.append(done), show)
    assert fitted is not None
    assert series.running is None
    assert shown
    assert all("of 2 patterns fitted so far" in text for text in shown)
    assert seen[0] == len(kept)  # those were not fitted again
    for name, written in kept.items():
        assert (tmp_path / "kept" / "patterns" / name).stat().st_mtime_ns == written
    assert fitted.fit.complete
    for member, warmth in zip(fitted.fit.members, (25, 50), strict=True):
        alone = slxrd.fit(slxrd.read(films / f"film_{warmth}C.csv"), **CHOICES)
        for name in ("d", "L", "N"):
            assert member.estimates[name].value == pytest.approx(alone.parameters[name].value, rel=1e-6)
            assert member.estimates[name].error == pytest.approx(alone.parameters[name].error, rel=1e-4)
    assert {name: picture[:4] for name, picture in fitted.pictures.items()} == dict.fromkeys(
        ("parameters", "stack", "waterfall", "heatmap"), b"\x89PNG"
    )
    assert "no loss or gain of order" in onset_html(fitted)
    assert "[simulated]" in results_html(fitted)

    assert workspace.do("another choice", choices={"bounds": {"L": (25.0, 50.0)}})
    assert not workspace.try_action(lambda: series.fit(workspace.session.state, extra, lambda done, of: None))
    assert "“force”" in workspace.message


@pytest.mark.slow
def test_a_joint_fit_can_be_cancelled(films: Path, tmp_path: Path) -> None:
    workspace = Workspace()
    assert workspace.do("choices", choices=CHOICES)
    series = workspace.series
    series.open(open_folder(str(films), workspace.session.state, Naming()))

    single = 2 * 2  # each alone, and each beside the other

    def stop(done: int, of: int) -> None:
        if of > single:
            raise KeyboardInterrupt

    found = series.fit(workspace.session.state, SeriesOptions(shared=["N"], folder=tmp_path / "kept"), stop)
    assert found is not None
    assert not found.fit.complete
    assert found.fit.joint is None
    assert not any(member.failed for member in found.fit.members)


def test_patterns_and_files_left_out_are_listed(films: Path) -> None:
    opened = open_folder(str(films), State(), Naming())
    html = opened_html(opened)
    assert "2 patterns [simulated]" in html
    assert "temperature (°C)" in html
    assert "notes &lt;b&gt;.txt: " in html.partition("Left out")[2]


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "type the path"), ("/nowhere/films", "no such folder"), (__file__, "is not a folder")],
)
def test_a_wrong_folder_is_an_error(typed: str, said: str) -> None:
    with pytest.raises(SlxrdError, match=said):
        open_folder(typed, State(), Naming())


def test_what_is_finished_is_shown_while_a_fit_runs(films: Path) -> None:
    workspace = Workspace()
    view = SeriesView(workspace)
    workspace.subscribe(view.refresh)
    workspace.series.open(open_folder(str(films), workspace.session.state, Naming()))
    assert workspace.series.opened is not None
    patterns = workspace.series.opened.series
    members = tuple(
        SeriesMember(label, pattern.source, value, {"failed": "not fitted yet"}, ())
        for pattern, label, value in zip(patterns.patterns, patterns.labels, patterns.values, strict=True)
    )
    found = SeriesFit(patterns, members, (), options={}, complete=False)
    workspace.series.running = FittedSeries(found, {}, {})
    workspace.notify("series")
    assert "Running: 0 of 2 patterns fitted so far" in view.right[0].object
    workspace.series.running = None
    workspace.notify("job")  # as after a fit that has failed
    assert "Not fitted yet" in view.right[0].object


def test_dropped_files_are_read_as_a_series(films: Path) -> None:
    workspace = Workspace()
    view = SeriesView(workspace)
    workspace.subscribe(view.refresh)
    for file in sorted(films.iterdir()):
        view.take(file.name, file.read_bytes())
    assert view.drop_button.visible
    assert view.drop_button.label == "Read the 3 dropped files"
    view.read_dropped()
    _wait(workspace)
    assert workspace.series.opened is not None
    assert workspace.series.opened.series.values == (25.0, 50.0)
    assert "1 left out" in workspace.message
    assert not view.drop_button.visible


def test_a_fit_needs_a_series() -> None:
    with pytest.raises(SlxrdError, match="open a series first"):
        Workspace().series.fit(State(), SeriesOptions(), lambda done, of: None)


def test_pasted_paths_are_expanded() -> None:
    assert expand_path('"/data/my films" ') == Path("/data/my films").absolute()
    assert expand_path("~/films") == Path.home() / "films"
    assert expand_path("  ") is None


def test_messages_name_the_fields_of_the_page() -> None:
    assert name_page_fields("give --table or --pattern-of-name, not -- this") == (
        "give “table” or “pattern of name”, not -- this"
    )
    assert name_page_fields("under it (--coherent 1 --substrate 5.84 --mask 1.05:1.09).") == (
        "under it (“M, coherent crystals” = 1, “substrate” = 5.84, “mask” = 1.05:1.09)."
    )
    assert name_page_fields("try --region, --background, or --budget 60.") == (
        "try “region”, “background”, or “time budget (s)” = 60."
    )


@pytest.mark.parametrize(
    ("before", "after", "name", "value"),
    [
        ("film_", "C", "film_125C.xy", "125"),
        ("", " K", "scan 77.5 K.xy", "77.5"),
        ("T=", "", "T=-20.xy", "-20"),
    ],
)
def test_the_value_is_found_between_two_texts(before: str, after: str, name: str, value: str) -> None:
    pattern = pattern_of_name(before, after)
    assert pattern is not None
    found = re.search(pattern, name)
    assert found is not None
    assert found[1] == value
    assert pattern_of_name(" ", "") is None


def test_points_of_a_column_are_in_line_and_signs_stay_behind() -> None:
    column = ["36.89 ± 0.12", "35.069 ± 0.068 ?", "−0.5 ± 12", "—", "> 1.59"]
    filled = _aligned(column)
    assert [cell.replace("\u2007", "") for cell in filled] == column
    ends = [cell.removesuffix(" ?") for cell in filled[:3]]
    assert {len(cell) - cell.index(" ±") for cell in ends} == {len(" ± 0.068"), len(" ± 12    ")}
    assert ends[0] == "36.89\u2007 ± 0.12\u2007"
