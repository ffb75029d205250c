"""Source of σ where none was given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slxrd.data.noise import Noise, describe_noise, noise_source
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, select_points
from slxrd.fitting.objective.settings import ObjectiveName
from slxrd.units import FloatArray

#: Fraction of the point's own intensity that is part of the default σ of wide ranges.
RELATIVE = 0.05
#: Dynamic range of a region from which on it is wide. Fringes of superlattices reach 100 to 200, Laue fringes
#: of films 2000 and more.
WIDE = 1000.0
#: The lower end of the range is this percentile of the intensities, or the intensity of so many counts.
LOW_PERCENTILE, LEAST_COUNTS = 10.0, 10.0


@dataclass(frozen=True)
class DefaultNoise:
    """Source of σ where none was given.

    Parameters
    ----------
    noise : float, str or None
        Source; None for σ of the file, or 0.03 of the maximum where neither it nor the counts are known.
    note : str
        Note on the choice; empty for None.
    """

    noise: Noise | None = None
    note: str = ""


def default_noise(pattern: Pattern, regions: Sequence[Region], objective: ObjectiveName) -> DefaultNoise:
    """Choose the source of σ of a fit by what is known and by the dynamic range of its regions.

    σ is that of the file, or of counting statistics where the counts are known. A constant fraction of the
    maximum, the last resort, ignores everything that is weaker. Where the intensities of a region span more
    than three decades, and for logarithmic residuals, σ is that of the file, of the counts, or of the scatter
    of the points, and :data:`RELATIVE` of each point's intensity.

    Parameters
    ----------
    pattern : Pattern
        Over q, masked.
    regions : sequence of Region
        Regions of the fit.
    objective : {"linear", "log", "paper2021"}
        Residuals.
    """
    if objective == "paper2021":
        return DefaultNoise()
    data = select_points(pattern, regions)
    span = max(dynamic_range(points.intensity, _count(pattern, points.q)) for points in data)
    if span < WIDE and objective != "log":
        if pattern.sigma is None and pattern.per_count is not None:
            return DefaultNoise(
                "counting", "σ from counting statistics: the counts are known (--noise sets it)"
            )
        return DefaultNoise()
    known = "scatter" if pattern.per_count is None else "counting"
    source = known if pattern.sigma is None else "file"
    noise = f"{source}+{RELATIVE:g}"
    why = "residuals are of logarithms" if span < WIDE else f"intensities span {math.log10(span):.1f} decades"
    return DefaultNoise(noise, f"{describe_noise(noise_source(noise))}: {why} (--noise sets it)")


def dynamic_range(intensity: FloatArray, count: float = 0.0) -> float:
    """Ratio of the highest intensity of a region to its low intensities.

    Parameters
    ----------
    intensity : ndarray, shape (n,)
        Of the points.
    count : float
        Intensity of one count, 0 if it is not known.
    """
    positive = intensity[intensity > 0.0]
    low = max(float(np.percentile(intensity, LOW_PERCENTILE)), LEAST_COUNTS * count)
    if low <= 0.0:
        low = float(np.percentile(positive, LOW_PERCENTILE))
    return float(intensity.max()) / low


def _count(pattern: Pattern, q: FloatArray) -> float:
    if pattern.per_count is None:
        return 0.0
    inside = (pattern.q >= q[0]) & (pattern.q <= q[-1])
    return float(np.median(pattern.per_count[inside]))
