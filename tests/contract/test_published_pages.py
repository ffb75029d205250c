"""What belongs to the published documents: the badges of the README and the list of versions."""

import runpy
import tomllib
from pathlib import Path

from contract_helpers import ROOT


def test_badges_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    drawn = runpy.run_path(str(ROOT / "docs" / "badges.py"))["badges"](project)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, svg in drawn.items():
        file = ROOT / "docs" / "images" / name
        assert file.read_text(encoding="utf-8") == svg, "python docs/badges.py draws them again"
        assert f"(docs/images/{name})" in readme
    assert f"version {project['version']}" in readme


def test_versions_are_listed_from_the_newest(tmp_path: Path) -> None:
    for name in ("0.9.0", "0.10.0", "1.0.0rc1", "draft"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "objects.inv").touch()
    (tmp_path / "2.0.0").mkdir()
    found = runpy.run_path(str(ROOT / "docs" / "versions.py"))["versions_in"](tmp_path)
    assert found == ["1.0.0rc1", "0.10.0", "0.9.0"]
