"""Intensity of a stack and its substrate, whose amplitudes interfere.

With A_s the truncation rod of the substrate, whose highest plane is at height 0, and A the amplitude of a
stack whose lowest plane is at L_S,

    ⟨|A_s + A|²⟩ = |A_s|² + ⟨|A|²⟩ + 2c Re[A_s* e^{iqL_S + iφ} ⟨A⟩] exp(−½(q − q_B)²σ_S²).

Only the share c of the beam is coherent with both; the roughness σ_S consists of steps of whole planes of the
substrate, which do not matter at its Bragg peaks q_B.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.model.environment.rod import rod
from slxrd.model.kernel.arrays import ComplexArray, FloatArray
from slxrd.parameters.environment import OF_SUBSTRATE


def reach_of_substrate(values: Mapping[str, float], depth: float) -> float:
    """Distance in Å by which a visible depth of the substrate adds to the longest correlation."""
    if values["f_S"] == 0.0:
        return 0.0
    return depth + values["d_S"] + values["L_S"] + 7.0 * values["sigma_S"]


def add_substrate(
    rows: FloatArray,
    amplitude: ComplexArray,
    q: FloatArray,
    values: Mapping[str, float],
    columns: Mapping[str, int],
    depth: float,
    plane: FloatArray | float = 1.0,
) -> None:
    """Add a substrate to the mean intensity of a stack, in place.

    Parameters
    ----------
    rows : ndarray, shape (1 + k, n)
        Mean intensity of the stack alone, and its derivatives with respect to the parameters.
    amplitude : ndarray of complex, shape (1 + k, n)
        Mean amplitude, and its derivatives, from the lowest plane of the stack.
    q : ndarray, shape (n,)
        True scattering vector in Å⁻¹.
    values : mapping of str to float
        Values of the parameters of the substrate.
    columns : mapping of str to int
        Index of each parameter of the substrate.
    depth : float
        Depth in Å down to which the substrate is visible.
    plane : float or ndarray, shape (n,)
        Amplitude of a plane of the stack, in the units of ``amplitude``.
    """
    d, f, L, sigma, c, phase = (values[name] for name in OF_SUBSTRATE)
    below = rod(q, d, depth)
    bragg = 2.0 * np.pi * np.round(q * d / (2.0 * np.pi)) / d
    away = q - bragg
    damping = np.exp(-0.5 * (away * sigma) ** 2)
    turn = np.exp(1j * (q * L + phase)) * (plane * damping)
    Z = turn * np.conj(below.amplitude)
    whole = 2.0 * np.real(Z * amplitude[0])
    lit = c * f
    by = {
        "f_S": 2.0 * f * plane**2 * below.intensity + c * whole,
        "coherence_S": f * whole,
        "phase_S": -2.0 * lit * np.imag(Z * amplitude[0]),
        "sigma_S": -lit * away**2 * sigma * whole,
        "L_S": -2.0 * lit * q * np.imag(Z * amplitude[0]),
        "d_S": (f * plane) ** 2 * below.intensity_by_d
        + 2.0 * lit * np.real(turn * np.conj(below.amplitude_by_d) * amplitude[0])
        - lit * away * sigma**2 * (bragg / d) * whole,
    }
    by_q = (
        (f * plane) ** 2 * below.intensity_by_q
        + 2.0 * lit * np.real((turn * np.conj(below.amplitude_by_q) + 1j * L * Z) * amplitude[0])
        - lit * away * sigma**2 * whole
    )
    rows += 2.0 * lit * np.real(Z * amplitude)
    rows[0] += (f * plane) ** 2 * below.intensity
    rows[6] += by_q
    for name, change in by.items():
        rows[1 + columns[name]] += change
