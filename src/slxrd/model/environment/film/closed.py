r"""Films whose strains fade within them: sums over planes in closed form.

The sum over the planes of a crystal is F_n = Σ_p (X_p + r^n Y_p) e^{−pn/ℓ}, r = e^{iqd} (see
:mod:`slxrd.model.environment.film.surface`). Roughness of the top over distances that scatter coherently
averages it over n = N + m with the shares w_m of whole numbers of a normal distribution; the sizes P_N of
crystals that do not interfere average intensities. Both means are taken by
:func:`slxrd.model.kernel.dispatch.film_means`.
"""

from __future__ import annotations

import numpy as np

from slxrd.model.environment.film import jets
from slxrd.model.environment.film.shape import Shape, rounded_normal
from slxrd.model.environment.film.surface import Modes, modes_of, terms_needed
from slxrd.model.kernel.arrays import ComplexArray, FloatArray, IntArray, PowerWeights
from slxrd.model.kernel.dispatch import film_means


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
    steps = None
    if shape.roughness > 0.0:
        numbers = np.arange(-shape.margin, shape.margin + 1)
        share, by_spread = rounded_normal(numbers, shape.roughness)
        steps = _faded(numbers, {0: share, jets.ROUGHNESS: by_spread}, terms, modes)
    weights = {0: shape.shares, jets.N: shape.shares_N, jets.SIGMA_N: shape.shares_sigma_N}
    sizes = _faded(shape.sizes, weights, 2 * terms, modes)
    return film_means(np.array(modes.X), np.array(modes.Y), phase, sizes, steps)


def _faded(numbers: IntArray, weights: dict[int, FloatArray], terms: int, modes: Modes) -> PowerWeights:
    """Weights of whole numbers n times e^{−kn/ℓ}, with their derivatives, for k from 0 to ``terms``.

    Parameters
    ----------
    numbers : ndarray of int64, shape (m,)
        Consecutive numbers.
    weights : dict of int to ndarray, shape (m,)
        The weights (0), and their derivatives by row.
    terms : int
        Largest k.
    modes : Modes
        Of the film, for 1/ℓ and the row of the derivative with respect to ℓ.
    """
    k = np.arange(terms + 1)[:, None]
    faded = np.exp(-k * modes.rate * numbers)
    table = [weight * faded for weight in weights.values()]
    by_phase = table[0] * numbers
    table += [by_phase, by_phase * (k * modes.rate**2)]
    rows = np.array([*weights, jets.PHASE, modes.depth_row])
    return PowerWeights(int(numbers[0]), rows, np.stack(table, axis=1))
