"""Interference of a stack with a wave, for every structure that the kernels describe.

With the means over cells of :mod:`slxrd.model.kernel.reference.cells`, f the amplitude of a cell and
τ = ⟨e^{iqt}⟩ of its length, M cells in a row have the mean amplitude

    ⟨A⟩ = ⟨f⟩ Σ_{m<M} τ^m = ⟨f⟩ (1 − τ^M)/(1 − τ),

measured from the lowest plane of reference. Stacks of one size each are averaged over sizes outside. ⟨A⟩
is a holomorphic function of the amplitudes of bottom, repeat and top of each crystal, of the mean phase
factors of its gaps and of ln r = iqd; its derivatives with respect to all parameters follow from those.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slxrd.model.kernel.arrays import ComplexArray, FloatArray, GapFunction, IntArray, Sample
from slxrd.model.kernel.reference.amplitude_sums import AmplitudeSums, amplitude_sums, mean_columns
from slxrd.model.kernel.reference.cell_parts import Gap, fill_occupancies, gap, parts, planes
from slxrd.model.kernel.reference.cells import add_gap, add_planes
from slxrd.model.kernel.size_shares import size_shares

#: Where q is less, this stands for it.
_LEAST_Q = 1e-9
#: Numbers of cells where a mean over one cell is needed.
_ONE_CELL = np.ones(1, np.int64)
#: Rows of the derivatives: by bottom, repeat and top of a crystal, by w, c and s of the gap, by ln r, as in
#: :mod:`slxrd.model.kernel.reference.cells`; then by N and σ_N.
_BOTTOM, _REPEAT, _TOP, _W, _C, _S, _PHASE, _N, _SIGMA_N = range(9)
_ROWS = 9


class _Mean(NamedTuple):
    """A mean over the sizes of a crystal, shape (n,), and its derivatives, shape (9, n)."""

    value: ComplexArray
    slopes: ComplexArray


def add_interference(
    rows: FloatArray,
    wave: ComplexArray,
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    pairs: int,
    derivatives: bool,
    gaps: GapFunction | None = None,
) -> ComplexArray:
    """Interference of the stacks with a wave; see :func:`slxrd.model.kernel.dispatch.add_interference`."""
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
    rows[0] += 2.0 * np.real(wave * total)
    for c in range(count if derivatives else 0):
        out, own = wave * slopes[c], s.own[c]
        rows[1 + own[1]] += 2.0 * np.real(out[_N])
        rows[1 + own[2]] += 2.0 * np.real(out[_SIGMA_N])
        turned = -2.0 * out[_PHASE].imag
        rows[1 + own[0]] += q * turned
        rows[6] += p[own[0]] * turned
        rows[6] += add_gap(rows, q, s, c, above[c], out, 0.0, gaps)
        rows[6] += add_planes(rows, p, q, s, c, out, bare, bare_by_q, heights)
        fill_occupancies(rows, p, q, delta, s, heights, out, c)
    return total


def _of_pure(
    p: FloatArray, s: Sample, F_parts: ComplexArray, between: Gap, q: FloatArray, numbers: IntArray
) -> _Mean:
    """⟨A⟩ of stacks of one size each."""
    sums = _sums(p, s, 0, F_parts, between, q, numbers, s.shares)
    _, A_r, A_t = F_parts
    slopes = np.zeros((_ROWS, q.size), np.complex128)
    slopes[_BOTTOM], slopes[_REPEAT], slopes[_TOP] = sums.C, sums.CG, sums.Ce
    slopes[_C], slopes[_W] = sums.CE, sums.T
    slopes[_PHASE] = A_r * sums.CH + A_t * sums.nCe + between.c * sums.steps_CE + between.w * sums.steps_T
    slopes[_N], slopes[_SIGMA_N] = sums.fC_by_N, sums.fC_by_sigma_N
    return _Mean(sums.fC, slopes)


def _of_mixed(
    p: FloatArray,
    s: Sample,
    F_parts: list[ComplexArray],
    gaps: list[Gap],
    q: FloatArray,
    numbers: IntArray,
) -> tuple[ComplexArray, list[ComplexArray]]:
    """⟨A⟩ of stacks of mixed sizes, or of two crystals in turn, and derivatives for each crystal."""
    means = [_means(p, s, c, F_parts[c], gaps[c], q) for c in range(len(gaps))]
    if len(means) == 1:
        alone, onward = means[0]
        columns, by_tau = mean_columns(onward.value, numbers, s.shares)
        return alone.value * columns, [columns * alone.slopes + (alone.value * by_tau) * onward.slopes]
    (f_A, tau_A), (f_B, tau_B) = means
    f = f_A.value + tau_A.value * f_B.value
    columns, by_tau = mean_columns(tau_A.value * tau_B.value, numbers, s.shares)
    on_tau = f * by_tau
    of_A = columns * (f_A.slopes + f_B.value * tau_A.slopes) + (on_tau * tau_B.value) * tau_A.slopes
    of_B = (columns * tau_A.value) * f_B.slopes + (on_tau * tau_A.value) * tau_B.slopes
    return f * columns, [of_A, of_B]


def _means(
    p: FloatArray, s: Sample, crystal: int, F_parts: ComplexArray, between: Gap, q: FloatArray
) -> tuple[_Mean, _Mean]:
    """⟨f⟩ and τ of a crystal of mixed sizes."""
    sums = _sums(p, s, crystal, F_parts, between, q, _ONE_CELL, np.ones(1))
    _, A_r, A_t = F_parts
    f, tau = np.zeros((2, _ROWS, q.size), np.complex128)
    f[_BOTTOM], f[_REPEAT], f[_TOP], f[_C] = sums.C, sums.CG, sums.Ce, sums.CE
    f[_PHASE] = A_r * sums.CH + A_t * sums.nCe + between.c * sums.steps_CE
    f[_N], f[_SIGMA_N] = sums.fC_by_N, sums.fC_by_sigma_N
    tau[_W], tau[_PHASE] = sums.CE, between.w * sums.steps_CE
    tau[_N], tau[_SIGMA_N] = between.w * sums.E_by_N, between.w * sums.E_by_sigma_N
    return _Mean(sums.fC, f), _Mean(between.w * sums.CE, tau)


def _sums(
    p: FloatArray,
    s: Sample,
    crystal: int,
    F_parts: ComplexArray,
    between: Gap,
    q: FloatArray,
    numbers: IntArray,
    shares: FloatArray,
) -> AmplitudeSums:
    """Sums over the sizes of a crystal, and over columns of cells."""
    d, N, sigma_N = p[s.own[crystal]]
    closing = int(s.closing[crystal])
    sizes, *weights = size_shares(N, sigma_N, s.window, s.power, max(1, closing))
    phases = np.exp(1j * d * np.outer((1.0, closing - 1.0), q))
    rows = np.concatenate((phases, F_parts, [between.c, between.w]))
    return amplitude_sums(rows, int(sizes[0]) - closing, closing, np.array(weights), numbers, shares)
