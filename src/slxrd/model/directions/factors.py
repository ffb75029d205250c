"""The factor of one axis of a superlattice in its intensity, and its derivatives.

The crystals of a superlattice of M_x × M_y × M_z equal cuboids, of N_i planes a distance d_i apart along each
axis i, are displaced by the sum of displacements that belong to their coordinates. The intensity, averaged
over disorder and over independent distributions of the sizes, is then a product of three factors,

    I(q) = Π_i G_i(q),   G_i = Σ_N P_N |F_N(q_i)|² [M + 2 Σ_{m<M} (M − m) D_m(q) cos(m q_i Λ_N)],

with Λ_N = (N − 1) d + L. For cumulative disorder D_m = exp(−½m [q_i²σ_L² + (q² − q_i²)σ_T²]), where
neighbours along i are displaced by σ_L along i and σ_T across it. In a fixed direction, q_i = c q, that is
the formula of a stack at q_i, with the standard deviation √(σ_L² + (1/c² − 1)σ_T²) in place of σ_L.

For sinusoidal disorder, the crystal n along axis i is displaced by A_L sin(2πn/W + φ) along i and by
A_T sin(2πn/W + φ′) in both directions across, with independent phases, over which the average is

    D_m = J₀(2 q_i A_L s_m) Π_{j≠i} J₀(2 q_j A_T s_m),   s_m = |sin(πm/W)|,

after the displacements that Filippi et al. (arXiv:2509.10849) describe.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.model.kernel.arrays import Sample
from slxrd.model.kernel.dispatch import curves
from slxrd.model.kernel.reference.equal_planes import geometric_sums
from slxrd.model.sizes import SizeWeights, size_weights
from slxrd.units import FloatArray

#: Parameters of a stack in the order of the kernels.
_KERNEL = ("d", "L", "sigma_L", "N", "sigma_N")


@dataclass(frozen=True, eq=False)
class Factor:
    """A factor of the intensity.

    Parameters
    ----------
    value : ndarray, shape (n,)
        The factor.
    slopes : mapping of str to ndarray, shape (n,)
        Its derivatives with respect to the parameters of the axis, by their names without endings.
    by_q : ndarray, shape (n,)
        Its derivative with respect to q, in Å.
    """

    value: FloatArray
    slopes: Mapping[str, FloatArray]
    by_q: FloatArray


def cumulative_factor(
    q: FloatArray, c: float, values: Mapping[str, float], s: Sample, pairs: int, derivatives: bool
) -> Factor:
    """Calculate the factor of an axis with cumulative disorder.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vector in Å⁻¹.
    c : float
        Component along the axis of the unit vector along q.
    values : mapping of str to float
        Parameters of the axis without endings; those that the axis does not have are left out.
    s : Sample
        Stack of equal planes with the M of the axis.
    pairs : int
        Only crystals less than this number of places apart interfere.
    derivatives : bool
        Whether derivatives are needed.
    """
    if c == 0.0:
        return _across(q, values, s)
    sigma_L, sigma_T = values.get("sigma_L", 0.0), values.get("sigma_T", 0.0)
    slant = 1.0 / c**2 - 1.0
    sigma = math.sqrt(sigma_L**2 + slant * sigma_T**2)
    p = np.array([values["d"], values.get("L", 0.0), sigma, values["N"], values["sigma_N"], 0.0])
    rows = curves(p, c * q, np.zeros(q.size), s, pairs, derivatives)
    if not derivatives:
        return Factor(rows[0], {}, rows[0])
    slopes = {name: row for name, row in zip(_KERNEL, rows[1:6], strict=True) if name in values}
    if "sigma_T" in values:
        slopes["sigma_T"] = rows[3] * (slant * sigma_T / sigma if sigma else 0.0)
    if "sigma_L" in values:
        slopes["sigma_L"] = rows[3] * (sigma_L / sigma if sigma else 0.0)
    return Factor(rows[0], slopes, c * rows[6])


def sinusoidal_factor(
    q: FloatArray, direction: FloatArray, axis: int, values: Mapping[str, float], s: Sample, pairs: int
) -> Factor:
    """Calculate the factor of an axis with sinusoidal disorder, and its derivatives.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vector in Å⁻¹.
    direction : ndarray, shape (3,)
        Unit vector along q.
    axis : int
        0, 1 or 2.
    values, s, pairs
        As in :func:`cumulative_factor`.
    """
    from scipy.special import j0, j1

    c, M = float(direction[axis]), int(s.numbers[0])
    sums = _SizeSums(q, c, values, s)
    total = {name: M * row for name, row in sums.of(0).items()}
    # Amplitudes over the length of q: of the displacement along the axis, and of both across it.
    parts = [("A_L", c)] + [("A_T", float(direction[j])) for j in range(3) if j != axis]
    A_L, A_T, W = values.get("A_L", 0.0), values.get("A_T", 0.0), values.get("W", 2.0)
    amplitude = {"A_L": A_L, "A_T": A_T}
    by = {name: np.zeros(q.size) for name in ("A_L", "A_T", "W", "q_of_D")}
    for m in range(1, min(M, pairs)):
        turn = math.sin(math.pi * m / W)
        size, turned = abs(turn), -math.pi * m / W**2 * math.cos(math.pi * m / W) * math.copysign(1.0, turn)
        x = [2.0 * size * component * amplitude[name] * q for name, component in parts]
        even, odd = [j0(each) for each in x], [-j1(each) for each in x]
        others = [even[1] * even[2], even[0] * even[2], even[0] * even[1]]
        # Derivatives of D with respect to the three arguments x.
        steep = [slope * other for slope, other in zip(odd, others, strict=True)]
        D = even[0] * others[0]
        of_m = sums.of(m)
        share = 2.0 * (M - m)
        for name in total:
            total[name] = total[name] + share * D * of_m[name]
        weight = share * of_m["value"]
        for (name, component), slope in zip(parts, steep, strict=True):
            by[name] += weight * slope * 2.0 * size * component * q
            by["W"] += weight * slope * 2.0 * turned * component * amplitude[name] * q
            by["q_of_D"] += weight * slope * 2.0 * size * component * amplitude[name]
    slopes = {name: row for name, row in {**total, **by}.items() if name in values}
    return Factor(total["value"], slopes, total["q"] + by["q_of_D"])


class _SizeSums:
    """Sums over the sizes of the crystals: Σ_N P_N |F_N(q_i)|² cos(m q_i Λ_N), and their derivatives."""

    def __init__(self, q: FloatArray, c: float, values: Mapping[str, float], s: Sample) -> None:
        self._c, self._q, self._d = c, c * q, values.get("d", 1.0)
        found = _sizes(values, s)
        self._shares = np.array([found.weights, found.d_N, found.d_sigma_N])
        self._steps = found.sizes - 1.0
        self._lengths = self._steps * self._d + values.get("L", 0.0)
        self._forms, self._by_phase = _forms(self._q * self._d, found.sizes)
        self._turn = np.exp(1j * self._lengths[:, None] * self._q)
        self._power, self._m = np.ones_like(self._turn), 0

    def of(self, m: int) -> dict[str, FloatArray]:
        """Return the sums for this m; it increases by 1 from call to call, beginning at 0."""
        for _ in range(m - self._m):
            self._power = self._power * self._turn
        self._m = m
        P = self._shares[0]
        value, by_N, by_sigma_N = self._shares @ (self._forms * self._power.real)
        by_length = -m * self._forms * self._power.imag
        by_phase = P @ (self._by_phase * self._power.real)
        return {
            "value": value,
            "d": self._q * (by_phase + (P * self._steps) @ by_length),
            "L": self._q * (P @ by_length),
            "N": by_N,
            "sigma_N": by_sigma_N,
            "q": self._c * (self._d * by_phase + (P * self._lengths) @ by_length),
        }


def _sizes(values: Mapping[str, float], s: Sample) -> SizeWeights:
    """Sizes and their shares; one plane where no cut shows the size."""
    if "N" in values:
        return size_weights(values["N"], values["sigma_N"], s.window)
    return SizeWeights(np.ones(1, np.int64), np.ones(1), np.zeros(1), np.zeros(1))


def _forms(phase: FloatArray, sizes: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """|Σ_{k<N} exp(ikx)|² of each size N at the phases x, shape (n,), and its derivatives by x, (s, n)."""
    planes = np.arange(int(sizes[-1]))[:, None]
    terms = np.exp(1j * planes * phase)
    F = np.cumsum(terms, axis=0)[sizes - 1]
    by_phase = np.cumsum(1j * planes * terms, axis=0)[sizes - 1]
    return np.abs(F) ** 2, 2.0 * (np.conj(F) * by_phase).real


def _across(q: FloatArray, values: Mapping[str, float], s: Sample) -> Factor:
    """The factor of an axis perpendicular to q: neighbours along it are displaced along q by σ_T."""
    found, sigma_T, M = _sizes(values, s), values.get("sigma_T", 0.0), int(s.numbers[0])
    squares = found.sizes.astype(np.float64) ** 2
    size = float(found.weights @ squares)
    _, S, _, dS = geometric_sums(np.exp(-0.5 * (q * sigma_T) ** 2).astype(complex), M)
    stacking, steep = M + 2.0 * S.real, -2.0 * dS.real
    slopes = {
        "sigma_T": size * steep * q**2 * sigma_T,
        "N": float(found.d_N @ squares) * stacking,
        "sigma_N": float(found.d_sigma_N @ squares) * stacking,
        **{name: np.zeros(q.size) for name in ("d", "L", "sigma_L")},
    }
    slopes = {name: row for name, row in slopes.items() if name in values}
    return Factor(size * stacking, slopes, size * steep * q * sigma_T**2)
