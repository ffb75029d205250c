"""How results of images are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from slxrd._escape import on_one_line
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate


def title(source: str, simulated: bool) -> str:
    """Return the first line: the file, and whether it is simulated."""
    return f"{on_one_line(source)}{'  [simulated]' if simulated else ''}"


def number(estimate: Estimate) -> str:
    """Return a value with its error and unit."""
    return format_estimate(estimate).strip()


def named_planes(planes: str, lattice: str) -> str:
    """Return the planes of a ring, or that a given lattice has none for it."""
    return planes or ("not of the lattice" if lattice else "-")


def spacing(expected: float | None) -> str:
    """Return the expected spacing of planes."""
    return f"{expected:.4g} Å" if expected is not None else "-"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines with columns of equal width."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def plain(estimate: Estimate | None) -> dict[str, Any] | None:
    """Return an estimate as plain data."""
    return None if estimate is None else asdict(estimate)
