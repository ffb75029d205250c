"""Series: order, labels, values, and patterns that are left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import slxrd
from slxrd.data.regions import Region
from slxrd.errors import FileError, SlxrdError
from slxrd.studies.series.files import Naming, find_series
from slxrd.studies.series.lowangle import LowAngleOptions
from slxrd.studies.series.patterns import LeftOut, make_series
from slxrd.studies.series.result import SeriesGap, SeriesMember, average_difference, gap_of
from slxrd.studies.series.text import gaps_text

Q = np.linspace(0.9, 1.2, 40)


def pattern(name: str, height: float = 100.0, **changes: object) -> slxrd.Pattern:
    """A pattern with a peak, different for each name."""
    shift = sum(map(ord, name)) % 97 / 1000.0
    intensity = height * np.exp(-(((Q - 1.05 - shift) / 0.02) ** 2)) + 1.0
    return slxrd.Pattern(Q, intensity, source=name, **changes)  # type: ignore[arg-type]


def find(names: list[str], naming: Naming | None = None, **metadata: str) -> list[tuple[str, float]]:
    """Values of files with these names."""
    made = find_series(
        [Path(name) for name in names], lambda path: pattern(path.name, metadata=metadata), naming
    )
    return list(zip(made.labels, made.values, strict=True))


def test_order_of_files_does_not_matter() -> None:
    given = [pattern("c"), pattern("a"), pattern("b"), pattern("d")]
    values = [75.0, 25.0, 50.0, 50.0]
    one = make_series(given, values, variable="temperature", unit="°C")
    other = make_series(given[::-1], values[::-1], variable="temperature", unit="°C")
    assert one.labels == other.labels == ("a", "b", "d", "c")
    assert one.values == (25.0, 50.0, 50.0, 75.0)
    assert one.notes == other.notes
    assert "2 patterns at 50 °C: b, d" in one.notes[0]


def test_a_copy_is_left_out() -> None:
    copy = replace(pattern("a"), source="copy")
    made = make_series([pattern("b"), copy, pattern("a")], [50.0, 60.0, 25.0])
    assert made.labels == ("a", "b")
    assert made.left_out == (LeftOut("copy", "contains the same data as a; one of them is a copy"),)


def test_another_scale_is_reported_and_not_compared() -> None:
    made = make_series([pattern("a"), pattern("b", 1e5), pattern("c"), pattern("d", 20.0)], [1, 2, 3, 4])
    assert made.rescaled == {"b"}
    assert len(made.notes) == 1
    assert made.notes[0].startswith("b: its intensity is 992 times")


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        ({"wavelength": 0.7107}, "odd.xy: was measured at 0.7107 Å, the others at 1.5406 Å"),
        ({"wavelength": 1.5406, "second_line": (1.5444, 0.5)}, "odd.xy: its radiation is a doublet"),
        ({"axis": "2theta", "wavelength": 1.5406}, "odd.xy: is over 2theta, the others over q"),
        ({"x": 10.0 * Q, "wavelength": 1.5406}, "odd.xy: covers 9 to 12, the others about 0.9 to 1.2"),
    ],
)
def test_patterns_that_are_not_comparable_are_refused(odd: dict[str, object], message: str) -> None:
    usual = [pattern(name, wavelength=1.5406) for name in "abc"]
    with pytest.raises(SlxrdError, match=message.replace(".", r"\.")):
        make_series([usual[0], replace(pattern("odd.xy"), **odd), *usual[1:]], range(4))


def test_values_must_match_the_patterns() -> None:
    with pytest.raises(SlxrdError, match="2 patterns but 1 values"):
        make_series([pattern("a"), pattern("b")], [1.0])
    with pytest.raises(SlxrdError, match="a: temperature = nan is not a finite number"):
        make_series([pattern("a")], [float("nan")], variable="temperature")
    with pytest.raises(SlxrdError, match="at least one"):
        make_series([], [])


def test_labels_differ() -> None:
    made = make_series(
        [pattern("x/a.xy"), pattern("x/a.csv", 90.0), pattern("y/a.xy", 80.0), pattern("b.xy")], range(4)
    )
    assert made.labels == ("a.xy", "a.csv", "a.xy-2", "b")


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (["film_125C.xy", "film_25C.xy"], [25.0, 125.0]),
        (["film-25C.xy", "film-125°C.xy"], [25.0, 125.0]),
        (["anneal_RT.csv", "anneal_50.csv", "anneal_125.csv"], [25.0, 50.0, 125.0]),
        (["CsPbBr3_C18_298.5K.ras", "CsPbBr3_C18_80K.ras"], [80.0, 298.5]),
        (["run3_30min.xy", "run3_5min.xy"], [5.0, 30.0]),
        (["pos_-5mm.xy", "pos_0mm.xy", "pos_2,5mm.xy"], [-5.0, 0.0, 2.5]),
        (["a_2_x7.xy", "a_2_x11.xy"], [7.0, 11.0]),
    ],
)
def test_values_from_names(names: list[str], values: list[float]) -> None:
    assert [value for _, value in find(names)] == values


def test_values_from_a_regular_expression() -> None:
    naming = Naming("humidity", r"rh(\d+)")
    assert find(["s1_rh40.xy", "s2_rh7.xy"], naming) == [("s2_rh7", 7.0), ("s1_rh40", 40.0)]
    with pytest.raises(SlxrdError, match="put the number into parentheses"):
        find(["s1_rh40.xy"], Naming(None, r"rh\d+"))
    with pytest.raises(SlxrdError, match="is not a regular expression"):
        find(["s1_rh40.xy"], Naming(None, "("))


def test_values_from_metadata() -> None:
    lines = {"one.xy": "temperature (K): 80", "two.xy": "temperature (K): 298"}
    made = find_series(
        [Path("two.xy"), Path("one.xy")],
        lambda path: pattern(path.name, metadata={"header": f"sample: x\n{lines[path.name]}"}),
    )
    assert (made.labels, made.values, made.unit) == (("one", "two"), (80.0, 298.0), "K")


def test_units_in_names_must_agree() -> None:
    with pytest.raises(SlxrdError, match=r"c_300K\.xy: its name is in K, those of the others in °C"):
        find(["a_25C.xy", "b_50C.xy", "c_300K.xy"])


def test_without_a_value() -> None:
    with pytest.raises(SlxrdError, match="--table with file and value"):
        find(["some.xy", "other.xy"])


def test_values_from_a_table(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("file; time (min)\nb.xy; 2,5\na.xy; 0\nmissing.xy; 9\n", encoding="utf-8")
    for name in ("a.xy", "b.xy", "c.xy"):
        (tmp_path / name).write_text(name)
    made = find_series([tmp_path], lambda path: pattern(path.name), Naming(table=table))
    assert (made.labels, made.values) == (("a", "b"), (0.0, 2.5))
    assert (made.variable, made.unit) == ("time", "min")
    assert {Path(out.source).name: out.why for out in made.left_out} == {
        "c.xy": f"is not in {table}",
        "missing.xy": f"is in {table} but was not given",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("file,value\n", "has a header and no rows"),
        ("a.xy,1\na.xy,2\n", "row 2: a.xy is listed twice"),
        ("a.xy,1\nb.xy,two\n", "row 2: 'two' is not a number"),
        ("a.xy\n", "row 1 has no value"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "t.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=message):
        find_series([], lambda path: pattern(path.name), Naming(table=table))


def test_unreadable_files_are_left_out() -> None:
    def load(path: Path) -> slxrd.Pattern:
        if "bad" in path.name:
            raise FileError(path, "is broken")
        return pattern(path.name)

    made = find_series([Path("a_25C.xy"), Path("bad_50C.xy")], load)
    assert made.left_out == (LeftOut("bad_50C.xy", "is broken"),)
    with pytest.raises(SlxrdError, match="none of 1 files could be read; the first: bad"):
        find_series([Path("bad_50C.xy")], load)


@pytest.mark.parametrize(
    ("ends", "critical", "message"),
    [
        ((0.0, 0.4), None, "must begin above 0"),
        ((0.1, 0.4), 0.2, "below 0.1"),
        ((0.1, 0.4), -0.1, "0 or more"),
    ],
)
def test_invalid_low_angles_are_refused(
    ends: tuple[float, float], critical: float | None, message: str
) -> None:
    with pytest.raises(SlxrdError, match=message):
        LowAngleOptions(Region(*ends), critical)


def test_difference_of_L_and_gap() -> None:
    """L − w has both errors, and no value if one of the two is not determined."""

    def gap(status: str, w: float | None, error: float | None) -> SeriesGap:
        row = {"value": w, "error": error, "unit": "Å", "status": status}
        rows = {
            "L": {"value": 36.9, "error": 0.03, "unit": "Å", "status": "determined"},
            "d": {"value": 5.84, "error": 0.001, "unit": "Å", "status": "determined"},
        }
        member = SeriesMember("a", "a.csv", 25.0, {"result": {"parameters": rows, "derived": {}}})
        return gap_of(member, {"estimates": {"gap": row}, "notes": []})

    known = gap("determined", 31.1, 0.04)
    assert known.difference.value == pytest.approx(5.8)
    assert known.difference.error == pytest.approx(0.05)
    unknown = gap("undetermined", None, None)
    assert unknown.difference.value is None
    # The error of the mean is not smaller, because the patterns have it in common.
    mean = average_difference([known, known, unknown])
    assert (mean.value, mean.error) == (pytest.approx(5.8), pytest.approx(0.05))
    assert average_difference([unknown]).status == "undetermined"
    (row,) = (
        line for line in gaps_text([unknown], average_difference([unknown]), "°C") if line.startswith("  a ")
    )
    assert row.split() == ["a", "25", "—", "—", "5.8400", "±", "0.0010"]
