"""The fit of several directions on the page: the same as by function and command, kept with the session."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

import slxrd

pytest.importorskip("panel")

from slxrd.fitting.record.kept_sample import SampleResult
from slxrd.model.directions.direction import Direction
from slxrd.ui.app.state.directions import (
    add_file,
    add_scan,
    change_cut,
    command_of,
    fit_chosen,
    given_options,
    remove_cut,
)
from slxrd.ui.app.state.sample import report_section, table_of
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.directions import DirectionsView
from slxrd.ui.app.views.directions_text import directions_html
from slxrd.ui.session.controller import Session

FOLDER = Path(__file__).parents[2] / "files" / "directions"
FILES = {cut: FOLDER / f"cumulative-{cut}.csv" for cut in ("scan", "100", "110")}
QUICK: dict[str, Any] = {
    "share": ["d", "N", "sigma_N"],
    "coherent": 6,
    "fix": {"sigma_T_xy": 0.8, "sigma_T_z": 0.6, "sigma_N": 1.2},
    "bounds": {"L_z": [34.5, 39.0], "L_xy": [37.0, 42.0], "N": [12.0, 14.0]},
}


def finish(workspace: Workspace) -> None:
    while (job := workspace.job) is not None:
        assert job.thread is not None
        job.thread.join(timeout=300)


def chosen(*cuts: str) -> Workspace:
    workspace = Workspace()
    for cut in cuts:
        add_file(workspace, FILES[cut].name, FILES[cut].read_bytes())
    return workspace


@pytest.fixture(scope="module")
def fitted() -> Workspace:
    workspace = chosen("scan", "100")
    fit_chosen(workspace, QUICK)
    finish(workspace)
    assert workspace.level == "success", workspace.message
    return workspace


@pytest.mark.parametrize(
    ("name", "direction"), [("film-110.csv", "110"), ("film-117.csv", "scan"), ("film-2024.csv", "scan")]
)
def test_run_numbers_are_no_directions(name: str, direction: str, tmp_path: Path) -> None:
    workspace = Workspace()
    add_file(workspace, name, FILES["scan"].read_bytes())
    measured = tmp_path / "film_101.xy"
    measured.write_text("".join(f"{15.0 + 0.05 * i:.2f} {10 + i % 7}\n" for i in range(200)))
    workspace.session.open_file(measured, axis="2theta", wavelength="CuKa1")
    add_scan(workspace)
    assert [cut.direction.name for cut in workspace.image.cuts] == [direction, "scan"]


def test_directions_follow_from_names_and_the_command_names_what_was_chosen() -> None:
    workspace = chosen("scan", "100", "110")
    assert [cut.direction.name for cut in workspace.image.cuts] == ["scan", "100", "110"]
    change_cut(workspace, 1, direction=Direction((1.0, 0.0, 0.0), fibre=True), resolution=0.01)
    words = shlex.split(command_of(workspace, given_options({"share": ["d"], "budget": 20.0}, 3, True)))
    assert words[:5] == [
        "slxrd", "directions", "cumulative-scan.csv", "cumulative-100.csv:fibre-100", "cumulative-110.csv:110"
    ]  # fmt: skip
    assert words[5:7] == ["--share", "d"]
    assert [words[i + 1] for i, word in enumerate(words) if word == "--free"] == [
        "q_zero", "q_zero_2", "q_zero_3"
    ]  # fmt: skip
    assert [words[i + 1] for i, word in enumerate(words) if word == "--further-resolutions"] == [
        "0.01",
        "0.007",
    ]
    assert "--budget" not in words
    remove_cut(workspace, 0)
    assert [cut.name for cut in workspace.image.cuts] == ["cumulative-100.csv", "cumulative-110.csv"]
    add_file(workspace, FILES["100"].name, FILES["100"].read_bytes())
    assert workspace.image.cuts[-1].name == "cumulative-100-2.csv"
    with pytest.raises(slxrd.SlxrdError, match=r"^bad\.csv"):
        add_file(workspace, "bad.csv", b"nothing")


def test_the_open_scan_is_added_once_with_how_it_is_read() -> None:
    workspace = Workspace()
    with pytest.raises(slxrd.SlxrdError, match="no scan is open"):
        add_scan(workspace)
    workspace.open_file("example:cumnsb-film")
    workspace.do("no correction", preparation={"no_lp": True})
    add_scan(workspace)
    with pytest.raises(slxrd.SlxrdError, match="already"):
        add_scan(workspace)
    assert shlex.split(command_of(workspace, {}))[2:] == ["example:cumnsb-film", "--no-lp"]
    add_file(workspace, FILES["100"].name, FILES["100"].read_bytes())
    assert command_of(workspace, {}).startswith("# example:cumnsb-film is read on this page with --no-lp\n")
    cut = workspace.image.cuts[0]
    workspace.image.cuts = tuple(
        dataclasses.replace(cut, name=f"{i}.xy", options=("--scan", str(i % 5))) for i in range(25)
    )
    *notes, last = command_of(workspace, {}).splitlines()
    assert notes == [
        *(
            f"# {i}.xy, {i + 5}.xy, {i + 10}.xy and 2 more are read on this page with --scan {i}"
            for i in range(3)
        ),
        "# and 10 more with other options",
    ]
    assert last.startswith("slxrd directions 0.xy")


@pytest.mark.slow
def test_the_fit_is_that_of_the_function_and_is_kept_with_the_session(
    fitted: Workspace, tmp_path: Path
) -> None:
    (kept,) = fitted.session.sample
    cuts = [slxrd.read(FILES["scan"]), (slxrd.read(FILES["100"]), "100")]
    options = {**QUICK, "bounds": {name: tuple(pair) for name, pair in QUICK["bounds"].items()}}
    expected = slxrd.fit_directions(cuts, **options)
    assert kept.document["chi2"] == pytest.approx(expected.chi2, rel=1e-9)
    assert kept.command.split()[:2] == ["slxrd", "directions"]
    assert fitted.unsaved

    path = tmp_path / "session.json"
    fitted.session.save(path)
    again = Workspace(Session.open(path))
    (read,) = again.session.sample
    assert json.loads(json.dumps(read.document)) == json.loads(json.dumps(kept.document))
    assert (read.command, read.printed, read.curves, read.picture) == (
        kept.command, kept.printed, kept.curves, kept.picture
    )  # fmt: skip
    table = table_of(again)
    assert table is not None
    assert {row.quantity for row in table.rows} >= {"L in plane", "L out of plane", "σ_L in plane"}
    assert report_section(again) is None  # the table belongs to no fit of this page


@pytest.mark.slow
def test_what_is_not_determined_or_rejected_is_not_shown_as_a_value(fitted: Workspace) -> None:
    document = json.loads(json.dumps(fitted.session.sample[0].document))
    L = document["parameters"]["L_xy"]
    assert f"{L['value']:.2f}"[:4] in directions_html(document)
    unknown = {**L, "value": None, "error": None, "status": "undetermined", "why": "χ² hardly depends on it"}
    document["parameters"]["L_xy"] = {**unknown, "interval_68": [], "interval_95": []}
    shown = directions_html(document)
    assert "not determined" in shown
    assert "χ² hardly depends on it" in shown
    assert f"{L['value']:.4g}" not in shown
    document["assessment"]["grade"] = "rejected"
    for group in ("parameters", "derived"):
        for item in document[group].values():
            item |= {"value": None, "error": None, "status": "rejected", "interval_68": [], "interval_95": []}
    shown = directions_html(document)
    assert "no result" in shown
    assert " ± 0" not in shown


@pytest.mark.slow
def test_a_damaged_result_in_a_session_is_an_error(fitted: Workspace, tmp_path: Path) -> None:
    (kept,) = fitted.session.sample
    for change, message in (
        ({"document": {**kept.document, "assessment": None}}, "is damaged"),
        ({"document": {"orientations": []}}, "is damaged"),
        ({"document": {"a": 1}}, "is no result of slxrd fit"),
        ({"picture": b"GIF89a"}, "no PNG file"),
    ):
        session = Session()
        session._sample = (dataclasses.replace(kept, **change),)
        path = tmp_path / "session.json"
        session.save(path, force=True)
        with pytest.raises(slxrd.FileError, match=message):
            Session.open(path)
    with pytest.raises(slxrd.SlxrdError, match="no result of slxrd fit"):
        Session().keep_sample(SampleResult("x.json", {"a": 1}))


def test_without_cuts_or_with_a_wrong_option_nothing_is_fitted() -> None:
    workspace = Workspace()
    fit_chosen(workspace, {})
    assert "Add the scan or a cut" in workspace.message
    workspace = chosen("scan")
    fit_chosen(workspace, {"share": ["A_L"]})
    finish(workspace)
    assert "with cumulative disorder, an axis has" in workspace.message
    assert not workspace.session.sample


def test_the_fit_is_cancelled_and_nothing_changes() -> None:
    workspace = chosen("scan", "100", "110")
    fit_chosen(workspace, {"coherent": 20})
    workspace.cancel()
    finish(workspace)
    assert "was cancelled" in workspace.message
    assert not workspace.session.sample


def test_the_fields_give_the_options_of_the_request() -> None:
    workspace = chosen("scan", "100")
    view = DirectionsView(workspace)
    assert view.given() == {}
    view.fields["share"].value = ["d", "N"]
    view.fields["coherent"].value = 6
    view.fields["bounds"].value = {"L_z": [30.0, 40.0]}
    view._add_range("regions")
    assert view.given() == {
        "share": ["d", "N"], "coherent": 6, "bounds": {"L_z": [30.0, 40.0]}, "regions": [[0.86, 1.3]]
    }  # fmt: skip
    assert "L(xy)" in view.fields["bounds"].names
    view.fields["disorder"].value = "sinusoidal"
    assert "A_T" in view.fields["share"].boxes.options.values()
    assert "sigma_T" not in view.fields["share"].boxes.options.values()
    assert "--disorder sinusoidal" in view._command.value
    view._list.view.objects[1][1][1].value = "integrated across"
    assert workspace.image.cuts[1].direction.name == "100-wide"
