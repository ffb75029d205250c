"""Files with unusual names: every command reads them, and no output takes the place of another."""

import json
import os
import xml.etree.ElementTree as ElementTree
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from cli_shell import CUBES, FEW, REGION, call, write_columns
from simulated_raster import Q, raster

import slxrd
from slxrd._files import caption_path, short_name, write
from slxrd.detector.cuts import Cut
from slxrd.studies.series.file_names import LONGEST, file_names
from slxrd.ui.cli.commands.image import _names, _stem

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


#: Parameters for `compare` and `plan` with which they are quick.
FIXED = ["--fix", "d=5.84", "--fix", "q_zero=0", "--bounds", "L=34:40", "--bounds", "N=10:16"]
PLANNED = [
    word
    for value in ("d=5.84", "L=36.9", "sigma_L=1.43", "N=13", "sigma_N=1.55")
    for word in ("--set", value)
]
PLANNED += [
    "--range",
    "0.9:1.3",
    "--step",
    "0.0025",
    "--region",
    "0.9:1.3",
    "--counts",
    "1500",
    "--number",
    "2",
]


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
    commands = [["info", *file], ["plot", *file], ["fit", *FEW, *outputs, *file]]
    if name == WORST["all"]:
        commands += [
            ["show", "out"],
            ["show", "--script", "out"],
            ["report", "out", "--out", "again.html"],
            ["merit", *REGION, "--out", "merit", *file],
        ]
    for words in commands:
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


@pytest.mark.parametrize("name", [NAMES["long"], NAMES["long, two bytes each"], NAMES["not UTF-8"]])
def test_outputs_of_an_image_of_any_name_can_be_written(name: str, tmp_path: Path) -> None:
    cuts = [Cut.parse(f"out-of-plane:{low}:0.2") for low in (0.0, 0.1)]
    for cut in _names(cuts):
        write(tmp_path / f"{_stem(Path(name))}-{cut}.csv", "")
    assert len(list(tmp_path.iterdir())) == 2


def test_names_are_cut_between_characters(tmp_path: Path) -> None:
    assert short_name("film.csv", ".png") == "film.csv.png"
    for name in ("x" * 255, "µ" * 127, os.fsdecode(b"\xe9" * 200), os.fsdecode(b"\xe9" * 250)):
        path = tmp_path / short_name(name, ".png")
        assert path.name.endswith(".png")
        write(path, b"")
        assert path.exists()
        assert len(os.fsencode(caption_path(Path(name)).name)) <= 255
    assert caption_path(Path("film.30C.png")) == Path("film.30C.caption.txt")
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


#: Names of outputs: all of the above, and the longest that a file system takes.
OUTPUTS = {**WORST, "long": "o" * 251 + ".csv"}


def _outputs(command: str, name: str) -> list[str]:
    """Options that name each output of a command so; the ending is that of the output."""
    stem = name[:-4]
    endings = {"--json": "json", "--plot": "svg", "--out": ""}
    if command == "map":
        endings["--out"] = "h5"
    if command == "plan":
        del endings["--out"]
    if command == "gallery":
        return [f"--out={name}"]
    return [f"{option}={stem}{'.' if ending else ''}{ending}" for option, ending in endings.items()]


def _same_text(name: str, output: str) -> None:
    """The output is valid, and has no control characters and no markup of the name."""
    assert not {"\x1b", "\x07"} & set(output)


@pytest.mark.slow
@pytest.mark.parametrize("name", OUTPUTS.values(), ids=list(OUTPUTS))
@pytest.mark.parametrize("command", ["compare", "map", "lowangle", "plan", "gallery"])
def test_studies_read_and_write_files_of_any_name(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = name.removesuffix(".csv") + ".npz" if command == "map" else name
    _make(name, tmp_path)
    monkeypatch.chdir(tmp_path)
    words: dict[str, list[str]] = {
        "compare": ["--models", "planes,planes+fix=sigma_L:1.8", *REGION, "--systematics", "none", *FIXED],
        "map": ["--region", "0.9:1.25", "--check", "2"],
        "lowangle": ["--d", "5.84", "--critical", "0"],
        "plan": PLANNED,
        "gallery": ["--only", "S4"],
    }
    file = [] if command in ("plan", "gallery") else ["--", f"./{name}" if command == "map" else name]
    if command == "map":
        pytest.importorskip("h5py")
        with open(name, "wb") as written:
            np.savez(written, q=Q, intensity=raster().intensity[:3, :3])
    if command == "lowangle":
        q = np.arange(0.1, 0.6, 0.004)
        dips = (1.0 - 0.95 * np.exp(-0.5 * (1.4 * q) ** 2) * np.cos(31.06 * q)) / np.sin(q * 2.92) ** 2
        expected = 300.0 * dips + 20.0
        write_columns(Path(name), (q, np.random.default_rng(3).poisson(expected), np.sqrt(expected)))
    if not file:
        Path(name).unlink()
    before = set(os.listdir())
    done = call(command, *words[command], *_outputs(command, name), *file)
    if done.code == 2:
        # A name without room for the ending of an output is refused before anything is calculated.
        assert name[:-4] == OUTPUTS["long"][:-4], done.err
        assert "Traceback" not in done.err
        assert set(os.listdir()) == before
        return
    assert done.code == 0, done.err
    _same_text(name, done.out + done.err)
    for path in tmp_path.rglob("*"):
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".svg":
            ElementTree.parse(path)
        elif path.suffix == ".html":
            assert "<b>'" not in path.read_text(encoding="utf-8")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "options", [["--json", "a", "--plot", "./a"], ["--json", "a.svg", "--plot", "a.svg"]]
)
@pytest.mark.parametrize("command", ["compare", "map", "lowangle", "fit", "merit"])
def test_two_outputs_of_one_name_are_refused(
    command: str, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.csv").write_bytes(CUBES.read_bytes())
    models = ["--models", "planes,planes+mixed"] if command == "compare" else []
    call(command, *models, *options, "film.csv").refused()
    assert os.listdir() == ["film.csv"]
