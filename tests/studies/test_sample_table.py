"""Results of one sample by several methods: values, agreement, and files that are no results."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import slxrd
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.sample_table.table import agreement

FIT = Path(__file__).resolve().parents[1] / "files" / "results" / "schema-1"


def number(value: float | None, error: float | None, unit: str = "Å", **fields: Any) -> dict[str, Any]:
    return asdict(Estimate(value, error, unit, **fields))


def periods(out_of_plane: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": "gisaxs.edf",
        "simulated": True,
        "lattice": "square layers",
        "ranked": [],
        "estimates": {"in_plane": number(104.0, 0.2), "out_of_plane": out_of_plane},
    }


ORIENTATION = {
    "file": "giwaxs.edf",
    "simulated": True,
    "conclusion": "{100} parallel to the substrate",
    "rings": [],
    "random": number(0.2, 0.01, ""),
    "orientations": [
        {
            "planes": "{100}",
            "fraction": number(0.8, 0.01, ""),
            "tilt": number(2.0, 0.03, "°"),
            "rivals": ["{120}"],
        }
    ],
}
SAED = {
    "file": "saed.tif",
    "simulated": True,
    "conclusion": "arcs on 1 of 2 rings",
    "camera_constant": number(720.0, 7.0, "Å·pixel", status="fixed"),
    "rings": [
        {
            "planes": "{100}",
            "d": number(5.84, None),
            "arcs": {"azimuths": [number(73.0, 0.1, "°")], "spread": number(4.0, 0.02, "°")},
        },
        {"planes": "", "d": number(3.1, None), "arcs": {"azimuths": [], "spread": number(None, None, "°")}},
    ],
    "spots": {"d": [number(5.85, 0.06), number(4.13, 0.04)]},
    "lattice_constant": number(5.84, 0.06),
    "zone_axis": "<100>",
}
DIRECTIONS = {
    "cuts": [
        {"file": "cubes.csv", "metadata": {"header": "simulated"}},
        {"file": "cut.csv", "metadata": {}},
    ],
    "parameters": {
        "L_z": number(36.9, 0.05),
        "L_x": number(39.5, 0.1),
        "L_y": number(39.6, 0.1),
        "sigma_T": number(1.0, None, status="upper bound"),
        "d": number(5.84, 0.001),
    },
    "derived": {"period_x": number(None, None, status="undetermined", why="no fringes")},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, document in (
        ("periods", periods(number(106.2, 0.4))),
        ("orientation", ORIENTATION),
        ("saed", SAED),
        ("directions", DIRECTIONS),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return tmp_path


def test_values_of_all_methods_stand_beside_each_other(folder: Path) -> None:
    table = slxrd.sample_table([FIT, folder])
    rows = {(row.quantity, row.method, row.remark): row for row in table.rows}
    period = rows["Λ out of plane", "GISAXS", ""]
    assert period.against == "θ:2θ fit"
    assert period.agreement is not None
    assert period.agreement.agree
    fit = slxrd.load(FIT).derived["period"]
    assert fit.value is not None
    assert fit.error is not None
    expected = (106.2 - fit.value) / (0.4**2 + fit.error**2) ** 0.5
    assert period.agreement.deviation == pytest.approx(expected)
    assert rows["L in plane", "cuts", "along y"].agreement is not None
    # The fit of cuts contains the same scan.
    same = rows["L out of plane", "cuts", ""].agreement
    assert same is not None
    assert same.agree is None
    assert any("not independent" in note for note in table.notes)
    assert rows["tilt {100}", "GIWAXS", "or {120}, not excluded"].estimate.value == 2.0
    diffraction = {row.quantity: row.estimate.value for row in table.rows if row.method == "SAED"}
    assert diffraction == {
        "d {100}": 5.84,
        "turn {100}": 4.0,
        "d of vector 1": 5.85,
        "d of vector 2": 4.13,
        "lattice constant": 5.84,
    }
    assert rows["d out of plane", "θ:2θ fit", ""].estimate == slxrd.load(FIT).parameters["d"]
    assert {row.quantity for row in table.rows if row.estimate.status == "upper bound"} == {
        "σ_T out of plane",
        "σ_T in plane",
    }
    text = str(table)
    assert max(map(len, text.replace(str(FIT), "").replace(str(folder), "").splitlines())) <= 80
    for words in (
        "GISAXS: gisaxs.edf  [simulated]",
        "they agree",
        "not determined",
        "{100} parallel",
        "axis <100>",
    ):
        assert words in text
    assert len(table.csv().splitlines()) == 1 + len(table.rows)
    json.dumps(table.as_dictionary(), allow_nan=False)


def test_methods_that_do_not_agree_are_named(folder: Path) -> None:
    (folder / "periods.json").write_text(json.dumps(periods(number(110.0, 0.4))), encoding="utf-8")
    table = slxrd.sample_table([slxrd.load(FIT), folder / "periods.json"])
    assert "errors apart: they do not agree" in " ".join(str(table).split())
    assert any(note.startswith("Λ out of plane: the methods do not agree") for note in table.notes)


@pytest.mark.parametrize(
    ("other", "agree", "words"),
    [
        (Estimate(102.0, 1.0, "Å"), True, "1.4 errors apart: they agree"),
        (Estimate(103.5, 1.0, "Å"), None, "not clear"),
        (Estimate(106.0, 1.0, "Å"), False, "they do not agree"),
        (Estimate(None, None, "Å", "undetermined"), None, "cannot be compared"),
        (Estimate(100.0, None, "Å", "rejected"), None, "cannot be compared"),
        (Estimate(100.0, None, "Å", "fixed"), None, "not refined"),
        (Estimate(105.0, None, "Å", "upper bound"), None, "within the limits"),
        (Estimate(95.0, None, "Å", "upper bound"), False, "do not meet"),
        (Estimate(105.0, None, "Å", "lower bound"), False, "do not meet"),
        (
            Estimate(50.0, 1.0, "Å", "ambiguous", interval_95=((48.0, 52.0), (97.0, 101.0))),
            None,
            "one of the possible values agrees",
        ),
        (
            Estimate(50.0, 1.0, "Å", "ambiguous", interval_95=((48.0, 52.0), (60.0, 61.0))),
            False,
            "do not meet",
        ),
    ],
)
def test_agreement(other: Estimate, agree: bool | None, words: str) -> None:
    for pair in ((Estimate(100.0, 1.0, "Å"), other), (other, Estimate(100.0, 1.0, "Å"))):
        found = agreement(*pair)
        assert found.agree is agree
        assert words in found.text


def damaged(**fields: Any) -> str:
    return json.dumps({**periods(number(106.2, 0.4)), **fields})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "is no result of slxrd fit, periods, orientation, saed or directions"),
        ("[1]", "is no result of slxrd fit"),
        ("{", "is no result of slxrd fit"),
        (damaged(estimates={}), "is damaged"),
        (damaged(estimates={"in_plane": 1, "out_of_plane": 2}), "is damaged"),
        (damaged(simulated="no"), "is damaged: simulated: must be true or false"),
        (damaged(file=3), "is damaged: 3: must be a text"),
        (damaged(estimates={"in_plane": number(1.0, -1.0), "out_of_plane": number(1.0, 1.0)}), "is damaged"),
    ],
)
def test_files_that_are_no_results(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(slxrd.SlxrdError, match=message):
        slxrd.sample_table([file])


def test_mistakes(folder: Path) -> None:
    with pytest.raises(slxrd.SlxrdError, match="no results"):
        slxrd.sample_table([])
    with pytest.raises(slxrd.SlxrdError, match="occurs twice"):
        slxrd.sample_table([folder, folder / "periods.json"])
    (folder / "empty").mkdir()
    with pytest.raises(slxrd.SlxrdError, match="contains none of"):
        slxrd.sample_table([folder / "empty"])
    with pytest.raises(slxrd.SlxrdError, match="results: expected"):
        slxrd.sample_table([3])  # type: ignore[list-item]


def test_one_method_alone_compares_nothing(folder: Path) -> None:
    table = slxrd.sample_table([folder / "orientation.json"])
    assert table.notes == ("no quantity was measured by two methods: nothing can be compared",)


def test_an_image_without_rings_has_its_conclusion_and_no_row(tmp_path: Path) -> None:
    nothing = {**SAED, "conclusion": "no rings", "rings": [], "spots": None, "lattice_constant": None}
    (tmp_path / "saed.json").write_text(json.dumps(nothing), encoding="utf-8")
    table = slxrd.sample_table([tmp_path / "saed.json"])
    assert not table.rows
    assert "no rings" in str(table)
