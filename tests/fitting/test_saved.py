"""Results that are read back: those of today, those of earlier versions, and damaged ones."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from example_fits import example_fit

import slxrd
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record.command_line import from_command
from slxrd.fitting.record.document import read_document
from slxrd.fitting.record.migrations import SCHEMA, STEPS, with_defaults_0_1
from slxrd.fitting.record.request_of_fit import request_of
from slxrd.fitting.record.saved_fit import SavedFit, load
from slxrd.fitting.record.write import result_dictionary, result_json, to_json
from slxrd.parameters.definitions import TABLE
from slxrd.ui.report.page import report_html
from slxrd.ui.session.controller import Session

OLD = Path(__file__).parents[1] / "files" / "results"
START = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}


@cache
def cubes() -> slxrd.Fit:
    pattern = slxrd.example("cspbbr3-cubes").pattern()
    return slxrd.fit(pattern, regions=[(0.9, 1.25)], start=START, background="constant")


def film() -> slxrd.Fit:
    return example_fit("cumnsb-film")


FITS = {"cubes": cubes, "film": film}


@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_what_was_saved_is_read_back(name: str, tmp_path: Path) -> None:
    fit = FITS[name]()
    slxrd.save(fit, tmp_path)
    saved = load(tmp_path)
    assert saved.document == load(tmp_path / "result.json").document
    assert str(saved) == str(fit)
    assert dict(saved.parameters) == dict(fit.parameters)
    assert dict(saved.derived) == dict(fit.derived)
    assert saved.solutions == fit.solutions
    for key in ("names", "chi2", "reduced_chi2", "n_points", "unique", "converged", "why_stopped", "notes"):
        assert getattr(saved, key) == getattr(fit, key), key
    for key in ("noise", "settings", "instrument"):
        assert getattr(saved, key) == getattr(fit, key), key
    np.testing.assert_array_equal(saved.covariance, fit.covariance)
    np.testing.assert_array_equal(saved.correlation, fit.correlation)
    assert len(saved.regions) == len(fit.regions)
    for one, other in zip(saved.regions, fit.regions, strict=True):
        assert (one.region, one.scale, one.background) == (other.region, other.scale, other.background)
        for column in ("q", "measured", "sigma", "calculated", "residual"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))
            assert not getattr(one, column).flags.writeable


@pytest.mark.slow
def test_json_for_people_is_json() -> None:
    result = result_dictionary(film())
    assert json.loads(to_json(result)) == json.loads(json.dumps(result))
    empty: dict[str, Any] = {"a": [], "b": {}, "c": [[]], "d": [{}], "é\n": None, "e": [1, [2.5, "x"]]}
    assert json.loads(to_json(empty)) == empty


@pytest.mark.slow
def test_the_picture_of_a_saved_fit_is_the_same() -> None:
    from slxrd.ui.plotting import fit as plotting

    saved = SavedFit.from_dictionary(result_dictionary(cubes()))
    pictures = [plotting.figure_bytes(plotting.figure(fit)) for fit in (cubes(), saved)]
    assert pictures[0] == pictures[1]


@pytest.mark.slow
def test_a_fit_made_in_python_is_made_again() -> None:
    example = slxrd.example("cumnsb-film")
    alone = slxrd.fit(example.pattern(), **example.options, substrate="none")
    for name, fit in (("cubes", cubes()), ("film", alone)):
        request = request_of(fit)
        assert request is not None, name
        assert request.file is not None
        assert request.file.startswith("example:")
        again = Session(request).fit()
        for key, estimate in fit.parameters.items():
            other = again.parameters[key]
            assert other.status == estimate.status
            if estimate.error:
                assert abs(other.value - estimate.value) < 1e-3 * estimate.error


@pytest.mark.slow
def test_what_no_file_holds_is_not_said_to_be_made_again() -> None:
    pattern = slxrd.example("cspbbr3-cubes").pattern()
    doubled = slxrd.Pattern(
        pattern.q, 2.0 * pattern.intensity, source=pattern.source, metadata=pattern.metadata
    )
    fit = slxrd.fit(doubled, regions=[(0.9, 1.25)], start=START, fix={"q_zero": 0.0})
    assert request_of(fit) is None
    saved = SavedFit.from_dictionary(result_dictionary(fit))
    assert saved.request is None
    assert "no command reproduces it" in " ".join(report_html(saved).split())


@pytest.mark.slow
def test_old_results_open() -> None:
    saved = load(OLD / "schema-1")
    document = json.loads((OLD / "schema-1" / "result.json").read_text("utf-8"))
    assert document["schema"] == 1
    assert saved.parameters["L"].value == document["parameters"]["L"]["value"] == 36.8644938629766
    assert saved.parameters["q_zero"].status == "fixed"
    assert saved.chi2 == document["chi2"]
    request = from_command(document["input"]["command"])
    assert request is not None
    assert saved.request == request.changed(
        sha256=document["input"]["metadata"]["sha256"], choices=with_defaults_0_1(request.choices)
    )
    assert saved.request.choices["prior"] == {"N": (13, 2)}
    # The curves come from the CSV beside it, and agree with χ², but for the prior's share.
    (fitted,) = saved.regions
    assert fitted.q.size == 201
    N = saved.solutions[0].values["N"]
    assert fitted.residual @ fitted.residual == pytest.approx(saved.chi2 - ((N - 13.0) / 2.0) ** 2, rel=1e-6)
    assert "36.864 ± 0.016 Å" in str(saved)
    assert "data:image/png" in report_html(saved)


def test_old_results_open_without_their_curves() -> None:
    saved = load(OLD / "schema-1-film")
    assert saved.regions == ()
    assert saved.request is not None
    assert saved.request.choices["objective"] == "log"
    page = report_html(saved)
    assert "contains no curves" in page
    assert "data:image" not in page


@pytest.mark.slow
def test_an_old_result_is_a_session_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slxrd.fitting.record.command_line import path_of

    (tmp_path / "cubes.csv").write_bytes(path_of("example:cspbbr3-cubes").read_bytes())
    (tmp_path / "result.json").write_bytes((OLD / "schema-1" / "result.json").read_bytes())
    session = Session.open(tmp_path / "result.json")
    assert session.state.file == str(tmp_path / "cubes.csv")
    before = session.saved_result
    assert before is not None
    again = session.fit()
    for name, estimate in before.parameters.items():
        if estimate.error:
            assert abs(again.parameters[name].value - estimate.value) < 0.01 * estimate.error


def test_every_version_has_its_step() -> None:
    assert set(STEPS) == set(range(1, SCHEMA))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no result of slxrd"),
        (b"\xff\xfe\x00", "is no result of slxrd"),
        (b"[1, 2]", "is no result of slxrd"),
        (b'{"a": 1}', "is no result of slxrd"),
        (b"[" * 100_000, "is no result of slxrd"),
        (b'{"slxrd": "9.0", "schema": 99}', "slxrd 9.0 in layout 99, of which this version knows 4; install"),
        (b'{"slxrd": "0.1", "schema": true}', "is no version of a layout"),
        (b'{"slxrd": "0.1", "schema": 0}', "is no version of a layout"),
        (b'{"slxrd": "0.1", "schema": 1}', "is damaged"),
        (b'{"slxrd": "0.1", "schema": 2}', "holds a session without a fit"),
        (b'{"slxrd": "0.1", "schema": 2, "parameters": {}}', "is damaged"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(FileError) as refusal:
        load(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    with pytest.raises(FileError):
        Session.open(path) and load(path)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Everywhere in a document; of long lists the first item, of quantities d, L and the period."""
    yield path
    if path and path[-1] in {*TABLE, *cubes().derived} - {"d", "L", "period"}:
        return  # read as the others are
    items = (
        value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    )
    for key, item in items:
        yield from places(item, (*path, key))


@contextmanager
def said_only(said: list[str]) -> Iterator[None]:
    """Collect refusals; anything else goes through."""
    try:
        yield
    except SlxrdError as error:
        said.append(str(error))


@pytest.mark.slow
@pytest.mark.parametrize("junk", [None, "x", -1, [], {"a": [1]}, "gone"], ids=repr)
def test_damage_is_said_in_a_sentence(tmp_path: Path, junk: Any) -> None:
    """Each item in turn is replaced or taken away; then it is refused, or read and printed all the same."""
    whole = json.loads(result_json(cubes()))
    for region in whole["regions"]:
        region["curves"] = None
    path, text, refused = tmp_path / "result.json", json.dumps(whole), 0
    for place in list(places(whole))[1:]:
        document = json.loads(text)
        inside = document
        for key in place[:-1]:
            inside = inside[key]
        if junk == "gone":
            del inside[place[-1]]
        else:
            inside[place[-1]] = junk
        path.write_text(json.dumps(document), encoding="utf-8")
        said: list[str] = []
        with said_only(said):
            Session.open(path)
        with said_only(said):
            saved = load(path)
            assert str(saved)
            assert report_html(saved).startswith("<!DOCTYPE html>")
        assert not any("\n" in sentence for sentence in said)
        refused += len(said)
    assert refused > 50


def test_a_document_keeps_its_place_in_time() -> None:
    document = read_document(OLD / "schema-1" / "result.json")
    assert document["schema"] == SCHEMA
    assert document["slxrd"] == "0.1.0"
