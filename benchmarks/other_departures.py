"""Errors and intervals for departures from the model that no systematic effect of the program stands for.

    python benchmarks/other_departures.py --numbers 5            # 150 fits, a few minutes
    python benchmarks/other_departures.py --departure vacancies  # repeatable: some of them
    python benchmarks/other_departures.py --check                # the sums over pairs against drawn stacks

Samples, noise and tables are those of error_budget.py, with departures that were not looked at while the
effects were chosen. Where a quantity has two values, as the gap of two superlattices, the one that is nearer
to the result counts. Finished fits are stored in other_departures.jsonl in the working directory
(``--file``).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from error_budget import QUANTITIES, read
from error_budget_generator import SAMPLES, STEP, Array, Case, M, draw, sizes, smeared, truth
from error_budget_table import Line, tables

import slxrd

Sizes = dict[str, float]
#: Departures with the ranges of their sizes.
DEPARTURES: dict[str, dict[str, tuple[float, float]]] = {
    "two gaps": {"share": (0.2, 0.4), "wider": (0.6, 2.5)},  # Å
    "two superlattices": {"share": (0.2, 0.4), "wider": (0.6, 2.5)},  # Å
    "correlated gaps": {"correlation": (-0.45, 0.45)},  # of neighbours
    "vacancies": {"share": (0.03, 0.1)},  # of crystals that are missing
    "gaps that grow": {"growth": (0.01, 0.05)},  # of L from the bottom to the top, over its mean
    "d of small crystals": {"growth": (0.001, 0.005)},  # of d where N is 0, over its mean
    "absorption": {"crystals": (8.0, 30.0)},  # over which the amplitude falls by 1/e
    "dead time": {"loss": (0.04, 0.15)},  # at the maximum
    "variable slit": {},  # intensity times q²
    "attenuator step": {"factor": (1.04, 1.2), "place": (0.2, 0.8)},
    "axial divergence": {"share": (0.2, 0.5)},  # of a tail of 0.012 Å⁻¹ on the side of low q
    "waving background": {"height": (0.02, 0.06), "period": (0.1, 0.4), "phase": (0.0, 6.28)},
    "rounded intensities": {},  # to a hundredth of the maximum, without σ
    "spikes": {"height": (0.05, 0.3)},  # on three points
    "two counting times": {"place": (0.25, 0.75)},  # nine times longer from there on, without σ
}
#: Those in the distances of the crystals, whose sums over pairs are checked.
CHECKED = ("two gaps", "correlated gaps", "vacancies", "gaps that grow", "absorption")
TAIL = 0.012
NO_NOISE = ("rounded intensities", "two counting times")


def normal_gap(q: Array, L: float, sigma: float) -> Array:
    """Return the characteristic function of normal gaps, complex, shape (n,)."""
    return np.asarray(np.exp(1j * q * L - 0.5 * (q * sigma) ** 2))


def pair_sum(case: Case, departure: str, own: Sizes, q: Array, end: Array) -> Array:
    """Return the sum over pairs of crystals, relative to their number, complex, shape (n,).

    Parameters
    ----------
    case : Case
        The sample.
    departure : str
        How it departs.
    own : dict
        The sizes of the departure.
    q : ndarray, shape (n,)
        In Å⁻¹.
    end : ndarray of complex, shape (n,)
        Phase of the highest plane of a crystal.
    """
    weights = np.exp(-np.arange(M) / own["crystals"]) if departure == "absorption" else np.ones(M)
    step = end * normal_gap(q, case.L, case.sigma_L)
    if departure == "two gaps":
        wider = normal_gap(q, case.L + own["wider"], case.sigma_L)
        step = (1.0 - own["share"]) * step + own["share"] * end * wider
    if departure == "vacancies":
        step = (1.0 - own["share"]) * step + own["share"] * step**2
    if departure == "gaps that grow":
        growth = own["growth"] * (np.arange(M - 1) / (M - 2) - 0.5)
        ending, total = np.zeros(q.size, complex), np.zeros(q.size, complex)
        for L in (case.L * (1.0 + growth)).tolist():
            ending = (ending + 1.0) * end * normal_gap(q, L, case.sigma_L)
            total += ending
        return total / M
    total = np.zeros(q.size, complex)
    for m in range(1, M):
        apart = step**m
        if departure == "correlated gaps":
            variance = m + 2.0 * (m - 1) * own["correlation"]
            apart = end**m * normal_gap(q, m * case.L, case.sigma_L * np.sqrt(max(variance, 0.0)))
        total += float(weights[:-m] @ weights[m:]) * apart
    return np.asarray(total / float(weights @ weights))


def drawn_steps(case: Case, departure: str, own: Sizes, random: np.random.Generator) -> Array:
    """Draw the distances from the last plane of each crystal to the first of the next, shape (M − 1,)."""
    normal = random.standard_normal(M)
    if departure == "correlated gaps":
        larger = np.sqrt((1.0 + np.sqrt(1.0 - 4.0 * own["correlation"] ** 2)) / 2.0)
        normal[:-1] = own["correlation"] / larger * normal[:-1] + larger * normal[1:]
    gaps = case.L + case.sigma_L * normal[:-1]
    if departure == "gaps that grow":
        gaps += case.L * own["growth"] * np.linspace(-0.5, 0.5, M - 1)
    chosen = random.uniform(size=M - 1) < own.get("share", 0.0)
    if departure == "two gaps":
        gaps += own["wider"] * chosen
    if departure == "vacancies":
        gaps += chosen * (round(case.N - 1.0) * case.d + random.normal(case.L, case.sigma_L, M - 1))
    return np.asarray(gaps)


def check(stacks: int = 4000) -> None:
    """Print the largest differences of the sums over pairs from those of drawn stacks."""
    case, random = draw(3, "cubes", "none"), np.random.default_rng(1)
    q = np.linspace(*case.regions[0], 60)
    thickness = round(case.N - 1.0) * case.d
    for departure in CHECKED:
        own = {name: ends[1] for name, ends in DEPARTURES[departure].items()}
        falls = np.arange(M) / own["crystals"] if departure == "absorption" else np.zeros(M)
        total = np.zeros(q.size)
        for _ in range(stacks):
            z = np.cumsum([0.0, *(thickness + drawn_steps(case, departure, own, random))])
            total += np.abs(np.exp(1j * np.outer(q, z) - falls).sum(axis=1)) ** 2 / np.exp(-2.0 * falls).sum()
        exact = 1.0 + 2.0 * pair_sum(case, departure, own, q, np.exp(1j * q * thickness)).real
        print(f"{departure}: {np.max(np.abs(total / stacks - exact)) / exact.max():.1%} of the maximum")


def intensity(case: Case, departure: str, own: Sizes, q: Array) -> Array:
    """Return the mean intensity per crystal, shape (n,)."""
    total = np.zeros(q.size)
    for n, fraction in zip(*(each.tolist() for each in sizes(case)), strict=True):
        d = (
            case.d * (1.0 + own["growth"] * (1.0 - n / case.N))
            if departure == "d of small crystals"
            else case.d
        )
        form = np.abs(np.exp(1j * d * np.outer(q, np.arange(int(n)))).sum(axis=1)) ** 2
        end = np.exp(1j * q * d * (n - 1.0))
        pairs = pair_sum(case, departure, own, q, end)
        if departure == "two superlattices":
            other = pair_sum(case, "none", own, q, end * np.exp(1j * q * own["wider"]))
            pairs = (1.0 - own["share"]) * pairs + own["share"] * other
        total += fraction * form * (1.0 + 2.0 * pairs.real)
    return total


def with_tail(q: Array, curve: Callable[[Array], Array], share: float) -> Array:
    """Return a curve of which a part has a tail on the side of low q, shape (n,)."""
    fine = np.arange(q[0] - 0.12, q[-1] + 0.12, 0.001)
    sharp = curve(fine)
    tail = np.exp(-np.arange(0.0, 0.1, 0.001) / TAIL)
    blurred = np.convolve(sharp[::-1], tail / tail.sum())[: sharp.size][::-1]
    return np.asarray(np.interp(q, fine, (1.0 - share) * sharp + share * blurred))


def curve_of(case: Case, departure: str, own: Sizes, q: Array, low: float, high: float) -> Array:
    """Return what is measured in a region without noise, the maximum of the sample at 1, shape (n,)."""

    def sharp(grid: Array) -> Array:
        return smeared(case, grid, lambda inner: intensity(case, departure, own, inner))

    curve = with_tail(q, sharp, own["share"]) if departure == "axial divergence" else sharp(q)
    if departure == "variable slit":
        curve = curve * q**2
    curve = curve / curve.max()
    if departure == "dead time":
        curve = curve / (1.0 + own["loss"] * curve)
    if departure == "attenuator step":
        curve = np.where(q > low + own["place"] * (high - low), curve * own["factor"], curve)
    if departure == "waving background":
        curve = curve + own["height"] * (1.0 + np.sin(2.0 * np.pi * q / own["period"] + own["phase"]))
    return np.asarray(curve)


def measured(case: Case, departure: str, own: Sizes, random: np.random.Generator) -> slxrd.Pattern:
    """Return the pattern of all regions, with the noise of the sample."""
    parts = []
    for low, high in case.regions:
        q = np.arange(low - STEP, high + STEP, STEP)
        curve = curve_of(case, departure, own, q, low, high)
        longer = np.ones(q.size)
        if departure == "two counting times":
            longer[int(own["place"] * q.size) :] = 9.0
        if case.counting:
            y = random.poisson(curve / case.noise**2 * longer) / longer
        else:
            y = curve + case.noise * curve.max() * random.standard_normal(q.size) / np.sqrt(longer)
        if departure == "spikes":
            y[random.integers(0, q.size, 3)] += own["height"] * y.max()
        parts.append((q, np.asarray(y)))
    q, y = (np.concatenate(each) for each in zip(*parts, strict=True))
    if departure == "rounded intensities":
        y = np.round(np.maximum(y, 0.0) / y.max(), 2)
    return slxrd.Pattern(q, y, source="simulated")


def true_values(case: Case, departure: str, own: Sizes) -> dict[str, tuple[float, ...]]:
    """Return the true values in Å and planes; two where a quantity has two."""
    values: dict[str, tuple[float, ...]] = {name: (value,) for name, value in truth(case).items()}
    if departure in ("two gaps", "two superlattices"):
        second = own["wider"] * (own["share"] if departure == "two gaps" else 1.0)
        for name in ("L", "period"):
            values[name] += (values[name][0] + second,)
    if departure == "two gaps":
        spread = own["share"] * (1.0 - own["share"]) * own["wider"] ** 2
        values["sigma_L"] += (float(np.hypot(case.sigma_L, np.sqrt(spread))),)
    return values


def fitted(number: int, sample: str, departure: str) -> dict[str, Any]:
    """Fit one case without knowledge of its departure, and return what is stored of it."""
    case = draw(number, sample, "none")
    random = np.random.default_rng([77, number, list(DEPARTURES).index(departure), sample == "sheets"])
    own = {name: float(random.uniform(*ends)) for name, ends in DEPARTURES[departure].items()}
    pattern = measured(case, departure, own, random)
    noise: float | str = "counting" if case.counting and departure != "spikes" else case.noise
    options: dict[str, Any] = {} if departure in NO_NOISE else {"noise": noise}
    line: dict[str, Any] = {"number": number, "sample": sample, "departure": departure, "options": {}}
    line |= {"sizes": own, "truth": {}}
    try:
        fit = slxrd.fit(pattern, regions=case.regions, coherent=M, **options)
    except slxrd.SlxrdError as error:
        return {**line, "refused": str(error)}
    assert fit.assessment is not None
    line |= {"grade": fit.assessment.grade, "reduced_chi2": fit.reduced_chi2, "estimates": {}}
    for name in QUANTITIES:
        estimate = fit.parameters.get(name) or fit.derived[name]
        keys = ("value", "error", "status", "interval_68", "interval_95")
        line["estimates"][name] = {key: getattr(estimate, key) for key in keys}
        line["truth"][name] = nearest(true_values(case, departure, own)[name], estimate)
    return line


def nearest(values: tuple[float, ...], estimate: slxrd.Estimate) -> float:
    """Return the true value that is nearest to an estimate, or in its intervals."""
    for value in values:
        if any(low <= value <= high for low, high in estimate.interval_95):
            return value
    return min(values, key=lambda value: abs(value - (estimate.value or 0.0)))


def main() -> None:
    """Fit what is not stored, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--numbers", type=int, default=5, help="samples drawn for every departure")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--departure", action="append", choices=list(DEPARTURES))
    parser.add_argument("--file", type=Path, default=Path("other_departures.jsonl"))
    parser.add_argument("--check", action="store_true", help="compare the sums with drawn stacks, no fits")
    arguments = parser.parse_args()
    if arguments.check:
        check()
        return
    lines: list[Line] = list(read(arguments.file))
    done = {(line["number"], line["sample"], line["departure"]) for line in lines}
    for number in range(arguments.first, arguments.first + arguments.numbers):
        for departure in arguments.departure or DEPARTURES:
            for sample in SAMPLES:
                if (number, sample, departure) in done:
                    continue
                lines.append(fitted(number, sample, departure))
                with arguments.file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
    print("\n".join(tables({"slxrd": lines})))


if __name__ == "__main__":
    main()
