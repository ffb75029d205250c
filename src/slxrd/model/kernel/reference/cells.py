"""The stack formula for any cells: atomic crystals, slabs between them, mixed sizes, alternating stacks.

A stack is cut into independent cells, each a crystal and the gap above it, with an amplitude f and a
length t. With ⟨|f|²⟩, Φ = ⟨f* e^{iqt}⟩, ⟨f⟩ and τ = ⟨e^{iqt}⟩ averaged over cells, M of them scatter

    I = M⟨|f|²⟩ + 2D Re[Φ⟨f⟩G_M(τ)],   G_M(τ) = Σ_{m=1}^{M−1} (M−m) τ^{m−1},   D = exp(−q²σ_u²)

(Fullerton et al., Phys. Rev. B 1992, 45, 9292, generalised; D is that of independent displacements of
the crystals from their places). For one crystal F of n planes, with E = e^{iq(n−1)d}, a gap of mean L and
standard deviation σ_L, w = ⟨e^{iqg}⟩ (exp(iqL − q²σ_L²/2) if it is Gaussian), and between the crystals
a density of the Fourier transform B and the width ℓ, that of the gap less what the crystals' surfaces stand
out (a below, b above it),

    ⟨f⟩ = F + E c,   Φ = F* E w + s,   τ = E w,   ⟨|f|²⟩ = |F|² + 2 Re[F* E c] + ⟨|B|²⟩,
    c = e^{iqa} ⟨B⟩,   s = e^{iqb} ⟨B* e^{iqℓ}⟩.

The means over gaps come from their distribution and the profile of the density, as a function.

Two crystals that alternate are one cell: f = f_A + τ_A f_B and so on. F = A_b + A_r Σ_{k<m} e^{ikqd} +
A_t e^{imqd} holds bottom, repeats and top of a crystal; the A are sums over few planes. So derivatives
with respect to whatever moves or changes planes follow from those with respect to the A, which are
gathered over the sizes; the number of parameters costs little.
"""

from __future__ import annotations

import numpy as np

from slxrd.model.kernel.arrays import ComplexArray, FloatArray, GapFunction, Sample
from slxrd.model.kernel.geometry import value
from slxrd.model.kernel.reference.cell_parts import (
    Gap,
    fill_occupancies,
    gap,
    move_surface,
    parts,
    planes,
    repeats,
    stacked,
)
from slxrd.model.kernel.size_shares import size_shares

_FOUR_PI = 4.0 * np.pi
#: Where q is less, of either sign, this stands for it: nothing changes so near to 0.
_LEAST_Q = 1e-9


def _walk(
    p: FloatArray,
    q: FloatArray,
    s: Sample,
    crystal: int,
    F_parts: ComplexArray,
    between: Gap,
    pairs: int,
    D: FloatArray,
    u: float,
    unlike: ComplexArray | None,
) -> tuple[ComplexArray, FloatArray]:
    """Go through the sizes of a crystal; forward if ``unlike`` is None, backward through it otherwise.

    Forward, the rows of the result are the means of f, Φ, τ, and ⟨|f|²⟩ and |F|². Backward, ``unlike``
    holds what the intensity changes by with the means of f, Φ and τ of mixed sizes, and M; or no more
    than M for stacks of one size each, whose intensities are summed.
    """
    d, r = p[s.own[crystal, 0]], np.exp(1j * q * p[s.own[crystal, 0]])
    smallest = max(1, s.closing[crystal])
    sizes, share, share_N, share_W = size_shares(
        p[s.own[crystal, 1]], p[s.own[crystal, 2]], s.window, s.power, smallest
    )
    n = sizes[0] - s.closing[crystal]
    G, H, e = repeats(r, n)
    E = np.exp(1j * q * ((sizes[0] - 1) * d))
    out = np.zeros((7, q.size), np.complex128)
    real = np.zeros((5, q.size))
    A_b, A_r, A_t = F_parts[0], F_parts[1], F_parts[2]
    for k in range(sizes.size):
        F = A_b + A_r * G + A_t * e
        Ec, Ew = E * between.c, E * between.w
        f = F + Ec
        Phi = np.conj(F) * Ew + between.s
        bare = np.abs(F) ** 2
        square = bare + 2.0 * np.real(np.conj(F) * Ec) + between.square
        weight = share[k]
        if unlike is None:
            out[0] += weight * f
            out[1] += weight * Phi
            out[2] += weight * Ew
            real[0] += weight * square
            real[1] += weight * bare
        else:
            if unlike.shape[0] == 1:
                M, sums, slope = stacked(Ew, s, pairs)
                Y_f, Y_Phi = (1.0 - u) * D * Phi * sums, (1.0 - u) * D * f * sums
                Y_tau = (1.0 - u) * D * Phi * f * slope
                interference = 2.0 * np.real(Phi * f * sums)
                total = (1.0 - u) * (M * square + D * interference) + u * M * bare
                real[4] += weight * interference
            else:
                M = unlike[3, 0].real
                Y_f, Y_Phi, Y_tau = unlike[0], unlike[1], unlike[2]
                total = (1.0 - u) * M * square + u * M * bare
                total = total + 2.0 * np.real(Y_Phi * Phi + Y_f * f + Y_tau * Ew)
            real[0] += weight * total
            real[1] += share_N[k] * total
            real[2] += share_W[k] * total
            real[3] += weight * M * (bare - square)
            lit = (1.0 - u) * M
            Y_F = weight * (lit * np.conj(f) + u * M * np.conj(F) + np.conj(Y_Phi * Ew) + Y_f)
            out[0] += Y_F
            out[1] += Y_F * G
            out[2] += Y_F * e
            on_gap = lit * np.conj(F) + Y_f
            out[3] += (weight * E) * (Y_Phi * np.conj(F) + Y_tau)
            out[4] += (weight * E) * on_gap
            out[5] += weight * Y_Phi
            turned = Y_F * (A_r * H + n * (A_t * e))
            by_E = lit * np.conj(F) * Ec + Y_Phi * (np.conj(F) * Ew) + Y_f * Ec + Y_tau * Ew
            out[6] += turned + (weight * (sizes[k] - 1)) * by_E
        G = G + e
        H = H + n * e
        e = e * r
        E = E * r
        n += 1
    return out, real


def _between(
    means: ComplexArray, s: Sample, pairs: int, M: float, lit: FloatArray
) -> tuple[FloatArray, ComplexArray]:
    """Interference of the cells of mixed sizes, and what the intensity changes by with the means.

    Parameters
    ----------
    means : ndarray, shape (c, 3, n)
        ⟨f⟩, Φ and τ of each crystal.
    s, pairs
        As in :func:`curves`.
    M : float
        Mean number of cells.
    lit : ndarray, shape (n,)
        (1 − u)D, by which the interference is multiplied.

    Returns
    -------
    between : ndarray, shape (n,)
        Without the factor (1 − u)D.
    Y : ndarray, shape (c, 4, n)
        By each mean, with the factor, and M.
    """
    Y = np.zeros((len(means), 4, means.shape[-1]), np.complex128)
    Y[:, 3] = M
    if len(means) == 1:
        f, Phi, tau = means[0]
        _, G, dG = stacked(tau, s, pairs)
        Y[0, 0], Y[0, 1], Y[0, 2] = lit * Phi * G, lit * f * G, lit * Phi * f * dG
        return 2.0 * np.real(Phi * f * G), Y
    (f_A, Phi_A, tau_A), (f_B, Phi_B, tau_B) = means
    f, Phi, tau = f_A + tau_A * f_B, Phi_A * tau_B + Phi_B, tau_A * tau_B
    _, G, dG = stacked(tau, s, pairs)
    by_tau = lit * Phi * f * dG
    Y[0, 0] = lit * Phi * G
    Y[0, 1] = lit * (M * f_B + G * f * tau_B)
    Y[0, 2] = lit * Phi * G * f_B + by_tau * tau_B
    Y[1, 0] = lit * (M * Phi_A + Phi * G * tau_A)
    Y[1, 1] = lit * f * G
    Y[1, 2] = lit * Phi_A * f * G + by_tau * tau_A
    return 2.0 * np.real(M * Phi_A * f_B + Phi * f * G), Y


def add_gap(
    rows: FloatArray,
    q: FloatArray,
    s: Sample,
    crystal: int,
    between: Gap,
    out: ComplexArray,
    lit: float,
    gaps: GapFunction | None,
) -> FloatArray:
    """Add what the gap above a crystal gives to the derivatives, and return its part of that by q.

    The gap enters through w, c, s and ⟨|B|²⟩; ``lit`` is (1 − u)M.
    """
    on = 2.0 * np.real(out[3] * between.change[0])
    if gaps is not None:
        c, square = between.change[1:3], between.change[3].real
        on_density = 2.0 * np.real(out[4] * c[0] + out[5] * c[1]) + lit * square
        on_width = on_density[1].copy()
        on_above = -2.0 * q * np.imag(out[4] * between.c)
        on_below = -2.0 * q * np.imag(out[5] * between.s)
        on_density[0] += (between.above * on_above + between.below * on_below) / q
        on += on_density
        move_surface(rows, s, crystal, True, on_above - on_width)
        move_surface(rows, s, (crystal + 1) % s.closing.size, False, on_below - on_width)
        for column, change in zip(gaps.columns, on[3:], strict=True):
            if column >= 0:
                rows[1 + column] += change
    by_q: FloatArray = on[0]
    rows[2] += on[1]
    if crystal == 1 and s.dL_B >= 0:
        rows[1 + s.dL_B] += on[1]
    rows[3] += on[2]
    return by_q


def add_planes(
    rows: FloatArray,
    p: FloatArray,
    q: FloatArray,
    s: Sample,
    crystal: int,
    out: ComplexArray,
    bare: ComplexArray,
    bare_by_q: ComplexArray,
    heights: FloatArray,
) -> FloatArray:
    """Add what the planes of a crystal give to the derivatives, and return their part of that by q."""
    by_q = np.zeros(q.size)
    for k in np.flatnonzero(s.crystal == crystal):
        X = out[s.part[k]]
        lifted = -2.0 * q * np.imag(X * bare[k])
        rows[1 + s.own[crystal, 0]] += s.position[k] * lifted
        if s.displacement[k] >= 0:
            rows[1 + s.displacement[k]] += s.sign[k] * lifted
        by_q += heights[k] / q * lifted + 2.0 * np.real(X * bare_by_q[k])
        scattered = 2.0 * np.real(X * bare[k])
        if s.B >= 0:
            rows[1 + s.B] -= (q / _FOUR_PI) ** 2 * scattered
        if s.f_B >= 0 and crystal == 1:
            rows[1 + s.f_B] += scattered / p[s.f_B]
    return by_q


def curves(
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    pairs: int,
    derivatives: bool,
    gaps: GapFunction | None = None,
) -> FloatArray:
    """Mean intensity of the stacks and its exact derivatives, as the rows of one array.

    Parameters
    ----------
    p : ndarray, shape (k,)
        Parameters; L and σ_L are the second and the third, q_zero the sixth.
    q, delta : ndarray, shape (n,)
        True scattering vector in Å⁻¹, and by how much it differs from that of the sample's
        amplitudes.
    s : Sample
        The rest.
    pairs : int
        Only cells less than this many places apart interfere.
    derivatives : bool
        Whether they are needed; otherwise only the first row counts.
    gaps : GapFunction, optional
        The gaps; by default Gaussian, with nothing in them.

    Returns
    -------
    ndarray, shape (1 + k, n)
        Intensity, in squared units of the amplitudes, and its derivatives with respect to the parameters,
        in their order; that with respect to q in the row of q_zero.
    """
    if gaps is None and s.rho >= 0:
        raise ValueError("a structure with a density in its gaps needs the function of the gaps")
    q = np.where(np.abs(q) < _LEAST_Q, _LEAST_Q, q)
    count = s.closing.size
    rows = np.zeros((1 + p.size, q.size))
    bare, bare_by_q, heights = planes(p, q, delta, s)
    sigma_u, u = value(p, s.sigma_u, 0.0), value(p, s.unstacked, 0.0)
    D = np.exp(-((q * sigma_u) ** 2))
    F_parts = [parts(bare, s, c) for c in range(count)]
    above = [gap(p, q, s, heights, c, gaps) for c in range(count)]
    M = float(s.shares @ s.numbers)
    between, by_q = np.zeros(q.size), np.zeros(q.size)
    pure = not s.mixed and count == 1
    Y = np.full((1, 1, q.size), M, np.complex128)
    if not pure:
        first = [_walk(p, q, s, c, F_parts[c], above[c], pairs, D, u, None) for c in range(count)]
        between, Y = _between(np.array([out[:3] for out, _ in first]), s, pairs, M, (1.0 - u) * D)
        mean_square, mean_bare = (sum(real[row] for _, real in first) for row in (0, 1))
        rows[0] = (1.0 - u) * (M * mean_square + D * between) + u * M * mean_bare
        if not derivatives:
            return rows
    for c in range(count):
        out, real = _walk(p, q, s, c, F_parts[c], above[c], pairs, D, u, Y[c])
        if pure:
            rows[0], between = real[0], real[4]
            if not derivatives:
                return rows
        own = s.own[c]
        rows[1 + own[1]] += real[1]
        rows[1 + own[2]] += real[2]
        if s.unstacked >= 0:
            rows[1 + s.unstacked] += real[3]
        # Phases of the repeats and of the crystal's length.
        turned = -2.0 * out[6].imag
        rows[1 + own[0]] += q * turned
        by_q += p[own[0]] * turned
        by_q += add_gap(rows, q, s, c, above[c], out, (1.0 - u) * M, gaps)
        by_q += add_planes(rows, p, q, s, c, out, bare, bare_by_q, heights)
        fill_occupancies(rows, p, q, delta, s, heights, out, c)
    if s.sigma_u >= 0:
        rows[1 + s.sigma_u] += (1.0 - u) * between * D * (-2.0 * q**2 * sigma_u)
        by_q += (1.0 - u) * between * D * (-2.0 * q * sigma_u**2)
    if s.unstacked >= 0:
        rows[1 + s.unstacked] -= D * between
    rows[6] = by_q
    return rows
