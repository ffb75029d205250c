"""Structure and instrument together: the calculated intensity of a region, and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.instrument import Band, Instrument
from slxrd.kernel.chosen import kernel
from slxrd.structure import SizeWeights, Stack, size_weights
from slxrd.units import FloatArray

#: The refinable parameters, in the order of the rows of a Jacobian.
REFINABLE = ("d", "L", "sigma_L", "N", "sigma_N", "q_zero")

#: Successive auxiliary grids reach this much farther in distance.
_LADDER = 1.25


@dataclass(frozen=True)
class Model:
    """The paper's model: size-pure stacks of identical planes, seen by an instrument.

    Parameters
    ----------
    stack : Stack
        What is chosen of the structure.
    instrument : Instrument
        The diffractometer.
    """

    stack: Stack = field(default_factory=Stack)
    instrument: Instrument = field(default_factory=Instrument)

    def region(self, q: FloatArray) -> RegionModel:
        """Prepare the model for the measured points ``q`` (Å⁻¹, increasing)."""
        return RegionModel(self, np.asarray(q, dtype=np.float64))

    def intensity(self, q: FloatArray, values: Mapping[str, float]) -> FloatArray:
        """Calculate the intensity at ``q``, shape (n,), per plane's scattering; not normalised."""
        return self.region(q).evaluate(values)[0]


class RegionModel:
    """The model at a fixed set of points; keeps its auxiliary grids.

    A grid serves all parameter values whose correlations are no longer than it was laid for, and
    since the smearing is exact on each, passing from one to the next leaves no mark.
    """

    def __init__(self, model: Model, q: FloatArray) -> None:
        self.model = model
        self.q = q
        self.longest_fringe = model.instrument.longest_fringe(q)
        self._bands: dict[int, Band] = {}

    def evaluate(
        self, values: Mapping[str, float], derivatives: bool = True
    ) -> tuple[FloatArray, FloatArray]:
        """Calculate intensity and derivatives.

        Parameters
        ----------
        values : mapping
            d, L, sigma_L in Å, N, sigma_N in planes, q_zero in Å⁻¹.
        derivatives : bool
            Whether they are wanted.

        Returns
        -------
        intensity : ndarray, shape (n,)
        jacobian : ndarray, shape (6, n), or (0, n) without derivatives
            Derivatives with respect to :data:`REFINABLE`.

        Raises
        ------
        SlxrdError
            If a value is one that no stack can have.
        """
        d, L, sigma_L, N, sigma_N, q_zero = (float(values[name]) for name in REFINABLE)
        _check(d, L, sigma_L, q_zero)
        stack = self.model.stack
        sizes = size_weights(N, sigma_N, stack.size_window)
        pairs = self._pairs(d, L, sizes)
        band = self.band(_correlated(d, L, sigma_L, sizes, pairs))
        structure = (band.q + q_zero * band.shift, d, L, sigma_L, sizes.sizes, sizes.weights)
        if not derivatives:
            intensity = kernel().intensity(*structure, stack.n_coherent, pairs)
            return band.apply(intensity[None, :])[0], np.empty((0, self.q.size))
        curves = kernel().curves(*structure, sizes.d_N, sizes.d_sigma_N, stack.n_coherent, pairs)
        curves[-1] *= band.shift
        smeared = band.apply(curves)
        return smeared[0], smeared[1:]

    def _pairs(self, d: float, L: float, sizes: SizeWeights) -> int:
        """Return how many places apart crystals may be before the resolution hides their fringes."""
        longest = self.longest_fringe
        if math.isinf(longest):
            return self.model.stack.n_coherent
        shortest_period = (int(sizes.sizes[0]) - 1) * d + L
        apart = max(longest - L, 0.0) / max(shortest_period, 1e-9)
        return int(min(self.model.stack.n_coherent, 2 + apart))

    def correlated(self, values: Mapping[str, float]) -> float:
        """Return the longest distance in Å over which correlations remain that can be resolved."""
        d, L, sigma_L = values["d"], values["L"], values["sigma_L"]
        sizes = size_weights(values["N"], values["sigma_N"], self.model.stack.size_window)
        return _correlated(d, L, sigma_L, sizes, self._pairs(d, L, sizes))

    def band(self, longest: float) -> Band:
        """Return the auxiliary grid for correlations up to ``longest``, in Å."""
        rung = math.ceil(math.log(max(longest, 1.0)) / math.log(_LADDER))
        if rung not in self._bands:
            self._bands[rung] = self.model.instrument.band(self.q, _LADDER**rung)
        return self._bands[rung]


def _correlated(d: float, L: float, sigma_L: float, sizes: SizeWeights, pairs: int) -> float:
    thickest = int(sizes.sizes[-1]) * d
    return (pairs - 1) * (thickest + L) + thickest + 7.0 * math.sqrt(pairs) * sigma_L


def _check(d: float, L: float, sigma_L: float, q_zero: float) -> None:
    if not (math.isfinite(d) and d > 0.0):
        raise SlxrdError(f"d = {d!r}: must be a positive number of Å")
    if not (math.isfinite(L) and L >= 0.0):
        raise SlxrdError(f"L = {L!r}: must be 0 or more, in Å")
    if not (math.isfinite(sigma_L) and sigma_L >= 0.0):
        raise SlxrdError(f"sigma_L = {sigma_L!r}: must be 0 or more, in Å")
    if not math.isfinite(q_zero):
        raise SlxrdError(f"q_zero = {q_zero!r}: must be a number of Å⁻¹")
