"""The published JSON schemas: made from the types of the writers, and true of what is written."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from cli_shell import CUBES, FEW, call
from contract_helpers import ROOT, loads_strictly
from example_fits import example_fit
from json_schemas import DRAFT, FOLDER, as_text, schemas
from simulated_raster import Q, raster

import slxrd
from slxrd.fitting.record.write import CURVES, result_json, to_json
from slxrd.studies.series.output import series_json
from slxrd.studies.series.run import fit_series

FILES = ROOT / "tests" / "files"


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schemas()[name])


def wrong(name: str, document: Any) -> list[str]:
    """What in a document disagrees with a schema."""
    return [
        f"{list(error.absolute_path)}: {error.message}" for error in validator(name).iter_errors(document)
    ]


def kind_of(document: dict[str, Any]) -> str:
    if "log" in document:
        return "session"
    return "series" if "patterns" in document else "result"


def old_documents() -> Iterator[Path]:
    """Every result, session and series of an earlier version that is kept."""
    for path in sorted([*(FILES / "results").rglob("*.json"), *(FILES / "v0.1").rglob("*.json")]):
        document = json.loads(path.read_text(encoding="utf-8"))
        known = isinstance(document, dict) and {"slxrd", "schema"} <= set(document)
        if known and {"log", "parameters", "variable"} & set(document):
            yield path


OLD = list(old_documents())


def test_the_committed_schemas_are_those_of_the_types() -> None:
    """After a change of a layout: ``python tests/helpers/json_schemas.py``."""
    committed = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert committed == {name: as_text(schema) for name, schema in schemas().items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", schemas())
def test_schemas_are_valid_and_listed(name: str) -> None:
    schema = schemas()[name]
    assert schema["$schema"] == DRAFT
    jsonschema.Draft202012Validator.check_schema(schema)
    assert f"(schemas/{name}.json)" in (ROOT / "docs" / "schemas.md").read_text(encoding="utf-8")


def test_documents_of_every_layout_are_kept() -> None:
    found = {f"{kind_of(d)}-{d['schema']}" for d in (json.loads(p.read_text(encoding="utf-8")) for p in OLD)}
    assert found == {name for name in schemas() if name.startswith(("result", "session", "series"))}


@pytest.mark.parametrize("path", OLD, ids=lambda path: str(path.relative_to(FILES)))
def test_old_documents_agree_with_the_schema_of_their_layout(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert wrong(f"{kind_of(document)}-{document['schema']}", document) == []


@pytest.mark.parametrize("layout", [3, 4])
def test_results_and_sessions_of_later_layouts_open(layout: int) -> None:
    folder = FILES / "results" / f"schema-{layout}"
    saved = slxrd.load(folder)
    assert saved.parameters["d"].value == pytest.approx(5.84, abs=0.03)
    assert (saved.budget is None) == (layout == 3)
    assert slxrd.Session.open(folder / "fitted.json").state.result is not None
    assert slxrd.Session.open(folder / "chosen.json").state.result is None


def test_a_schema_refuses_what_is_not_written() -> None:
    document = json.loads((FILES / "results" / "schema-4" / "result.json").read_text(encoding="utf-8"))
    assert wrong("result-4", document) == []
    changes: list[tuple[str, Any]] = [
        ("chi2", None), ("schema", 3), ("n_points", 1.5), ("regions", {}), ("budget", []), ("unknown", 1),
        ("asked", {"choices": {"coherent": -1}}), ("asked", {"choices": {"unknown": 1}}),
    ]  # fmt: skip
    for name, value in changes:
        assert wrong("result-4", {**document, name: value}), name
    for name in ("chi2", "asked", "printed", "regions"):
        assert wrong("result-4", {key: value for key, value in document.items() if key != name}), name
    status = copy.deepcopy(document)
    status["parameters"]["L"]["status"] = "certain"
    assert wrong("result-4", status)
    misfit = copy.deepcopy(document)
    misfit["assessment"]["grade"] = "good"
    assert wrong("result-4", misfit)


def quick(**options: Any) -> slxrd.Fit:
    start = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
    pattern = slxrd.example("cspbbr3-cubes").pattern()
    return slxrd.fit(pattern, **{"regions": [(0.9, 1.25)], "start": start, **options})


FITS: dict[str, Any] = {
    "quick": quick,
    "film": lambda: example_fit("cumnsb-film"),
    "crystal": lambda: quick(crystal="CsPbBr3"),
    "rejected": lambda: quick(bounds={"sigma_L": (0.0, 1.0), "L": (30.0, 43.0)}, start={"L": 36.9}),
    "two regions": lambda: quick(regions=[(0.9, 1.25), (1.98, 2.33, 0.1)], background="linear"),
    "all fixed": lambda: quick(start=None, fix={"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0,
                                                "sigma_N": 1.5, "q_zero": 0.0}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_results_agree_with_their_schema(name: str) -> None:
    assert wrong("result-4", loads_strictly(result_json(FITS[name]()))) == []


@pytest.mark.slow
def test_a_fit_of_several_scans_agrees_with_its_schema() -> None:
    pattern = slxrd.example("cspbbr3-cubes").pattern()
    fit = quick(further_scans=[pattern])
    assert wrong("result-4", loads_strictly(result_json(fit))) == []


@pytest.mark.slow
def test_sessions_agree_with_their_schema(tmp_path: Path) -> None:
    session = slxrd.Session()
    path = tmp_path / "session.json"
    session.save(path)
    assert wrong("session-4", loads_strictly(path.read_text(encoding="utf-8"))) == []
    session.open_file(CUBES)
    session.do("region", choices={"regions": [(0.9, 1.25)], "mask": [(1.0, 1.01)], "crystal": "CsPbBr3"})
    session.fit()
    session.save(path, force=True)
    assert wrong("session-4", loads_strictly(path.read_text(encoding="utf-8"))) == []
    uploaded = slxrd.Session()
    uploaded.open_file(CUBES.read_bytes(), name="film.csv")
    uploaded.save(path, force=True)
    document = loads_strictly(path.read_text(encoding="utf-8"))
    assert "content" in document
    assert wrong("session-4", document) == []


@pytest.mark.slow
def test_series_agree_with_their_schema() -> None:
    truth = {"d": 5.84, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.55}
    patterns = [
        slxrd.simulate(np.arange(0.1, 1.25, 0.005), {**truth, "L": L}, peak=3000.0, noise="counting", seed=i)
        for i, L in enumerate((36.9, 36.4, 36.0))
    ]
    options: dict[str, Any] = {
        "regions": [(0.9, 1.25)], "bounds": {"L": (34.0, 39.0)}, "fix": {"q_zero": 0.0}, "processes": 1,
    }  # fmt: skip
    found = fit_series(
        patterns, (1.0, 2.0, 3.0), shared=["N"], smooth=["L"],
        low_angles=slxrd.LowAngleOptions(slxrd.Region(0.12, 0.45), critical=0.0), **options,
    )  # fmt: skip
    document = loads_strictly(series_json(found))
    assert wrong("series-2", document) == []
    assert document["joint"] is not None
    for pattern in document["patterns"]:
        whole = {**pattern["result"], "versions": {}, "asked": None, "printed": None}
        curves: dict[str, list[float]] = {name: [] for name in CURVES}
        whole["regions"] = [{**region, "curves": curves} for region in whole["regions"]]
        assert wrong("result-4", whole) == []


@pytest.mark.slow
def test_maps_and_galleries_agree_with_their_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("h5py")
    monkeypatch.chdir(tmp_path)
    np.savez("stack.npz", q=Q, intensity=raster().intensity[:3, :3])
    done = call("map", "stack.npz", "--region", "0.9:1.25", "--check", "2", "--json", "map.json")
    assert done.code == 0, done.err
    assert wrong("map-1", loads_strictly(Path("map.json").read_text(encoding="utf-8"))) == []
    done = call("gallery", "--out", "g", "--only", "S4")
    assert done.code == 0, done.err
    assert wrong("gallery", loads_strictly(Path("g/gallery.json").read_text(encoding="utf-8"))) == []


@pytest.mark.slow
def test_the_command_writes_what_the_schema_describes(tmp_path: Path) -> None:
    done = call("fit", CUBES, *FEW, "--json", tmp_path / "fit.json")
    assert done.code == 0, done.err
    document = loads_strictly((tmp_path / "fit.json").read_text(encoding="utf-8"))
    assert wrong("result-4", document) == []
    assert to_json(document)
