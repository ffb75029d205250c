"""Mean amplitude of a stack, for every structure that the kernels describe.

With the means over cells of :mod:`slxrd.model.kernel.reference.cells`, f the amplitude of a cell and
τ = ⟨e^{iqt}⟩ of its length, M cells in a row have the mean amplitude

    ⟨A⟩ = ⟨f⟩ Σ_{m<M} τ^m = ⟨f⟩ (1 − τ^M)/(1 − τ),

measured from the lowest plane of reference. Stacks of one size each are averaged over sizes outside. ⟨A⟩
is a holomorphic function of the amplitudes of bottom, repeat and top of each crystal, of the mean phase
factors of its gaps and of ln r = iqd; its derivatives with respect to all parameters follow from those.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from slxrd.model.kernel.arrays import REPEAT, ComplexArray, FloatArray, GapFunction, IntArray, Sample
from slxrd.model.kernel.reference.cell_parts import (
    Gap,
    fill_occupancies,
    gap,
    parts,
    planes,
    powers,
)
from slxrd.model.kernel.reference.cells import add_gap, add_planes
from slxrd.model.kernel.reference.equal_planes import geometric_sums
from slxrd.model.kernel.size_shares import size_shares

#: Where q is less, this stands for it.
_LEAST_Q = 1e-9
#: Moduli of τ below it are zero in double precision.
_SMALL = 1e-100
#: Rows of the derivatives: by bottom, repeat and top of a crystal, by w, c and s of the gap, by ln r, as in
#: :mod:`slxrd.model.kernel.reference.cells`; then by N and σ_N.
_BOTTOM, _REPEAT, _TOP, _W, _C, _S, _PHASE, _N, _SIGMA_N = range(9)
_ROWS = 9
#: Largest number of sizes times points in an array.
_PORTION = 40_000


class _Mean(NamedTuple):
    """A mean over the sizes of a crystal, shape (n,), and its derivatives, shape (9, n)."""

    value: ComplexArray
    slopes: ComplexArray


class _Repeats(NamedTuple):
    """Sums over the repeats of crystals of all sizes.

    Attributes
    ----------
    shares : ndarray, shape (3, s)
        Shares of the sizes, and their derivatives with respect to N and σ_N.
    n, steps : ndarray, shape (s,)
        Repeats n of a crystal, and its distances d between planes of reference, N − 1.
    G, H, e : ndarray of complex, shape (s, n)
        Σ_{k<n} r^k, Σ_{k<n} k r^k and r^n.
    rest : ndarray of complex, shape (n,)
        e^{iq(N−1)d} r^{−n}.
    """

    shares: FloatArray
    n: FloatArray
    steps: FloatArray
    G: ComplexArray
    H: ComplexArray
    e: ComplexArray
    rest: ComplexArray


def mean_amplitude(
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    pairs: int,
    gaps: GapFunction | None = None,
) -> ComplexArray:
    """Mean amplitude of the stacks and its exact derivatives, as the rows of one array.

    Parameters
    ----------
    p, q, delta, s, gaps
        As in :func:`slxrd.model.kernel.dispatch.curves`.
    pairs : int
        Only this many cells from below are summed, as the others are too far away for the resolution.

    Returns
    -------
    ndarray of complex, shape (1 + k, n)
        Amplitude, and its derivatives with respect to the parameters, in their order; that with respect to q
        in the row of q_zero.
    """
    largest = int(2.0 * s.window * p[s.own[:, 2]].max()) + 2
    portion = max(_PORTION // largest, 64)
    pieces = [
        _mean_amplitude(
            p, q[k : k + portion], delta[k : k + portion],
            replace(s, amplitudes=s.amplitudes[..., k : k + portion]), pairs, gaps,
        )
        for k in range(0, q.size, portion)
    ]  # fmt: skip
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)


def _mean_amplitude(
    p: FloatArray, q: FloatArray, delta: FloatArray, s: Sample, pairs: int, gaps: GapFunction | None
) -> ComplexArray:
    q = np.where(np.abs(q) < _LEAST_Q, _LEAST_Q, q)
    bare, bare_by_q, heights = planes(p, q, delta, s)
    count = s.closing.size
    F_parts = [parts(bare, s, c) for c in range(count)]
    above = [gap(p, q, s, heights, c, gaps) for c in range(count)]
    numbers = np.minimum(s.numbers, pairs)
    if s.mixed or count > 1:
        total, slopes = _of_mixed(p, s, F_parts, above, q, numbers)
    else:
        mean = _of_pure(p, s, F_parts[0], above[0], q, numbers)
        total, slopes = mean.value, [mean.slopes]
    rows = np.zeros((1 + p.size, q.size), np.complex128)
    rows[0] = total
    for c in range(count):
        _chain(rows, p, q, delta, s, c, slopes[c], above[c], gaps, bare, bare_by_q, heights)
    return _displaced(rows, p, q, s)


def _displaced(rows: ComplexArray, p: FloatArray, q: FloatArray, s: Sample) -> ComplexArray:
    """Multiply by the share of crystals that are stacked, and by the mean of e^{iqu} over displacements u."""
    if s.unstacked >= 0:
        alone = rows[0].copy()
        rows *= 1.0 - p[s.unstacked]
        rows[1 + s.unstacked] -= alone
    if s.sigma_u >= 0:
        sigma_u = p[s.sigma_u]
        rows *= np.exp(-0.5 * (q * sigma_u) ** 2)
        rows[1 + s.sigma_u] -= q**2 * sigma_u * rows[0]
        rows[6] -= q * sigma_u**2 * rows[0]
    return rows


def _columns(tau: ComplexArray, numbers: IntArray, shares: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Σ_{m<M} τ^m and its derivative, averaged over the numbers M of cells."""
    if np.all(numbers == 1):
        return np.ones_like(tau), np.zeros_like(tau)
    total, slope = np.zeros_like(tau), np.zeros_like(tau)
    for M, share in zip(numbers.tolist(), shares.tolist(), strict=True):
        A, _, A_slope, _ = geometric_sums(tau, M)
        total += share * A
        slope += share * A_slope
    # Division by subnormal numbers overflows; the derivative there is the coefficient of τ.
    small = np.abs(tau) < _SMALL
    return total, np.where(small, np.sum(shares[numbers > 1]), slope / np.where(small, 1.0, tau))


def _of_pure(
    p: FloatArray, s: Sample, F_parts: ComplexArray, between: Gap, q: FloatArray, numbers: IntArray
) -> _Mean:
    """⟨A⟩ of stacks of one size each."""
    sums = _repeats_of(p, s, 0, q)
    A_b, A_r, A_t = F_parts
    E = sums.e * sums.rest
    f = A_b + A_r * sums.G + A_t * sums.e + between.c * E
    columns, by_tau = _columns(E * between.w, numbers, s.shares)
    on_tau = f * by_tau * E
    share, steps = sums.shares[0], sums.steps * sums.shares[0]
    slopes = np.zeros((_ROWS, q.size), np.complex128)
    slopes[_BOTTOM] = _times(share[None], columns)[0]
    slopes[_REPEAT] = _times(share[None], columns * sums.G)[0]
    slopes[_TOP], turned = _times(np.array([share, sums.n * share]), columns * sums.e)
    slopes[_C], moved = _times(np.array([share, steps]), columns * E)
    slopes[_W], late = _times(np.array([share, steps]), on_tau)
    slopes[_PHASE] = A_r * _times(share[None], columns * sums.H)[0] + A_t * turned
    slopes[_PHASE] += between.c * moved + between.w * late
    total, slopes[_N], slopes[_SIGMA_N] = _times(sums.shares, f * columns)
    return _Mean(total, slopes)


def _of_mixed(
    p: FloatArray,
    s: Sample,
    F_parts: list[ComplexArray],
    gaps: list[Gap],
    q: FloatArray,
    numbers: IntArray,
) -> tuple[ComplexArray, list[ComplexArray]]:
    """⟨A⟩ of stacks of mixed sizes, or of two crystals in turn, and derivatives for each crystal."""
    means = [_means(_repeats_of(p, s, c, q), F_parts[c], gaps[c]) for c in range(len(gaps))]
    if len(means) == 1:
        alone, onward = means[0]
        columns, by_tau = _columns(onward.value, numbers, s.shares)
        return alone.value * columns, [columns * alone.slopes + (alone.value * by_tau) * onward.slopes]
    (f_A, tau_A), (f_B, tau_B) = means
    f = f_A.value + tau_A.value * f_B.value
    columns, by_tau = _columns(tau_A.value * tau_B.value, numbers, s.shares)
    on_tau = f * by_tau
    of_A = columns * (f_A.slopes + f_B.value * tau_A.slopes) + (on_tau * tau_B.value) * tau_A.slopes
    of_B = (columns * tau_A.value) * f_B.slopes + (on_tau * tau_A.value) * tau_B.slopes
    return f * columns, [of_A, of_B]


def _means(sums: _Repeats, F_parts: ComplexArray, between: Gap) -> tuple[_Mean, _Mean]:
    """⟨f⟩ and τ of a crystal of mixed sizes."""
    A_b, A_r, A_t = F_parts
    share = sums.shares[0]
    weights = np.concatenate((sums.shares, [share * sums.n, share * sums.steps]))
    e, e_N, e_sigma_N, e_n, e_steps = _times(weights, sums.e)
    G, G_N, G_sigma_N = _times(sums.shares, sums.G)
    f, tau = np.zeros((2, _ROWS, e.size), np.complex128)
    ends, onward = A_t + sums.rest * between.c, sums.rest * between.w
    f[_BOTTOM], f[_REPEAT], f[_TOP], f[_C] = share.sum(), G, e, sums.rest * e
    f[_PHASE] = A_r * _times(share[None], sums.H)[0] + A_t * e_n + (sums.rest * between.c) * e_steps
    f[_N], f[_SIGMA_N] = A_r * G_N + ends * e_N, A_r * G_sigma_N + ends * e_sigma_N
    tau[_W], tau[_PHASE] = sums.rest * e, onward * e_steps
    tau[_N], tau[_SIGMA_N] = onward * e_N, onward * e_sigma_N
    return _Mean(share.sum() * A_b + A_r * G + ends * e, f), _Mean(onward * e, tau)


def _times(weights: FloatArray, values: ComplexArray) -> ComplexArray:
    """Weighted sums over sizes, shapes (w, s) and (s, n) → (w, n)."""
    found: ComplexArray = (weights @ values.view(np.float64)).view(np.complex128)
    return found


def _repeats_of(p: FloatArray, s: Sample, crystal: int, q: FloatArray) -> _Repeats:
    """Sums over the repeats of all sizes of a crystal."""
    d = p[s.own[crystal, 0]]
    r = np.exp(1j * q * d)
    smallest = max(1, s.closing[crystal])
    N, sigma_N = p[s.own[crystal, 1]], p[s.own[crystal, 2]]
    sizes, *shares = size_shares(N, sigma_N, s.window, s.power, smallest)
    n = sizes - s.closing[crystal]
    G, H, e = (np.empty((sizes.size, q.size), np.complex128) for _ in range(3))
    G[0], H[0], e[0] = _repeats(r, int(n[0]))
    for k in range(1, sizes.size):
        np.add(G[k - 1], e[k - 1], out=G[k])
        np.add(H[k - 1], float(n[k - 1]) * e[k - 1], out=H[k])
        np.multiply(e[k - 1], r, out=e[k])
    rest = np.exp(1j * q * ((s.closing[crystal] - 1) * d))
    return _Repeats(np.array(shares), n.astype(np.float64), sizes - 1.0, G, H, e, rest)


def _repeats(r: ComplexArray, m: int) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Σ_{k<m} r^k, Σ_{k<m} k r^k and r^m, for m ≥ 0."""
    if m == 0:
        return np.zeros_like(r), np.zeros_like(r), np.ones_like(r)
    A, _, A_slope, _ = geometric_sums(r, m)
    return A, A_slope, powers(r, m)


def _chain(
    rows: ComplexArray,
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    crystal: int,
    slopes: ComplexArray,
    between: Gap,
    gaps: GapFunction | None,
    bare: ComplexArray,
    bare_by_q: ComplexArray,
    heights: FloatArray,
) -> None:
    """Add the derivatives with respect to the parameters of a crystal and the gap above it.

    The functions of the kernel add twice the real part of what they are given; real and imaginary parts of a
    holomorphic function are twice the real parts of its halves, the second one turned by −i.
    """
    own = s.own[crystal]
    rows[1 + own[1]] += slopes[_N]
    rows[1 + own[2]] += slopes[_SIGMA_N]
    for turn, unit in ((0.5, 1.0), (-0.5j, 1j)):
        out = turn * slopes[:_N]
        real = np.zeros(rows.shape)
        turned = -2.0 * out[_PHASE].imag
        real[1 + own[0]] += q * turned
        by_q = p[own[0]] * turned
        by_q = by_q + add_gap(real, q, s, crystal, between, out, 0.0, gaps)
        by_q = by_q + add_planes(real, p, q, s, crystal, out, bare, bare_by_q, heights)
        fill_occupancies(real, p, q, delta, s, heights, out, crystal)
        real[6] += by_q
        rows += unit * real


def plane_amplitude(s: Sample) -> FloatArray | float:
    """Amplitude of a repeat of the first crystal, its atoms at one height; 1 for planes without atoms.

    The unit of the substrate's planes: an array of shape (n,) on the grid of the sample.
    """
    if s.unit_planes:
        return 1.0
    total = np.zeros(s.amplitudes.shape[-1], np.complex128)
    for t in range(s.term_plane.size):
        k = s.term_plane[t]
        if s.crystal[k] == 0 and s.part[k] == REPEAT:
            total += s.amplitudes[t, 0, 0] + 1j * s.amplitudes[t, 0, 1]
    modulus: FloatArray = np.abs(total)
    return modulus
