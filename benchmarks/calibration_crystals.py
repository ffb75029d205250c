"""Patterns of atomic crystals for the calibration: counted, of one or two Bragg orders, slab or none."""

from __future__ import annotations

from typing import Any

import numpy as np

import slxrd

#: Crystals, with the range of N in planes; d is within 2 % of that of the crystal.
CRYSTALS = {
    "CsPbBr3:Br": (3, 20), "CsPbBr3:PbBr2": (3, 20), "CsPbBr3:CsBr": (3, 20), "CsPbI3:I": (3, 20),
    "PbS-100": (4, 30), "PbS-111:Pb": (4, 25), "CdSe-111": (4, 25), "Cs2PbI2Cl2": (2, 10),
}  # fmt: skip
#: Free gap in Å, disorder, width of the sizes, counts at the highest point (evenly in their logarithm).
GAP, SIGMA_L, SIGMA_N, COUNTS = (8, 50), (0.2, 2.0), (0.3, 2.0), (300, 30000)
DENSITY = (0.25, 0.33)
WAVELENGTH, STEP, HALF_WIDTH = 1.540593, 0.003, 0.35
#: Background in counts, fitted as a constant.
BACKGROUND = 20.0


def simulated(
    number: int,
) -> tuple[dict[str, float], float, list[tuple[float, float]], slxrd.Pattern, dict[str, Any]]:
    """Simulate pattern ``number``: structure, 1/√counts, regions, pattern, and options of the fit."""
    random = np.random.default_rng([2026, number])
    name = str(random.choice(list(CRYSTALS)))
    crystal = slxrd.crystal(*name.split(":"))
    truth = {
        "d": crystal.period * float(random.uniform(0.98, 1.02)),
        "sigma_L": float(random.uniform(*SIGMA_L)),
        "N": float(random.uniform(*CRYSTALS[name])),
        "sigma_N": float(random.uniform(*SIGMA_N)),
        "q_zero": 0.0,
    }
    truth["L"] = float(random.uniform(*GAP)) + crystal.thickness(1, truth["d"])
    options: dict[str, Any] = {"crystal": name, "noise": "counting", "background": "constant"}
    kind = random.choice(["bare", "slab", "slab, occupancy free"], p=[0.5, 0.25, 0.25])
    if kind != "bare":
        truth["rho"] = float(random.uniform(*DENSITY))
        options["slab"] = truth["rho"]
    if kind == "slab, occupancy free":
        occupied = next(one for one in slxrd.Stack(crystal=crystal).offers if one.startswith("occ_surface"))
        truth[occupied] = float(random.uniform(0.4, 1.0))
        options["free"] = [occupied]
    counts = float(np.exp(random.uniform(*np.log(COUNTS))))
    q1 = 2.0 * np.pi / truth["d"]
    orders = [1, 2] if random.random() < 0.7 else [1]
    regions = [((n - HALF_WIDTH) * q1, (n + HALF_WIDTH) * q1) for n in orders]
    q = np.arange(regions[0][0] - 0.05, regions[-1][1] + 0.05, STEP)
    pattern = slxrd.simulate(
        q, truth, crystal=name, slab=options.get("slab"), wavelength=WAVELENGTH, peak=counts,
        background=BACKGROUND, noise="counting", seed=random,
    )  # fmt: skip
    return truth, counts**-0.5, regions, pattern, options


def of_atoms(crystal: slxrd.Crystal | None, truth: dict[str, float]) -> dict[str, float]:
    """Free gap between the outermost atoms of atomic crystals."""
    return {} if crystal is None else {"free_gap": crystal.free_gap(truth["L"], truth["d"])}
