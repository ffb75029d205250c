"""Licences of what slxrd needs, with all extras: ``python tests/helpers/licences.py > docs/licences.md``."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# Licences of dependencies

slxrd itself is under BSD-3-Clause; its tables and packaged data state theirs in `NOTICE.md` beside them. It
contains none of these packages: pip installs them. The list is made by `tests/helpers/licences.py` from what
the packages state, and a test compares it with `pyproject.toml`. What each of them needs in turn is in the
software bill of materials of a [release](releases.md).

| package | needed for | licence |
| --- | --- | --- |
"""


def needed() -> dict[str, str]:
    """Packages by name, and what they are needed for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"slxrd": project["dependencies"], **project["optional-dependencies"]}
    found: dict[str, list[str]] = {}
    for group, packages in groups.items():
        for package in packages:
            name = re.split(r"[<>=!\[ ]", package)[0]
            if name != "slxrd":
                found.setdefault(name, []).append(group if group == "slxrd" else f"slxrd[{group}]")
    return {name: ", ".join(groups) for name, groups in found.items()}


def licence(name: str) -> str | None:
    """Licence that an installed package states; None where it is not installed."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    # A missing entry is None in the standard library, and an error where importlib_metadata is in its place.
    expressions = about.get_all("License-Expression") or []
    if expressions:
        return str(expressions[0])
    listed = [
        text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or () if "License ::" in text
    ]
    if listed and listed != ["OSI Approved"]:
        return ", ".join(listed)
    text = next(iter(about.get_all("License") or ()), "") or _of_its_file(name) or "not stated"
    return str(text).strip().splitlines()[0][:60]


def _of_its_file(name: str) -> str | None:
    """Licence that the licence file of an installed package names."""
    for path in metadata.files(name) or ():
        if path.name in ("LICENSE", "LICENSE.txt", "LICENSE.md") and "dist-info" in str(path):
            found = re.search(
                r"\b(?:MIT|BSD|Apache)\b[\w .-]*?\b[Ll]icen[sc]e\b", path.read_text(encoding="utf-8")
            )
            if found:
                return found[0]
    return None


def page() -> str:
    """The page; packages that are not installed are an error."""
    rows = []
    for name, group in sorted(needed().items(), key=lambda item: ("slxrd," not in f"{item[1]},", item[0])):
        text = licence(name)
        if text is None:
            raise SystemExit(f"{name} is not installed; install all extras")
        rows.append(f"| {name} | {group} | {text} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
