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

from slxrd.model.environment.rod import Rod, rod
from slxrd.model.kernel.arrays import REPEAT, ComplexArray, FloatArray, Sample
from slxrd.parameters.environment import OF_SUBSTRATE


def reach_of_substrate(values: Mapping[str, float], depth: float) -> float:
    """Distance in Å by which a visible depth of the substrate adds to the longest correlation."""
    if values["f_S"] == 0.0:
        return 0.0
    return depth + values["d_S"] + values["L_S"] + 7.0 * values["sigma_S"]


class Below:
    """The substrate below a stack, on a grid of q.

    Parameters
    ----------
    q : ndarray, shape (n,)
        True scattering vector in Å⁻¹.
    values : mapping of str to float
        Values of the parameters of the substrate.
    depth : float
        Depth in Å down to which the substrate is visible.
    plane : float or ndarray, shape (n,)
        Amplitude of a plane of the stack, in the units of its amplitude.
    before : Below, optional
        Another one with the same depth; if it has the same grid and planes, its rod is used again.
    """

    def __init__(
        self,
        q: FloatArray,
        values: Mapping[str, float],
        depth: float,
        plane: FloatArray | float = 1.0,
        before: Below | None = None,
    ) -> None:
        self._q, self._plane = q, plane
        self._values = [values[name] for name in OF_SUBSTRATE]
        d, f, L, sigma, c, phase = self._values
        alike = before is not None and before._values[0] == d and np.array_equal(before._q, q)
        self._rod: Rod = before._rod if before is not None and alike else rod(q, d, depth)
        self._bragg = 2.0 * np.pi * np.round(q * d / (2.0 * np.pi)) / d
        damping = np.exp(-0.5 * ((q - self._bragg) * sigma) ** 2)
        self._turn = np.exp(1j * (q * L + phase)) * (plane * damping)
        self._unit = self._turn * np.conj(self._rod.amplitude)
        #: Z, of which the interference with an amplitude A of the stack is 2 Re(Z A); shape (n,).
        self.wave: ComplexArray = (c * f) * self._unit

    def add_to(
        self, rows: FloatArray, amplitude: ComplexArray, columns: Mapping[str, int], derivatives: bool
    ) -> None:
        """Add the intensity of the substrate, and derivatives of the interference, in place.

        Parameters
        ----------
        rows : ndarray, shape (1 + k, n)
            Mean intensity of the stack and its interference with the substrate, with the derivatives that the
            amplitude of the stack gives to it.
        amplitude : ndarray of complex, shape (n,)
            Mean amplitude of the stack, from its lowest plane.
        columns : mapping of str to int
            Index of each parameter of the substrate.
        derivatives : bool
            Whether those are needed.
        """
        d, f, L, sigma, c, _ = self._values
        q, bragg, below, turn, height = self._q, self._bragg, self._rod, self._turn, (f * self._plane) ** 2
        rows[0] += height * below.intensity
        if not derivatives:
            return
        away = q - bragg
        both = self._unit * amplitude
        whole, turned, lit = 2.0 * both.real, 2.0 * both.imag, c * f
        by = {
            "f_S": 2.0 * f * self._plane**2 * below.intensity + c * whole,
            "coherence_S": f * whole,
            "phase_S": -lit * turned,
            "sigma_S": -lit * away**2 * sigma * whole,
            "L_S": -lit * q * turned,
            "d_S": height * below.intensity_by_d
            + 2.0 * lit * np.real(turn * np.conj(below.amplitude_by_d) * amplitude)
            - lit * away * sigma**2 * (bragg / d) * whole,
        }
        rows[6] += (
            height * below.intensity_by_q
            + 2.0 * lit * np.real(turn * np.conj(below.amplitude_by_q) * amplitude)
            - lit * (L * turned + away * sigma**2 * whole)
        )
        for name, change in by.items():
            rows[1 + columns[name]] += change


def plane_amplitude(s: Sample) -> FloatArray | float:
    """Amplitude of a repeat of the first crystal, its atoms at one height; 1 for planes without atoms.

    The unit of the substrate's planes: an array of shape (n,) on the grid of the sample.
    """
    if s.unit_planes:
        return 1.0
    total = np.zeros(s.amplitudes.shape[-1], np.complex128)
    for t in range(s.term_plane.size):
        k = s.term_plane[t]
        if s.crystal[k] == 0 and s.part[k] == REPEAT:
            total += s.amplitudes[t, 0, 0] + 1j * s.amplitudes[t, 0, 1]
    modulus: FloatArray = np.abs(total)
    return modulus
