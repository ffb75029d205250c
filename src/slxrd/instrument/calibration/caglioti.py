"""How positions, widths and mixing of all reflections follow from a few numbers, with derivatives.

Positions: 2θ = 2θ_B + z − D·cos θ_B, with a zero error z and a displacement D = 2s/R of the sample by s
below the axis of a goniometer of radius R (A. J. C. Wilson, Mathematical Theory of X-ray Powder
Diffractometry, 1963). Widths: FWHM² = U tan²θ + V tan θ + W (Caglioti, Paoletti and Ricci, Nucl. Instrum.
1958, 3, 223).

Within the measured range of tan θ, u from 0 to 1, FWHM² is written b₀(1−u)² + 2b₁u(1−u) + b₂u² with
b₀ = e^x₀, b₂ = e^x₂ and b₁ = e^x₁ − √(b₀b₂), that is (√b₀(1−u) − √b₂u)² + 2e^x₁u(1−u): these are all
parabolas that are positive there, and no others, so that a search cannot step to where a width is imaginary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.instrument.broadening import LORENTZ_REACH
from slxrd.instrument.calibration.doublets import CENTRE, CENTRE_2, MIXING, WIDTH, WIDTH_2, Shapes
from slxrd.units import FloatArray

#: Height of a Lorentzian of unit area, cut where that of ``broadening.line`` is, of a Gaussian's.
_LORENTZIAN = 1.0 / (2.0 * math.atan(LORENTZ_REACH))
_GAUSSIAN = math.sqrt(math.log(2.0) / math.pi)


@dataclass(frozen=True, eq=False)
class Optics:
    """A diffractometer as a standard sees it.

    The parameters are, in this order, those of the width (x₀, x₁ and x₂, or the logarithm of FWHM² in square
    degrees), the mixing of heights, and the zero error and the displacement D, both in degrees of 2θ.

    Parameters
    ----------
    bragg : ndarray, shape (k, 2)
        2θ_B in degrees of each reflection, for the first and the second line.
    curved : bool
        Whether the width depends on the angle; otherwise U = V = 0.
    zero, displacement : bool
        Which of the two moves the peaks.
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
        """Lines of all reflections for parameters ``x``, shape (p,)."""
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
        """FWHM² at some tan θ as a sum of positive terms, and its derivatives by the width's parameters."""
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
        """U, V and W in square degrees, shape (3,), and derivatives by the width's parameters."""
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
        """Parameters of the width ``fwhm`` everywhere, all peaks being moved by ``zero`` (degrees)."""
        width = [2.0 * math.log(fwhm)] * self.n_width
        if self.curved:
            width[1] += math.log(2.0)
        moved = [zero] if self.zero else []
        if self.displacement:
            cosine = float(np.cos(np.deg2rad(self.bragg[:, 0]) / 2.0).mean())
            moved.append(0.0 if self.zero else -zero / cosine)
        return np.array([*width, mixing, *moved])


def area_mixing(mixing: float) -> tuple[float, float]:
    """Lorentzian's share of the area from that of the height, and the derivative of one by the other.

    The area of the Lorentzian is that within the reach of :func:`slxrd.instrument.broadening.line`, so that
    the share is
    that function's.
    """
    lorentzian, gaussian = mixing / _LORENTZIAN, (1.0 - mixing) / _GAUSSIAN
    total = lorentzian + gaussian
    return lorentzian / total, 1.0 / (_LORENTZIAN * _GAUSSIAN * total**2)
