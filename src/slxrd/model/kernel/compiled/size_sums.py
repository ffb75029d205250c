"""Sums over the sizes of a crystal in blocks of scattering vectors; see ``cells``."""

from __future__ import annotations

from slxrd.model.kernel.compiled.blocks import B, vectorised, written_out
from slxrd.model.kernel.compiled.crystal import XG, XH, C, G, H, X
from slxrd.model.kernel.compiled.gaps import (
    BEYOND_GAPS,
    BOX,
    DOWN,
    SLOPE,
    SQUARE,
    SUM,
    UP,
    Z,
    fewest,
    raise_pairs,
    sum_pairs,
)

# Of one size: F, f, Φ, |F|² and ⟨|f|²⟩; derivatives of the intensity by means of f, Φ and τ; interference.
_F, _MEAN, _PHI, _BARE, _ALL = (BEYOND_GAPS + k * B for k in (0, 2, 4, 6, 7))
BY_MEAN, _BY_PHI, _BY_TAU, _PAIRED = (BEYOND_GAPS + k * B for k in (8, 10, 12, 14))
# Of all sizes: D = exp(−q²σ_u²), the intensity, and its interference without D.
DISPLACED, TOTAL, BETWEEN = (BEYOND_GAPS + k * B for k in (15, 16, 17))
# Sums over the sizes of a crystal: derivatives by N and σ_N, and the excess of a single crystal; factors of
# w, of the slab at its lower end, both also times the planes of a size, and of the slab at its upper end.
BY_N, BY_SIGMA_N, ALONE = (BEYOND_GAPS + k * B for k in (18, 19, 20))
XW, XWN, XUP, XUPN, XDOWN = (BEYOND_GAPS + k * B for k in (21, 23, 25, 27, 29))
#: First row that kernels can use for themselves.
BEYOND_SUMS = BEYOND_GAPS + 31 * B
#: Rows of the means of a crystal, f, Φ, τ, ⟨|f|²⟩ and |F|², and of the derivatives of the intensity by the
#: first three.
MEANS, TOWARDS = 8, 6


@vectorised
def one_size(w, slab, rho):  # type: ignore[no-untyped-def]
    """Calculate F, f, Φ, |F|² and ⟨|f|²⟩ of a size."""
    for i in range(B):
        gr, gi, cr, ci = w[G + i], w[G + B + i], w[C + 2 * B + i], w[C + 3 * B + i]
        fr, fi = w[C + i] + cr * gr - ci * gi, w[C + B + i] + cr * gi + ci * gr
        zr, zi = w[Z + i], w[Z + B + i]
        w[_F + i], w[_F + B + i] = fr, fi
        w[_PHI + i], w[_PHI + B + i] = fr * zr + fi * zi, fr * zi - fi * zr
        w[_BARE + i] = fr * fr + fi * fi
    if not slab:
        for i in range(B):
            w[_MEAN + i], w[_MEAN + B + i], w[_ALL + i] = w[_F + i], w[_F + B + i], w[_BARE + i]
        return
    for i in range(B):
        ur, ui, br, bi = w[UP + i], w[UP + B + i], rho * w[BOX + i], rho * w[BOX + B + i]
        cr, ci = ur * br - ui * bi, ur * bi + ui * br
        fr, fi = w[_F + i], w[_F + B + i]
        w[_MEAN + i], w[_MEAN + B + i] = fr + cr, fi + ci
        w[_ALL + i] = w[_BARE + i] + 2.0 * (fr * cr + fi * ci) + rho * rho * w[SQUARE + i]
    for i in range(B):
        ur, ui, br, bi = w[DOWN + i], w[DOWN + B + i], rho * w[BOX + i], rho * w[BOX + B + i]
        w[_PHI + i] += ur * br - ui * bi
        w[_PHI + B + i] += ur * bi + ui * br


@vectorised
def add_means(w, means, share):  # type: ignore[no-untyped-def]
    """Add a size to the means over a crystal's cells."""
    _add(w, _MEAN, means[0], share)
    _add(w, _MEAN + B, means[1], share)
    _add(w, _PHI, means[2], share)
    _add(w, _PHI + B, means[3], share)
    _add(w, Z, means[4], share)
    _add(w, Z + B, means[5], share)
    _add(w, _ALL, means[6], share)
    _add(w, _BARE, means[7], share)


@written_out
def _add(w, row, mean, share):  # type: ignore[no-untyped-def]
    for i in range(B):
        mean[i] += share * w[row + i]


@vectorised
def change_pure(w, u):  # type: ignore[no-untyped-def]
    """Fill the derivatives of the intensity of stacks of one size by f, Φ and τ, and the interference."""
    for i in range(B):
        fr, fi, pr, pi = w[_MEAN + i], w[_MEAN + B + i], w[_PHI + i], w[_PHI + B + i]
        lit = (1.0 - u) * w[DISPLACED + i]
        sr, si = lit * w[SUM + i], lit * w[SUM + B + i]
        w[BY_MEAN + i], w[BY_MEAN + B + i] = pr * sr - pi * si, pr * si + pi * sr
        w[_BY_PHI + i], w[_BY_PHI + B + i] = fr * sr - fi * si, fr * si + fi * sr
    for i in range(B):
        fr, fi, pr, pi = w[_MEAN + i], w[_MEAN + B + i], w[_PHI + i], w[_PHI + B + i]
        gr, gi = pr * fr - pi * fi, pr * fi + pi * fr
        lit = (1.0 - u) * w[DISPLACED + i]
        tr, ti = lit * w[SLOPE + i], lit * w[SLOPE + B + i]
        w[_BY_TAU + i], w[_BY_TAU + B + i] = gr * tr - gi * ti, gr * ti + gi * tr
        w[_PAIRED + i] = 2.0 * (gr * w[SUM + i] - gi * w[SUM + B + i])


@vectorised
def add_pure(w, M, u, share, share_N, share_W):  # type: ignore[no-untyped-def]
    """Add the intensity of stacks of one size, and its derivatives by the shares of sizes."""
    for i in range(B):
        total = (1.0 - u) * (M * w[_ALL + i] + w[DISPLACED + i] * w[_PAIRED + i]) + u * M * w[_BARE + i]
        w[BETWEEN + i] += share * w[_PAIRED + i]
        w[TOTAL + i] += share * total
        w[BY_N + i] += share_N * total
        w[BY_SIGMA_N + i] += share_W * total


@vectorised
def add_mixed(w, M, u, share_N, share_W):  # type: ignore[no-untyped-def]
    """Add the derivatives of the intensity of stacks of mixed sizes by the shares of sizes."""
    for i in range(B):
        total = (1.0 - u) * M * w[_ALL + i] + u * M * w[_BARE + i]
        total += 2.0 * (w[_BY_PHI + i] * w[_PHI + i] - w[_BY_PHI + B + i] * w[_PHI + B + i])
        total += 2.0 * (w[BY_MEAN + i] * w[_MEAN + i] - w[BY_MEAN + B + i] * w[_MEAN + B + i])
        total += 2.0 * (w[_BY_TAU + i] * w[Z + i] - w[_BY_TAU + B + i] * w[Z + B + i])
        w[BY_N + i] += share_N * total
        w[BY_SIGMA_N + i] += share_W * total


@vectorised
def gather(w, M, u, size, share, slab):  # type: ignore[no-untyped-def]
    """Add the contribution of a size to the sums for the derivatives."""
    lit, alone, planes = (1.0 - u) * M, u * M, float(size - 1)
    for i in range(B):
        fr, fi, zr, zi = w[_F + i], w[_F + B + i], w[Z + i], w[Z + B + i]
        pr, pi = w[_BY_PHI + i], w[_BY_PHI + B + i]
        yr = lit * w[_MEAN + i] + alone * fr + (pr * zr - pi * zi) + w[BY_MEAN + i]
        yi = -lit * w[_MEAN + B + i] - alone * fi - (pr * zi + pi * zr) + w[BY_MEAN + B + i]
        yr, yi = share * yr, share * yi
        gr, gi, hr, hi = w[G + i], w[G + B + i], w[H + i], w[H + B + i]
        w[X + i] += yr
        w[X + B + i] += yi
        w[XG + i] += yr * gr - yi * gi
        w[XG + B + i] += yr * gi + yi * gr
        w[XH + i] += yr * hr - yi * hi
        w[XH + B + i] += yr * hi + yi * hr
    for i in range(B):
        fr, fi, zr, zi = w[_F + i], w[_F + B + i], share * w[Z + i], share * w[Z + B + i]
        pr, pi = w[_BY_PHI + i], w[_BY_PHI + B + i]
        tr, ti = pr * fr + pi * fi + w[_BY_TAU + i], pi * fr - pr * fi + w[_BY_TAU + B + i]
        xr, xi = tr * zr - ti * zi, tr * zi + ti * zr
        w[XW + i] += xr
        w[XW + B + i] += xi
        w[XWN + i] += planes * xr
        w[XWN + B + i] += planes * xi
        w[ALONE + i] += share * M * (w[_BARE + i] - w[_ALL + i])
    if not slab:
        return
    for i in range(B):
        ur, ui = share * w[UP + i], share * w[UP + B + i]
        tr, ti = lit * w[_F + i] + w[BY_MEAN + i], w[BY_MEAN + B + i] - lit * w[_F + B + i]
        xr, xi = tr * ur - ti * ui, tr * ui + ti * ur
        w[XUP + i] += xr
        w[XUP + B + i] += xi
        w[XUPN + i] += planes * xr
        w[XUPN + B + i] += planes * xi
        w[XDOWN + i] += share * w[_BY_PHI + i]
        w[XDOWN + B + i] += share * w[_BY_PHI + B + i]


@vectorised
def interfere(w, means, towards, s, pairs, M, u):  # type: ignore[no-untyped-def]
    """Sum the scattering of cells with these means, and its derivatives by the means of each crystal."""
    pair = means.shape[0] == 2
    for i in range(B):
        tau = complex(means[0, 4, i], means[0, 5, i])
        if pair:
            tau *= complex(means[1, 4, i], means[1, 5, i])
        w[Z + i], w[Z + B + i] = tau.real, tau.imag
    raise_pairs(w, fewest(s, pairs))
    sum_pairs(w, s, pairs)
    for i in range(B):
        f_A, Phi_A = complex(means[0, 0, i], means[0, 1, i]), complex(means[0, 2, i], means[0, 3, i])
        G, dG = complex(w[SUM + i], w[SUM + B + i]), complex(w[SLOPE + i], w[SLOPE + B + i])
        lit, square, bare = (1.0 - u) * w[DISPLACED + i], means[0, 6, i], means[0, 7, i]
        if not pair:
            between = Phi_A * f_A * G
            _keep(towards[0], i, lit, Phi_A * G, f_A * G, Phi_A * f_A * dG)
        else:
            f_B, Phi_B = complex(means[1, 0, i], means[1, 1, i]), complex(means[1, 2, i], means[1, 3, i])
            tau_A, tau_B = complex(means[0, 4, i], means[0, 5, i]), complex(means[1, 4, i], means[1, 5, i])
            f, Phi = f_A + tau_A * f_B, Phi_A * tau_B + Phi_B
            between = M * Phi_A * f_B + Phi * f * G
            by_tau = Phi * f * dG
            on_A, on_B = G * f * tau_B, Phi * G * tau_A
            _keep(towards[0], i, lit, Phi * G, M * f_B + on_A, Phi * G * f_B + by_tau * tau_B)
            _keep(towards[1], i, lit, M * Phi_A + on_B, f * G, Phi_A * f * G + by_tau * tau_A)
            square, bare = square + means[1, 6, i], bare + means[1, 7, i]
        w[BETWEEN + i] = 2.0 * between.real
        w[TOTAL + i] = (1.0 - u) * M * square + lit * w[BETWEEN + i] + u * M * bare


@vectorised
def _keep(rows, i, lit, by_mean, by_Phi, by_tau):  # type: ignore[no-untyped-def]
    rows[0, i], rows[1, i] = lit * by_mean.real, lit * by_mean.imag
    rows[2, i], rows[3, i] = lit * by_Phi.real, lit * by_Phi.imag
    rows[4, i], rows[5, i] = lit * by_tau.real, lit * by_tau.imag
