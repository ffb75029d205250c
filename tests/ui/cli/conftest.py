import shutil
from pathlib import Path

import pytest
from cli_shell import CUBES, FILM


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder to stand in, with the cubes (``cubes.csv``) and the film (``film.xrdml``)."""
    shutil.copy(CUBES, tmp_path / "cubes.csv")
    shutil.copy(FILM, tmp_path / "film.xrdml")
    monkeypatch.chdir(tmp_path)
    return tmp_path
