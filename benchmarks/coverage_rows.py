"""Tables of how often errors cover the truth, and the command line of the benchmarks that print them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Sequence

import numpy as np

from slxrd.fitting.result.fit import Estimate

HEADS = (
    "quantity",
    "measured",
    "median error",
    "within 1 σ",
    "within 1.96 σ",
    "mean deviation / σ",
    "spread / σ",
    "limits",
)


def row(label: str, pairs: Sequence[tuple[Estimate, float]]) -> str:
    """Return a line of the table."""
    z = np.array(
        [(each.value - truth) / each.error for each, truth in pairs if each.error and each.value is not None]
    )
    limits = [truth < (each.value or 0.0) for each, truth in pairs if each.status == "upper bound"]
    error = np.median([each.error for each, _ in pairs if each.error]) if z.size else np.nan
    inside = (
        f"{np.mean(np.abs(z) < 1.0):.0%} | {np.mean(np.abs(z) < 1.96):.0%} | {z.mean():+.2f} | {z.std():.2f}"
        if z.size
        else "– | – | – | –"
    )
    held = f"{len(limits)}, {np.mean(limits):.0%} above the truth" if limits else "none"
    return f"| {label} | {z.size} | {error:.2g} | {inside} | {held} |"


def print_tables(
    about: str | None, kinds: Collection[str], study: Callable[[str, int], None], noise: Callable[[int], None]
) -> None:
    """Print the table of the kinds that are typed, or of all, and what is found in noise."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("kinds", nargs="*", default=[*kinds, "noise"], metavar="KIND")
    parser.add_argument("--repeats", type=int, default=50, help="images of each kind (50)")
    given = parser.parse_args()
    print("|", " | ".join(HEADS), "|")
    print("|" + " --- |" * len(HEADS))
    for kind in given.kinds:
        if kind == "noise":
            noise(given.repeats)
        else:
            study(kind, given.repeats)
