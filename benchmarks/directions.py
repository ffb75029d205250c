"""Coverage and speed of fits of several cuts: ``python benchmarks/directions.py [--draws 50] [--first 0]``.

Prints tables in Markdown, which docs/directions.md contains. Patterns have Poisson noise on the intensity
of the model, which tests compare with explicit superlattices.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Mapping
from unittest.mock import patch

import numpy as np

import slxrd
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.model.directions.axes import Axes, Disorder
from slxrd.model.directions.direction import Direction
from slxrd.model.directions.model import DirectionsModel
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters

CUTS = {"scan": (0.88, 1.28), "100": (0.88, 1.28), "110": (1.32, 1.74)}
SHARE = ("d", "N", "sigma_N")
PLAIN = {"d": 5.84, "L_z": 36.9, "L_xy": 39.5, "N": 13.0, "sigma_N": 1.3}
TRUTH: dict[Disorder, dict[str, float]] = {
    "cumulative": {
        **PLAIN, "sigma_L_z": 1.2, "sigma_L_xy": 1.4, "sigma_T_z": 0.8, "sigma_T_xy": 0.9,
    },
    "sinusoidal": {
        **PLAIN, "A_L_z": 1.3, "A_L_xy": 1.6, "A_T_z": 0.7, "A_T_xy": 0.9, "W_z": 5.0, "W_xy": 6.0,
    },
}  # fmt: skip
#: Crystals along each axis; counts of the highest point, and of the background.
COHERENT, PEAK, BACKGROUND = 20, 1500.0, 20.0
#: Seconds for a search, which are enough on a busy computer too.
BUDGET = 900.0


def expected(disorder: Disorder) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Points and mean counts of each cut."""
    directions = tuple(map(Direction.parse, CUTS))
    model = DirectionsModel(
        further=(slxrd.Instrument(),) * (len(CUTS) - 1),
        directions=directions,
        axes=Axes(share=SHARE, coherent=(COHERENT,) * 3, disorder=disorder),
    )
    values = {name: TRUTH[disorder].get(name, 0.0) for name in model.names}
    found = {}
    for scan, (name, (low, high)) in enumerate(CUTS.items()):
        q = np.arange(low, high, 0.0025)
        intensity = model.region(q, scan).evaluate(values, derivatives=False)[0]
        found[name] = (q, PEAK * intensity / intensity.max() + BACKGROUND)
    return found


def drawn(mean: Mapping[str, tuple[np.ndarray, np.ndarray]], seed: int) -> list[tuple[slxrd.Pattern, str]]:
    """Patterns with Poisson noise, and their directions."""
    random = np.random.default_rng(seed)
    return [
        (slxrd.Pattern(q, random.poisson(counts).astype(float), per_count=1.0, source=f"{name}.csv"), name)
        for name, (q, counts) in mean.items()
    ]


def inside(true: float, pieces: tuple[tuple[float, float], ...], value: float, half: float) -> bool:
    """Whether an interval contains the true value: that of the profile, or that of the error."""
    return any(low <= true <= high for low, high in pieces or ((value - half, value + half),))


def coverage(disorder: Disorder, seeds: range) -> None:
    """Print how often the errors contain the true values."""
    mean = expected(disorder)
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    rejected = 0
    for seed in seeds:
        fit = slxrd.fit_directions(
            drawn(mean, seed), share=SHARE, disorder=disorder, coherent=COHERENT, noise="counting",
            background="constant", regions=[(0.8, 1.3), (1.3, 1.8)], budget=BUDGET,
        )  # fmt: skip
        rejected += fit.rejected
        for name, true in TRUTH[disorder].items():
            estimate = fit.parameters[name]
            row = counted[name]
            if estimate.value is not None and estimate.error is not None:
                row[0] += 1
                row[1] += inside(true, estimate.interval_68, estimate.value, estimate.error)
                row[2] += inside(true, estimate.interval_95, estimate.value, 1.96 * estimate.error)
            elif estimate.status == "upper bound" and estimate.value is not None:
                row[3] += estimate.value > true
    print(f"\n{disorder} disorder, {len(seeds)} draws, {rejected} rejected\n")
    print("| parameter | true | with an error | inside 68 % | inside 95 % | limits above it |")
    print("| --- | --- | --- | --- | --- | --- |")
    total = [0, 0, 0]
    for name, (n, one, two, above) in counted.items():
        total = [total[0] + n, total[1] + one, total[2] + two]
        shares = f"{one / n:.0%} | {two / n:.0%}" if n else "– | –"
        print(f"| {info(name).symbol} | {TRUTH[disorder][name]:g} | {n} | {shares} | {above} |")
    print(f"| all | | {total[0]} | {total[1] / total[0]:.0%} | {total[2] / total[0]:.0%} | |")


def refined(disorder: Disorder, seeds: range) -> None:
    """Print the same for refinements from the true values, without the search."""

    def from_truth(
        objective: Objective, _: object, parameters: Parameters, *__: object
    ) -> tuple[Minimum, ...]:
        return (minimise(objective, parameters.start(**TRUTH[disorder])),)

    with patch("slxrd.studies.directions.fit.search_directions", from_truth):
        coverage(disorder, seeds)


def speed() -> None:
    """Print the processor time of a joint fit, in those of a fit of the scan alone."""
    patterns = drawn(expected("cumulative"), 0)
    scan = patterns[0][0]

    def seconds(function: object) -> float:
        times = []
        for _ in range(4):
            begun = time.process_time()
            function()  # type: ignore[operator]
            times.append(time.process_time() - begun)
        return float(np.median(times[1:]))

    options = {"coherent": COHERENT, "noise": "counting", "background": "constant"}
    alone = seconds(lambda: slxrd.fit(scan, regions=[CUTS["scan"]], fix={"q_zero": 0.0}, **options))
    together = seconds(
        lambda: slxrd.fit_directions(patterns, share=SHARE, regions=[(0.8, 1.3), (1.3, 1.8)], **options)
    )
    print("\n| fit | processor time | in fits of the scan alone |\n| --- | --- | --- |")
    print(f"| scan, `slxrd.fit` | {alone:.2f} s | 1 |")
    print(f"| scan, 100 and 110, `slxrd.fit_directions` | {together:.2f} s | {together / alone:.1f} |")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="first seed of the random numbers (0)")
    parser.add_argument("--disorder", choices=[*TRUTH], help="coverage of this kind alone")
    parser.add_argument("--refine", action="store_true", help="refine from the true values, do not search")
    given = parser.parse_args()
    if given.disorder is None and not given.refine:
        speed()
    for disorder in TRUTH if given.disorder is None else (given.disorder,):
        study = refined if given.refine else coverage
        study(disorder, range(given.first, given.first + given.draws))


if __name__ == "__main__":
    main()
