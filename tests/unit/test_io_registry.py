from pathlib import Path

import pytest

from slxrd.errors import FileError, SlxrdError
from slxrd.io import read

GOOD = "".join(f"0.{i} 5\n" for i in range(1, 7))


def test_options_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.dat"
    path.write_text(GOOD)
    assert len(read(str(path))) == 6
    with pytest.raises(SlxrdError, match="axis 'd'"):
        read(path, axis="d")  # type: ignore[arg-type]
    with pytest.raises(SlxrdError, match="wavelength 'CuKz'"):
        read(path, wavelength="CuKz")
    with pytest.raises(FileError, match="scan 2 does not exist"):
        read(path, scan=2)


def test_paths_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileError, match="does not exist"):
        read(tmp_path / "none.xy")
    with pytest.raises(FileError, match="is a directory"):
        read(tmp_path)
    with pytest.raises(FileError, match="not a valid path"):
        read("a\0b")
    (tmp_path / "big.xy").write_text(GOOD)
    monkeypatch.setattr("slxrd.io.registry.SIZE_LIMIT", 20)
    with pytest.raises(FileError, match="is larger than"):
        read(tmp_path / "big.xy")
