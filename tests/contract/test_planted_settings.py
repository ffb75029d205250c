"""A hostile text in every text and name of the files of settings: crystals and resolutions (TOML)."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_shell import CUBES, FEW, REGION, call
from planted_texts import (
    HOSTILE,
    accepted,
    check_page,
    check_sentence,
    check_svg,
    check_table,
    check_terminal,
    places_of_texts,
    planted,
)  # fmt: skip

from slxrd.errors import SlxrdError
from slxrd.instrument.calibration.file import read_resolution
from slxrd.sample.library.crystals import crystal

FITS = Path(__file__).parents[1] / "files" / "v0.1" / "fits"
READERS: dict[str, Callable[[Path], object]] = {"own.toml": crystal, "resolution.toml": read_resolution}


def toml(value: Any) -> str:
    """A value in TOML; texts and names as JSON writes them, which TOML reads."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def write(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(
        "".join(f"{json.dumps(name)} = {toml(value)}\n" for name, value in document.items()), encoding="utf-8"
    )
    assert tomllib.loads(path.read_text(encoding="utf-8")) == document
    return path


def renamed(value: Any, old: str) -> Any:
    """A document with a name replaced by the hostile text wherever it occurs."""
    if isinstance(value, dict):
        return {HOSTILE if name == old else name: renamed(item, old) for name, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, old) for item in value]
    return HOSTILE if value == old else value


def names(value: Any) -> set[str]:
    """All names in a document."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = set(value) if isinstance(value, dict) else set()
    return own.union(*map(names, inside))


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_every_text_and_name_is_read_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    document = tomllib.loads((FITS / name).read_text(encoding="utf-8"))

    def read(changed: dict[str, Any]) -> object:
        return READERS[name](write(tmp_path / name, changed))

    assert len(accepted(document, read, SlxrdError)) >= 3
    for each in sorted(names(document)):
        try:
            read(renamed(document, each))
        except SlxrdError as error:
            check_sentence(str(error))
            check_terminal(call("fit", CUBES, "--crystal", str(tmp_path / name)).err)


def hostile_settings(folder: Path) -> list[str]:
    """Files with the hostile text in all places where it is read, as options of a fit."""
    words = []
    for name, read in READERS.items():
        document = tomllib.loads((FITS / name).read_text(encoding="utf-8"))
        path = folder / name
        together: list[tuple[Any, ...]] = []
        for place in places_of_texts(document):
            try:
                read(write(path, planted(document, [*together, place])))
            except SlxrdError:
                continue
            together.append(place)
        final = planted(document, together)
        for each in sorted(names(document)):
            try:
                read(write(path, renamed(final, each)))
            except SlxrdError:
                continue
            final = renamed(final, each)
        read(write(path, final))
        assert HOSTILE in str(final) or json.dumps(HOSTILE)[1:-1] in path.read_text(encoding="utf-8")
        words += [{"own.toml": "--crystal", "resolution.toml": "--resolution"}[name], str(path)]
    return words


@pytest.mark.slow
def test_texts_of_settings_are_texts_in_every_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = hostile_settings(tmp_path)
    few = [*REGION, *FEW[len(REGION) + 2 :]]  # without its resolution
    outputs = ["--out", "out", "--report", "page.html", "--plot", "fit.svg", "--json", "fit.json"]
    fitted = call("fit", CUBES, *few, *words, *outputs)
    assert fitted.code == 0, fitted.err
    check_terminal(fitted.out + fitted.err)
    page = Path("page.html").read_text(encoding="utf-8")
    assert "&lt;img src=x" in page
    check_page(page)
    check_svg(Path("fit.svg").read_bytes())
    check_table(Path("out/fit.csv").read_text(encoding="utf-8"))
    for command in (
        ["show", "out/result.json"],
        ["show", "--script", "out/result.json"],
        ["crystal", words[1]],
        ["budget", str(CUBES), *few, *words],
    ):
        shown = call(*command)
        assert shown.code in (0, 2), (command, shown.err)
        check_terminal(shown.out + shown.err)
