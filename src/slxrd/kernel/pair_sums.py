"""Sums over the repeats of a crystal, and over pairs of cells; nothing in them is singular."""

from __future__ import annotations

import numpy as np

from slxrd.kernel.sample import ComplexArray, Sample


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


def _doubled(tau: ComplexArray, M: int) -> tuple[ComplexArray, ComplexArray, ComplexArray, ComplexArray]:
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
        _, _, sums, slopes = _doubled(close, K)
        extra, extra_slope, _, _ = _doubled(close, K - 1)
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
