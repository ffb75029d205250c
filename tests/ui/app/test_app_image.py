"""The image step without a browser: compared with the functions and the command that it stands for."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_shell import call
from simulated_images import simulated_image, spots

import slxrd

pytest.importorskip("panel")
pytest.importorskip("pyFAI")

import panel as pn

from slxrd.ui.app.plots.theme import LIGHT
from slxrd.ui.app.state.image import ImageRequest
from slxrd.ui.app.state.image_job import ask, send_to_fit
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.image import ImageView
from slxrd.ui.app.views.image_text import facts_html, legend_html

fabio_edf = pytest.importorskip("fabio.edfimage")
pytestmark = pytest.mark.slow  # the import of pyFAI takes seconds
GEOMETRY = slxrd.Geometry(1000.0, 80.0, 40.0, 200.0, 200.0, 1.0, incidence=0.3)
TYPED = {
    "distance": "1000", "centre": "80,40", "pixel": "200", "wavelength": "1.0", "incidence": "0.3",
}  # fmt: skip
PONI = (
    "poni_version: 2.1\nDetector: Detector\n"
    'Detector_config: {"pixel1": 2e-4, "pixel2": 2e-4, "max_shape": [90, 80], "orientation": 3}\n'
    "Distance: 1.0\nPoni1: 0.016\nPoni2: 0.008\nRot1: 0.0\nRot2: 0.0\nRot3: 0.0\nWavelength: 1e-10\n"
)
COUNTS = simulated_image(GEOMETRY, (90, 80), spots([(0.03, 0.05), (0.03, 0.08)], 0.004, 200.0, 5.0)).counts


def edf(folder: Path, counts: np.ndarray, **header: str) -> bytes:
    path = folder / "written.edf"
    fabio_edf.EdfImage(data=counts.astype(np.int32), header={"simulated": "yes", **header}).write(str(path))
    return path.read_bytes()


def finish(workspace: Workspace) -> None:
    """Wait for the job, and for one that follows it."""
    while (job := workspace.job) is not None:
        assert job.thread is not None
        job.thread.join(timeout=300)


def asked(workspace: Workspace, **changes: Any) -> str:
    """Ask, wait, and return the message."""
    ask(workspace, **changes)
    finish(workspace)
    return workspace.message


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace()
    made.image.files.add("film.edf", edf(tmp_path, COUNTS))
    return made


def test_the_cut_is_that_of_the_command(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = asked(workspace, file="film.edf", typed=TYPED, ranges={"in-plane": "0.045:0.055"})
    assert workspace.level == "success", message
    assert "points over |q_xy|" in message
    name, content = workspace.image.cut_csv()
    monkeypatch.chdir(tmp_path)
    Path("film.edf").write_bytes(edf(tmp_path, COUNTS))
    words = shlex.split(workspace.image.request.command())
    assert words[:3] == ["slxrd", "image", "film.edf"]
    done = call(*words[1:])
    assert done.code == 0, done.err
    assert (Path("cuts") / name).read_text(encoding="utf-8") == content


def test_the_cut_becomes_the_pattern_of_the_fit(workspace: Workspace) -> None:
    asked(workspace, file="film.edf", typed=TYPED, ranges={"in-plane": "0.045:0.055"})
    assert send_to_fit(workspace)
    shown, pattern = workspace.image.shown, workspace.session.pattern()
    assert shown is not None
    assert shown.pattern is not None
    assert pattern.source == "film-in-plane.csv"
    np.testing.assert_allclose(pattern.q, shown.pattern.x, rtol=1e-9)
    np.testing.assert_allclose(pattern.sigma, shown.pattern.sigma, rtol=1e-9)
    assert "cut in-plane:0.045:0.055" in str(pattern.metadata["header"])
    assert workspace.can_undo


def test_every_kind_begins_with_a_cut_inside_the_image(workspace: Workspace) -> None:
    asked(workspace, file="film.edf", typed=TYPED)
    for kind in ("out-of-plane", "in-plane", "yoneda", "radial", "sector", "box"):
        message = asked(workspace, kind=kind)
        assert workspace.level == "success", message
        assert workspace.image.request.cut_text.startswith(kind)
    transmission = {name: text for name, text in TYPED.items() if name != "incidence"}
    asked(workspace, typed=transmission)
    for kind in ("out-of-plane", "in-plane", "sector", "box"):
        message = asked(workspace, kind=kind, ranges={})
        assert workspace.level == "success", message


def test_a_range_that_was_chosen_follows_the_geometry_and_one_that_was_given_stays(
    workspace: Workspace,
) -> None:
    transmission = {name: text for name, text in TYPED.items() if name != "incidence"}
    asked(workspace, file="film.edf", typed=transmission)
    before = workspace.image.request.ranges["in-plane"]
    asked(workspace, typed=TYPED)
    after = workspace.image.request.ranges["in-plane"]
    assert after != before
    asked(workspace, typed=transmission)
    assert workspace.image.request.ranges["in-plane"] == before
    asked(workspace, ranges={"in-plane": "0.045:0.055"})
    asked(workspace, typed=TYPED)
    assert workspace.image.request.ranges["in-plane"] == "0.045:0.055"


def test_geometry_from_a_poni_file_and_from_the_header(workspace: Workspace, tmp_path: Path) -> None:
    workspace.image.files.add("a.poni", PONI.encode())
    asked(workspace, file="film.edf", typed={"poni": "a.poni", "incidence": "0.3"})
    shown = workspace.image.shown
    assert shown is not None
    assert shown.geometry is not None
    assert shown.geometry.centre_row == pytest.approx(80.0)
    assert "--poni a.poni" in workspace.image.request.command()
    header = {"SampleDistance": "1.0", "PSize_1": "2e-4", "PSize_2": "2e-4", "Center_1": "40",
              "Center_2": "80", "WaveLength": "1e-10"}  # fmt: skip
    workspace.image.files.add("film.edf", edf(tmp_path, COUNTS, **header))  # replaces the former file
    message = asked(workspace, typed={"incidence": "0.3"})
    assert workspace.level == "success", message


MISUSE = {
    "no geometry": ({}, {}, ("the geometry is not known without distance (mm)", "give a .poni file")),
    "not a number": ({"distance": "far"}, {}, ("“distance” far: 'far' is not a number",)),
    "unit": ({**TYPED, "distance": "1e7"}, {}, ("check its unit",)),
    "outside": (TYPED, {"in-plane": "5:6"}, ("is outside", "choose another range", "no pixel")),
    "range": (TYPED, {"in-plane": "0.05:0.04"}, ("the lower end must come first",)),
    "letters": (TYPED, {"in-plane": "a:b"}, ("write numbers after the kind",)),
    "two geometries": ({**TYPED, "poni": "a.poni"}, {}, ("“poni” and “distance” both give the geometry",)),
    "other detector": ({"poni": "b.poni"}, {}, ("b.poni is for a detector of 91 × 80",)),
    "no poni": ({"poni": "small.edf"}, {}, ("is not a .poni file",)),
    "mask": ({**TYPED, "mask_file": "small.edf"}, {}, ("give the mask of this detector",)),
    "no mask": ({**TYPED, "mask_file": "a.poni"}, {}, ("a.poni: cannot be read as a detector image",)),
    "beam stop": ({**TYPED, "beam_stop": "500,500,3"}, {}, ("is outside the image",)),
}  # fmt: skip


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_one_sentence_that_says_what_to_do(
    workspace: Workspace, tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = workspace.image.files
    files.add("a.poni", PONI.encode())
    files.add("b.poni", PONI.replace("[90, 80]", "[91, 80]").encode())
    files.add("small.edf", edf(tmp_path, COUNTS[:50]))
    typed, ranges, parts = MISUSE[case]
    message = asked(workspace, file="film.edf", typed=typed, ranges=ranges)
    assert workspace.level == "error"
    assert any(part in message for part in parts), message
    assert str(files.path("film.edf")).removesuffix("film.edf") not in message
    assert "\n" not in message
    shown = workspace.image.shown
    assert shown is not None
    assert shown.pixels is not None  # the pixels are shown without a map
    assert shown.pattern is None
    assert not send_to_fit(workspace)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("counts", "typed", "part"),
    [
        (np.zeros((90, 80)), TYPED, "all pixels are zero; choose another image or frame"),
        (np.full((90, 80), 65535), TYPED, "all pixels are left out"),
        (COUNTS, {**TYPED, "frame": "first"}, "write a number from 1, or sum"),
    ],
)
def test_images_without_counts(tmp_path: Path, counts: np.ndarray, typed: dict[str, str], part: str) -> None:
    workspace = Workspace()
    workspace.image.files.add("bad.edf", edf(tmp_path, counts))
    assert part in asked(workspace, file="bad.edf", typed=typed)
    assert workspace.level == "error"


def test_a_file_that_is_no_image_removes_the_former_one(workspace: Workspace) -> None:
    asked(workspace, file="film.edf", typed=TYPED)
    workspace.image.files.add("notes.tif", b"no image")
    message = asked(workspace, file="notes.tif")
    assert message.startswith("notes.tif: cannot be read as a detector image")
    assert workspace.image.shown is None
    assert workspace.image.request.file == "notes.tif"


def test_changes_while_an_image_is_processed_are_kept(workspace: Workspace) -> None:
    asked(workspace, file="film.edf", typed=TYPED)
    for ends in ("0.04:0.05", "0.05:0.06", "0.06:0.07"):
        ask(workspace, ranges={"in-plane": ends})
    finish(workspace)
    shown = workspace.image.shown
    assert shown is not None
    assert str(shown.cut) == "in-plane:0.06:0.07"
    assert shown.pattern is not None


def test_a_cancelled_image_changes_nothing(workspace: Workspace) -> None:
    asked(workspace, file="film.edf", typed=TYPED)
    before = workspace.image.request, workspace.image.shown

    def cancel(topic: str) -> None:
        if workspace.job is not None and not workspace.job.cancelled:
            workspace.cancel()

    stop = workspace.subscribe(cancel)
    message = asked(workspace, typed={**TYPED, "distance": "900"})
    stop()
    assert "cancelled" in message
    assert (workspace.image.request, workspace.image.shown) == before


def test_while_something_else_runs_the_image_is_not_changed(workspace: Workspace) -> None:
    asked(workspace, file="film.edf", typed=TYPED)
    before = workspace.image.request
    refused: list[str] = []

    def try_to_change(report: Any) -> None:
        ask(workspace, kind="radial")
        refused.append(workspace.message)

    workspace.start_job("the fit", try_to_change, lambda found: None)
    finish(workspace)
    assert "The fit is running" in refused[0]
    assert workspace.image.request is before


def test_dropped_files_are_distinguished_by_their_names(workspace: Workspace, tmp_path: Path) -> None:
    view = ImageView(workspace, LIGHT, lambda: None)
    for name, content in (
        ("unmasked.edf", edf(tmp_path, COUNTS)),
        ("a.poni", PONI.encode()),
        ("my_mask.edf", edf(tmp_path, COUNTS > 100.0)),
    ):
        view.take(name, content)
        finish(workspace)
    request = workspace.image.request
    assert request.file == "unmasked.edf"
    assert (request.typed["poni"], request.typed["mask_file"]) == ("a.poni", "my_mask.edf")
    shown = workspace.image.shown
    assert shown is not None
    assert shown.image.mask.sum() == (COUNTS > 100.0).sum()
    assert "simulated" in legend_html(shown.pixels, shown)
    assert "left out: mask my_mask.edf" in facts_html(shown)
    view.take("empty.edf", b"")
    assert workspace.message == "empty.edf is empty: choose another file."


def test_without_the_libraries_the_step_says_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slxrd.ui.app.views.image._MISSING", ["pyFAI"])
    view = ImageView(Workspace(), LIGHT, lambda: None)
    texts = " ".join(pane.object for pane in view.left.select(pn.pane.HTML))
    assert '"slxrd[images]"' in texts
    assert not list(view.left.select(pn.widgets.Widget))
    view.refresh("job")


def test_commands_quote_names_of_files() -> None:
    request = ImageRequest(
        "my film.edf", {"beam_stop": "1:2,3:4; 5,6,7", "keep_hot": True, "polarisation": "0"}, "radial"
    )
    assert request.command() == (
        "slxrd image 'my film.edf' --beam-stop 1:2,3:4 --beam-stop 5,6,7 --keep-hot --cut radial --out cuts"
    )
