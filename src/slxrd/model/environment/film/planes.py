"""Films by the sum over their planes: thin ones, deep strains, and points at a Bragg peak."""

from __future__ import annotations

import numpy as np

from slxrd.model.environment.film import jets
from slxrd.model.environment.film.shape import Shape, rounded_normal
from slxrd.model.kernel.arrays import ComplexArray, FloatArray, IntArray

#: Largest number of planes times points in an array.
_PORTION = 200_000


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
    margin, rows = shape.margin, _rows(shape)
    numbers = np.arange(max(int(shape.sizes[0]) - margin, 1), int(shape.sizes[-1]) + margin + 1)
    sums = _sums(shape, phase, numbers)
    share, slope = rounded_normal(np.arange(-margin, margin + 1), shape.roughness)
    places = numbers - shape.sizes[:, None] + margin
    inside = (places >= 0) & (places <= 2 * margin)
    weights, changes = (np.where(inside, row[np.where(inside, places, 0)], 0.0) for row in (share, slope))
    F = np.zeros((jets.ROWS, shape.sizes.size, phase.size), np.complex128)
    F[rows] = np.moveaxis(_times(weights, sums), 1, 0)
    if shape.roughness > 0.0:
        F[jets.ROUGHNESS] = _times(changes, sums[:, :1])[:, 0]
        rows = [*rows, jets.ROUGHNESS]
    intensity = np.zeros((jets.ROWS, phase.size))
    amplitude = np.zeros((jets.ROWS, phase.size), np.complex128)
    square = np.abs(F[0]) ** 2
    for row in rows:
        amplitude[row] = shape.shares @ F[row]
        intensity[row] = shape.shares @ (2.0 * np.real(np.conj(F[0]) * F[row]))
    intensity[0] = shape.shares @ square
    for row, change in ((jets.N, shape.shares_N), (jets.SIGMA_N, shape.shares_sigma_N)):
        amplitude[row], intensity[row] = change @ F[0], change @ square
    return intensity, amplitude


def _times(weights: FloatArray, sums: ComplexArray) -> ComplexArray:
    """Multiply real weights, shape (s, m), and complex sums, shape (m, r, n)."""
    parts = np.ascontiguousarray(sums).view(np.float64).reshape(sums.shape[0], -1)
    found: ComplexArray = (weights @ parts).view(np.complex128).reshape(-1, *sums.shape[1:])
    return found


def _rows(shape: Shape) -> list[int]:
    """Rows of the derivatives that a sum over planes has."""
    bottom = [jets.STRAIN_BOTTOM, jets.DEPTH_BOTTOM] if shape.bottom else []
    return [0, jets.PHASE, *bottom, *([jets.STRAIN_TOP, jets.DEPTH_TOP] if shape.top else [])]


def _sums(shape: Shape, phase: FloatArray, numbers: IntArray) -> ComplexArray:
    """Sums over the planes of crystals of m successive sizes, and derivatives; shape (m, r, n)."""
    if shape.bottom and shape.top:
        return np.array([_both(shape, phase, int(number)) for number in numbers])
    strain, depth = shape.strain_bottom, shape.depth_bottom
    if shape.top:
        strain, depth = shape.strain_top, shape.depth_top
    k = np.arange(int(numbers[-1]))
    moved, *by_strain = _displacements(k, strain, depth)
    if not shape.strained:
        moved, by_strain = np.zeros(k.size), []
    height = k + moved
    turned = np.exp(1j * np.multiply.outer(height, phase))
    rows = np.empty((k.size, 2 + len(by_strain), phase.size), np.complex128)
    rows[:, 0] = turned
    rows[:, 1] = (1j * height)[:, None] * turned
    for column, by in enumerate(by_strain, 2):
        rows[:, column] = (1j * by)[:, None] * (phase * turned)
    # The planes that all crystals contain are summed at once.
    first = int(numbers[0]) - 1
    rows[first] = rows[: first + 1].sum(axis=0)
    rows = np.cumsum(rows[first:], axis=0)
    if shape.top:
        turned, height = turned[first:], height[first:]
        by_strain = [by[first:] for by in by_strain]
        # Heights were measured downward from the top.
        rows = np.conj(rows) * turned[:, None]
        rows[:, 1] += 1j * height[:, None] * rows[:, 0]
        for column, by in enumerate(by_strain, 2):
            rows[:, column] += 1j * phase * by[:, None] * rows[:, 0]
    found: ComplexArray = rows
    return found


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
