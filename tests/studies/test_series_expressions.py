"""A user's regular expression finds values in file names, and ends in time whatever it is."""

import os
import time
from pathlib import Path

import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.io import read
from slxrd.studies.series.expressions import search_names
from slxrd.studies.series.files import Naming, find_series

LONG = "a" * 200 + "!"


def test_values_and_units() -> None:
    names = ["film_25C.csv", "film_-3,5K.csv", "no", os.fsdecode(b"\xe9_7C.csv")]
    assert search_names(r"_(\d+)C", names) == [("25", ""), ("", ""), ("", ""), ("7", "")]
    expression = r"_(?P<value>[-\d,]+)(?P<unit>[CK])"
    assert search_names(expression, names) == [("25", "C"), ("-3,5", "K"), ("", ""), ("7", "C")]
    assert search_names("(x)?film", names)[0] == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("expression", ["(a+)+$", r"(\w*\w*\w*\w*\w*\w*)9"])
def test_an_expression_without_end_is_refused(expression: str) -> None:
    start = time.monotonic()
    with pytest.raises(SlxrdError, match="takes too long; leave out repetitions of repetitions"):
        search_names(expression, [LONG])
    assert time.monotonic() - start < 3.0  # 0.8 s, and more on a busy computer


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("(", "is not a regular expression"),
        ("(" * 50_000, "is not a regular expression"),
        ("(a){99999999999}", "is not a regular expression"),
        ("a+", "put the number into parentheses"),
    ],
)
def test_what_is_no_expression(expression: str, problem: str) -> None:
    with pytest.raises(SlxrdError, match=problem):
        search_names(expression, ["a"])


@pytest.mark.slow
def test_a_series_with_such_names(tmp_path: Path) -> None:
    paths = [tmp_path / f"{'a' * 200}{i}.csv" for i in (10, 20)]

    def load(path: Path) -> Pattern:
        return read(path)

    for i, path in enumerate(paths):
        path.write_text("q I\n" + "".join(f"0.{k} {k + i}\n" for k in range(100, 200)))
    series = find_series(paths, load, Naming("value", r"(\d+)\.csv"))
    assert list(series.values) == [10.0, 20.0]
    with pytest.raises(SlxrdError, match="takes too long"):
        find_series(paths, load, Naming("value", r"(a+)+$"))
    table = tmp_path / "table.csv"
    table.write_text(f"file,a{' ' * 100_000}b\n{paths[0].name},1\n")
    with pytest.raises(SlxrdError, match="heading of its values has more than 200"):
        find_series([], load, Naming(table=table))
