"""What cells are made of: the planes of crystals, how far their surfaces stand out, and the gaps."""

from __future__ import annotations

import numpy as np

from slxrd.kernel.jitable import jitable
from slxrd.kernel.sample import BOTTOM, REPEAT

_FOUR_PI = 4.0 * np.pi


@jitable
def value(p, index, otherwise):  # type: ignore[no-untyped-def]
    """A parameter, or what stands for one that the structure does not have."""
    return p[index] if index >= 0 else otherwise


@jitable
def _heights(p, s):  # type: ignore[no-untyped-def]
    """Heights of the planes in Å, each from the origin of its part."""
    heights = np.empty(s.position.size)
    for k in range(heights.size):
        heights[k] = s.position[k] * p[s.own[s.crystal[k], 0]] + s.shift[k]
        if s.displacement[k] >= 0:
            heights[k] += s.sign[k] * p[s.displacement[k]]
    return heights


@jitable
def planes(p, q, delta, s):  # type: ignore[no-untyped-def]
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
    heights = _heights(p, s)
    for k in range(count):
        factor = value(p, s.contrast, 1.0) if s.crystal[k] == 1 else 1.0
        phased = factor * damping * np.exp(1j * q * heights[k])
        slope[k] = (slope[k] + by_q * bare[k]) * phased
        bare[k] = bare[k] * phased
    return bare, slope, heights


@jitable
def parts(bare, s, crystal):  # type: ignore[no-untyped-def]
    """Amplitudes of the bottom, the repeat and the top of a crystal, shape (3, n)."""
    total = np.zeros((3, bare.shape[1]), np.complex128)
    for k in range(s.position.size):
        if s.crystal[k] == crystal:
            total[s.part[k]] += bare[k]
    return total


@jitable
def surfaces(p, s, heights, crystal):  # type: ignore[no-untyped-def]
    """How far the surfaces of a crystal stand out below and above its planes of reference, in Å."""
    low, high = s.lowest[crystal], s.highest[crystal]
    below = -heights[low] if s.part[low] == BOTTOM else 0.0
    above = heights[high]
    if s.part[high] != REPEAT:
        above += (1 - s.closing[crystal]) * p[s.own[crystal, 0]]
    return below, above


@jitable
def gap(p, q, s, heights, crystal):  # type: ignore[no-untyped-def]
    """What the gap above a crystal gives: w, c, s and ⟨|B|²⟩, and what their derivatives need."""
    following = (crystal + 1) % s.closing.size
    _, above = surfaces(p, s, heights, crystal)
    below, _ = surfaces(p, s, heights, following)
    L = p[1] + (value(p, s.wider, 0.0) if crystal == 1 else 0.0)
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
    return w, rho, box, grown, missing, width, above, below


@jitable
def move_surface(rows, p, s, plane, change, way, crystal):  # type: ignore[no-untyped-def]
    """Add what a surface does that stands out farther, ``change`` per Å, where its outermost plane moves."""
    place = s.position[plane]
    if way < 0.0:
        if s.part[plane] != BOTTOM:
            return
    elif s.part[plane] != REPEAT:
        place += 1 - s.closing[crystal]
    rows[1 + s.own[crystal, 0]] += way * place * change
    if s.displacement[plane] >= 0:
        rows[1 + s.displacement[plane]] += way * s.sign[plane] * change


@jitable
def fill_occupancies(rows, p, q, delta, s, heights, out, crystal):  # type: ignore[no-untyped-def]
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
