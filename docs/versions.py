"""List the versions of the documents in a folder: ``python docs/versions.py SITE`` writes SITE/versions.json.

Each version is a folder of its own in SITE, as Sphinx makes it. The list of the pages' version switch is read
from this file, newest first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from packaging.version import InvalidVersion, Version


def versions_in(site: Path) -> list[str]:
    """Return the names of the folders that Sphinx made and that are versions, newest first."""
    found = []
    for inventory in site.glob("*/objects.inv"):
        name = inventory.parent.name
        try:
            found.append((Version(name), name))
        except InvalidVersion:
            continue
    return [name for _, name in sorted(found, reverse=True)]


def main() -> None:
    """Write the list beside the folders."""
    site = Path(sys.argv[1])
    names = versions_in(site)
    if not names:
        raise SystemExit(f"{site}: no folder of a version, such as {site / '1.0.0'}, made by Sphinx")
    (site / "versions.json").write_text(json.dumps(names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
