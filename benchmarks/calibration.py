"""Coverage of the errors and intervals, from fits of simulated patterns with random structures.

    python benchmarks/calibration.py                  # 500 patterns, about half an hour on two cores
    python benchmarks/calibration.py --patterns 60    # a quick look
    python benchmarks/calibration.py --report docs    # the same, written as docs/calibration.md and .svg
    python benchmarks/calibration.py --crystals --patterns 60 --slow 0  # crystals of atoms, counted

Finished patterns are stored in calibration.jsonl (calibration-crystals.jsonl) in the working directory, and
not calculated again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import calibration_crystals
import numpy as np
from calibration_report import report

import slxrd
from slxrd.fitting.minimise.covariance import covariance
from slxrd.fitting.result.derived import NARROW
from slxrd.fitting.uncertainty.profile.interval import interval

#: The domain: uniform, in Å, planes, and as a fraction of each region's maximum.
DOMAIN = {"d": (2.9, 6.1), "L": (12, 60), "sigma_L": (0.2, 2.0), "N": (3, 25), "sigma_N": (0.3, 2.5)}
NOISE = (0.005, 0.05)
STEP, HALF_WIDTH = 0.003, 0.35
LEVELS = (0.68, 0.95)
REPLICATES, MCMC_STEPS = 300, 600


Case = tuple[dict[str, float], float, list[tuple[float, float]], slxrd.Pattern, dict[str, Any]]


def simulated(number: int) -> Case:
    """Simulate pattern ``number``: structure, noise, regions, the pattern, and the options of the fit."""
    random = np.random.default_rng([2021, number])
    truth = {name: float(random.uniform(*ends)) for name, ends in DOMAIN.items()} | {"q_zero": 0.0}
    noise = float(random.uniform(*NOISE))
    q1 = 2.0 * np.pi / truth["d"]
    orders = [1, 2] if random.random() < 0.5 else [1]
    regions = [(n * q1 - HALF_WIDTH * q1, n * q1 + HALF_WIDTH * q1) for n in orders]
    q = np.arange(regions[0][0] - 0.05, regions[-1][1] + 0.05, STEP)
    clean = slxrd.simulate(q, truth).intensity
    sigma = np.full(q.size, noise * clean.max())
    for low, high in regions:
        inside = (q >= low) & (q <= high)
        sigma[inside] = noise * clean[inside].max()
    measured = clean + random.normal(0.0, sigma)
    return truth, noise, regions, slxrd.Pattern(q, measured, sigma=sigma, source=f"simulated {number}"), {}


def mean_size(N: float, sigma_N: float) -> float:
    """Return the size from which lengths follow: the mean of whole ones if their spread is narrow, else N."""
    if sigma_N >= NARROW:
        return N
    sizes = np.arange(1.0, N + 10.0 * sigma_N + 2.0)
    shares = np.exp(-0.5 * ((sizes - N) / sigma_N) ** 2)
    return float(np.average(sizes, weights=shares))


def fitted(job: tuple[int, float, bool], crystals: bool = False, systematics: str = "none") -> dict[str, Any]:
    """Fit one pattern without its structure, and return the results of every method."""
    number, weight, slow = job
    truth, noise, regions, pattern, options = _simulated(crystals)(number)
    weighted = [(*ends, weight if k else 1.0) for k, ends in enumerate(regions)]
    began = time.perf_counter()
    line: dict[str, Any] = {"number": number, "weight": weight, "truth": truth, "noise": noise, "slow": slow}
    line |= {"orders": len(regions), "told": options}
    try:
        fit = slxrd.fit(pattern, regions=weighted, systematics=systematics, **options)
    except slxrd.SlxrdError as error:
        return {**line, "refused": str(error)}
    truth["thickness"] = (mean_size(truth["N"], truth["sigma_N"]) - 1.0) * truth["d"]
    truth["period"] = truth["thickness"] + truth["L"]
    truth |= calibration_crystals.of_atoms(fit.stack.crystal, truth)
    estimates = {**fit.parameters, **{n: e for n, e in fit.derived.items() if n in truth}}
    line["seconds"] = time.perf_counter() - began
    line["unique"] = fit.unique
    line["chi2"] = [fit.chi2, fit.objective.chi2({k: truth[k] for k in fit.parameters})]
    line["status"] = {name: estimate.status for name, estimate in estimates.items()}
    line["value"] = {name: estimate.value for name, estimate in estimates.items()}
    line["solutions"] = [[s.values["L"], s.values["d"], s.delta_chi2, s.probability] for s in fit.solutions]
    names = [n for n, e in estimates.items() if e.status in ("determined", "ambiguous")]
    line["intervals"] = dict(_methods(fit, [n for n in names if n in fit.names], names, slow, weight))
    return line


def _simulated(crystals: bool) -> Callable[[int], Case]:
    return calibration_crystals.simulated if crystals else simulated


def _methods(
    fit: slxrd.Fit, refined: list[str], names: list[str], slow: bool, weight: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Intervals at both levels by every method: name → level → pieces."""
    best = fit.minima[0]
    errors = covariance(best)
    spreads = {n: (best.values[n], e) for n in refined if (e := errors.error(n))}
    normal = {n: [[[v - z * e, v + z * e]] for z in (0.9945, 1.96)] for n, (v, e) in spreads.items()}
    yield "covariance", normal
    if fit.ensemble is not None:
        everything = {**fit.parameters, **fit.derived}
        yield "default", {n: [everything[n].interval_68, everything[n].interval_95] for n in names}
    if not slow:
        return
    yield "profile", {n: [_profile(fit, n, level) for level in LEVELS] for n in refined}
    replicates = slxrd.bootstrap(fit, REPLICATES, workers=1)
    yield "bootstrap", {n: _quantiles(replicates.all_values[n]) for n in names}
    if weight == 1.0:
        chain = slxrd.sample_posterior(fit, steps=MCMC_STEPS)
        if chain.converged:
            yield "MCMC", {n: _quantiles(chain.all_values[n]) for n in names}


def _profile(fit: slxrd.Fit, name: str, level: float) -> list[list[float]]:
    row = fit.minima[0].parameters[name]
    pieces = interval(fit, name, level).pieces
    return [[row.lower if a is None else a, row.upper if b is None else b] for a, b in pieces]


def _quantiles(values: np.ndarray) -> list[list[list[float]]]:
    return [[np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0]).tolist()] for level in LEVELS]


def main() -> None:
    """Fit the patterns that are not finished yet, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patterns", type=int, default=500)
    parser.add_argument("--slow", type=int, default=200, help="so many with profile, bootstrap and MCMC")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--crystals", action="store_true", help="crystals of atoms, counting statistics")
    parser.add_argument(
        "--systematics", choices=("none", "default"), default="none",
        help="none: errors of the noise alone, as the models are exact",
    )  # fmt: skip
    parser.add_argument("--kept", type=Path, default=None)
    parser.add_argument("--report", type=Path, help="folder for calibration.md and calibration.svg")
    options = parser.parse_args()
    title = "calibration-crystals" if options.crystals else "calibration"
    kept_in = options.kept or Path(f"{title}.jsonl")
    texts = kept_in.read_text().splitlines() if kept_in.exists() else []
    known = {(line["number"], line["weight"], line["slow"]): line for line in map(json.loads, texts)}
    both = [(i, weight, i < options.slow) for i in range(options.patterns) for weight in (1.0, 0.1)]
    jobs = [job for job in both if job[1] == 1.0 or (not options.crystals and len(simulated(job[0])[2]) == 2)]
    missing = [job for job in jobs if job not in known]
    one = partial(fitted, crystals=options.crystals, systematics=options.systematics)
    with ProcessPoolExecutor(options.workers) as pool, kept_in.open("a") as kept:
        for count, line in enumerate(pool.map(one, missing), 1):
            known[line["number"], line["weight"], line["slow"]] = line
            kept.write(json.dumps(line) + "\n")
            kept.flush()
            print(f"\r{count} of {len(missing)}", end="", flush=True)
    print()
    report([known[job] for job in jobs], options.report, title)


if __name__ == "__main__":
    main()
