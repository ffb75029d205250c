"""The shape of a film in units of its plane distance: sizes, strains at its surfaces, roughness."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from slxrd.model.kernel.arrays import FloatArray, IntArray
from slxrd.model.kernel.size_shares import size_shares
from slxrd.parameters.environment import OF_FILM

#: Steps of the roughness up to this many standard deviations are counted.
_FARTHEST_STEP = 6.5


class Shape(NamedTuple):
    """A film of equal planes.

    Attributes
    ----------
    sizes : ndarray of int64, shape (s,)
        Numbers of planes.
    shares, shares_N, shares_sigma_N : ndarray, shape (s,)
        Their shares, and the derivatives of these with respect to N and σ_N.
    strain_bottom, depth_bottom, strain_top, depth_top : float
        ε, and ℓ in planes, at the two surfaces.
    roughness : float
        Standard deviation in planes of the number of planes over distances that scatter coherently.
    bottom, top : bool
        Whether the film has parameters of a strain at this surface.
    """

    sizes: IntArray
    shares: FloatArray
    shares_N: FloatArray
    shares_sigma_N: FloatArray
    strain_bottom: float
    depth_bottom: float
    strain_top: float
    depth_top: float
    roughness: float
    bottom: bool
    top: bool

    @property
    def strained(self) -> bool:
        """Whether the film has parameters of a strain."""
        return self.bottom or self.top

    @property
    def margin(self) -> int:
        """Largest step of the roughness that is counted, in planes."""
        return math.ceil(_FARTHEST_STEP * self.roughness) if self.roughness > 0.0 else 0


def shape_of(values: Mapping[str, float], window: float, power: int) -> Shape:
    """Return the shape of a film.

    Parameters
    ----------
    values : mapping of str to float
        Values of its parameters.
    window, power
        As for :func:`slxrd.model.sizes.size_weights`.
    """
    own = {name: float(values.get(name, row.default or 0.0)) for name, row in OF_FILM.items()}
    return Shape(
        *size_shares(values["N"], values["sigma_N"], window, power),
        own["strain_bottom"],
        own["depth_bottom"],
        own["strain_top"],
        own["depth_top"],
        own["sigma_top"] / values["d"],
        "strain_bottom" in values or "depth_bottom" in values,
        "strain_top" in values or "depth_top" in values,
    )


def rounded_normal(steps: IntArray, spread: float) -> tuple[FloatArray, FloatArray]:
    """Shares of whole numbers of a normal distribution, and their derivatives with respect to its spread.

    A share is that between a half below and a half above; so a plane at a half above the mean surface is
    occupied by ½ erfc(½/(√2 σ)). The first and the last step have the shares of all beyond them.
    """
    if spread <= 0.0:
        return (steps == 0).astype(np.float64), np.zeros(steps.size)
    from scipy.special import ndtr

    edges = (steps[:-1] + 0.5) / spread
    density = np.exp(-0.5 * edges**2) / math.sqrt(2.0 * math.pi)
    below, slope = ndtr(edges), -edges * density / spread
    return np.diff(below, prepend=0.0, append=1.0), np.diff(slope, prepend=0.0, append=0.0)
