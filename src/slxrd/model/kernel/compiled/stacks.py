"""Compiled stack formula for any cells, in blocks of scattering vectors, with the results of ``cells``.

If sizes are mixed or crystals alternate, there are two passes over the sizes: for the means over cells, and
for the derivatives of the intensity by each of them.
"""

from __future__ import annotations

import math

import numpy as np

from slxrd.model.kernel.compiled.blocks import B, fill_block, vectorised
from slxrd.model.kernel.compiled.crystal import (
    BY_D,
    BY_Q,
    begin_sizes,
    fill_occupancies,
    finish_planes,
    load_planes,
    next_size,
    sum_up,
)
from slxrd.model.kernel.compiled.gaps import (
    BOX,
    DOWN,
    GROWN,
    MISSING,
    SQUARE,
    begin_gap,
    fewest,
    next_gap,
    sum_pairs,
)
from slxrd.model.kernel.compiled.size_sums import (
    ALONE,
    BETWEEN,
    BEYOND_SUMS,
    BY_MEAN,
    BY_N,
    BY_SIGMA_N,
    DISPLACED,
    MEANS,
    TOTAL,
    TOWARDS,
    XDOWN,
    XUP,
    XUPN,
    XW,
    XWN,
    add_means,
    add_mixed,
    add_pure,
    change_pure,
    gather,
    interfere,
    one_size,
)
from slxrd.model.kernel.geometry import gap_above, heights_of, surface, value
from slxrd.model.kernel.size_shares import size_shares

_shares = vectorised(size_shares)

# Derivatives of the intensity by L, σ_L, the density, and the surfaces at either end of a gap.
_ON_L, _ON_SIGMA, _ON_RHO, _ON_ABOVE, _ON_BELOW = (BEYOND_SUMS + k * B for k in range(5))
_WORK = BEYOND_SUMS + 5 * B


@vectorised
def _begin(w, q, p, s, crystal, heights, parts, first, K):  # type: ignore[no-untyped-def]
    """Fill the rows of a crystal and of the gap above it at the smallest size."""
    d = p[s.own[crystal, 0]]
    contrast = value(p, s.f_B, 1.0) if crystal == 1 else 1.0
    begin_sizes(w, q, d, first - s.closing[crystal], parts[crystal], contrast)
    begin_gap(w, q, d, gap_above(p, s, heights, crystal), p[2], s.rho >= 0, first, K)
    for i in range(BY_N, _ON_L):
        w[i] = 0.0


@vectorised
def _finish(out, w, q, start, count, p, s, crystal, gap, rho, M, u):  # type: ignore[no-untyped-def]
    """Calculate the contribution of a gap from the sums over sizes, and the first terms of BY_D and BY_Q."""
    L, below, above = gap
    d, sigma_L, width, slab = p[s.own[crystal, 0]], p[2], L - above - below, s.rho >= 0
    for i in range(B):
        xr, xi = w[XW + i], w[XW + B + i]
        turned = w[BY_D + i] - 2.0 * w[XWN + B + i]
        if slab:
            turned -= 2.0 * rho * (w[BOX + i] * w[XUPN + B + i] + w[BOX + B + i] * w[XUPN + i])
        w[BY_D + i] = turned
        w[_ON_L + i] = -2.0 * q[i] * xi
        w[_ON_SIGMA + i] = -2.0 * q[i] * q[i] * sigma_L * xr
        w[BY_Q + i] = d * turned - 2.0 * (L * xi + q[i] * sigma_L * sigma_L * xr)
    if slab:
        lit = (1.0 - u) * M
        for i in range(B):
            down = complex(w[DOWN + i], w[DOWN + B + i]) * complex(w[XDOWN + i], w[XDOWN + B + i])
            up = complex(w[XUP + i], w[XUP + B + i])
            both, box = up + down, complex(w[BOX + i], w[BOX + B + i])
            grown, qi = complex(w[GROWN + i], w[GROWN + B + i]), q[i]
            on_width = 2.0 * rho * (both * grown).real + 2.0 * rho**2 * lit * grown.imag / qi
            on_above, on_below = -2.0 * rho * qi * (up * box).imag, -2.0 * rho * qi * (down * box).imag
            w[_ON_L + i] += on_width
            w[_ON_SIGMA + i] -= 2.0 * rho * qi * sigma_L * (both * grown).imag
            w[_ON_SIGMA + i] += 2.0 * rho**2 * lit * sigma_L * grown.real
            growth = grown * complex(-qi * sigma_L**2, width)
            by_q = 2.0 * rho * (both * (growth * complex(0.0, -1.0 / qi) - box / qi)).real
            by_q += lit * rho**2 * (-2.0 * growth.real / qi**2 + 4.0 * w[MISSING + i] / qi**3)
            w[BY_Q + i] += by_q + (above * on_above + below * on_below) / qi
            w[_ON_ABOVE + i], w[_ON_BELOW + i] = on_above - on_width, on_below - on_width
            w[_ON_RHO + i] = 2.0 * (both * box).real + 2.0 * rho * lit * w[SQUARE + i]
        row = out[1 + s.rho]
        for i in range(count):
            row[start + i] += s.area * w[_ON_RHO + i]
        _move_surface(out, w, start, count, s, crystal, True, _ON_ABOVE)
        _move_surface(out, w, start, count, s, (crystal + 1) % s.closing.size, False, _ON_BELOW)
    own = s.own[crystal]
    by_L, by_sigma, by_N, by_sigma_N = out[2], out[3], out[1 + own[1]], out[1 + own[2]]
    for i in range(count):
        by_L[start + i] += w[_ON_L + i]
        by_sigma[start + i] += w[_ON_SIGMA + i]
        by_N[start + i] += w[BY_N + i]
        by_sigma_N[start + i] += w[BY_SIGMA_N + i]
    if crystal == 1 and s.dL_B >= 0:
        row = out[1 + s.dL_B]
        for i in range(count):
            row[start + i] += w[_ON_L + i]
    if s.unstacked >= 0:
        row = out[1 + s.unstacked]
        for i in range(count):
            row[start + i] += w[ALONE + i]


@vectorised
def _move_surface(out, w, start, count, s, crystal, upper, row):  # type: ignore[no-untyped-def]
    """Add the effect of a surface, ``row`` per Å, to the parameters that move its outermost plane."""
    plane, place, counts = surface(s, crystal, upper)
    if not counts:
        return
    by_d, shift = out[1 + s.own[crystal, 0]], s.displacement[plane]
    for i in range(count):
        by_d[start + i] += place * w[row + i]
    if shift >= 0:
        by_shift, sign = out[1 + shift], s.sign[plane] if upper else -s.sign[plane]
        for i in range(count):
            by_shift[start + i] += sign * w[row + i]


@vectorised
def _backward(  # type: ignore[no-untyped-def]
    out, w, q, delta, start, count, p, s, crystal, heights, phases, bare, slope, rho, M, u
):
    """Calculate derivatives from the sums over the sizes of a crystal."""
    sum_up(w)
    _finish(out, w, q, start, count, p, s, crystal, gap_above(p, s, heights, crystal), rho, M, u)
    finish_planes(out, w, q, start, count, p, s, crystal, heights, phases, bare, slope)
    fill_occupancies(out, w, q, delta, start, count, p, s, crystal, phases)
    by_d, by_q = out[1 + s.own[crystal, 0]], out[6]
    for i in range(count):
        by_d[start + i] += q[i] * w[BY_D + i]
        by_q[start + i] += w[BY_Q + i]


@vectorised
def _shares_of(p, s, crystal):  # type: ignore[no-untyped-def]
    """Sizes of a crystal, their shares, and the derivatives of the shares."""
    own = s.own[crystal]
    return _shares(p[own[1]], p[own[2]], s.window, s.power, max(1, s.closing[crystal]))


@vectorised
def _forward(w, means, q, p, s, sizes_A, sizes_B, heights, parts, paired, rho):  # type: ignore[no-untyped-def]
    """Calculate the means over the cells of each crystal, if sizes are mixed."""
    means[:] = 0.0
    for c in range(s.closing.size):
        sizes, shares, _, _ = sizes_A if c == 0 else sizes_B
        _begin(w, q, p, s, c, heights, parts, sizes[0], paired)
        for k in range(sizes.size):
            one_size(w, s.rho >= 0, rho)
            add_means(w, means[c], shares[k])
            next_size(w, sizes[k] - s.closing[c])
            next_gap(w, s.rho >= 0)


@vectorised
def _sum_sizes(  # type: ignore[no-untyped-def]
    w, q, p, s, crystal, heights, parts, all_sizes, pairs, paired, pure, derivatives, rho, M, u
):
    """Sum over the sizes of a crystal: the intensity of stacks of one size, and sums for derivatives."""
    sizes, shares, d_N, d_sigma_N = all_sizes
    slab = s.rho >= 0
    _begin(w, q, p, s, crystal, heights, parts, sizes[0], paired)
    for k in range(sizes.size):
        one_size(w, slab, rho)
        if pure:
            sum_pairs(w, s, pairs)
            change_pure(w, u)
            add_pure(w, M, u, shares[k], d_N[k], d_sigma_N[k])
        else:
            add_mixed(w, M, u, d_N[k], d_sigma_N[k])
        if derivatives:
            gather(w, M, u, sizes[k], shares[k], slab)
        next_size(w, sizes[k] - s.closing[crystal])
        next_gap(w, slab)


@vectorised
def curves(p, q, delta, s, pairs, derivatives):  # type: ignore[no-untyped-def]
    """Mean intensity of the stacks and its exact derivatives, as ``cells.curves``."""
    out = np.zeros((1 + p.size, q.size))
    crystals, pure = s.closing.size, not s.mixed and s.closing.size == 1
    sizes_A, sizes_B = _shares_of(p, s, 0), _shares_of(p, s, crystals - 1)
    rho, sigma_u = s.area * value(p, s.rho, 0.0), value(p, s.sigma_u, 0.0)
    u = value(p, s.unstacked, 0.0)
    paired = fewest(s, pairs) if pure else 0
    M = np.sum(s.shares * s.numbers)
    heights = heights_of(p, s)
    w, block = np.zeros(_WORK), np.zeros(B)
    phases, bare = np.zeros((heights.size, 2, B)), np.zeros((heights.size, 2, B))
    slope, parts = np.zeros((heights.size, 2, B)), np.zeros((crystals, 3, 2, B))
    means, towards = np.zeros((crystals, MEANS, B)), np.zeros((crystals, TOWARDS, B))
    for start in range(0, q.size, B):
        count = min(B, q.size - start)
        fill_block(block, q, start, count)
        for i in range(B):
            w[DISPLACED + i] = math.exp(-((block[i] * sigma_u) ** 2))
            w[TOTAL + i], w[BETWEEN + i] = 0.0, 0.0
        load_planes(w, block, delta, start, count, p, s, heights, phases, bare, slope, parts)
        if not pure:
            _forward(w, means, block, p, s, sizes_A, sizes_B, heights, parts, paired, rho)
            interfere(w, means, towards, s, pairs, M, u)
        for c in range(crystals if derivatives or pure else 0):
            for row in range(TOWARDS if not pure else 0):
                for i in range(B):
                    w[BY_MEAN + row * B + i] = towards[c, row, i]
            all_sizes = sizes_A if c == 0 else sizes_B
            _sum_sizes(
                w, block, p, s, c, heights, parts, all_sizes, pairs, paired, pure, derivatives, rho, M, u
            )
            if derivatives:
                _backward(
                    out, w, block, delta, start, count, p, s, c, heights, phases, bare, slope, rho, M, u
                )
        for i in range(count):
            out[0, start + i] = w[TOTAL + i]
        if derivatives:
            _stack_wide(out, w, block, start, count, s, sigma_u, u)
    return out


@vectorised
def _stack_wide(out, w, q, start, count, s, sigma_u, u):  # type: ignore[no-untyped-def]
    """Add the derivatives with respect to the parameters of the stack as a whole."""
    if s.sigma_u >= 0:
        by_sigma_u, by_q = out[1 + s.sigma_u], out[6]
        for i in range(count):
            between = (1.0 - u) * w[BETWEEN + i] * w[DISPLACED + i]
            by_sigma_u[start + i] -= 2.0 * q[i] ** 2 * sigma_u * between
            by_q[start + i] -= 2.0 * q[i] * sigma_u**2 * between
    if s.unstacked >= 0:
        by_u = out[1 + s.unstacked]
        for i in range(count):
            by_u[start + i] -= w[DISPLACED + i] * w[BETWEEN + i]
