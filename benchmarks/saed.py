"""How often errors of electron diffraction images cover the truth, and how often noise is a ring.

``PYTHONPATH=tests/helpers python benchmarks/saed.py [KIND ...]`` prints a table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from coverage_rows import print_tables, row
from simulated_saed import CENTRE, CONSTANT, EDGE, diffraction, measured

import slxrd
from slxrd.fitting.result.fit import Estimate

#: Images of each kind: options of the simulation, and value of an electron.
KINDS: dict[str, tuple[dict[str, Any], float]] = {
    "arcs": ({}, 1.0),
    "arcs, a tenth of the counts": ({"counts": 4.0, "background": 10.0}, 1.0),
    "arcs of 2°, value of an electron 5": ({"spread": 2.0}, 5.0),
    "even rings": ({"oriented": 0.0}, 1.0),
    "ellipses": ({"ellipticity": 0.005}, 1.0),
    "spots": ({"oriented": 1.0, "spread": 0.0, "counts": 4.0}, 1.0),
}
#: Relative error of the camera constant, which is drawn for each image.
_CONSTANT_ERROR = 0.01


def study(kind: str, repeats: int) -> None:
    """Print the lines of one kind of images."""
    options, gain = KINDS[kind]
    expected = diffraction(**options)
    oriented, spread = options.get("oriented", 0.6), options.get("spread", 4.0)
    pairs: dict[str, list[tuple[Estimate, float]]] = {}
    zones = wrong = 0
    for seed in range(repeats):
        typed = CONSTANT * (1.0 + _CONSTANT_ERROR * np.random.default_rng(seed + 1000).normal())
        found = slxrd.measure_saed(
            measured(expected, seed, gain), typed, str(EDGE), camera_error=_CONSTANT_ERROR * CONSTANT
        )
        zones += found.zone_axis == "<100>"

        def add(name: str, estimate: Estimate | None, truth: float) -> None:
            if estimate is not None:
                pairs.setdefault(name, []).append((estimate, truth))

        add("centre, row", found.centre[0], CENTRE[0])
        add("centre, column", found.centre[1], CENTRE[1])
        add("lattice constant", found.lattice_constant, EDGE)
        for ring in found.rings:
            if not ring.planes:
                wrong += 1
                continue
            order = float(np.linalg.norm([int(digit) for digit in ring.planes[1:-1]]))
            # The simulation has no curvature of the Ewald sphere, which changes d by less than 1e-4.
            add("radius", ring.radius, CONSTANT * order / EDGE)
            add("d", ring.d, EDGE / order)
            add("part in arcs", ring.arcs.fraction, oriented)
            add("turns of the crystals", ring.arcs.spread if ring.arcs.azimuths else None, spread)
        if found.spots is not None:
            for length in found.spots.lengths:
                add("vectors of spots", length, CONSTANT / EDGE)
            add("angle of the vectors", found.spots.angle, 90.0)
    for name, each in pairs.items():
        print(row(f"{kind}: {name}", each), flush=True)
    print(f"# {kind}: zone axis right in {zones} of {repeats}, rings that are none {wrong}", flush=True)


def noise(repeats: int) -> None:
    """Count the images without rings in which some are found."""
    for background in (3.0, 30.0):
        expected = diffraction(counts=0.0, background=background)
        found = [
            slxrd.measure_saed(measured(expected, seed), CONSTANT, centre=CENTRE) for seed in range(repeats)
        ]
        rings, spots = (sum(bool(getattr(each, name)) for each in found) for name in ("rings", "spots"))
        print(
            f"# noise, background {background:g}: rings in {rings}, spots in {spots} of {repeats} images",
            flush=True,
        )


if __name__ == "__main__":
    print_tables(__doc__, KINDS, study, noise)
