"""Sums over the repeats of a crystal, and over pairs of cells; nothing in them is singular.

What cells are made of: the planes of crystals, how far their surfaces stand out, and the gaps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slxrd.model.kernel.arrays import ComplexArray, FloatArray, GapFunction, Sample
from slxrd.model.kernel.geometry import gap_above, heights_of, surface, value

_FOUR_PI = 4.0 * np.pi


def planes(
    p: FloatArray, q: FloatArray, delta: FloatArray, s: Sample
) -> tuple[ComplexArray, ComplexArray, FloatArray]:
    """Amplitudes of the planes with their phases, shape (p, n), and derivatives of the bare ones by q."""
    count = s.position.size
    bare = np.zeros((count, q.size), np.complex128)
    slope = np.zeros((count, q.size), np.complex128)
    for t in range(s.term_plane.size):
        c = s.amplitudes[t, :, 0] + 1j * s.amplitudes[t, :, 1]
        factor = value(p, s.term_occupancy[t], 1.0)
        k = s.term_plane[t]
        bare[k] += factor * (c[0] + delta * (c[1] + delta * (c[2] + delta * (c[3] + delta * c[4]))))
        slope[k] += factor * (c[1] + delta * (2.0 * c[2] + delta * (3.0 * c[3] + delta * 4.0 * c[4])))
    B = value(p, s.B, 0.0)
    damping = np.exp(-B * (q / _FOUR_PI) ** 2)
    by_q = -2.0 * B / _FOUR_PI**2 * q
    heights = heights_of(p, s)
    for k in range(count):
        factor = value(p, s.f_B, 1.0) if s.crystal[k] == 1 else 1.0
        phased = factor * damping * np.exp(1j * q * heights[k])
        slope[k] = (slope[k] + by_q * bare[k]) * phased
        bare[k] = bare[k] * phased
    return bare, slope, heights


def parts(bare: ComplexArray, s: Sample, crystal: int) -> ComplexArray:
    """Amplitudes of the bottom, the repeat and the top of a crystal, shape (3, n)."""
    total = np.zeros((3, bare.shape[1]), np.complex128)
    for k in range(s.position.size):
        if s.crystal[k] == crystal:
            total[s.part[k]] += bare[k]
    return total


class Gap(NamedTuple):
    """What a gap gives to the terms of ``cells``.

    ``w`` is ⟨e^{iqg}⟩; ``c``, ``s`` and ``square`` are e^{iqa}⟨B⟩, e^{iqb}⟨B* e^{iqℓ}⟩ and ⟨|B|²⟩ of a
    surface cell. ``change`` holds the derivatives of the four with respect to q (at constant phase factors),
    mean width, σ_L and the parameters of density and distribution, shape (4, 3 + f, n). The surfaces stand
    out by ``above`` (a) and ``below`` (b).
    """

    w: ComplexArray
    above: float
    below: float
    c: ComplexArray
    s: ComplexArray
    square: FloatArray
    change: ComplexArray


def gap(
    p: FloatArray, q: FloatArray, s: Sample, heights: FloatArray, crystal: int, gaps: GapFunction | None
) -> Gap:
    """What the gap above a crystal gives."""
    L, below, above = gap_above(p, s, heights, crystal)
    sigma_L = float(p[2])
    if gaps is None:
        rows = np.zeros((4, 4, q.size), np.complex128)
        rows[0] = np.exp(-0.5 * (q * sigma_L) ** 2) * np.exp(1j * q * L)
        rows[0, 1:] *= np.array([1j * L - q * sigma_L**2, 1j * q, -(q**2) * sigma_L])
    else:
        rows = gaps.averages(q, L, L - above - below, sigma_L, p)
        rows = rows * np.array([1.0, s.area, s.area, s.area**2])[:, None, None]
    rows[1] *= np.exp(1j * q * above)
    rows[2] *= np.exp(1j * q * below)
    return Gap(rows[0, 0], above, below, rows[1, 0], rows[2, 0], rows[3, 0].real, rows[:, 1:])


def move_surface(rows: FloatArray, s: Sample, crystal: int, upper: bool, change: FloatArray) -> None:
    """Add what a surface does that stands out farther, ``change`` per Å, where its outermost plane moves."""
    plane, place, counts = surface(s, crystal, upper)
    if counts:
        rows[1 + s.own[crystal, 0]] += place * change
        if s.displacement[plane] >= 0:
            rows[1 + s.displacement[plane]] += (1.0 if upper else -1.0) * s.sign[plane] * change


def fill_occupancies(
    rows: FloatArray,
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    heights: FloatArray,
    out: ComplexArray,
    crystal: int,
) -> None:
    """Add the derivatives with respect to occupancies, from those with respect to the parts of a crystal."""
    B = value(p, s.B, 0.0)
    damping = np.exp(-B * (q / _FOUR_PI) ** 2)
    factor = value(p, s.f_B, 1.0) if crystal == 1 else 1.0
    for t in range(s.term_plane.size):
        k = s.term_plane[t]
        if s.term_occupancy[t] >= 0 and s.crystal[k] == crystal:
            c = s.amplitudes[t, :, 0] + 1j * s.amplitudes[t, :, 1]
            full = c[0] + delta * (c[1] + delta * (c[2] + delta * (c[3] + delta * c[4])))
            phased = factor * damping * np.exp(1j * q * heights[k])
            rows[1 + s.term_occupancy[t]] += 2.0 * np.real(out[s.part[k]] * full * phased)


def powers(z: ComplexArray, m: int) -> ComplexArray:
    """z^m by squaring, for m ≥ 0."""
    total, base = np.ones_like(z), z.copy()
    while m > 0:
        if m & 1:
            total = total * base
        m >>= 1
        if m > 0:
            base = base * base
    return total


def repeats(r: ComplexArray, m: int) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Σ_{k<m} r^k, Σ_{k<m} k r^k and r^m, for m ≥ 0, one by one: no division, nothing singular."""
    total, slope, power = np.zeros_like(r), np.zeros_like(r), np.ones_like(r)
    for k in range(m):
        total = total + power
        slope = slope + k * power
        power = power * r
    return total, slope, power


def sums_by_doubling(
    tau: ComplexArray, M: int
) -> tuple[ComplexArray, ComplexArray, ComplexArray, ComplexArray]:
    """A_M = Σ_{m<M} τ^m, G_M and its derivative by doubling, for M ≥ 1."""
    A, dA = np.ones_like(tau), np.zeros_like(tau)
    G, dG = np.zeros_like(tau), np.zeros_like(tau)
    power, dpower, m, bit = tau.copy(), np.ones_like(tau), 1, 1
    while bit <= M:
        bit <<= 1
    bit >>= 2
    while bit > 0:
        dG = dG * (1.0 + power) + G * dpower + m * dA
        G = G * (1.0 + power) + m * A
        dA = dA * (1.0 + power) + A * dpower
        A = A * (1.0 + power)
        dpower = 2.0 * power * dpower
        power = power * power
        m *= 2
        if M & bit:
            G, dG = G + A, dG + dA
            dA = A + tau * dA
            A = 1.0 + tau * A
            dpower = dpower * tau + power
            power = power * tau
            m += 1
        bit >>= 1
    return A, dA, G, dG


def pair_sums(tau: ComplexArray, M: int, pairs: int) -> tuple[ComplexArray, ComplexArray]:
    """Σ_{m=1}^{K−1} (M−m) τ^{m−1} and its derivative, K the lesser of M and ``pairs``."""
    K = min(M, pairs)
    if K <= 1:
        return np.zeros_like(tau), np.zeros_like(tau)
    away = 1.0 - tau
    near = np.abs(away) * K < 1.0
    r = 1.0 / (away + 1.0 * near)  # what is near is worked out below
    before = powers(tau, K - 2)
    last = before * tau
    A, shorter = (1.0 - last * tau) * r, (1.0 - last) * r
    beyond = float(M - K)
    G = (K - A) * r + beyond * shorter
    dG = ((K - A) * r - (A - K * last) * r) * r + beyond * (shorter - (K - 1) * before) * r
    if near.any():
        close = tau[near]
        _, _, sums, slopes = sums_by_doubling(close, K)
        extra, extra_slope, _, _ = sums_by_doubling(close, K - 1)
        G[near], dG[near] = sums + beyond * extra, slopes + beyond * extra_slope
    return G, dG


def stacked(tau: ComplexArray, s: Sample, pairs: int) -> tuple[float, ComplexArray, ComplexArray]:
    """Mean M, and pair sums and their derivatives averaged over the numbers of crystals in a stack."""
    G, dG = np.zeros_like(tau), np.zeros_like(tau)
    mean = 0.0
    for j in range(s.numbers.size):
        one, slope = pair_sums(tau, s.numbers[j], pairs)
        G += s.shares[j] * one
        dG += s.shares[j] * slope
        mean += s.shares[j] * s.numbers[j]
    return mean, G, dG
