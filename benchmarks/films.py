"""Simulated films and stacks on substrates, fitted with the options that the program chooses itself.

    python benchmarks/films.py [COUNT] [FIRST] [--kind stack] [--fits]

The patterns are plain kinematic sums over planes with Poisson counts, calculated here without the package:
films of 30 to 600 Å and stacks of 2 to 30 crystals on substrates, 10³ to 10⁶ counts, half of them with the
fringes of one side cut off. Half of the fits are given a resolution, wrong by up to a factor of two; the
others have no option at all. A pattern counts as

    right       the true thickness or period lies in the 95 % interval
    near        outside, by less than the interval's half width
    wrong       farther outside, or a quantity that the sample does not have is stated with an error: the
                period of a film, or the thickness of a stack that was taken for a film
    refused     no interval: rejected, not determined, or nothing to fit

The budget of a fit is counted in seconds of processor, of all cores together: other work on the machine ends
no search.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import slxrd
from slxrd.fitting.search.budget import DEFAULT_BUDGET, Budget

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A simulated pattern.

    Parameters
    ----------
    kind : str
        "film" or "stack".
    pattern : slxrd.Pattern
        Counts over q.
    truth : float
        Thickness (N − 1)·d of the film or period of the stack, in Å.
    what : str
        Description.
    resolution : float or None
        σ_G that is given to the fit, in Å⁻¹; None if it is left to the program.
    """

    kind: str
    pattern: slxrd.Pattern
    truth: float
    what: str
    resolution: float | None


def rod(q: FloatArray, d: float, f: float) -> NDArray[np.complex128]:
    """Amplitude of a substrate, its highest plane at height 0."""
    return np.asarray(f / (1.0 - np.exp(-1j * q * d - 2e-4 * d)))


def film(q: FloatArray, rng: np.random.Generator, d: float, N: int, sigma_N: float, d_S: float) -> FloatArray:
    """Mean intensity of a film whose thickness is spread over the beam."""
    below = rod(q, d_S, rng.uniform(0.4, 2.0))
    L = (d + d_S) / 2.0 * rng.uniform(0.9, 1.1)
    total = np.zeros(q.size)
    sizes = np.unique(np.round(N + sigma_N * np.linspace(-3.0, 3.0, 31)).astype(int))
    weights = np.exp(-0.5 * ((sizes - N) / max(sigma_N, 0.1)) ** 2)
    for n, weight in zip(sizes.tolist(), (weights / weights.sum()).tolist(), strict=True):
        amplitude = np.exp(1j * q * L) * np.exp(1j * np.outer(q, d * np.arange(n))).sum(axis=1)
        total += weight * np.abs(amplitude + below) ** 2
    return total


def stack(
    q: FloatArray, rng: np.random.Generator, d: float, N: int, L: float, sigma_L: float, M: int, d_S: float
) -> FloatArray:
    """Mean intensity of all stacks of M crystals whose gaps are independent and Gaussian."""
    below = rod(q, d_S, rng.uniform(0.2, 1.0))
    crystal = np.exp(1j * np.outer(q, d * np.arange(N))).sum(axis=1)
    onward = np.exp(1j * q * ((N - 1) * d + L) - 0.5 * (q * sigma_L) ** 2)  # mean over the gaps
    powers = onward[:, None] ** np.arange(M)
    pairs = M + 2.0 * (powers[:, 1:] * np.arange(M - 1, 0, -1)).sum(axis=1).real
    mean = crystal * np.exp(0.5j * q * (d + d_S)) * powers.sum(axis=1)
    return np.asarray(np.abs(crystal) ** 2 * pairs + np.abs(below) ** 2 + 2.0 * (np.conj(below) * mean).real)


def smeared(q: FloatArray, intensity: FloatArray, sigma: float) -> FloatArray:
    """Convolution with a Gaussian on an equidistant axis."""
    step = q[1] - q[0]
    offsets = np.arange(-int(5.0 * sigma / step) - 1, int(5.0 * sigma / step) + 2) * step
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    half = offsets.size // 2
    return np.convolve(np.pad(intensity, half, mode="edge"), weights / weights.sum(), mode="valid")


def draw(seed: int) -> Case:
    """Draw a pattern."""
    rng = np.random.default_rng([2026, seed])
    kind = "film" if rng.random() < 0.7 else "stack"
    d = float(rng.uniform(1.6, 4.2))
    d_S = d * (1.0 + float(rng.choice([-1.0, 1.0])) * float(rng.uniform(0.004, 0.04)))
    bragg, counts = 2.0 * np.pi / d, 10.0 ** float(rng.uniform(3.0, 6.0))
    sigma = float(rng.uniform(4e-4, 1.2e-3))
    if kind == "film":
        thickness = float(np.exp(rng.uniform(np.log(30.0), np.log(600.0))))
        N = max(round(thickness / d), 8)
        spread = float(rng.uniform(0.0, 0.03)) * N
        fringe = 2.0 * np.pi / (N * d)
        reach = min(float(rng.uniform(6.0, 14.0)) * fringe, 0.3 * bragg)
        truth, what = (N - 1) * d, f"N {N} ± {spread:.1f}"
    else:
        N, M = int(rng.integers(4, 25)), int(rng.integers(2, 31))
        L, sigma_L = d * float(rng.uniform(1.3, 4.0)), float(rng.uniform(0.05, 0.6))
        truth = (N - 1) * d + L
        reach = min(6.0 * 2.0 * np.pi / truth, 0.35 * bragg)
        fringe = 2.0 * np.pi / truth
        what = f"N {N}, L {L:.1f}, M {M}"
    step = min(reach / 250.0, fringe / 12.0, 0.7 * sigma)
    q = np.arange(bragg - reach, bragg + reach, step)
    sharp = film(q, rng, d, N, spread, d_S) if kind == "film" else stack(q, rng, d, N, L, sigma_L, M, d_S)
    intensity = smeared(q, sharp, sigma)
    away = np.abs(q - 2.0 * np.pi / d_S) > 6.0 * sigma
    expected = intensity * counts / intensity[away].max() + float(rng.uniform(1.0, 10.0))
    side = str(rng.choice(["both", "both", "below", "above"]))
    inside = np.ones(q.size, bool)
    if side != "both":
        ends = [2.0 * np.pi / d_S, bragg]
        inside = q < max(ends) + 1.5 * fringe if side == "below" else q > min(ends) - 1.5 * fringe
    measured = rng.poisson(expected).astype(float)
    known = sigma * float(rng.choice([0.5, 1.0, 2.0])) if rng.random() < 0.5 else None
    pattern = slxrd.Pattern(q[inside], measured[inside], per_count=1.0, source=f"{kind} {seed}")
    what = f"{what}, d {d:.3f}, d_S {d_S:.3f}, {counts:.0f} counts, {side}, σ_G {sigma:.5f}"
    return Case(kind, pattern, truth, what, known)


def judge(case: Case, budget: float) -> tuple[str, str]:
    """Fit a pattern, and compare the result with the truth."""
    options = {"budget": budget} | ({} if case.resolution is None else {"resolution": case.resolution})
    try:
        fit = slxrd.fit(case.pattern, **options)
    except slxrd.SlxrdError as error:
        return "refused", str(error)[:120]
    single, grade = fit.stack.coherent == 1, fit.assessment.grade
    quoted = {name for name in ("L", "period") if {**fit.parameters, **fit.derived}[name].error is not None}
    if not single and case.kind == "film" and quoted:
        return "wrong", f"{grade}: taken for M = {fit.stack.coherent}, with {', '.join(sorted(quoted))}"
    name = "thickness" if case.kind == "film" else "period"
    if single and case.kind == "stack":
        stated = fit.derived["thickness"].error is not None
        return ("wrong" if stated else "refused"), f"{grade}: taken for a film"
    return covered(case, grade, fit.reduced_chi2, fit.derived[name])


def covered(case: Case, grade: str, chi2: float, estimate: slxrd.Estimate) -> tuple[str, str]:
    """Compare an estimate with the truth."""
    text = f"{grade}, χ² {chi2:.2f}: {estimate.value} ± {estimate.error} for {case.truth:.2f}"
    if estimate.value is None or estimate.error is None:
        return "refused", text
    pieces = estimate.interval_95 or (
        (estimate.value - 1.96 * estimate.error, estimate.value + 1.96 * estimate.error),
    )
    outside = min(
        max(low - case.truth, case.truth - high) / max((high - low) / 2.0, 1e-9) for low, high in pieces
    )
    return ("right" if outside <= 0.0 else "near" if outside <= 1.0 else "wrong"), text


def main() -> None:
    """Fit the patterns, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", nargs="?", type=int, default=200)
    parser.add_argument("first", nargs="?", type=int, default=0)
    parser.add_argument("--budget", type=float, default=DEFAULT_BUDGET, help="s of processor")
    parser.add_argument("--kind", choices=("film", "stack"), help="only these")
    parser.add_argument("--fits", action="store_true", help="print every fit")
    arguments = parser.parse_args()
    Budget.__init__.__defaults__ = (math.inf, time.process_time)
    results: Counter[tuple[str, str]] = Counter()
    begun = time.perf_counter()
    for seed in range(arguments.first, arguments.first + arguments.count):
        case = draw(seed)
        if arguments.kind not in (None, case.kind):
            continue
        start = time.process_time()
        verdict, text = judge(case, arguments.budget)
        results[case.kind, verdict] += 1
        if arguments.fits or verdict == "wrong":
            seconds = time.process_time() - start
            print(
                f"{seed:4d} {case.kind} {verdict}: {text} [{case.what}; given {case.resolution}] "
                f"{seconds:.0f} s",
                flush=True,
            )
    verdicts = ("right", "near", "wrong", "refused")
    print(f"| {'':8s} | " + " | ".join(f"{name:>8s}" for name in ("patterns", *verdicts)) + " |")
    print("| --- |" + " ---: |" * 5)
    for kind in ("film", "stack"):
        total = sum(results[kind, verdict] for verdict in verdicts)
        shares = [f"{100.0 * results[kind, v] / max(total, 1):6.1f} %" for v in verdicts]
        print(f"| {kind:8s} | {total:8d} | " + " | ".join(f"{share:>8s}" for share in shares) + " |")
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
