"""Mean intensity of structures with surroundings, and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.model.disorder import curves_with_disorder
from slxrd.model.environment.film.curves import film_curves
from slxrd.model.environment.interference import add_substrate, reach_of_substrate
from slxrd.model.environment.rod import deepest
from slxrd.model.kernel.arrays import ComplexArray, FloatArray, GapFunction, Sample
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
        from slxrd.model.environment.stack_amplitude import mean_amplitude, plane_amplitude

        values = dict(zip(self.names, p.tolist(), strict=True))
        if self.film:
            rows, amplitude = film_curves(values, self.names, q, s.window, s.power)
        if not self.film or not self.altered:
            rows = curves_with_disorder(
                p, q, delta, s, pairs, derivatives, self.disorders, self.names, self.gaps
            )
            if not derivatives:
                rows[1:] = 0.0
        if not self.film:
            amplitude = mean_amplitude(p, q, delta, s, pairs, self.gaps, derivatives)
            self._disordered(amplitude, q, values)
        if self.columns:
            add_substrate(rows, amplitude, q, values, self.columns, self.depth, plane_amplitude(s))
        return rows

    def _disordered(self, amplitude: ComplexArray, q: FloatArray, values: Mapping[str, float]) -> None:
        """Multiply the amplitude by √D, as the substrate is not displaced."""
        if not self.disorders:
            return
        D = combined_factor(self.disorders, q, values)
        if np.any(D.value < 0.0):
            names = ", ".join(name for each in self.disorders for name in each.names)
            raise SlxrdError(f"{names}: this disorder cannot be combined with a substrate; leave one out")
        root = np.sqrt(D.value)
        half = 0.5 / np.where(root > 0.0, root, np.inf)
        alone = amplitude[0].copy()
        amplitude *= root
        amplitude[6] += D.by_q * half * alone
        for name, slope in D.by_parameter.items():
            if name in self.names:
                amplitude[1 + self.names.index(name)] += slope * half * alone
