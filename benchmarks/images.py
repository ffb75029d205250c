"""How often errors of quantities from images cover the truth, in simulated images.

``PYTHONPATH=tests/helpers python benchmarks/images.py outlines`` prints the table of docs/micrographs.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from simulated_micrographs import grid, micrograph

import slxrd
from slxrd.fitting.result.fit import Estimate


def row(label: str, pairs: Sequence[tuple[Estimate, float]]) -> str:
    """Return a line of a table: numbers, coverage at 68 % and 95 %, mean and spread of deviations."""
    found = [
        (each.value - truth) / each.error for each, truth in pairs if each.error and each.value is not None
    ]
    limits = [truth < (each.value or 0.0) for each, truth in pairs if each.status == "upper bound"]
    z = np.array(found)
    measured = (
        f"{np.mean(np.abs(z) < 1.0):.0%} | {np.mean(np.abs(z) < 1.96):.0%} | {z.mean():+.2f} | {z.std():.2f}"
        if z.size
        else "– | – | – | –"
    )
    held = f"{len(limits)}, {np.mean(limits):.0%} of them above the truth" if limits else "none"
    return f"| {label} | {z.size} | {measured} | {held} |"


def outlines(repeats: int) -> None:
    """Outlines of superlattices."""
    for label, options in (
        ("counting noise alone", {"roughness": 0.0}),
        ("rough by 0.3 pixels", {"roughness": 0.3}),
        ("rough by 1 pixel, blurred by 2", {"roughness": 1.0, "blur": 2.0}),
        ("few counts", {"roughness": 0.3, "counts": (6.0, 16.0)}),
    ):
        pairs: dict[str, list[tuple[Estimate, float]]] = {"diagonal": [], "side_ratio": [], "angle_error": []}
        for seed in range(repeats):
            shapes, size = grid(seed)
            picture = micrograph(shapes, size, np.random.default_rng(1000 + seed), **options)  # type: ignore[arg-type]
            for each in slxrd.find_outlines(picture, 1.0).outlines:
                at = each.corners.mean(axis=0)
                truth = min(shapes, key=lambda shape: float(np.hypot(*(shape.corners.mean(axis=0) - at))))
                for name, found in pairs.items():
                    found.append((getattr(each, name), getattr(truth, name)))
        for name, found in pairs.items():
            print(row(f"{name.replace('_', ' ')}, {label}", found), flush=True)


STUDIES: dict[str, Callable[[int], None]] = {"outlines": outlines}


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", default=list(STUDIES), choices=list(STUDIES))
    parser.add_argument("--repeats", type=int, default=10, help="images of each kind (10)")
    given = parser.parse_args()
    print("| quantity | measured | within 1 σ | within 1.96 σ | mean deviation / σ | spread / σ | limits |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in given.studies:
        STUDIES[name](given.repeats)


if __name__ == "__main__":
    main()
