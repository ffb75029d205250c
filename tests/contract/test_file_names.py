"""Files with unusual names: every command reads them, and no output takes the place of another."""

import os
from itertools import permutations
from pathlib import Path

import pytest
from cli_shell import CUBES, FEW, REGION, call

import slxrd
from slxrd._files import short_name, write
from slxrd.studies.series.file_names import LONGEST, file_names

NAMES: dict[str, str] = {
    "not UTF-8": os.fsdecode(b"film\xe9 30C.csv"),
    "long": "f" * 251 + ".csv",
    "long, two bytes each": "µ" * 125 + ".csv",
    "leading dash": "-film 30C.csv",
    "newline": "film\n30C.csv",
    "formula": "a$\\frac{$ 30C.csv",
    "markup": "<b>'\" 30C.csv",
    "escape sequence": "\x1b]0;x\x07 30C.csv",
    "spreadsheet": "=1+1 30C.csv",
    "shell": "$(touch x); `y` 30C.csv",
}
#: All of these at once, for what takes longer.
WORST = {
    "all": os.fsdecode(b"-\xe9\n\x1b]0;x\x07 $\\frac{$ <b>'\" $(touch x) 30C") + "µ" * 50 + ".csv",
    "long": NAMES["long"],
}


def _make(name: str, folder: Path) -> None:
    try:
        (folder / name).write_bytes(CUBES.read_bytes())
    except OSError:
        pytest.skip("this file system does not take the name")


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_file_of_any_name_is_described_and_converted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(name, tmp_path)
    monkeypatch.chdir(tmp_path)
    file = ["--", name] if name.startswith("-") else [name]
    assert call("convert", *file, "converted.csv").code == 0
    assert call("convert", *file, name).code == 2
    assert (tmp_path / name).read_bytes() == CUBES.read_bytes()
    assert len(slxrd.read("converted.csv", axis="q")) == len(slxrd.read(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", WORST.values(), ids=list(WORST))
def test_every_command_takes_a_file_of_any_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(name, tmp_path)
    monkeypatch.chdir(tmp_path)
    file = ["--", name] if name.startswith("-") else [name]
    outputs = ["--out", "out", "--report", "page.html", "--json", "fit.json", "--plot", "fit.svg"]
    for words in (
        ["info", *file],
        ["plot", *file],
        ["fit", *FEW, *outputs, *file],
        ["show", "out"],
        ["show", "--script", "out"],
        ["report", "out", "--out", "again.html"],
        ["merit", *REGION, "--out", "merit", *file],
    ):
        done = call(*words)
        assert done.code == 0, (words, done.err)
        assert not {"\x1b", "\x07"} & set(done.out)
    saved = slxrd.load("out")
    assert saved.request is not None
    assert saved.request.file is not None
    assert Path(saved.request.file).name == name
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<b>'" not in page
    assert not (tmp_path / "x").exists()


def test_different_labels_have_different_files() -> None:
    labels = [
        "film 30C",
        "film_30C",
        "FILM_30C",
        "film/30C",
        "µ",
        "film",
        "film.neighbours",
        "x" * 250,
        "x" * 251,
    ]
    for given in (labels, labels[::-1], *permutations(labels[:4])):
        names = file_names(list(given))
        assert len({name.casefold() for name in names.values()}) == len(given)
        assert all(len(name.encode()) <= LONGEST + 13 for name in names.values())
        files = {name + ending for name in names.values() for ending in (".json", ".neighbours.json")}
        assert len(files) == 2 * len(given)
    assert file_names(["film_025C", "film 30°C"]) == {"film_025C": "film_025C", "film 30°C": "film_30°C"}
    assert file_names(["film 30C", "film_30C"])["film_30C"] == "film_30C"
    assert file_names(["b", "a"]) == {"b": "b", "a": "a"}


def test_names_are_cut_between_characters(tmp_path: Path) -> None:
    assert short_name("film.csv", ".png") == "film.csv.png"
    for name in ("x" * 255, "µ" * 127, os.fsdecode(b"\xe9" * 200), os.fsdecode(b"\xe9" * 250)):
        path = tmp_path / short_name(name, ".png")
        assert path.name.endswith(".png")
        write(path, b"")
        assert path.exists()
    write(tmp_path / ("y" * 255), "text")
    assert (tmp_path / ("y" * 255)).read_text() == "text"


@pytest.mark.slow
def test_a_series_keeps_patterns_whose_names_differ_in_a_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = CUBES.read_text(encoding="utf-8").splitlines()
    monkeypatch.chdir(tmp_path)
    for i, name in enumerate(("film 30C.csv", "film_30C.csv")):
        changed = [row if row.startswith("#") or k % 50 != i else f"{row}1" for k, row in enumerate(rows)]
        (tmp_path / name).write_text("\n".join(changed) + "\n", encoding="utf-8")
    (tmp_path / "table.csv").write_text(
        "file,temperature (°C)\nfilm 30C.csv,30\nfilm_30C.csv,31\n", encoding="utf-8"
    )
    done = call("series", "--table", "table.csv", *FEW, "--out", "out", "--processes", "1")
    assert done.code == 0, done.err
    stored = sorted(path.name for path in (tmp_path / "out" / "patterns").iterdir())
    assert len([name for name in stored if name.endswith(".csv")]) == 2
    assert len([name for name in stored if name.endswith(".json") and "neighbours" not in name]) == 2
