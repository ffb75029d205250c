import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import CUBES, FILM
from empty_pictures import empty_pictures


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder to stand in, with the cubes (``cubes.csv``) and the film (``film.xrdml``)."""
    shutil.copy(CUBES, tmp_path / "cubes.csv")
    shutil.copy(FILM, tmp_path / "film.xrdml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def without_pictures() -> Iterator[None]:
    """Pictures are written with nothing in them."""
    with empty_pictures():
        yield
