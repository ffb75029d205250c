"""Films by the sum over their planes: thin ones, deep strains, and points at a Bragg peak."""

from __future__ import annotations

import numpy as np

from slxrd.model.environment.film import jets
from slxrd.model.environment.film.shape import Shape, rounded_normal
from slxrd.model.kernel.arrays import ComplexArray, FloatArray, IntArray

#: Largest number of planes times points in an array.
_PORTION = 200_000
#: Rows of the derivatives that a sum over planes has.
_ROWS = (0, jets.PHASE, jets.STRAIN_BOTTOM, jets.DEPTH_BOTTOM, jets.STRAIN_TOP, jets.DEPTH_TOP)


def film_sums(shape: Shape, phase: FloatArray) -> tuple[FloatArray, ComplexArray]:
    """Mean intensity and mean amplitude of any film at any point.

    Parameters and results as in :func:`slxrd.model.environment.film.closed.film_sums`.
    """
    portion = max(_PORTION // int(shape.sizes[-1] + shape.margin), 1)
    pieces = [_film_sums(shape, phase[k : k + portion]) for k in range(0, phase.size, portion)]
    if not pieces:
        nothing = np.zeros((jets.ROWS, 0), np.complex128)
        return nothing.real, nothing
    return (
        np.concatenate([intensity for intensity, _ in pieces], axis=1),
        np.concatenate([amplitude for _, amplitude in pieces], axis=1),
    )


def _film_sums(shape: Shape, phase: FloatArray) -> tuple[FloatArray, ComplexArray]:
    margin = shape.margin
    numbers = np.arange(max(int(shape.sizes[0]) - margin, 1), int(shape.sizes[-1]) + margin + 1)
    sums = _sums(shape, phase, numbers)
    share, slope = rounded_normal(np.arange(-margin, margin + 1), shape.roughness)
    intensity = np.zeros((jets.ROWS, phase.size), np.complex128)
    amplitude = np.zeros_like(intensity)
    for k, size in enumerate(shape.sizes.tolist()):
        F = np.zeros_like(intensity)
        first = max(numbers[0], size - margin)
        inside = slice(first - numbers[0], size + margin + 1 - numbers[0])
        steps = slice(first - size + margin, None)
        F[list(_ROWS)] = np.tensordot(share[steps], sums[inside], axes=1)
        F[jets.ROUGHNESS] = slope[steps] @ sums[inside, 0]
        square = jets.product(np.conj(F), F)
        for total, own in ((intensity, square), (amplitude, F)):
            total += shape.shares[k] * own
            total[jets.N] += shape.shares_N[k] * own[0]
            total[jets.SIGMA_N] += shape.shares_sigma_N[k] * own[0]
    return intensity.real, amplitude


def _sums(shape: Shape, phase: FloatArray, numbers: IntArray) -> ComplexArray:
    """Sums over the planes of crystals of given numbers of planes, and derivatives; shape (m, 6, n)."""
    if shape.bottom and shape.top:
        return np.array([_both(shape, phase, int(number)) for number in numbers])
    strain, depth = shape.strain_bottom, shape.depth_bottom
    if shape.top:
        strain, depth = shape.strain_top, shape.depth_top
    k = np.arange(int(numbers[-1]))
    moved, by_strain, by_depth = _displacements(k, strain, depth)
    height = k + moved
    turned = np.exp(1j * np.multiply.outer(height, phase))
    rows = np.zeros((k.size, 6, phase.size), np.complex128)
    columns = (4, 5) if shape.top else (2, 3)
    rows[:, 0] = np.cumsum(turned, axis=0)
    rows[:, 1] = np.cumsum((1j * height)[:, None] * turned, axis=0)
    if shape.strained:
        for column, by in zip(columns, (by_strain, by_depth), strict=True):
            rows[:, column] = 1j * phase * np.cumsum(by[:, None] * turned, axis=0)
    if shape.top:
        # Heights were measured downward from the top.
        rows = np.conj(rows)
        lowest = turned[:, None]
        rows = rows * lowest
        rows[:, 1] += 1j * height[:, None] * rows[:, 0]
        for column, by in zip(columns, (by_strain, by_depth), strict=True):
            rows[:, column] += 1j * phase * by[:, None] * rows[:, 0]
    chosen: ComplexArray = rows[numbers - 1]
    return chosen


def _displacements(k: IntArray, strain: float, depth: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """ε ℓ (1 − e^{−k/ℓ}), and its derivatives with respect to ε and ℓ."""
    faded = np.exp(-k / depth)
    gone = 1.0 - faded
    return strain * depth * gone, depth * gone, strain * (gone - k / depth * faded)


def _both(shape: Shape, phase: FloatArray, number: int) -> ComplexArray:
    """Sum over the planes of one crystal with strains at both surfaces, shape (6, n)."""
    k = np.arange(number)
    U, U_strain, U_depth = _displacements(k, shape.strain_bottom, shape.depth_bottom)
    V, V_strain, V_depth = (v[-1] - v[::-1] for v in _displacements(k, shape.strain_top, shape.depth_top))
    height = k + U + V
    turned = np.exp(1j * np.multiply.outer(height, phase))
    slopes = np.array([U_strain, U_depth, V_strain, V_depth]).astype(np.complex128)
    return np.concatenate(
        [
            turned.sum(axis=0)[None],
            1j * (height @ turned)[None],
            1j * phase * (slopes @ turned),
        ]
    )
