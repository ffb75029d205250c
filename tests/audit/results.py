"""Results on disk, to which every batch is added, so that an audit goes on; and the table of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.rows import COLUMNS, Row

ROOT = Path(__file__).resolve().parents[2]


def digest() -> str:
    """Name of the sources that are audited: another version is audited from the beginning."""
    whole = hashlib.sha256()
    for folder in ("src", "tests/audit", "tests/helpers"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".c", ".h", ".toml"):
                whole.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()[:12]


@dataclass
class Tally:
    """What is known of one row."""

    done: int = 0
    faults: Counter[str] = field(default_factory=Counter)


class Results:
    """A file of JSON lines, one for each batch of cases.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tallies: dict[str, Tally] = {}
        self.examples: list[dict[str, Any]] = []
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._count(json.loads(line))

    def add(self, key: str, first: int, last: int, faults: list[tuple[int, str, str]]) -> None:
        """Add the cases from a first to before a last of a row."""
        found = [{"case": number, "column": column, "text": text} for number, column, text in faults]
        batch = {"row": key, "first": first, "last": last, "faults": found}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(batch, ensure_ascii=True) + "\n")
        self._count(batch)

    def _count(self, batch: dict[str, Any]) -> None:
        tally = self.tallies.setdefault(batch["row"], Tally())
        tally.done = max(tally.done, batch["last"])
        tally.faults.update(fault["column"] for fault in batch["faults"])
        self.examples += [{"row": batch["row"], **fault} for fault in batch["faults"]]

    def done(self, key: str) -> int:
        """How many cases of a row are done."""
        return self.tallies[key].done if key in self.tallies else 0

    def table(self, rows: Iterable[Row]) -> str:
        """The table in Markdown; rows of which nothing is done are left out."""
        lines = ["| row | cases | " + " | ".join(COLUMNS) + " |", "| --- |" + " ---: |" * (len(COLUMNS) + 1)]
        for row in rows:
            tally = self.tallies.get(row.key)
            if tally is not None:
                counts = " | ".join(str(tally.faults[column]) for column in COLUMNS)
                lines.append(f"| {row.key} | {tally.done} | {counts} |")
        return "\n".join(lines)

    def faults(self, rows: Iterable[Row]) -> int:
        """Number of faults in some rows."""
        return sum(self.tallies[row.key].faults.total() for row in rows if row.key in self.tallies)
