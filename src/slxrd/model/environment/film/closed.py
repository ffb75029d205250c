r"""Films whose strains fade within them: sums over planes in closed form.

The sum over the planes of a crystal is F_n = Σ_p (X_p + r^n Y_p) e^{−pn/ℓ}, r = e^{iqd} (see
:mod:`slxrd.model.environment.film.surface`). Roughness of the top over distances that scatter coherently
averages it over n = N + m with the shares w_m of whole numbers of a normal distribution, which multiplies
X_p by Σ_m w_m e^{−pm/ℓ} and Y_p by Σ_m w_m r^m e^{−pm/ℓ}. The sizes P_N of crystals that do not interfere
average intensities: with s_k = Σ_N P_N e^{−kN/ℓ} and χ_k = Σ_N P_N r^N e^{−kN/ℓ},

    ⟨A⟩ = Σ_p (X_p s_p + Y_p χ_p),
    ⟨|A|²⟩ = Σ_{p,p'} (X_p* X_p' + Y_p* Y_p') s_{p+p'} + 2 Re X_p* Y_p' χ_{p+p'}.
"""

from __future__ import annotations

import numpy as np

from slxrd.model.environment.film import jets
from slxrd.model.environment.film.shape import Shape, rounded_normal
from slxrd.model.environment.film.surface import Modes, modes_of, terms_needed
from slxrd.model.kernel.arrays import ComplexArray, FloatArray, IntArray


def is_closed(shape: Shape, phase: FloatArray) -> bool:
    """Whether a film has such a form."""
    return terms_needed(shape, phase) is not None


def film_sums(shape: Shape, phase: FloatArray) -> tuple[FloatArray, ComplexArray]:
    """Mean intensity and mean amplitude of a film, away from its Bragg peaks.

    Parameters
    ----------
    shape : Shape
        The film, for which :func:`is_closed` is true.
    phase : ndarray, shape (n,)
        φ = qd; no point so close to a multiple of 2π that 1 − r has no digits left.

    Returns
    -------
    intensity : ndarray, shape (ROWS, n)
    amplitude : ndarray of complex, shape (ROWS, n)
        With derivatives; see :mod:`slxrd.model.environment.film.jets`.
    """
    terms = terms_needed(shape, phase) or 0
    modes = modes_of(shape, phase, terms)
    X, Y = modes.X, modes.Y
    if shape.roughness > 0.0:
        steps = np.arange(-shape.margin, shape.margin + 1)
        share, by_spread = rounded_normal(steps, shape.roughness)
        weights = {0: share, jets.ROUGHNESS: by_spread}
        still, moved = _averages(phase, steps, weights, terms, modes)
        X = [jets.product(one, other) for one, other in zip(X, still, strict=True)]
        Y = [jets.product(one, other) for one, other in zip(Y, moved, strict=True)]
    weights = {0: shape.shares, jets.N: shape.shares_N, jets.SIGMA_N: shape.shares_sigma_N}
    s, chi = _averages(phase, shape.sizes, weights, 2 * terms, modes)
    amplitude = sum(jets.product(X[p], s[p]) + jets.product(Y[p], chi[p]) for p in range(terms + 1))
    return _intensity(np.array(X), np.array(Y), np.array(s), np.array(chi)), np.asarray(amplitude)


def _intensity(X: ComplexArray, Y: ComplexArray, s: ComplexArray, chi: ComplexArray) -> FloatArray:
    r"""Mean intensity and its derivatives.

    As a Hermitian form in X and Y, its derivative is 2 Re Σ_p ∂X_p* G_p + ∂Y_p* H_p with
    G_p = Σ_p' (X_p' s_{p+p'} + Y_p' χ_{p+p'}) and H_p = Σ_p' (Y_p' s_{p+p'} + X_p' χ*_{p+p'}).

    Parameters
    ----------
    X, Y : ndarray of complex, shape (t, ROWS, n)
    s : ndarray of complex, shape (2t − 1, ROWS, 1)
    chi : ndarray of complex, shape (2t − 1, ROWS, n)
    """
    x, y, terms = X[:, 0], Y[:, 0], len(X)
    G, H = np.zeros((2, terms, x.shape[1]), np.complex128)
    alike, crossed = np.zeros((2, len(s), x.shape[1]), np.complex128)
    for p in range(terms):
        own, ahead = s[p : p + terms, 0], chi[p : p + terms, 0]
        G += x[p] * own + y[p] * ahead
        H += y[p] * own + x[p] * np.conj(ahead)
        alike[p : p + terms] += np.conj(x[p]) * x + np.conj(y[p]) * y
        crossed[p : p + terms] += np.conj(x[p]) * y
    by_modes = np.einsum("prn,pn->rn", np.conj(X), G) + np.einsum("prn,pn->rn", np.conj(Y), H)
    by_sizes = np.einsum("krn,kn->rn", s, alike) + 2.0 * np.einsum("krn,kn->rn", chi, crossed)
    rows: FloatArray = 2.0 * by_modes.real + by_sizes.real
    rows[0] = by_modes[0].real
    return rows


def _averages(
    phase: FloatArray,
    numbers: IntArray,
    weights: dict[int, FloatArray],
    terms: int,
    modes: Modes,
) -> tuple[list[ComplexArray], list[ComplexArray]]:
    """Weighted means of e^{−kn/ℓ} and of r^n e^{−kn/ℓ} over whole numbers n, for k from 0 to ``terms``.

    Parameters
    ----------
    phase : ndarray, shape (n,)
        φ.
    numbers : ndarray of int64, shape (m,)
        Consecutive numbers.
    weights : dict of int to ndarray, shape (m,)
        The weights (0), and their derivatives by row.
    terms : int
        Largest k.
    modes : Modes
        Of the film, for 1/ℓ and the row of the derivative with respect to ℓ.
    """
    rows, rate = [], modes.rate
    for k in range(terms + 1):
        faded = np.exp(-k * rate * numbers)
        rows += [weight * faded for weight in weights.values()]
        rows += [weights[0] * faded * numbers, weights[0] * faded * numbers * (k * rate**2)]
    table = np.array(rows)
    turned = _powers(phase, numbers, table).reshape(terms + 1, -1, phase.size)
    plain = table.sum(axis=1).reshape(terms + 1, -1, 1).astype(np.complex128)
    still: list[ComplexArray] = []
    moved: list[ComplexArray] = []
    for k in range(terms + 1):
        for found, source, by_phase in ((still, plain[k], 0.0), (moved, turned[k], 1j)):
            slopes = {row: source[i] for i, row in enumerate(weights) if row}
            slopes |= {jets.PHASE: by_phase * source[-2], modes.depth_row: source[-1]}
            found.append(jets.jet(source[0], slopes))
    return still, moved


def _powers(phase: FloatArray, numbers: IntArray, weights: FloatArray) -> ComplexArray:
    """Weighted sums of e^{iφm} over consecutive whole numbers m, by repeated rotation; shape (w, n)."""
    turned = np.empty((numbers.size, phase.size), np.complex128)
    turned[0] = np.exp(1j * float(numbers[0]) * phase)
    r = np.exp(1j * phase)
    for k in range(1, numbers.size):
        np.multiply(turned[k - 1], r, out=turned[k])
    sums: ComplexArray = (weights @ turned.view(np.float64)).view(np.complex128)
    return sums
