"""How often errors of tilt and fractions cover the truth in simulated images, and how often noise is a ring.

``PYTHONPATH=tests/helpers python benchmarks/orientation.py`` prints a table.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coverage_rows import print_tables, row
from simulated_rings import GEOMETRY, Textured, film, measured

import slxrd
from slxrd.fitting.result.fit import Estimate

#: Images of each kind: orientations, random fraction, and other options of the simulation.
KINDS: dict[str, tuple[tuple[Textured, ...], float, dict[str, Any]]] = {
    "tilt 2°": ((Textured(fraction=0.8),), 0.2, {}),
    "tilt 2°, a tenth of the counts": ((Textured(fraction=0.8),), 0.2, {"counts": 3.0}),
    "tilt 2°, centre off by 1.5 pixels": ((Textured(fraction=0.8),), 0.2, {"centre": 1.5}),
    "tilt 6°, spots half as wide": ((Textured(fraction=0.8, tilt=6.0),), 0.2, {"width": 0.02}),
    "tilt 1°": ((Textured(fraction=0.8, tilt=1.0),), 0.2, {}),
    "tilt 1°, a tenth of the counts": ((Textured(fraction=0.8, tilt=1.0),), 0.2, {"counts": 3.0}),
    "tilt 1°, a tenth of the counts, no impurity": (
        (Textured(fraction=0.8, tilt=1.0),),
        0.2,
        {"counts": 3.0, "impurity": None},
    ),
    "tilt 0.3°, below the width": ((Textured(fraction=0.9, tilt=0.3),), 0.1, {}),
    "powder": ((), 1.0, {}),
    "powder, a tenth of the counts": ((), 1.0, {"counts": 3.0}),
    "no random crystals": ((Textured(),), 0.0, {}),
    "{100} and {110}": ((Textured(fraction=0.5, tilt=3.0), Textured((1, 1, 0), 0.3, 2.0)), 0.2, {}),
}


def study(name: str, repeats: int) -> None:
    """Print the lines of one kind of images."""
    textures, random, options = KINDS[name]
    given = {"counts": 30.0, **options}
    off = given.pop("centre", 0.0)
    given.setdefault("impurity", (0.9, 0.3 * given["counts"]))
    expected = film(textures, powder=random, **given)
    geometry = replace(
        GEOMETRY, centre_row=GEOMETRY.centre_row + off, centre_column=GEOMETRY.centre_column - off
    )
    pairs: dict[str, list[tuple[Estimate, float]]] = {}
    right = impurities = others = 0
    for seed in range(repeats):
        found = slxrd.measure_orientation(measured(expected, seed), geometry, "5.84", q=(0.5, 1.95))
        by_plane = {each.planes: each for each in found.orientations}
        wanted = {slxrd_plane(each.plane): each for each in textures}
        right += by_plane.keys() == wanted.keys()
        near = [abs((ring.q.value or 0.0) - 0.9) < 0.03 for ring in found.impurities]
        impurities += any(near)
        others += len(near) - sum(near)
        if by_plane.keys() != wanted.keys() or found.random is None:
            continue
        pairs.setdefault("random fraction", []).append((found.random, random))
        for plane, truth in wanted.items():
            pairs.setdefault(f"tilt of {plane} (°)", []).append((by_plane[plane].tilt, truth.tilt))
            pairs.setdefault(f"fraction of {plane}", []).append((by_plane[plane].fraction, truth.fraction))
    for quantity, each in pairs.items():
        print(row(f"{name}: {quantity}", each), flush=True)
    print(
        f"# {name}: orientations right in {right} of {repeats} images, impurity found in {impurities}, "
        f"other rings {others}",
        flush=True,
    )


def slxrd_plane(plane: tuple[int, int, int]) -> str:
    """Write planes as the program does."""
    return "{" + "".join(map(str, plane)) + "}"


def noise(repeats: int) -> None:
    """Count the rings that are found in images without any."""
    for background in (0.3, 3.0, 30.0):
        expected = film((), background=background)
        found = [slxrd.measure_orientation(measured(expected, seed), GEOMETRY) for seed in range(repeats)]
        print(
            f"# noise, background of {background:g} counts: rings in "
            f"{sum(bool(each.rings) for each in found)} of {repeats} images",
            flush=True,
        )


if __name__ == "__main__":
    print_tables(__doc__, KINDS, study, noise)
