"""Resolution, emission lines and zero error of the diffractometer, and the grid for the convolution.

The smeared intensity I_obs(q) = ∫ I(t) G(q − t) dt is computed as a sum over an equidistant auxiliary grid
that extends beyond the data. The grid is fixed to the measured scale, so that the weights do not change while
q_zero is refined. For a smooth integrand the sum converges faster than any power of the step: its error is
the Fourier component of I·G at the distance 2π/step, which the Gaussian suppresses beyond a few 1/σ_G.
(Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eq. S11 lacks the normalisation of the Gaussian, and was
summed over the measured points only, which is wrong near the ends of a region.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_fields
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import Gaussian, NoSmearing, ResolutionShape
from slxrd.units import FloatArray, SecondLine

Zero = Literal["q", "angle", "displacement"]
ZEROS: tuple[Zero, ...] = ("q", "angle", "displacement")
#: Largest σ_G in Å⁻¹. A usual diffractometer has 0.002 to 0.01; a whole pattern is a few Å⁻¹ long.
LARGEST_SIGMA_G = 1.0
#: Largest number of points of the auxiliary grid.
LONGEST_GRID = 2_000_000


@dataclass(frozen=True)
class Band:
    """The auxiliary grid on which the model is evaluated, and the weights of the convolution.

    Row i of the convolution matrix is zero except for ``weights[i]``, which begins at column ``first[i]``.

    Parameters
    ----------
    q : ndarray, shape (m,)
        Auxiliary grid in Å⁻¹, on the measured scale.
    first : ndarray of int, shape (n,)
        First auxiliary point that contributes to each measured point.
    weights : ndarray, shape (n, width)
        Weights of this and the following auxiliary points.
    shift : ndarray, shape (m,)
        Derivative of the true q of the auxiliary points with respect to q_zero.
    """

    q: FloatArray
    first: NDArray[np.int64]
    weights: FloatArray
    shift: FloatArray


@dataclass(frozen=True)
class Instrument:
    """A diffractometer.

    Parameters
    ----------
    sigma_G : float
        Standard deviation of the Gaussian resolution in Å⁻¹; 0 for none. The default, 0.007, is
        that of the 2021 paper, from LaB₆ at 1.51 Å⁻¹.
    broadening : ResolutionShape, optional
        Measured resolution, used instead of the Gaussian of constant width.
    wavelength : float, optional
        Å; required for a second line and for a zero error in angle or displacement.
    second_line : SecondLine, optional
        Kα₂: I_obs(q) = I(q) + r·I(q·λ₁/λ₂), where q is computed from λ₁.
    zero : {"q", "angle", "displacement"}
        Difference between true and measured q: q_zero (the 2021 paper), q_zero·cos θ (zero error of 2θ of
        q_zero·λ/2π), or q_zero·cos²θ (sample displaced from the axis by −q_zero·λR/4π, goniometer radius R).

    Raises
    ------
    SlxrdError
        If σ_G is negative, not finite or above :data:`LARGEST_SIGMA_G`, ``zero`` is unknown, or the
        wavelength is missing.
    """

    sigma_G: float = 0.007
    broadening: ResolutionShape | None = None
    wavelength: float | None = None
    second_line: SecondLine | None = None
    zero: Zero = "q"

    def __post_init__(self) -> None:
        check_fields(self)
        if not (math.isfinite(self.sigma_G) and self.sigma_G >= 0.0):
            raise SlxrdError(f"resolution {self.sigma_G!r}: σ_G must be 0 or more, in Å⁻¹")
        if self.sigma_G > LARGEST_SIGMA_G:
            raise SlxrdError(
                f"resolution {self.sigma_G:g}: σ_G above {LARGEST_SIGMA_G:g} Å⁻¹ is wider than a pattern; "
                "give it in Å⁻¹ (0.007 is usual), not in degrees or Å"
            )
        if self.zero not in ZEROS:
            raise SlxrdError(f"zero {self.zero!r} is not one of {', '.join(ZEROS)}")
        if self.wavelength is None and (self.second_line is not None or self.zero != "q"):
            what = "a second line" if self.second_line is not None else f"a zero error in {self.zero}"
            raise SlxrdError(f"{what} needs the wavelength (--wavelength CuKa, or in Å)")

    def __str__(self) -> str:
        parts = [str(self.resolution)]
        if self.second_line is not None:
            length, ratio = self.second_line
            parts.append(f"doublet {self.wavelength:g} and {length:g} Å ({ratio:g})")
        if self.zero != "q":
            parts.append(f"zero error in {self.zero}")
        return ", ".join(parts)

    def check_width(self, q: FloatArray, name: str) -> None:
        """Check that a region is wider than the resolution.

        Parameters
        ----------
        q : ndarray, shape (n,)
            Points of the region in Å⁻¹.
        name : str
            Ends of the region as they are typed, for the message.

        Raises
        ------
        SlxrdError
            If σ_G is larger than the width of the region.
        """
        sigma_G, width = float(self.sigma(q).max()), float(q[-1] - q[0])
        if sigma_G > width > 0.0:
            raise SlxrdError(
                f"resolution: σ_G of {sigma_G:.3g} Å⁻¹ is wider than region {name} ({width:.3g} Å⁻¹), "
                "in which nothing could be seen; give it in Å⁻¹ (--resolution 0.007), or widen the region"
            )

    def longest_fringe(self, q: FloatArray) -> float:
        """Return the distance in Å beyond which the resolution at ``q`` removes interference; may be inf."""
        return self.resolution.longest_fringe(float(self.sigma(q).min()))

    @property
    def resolution(self) -> ResolutionShape:
        """The resolution function: ``broadening``, or a Gaussian, or no smearing."""
        if self.broadening is not None:
            return self.broadening
        return Gaussian(self.sigma_G) if self.sigma_G else NoSmearing()

    def sigma(self, q: FloatArray) -> FloatArray:
        """Return the standard deviation in Å⁻¹ of the Gaussian of the same FWHM at ``q``."""
        return self.resolution.sigma(q)

    def band(self, q: FloatArray, correlated: float) -> Band:
        """Make the auxiliary grid for measured points.

        Parameters
        ----------
        q : ndarray, shape (n,)
            Measured scattering vectors in Å⁻¹, increasing.
        correlated : float
            Longest distance in Å at which the model has correlations.

        Returns
        -------
        Band
            The grid points are integer multiples of the step, so that the result at a point does not
            depend on the ends of the region.

        Raises
        ------
        SlxrdError
            If the grid would have too many points.
        """
        resolution, sigma = self.resolution, self.sigma(q)
        if not sigma.any():
            return self._sharp(q)
        lines = [(1.0, 1.0)]
        if self.second_line is not None:
            lines.append((self._ratio, self.second_line.ratio))
        reach = float(sigma.max()) * resolution.reach
        step = 2.0 * math.pi / (self.longest_fringe(q) + correlated)
        centres = np.array([ratio * q for ratio, _ in lines])
        below, above = centres.min(axis=0), centres.max(axis=0)
        widest = float(np.max(above - below)) + 2.0 * reach
        whole = float(above[-1] - below[0]) + 2.0 * reach
        # Without a division, as a step may be too small for one.
        if not (whole <= LONGEST_GRID * step and widest * q.size <= 20 * LONGEST_GRID * step):
            raise SlxrdError(
                f"resolution {sigma.min():.3g} Å⁻¹ with correlations over {correlated:.3g} Å needs more than "
                f"{LONGEST_GRID} auxiliary points; use 0 for no smearing, or a smaller region"
            )
        width = math.ceil(widest / step) + 1
        lowest = math.floor((below[0] - reach) / step)
        first = np.ceil((below - reach) / step).astype(np.int64)
        places = (first[:, None] + np.arange(width)) * step
        weights = np.zeros(places.shape)
        for ratio, share in lines:
            weights += share * step * resolution.line(places - ratio * q[:, None], sigma[:, None])
        grid = np.arange(lowest, int(first.max()) + width) * step
        return Band(grid, first - lowest, weights, self._shift(grid))

    def _sharp(self, q: FloatArray) -> Band:
        """Make the grid without smearing: the measured points, or pairs of points for two lines."""
        if self.second_line is None:
            return Band(q, np.arange(q.size), np.ones((q.size, 1)), self._shift(q))
        pairs = np.column_stack((self._ratio * q, q)).ravel()
        weights = np.tile([self.second_line.ratio, 1.0], (q.size, 1))
        return Band(pairs, 2 * np.arange(q.size), weights, self._shift(pairs))

    @property
    def _ratio(self) -> float:
        """λ₁/λ₂."""
        assert self.wavelength is not None
        assert self.second_line is not None
        return self.wavelength / self.second_line.wavelength

    def _shift(self, q: FloatArray) -> FloatArray:
        if self.zero == "q":
            return np.ones(q.size)
        assert self.wavelength is not None
        squared = np.maximum(1.0 - (q * self.wavelength / (4.0 * math.pi)) ** 2, 0.0)
        return squared if self.zero == "displacement" else np.sqrt(squared)
