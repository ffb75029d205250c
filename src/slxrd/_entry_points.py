"""Entry points of installed packages in the groups of slxrd.

What lists packages in the standard library takes some 0.05 s, its import included. It is used only where
a package has such a group, or may have one.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: Begin of the names of the groups.
PREFIX = "slxrd."


def entry_points_of(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, whose name begins with :data:`PREFIX`."""
    path = tuple(sys.path)
    return list(_entry_points(path).select(group=group)) if _may_exist(path) else []


@cache
def _entry_points(path: tuple[str, ...]) -> Any:  # SelectableGroups in Python 3.11, then EntryPoints
    from importlib.metadata import entry_points

    return entry_points()


@cache
def _may_exist(path: tuple[str, ...]) -> bool:
    """Whether a package has a group of slxrd, or packages are found in another way than in folders."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return True
    return any(_has_group(folder or os.curdir) for folder in dict.fromkeys(path))


def _has_group(folder: str) -> bool:
    """Whether the metadata of a package in a folder name a group of slxrd; True for an archive."""
    if not os.path.isdir(folder) or folder.lower().endswith(".egg"):
        return os.path.exists(folder)
    try:
        names = [name for name in os.listdir(folder) if name.lower().endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    return any(f"[{PREFIX}".encode() in _content(Path(folder, name, "entry_points.txt")) for name in names)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
