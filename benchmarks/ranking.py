"""Reliability of `slxrd compare` for simulated patterns of known models.

    python benchmarks/ranking.py                  # 20 patterns, some ten minutes on two cores
    python benchmarks/ranking.py --patterns 100

Patterns are simulated with each of four models in turn, and all models are compared. The noise is 0.5 to 3 %
of the maximum of each region, which is the first Bragg peak alone or the first two.
"""

from __future__ import annotations

import argparse

import numpy as np

import slxrd

MODELS = ("planes", "CsPbBr3:Br", "CsPbBr3:PbBr2", "CsPbBr3:CsBr")
NOISE = (0.005, 0.01, 0.02, 0.03)
REGIONS = [(0.85, 1.3), (1.93, 2.38)]
#: The domain: uniform, in Å and planes.
DOMAIN = {"d": (5.78, 5.9), "L": (30, 42), "sigma_L": (0.4, 1.5), "N": (6, 14), "sigma_N": (0.6, 1.6)}
WAVELENGTH = 1.540593


def compared(number: int) -> tuple[str, slxrd.Comparison]:
    """Simulate pattern ``number`` and compare the models; return the true model and the conclusion."""
    random = np.random.default_rng([7, number])
    truth, noise = MODELS[number % len(MODELS)], NOISE[number // len(MODELS) % len(NOISE)]
    regions = REGIONS[: 1 + int(random.integers(2))]
    values = {name: float(random.uniform(*ends)) for name, ends in DOMAIN.items()}
    q = np.arange(0.75, 2.55, 0.004)
    crystal = None if truth == "planes" else truth
    clean = slxrd.simulate(q, values, crystal=crystal, wavelength=WAVELENGTH).intensity
    sigma = np.ones(q.size)
    for low, high in regions:
        inside = (q >= low) & (q <= high)
        sigma[inside] = noise * clean[inside].max()
    pattern = slxrd.Pattern(
        q, clean + random.normal(0.0, sigma), sigma=sigma, wavelength=WAVELENGTH, source=f"simulated {number}"
    )
    return truth, slxrd.compare_models(pattern, MODELS, regions=regions)


def main() -> None:
    """Compare the models of all patterns, and count the conclusions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patterns", type=int, default=20)
    options = parser.parse_args()
    first, decided, wrong, given = 0, 0, 0, []
    for number in range(options.patterns):
        truth, found = compared(number)
        decisive = not found.rivals() and not found.misfit
        probability = next(model.probability for model in found.models if model.name == truth)
        first += found.best.name == truth
        decided += decisive
        wrong += decisive and found.best.name != truth
        given.append(probability)
        said = "decided" if decisive else found.misfit or "open"
        print(
            f"{number:3d} {truth:14s} best {found.best.name:14s} {said:8s} p(truth) {probability:.3f}",
            flush=True,
        )
    print(
        f"{options.patterns} patterns: the true model comes first in {first}; {decided} are decided, {wrong} "
        f"of them wrongly. The true models have a probability of {np.mean(given):.2f} on average."
    )


if __name__ == "__main__":
    main()
