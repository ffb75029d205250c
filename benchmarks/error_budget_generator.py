"""Simulated cubes and sheets that depart from the model of the fit in one way each.

Nothing here is from slxrd. A stack is M crystals with independent gaps; its mean intensity follows from the
averages over cells of a crystal and the gap above it (docs/physics.md), with amplitudes summed plane by plane
and the characteristic function of the gap distribution. :func:`explicit` is the same average over drawn
stacks, to check the formula.

The size of a departure is drawn from a uniform distribution over the range in :data:`DEPARTURES`. What the
true values are where a departure changes their meaning is written at :func:`truth`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
#: Cu Kα₁ over Kα₂; q is calculated from Kα₁.
KALPHA = 1.540593 / 1.544427
RESOLUTION = 0.007
STEP = 0.003
#: Ranges of the parameters in Å and planes, uniform; W is the lateral extension of a crystal.
SAMPLES = {
    "cubes": {"d": (5.7, 5.98), "N": (11.5, 14.5), "sigma_N": (1.2, 1.9), "L": (34.5, 39.5),
              "sigma_L": (1.2, 1.6), "W": (70.0, 85.0)},
    "sheets": {"d": (2.95, 3.1), "N": (3.6, 4.4), "sigma_N": (0.65, 0.95), "L": (42.0, 47.0),
               "sigma_L": (0.28, 0.4), "W": (60.0, 120.0)},
}  # fmt: skip
M = 40
#: Half width of a region in Å⁻¹ times d/(2π), and the Bragg orders measured.
HALF_WIDTH = {"cubes": 0.186, "sheets": 0.216}
ORDERS = {"cubes": (1, 2), "sheets": (1,)}

#: Departures with the range of their size, and its meaning.
DEPARTURES: dict[str, tuple[tuple[float, float], str]] = {
    "none": ((0.0, 0.0), "the model of the fit"),
    "relaxed surface": ((0.005, 0.03), "outermost plane distances shorter by this fraction"),
    "skewed gaps": ((0.3, 1.3), "skewness of gamma-distributed gaps, mean and width as stated"),
    "wider gaps": ((0.05, 0.15), "fraction of gaps that are 3 to 7 Å wider"),
    "unstacked crystals": ((0.1, 0.3), "fraction of crystals that scatter alone"),
    "Kα2": ((0.3, 0.5), "intensity of Kα₂ over Kα₁"),
    "form factor": ((5.0, 12.0), "B in Å² of an amplitude exp(−B (q/4π)²): Pb or Br with thermal motion"),
    "impurity peak": ((0.02, 0.1), "height of a foreign peak on a flank over the maximum of its region"),
    "smooth background": ((0.02, 0.1), "height of a decay and a hump over the maximum"),
    "resolution": ((0.1, 0.3), "relative error of the resolution, of either sign"),
    "Lorentzian tails": ((0.1, 0.3), "Lorentzian share of a pseudo-Voigt resolution of the same width"),
    "tilt": ((0.6, 1.4), "standard deviation in degrees of the tilt of each crystal about a lateral axis"),
    "mixed sizes": ((1.0, 1.0), "sizes at random within a stack"),
    "spread of M": ((12.0, 40.0), "mean of M, log-normal with a relative standard deviation of 0.3 to 0.6"),
    "strain": ((0.005, 0.02), "strain of the bottom plane, fading over 1 to 3 planes"),
    "spread of d": ((0.003, 0.01), "relative standard deviation of d from stack to stack"),
    "skewed sizes": ((0.3, 0.7), "shape of shifted log-normal sizes, mean and width as stated"),
    "two populations": ((0.15, 0.5), "weight of a second population, 2 to 4 σ_N larger, over the first"),
    "boxcar": ((3.0, 7.0), "points of a moving average; σ is that of the smoothed data"),
    "Savitzky–Golay": ((5.0, 11.0), "points of a quadratic Savitzky–Golay filter; σ of the smoothed data"),
    "finer grid": ((2.0, 4.0), "points per measured point, after interpolation"),
    "noise level": ((1.5, 2.5), "stated over true σ, or true over stated"),
    "zero error": ((0.001, 0.004), "q_zero in Å⁻¹, of either sign, with the first order only"),
}


@dataclass(frozen=True)
class Case:
    """A sample, its departure and its measurement: lengths in Å, q in Å⁻¹."""

    sample: str
    departure: str
    size: float
    second: float
    sign: float
    d: float
    N: float
    sigma_N: float
    L: float
    sigma_L: float
    W: float
    counting: bool
    noise: float
    seed: int

    @property
    def regions(self) -> tuple[tuple[float, float], ...]:
        """The measured regions, around Bragg peaks."""
        q1 = 2.0 * np.pi / self.d
        orders = (1,) if self.departure == "zero error" else ORDERS[self.sample]
        half = HALF_WIDTH[self.sample] * q1
        return tuple((round(n * q1 - half, 3), round(n * q1 + half, 3)) for n in orders)


def draw(number: int, sample: str, departure: str) -> Case:
    """Draw a case; the same number gives the same sample, noise level and seed for every departure."""
    random = np.random.default_rng([14, number, list(SAMPLES).index(sample)])
    values = {name: float(random.uniform(*ends)) for name, ends in SAMPLES[sample].items()}
    noise = float(random.uniform(0.01, 0.02))
    own = np.random.default_rng([15, number, list(SAMPLES).index(sample), list(DEPARTURES).index(departure)])
    low, high = DEPARTURES[departure][0]
    return Case(sample, departure, float(own.uniform(low, high)), float(own.uniform()),
                float(own.choice([-1.0, 1.0])), **values, counting=number % 2 == 1, noise=noise,
                seed=number)  # fmt: skip


def sizes(case: Case) -> tuple[Array, Array]:
    """Return the numbers of planes that occur, and their fractions, each of shape (s,)."""
    n = np.arange(1, int(case.N + 12.0 * case.sigma_N + 6.0)).astype(float)
    x = (n - case.N) / case.sigma_N
    weights = np.exp(-0.5 * x**2)
    if case.departure == "skewed sizes":
        spread = np.exp(case.size**2)
        scale = case.sigma_N / np.sqrt((spread - 1.0) * spread)
        y = np.maximum(n - (case.N - scale * np.sqrt(spread)), 1e-9)
        weights = np.exp(-0.5 * (np.log(y / scale) / case.size) ** 2) / y
    elif case.departure == "two populations":
        weights = weights + case.size * np.exp(-0.5 * (x - 2.0 - 2.0 * case.second) ** 2)
    kept = weights > 1e-7 * weights.max()
    return n[kept], weights[kept] / weights[kept].sum()


def heights(case: Case, n: float, d: float) -> Array:
    """Return the heights in Å of the planes of a crystal, the lowest at 0, shape (n,)."""
    k = np.arange(int(n))
    steps = np.full(max(k.size - 1, 0), d)
    if case.departure == "relaxed surface" and steps.size:
        steps[[0, -1]] *= 1.0 - case.size
    z = np.concatenate([[0.0], np.cumsum(steps)])
    if case.departure == "strain":
        depth = 1.0 + 2.0 * case.second
        z = z + case.size * d * depth * (1.0 - np.exp(-k / depth))
    return np.asarray(z)


def gap_transform(case: Case, q: Array) -> Complex:
    """Return the characteristic function ⟨exp(iqg)⟩ of the gaps, shape (n,)."""
    if case.departure == "skewed gaps":
        shape = 4.0 / case.size**2
        scale = case.sigma_L / np.sqrt(shape)
        return np.asarray(np.exp(1j * q * (case.L - shape * scale)) * (1.0 - 1j * q * scale) ** -shape)
    gaussian = np.exp(1j * q * case.L - 0.5 * (q * case.sigma_L) ** 2)
    if case.departure == "wider gaps":
        extra = 3.0 + 4.0 * case.second
        return np.asarray(gaussian * (1.0 - case.size + case.size * np.exp(1j * q * extra)))
    return np.asarray(gaussian)


def draw_gaps(case: Case, shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """Draw gaps in Å, with :func:`gap_transform` as their characteristic function."""
    if case.departure == "skewed gaps":
        k = 4.0 / case.size**2
        scale = case.sigma_L / np.sqrt(k)
        return np.asarray(case.L - k * scale + random.gamma(k, scale, shape))
    gaps = random.normal(case.L, case.sigma_L, shape)
    if case.departure == "wider gaps":
        gaps += (3.0 + 4.0 * case.second) * (random.uniform(size=shape) < case.size)
    return np.asarray(gaps)


def _pairs(case: Case) -> tuple[float, Array]:
    """Return the mean number of crystals in a stack, and of pairs that are m = 1, 2, ... cells apart."""
    if case.departure != "spread of M":
        return float(M), np.asarray(M - np.arange(1.0, M))
    counts = np.arange(2.0, 4.0 * M)
    shape2 = np.log(1.0 + (0.3 + 0.3 * case.second) ** 2)
    weights = np.exp(-0.5 * (np.log(counts / case.size) + 0.5 * shape2) ** 2 / shape2) / counts
    weights /= weights.sum()
    pairs = [float(weights @ np.maximum(counts - m, 0.0)) for m in range(1, counts.size)]
    return float(weights @ counts), np.asarray(pairs)


def _stack_sum(tau: Complex, pairs: Array) -> Complex:
    """Return Σ c_m τ^(m−1) by Horner's scheme."""
    total = np.zeros_like(tau)
    for c in pairs[::-1].tolist():
        total = total * tau + c
    return total


#: Averages over cells: ⟨|f|²⟩, ⟨f* exp(iqt)⟩, ⟨f⟩ and ⟨exp(iqt)⟩, each of shape (n,).
Cell = tuple[Array, Complex, Complex, Complex]


def _cell(case: Case, q: Array, n: float, d: float) -> Cell:
    z = heights(case, n, d)
    w = gap_transform(case, q)
    if case.departure != "tilt":
        f = np.exp(1j * np.outer(q, z)).sum(axis=1)
        end = np.exp(1j * q * z[-1]) * w
        return np.abs(f) ** 2, f.conj() * end, f, end
    # A plane of width W, tilted by α, scatters sin(x)/x with x = q W sin(α)/2; heights shrink by cos α.
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    sums: list[Complex] = [np.zeros(q.size, complex) for _ in range(4)]
    for node, weight in zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True):
        angle = np.deg2rad(case.size) * node
        f = np.sinc(q * case.W * np.sin(angle) / (2.0 * np.pi)) * np.exp(
            1j * np.outer(q, z * np.cos(angle))).sum(axis=1)  # fmt: skip
        end = np.exp(1j * q * z[-1] * np.cos(angle)) * w
        for total, value in zip(sums, (np.abs(f) ** 2, f.conj() * end, f, end), strict=True):
            total += weight * value
    return sums[0].real, sums[1], sums[2], sums[3]


def _intensity(case: Case, q: Array, d: float) -> Array:
    numbers, fractions = sizes(case)
    mean, pairs = _pairs(case)
    cells = [_cell(case, q, n, d) for n in numbers.tolist()]
    if case.departure == "mixed sizes":
        averages = [sum(p * np.asarray(cell[i]) for p, cell in zip(fractions.tolist(), cells, strict=True))
                    for i in range(4)]  # fmt: skip
        fractions, cells = np.ones(1), [tuple(averages)]  # type: ignore[list-item]
    alone = case.size if case.departure == "unstacked crystals" else 0.0
    total = np.zeros(q.size)
    for p, (square, phi, f, tau) in zip(fractions.tolist(), cells, strict=True):
        stacked = square + 2.0 * (phi * f * _stack_sum(tau, pairs)).real / mean
        total += p * ((1.0 - alone) * stacked + alone * square)
    return total


def intensity(case: Case, q: Array) -> Array:
    """Return the mean intensity per crystal, without instrument, noise and background, shape (n,)."""
    if case.departure == "spread of d":
        nodes, weights = np.polynomial.hermite_e.hermegauss(15)
        total = np.zeros(q.size)
        for node, weight in zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True):
            total += weight * _intensity(case, q, case.d * (1.0 + case.size * node))
        return total
    total = _intensity(case, q, case.d)
    if case.departure == "form factor":
        total = total * np.exp(-2.0 * case.size * (q / (4.0 * np.pi)) ** 2)
    return total


def explicit(case: Case, q: Array, stacks: int, random: np.random.Generator) -> Array:
    """Return the mean intensity per crystal of drawn stacks of one size each, shape (n,)."""
    numbers, fractions = sizes(case)
    total = np.zeros(q.size)
    for n in random.choice(numbers, size=stacks, p=fractions).tolist():
        amplitude, origin = np.zeros(q.size, complex), 0.0
        z = heights(case, n, case.d)
        form = np.exp(1j * np.outer(q, z)).sum(axis=1)
        for gap in draw_gaps(case, (M,), random).tolist():
            angle = 0.0
            crystal = form
            if case.departure == "tilt":
                angle = float(random.normal(0.0, np.deg2rad(case.size)))
                crystal = np.sinc(q * case.W * np.sin(angle) / (2.0 * np.pi)) * np.exp(
                    1j * np.outer(q, z * np.cos(angle))).sum(axis=1)  # fmt: skip
            amplitude += np.exp(1j * q * origin) * crystal
            origin += z[-1] * np.cos(angle) + gap
        total += np.abs(amplitude) ** 2 / (M * stacks)
    return total


def truth(case: Case) -> dict[str, float]:
    """Return the true values in Å and planes.

    Notes
    -----
    Where a departure changes the meaning of a quantity:

    - relaxed surface: d is the distance of inner planes, L the distance from the last plane to the first
      of the next crystal; thickness and period are the true means, shorter than (N−1)d + L.
    - strain: d is the mean plane distance of a crystal of N planes.
    - skewed gaps: L and σ_L are mean and standard deviation.
    - wider gaps: L and σ_L are those of the normal gaps, and the period that of cells with a normal gap.
    - skewed sizes, two populations: N and σ_N are mean and standard deviation over all crystals.
    - tilt, spread of d: d, L and the period are measured along the normal of an untilted mean crystal.
    """
    N, sigma_N, d = case.N, case.sigma_N, case.d
    if case.departure in ("skewed sizes", "two populations"):
        n, p = sizes(case)
        N = float(n @ p)
        sigma_N = float(np.sqrt((n - N) ** 2 @ p))
    thickness = (N - 1.0) * d
    if case.departure == "relaxed surface":
        n, p = sizes(case)
        thickness -= case.size * d * float(np.minimum(np.maximum(n - 1.0, 0.0), 2.0) @ p)
    if case.departure == "strain":
        depth = 1.0 + 2.0 * case.second
        thickness += case.size * d * depth * (1.0 - np.exp(-(N - 1.0) / depth))
        d = thickness / (N - 1.0)
    return {"d": d, "L": case.L, "sigma_L": case.sigma_L, "N": N, "sigma_N": sigma_N,
            "thickness": thickness, "period": thickness + case.L}  # fmt: skip


def smeared(case: Case, q: Array, curve: Callable[[Array], Array]) -> Array:
    """Return the curve after the resolution, at the measured q, shape (n,)."""
    width = RESOLUTION * (1.0 + case.sign * case.size if case.departure == "resolution" else 1.0)
    fine, share = 0.001, case.size if case.departure == "Lorentzian tails" else 0.0
    reach = round((0.4 if share else 6.0 * width) / fine)
    offsets = np.arange(-reach, reach + 1) * fine
    kernel = np.exp(-0.5 * (offsets / width) ** 2)
    half = width * np.sqrt(2.0 * np.log(2.0))
    tails = 1.0 / (1.0 + (offsets / half) ** 2)
    kernel = (1.0 - share) * kernel / kernel.sum() + share * tails * fine / (np.pi * half)
    grid = np.arange(q[0] - (reach + 2) * fine, q[-1] + (reach + 3) * fine, fine)
    return np.asarray(np.interp(q, grid, np.convolve(curve(grid), kernel, "same")))
