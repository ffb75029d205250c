"""Fluctuation of the intensity between repeated measurements of one sample.

Toso, Baranov et al. derived their constant error of 3 % in this way (ACS Nano 2021, 15, 6243, SI section S.i
and Figure S7). Here a likelihood-ratio test decides whether the error is constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

Scaling = Literal["area", "maximum"]
Behaviour = Literal["flat", "counting", "mixed"]

#: Largest difference of two axes, relative to the step, from rounding in the files.
SAME_AXIS = 0.05
#: Gain in 2 ln(likelihood) at which one more coefficient of the variance is significant (χ²₁, 99 %).
SIGNIFICANT = 6.63
#: Smallest number of points from which the dependence on intensity is determined.
FEWEST_POINTS = 10


@short_repr
@dataclass(frozen=True, eq=False)
class Fluctuation:
    """Standard deviation between repeated measurements.

    Parameters
    ----------
    sources : tuple of str
        Origins of the patterns.
    region : Region
        The compared region.
    scaling : {"area", "maximum"}
        Quantity to which the patterns are normalised.
    q : ndarray, shape (n,)
        Å⁻¹.
    mean, std : ndarray, shape (n,)
        Mean and standard deviation (n − 1) of the intensity relative to the mean maximum in the region.
    flat_error, flat_error_error : float
        Root mean square of ``std``, to be used as ``noise`` of a fit, and its standard deviation.
    constant, per_intensity : float
        Maximum-likelihood a and b, not negative, of std² = a² + b·mean.
    behaviour : {"flat", "counting", "mixed"} or None
        Constant, proportional to the square root of the intensity, or both; None with too few points.
    gain : float
        Increase of 2 ln(likelihood) by the term b·mean.
    notes : tuple of str
        Warnings about the result.
    """

    sources: tuple[str, ...]
    region: Region
    scaling: Scaling
    q: FloatArray
    mean: FloatArray
    std: FloatArray
    flat_error: float
    flat_error_error: float
    constant: float
    per_intensity: float
    behaviour: Behaviour | None
    gain: float
    notes: tuple[str, ...]

    def __str__(self) -> str:
        meaning = {
            "flat": "it does not grow with the intensity: a flat error describes it",
            "counting": "it grows as the square root of the intensity, as counting statistics do: fit with "
            "σ from the counts (--noise counting)",
            "mixed": "it grows with the intensity, on top of a constant part: neither a flat error nor "
            "counting statistics alone describes it",
            None: "too few points to determine its dependence on the intensity",
        }
        lines = [
            f"{len(self.sources)} measurements, region {self.region.name}, {self.q.size} points, scaled to "
            f"equal {self.scaling}",
            f"  fluctuation {100 * self.flat_error:.2f} ± {100 * self.flat_error_error:.2f} % of the maximum "
            f"(--noise {self.flat_error:.3g})",
            f"  {meaning[self.behaviour]}",
            f"  std² = {self.constant:.3g}² + {self.per_intensity:.3g}·I, I = 1 at the maximum; growth gains "
            f"{self.gain:.1f} in 2 ln(likelihood), {SIGNIFICANT} is significant at 1 %",
        ]
        return "\n".join([*lines, *(f"! {note}" for note in self.notes)])

    def csv(self) -> str:
        """Return q (Å⁻¹), mean and std as CSV, with the summary as comments before them."""
        lines = [f"# fluctuation of {', '.join(self.sources)}"]
        lines += [f"# {line.strip()}" for line in str(self).splitlines()]
        lines.append("q,mean,std")
        rows = zip(self.q.tolist(), self.mean.tolist(), self.std.tolist(), strict=True)
        lines += [",".join(f"{value:.10g}" for value in row) for row in rows]
        return "\n".join(lines) + "\n"


@check_arguments
def fluctuation(patterns: Sequence[Pattern], region: Region, scaling: Scaling = "area") -> Fluctuation:
    """Measure the fluctuation between repeated measurements of one sample.

    Parameters
    ----------
    patterns : sequence of Pattern
        Two or more, measured at the same points.
    region : Region
        Region to compare.
    scaling : {"area", "maximum"}
        Divide each pattern by its mean intensity in the region or, as in the paper, by its maximum. The noise
        of the maximum adds a fluctuation proportional to the intensity, and removes that at the maximum.

    Raises
    ------
    SlxrdError
        If there are fewer than two patterns, their points differ (interpolation would reduce the
        fluctuation), or one has no signal in the region.
    """
    if len(patterns) < 2:
        raise SlxrdError(f"{len(patterns)} pattern: give two or more repeated measurements, better three")
    if scaling not in ("area", "maximum"):
        raise SlxrdError(f"scaling {scaling!r} is neither area nor maximum")
    patterns = [pattern.to_q() for pattern in patterns]
    q, inside = _common_points(patterns, region)
    rows = np.array([pattern.intensity[inside] for pattern in patterns])
    for pattern, row in zip(patterns, rows, strict=True):
        if not (row.max() > 0.0 and row.mean() > 0.0):
            raise SlxrdError(f"{pattern.source}: no signal in region {region.name}; choose another")
    rows = rows / (rows.mean(axis=1) if scaling == "area" else rows.max(axis=1))[:, None]
    rows = rows / rows.max(axis=1).mean()
    mean, variance = rows.mean(axis=0), rows.var(axis=0, ddof=1)
    if not variance.any():
        raise SlxrdError("the patterns differ only by a factor: give measurements, not copies of one")
    freedom = len(rows) - 1
    a2, b, behaviour, gain = _behaviour(mean, variance, freedom, scaling)
    flat = float(np.sqrt(variance.mean()))
    expected = np.maximum(a2 + b * np.maximum(mean, 0.0), 0.0)
    error = float(np.sqrt(np.sum(2.0 * expected**2 / freedom)) / q.size / (2.0 * flat))
    return Fluctuation(
        tuple(pattern.source for pattern in patterns), region, scaling, q, mean, np.sqrt(variance), flat,
        error, float(np.sqrt(a2)), b, behaviour, gain, _notes(len(rows), behaviour, scaling),
    )  # fmt: skip


def _common_points(patterns: Sequence[Pattern], region: Region) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return q in the region, and a mask of its points that are not masked in any pattern."""
    first = patterns[0]
    for other in patterns[1:]:
        if len(other) != len(first):
            raise SlxrdError(
                f"{other.source}: {len(other)} points, but {first.source} has {len(first)}; repeated "
                "measurements must have the same points, nothing is interpolated"
            )
        if len(first) > 1:
            away = np.abs(other.q - first.q)
            if away.max() > SAME_AXIS * np.diff(first.q).min():
                at = int(away.argmax())
                raise SlxrdError(
                    f"{other.source}: point {at + 1} is at {other.q[at]:.6g} Å⁻¹, in {first.source} at "
                    f"{first.q[at]:.6g}; repeated measurements must have the same points, nothing is "
                    "interpolated"
                )
    inside = (first.q >= region.low) & (first.q <= region.high)
    inside &= ~np.any([pattern.mask for pattern in patterns], axis=0)
    if np.count_nonzero(inside) < 2:
        raise SlxrdError(
            f"region {region.name} has {np.count_nonzero(inside)} points of {first.source}, which covers "
            f"{first.q[0]:.4g} to {first.q[-1]:.4g} Å⁻¹"
        )
    return first.q[inside], inside


def _behaviour(
    mean: FloatArray, variance: FloatArray, freedom: int, scaling: Scaling
) -> tuple[float, float, Behaviour | None, float]:
    """Return a² and b of variance = a² + b·mean, which of them are significant, and the gain by b.

    Maximum likelihood for sample variances of Gaussian noise, which are gamma distributed; approximate for
    few counts.
    """
    intensity = np.maximum(mean, 0.0)
    flat = float(variance.mean())
    if mean.size < FEWEST_POINTS:
        return flat, 0.0, None, 0.0
    # In variance = s·((1−t) + t·I/⟨I⟩) the best s is known for each t, so only t is searched.
    shares = intensity / intensity.sum()
    growing = np.maximum(mean.size * shares, 1e-9)

    def expected(t: float) -> FloatArray:
        true: FloatArray = (1.0 - t) + t * growing
        if scaling == "maximum":
            return true
        # Division by the area removes part of the noise of each point, and adds a part of that of all others.
        return np.asarray(true * (1.0 - 2.0 * shares) + shares**2 * true.sum())

    def cost(t: float) -> float:
        level = float(np.mean(variance / expected(t)))
        return float(freedom * (mean.size * np.log(level) + np.sum(np.log(expected(t)))))

    from scipy.optimize import minimize_scalar

    # t < 1, as the likelihood would be dominated by points without counts, whose variance is 0.
    most = 1.0 - 1e-4
    best = float(minimize_scalar(cost, bounds=(0.0, most), method="bounded", options={"xatol": 1e-6}).x)
    best = min((0.0, best, most), key=cost)
    gain = cost(0.0) - cost(best)
    level = float(np.mean(variance / expected(best)))
    behaviour: Behaviour = "flat"
    if gain > SIGNIFICANT:
        behaviour = "counting" if cost(most) - cost(best) < SIGNIFICANT else "mixed"
    return level * (1.0 - best), level * best / float(intensity.mean()), behaviour, gain


def _notes(count: int, behaviour: Behaviour | None, scaling: Scaling) -> tuple[str, ...]:
    notes = []
    if count == 2:
        notes.append("two measurements give a rough spread; three or more are better")
    if behaviour in ("counting", "mixed"):
        notes.append(
            "the flat error is an average: too large where the intensity is low, too small at the peak"
        )
    if scaling == "maximum" and behaviour != "flat":
        notes.append("division by the maximum makes the spread grow with intensity; check with equal area")
    return tuple(notes)
