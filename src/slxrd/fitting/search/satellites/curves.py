"""Curves of stacks whose crystals are equal, for many structures at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.fitting.search.film.curves import Curves
from slxrd.model.intensity import Model
from slxrd.model.kernel.arrays import ComplexArray
from slxrd.units import FloatArray

#: Attenuation from cell to cell that keeps sums finite.
LEAST_FADING = 1e-4


def stack_curves(q: FloatArray, values: Mapping[str, FloatArray], model: Model) -> Curves:
    """Calculate mean intensity and amplitude of stacks whose crystals are equal.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹.
    values : mapping of str to ndarray, shape (k,)
        d, N, L and σ_L of each stack, and d_B and N_B of two layers in turn.
    model : Model
        Number of cells, and the resolution, which is taken as further disorder: it reduces the contrast of
        neighbours at a distance Λ by exp(−½(Λσ_G)²).

    Returns
    -------
    Curves
        Of shape (n, k).
    """
    across = q[:, None]
    width = model.instrument.sigma(q)[:, None]
    d, N, L, spread = (values[name][None, :] for name in ("d", "N", "L", "sigma_L"))
    count, loss = float(model.stack.coherent), 0.5 * (across * spread) ** 2
    first, length = _crystal(q, values["d"], values["N"]), (N - 1.0) * d + L
    cell, own, phase = first, np.abs(first) ** 2, 1j * across * length - loss
    within = across_cells = np.zeros((1, 1), dtype=complex)
    if "d_B" in values:
        second = _crystal(q, values["d_B"], values["N_B"])
        length_B = (values["N_B"] - 1.0) * values["d_B"] + L
        onward, phase_B = np.exp(phase), 1j * across * length_B - loss
        within, across_cells = np.conj(first) * second * onward, np.conj(second) * first * np.exp(phase_B)
        cell, own, phase = first + onward * second, own + np.abs(second) ** 2, phase + phase_B
        length = length + length_B
    phase = phase - 0.5 * (length * width) ** 2 - LEAST_FADING
    tau = np.exp(phase)
    left = 1.0 - tau
    column = (1.0 - np.exp(count * phase)) / left
    # Pairs of neighbouring cells, times the sum over their distances m of (M − m)·τ^(m−1).
    pairs = (tau * (own + within) + across_cells) * (count - column) / left
    own = own + 2.0 * within.real
    return Curves(count * own + 2.0 * pairs.real, cell * column)


def _crystal(q: FloatArray, d: FloatArray, N: FloatArray) -> ComplexArray:
    """Amplitude Σ_{k<N} e^{ikqd} of crystals, of which many are alike; shape (n, k)."""
    (d, N), which = np.unique([d, N], axis=1, return_inverse=True)
    half = 0.5 * q[:, None] * d
    below = np.sin(half)
    near = np.abs(below) < 1e-6
    ratio = np.sin(N * half) / np.where(near, 1.0, below)
    if near.any():
        ratio = np.where(near, N * np.cos(N * half) / np.cos(half), ratio)
    return np.asarray(ratio * np.exp(1j * (N - 1.0) * half))[:, which.reshape(-1)]
