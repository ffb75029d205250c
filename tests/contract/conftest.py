import pytest


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder of one's own: nothing may be written into the project."""
    monkeypatch.chdir(tmp_path)
