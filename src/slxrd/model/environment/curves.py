"""Mean intensity of structures with surroundings, and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.model.disorder import curves_with_disorder
from slxrd.model.environment.film.curves import film_curves
from slxrd.model.environment.interference import Below, plane_amplitude, reach_of_substrate
from slxrd.model.environment.rod import deepest
from slxrd.model.kernel.arrays import ComplexArray, FloatArray, GapFunction, Sample
from slxrd.model.kernel.dispatch import add_interference
from slxrd.parameters.disorder.term import combined_factor
from slxrd.parameters.environment import OF_FILM, OF_SUBSTRATE
from slxrd.sample.stack import Stack

#: Largest step of a rough surface in standard deviations.
_FARTHEST_STEP = 7.0


class Surroundings:
    """What is added to a stack outside the kernels.

    Parameters
    ----------
    stack : Stack
        The structure.
    longest_fringe : float
        Longest distance in Å of which the resolution shows interference.
    gaps : GapFunction, optional
        The gaps; by default Gaussian, with nothing in them.
    """

    def __init__(self, stack: Stack, longest_fringe: float, gaps: GapFunction | None) -> None:
        self.stack = stack
        self.names = stack.names
        self.gaps = gaps
        self.disorders = stack.disorders
        self.columns = {name: self.names.index(name) for name in OF_SUBSTRATE if name in self.names}
        self.film = stack.coherent == 1 and stack.crystal is None
        self.altered = any(name in OF_FILM for name in stack.extras)
        self.depth = deepest(longest_fringe) if longest_fringe < math.inf else math.inf
        self._last: Below | None = None

    @staticmethod
    def needed(stack: Stack) -> bool:
        """Whether a structure has any."""
        return stack.substrate is not None or any(name in OF_FILM for name in stack.extras)

    def reach(self, values: Mapping[str, float]) -> float:
        """Distance in Å by which they add to the longest correlation."""
        further = _FARTHEST_STEP * values.get("sigma_top", 0.0)
        for where in ("bottom", "top"):
            depth = values.get(f"depth_{where}", OF_FILM[f"depth_{where}"].default or 0.0)
            further += abs(values.get(f"strain_{where}", 0.0)) * depth * values["d"]
        if self.columns:
            further += reach_of_substrate(values, 0.0 if self.depth == math.inf else self.depth)
        return further

    def curves(
        self, p: FloatArray, q: FloatArray, delta: FloatArray, s: Sample, pairs: int, derivatives: bool
    ) -> FloatArray:
        """Mean intensity and derivatives, as :func:`slxrd.model.kernel.dispatch.curves` returns them.

        Raises
        ------
        SlxrdError
            If a kind of disorder has a negative factor, of which there is no amplitude.
        """
        values = dict(zip(self.names, p.tolist(), strict=True))
        amplitudes: ComplexArray | None = None
        if self.film:
            rows, amplitudes = film_curves(values, self.names, q, s.window, s.power)
        if not self.film or not self.altered:
            rows = curves_with_disorder(
                p, q, delta, s, pairs, derivatives, self.disorders, self.names, self.gaps
            )
        if not self.columns:
            return rows
        below = self._last = Below(q, values, self.depth, plane_amplitude(s), self._last)
        if amplitudes is None:
            factor = self._of_interference(q, values, p, s)
            wave = below.wave * factor.value
            bare = add_interference(rows, wave, p, q, delta, s, pairs, derivatives, self.gaps)
            amplitude = bare * factor.value
            both = 2.0 * np.real(below.wave * bare)
            for row, slope in factor.slopes.items() if derivatives else ():
                rows[row] += slope * both
        else:
            amplitude = amplitudes[0]
            used = len(rows) if derivatives else 1
            rows[:used] += 2.0 * np.real(below.wave * amplitudes[:used])
        below.add_to(rows, amplitude, self.columns, derivatives)
        return rows

    def _of_interference(
        self, q: FloatArray, values: Mapping[str, float], p: FloatArray, s: Sample
    ) -> _Factor:
        """Factor on the amplitude of the stack, as the substrate is not displaced.

        The share of crystals that are stacked, the mean of e^{iqu} over their displacements u, and √D of
        further kinds of disorder.
        """
        factor = _Factor(np.ones(q.size), {})
        if s.unstacked >= 0:
            factor.multiply(np.full(q.size, 1.0 - p[s.unstacked]), {1 + s.unstacked: np.full(q.size, -1.0)})
        if s.sigma_u >= 0:
            sigma_u = p[s.sigma_u]
            damping = np.exp(-0.5 * (q * sigma_u) ** 2)
            by = {1 + s.sigma_u: -(q**2) * sigma_u * damping, 6: -q * sigma_u**2 * damping}
            factor.multiply(damping, by)
        if self.disorders:
            D = combined_factor(self.disorders, q, values)
            if np.any(D.value < 0.0):
                names = ", ".join(name for each in self.disorders for name in each.names)
                raise SlxrdError(f"{names}: this disorder cannot be combined with a substrate; leave one out")
            root = np.sqrt(D.value)
            half = 0.5 / np.where(root > 0.0, root, np.inf)
            by = {1 + self.names.index(n): half * by for n, by in D.by_parameter.items() if n in self.names}
            factor.multiply(root, {**by, 6: D.by_q * half})
        return factor


@dataclass
class _Factor:
    """A real function of q, shape (n,), and its derivatives by their rows."""

    value: FloatArray
    slopes: dict[int, FloatArray]

    def multiply(self, value: FloatArray, slopes: Mapping[int, FloatArray]) -> None:
        """Multiply by another function."""
        self.slopes = {row: slope * value for row, slope in self.slopes.items()}
        for row, slope in slopes.items():
            self.slopes[row] = self.slopes.get(row, 0.0) + self.value * slope
        self.value = self.value * value
