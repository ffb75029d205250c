"""Low-angle scattering of a stack: what the edges of its crystals give, and the background under it.

At low angles a crystal is a slab, and the scattering that of its two edges. Crystals of thickness
t = N·d, a gap w = L − d of low density between two of them, both fluctuating (σ_t from stack to stack,
σ_w from gap to gap), give

    I(q) ∝ g(q) · [1 + Σ c_km exp(−½q²(k²σ_t² + mσ_w²)) cos(q(kt + mw))]

summed over pairs of edges with k crystals and m gaps between them; c is positive where both edges face the
same way and negative where they face each other. It is the stack formula (Toso, Baranov et al., ACS Nano
2021, 15, 6243, SI Eq. S9), averaged over sizes that are normally distributed. Where the sizes have washed
out all but the neighbours, 1 − (1 − 1/M) exp(−½q²σ_w²) cos(qw) remains, which is 2 sin²(qw/2) of SI Eq. S1
if the gap does not fluctuate. (S1 as printed, sin²(qw)/(qw)², has its minima π/w apart; 31.3 Å for 0.201 Å⁻¹
need sin²(qw/2).) The factor g is ((d/2)/sin(qd/2))² for planes d apart, and 1/q² for slabs. In a medium
with the critical scattering vector q_c, q inside is √(q² − q_c²).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from slxrd.instrument.diffractometer import Band
from slxrd.model.intensity import apply_resolution
from slxrd.units import FloatArray

#: What the smooth background is, besides a constant: (q/q_mid)^−p, exp(−p(q/q_mid − 1)), or one of each.
Smooth = Literal["power", "exponential", "both"]
SMOOTH: tuple[Smooth, ...] = ("power", "exponential", "both")
#: Parameters of a curve, in this order: gap and its fluctuation, thickness and its spread (Å), exponent by
#: which the signal falls beyond g, exponent of the background, and the heights of signal, smooth
#: background and constant; exponent and height of the exponential beside a power law.
NAMES = (
    "w",
    "sigma_w",
    "t",
    "sigma_t",
    "slope",
    "fall",
    "signal",
    "smooth",
    "constant",
    "fall_2",
    "smooth_2",
)
#: Those that are heights, in the order of the shapes, the constant last.
HEIGHTS = ("signal", "smooth", "smooth_2", "constant")
#: Gaussian factors below exp(−REACH) are left out.
REACH = 18.0


@dataclass(frozen=True, eq=False)
class Edges:
    """Low-angle curves at fixed points.

    Parameters
    ----------
    band : Band
        Auxiliary grid and weights of the resolution.
    floor : float
        Scattering vectors below this, in Å⁻¹, are taken as this: the grid reaches farther down than the data.
    middle : float
        Where the factors of signal and background are 1, in Å⁻¹.
    d : float
        Distance of the planes in Å; 0 for slabs.
    coherent : int
        M.
    critical : float
        q_c in Å⁻¹.
    resolution : float
        Its least standard deviation in Å⁻¹, beyond which no fringes need be summed.
    smooth : {"power", "exponential", "both"}
        The background's shape.
    fringes : bool
        Whether pairs of edges farther apart than one gap are counted.
    """

    band: Band
    floor: float
    middle: float
    d: float
    coherent: int
    critical: float
    resolution: float
    smooth: Smooth
    fringes: bool

    def shapes(self, values: FloatArray, derivatives: bool = True) -> tuple[FloatArray, FloatArray]:
        """Shapes of signal and smooth backgrounds, and their derivatives, smeared by the resolution.

        Parameters
        ----------
        values : ndarray, shape (11,)
            In the order of :data:`NAMES`.
        derivatives : bool
            Whether they are wanted.

        Returns
        -------
        shapes : ndarray, shape (3, n)
            Each is about 1 in the middle; the last is 0 where there is one background.
        slopes : ndarray, shape (7, n)
            Of the signal by w, sigma_w, t, sigma_t and slope, and of the backgrounds by fall and fall_2;
            shape (0, n) without derivatives.
        """
        w, sigma_w, t, sigma_t, slope, fall = values[:6].tolist()
        q = np.maximum(self.band.q, self.floor)
        inside = np.sqrt(np.maximum(q**2 - self.critical**2, (0.25 * self.floor) ** 2))
        k, m, c = self._pairs(w, sigma_w, t, float(inside[0]))
        along = self._along_crystals(k, inside)
        k, m, c = (np.concatenate((each, each))[: len(along)] for each in (k, m, c))
        damped = c[:, None] * np.exp(-0.5 * (along**2 * sigma_t**2 + inside**2 * sigma_w**2 * m[:, None]))
        phase = along * t + inside * w * m[:, None]
        even = damped * np.cos(phase)
        outline = self._outline(inside) * (q / self.middle) ** -slope
        signal = outline * (1.0 + even.sum(axis=0))
        away = q / self.middle - 1.0 if self.smooth == "exponential" else np.log(q / self.middle)
        under = np.exp(-fall * away)
        away_2 = q / self.middle - 1.0
        under_2 = np.exp(-float(values[9]) * away_2) if self.smooth == "both" else np.zeros_like(q)
        if not derivatives:
            smeared = apply_resolution(self.band, np.vstack((signal, under, under_2)))
            return smeared, smeared[3:]
        odd = damped * np.sin(phase)
        by_edges = outline * np.vstack(
            (
                -inside * (m @ odd),
                -sigma_w * inside**2 * (m @ even),
                -(along * odd).sum(axis=0),
                -sigma_t * (along**2 * even).sum(axis=0),
            )
        )
        by_slope = -np.log(q / self.middle) * signal
        rows = np.vstack((signal, under, under_2, by_edges, by_slope, -away * under, -away_2 * under_2))
        smeared = apply_resolution(self.band, np.ascontiguousarray(rows))
        return smeared[:3], smeared[3:]

    def curve(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Intensity, shape (n,), and its derivatives by all parameters, shape (11, n)."""
        shapes, slopes = self.shapes(values)
        signal, smooth, constant, _, smooth_2 = values[6:].tolist()
        curve = signal * shapes[0] + smooth * shapes[1] + smooth_2 * shapes[2] + constant
        by_height = (shapes[0], shapes[1], np.ones(curve.size), smooth_2 * slopes[6], shapes[2])
        return curve, np.vstack((signal * slopes[:5], smooth * slopes[5], *by_height))

    def under(self, values: FloatArray) -> FloatArray:
        """What lies under the signal, shape (n,)."""
        without = values.copy()
        without[NAMES.index("signal")] = 0.0
        return self.curve(without)[0]

    def _outline(self, inside: FloatArray) -> FloatArray:
        """Factor g, 1 in the middle."""
        if self.d == 0.0:
            return np.asarray((self.middle / inside) ** 2)
        return np.asarray((math.sin(self.middle * self.d / 2.0) / np.sin(inside * self.d / 2.0)) ** 2)

    def _along_crystals(self, k: FloatArray, inside: FloatArray) -> FloatArray:
        """Phase per thickness of k crystals, shape (rows, m).

        Crystals are whole numbers of planes: what differs by 2π in a plane is the same for all, and the sizes
        wash out a phase only as far as it is from a multiple of 2π. The two nearest are counted.
        """
        phase = k[:, None] * inside
        if self.d == 0.0:
            return np.asarray(phase)
        turn = 2.0 * math.pi / self.d
        nearest = phase - turn * np.round(phase / turn)
        if not self.fringes:
            return np.asarray(nearest)
        return np.vstack((nearest, nearest - np.where(nearest >= 0.0, turn, -turn)))

    def _pairs(
        self, w: float, sigma_w: float, t: float, lowest: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Crystals k and gaps m between two edges, and the weight of such pairs, as far as they are seen."""
        if not self.fringes:
            return np.zeros(1), np.ones(1), np.array([1.0 / self.coherent - 1.0])
        m = np.arange(1.0, self.coherent)
        share = 1.0 - m / self.coherent
        k = np.concatenate(([1.0], m, m + 1.0, m - 1.0))
        c = np.concatenate(([-1.0], 2.0 * share, -share, -share))
        m = np.concatenate(([0.0], m, m, m))
        lost = 0.5 * (lowest**2 * m * sigma_w**2 + (self.resolution * (k * t + m * w)) ** 2)
        seen = (lost < REACH) | (k + m <= 1.0)
        return k[seen], m[seen], c[seen]
