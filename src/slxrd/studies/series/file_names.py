"""Names of the files that belong to each pattern of a series: different for all, and never too long."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

#: Longest name, in bytes, to which the ending of a file is added.
LONGEST = 180
#: Endings of names that would be those of a file of another pattern.
_RESERVED = re.compile(r"\.(neighbours|lowangle)$", re.IGNORECASE)


def file_names(labels: Sequence[str]) -> dict[str, str]:
    """Return the name of the files of each pattern, without folder and ending.

    Characters that are not letters, digits or ``.+°-`` become underscores. Where this gives the same name for
    two labels, also on file systems that do not distinguish capitals, or too long a name, a digest of the
    label is added.

    Parameters
    ----------
    labels : sequence of str
        Labels of the patterns, all different.
    """
    plain = {label: re.sub(r"[^\w.+°-]", "_", label) for label in labels}
    groups: dict[str, list[str]] = {}
    for label, name in plain.items():
        groups.setdefault(unicodedata.normalize("NFC", name).casefold(), []).append(label)
    names: dict[str, str] = {}
    for group in groups.values():
        unchanged = [label for label in group if plain[label] == label]
        for label in group:
            alone = len(group) == 1 or unchanged == [label]
            name = plain[label]
            if not alone or len(name.encode()) > LONGEST or _RESERVED.search(name):
                digest = hashlib.sha256(label.encode(errors="surrogatepass")).hexdigest()[:12]
                name = f"{name.encode()[:LONGEST].decode(errors='ignore')}-{digest}"
            names[label] = name
    return names


def pattern_file(folder: Path, name: str, ending: str) -> Path:
    """Return the path of a file that belongs to one pattern of a series.

    Parameters
    ----------
    folder : Path
        Folder of the series.
    name : str
        Name from :func:`file_names`.
    ending : str
        Ending of the file.
    """
    return folder / "patterns" / (name + ending)
