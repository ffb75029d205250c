"""Positions, widths and mixing of all reflections as functions of a few parameters, with derivatives.

Positions: 2θ = 2θ_B + z − D·cos θ_B, with a zero error z and a displacement D = 2s/R of the sample by s
below the axis of a goniometer of radius R (A. J. C. Wilson, Mathematical Theory of X-ray Powder
Diffractometry, 1963). Widths: FWHM² = U tan²θ + V tan θ + W (Caglioti, Paoletti and Ricci, Nucl. Instrum.
1958, 3, 223).

With u from 0 to 1 in the measured range of tan θ, FWHM² = b₀(1−u)² + 2b₁u(1−u) + b₂u², where b₀ = e^x₀,
b₂ = e^x₂ and b₁ = e^x₁ − √(b₀b₂), that is (√b₀(1−u) − √b₂u)² + 2e^x₁u(1−u). These are exactly the parabolas
that are positive in this range, so that FWHM² cannot become negative during a refinement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.instrument.broadening import LORENTZ_REACH
from slxrd.instrument.calibration.doublets import CENTRE, CENTRE_2, MIXING, WIDTH, WIDTH_2, Shapes
from slxrd.units import FloatArray

#: Heights times half width at half maximum of a cut-off Lorentzian and of a Gaussian, both of unit area.
_LORENTZIAN = 1.0 / (2.0 * math.atan(LORENTZ_REACH))
_GAUSSIAN = math.sqrt(math.log(2.0) / math.pi)


@dataclass(frozen=True, eq=False)
class Optics:
    """Positions and shapes of the reflections of a standard as functions of the refined parameters.

    The parameters are, in this order, those of the width (x₀, x₁ and x₂, or the logarithm of FWHM² in square
    degrees), the Lorentzian fraction of the height, and the zero error and the displacement D, both in
    degrees of 2θ.

    Parameters
    ----------
    bragg : ndarray, shape (k, 2)
        2θ_B in degrees of each reflection, for the first and the second line.
    curved : bool
        Width depends on the angle; otherwise U = V = 0.
    zero, displacement : bool
        Refine a zero error, a displacement.
    """

    bragg: FloatArray
    curved: bool
    zero: bool
    displacement: bool

    @property
    def n_width(self) -> int:
        """Number of parameters of the width."""
        return 3 if self.curved else 1

    @property
    def size(self) -> int:
        """Number of all parameters."""
        return self.n_width + 1 + self.zero + self.displacement

    @property
    def _range(self) -> tuple[float, float]:
        tangent = np.tan(np.deg2rad(self.bragg) / 2.0)
        return float(tangent.min()), float(tangent.max())

    def shapes(self, x: FloatArray) -> Shapes:
        """Return the shapes of all reflections for parameters ``x``, shape (p,)."""
        k, n = len(self.bragg), self.n_width
        values, chain = np.zeros((k, 5)), np.zeros((k, 5, self.size))
        values[:, MIXING], chain[:, MIXING, n] = x[n], 1.0
        for line, (centre, width) in enumerate(((CENTRE, WIDTH), (CENTRE_2, WIDTH_2))):
            theta = np.deg2rad(self.bragg[:, line]) / 2.0
            squared, by = self._squared(x, np.tan(theta))
            values[:, width] = np.sqrt(squared)
            chain[:, width, :n] = by / (2.0 * values[:, width, None])
            values[:, centre] = self.bragg[:, line]
            if self.zero:
                values[:, centre] += x[n + 1]
                chain[:, centre, n + 1] = 1.0
            if self.displacement:
                values[:, centre] -= x[-1] * np.cos(theta)
                chain[:, centre, -1] = -np.cos(theta)
        return Shapes(values, chain)

    def _squared(self, x: FloatArray, tangent: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return FWHM² as a sum of positive terms, and its derivatives by the parameters of the width."""
        if not self.curved:
            squared = np.full(tangent.size, math.exp(x[0]))
            return squared, squared[:, None]
        low, high = self._range
        u = (tangent - low) / (high - low)
        first, last = (1.0 - u) * math.exp(x[0] / 2.0), u * math.exp(x[2] / 2.0)
        rest = 2.0 * math.exp(x[1]) * u * (1.0 - u)
        difference = first - last
        by = np.column_stack((difference * first, rest, -difference * last))
        return difference**2 + rest, by

    def caglioti(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return U, V and W in square degrees, and their derivatives by the parameters of the width.

        Parameters
        ----------
        x : ndarray, shape (p,)
            Parameters.

        Returns
        -------
        values : ndarray, shape (3,)
        derivatives : ndarray, shape (3, n_width)
        """
        if not self.curved:
            w = math.exp(x[0])
            return np.array([0.0, 0.0, w]), np.array([[0.0], [0.0], [w]])
        low, high = self._range
        first, last = math.exp(x[0]), math.exp(x[2])
        mean, rest = math.sqrt(first * last), math.exp(x[1])
        b = np.array([first, rest - mean, last])
        by = np.array([[first, 0.0, 0.0], [-mean / 2.0, rest, -mean / 2.0], [0.0, 0.0, last]])
        # FWHM² = b₀ + 2(b₁ − b₀)u + (b₀ − 2b₁ + b₂)u², and u = (tan θ − low)/span.
        span = high - low
        in_u = np.array([[1.0, -2.0, 1.0], [-2.0, 2.0, 0.0], [1.0, 0.0, 0.0]])
        shift = np.array(
            [
                [1.0 / span**2, 0.0, 0.0],
                [-2.0 * low / span**2, 1.0 / span, 0.0],
                [low**2 / span**2, -low / span, 1.0],
            ]
        )
        return shift @ in_u @ b, shift @ in_u @ by

    def start(self, fwhm: float, mixing: float, zero: float) -> FloatArray:
        """Return start values of the parameters.

        Parameters
        ----------
        fwhm : float
            Constant full width at half maximum in degrees.
        mixing : float
            Lorentzian fraction of the height.
        zero : float
            Common shift of all peaks in degrees.

        Returns
        -------
        ndarray, shape (p,)
        """
        width = [2.0 * math.log(fwhm)] * self.n_width
        if self.curved:
            width[1] += math.log(2.0)
        moved = [zero] if self.zero else []
        if self.displacement:
            cosine = float(np.cos(np.deg2rad(self.bragg[:, 0]) / 2.0).mean())
            moved.append(0.0 if self.zero else -zero / cosine)
        return np.array([*width, mixing, *moved])


def area_mixing(mixing: float) -> tuple[float, float]:
    """Convert the Lorentzian fraction of the height to that of the area.

    The area of the Lorentzian is that within the cut-off of
    :func:`slxrd.instrument.broadening.line_profile`, whose fraction η this is.

    Parameters
    ----------
    mixing : float
        Lorentzian fraction of the height.

    Returns
    -------
    fraction, derivative : float
        Lorentzian fraction of the area, and its derivative by ``mixing``.
    """
    lorentzian, gaussian = mixing / _LORENTZIAN, (1.0 - mixing) / _GAUSSIAN
    total = lorentzian + gaussian
    return lorentzian / total, 1.0 / (_LORENTZIAN * _GAUSSIAN * total**2)
