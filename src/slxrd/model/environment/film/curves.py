"""Mean intensity and mean amplitude of a film from its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from slxrd._interruption import check_interruption
from slxrd.model.environment.film import closed, jets, planes
from slxrd.model.environment.film.shape import Shape, shape_of
from slxrd.model.kernel.arrays import ComplexArray, FloatArray

#: Where |1 − e^{iqd}| is less, sums are not taken in closed form.
_NEAR_PEAK = 3e-3
#: Largest deviation of d in standard deviations; the integral over them is accurate to exp(−½·6.5²).
_FARTHEST = 6.5


def film_curves(
    values: Mapping[str, float], names: Sequence[str], q: FloatArray, window: float, power: int
) -> tuple[FloatArray, ComplexArray]:
    """Mean intensity and mean amplitude of single crystals of equal planes, with exact derivatives.

    Parameters
    ----------
    values : mapping of str to float
        Values of d, N, σ_N, and of the parameters of strain, roughness and spread of d that the film has.
    names : sequence of str, length k
        Names of all parameters, in the order of the rows.
    q : ndarray, shape (n,)
        True scattering vector in Å⁻¹.
    window, power
        As for :func:`slxrd.model.sizes.size_weights`.

    Returns
    -------
    intensity : ndarray, shape (1 + k, n)
        In squared units of a plane, and its derivatives, that with respect to q in the row of q_zero.
    amplitude : ndarray of complex, shape (1 + k, n)
        From the lowest plane, and its derivatives.
    """
    d, sigma_d = float(values["d"]), float(values.get("sigma_d", 0.0))
    shape = shape_of(values, window, power)
    found = _over_distances(shape, q * d, sigma_d, "sigma_d" in values)
    intensity = np.zeros((1 + len(names), q.size))
    amplitude = np.zeros((1 + len(names), q.size), np.complex128)
    for rows, by in ((intensity, found[0]), (amplitude, found[1])):
        rows[0] = by[0]
        own = {
            "d": q * by[jets.PHASE] - (shape.roughness / d) * by[jets.ROUGHNESS],
            "q_zero": d * by[jets.PHASE],
            "sigma_top": by[jets.ROUGHNESS] / d,
            **{name: by[row] for row, name in enumerate(jets.BY, 1) if name not in ("phase", "roughness")},
        }
        for name, slope in own.items():
            if name in names:
                rows[1 + names.index(name)] = slope
    return intensity, amplitude


def _over_distances(
    shape: Shape, phase: FloatArray, sigma_d: float, spread: bool
) -> tuple[FloatArray, ComplexArray]:
    """Average over normally distributed d, by the trapezoidal rule, which is spectrally accurate for it."""
    if not spread:
        return _film_sums(shape, phase)
    turn = float(np.max(np.abs(phase), initial=0.0)) * sigma_d * float(shape.sizes[-1] + shape.margin)
    half = math.ceil(_FARTHEST * (turn + _FARTHEST) / (2.0 * math.pi))
    nodes = np.arange(-half, half + 1) * (_FARTHEST / half)
    weights = np.exp(-0.5 * nodes**2)
    weights /= weights.sum()
    intensity = np.zeros((jets.ROWS, phase.size))
    amplitude = np.zeros((jets.ROWS, phase.size), np.complex128)
    for x, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        own = _film_sums(shape, phase * (1.0 + sigma_d * x))
        for rows in own:
            rows[jets.SIGMA_D] = x * phase * rows[jets.PHASE]
            rows[jets.PHASE] *= 1.0 + sigma_d * x
        intensity += weight * own[0]
        amplitude += weight * own[1]
    return intensity, amplitude


def _film_sums(shape: Shape, phase: FloatArray) -> tuple[FloatArray, ComplexArray]:
    check_interruption()
    if not closed.is_closed(shape, phase):
        return planes.film_sums(shape, phase)
    near = np.flatnonzero(np.abs(np.sin(0.5 * phase)) < 0.5 * _NEAR_PEAK)
    elsewhere = phase.copy()
    elsewhere[near] = math.pi
    intensity, amplitude = closed.film_sums(shape, elsewhere)
    if near.size:
        intensity[:, near], amplitude[:, near] = planes.film_sums(shape, phase[near])
    return intensity, amplitude
