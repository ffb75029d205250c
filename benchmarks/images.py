"""How often errors of quantities from images cover the truth, in simulated images.

``PYTHONPATH=tests/helpers python benchmarks/images.py outlines`` prints the table of docs/micrographs.md, and
``... periods overlapping --first 4000 --repeats 50`` that of docs/periods.md, with lines on deviating draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from simulated_micrographs import grid, micrograph
from simulated_spots import drawn

import slxrd
from slxrd.fitting.result.fit import Estimate

#: Part of the name of each simulated lattice.
NAMES = {"primitive": "primitive", "body-centred": "body-centred", "hexagonal": "hexagonal layers on top"}


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


def outlines(seeds: range) -> None:
    """Outlines of superlattices."""
    print("| quantity | measured | within 1 σ | within 1.96 σ | mean deviation / σ | spread / σ | limits |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for label, options in (
        ("counting noise alone", {"roughness": 0.0}),
        ("rough by 0.3 pixels", {"roughness": 0.3}),
        ("rough by 1 pixel, blurred by 2", {"roughness": 1.0, "blur": 2.0}),
        ("few counts", {"roughness": 0.3, "counts": (6.0, 16.0)}),
    ):
        pairs: dict[str, list[tuple[Estimate, float]]] = {"diagonal": [], "side_ratio": [], "angle_error": []}
        for seed in seeds:
            shapes, size = grid(seed)
            picture = micrograph(shapes, size, np.random.default_rng(1000 + seed), **options)
            for each in slxrd.find_outlines(picture, 1.0).outlines:
                at = each.corners.mean(axis=0)
                truth = min(shapes, key=lambda shape: float(np.hypot(*(shape.corners.mean(axis=0) - at))))
                for name, found in pairs.items():
                    found.append((getattr(each, name), getattr(truth, name)))
        for name, found in pairs.items():
            print(row(f"{name.replace('_', ' ')}, {label}", found), flush=True)


def periods(seeds: range, label: str = "beams apart", *, overlapping: bool = False) -> None:
    """Periods from spots."""
    print(
        "| quantity | stated | within 1 σ | within 1.96 σ | in the 95 % interval | beyond 3 σ | not stated |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    found: dict[str, list[tuple[Estimate, float]]] = {"in_plane": [], "out_of_plane": [], "ratio": []}
    refused = certain = wrong = 0
    for seed in seeds:
        image, geometry, a, c, lattice = drawn(seed, overlapping=overlapping)
        try:
            done = slxrd.measure_periods(image, geometry)
        except slxrd.SlxrdError as error:
            print(f"# {seed}: {error}", flush=True)
            refused += 1
            continue
        named = done.ranked[0].probability > 0.95
        certain += named
        wrong += named and NAMES[lattice] not in done.lattice
        for (name, pairs), truth in zip(found.items(), (a, c, c / a), strict=True):
            each = done.estimates[name]
            pairs.append((each, truth))
            z = ((each.value or 0.0) - truth) / (each.error or 1.0)
            if abs(z) > 2.5 or each.status != "determined":
                print(f"# {seed} {name}: {each!r} {each.why}, truth {truth:.4g}, {z:+.1f} σ", flush=True)
    for name, pairs in found.items():
        print(periods_row(f"{name.replace('_', ' ')}, {label}", pairs, refused), flush=True)
    print(f"# {label}: lattice named with more than 95 % in {certain}, {wrong} of them wrong", flush=True)


def overlapping(seeds: range) -> None:
    """Periods from spots of two beams that overlap."""
    periods(seeds, "beams overlap", overlapping=True)


def periods_row(label: str, pairs: Sequence[tuple[Estimate, float]], refused: int) -> str:
    """Return a line of the table of periods."""
    stated = [(each, truth) for each, truth in pairs if each.status == "determined"]
    z = np.array([((each.value or 0.0) - truth) / (each.error or 1.0) for each, truth in stated])
    inside = [
        any(low <= truth <= high for low, high in each.interval_95)
        for each, truth in pairs
        if each.interval_95
    ]
    cells = [
        f"{np.mean(np.abs(z) < 1.0):.0%}", f"{np.mean(np.abs(z) < 1.96):.0%}",
        f"{np.mean(inside):.0%}" if inside else "–", f"{np.sum(np.abs(z) > 3.0)} of {z.size}",
        f"{len(pairs) - z.size + refused}",
    ]  # fmt: skip
    return f"| {label} | {z.size} | {' | '.join(cells)} |"


STUDIES: dict[str, Callable[[range], None]] = {
    "outlines": outlines,
    "periods": periods,
    "overlapping": overlapping,
}


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", default=list(STUDIES), choices=list(STUDIES))
    parser.add_argument("--repeats", type=int, default=10, help="images of each kind (10)")
    parser.add_argument("--first", type=int, default=0, help="first seed of the random numbers (0)")
    given = parser.parse_args()
    for name in given.studies:
        STUDIES[name](range(given.first, given.first + given.repeats))


if __name__ == "__main__":
    main()
