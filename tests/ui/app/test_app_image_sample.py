"""Periods, orientation and the table of a sample on the page: the same as by functions and commands."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

import slxrd

pytest.importorskip("panel")
pytest.importorskip("pyFAI")

from slxrd.ui.app.state.image_job import ask
from slxrd.ui.app.state.sample import measure, table_of, take_document
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.image_sample import ImageSampleView, table_html

fabio_edf = pytest.importorskip("fabio.edfimage")
pytestmark = pytest.mark.slow  # the import of pyFAI takes seconds
GEOMETRY = slxrd.Geometry(1000.0, 80.0, 40.0, 200.0, 200.0, 1.0, incidence=0.3)
FITTED = Path(__file__).parents[2] / "files" / "results" / "schema-4" / "result.json"


def finish(workspace: Workspace) -> None:
    while (job := workspace.job) is not None:
        assert job.thread is not None
        job.thread.join(timeout=300)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """With an image of a ring at 0.05 Å⁻¹ that has no preferred direction."""
    q = np.hypot(*slxrd.scattering_vectors(GEOMETRY, (90, 80)))
    expected = 5.0 + 100.0 * np.exp(-0.5 * ((q - 0.05) / 0.003) ** 2)
    counts = np.random.default_rng(1).poisson(expected).astype(np.int32)
    path = tmp_path / "written.edf"
    header = {"simulated": "yes", **GEOMETRY.as_header()}
    fabio_edf.EdfImage(data=counts, header=header).write(str(path))
    made = Workspace()
    made.image.files.add("film.edf", path.read_bytes())
    ask(made, file="film.edf", typed={"incidence": "0.3"})
    finish(made)
    assert made.image.shown is not None
    return made


def test_without_an_image_nothing_is_measured() -> None:
    workspace = Workspace()
    measure(workspace, "periods", {})
    assert workspace.level == "error"
    assert "Open an image" in workspace.message
    assert table_of(workspace) is None


def test_what_cannot_be_measured_is_an_error_and_what_is_typed_wrongly_too(workspace: Workspace) -> None:
    measure(workspace, "periods", {"critical": "much"})
    finish(workspace)
    assert "critical q (Å⁻¹): 'much' is not a number" in workspace.message
    measure(workspace, "periods", {"centre-error": "1"})
    finish(workspace)
    assert workspace.level == "error"
    assert "spots" in workspace.message
    view = ImageSampleView(workspace)
    view._ends[0].value = 0.03
    view._buttons["orientation"].clicks += 1
    finish(workspace)
    assert workspace.level == "error"
    assert "range of the rings: '' is not a number" in workspace.message
    assert not workspace.session.sample


def test_an_orientation_is_measured_and_is_in_the_table(workspace: Workspace) -> None:
    view = ImageSampleView(workspace)
    assert not view.result.visible
    measure(workspace, "orientation", {"lattice": "125.66", "q": "0.03:0.07"})
    finish(workspace)
    assert workspace.level == "success", workspace.message
    (found,) = workspace.session.sample
    assert found.name == "orientation"
    words = shlex.split(found.command)
    assert words[:3] == ["slxrd", "orientation", "film.edf"]
    assert words[words.index("--q") + 1] == "0.03:0.07"
    image = slxrd.read_image(workspace.image.files.path("film.edf"))
    assert workspace.image.shown is not None
    assert workspace.image.shown.geometry is not None
    expected = slxrd.measure_orientation(image, workspace.image.shown.geometry, "125.66", q=(0.03, 0.07))
    assert found.printed.splitlines()[1:] == str(expected).splitlines()[1:]
    view.refresh("job")
    assert view.result.visible
    assert "GIWAXS" in view._table.object
    assert "no fit of the θ:2θ scan yet" in view._table.object


def test_dropped_results_are_in_the_table_and_other_files_refused() -> None:
    workspace = Workspace()
    workspace.image.files.add("scan.json", FITTED.read_bytes())
    take_document(workspace, "scan.json")
    table = table_of(workspace)
    assert table is not None
    assert {row.quantity for row in table.rows} >= {"Λ out of plane", "L out of plane", "σ_L out of plane"}
    assert "L out of plane" in table_html(table)
    workspace.image.files.add("other.json", json.dumps({"a": 1}).encode())
    with pytest.raises(slxrd.SlxrdError, match=r"^other\.json: is no result of slxrd fit, periods"):
        take_document(workspace, "other.json")
    workspace.clear_sample()
    assert table_of(workspace) is None
