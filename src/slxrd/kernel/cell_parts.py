"""What cells are made of: the planes of crystals, how far their surfaces stand out, and the gaps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slxrd.kernel.geometry import gap_above, heights_of, surface, value
from slxrd.kernel.sample import ComplexArray, FloatArray, Sample

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
    B = value(p, s.damping, 0.0)
    damping = np.exp(-B * (q / _FOUR_PI) ** 2)
    by_q = -2.0 * B / _FOUR_PI**2 * q
    heights = heights_of(p, s)
    for k in range(count):
        factor = value(p, s.contrast, 1.0) if s.crystal[k] == 1 else 1.0
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

    ``grown`` is e^x, ``missing`` e^x − 1, ``box`` B of unit density, ``square`` ⟨|B|²⟩; ``width`` is ℓ,
    between surfaces that stand out by ``above`` and ``below``.
    """

    w: ComplexArray
    rho: float
    box: ComplexArray
    grown: ComplexArray
    missing: ComplexArray
    width: float
    above: float
    below: float
    c: ComplexArray
    s: ComplexArray
    square: FloatArray


def gap(p: FloatArray, q: FloatArray, s: Sample, heights: FloatArray, crystal: int) -> Gap:
    """What the gap above a crystal gives."""
    L, below, above = gap_above(p, s, heights, crystal)
    decay = np.exp(-0.5 * (q * p[2]) ** 2)
    w = decay * np.exp(1j * q * L)
    rho = s.area * value(p, s.density, 0.0)
    width = L - above - below
    x = 0.5 * q * width
    grown = np.exp(2j * x) * decay
    # e^x − 1 without loss of digits where x is small.
    less = np.expm1(-0.5 * (q * p[2]) ** 2)
    missing = (less * np.cos(2.0 * x) - 2.0 * np.sin(x) ** 2) + 1j * (decay * np.sin(2.0 * x))
    box = missing / (1j * q)
    raised, sunk = (rho * box * np.exp(1j * q * out) for out in (above, below))
    square = -2.0 * rho**2 * missing.real / q**2
    return Gap(w, rho, box, grown, missing, width, above, below, raised, sunk, square)


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
    B = value(p, s.damping, 0.0)
    damping = np.exp(-B * (q / _FOUR_PI) ** 2)
    factor = value(p, s.contrast, 1.0) if crystal == 1 else 1.0
    for t in range(s.term_plane.size):
        k = s.term_plane[t]
        if s.term_occupancy[t] >= 0 and s.crystal[k] == crystal:
            c = s.amplitudes[t, :, 0] + 1j * s.amplitudes[t, :, 1]
            full = c[0] + delta * (c[1] + delta * (c[2] + delta * (c[3] + delta * c[4])))
            phased = factor * damping * np.exp(1j * q * heights[k])
            rows[1 + s.term_occupancy[t]] += 2.0 * np.real(out[s.part[k]] * full * phased)
