"""Stacks of atomic crystals atom by atom: what the general kernel must give back.

Written from docs/stacks-theory.md and docs/crystals.md, not from the kernel: a crystal is a list of planes
with explicit heights, a gap is given by quadrature nodes, and the crystals of a stack are gone through one by
one. Three ways, each a test of the next: random stacks, every stack that there can be (sizes × nodes of the
gaps), and a double sum over the pairs of crystals. No closed sum, no closed Gaussian average.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import roots_genlaguerre
from scipy.stats import skewnorm

from slxrd.sample.crystal import Crystal
from slxrd.sample.form_factors import scattering
from slxrd.sample.stack import Stack

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Values = Mapping[str, float]

NODES = 48


@dataclass(frozen=True)
class Body:
    """One crystal: share of its size, amplitude, (N−1)d, and what its surfaces stand out below and above."""

    share: float
    amplitude: ComplexArray
    length: float
    below: float
    above: float


@dataclass(frozen=True)
class Gap:
    """A gap and the slab in it: mean and standard deviation in Å, electrons per Å of the surface cell.

    A ``profile`` replaces the slab: electrons per Å at heights, shape (w, z), for widths of shape (w, 1). The
    width is Gaussian unless it has a ``skewness``, which is that of a gamma or a ``skew_normal`` law,
    or a ``share`` of the gaps is ``wider``.
    """

    L: float
    sigma_L: float
    density: float
    profile: Callable[[FloatArray, FloatArray], FloatArray] | None = None
    skewness: float = 0.0
    share: float = 0.0
    wider: float = 0.0
    skew_normal: float = 0.0

    @property
    def law(self) -> Any:
        """The skew normal distribution of this mean, standard deviation and skewness, by its shape."""
        shape = brentq(lambda a: float(skewnorm.stats(a, moments="s")) - self.skew_normal, -50.0, 50.0)
        mean, variance = skewnorm.stats(shape, moments="mv")
        scale = self.sigma_L / np.sqrt(variance)
        return skewnorm(shape, loc=self.L - scale * mean, scale=scale)

    def nodes(self, number: int) -> tuple[FloatArray, FloatArray]:
        """Places and weights of a quadrature over the widths."""
        if self.skewness:
            shape = 4.0 / self.skewness**2
            x, w = genlaguerre(number, shape - 1.0)
            return self.L + (x - shape) * self.sigma_L * self.skewness / 2.0, w / w.sum()
        if self.skew_normal and self.sigma_L:
            x = np.linspace(self.L - 12.0 * self.sigma_L, self.L + 12.0 * self.sigma_L, 4 * number)
            w = self.law.pdf(x)
            return x, w / w.sum()
        x, w = nodes(self.L, self.sigma_L, number)
        if not self.share:
            return x, w
        return np.concatenate((x, x + self.wider)), np.concatenate(((1.0 - self.share) * w, self.share * w))

    def draw(self, rng: np.random.Generator, size: tuple[int, ...]) -> FloatArray:
        """Random widths."""
        if self.skewness:
            shape = 4.0 / self.skewness**2
            return self.L + (rng.gamma(shape, size=size) - shape) * self.sigma_L * self.skewness / 2.0
        if self.skew_normal:
            return np.asarray(self.law.rvs(size=size, random_state=rng))
        return rng.normal(self.L, self.sigma_L, size) + self.wider * (rng.random(size) < self.share)


@dataclass(frozen=True)
class Layer:
    """What comes again and again in a stack: a crystal of any of its sizes, and the gap above it."""

    bodies: tuple[Body, ...]
    gap: Gap


def shares(N: float, sigma_N: float, window: float, power: int, smallest: int) -> dict[int, float]:
    """P_n n^power over whole n within ``window`` σ_N of N and the two next to N; σ_N > 0."""
    sizes = [
        n
        for n in range(smallest, math.ceil(N + window * sigma_N) + 2)
        if abs(n - N) <= window * sigma_N or n in (math.floor(N), math.ceil(N))
    ] or [smallest]
    # The smallest exponent is taken out, so that narrow distributions do not vanish.
    exponents = [0.5 * ((n - N) / sigma_N) ** 2 for n in sizes]
    raw = [math.exp(min(exponents) - e) * n**power for n, e in zip(sizes, exponents, strict=True)]
    return {n: one / sum(raw) for n, one in zip(sizes, raw, strict=True)}


def atoms(
    crystal: Crystal, n: int, d: float, values: Values
) -> Iterator[tuple[float, list[tuple[str, float, float]]]]:
    """Planes of a crystal from the bottom up: height in Å; species, number and B of the atoms."""
    planes = crystal.planes(n)
    for k, plane in enumerate(planes):
        outermost = k in (0, len(planes) - 1)
        name = "surface" if outermost else "".join(c for c in str(plane) if c.isalnum() or c == "_")
        move = values.get(f"shift_{name}", 0.0) * (-1.0 if outermost and k == 0 else 1.0)
        above = plane.position - math.floor(plane.position + 1e-6)
        if not outermost and abs(above - 0.5) > 1e-6:
            move += values.get(f"apart_{name}", 0.0) * (1.0 if above < 0.5 else -1.0)
        sites = []
        for site in plane.sites:
            element = "".join(c for c in site.species if c.isalpha())
            occupancy = values.get(f"occ_{name}_{element}", site.occupancy)
            sites.append((site.species, site.count * occupancy, site.B + values.get("B", 0.0)))
        yield plane.position * d + plane.shift + move, sites


def body(
    crystal: Crystal | None,
    n: int,
    share: float,
    d: float,
    values: Values,
    q: FloatArray,
    wavelength: float | None,
) -> Body:
    """A crystal of n planes of reference; without a crystal the planes are points."""
    if crystal is None:
        total = sum((np.exp(1j * q * k * d) for k in range(n)), np.zeros(q.size, complex))
        return Body(share, total, (n - 1) * d, 0.0, 0.0)
    listed = list(atoms(crystal, n, d, values))
    total = np.zeros(q.size, complex)
    for height, sites in listed:
        for species, number, B in sites:
            one = scattering(species, np.abs(q), wavelength) * np.exp(-B * (q / (4.0 * np.pi)) ** 2)
            total += number * one * np.exp(1j * q * height)
    return Body(share, total, (n - 1) * d, -listed[0][0], listed[-1][0] - (n - 1) * d)


def layers(stack: Stack, values: Values, q: FloatArray, wavelength: float | None) -> list[Layer]:
    """The layers of a stack, one or two."""
    of_planes = [name for name in stack.extras if name.startswith(("occ_", "shift_", "apart_"))]
    area = 1.0 if stack.crystal is None or stack.crystal.area is None else stack.crystal.area
    density = area * values.get("rho", 0.0)
    power = 2 if stack.weighting == "volume" else 0

    def made(crystal: Crystal | None, end: str, own: Values, factor: float, wider: float) -> Layer:
        # Where the outermost planes are distinct from the others there must be two of them.
        smallest = 1
        if crystal is not None:
            smallest = max(1, crystal.closing)
            distinct = any(name.endswith("_B") == bool(end) for name in of_planes)
            while distinct and len(crystal.planes(smallest)) < 2:
                smallest += 1
        found = shares(values["N" + end], values["sigma_N" + end], stack.size_window, power, smallest)
        bodies = []
        for n, share in found.items():
            one = body(crystal, n, share, values["d" + end], own, q, wavelength)
            bodies.append(Body(share, factor * one.amplitude, one.length, one.below, one.above))
        gap = Gap(values["L"] + wider, values["sigma_L"], density)
        if "wide_L" in values:
            gap = replace(gap, share=values["wide_L"], wider=values["widening_L"])
        skewed = replace(
            gap, skewness=values.get("skew_L", 0.0), skew_normal=values.get("skew_normal_L", 0.0)
        )
        return Layer(tuple(bodies), skewed)

    first = made(stack.crystal, "", values, 1.0, 0.0)
    if not stack.alternating:
        return [first]
    factor = values.get("f_B", 1.0)
    if stack.partner is not None and stack.crystal is not None and stack.partner.area is not None:
        # By surface cell of the first crystal.
        factor *= area / stack.partner.area
    own = {"B": values.get("B", 0.0)}
    own |= {name.removesuffix("_B"): values[name] for name in of_planes if name.endswith("_B")}
    return [first, made(stack.partner, "_B", own, factor, values.get("dL_B", 0.0))]


def slab(gap: Gap, q: FloatArray, width: FloatArray) -> ComplexArray:
    """∫₀^width ρ e^{iqz} dz = ρ·width·e^{iq·width/2}·sinc, shape (widths, n); of a profile by quadrature."""
    if gap.profile is not None:
        x, weights = np.polynomial.legendre.leggauss(96)
        z = 0.5 * width[:, None] * (1.0 + x)
        lit = 0.5 * width[:, None] * weights * gap.profile(z, width[:, None])
        return np.einsum("wz,wzn->wn", lit, np.exp(1j * z[..., None] * q))
    half = 0.5 * np.multiply.outer(width, q)
    return np.asarray(gap.density * width[..., None] * np.exp(1j * half) * np.sinc(half / np.pi))


hermegauss = cache(np.polynomial.hermite_e.hermegauss)
genlaguerre = cache(roots_genlaguerre)


def nodes(mean: float, spread: float, number: int = NODES) -> tuple[FloatArray, FloatArray]:
    """Gauss-Hermite places and weights of a normal distribution."""
    if spread == 0.0:
        return np.array([mean]), np.array([1.0])
    x, w = hermegauss(number)
    return mean + spread * x, w / w.sum()


def pair_sum(
    cells: list[Layer], M: int, q: FloatArray, sigma_u: float, mixed: bool
) -> tuple[FloatArray, FloatArray]:
    """Mean intensity of M times the layers by the double sum over crystals, and that of bare ones apart."""
    if not mixed:
        (layer,) = cells
        total, alone = np.zeros(q.size), np.zeros(q.size)
        for one in layer.bodies:
            same = Layer((Body(1.0, one.amplitude, one.length, one.below, one.above),), layer.gap)
            stacked, bare = pair_sum([same], M, q, sigma_u, True)
            total, alone = total + one.share * stacked, alone + one.share * bare
        return total, alone
    sequence = cells * M
    met = [_averages(layer, cells[(k + 1) % len(cells)], q) for k, layer in enumerate(cells)]
    total, alone = np.zeros(q.size), np.zeros(q.size)
    damped = np.exp(-((q * sigma_u) ** 2))
    for i in range(len(sequence)):
        _, square, uncovered, onward, _ = met[i % len(cells)]
        total += square.real
        alone += uncovered.real
        walked = onward
        for j in range(i + 1, len(sequence)):
            f, _, _, _, step = met[j % len(cells)]
            total += 2.0 * np.real(walked * f) * damped
            walked = walked * step
    return total, alone


def _averages(layer: Layer, above: Layer, q: FloatArray) -> tuple[ComplexArray, ...]:
    """⟨f⟩, ⟨|f|²⟩, ⟨|F|²⟩, ⟨f* e^{iqt}⟩ and ⟨e^{iqt}⟩ over sizes and the nodes of the gap."""
    widths, weights = layer.gap.nodes(NODES)
    total = [np.zeros(q.size, complex) for _ in range(5)]
    for one in layer.bodies:
        free = widths - one.above - above.bodies[0].below
        filled = np.exp(1j * q * (one.length + one.above)) * slab(layer.gap, q, free)
        f = one.amplitude + filled
        onward = np.exp(1j * q * (one.length + widths[:, None]))
        kinds = (f, np.abs(f) ** 2, np.abs(one.amplitude) ** 2 + 0 * f, f.conj() * onward, onward)
        for k, kind in enumerate(kinds):
            total[k] = total[k] + one.share * np.tensordot(weights, kind, axes=1)
    return tuple(total)


def expected(
    stack: Stack,
    values: Values,
    q: FloatArray,
    wavelength: float | None = None,
    profile: Callable[[FloatArray, FloatArray], FloatArray] | None = None,
) -> FloatArray:
    """Mean intensity by the pair sum, with several M and crystals that stand alone; no resolution."""
    true = q + values["q_zero"]
    cells = [
        replace(layer, gap=replace(layer.gap, profile=profile))
        for layer in layers(stack, values, true, wavelength)
    ]
    u = values.get("unstacked", 0.0)
    total = np.zeros(q.size)
    for M, share in zip(*stack.numbers(), strict=True):
        stacked, alone = pair_sum(cells, int(M), true, values.get("sigma_u", 0.0), stack.mixed)
        total += share * ((1.0 - u) * stacked + u * alone)
    return total


def stack_amplitude(
    chosen: list[Body], gaps: list[Gap], widths: FloatArray, moved: FloatArray, q: FloatArray
) -> ComplexArray:
    """Amplitudes of stacks of given crystals, shape (stacks, n); gaps and displacements are (stacks, K).

    The slab above the last crystal ends where the next crystal would begin, one of the kind of the first.
    """
    total = np.zeros((widths.shape[0], q.size), complex)
    at = np.zeros(widths.shape[0])
    for k, one in enumerate(chosen):
        free = widths[:, k] - one.above - chosen[(k + 1) % len(chosen)].below
        filled = np.exp(1j * q * (one.length + one.above)) * slab(gaps[k], q, free)
        total += np.exp(1j * np.multiply.outer(at + moved[:, k], q)) * (one.amplitude + filled)
        at = at + one.length + widths[:, k]
    return total


def every_stack(cells: list[Layer], M: int, q: FloatArray, mixed: bool, number: int) -> FloatArray:
    """Mean of |amplitude|² over all sizes and all ``number``-th order nodes of all gaps at once."""
    sequence = cells * M
    gaps = [layer.gap for layer in sequence]
    grids = [gap.nodes(number) for gap in gaps]
    widths = np.stack(np.meshgrid(*[g[0] for g in grids], indexing="ij"), axis=-1).reshape(-1, len(gaps))
    weights = np.prod(
        np.stack(np.meshgrid(*[g[1] for g in grids], indexing="ij"), axis=-1).reshape(-1, len(gaps)), axis=1
    )
    if mixed:
        choices = [
            (list(c), math.prod(b.share for b in c)) for c in itertools.product(*[s.bodies for s in sequence])
        ]
    else:
        choices = [([one] * M, one.share) for one in cells[0].bodies]
    still = np.zeros_like(widths)
    total = np.zeros(q.size)
    for chosen, share in choices:
        total += share * (weights @ np.abs(stack_amplitude(chosen, gaps, widths, still, q)) ** 2)
    return total


def random_stacks(
    rng: np.random.Generator,
    cells: list[Layer],
    M: int,
    q: FloatArray,
    mixed: bool,
    sigma_u: float,
    stacks: int,
) -> tuple[FloatArray, FloatArray]:
    """Mean of |amplitude|² over random stacks, and its standard error."""
    sequence = cells * M
    gaps = [layer.gap for layer in sequence]
    samples = np.empty((stacks, q.size))
    for s in range(stacks):
        drawn = [
            layer.bodies[rng.choice(len(layer.bodies), p=[b.share for b in layer.bodies])]
            for layer in sequence
        ]
        if not mixed:
            drawn = [drawn[0]] * M
        widths = np.array([[float(gap.draw(rng, ())) for gap in gaps]])
        moved = rng.normal(0.0, sigma_u, (1, len(gaps)))
        samples[s] = np.abs(stack_amplitude(drawn, gaps, widths, moved, q)[0]) ** 2
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / math.sqrt(stacks)
