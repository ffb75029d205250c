"""Stacks that depart from the model in one way, by explicit sums over planes, gaps and pairs of crystals.

A crystal is a list of heights, the gaps are nodes with weights, and pairs of crystals are added one distance
after the other. Sizes, plane distances and gaps have explicit distributions, so that a departure of finite
size is a change of an input, without any expansion. Nothing is taken from the kernels of the package.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root
from scipy.stats import pearson3

FloatArray = NDArray[np.float64]
#: Step in Å⁻¹ of the sums that stand for integrals over the resolution.
STEP = 5e-4
LN2 = math.log(2.0)


@dataclass(frozen=True)
class Sample:
    """A sample: lengths in Å, sizes in planes, and departures from the model, each 0 where there is none."""

    d: float
    L: float
    sigma_L: float
    N: float
    sigma_N: float
    M: int = 40
    mixed: bool = False
    departures: dict[str, float] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, float]:
        """Parameters of the model, with a zero error of 0."""
        return {name: getattr(self, name) for name in ("d", "L", "sigma_L", "N", "sigma_N")} | {"q_zero": 0.0}

    def departing(self, name: str, size: float, ends: tuple[float, float] = (1.0, 1.0)) -> Sample:
        """The same with another departure, in a region with these ends in Å⁻¹."""
        return replace(self, departures={name: size, "quarter": math.pi / sum(ends)})


CUBES = Sample(d=5.84, L=36.9, sigma_L=1.4, N=13.0, sigma_N=1.55)
SHEETS = Sample(d=3.02, L=44.4, sigma_L=0.33, N=4.0, sigma_N=0.8)
REGIONS = {"cubes": ((0.95, 1.25), (2.0, 2.3)), "sheets": ((1.7, 2.4),)}


def size_distribution(sample: Sample) -> dict[int, float]:
    """Shares of the sizes within five standard deviations, skewed or with a kurtosis.

    These shares are P exp(Σ aₖxᵏ + γx³/6) or P exp(Σ aₖxᵏ + κx⁴/24), with the coefficients aₖ of lower powers
    from the moments, which stay.
    """
    low, high = sample.N - 5.0 * sample.sigma_N, sample.N + 5.0 * sample.sigma_N
    n = np.arange(max(1, math.ceil(low)), math.floor(high) + 1)
    P = np.exp(-0.5 * ((n - sample.N) / sample.sigma_N) ** 2)
    P /= P.sum()
    for name, order in (("size_skewness", 3), ("size_kurtosis", 4)):
        if moment := sample.departures.get(name, 0.0):
            P = _with_moment(n, P, order, moment)
    return dict(zip(n.tolist(), P.tolist(), strict=True))


def _with_moment(n: NDArray[np.int64], P: FloatArray, order: int, moment: float) -> FloatArray:
    mean = P @ n
    x = (n - mean) / math.sqrt(P @ (n - mean) ** 2)
    powers = np.array([x**k for k in range(order)])

    def tilted(a: FloatArray) -> FloatArray:
        return np.asarray(P * np.exp(a @ powers + moment * x**order / math.factorial(order)))

    return tilted(root(lambda a: powers @ (tilted(a) - P), np.zeros(order), tol=1e-13).x)


def gap_distribution(sample: Sample) -> tuple[FloatArray, FloatArray]:
    """Nodes in Å and weights of the gaps: Pearson's third type where they are skewed, or two widths."""
    skewness = sample.departures.get("gap_skewness", 0.0)
    wide = sample.departures.get("wide_gaps", 0.0)
    x = np.linspace(-9.0, 9.0, 201)
    weights = pearson3.pdf(x, skewness) if skewness else np.exp(-0.5 * x**2)
    kurtosis = sample.departures.get("gap_kurtosis", 0.0)
    if kurtosis:
        # Two variances v(1 ± a) have the excess kurtosis 3a²; a is imaginary where it is negative.
        a = complex(kurtosis / 3.0) ** 0.5
        weights = sum((np.exp(-0.5 * x**2 / v) / v**0.5).real for v in (1.0 + a, 1.0 - a))
    weights = weights / weights.sum()
    gaps = sample.L + sample.sigma_L * x
    exchanged, quarter = sample.departures.get("wide_gaps_width", 0.0), sample.departures.get("quarter", 0.0)
    widths = (0.0, 5.0, 5.0 + quarter, 5.0 - quarter)
    shares = (1.0 - wide, wide, 0.5 * exchanged, -0.5 * exchanged)
    used = [(width, share) for width, share in zip(widths, shares, strict=True) if share != 0.0]
    return (
        np.concatenate([gaps + width for width, _ in used]),
        np.concatenate([share * weights for _, share in used]),
    )


def heights(n: int, d: float, relaxation: float) -> FloatArray:
    """Heights of n planes in Å; the distances at the two surfaces are longer by a fraction."""
    distances = np.full(n - 1, d)
    if n > 1:
        distances[[0, -1]] = d * (1.0 + relaxation)
    return np.concatenate(([0.0], np.cumsum(distances)))


def plane_distances(sample: Sample) -> tuple[FloatArray, FloatArray]:
    """Nodes in Å and weights of the plane distances of the crystals; the departure is the squared spread."""
    squared = sample.departures.get("strain_spread", 0.0)
    if squared == 0.0:
        return np.array([sample.d]), np.ones(1)
    x, weights = np.polynomial.hermite_e.hermegauss(5)
    # Imaginary spreads, of negative squares, have the same averages.
    spread = complex(squared) ** 0.5
    return sample.d * (1.0 + 0.003 * spread * x), weights / weights.sum()


def crystals(sample: Sample, n: int, q: FloatArray) -> tuple[NDArray[np.complex128], ...]:
    """⟨F⟩, ⟨F* e^{iqT}⟩, ⟨e^{iqT}⟩ and ⟨|F|²⟩ of crystals of n planes."""
    means = [np.zeros(q.size, np.complex128) for _ in range(4)]
    for d, weight in zip(*plane_distances(sample), strict=True):
        z = heights(n, 1.0, sample.departures.get("surface_relaxation", 0.0)) * d
        F = np.exp(1j * np.outer(q, z)).sum(axis=1)
        # Not the conjugate where d is complex.
        turned = np.exp(-1j * np.outer(q, z)).sum(axis=1) if np.iscomplexobj(z) else F.conj()
        E = np.exp(1j * q * z[-1])
        for mean, one in zip(means, (F, turned * E, E, F * turned), strict=True):
            mean += weight * one
    return tuple(means)


def stacked(
    sample: Sample, means: tuple[NDArray[np.complex128], ...], w: NDArray[np.complex128]
) -> FloatArray:
    """Intensity of a stack: its crystals, and its pairs one distance after the other."""
    F, FE, E, square = means
    total = sample.M * square.real
    between = FE * w * F
    for m in range(1, sample.M):
        total = total + (sample.M - m) * 2.0 * between.real
        between = between * (E * w)
    return np.asarray(total)


def intensity(sample: Sample, q: FloatArray) -> FloatArray:
    """Intensity of the sample at q, shape (n,), without resolution."""
    sizes = size_distribution(sample)
    gaps, weights = gap_distribution(sample)
    w = np.exp(1j * np.outer(q, gaps)) @ weights
    parts = {n: crystals(sample, n, q) for n in sizes}
    pure = sum(share * stacked(sample, parts[n], w) for n, share in sizes.items())
    means = tuple(sum(share * parts[n][k] for n, share in sizes.items()) for k in range(4))
    share_of_mixed = sample.departures.get("size_mixing", 1.0 if sample.mixed else 0.0)
    together = (1.0 - share_of_mixed) * pure + share_of_mixed * stacked(sample, means, w)  # type: ignore[arg-type]
    shorter = sample.departures.get("shorter_stacks", 0.0)
    if shorter:
        half = intensity(replace(sample, M=sample.M // 2, departures={}), q)
        together = (1.0 - shorter) * together + shorter * sample.M / (sample.M // 2) * half
    alone = sample.departures.get("unstacked", 0.0)
    return np.asarray((1.0 - alone) * together + alone * sample.M * means[3].real)


@dataclass(frozen=True)
class Measurement:
    """A diffractometer: σ_G in Å⁻¹, Lorentzian share, share of a second line, smooth factor."""

    sigma_G: float = 0.007
    lorentzian: float = 0.0
    second: float = 0.0
    ratio: float = 1.540593 / 1.544427
    factor: Callable[[FloatArray], FloatArray] = np.ones_like

    def line(self, x: FloatArray) -> FloatArray:
        """Weights of the line; the Lorentzian has the half width of the Gaussian, and ends at 30 of them."""
        half = self.sigma_G * math.sqrt(2.0 * LN2)
        gaussian = np.exp(-0.5 * (x / self.sigma_G) ** 2)
        tails = np.where(np.abs(x) <= 30.0 * half, 1.0 / (1.0 + (x / half) ** 2), 0.0)
        gaussian, tails = gaussian / gaussian.sum(), tails / tails.sum()
        return np.asarray((1.0 - self.lorentzian) * gaussian + self.lorentzian * tails)


def dilated(sample: Sample, q: FloatArray) -> FloatArray:
    """Intensity of stacks of which one half is longer in all distances, the other shorter.

    The departure is the square of the relative change, in units of (0.004)².
    """
    squared = sample.departures.get("order_broadening", 0.0)
    if squared == 0.0:
        return intensity(sample, q)
    total = np.zeros(q.size)
    for sign in (1.0, -1.0):
        r = 1.0 + sign * 0.004 * squared**0.5
        stack = replace(sample, d=r * sample.d, L=r * sample.L, sigma_L=r * sample.sigma_L, departures={})
        total += 0.5 * intensity(stack, q)
    return total


def measured(sample: Sample, ends: tuple[float, float], every: int, how: Measurement) -> FloatArray:
    """Intensity at every so many steps from the first to the last end, as it is measured."""
    first, last = (round(end / STEP) for end in ends)
    reach = 520 if how.lorentzian else 160  # 11 σ_G of a Gaussian
    total = np.zeros(last - first + 1)
    for share, ratio in ((1.0 - how.second, 1.0), (how.second, how.ratio)):
        if share != 0.0:
            grid = ratio * STEP * np.arange(first - reach, last + reach + 1)
            line = how.line(ratio * STEP * np.arange(-reach, reach + 1))
            total += share * np.convolve(how.factor(grid) * dilated(sample, grid), line, "valid")
    return total[::every]
