"""A series that was saved, printed again."""

from __future__ import annotations

import json
from pathlib import Path

from slxrd.errors import FileError
from slxrd.studies.series.table import SCHEMA


def printed_series(path: Path) -> str | None:
    """Return what ``slxrd series`` printed and the command that did, from its ``series.json``.

    Parameters
    ----------
    path : Path
        The file, or the folder that holds one.

    Returns
    -------
    str or None
        None if this is something else than a series.

    Raises
    ------
    FileError
        If a later version wrote it, or it does not hold what was printed.
    """
    if path.is_dir():
        path = path / "series.json"
        if not path.is_file() or (path.parent / "result.json").is_file():
            return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or not {"slxrd", "schema", "patterns", "variable"} <= set(document):
        return None
    schema, version = document["schema"], document["slxrd"]
    if not isinstance(schema, int) or schema > SCHEMA:
        raise FileError(
            path,
            f"was written by slxrd {version} in layout {schema}, of which this version knows {SCHEMA}; "
            "install a newer slxrd",
        )
    printed, command = document.get("printed"), document.get("command", "")
    if not isinstance(printed, str):
        raise FileError(
            path,
            f"was written by slxrd {version} in layout {schema}, which does not hold what was printed; the "
            "same command with --force writes it anew from what is kept beside it",
        )
    return f"{printed}\n\nmade by slxrd {version}" + (f": {command}" if command else " in Python")
