"""Compiled choice of the background shapes whose coefficients are free, where none may be negative.

At the minimum of χ² some coefficients are zero and the others free. With few shapes, all such choices are
tried, from the scalar products of the shapes alone; the lowest χ² among those without a negative coefficient
is the minimum (the conditions of Karush, Kuhn and Tucker hold there and nowhere else).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_compile = njit(cache=True, nogil=True, error_model="numpy")


@_compile
def _product(one, other):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(one.size):
        total += one[i] * other[i]
    return total


@_compile
def _solved(products, right, chosen, c):  # type: ignore[no-untyped-def]
    """Solve for the coefficients of chosen columns by Cholesky, in place; False if they are dependent."""
    n = chosen.size
    U = np.zeros((n, n))
    for a in range(n):
        for b in range(a + 1):
            total = products[chosen[a], chosen[b]]
            for k in range(b):
                total -= U[a, k] * U[b, k]
            if a == b:
                if not total > 1e-13 * products[chosen[a], chosen[a]]:
                    return False
                U[a, a] = math.sqrt(total)
            else:
                U[a, b] = total / U[b, b]
    for a in range(n):
        total = right[chosen[a]]
        for k in range(a):
            total -= U[a, k] * c[k]
        c[a] = total / U[a, a]
    for a in range(n - 1, -1, -1):
        total = c[a]
        for k in range(a + 1, n):
            total -= U[k, a] * c[k]
        c[a] = total / U[a, a]
    return True


@_compile
def _is_positive(model, target, basis, inverse):  # type: ignore[no-untyped-def]
    """Whether no coefficient is negative where all are free."""
    width = basis.shape[0]
    of_model, of_target = np.empty(width), np.empty(width)
    norm, along = _product(model, model), _product(model, target)
    for k in range(width):
        of_model[k], of_target[k] = _product(basis[k], model), _product(basis[k], target)
        norm -= of_model[k] * of_model[k]
        along -= of_model[k] * of_target[k]
    for k in range(width):
        c = 0.0
        for j in range(width):
            c += inverse[k, j] * (of_target[j] - along / norm * of_model[j])
        if c < 0.0:
            return False
    return True


@_compile
def _columns(choice, width):  # type: ignore[no-untyped-def]
    """The model, and the shapes that are the bits of a number."""
    chosen = np.zeros(width + 1, np.int64)
    count = 1
    for a in range(width):
        if choice >> a & 1:
            chosen[count] = a + 1
            count += 1
    return chosen[:count].copy()


@_compile
def free_background(model, target, basis, shapes, inverse):  # type: ignore[no-untyped-def]
    """Orthonormal rows that span the background shapes with positive coefficients.

    Parameters
    ----------
    model, target : ndarray, shape (n,)
        Calculated curve, of any scale, and measured points, over σ.
    basis : ndarray, shape (k, n)
        Orthonormal rows of the span of all shapes.
    shapes : ndarray, shape (k, n)
        Shapes over σ whose coefficients may not be negative.
    inverse : ndarray, shape (k, k)
        Matrix from coefficients of ``basis`` to those of ``shapes``.

    Returns
    -------
    ndarray, shape (f, n)
        ``basis`` itself if all coefficients are positive.
    """
    width = shapes.shape[0]
    if _is_positive(model, target, basis, inverse):
        return basis
    products, right = np.empty((width + 1, width + 1)), np.empty(width + 1)
    products[0, 0], right[0] = _product(model, model), _product(model, target)
    for a in range(width):
        right[a + 1] = _product(shapes[a], target)
        products[0, a + 1] = products[a + 1, 0] = _product(shapes[a], model)
        for b in range(width):
            products[a + 1, b + 1] = _product(shapes[a], shapes[b])
    best, gain, c = 0, -math.inf, np.empty(width + 1)
    for choice in range(2**width - 1):
        chosen = _columns(choice, width)
        if not _solved(products, right, chosen, c):
            continue
        explained, negative = 0.0, False
        for a in range(chosen.size):
            explained += c[a] * right[chosen[a]]
            negative = negative or (a > 0 and c[a] < 0.0)
        if not negative and explained > gain:
            best, gain = choice, explained
    count = 0
    rows = np.empty((width, model.size))
    for a in range(width):
        if best >> a & 1:
            rows[count] = shapes[a]
            for _ in range(2):  # twice: once leaves rounding errors
                for b in range(count):
                    overlap = _product(rows[b], rows[count])
                    rows[count] -= overlap * rows[b]
            rows[count] /= math.sqrt(_product(rows[count], rows[count]))
            count += 1
    return rows[:count].copy()
