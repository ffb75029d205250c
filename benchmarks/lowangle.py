"""Accuracy of the gap from low angles: ``python benchmarks/lowangle.py [--number 40]``.

Simulated patterns of cubes, platelets and sheets with refraction, a slope, a background of either shape or
both, and random counts; deviations of w from the true value, in standard errors.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np

import slxrd

SAMPLES = {
    "cubes": {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55},
    "platelets": {"d": 6.0166, "L": 33.0, "sigma_L": 0.6, "N": 6.0, "sigma_N": 0.5},
    "sheets": {"d": 3.0083, "L": 44.444, "sigma_L": 0.325, "N": 4.0, "sigma_N": 0.85},
}
STEP, SIGMA_G = 0.002, 0.007


def pattern(random: np.random.Generator, sample: str, shape: str) -> tuple[slxrd.Pattern, float]:
    """Return a simulated pattern, and its true w in Å."""
    truth = dict(SAMPLES[sample])
    truth["L"] += random.uniform(-3.0, 3.0)
    truth["sigma_L"] *= random.uniform(0.7, 1.4)
    q_c, slope = random.uniform(0.0, 0.05), random.uniform(0.0, 2.0)
    fine = np.arange(0.055, 0.66, STEP / 4.0)
    exact = (
        slxrd.simulate(np.sqrt(fine**2 - q_c**2), truth, resolution=0.0).intensity * (fine / 0.25) ** -slope
    )
    weights = np.exp(-0.5 * (np.arange(-60, 61) * (STEP / 4.0) / SIGMA_G) ** 2)
    smeared = np.convolve(exact, weights / weights.sum(), "same")[::4]
    q = fine[::4]
    kept = (q > 0.1) & (q < 0.6)
    q, signal = q[kept], smeared[kept] / smeared[kept & (q > 0.12)].max()
    under = random.uniform(0.05, 0.5) * (q / 0.12) ** -random.uniform(2.0, 4.5)
    if shape != "power":
        steep = random.uniform(0.05, 0.5) * np.exp(-(q - 0.12) / random.uniform(0.03, 0.1))
        under = steep if shape == "exponential" else under + steep
    expected = 10.0 ** random.uniform(3.0, 4.5) * (signal + under + random.uniform(0.0, 0.01))
    counts = random.poisson(expected).astype(float)
    return slxrd.Pattern(q, counts, per_count=1.0, metadata={"simulated": sample}), truth["L"] - truth["d"]


def main() -> None:
    """Fit the patterns, and print the deviation of each from the true value."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=40)
    parser.add_argument("--background", choices=("power", "exponential"))
    chosen = parser.parse_args()
    pulls: dict[str, list[float]] = {}
    began = time.perf_counter()
    for seed in range(chosen.number):
        random = np.random.default_rng(seed)
        sample = list(SAMPLES)[seed % len(SAMPLES)]
        shape = ("power", "exponential", "both")[(seed // len(SAMPLES)) % 3]
        made, w = pattern(random, sample, shape)
        found = slxrd.fit_low_angle(made, d=SAMPLES[sample]["d"], background=chosen.background)
        gap = found.gap
        line = f"{seed:3d} {sample:9s} {shape:11s} w = {w:5.2f} Å"
        if gap.value is None or gap.error is None:
            print(f"{line}: {gap.status} ({gap.why})", flush=True)
            continue
        pull = (gap.value - w) / gap.error
        if gap.status == "determined":
            pulls.setdefault(shape, []).append(pull)
        shares = " ".join(f"{kind} {share:.2f}" for kind, (share, _) in found.backgrounds.items())
        print(
            f"{line}: {gap.value:6.2f} ± {gap.error:.2f}, {pull:+.2f} errors, {gap.status} {gap.why}, "
            f"{'fringes, ' if found.fringes else ''}{shares}, reduced χ² {found.reduced_chi2:.2f}",
            flush=True,
        )
    every = [pull for row in pulls.values() for pull in row]
    for name, row in (*pulls.items(), ("all", every)):
        rms = math.sqrt(sum(pull**2 for pull in row) / len(row))
        summary = f"mean {np.mean(row):+.2f}, rms {rms:.2f}, worst {max(map(abs, row)):.1f} errors"
        print(f"{name}: {len(row)} determined, {summary}")
    print(f"{(time.perf_counter() - began) / chosen.number:.1f} s each")


if __name__ == "__main__":
    main()
