"""Means over the sizes and the roughness of a film, in NumPy.

A jet is an array whose first row is a function, the second its derivative with respect to the phase φ, and
the others its derivatives with respect to other parameters.
"""

from __future__ import annotations

import numpy as np

from slxrd.model.kernel.arrays import ComplexArray, FloatArray, PowerWeights

_BY_PHASE = 1


def product(*factors: ComplexArray) -> ComplexArray:
    """Multiply jets, by the product rule."""
    total = factors[0]
    for factor in factors[1:]:
        rows = total * factor[0] + total[0] * factor
        rows[0] = total[0] * factor[0]
        total = rows
    return total


def film_means(
    X: ComplexArray, Y: ComplexArray, phase: FloatArray, sizes: PowerWeights, steps: PowerWeights | None
) -> tuple[FloatArray, ComplexArray]:
    """Mean intensity and mean amplitude; see :func:`slxrd.model.kernel.dispatch.film_means`."""
    rows = X.shape[1]
    if steps is not None:
        still, moved = _means(phase, steps, rows)
        X = np.array([product(one, other) for one, other in zip(X, still, strict=True)])
        Y = np.array([product(one, other) for one, other in zip(Y, moved, strict=True)])
    s, chi = _means(phase, sizes, rows)
    amplitude = np.zeros(X.shape[1:], np.complex128)
    for p in range(len(X)):
        amplitude += product(X[p], s[p]) + product(Y[p], chi[p])
    return _intensity(X, Y, s, chi), amplitude


def _intensity(X: ComplexArray, Y: ComplexArray, s: ComplexArray, chi: ComplexArray) -> FloatArray:
    r"""Mean intensity and its derivatives.

    As a Hermitian form in X and Y, its derivative is 2 Re Σ_p ∂X_p* G_p + ∂Y_p* H_p with
    G_p = Σ_p' (X_p' s_{p+p'} + Y_p' χ_{p+p'}) and H_p = Σ_p' (Y_p' s_{p+p'} + X_p' χ*_{p+p'}).

    Parameters
    ----------
    X, Y : ndarray of complex, shape (t, k, n)
    s : ndarray of complex, shape (2t − 1, k, 1)
    chi : ndarray of complex, shape (2t − 1, k, n)
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


def _means(phase: FloatArray, of: PowerWeights, rows: int) -> tuple[ComplexArray, ComplexArray]:
    """Jets of the means of e^{−kn/ℓ}, shape (t, rows, 1), and of r^n e^{−kn/ℓ}, shape (t, rows, n)."""
    terms, width, count = of.weights.shape
    still = np.zeros((terms, rows, 1), np.complex128)
    still[:, of.rows] = of.weights.sum(axis=2, keepdims=True)
    still[:, _BY_PHASE] = 0.0
    turned = np.empty((count, phase.size), np.complex128)
    turned[0] = np.exp(1j * float(of.first) * phase)
    r = np.exp(1j * phase)
    for k in range(1, count):
        np.multiply(turned[k - 1], r, out=turned[k])
    sums = (of.weights.reshape(-1, count) @ turned.view(np.float64)).view(np.complex128)
    moved = np.zeros((terms, rows, phase.size), np.complex128)
    moved[:, of.rows] = sums.reshape(terms, width, phase.size)
    moved[:, _BY_PHASE] *= 1j
    return still, moved
