"""Positions of planes and surfaces, and range of correlations, in NumPy; native/geometry.c has the same."""

from __future__ import annotations

import numpy as np

from slxrd.model.kernel.arrays import BOTTOM, REPEAT, FloatArray, Sample
from slxrd.model.kernel.size_shares import size_shares


def value(p: FloatArray, index: int, otherwise: float) -> float:
    """Return a parameter, or a substitute if the structure does not have it."""
    return float(p[index]) if index >= 0 else otherwise


def is_atoms(s: Sample) -> bool:
    """Whether stacks of one size and number each have nothing between their crystals and no disorder term."""
    bare = s.rho < 0 and s.sigma_u < 0 and s.unstacked < 0
    return bare and not s.mixed and s.closing.size == 1 and s.numbers.size == 1


def is_equal_planes(s: Sample) -> bool:
    """Whether the structure is that of the 2021 paper: stacks of one size each, of equal planes."""
    return s.unit_planes and s.power == 0 and is_atoms(s)


def heights_of(p: FloatArray, s: Sample) -> FloatArray:
    """Heights of the planes in Å, each from the origin of its part."""
    heights = np.empty(s.position.size)
    for k in range(heights.size):
        heights[k] = s.position[k] * p[s.own[s.crystal[k], 0]] + s.shift[k]
        if s.displacement[k] >= 0:
            heights[k] += s.sign[k] * p[s.displacement[k]]
    return heights


def gap_above(p: FloatArray, s: Sample, heights: FloatArray, crystal: int) -> tuple[float, float, float]:
    """Mean gap above a crystal, and how far the surfaces of the next and its own stand out into it, in Å."""
    following = (crystal + 1) % s.closing.size
    low, high = s.lowest[following], s.highest[crystal]
    below = -heights[low] if s.part[low] == BOTTOM else 0.0
    above = heights[high]
    if s.part[high] != REPEAT:
        above += (1 - s.closing[crystal]) * p[s.own[crystal, 0]]
    return p[1] + (value(p, s.dL_B, 0.0) if crystal == 1 else 0.0), below, above


def surface(s: Sample, crystal: int, upper: bool) -> tuple[int, float, bool]:
    """Return the outermost plane of a crystal, its overhang in periods, and whether its position matters."""
    if not upper:
        plane = s.lowest[crystal]
        return plane, -s.position[plane], s.part[plane] == BOTTOM
    plane = s.highest[crystal]
    closing = 1 - s.closing[crystal] if s.part[plane] != REPEAT else 0
    return plane, s.position[plane] + closing, True


def reach(p: FloatArray, s: Sample, longest: float) -> tuple[float, int]:
    """How far correlations reach that a resolution shows up to ``longest`` Å, and how many cells that is."""
    shortest, thickest, gaps = 0.0, 0.0, 0.0
    # Surfaces extend at most two planes beyond the outermost plane; points do not.
    further = 0 if is_equal_planes(s) else 2
    for c in range(s.closing.size):
        sizes, _, _, _ = size_shares(p[s.own[c, 1]], p[s.own[c, 2]], s.window)
        shortest += (sizes[0] - 1) * p[s.own[c, 0]]
        thickest += (sizes[-1] + further) * p[s.own[c, 0]]
        gaps += p[1] + (value(p, s.dL_B, 0.0) if c == 1 else 0.0)
    pairs = s.numbers[-1]
    if longest < np.inf:
        pairs = min(pairs, int(2 + max(longest - gaps, 0.0) / max(shortest + gaps, 1e-9)))
    jitter = 7.0 * np.sqrt(1.0 * s.closing.size * pairs) * p[2] + 10.0 * value(p, s.sigma_u, 0.0)
    return (pairs - 1) * (thickest + gaps) + thickest + jitter, pairs


def distances(rows: FloatArray, s: Sample, longest: float) -> FloatArray:
    """Return the distance of :func:`reach` for each of several vectors of parameters."""
    found = np.empty(rows.shape[0])
    for i in range(found.size):
        found[i], _ = reach(rows[i], s, longest)
    return found
