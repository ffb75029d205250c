r"""Sums over the planes of a strained film, as a few functions that fade with the number of planes.

A plane k of n lies at the height, in units of d,

    z_k = k + U(k) + V(n−1) − V(n−1−k),   U(k) = ε ℓ (1 − e^{−k/ℓ}),

U with the strain at the bottom, V with that at the top. With φ = qd, r = e^{iφ}, and the power series of
exp(−iφεℓ e^{−k/ℓ}), whose terms T_p belong to geometric series,

    T_p = (−iφεℓ)^p/p! · 1/(1 − r e^{−p/ℓ}),   S = Σ_{p≥1} T_p,   u = e^{iφεℓ},

the sum over the planes of a film that is strained at the bottom is

    F_n = u [Σ_{p≥0} T_p − r^n Σ_{p≥0} T_p e^{−pn/ℓ}],

and that of one strained at the top follows from it as seen from above. Both have the form

    F_n = Σ_p (X_p + r^n Y_p) e^{−pn/ℓ},

of which few terms count, as n is large. Where both surfaces are strained, only the first term is used,
F_n = u [1/(1 − r) + S] + r^n u [−1/(1 − r) + S'*/r].
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from slxrd.model.environment.film import jets
from slxrd.model.environment.film.shape import Shape
from slxrd.model.kernel.arrays import ComplexArray, FloatArray
from slxrd.model.kernel.reference.film_means import product

#: Largest phase φεℓ of which the power series is accurate; terms below this are left out.
LARGEST_PHASE = 12.0
_LEAST_TERM = 1e-13
#: Terms that have faded by exp(−this) are left out; largest number of terms.
_FADED, _MOST_TERMS = 20.0, 12
#: With strains at both surfaces, the largest change of the sum by what is left out.
_FADED_BOTH = 1e-5
_LEAST_STRAIN = 0.01


class Modes(NamedTuple):
    """The functions X_p and Y_p of the module's equations, with derivatives, and 1/ℓ."""

    X: list[ComplexArray]
    Y: list[ComplexArray]
    rate: float
    depth_row: int


def terms_needed(shape: Shape, phase: FloatArray) -> int | None:
    """Return the number of terms after the first; None if there would be too many.

    Parameters
    ----------
    shape : Shape
        The film.
    phase : ndarray, shape (n,)
        φ.
    """
    smallest = int(shape.sizes[0]) - shape.margin
    if smallest < 1:
        return None
    largest = float(np.max(np.abs(phase), initial=0.0))
    for strain, depth, used in (
        (shape.strain_bottom, shape.depth_bottom, shape.bottom),
        (shape.strain_top, shape.depth_top, shape.top),
    ):
        if used and largest * abs(strain) * depth > LARGEST_PHASE:
            return None
    if shape.bottom and shape.top:
        return 0 if _have_faded(shape, largest) else None
    if not shape.strained:
        return 0
    depth = shape.depth_bottom if shape.bottom else shape.depth_top
    # Powers of e^{1/ℓ} appear in the strain at the top; a depth of less than a plane needs no series.
    needed = math.ceil(_FADED * depth / smallest)
    return needed if needed <= _MOST_TERMS else None


def _have_faded(shape: Shape, largest: float) -> bool:
    """Whether both strains have faded within a film, averaged over its sizes and its roughness."""
    mean = float(shape.shares @ shape.sizes)
    variance = float(shape.shares @ (shape.sizes - mean) ** 2) + shape.roughness**2
    for strain, depth in ((shape.strain_bottom, shape.depth_bottom), (shape.strain_top, shape.depth_top)):
        # Derivatives with respect to a strain do not vanish where it is 0.
        turn = largest * max(abs(strain), _LEAST_STRAIN) * depth
        remains = math.exp(min(0.5 * variance / depth**2 - mean / depth, 0.0))
        if turn * (depth + 1.0) * remains > _FADED_BOTH:
            return False
    return True


def modes_of(shape: Shape, phase: FloatArray, terms: int) -> Modes:
    """Return the functions X_p and Y_p of a film.

    Parameters
    ----------
    shape : Shape
        The film.
    phase : ndarray, shape (n,)
        φ; no point so close to a multiple of 2π that 1 − r has no digits left.
    terms : int
        From :func:`terms_needed`.
    """
    r = np.exp(1j * phase)
    pole = 1.0 / (1.0 - r)
    first = jets.jet(pole, {jets.PHASE: 1j * r * pole**2})
    if not shape.strained:
        return Modes([first], [-first], 0.0, jets.DEPTH_BOTTOM)
    if shape.bottom and shape.top:
        u = _raised(shape, phase)
        below, _ = _series(phase, r, shape.strain_bottom, shape.depth_bottom, 0, True)
        above, _ = _series(phase, r, shape.strain_top, shape.depth_top, 0, False)
        over = product(np.conj(above), _turned_back(r)) - first
        return Modes([product(u, first + below)], [product(u, over)], 0.0, jets.DEPTH_BOTTOM)
    if shape.bottom:
        u = _raised(shape, phase)
        series, T = _series(phase, r, shape.strain_bottom, shape.depth_bottom, terms, True)
        Y = [product(u, -one) for one in (first, *T)]
        X = [product(u, first + series), *(np.zeros_like(first) for _ in T)]
        return Modes(X, Y, 1.0 / shape.depth_bottom, jets.DEPTH_BOTTOM)
    series, T = _series(phase, r, shape.strain_top, shape.depth_top, terms, False)
    back = _turned_back(r)
    whole = product(back, np.conj(first + series))
    ends = [product(back, -np.conj(one)) for one in (first, *T)]
    D = _settled(shape, phase, terms)
    X = [np.sum([product(D[v], ends[k - v]) for v in range(k + 1)], axis=0) for k in range(terms + 1)]
    return Modes(X, [product(d, whole) for d in D], 1.0 / shape.depth_top, jets.DEPTH_TOP)


def _turned_back(r: ComplexArray) -> ComplexArray:
    """1/r."""
    back = np.conj(r)
    return jets.jet(back, {jets.PHASE: -1j * back})


def _raised(shape: Shape, phase: FloatArray) -> ComplexArray:
    """U of the module's equations, for the bottom."""
    strain, depth = shape.strain_bottom, shape.depth_bottom
    u = np.exp(1j * phase * (strain * depth))
    return jets.jet(
        u,
        {
            jets.PHASE: 1j * (strain * depth) * u,
            jets.STRAIN_BOTTOM: 1j * phase * depth * u,
            jets.DEPTH_BOTTOM: 1j * phase * strain * u,
        },
    )


def _settled(shape: Shape, phase: FloatArray, terms: int) -> list[ComplexArray]:
    """Terms of e^{iφ[V(n−1) − V(∞)]} in powers of e^{−n/ℓ}."""
    strain, depth = shape.strain_top, shape.depth_top
    growth = math.exp(1.0 / depth)
    z = jets.jet(
        -1j * phase * (strain * depth * growth),
        {
            jets.PHASE: np.full(phase.size, -1j * strain * depth * growth),
            jets.STRAIN_TOP: -1j * phase * (depth * growth),
            jets.DEPTH_TOP: -1j * phase * (strain * growth * (1.0 - 1.0 / depth)),
        },
    )
    found = [jets.jet(np.ones(phase.size, np.complex128), {})]
    for v in range(1, terms + 1):
        found.append(product(found[-1], z / v))
    return found


def _series(
    phase: FloatArray, r: ComplexArray, strain: float, depth: float, kept: int, bottom: bool
) -> tuple[ComplexArray, list[ComplexArray]]:
    """S of the module's equations, and its first terms, with derivatives."""
    rows = np.zeros((4, phase.size), np.complex128)
    ends = (jets.STRAIN_BOTTOM, jets.DEPTH_BOTTOM) if bottom else (jets.STRAIN_TOP, jets.DEPTH_TOP)
    places = (jets.PHASE, *ends)
    by_strain = (-1j * depth) * phase.astype(np.complex128)
    c = by_strain * strain
    largest = float(np.max(np.abs(c), initial=0.0))
    before: ComplexArray = np.ones(phase.size, np.complex128)
    terms: list[ComplexArray] = []
    size, p = 1.0, 1
    while True:
        x = r * math.exp(-p / depth)
        g: ComplexArray = 1.0 / (1.0 - x)
        by_x = x * g * g
        term: ComplexArray = before * c / p
        own = (
            term * g,
            (-1j * strain * depth) * before * g + 1j * term * by_x,
            by_strain * before * g,
            (-1j * phase * strain) * before * g + (p / depth**2) * term * by_x,
        )
        for row, slope in zip(rows, own, strict=True):
            row += slope
        if p <= kept:
            terms.append(jets.jet(own[0], dict(zip(places, own[1:], strict=True))))
        size *= largest / p
        if size < _LEAST_TERM and p > max(largest, kept):
            break
        before, p = term, p + 1
    return jets.jet(rows[0], dict(zip(places, rows[1:], strict=True))), terms
