"""Source of σ of the points of a pattern: counting statistics, the file, a fraction of the maximum.

A fraction of each point's own intensity can be added to any source, ``"counting+0.05"``. It stands for errors
of the model and of the alignment, which are proportional to the intensity and exceed the counting noise where
the intensity is high.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: σ: a fraction of the maximum of the region; or a name, or either with a fraction of the point's intensity.
Noise = float | str

#: Default σ as a fraction of the maximum: the constant error of the 2021 paper (SI section S.i).
DEFAULT_NOISE = 0.03
#: The default of version 0.1: σ of the file, or :data:`DEFAULT_NOISE` where the file has none.
FILE_OR_DEFAULT = f"file-or-{DEFAULT_NOISE:g}"
#: Median of χ² of one degree of freedom; smallest number of differences from which scatter is estimated.
_MEDIAN_CHI2, _FEWEST = 0.4549, 10
#: Names of the sources of σ.
SOURCES = ("counting", "file", "scatter", FILE_OR_DEFAULT)
#: Forms in which σ can be given, for messages.
FORMS = (
    "a positive fraction of the maximum such as 0.03, counting, file, scatter, or one of them plus a "
    "fraction of the point's own intensity, such as counting+0.05"
)


@dataclass(frozen=True)
class NoiseSource:
    """Source of σ.

    Parameters
    ----------
    source : float or str
        Fraction of the maximum of the region, or one of :data:`SOURCES`.
    relative : float
        Fraction of the point's own intensity whose square is added to σ².
    """

    source: Noise
    relative: float = 0.0

    @property
    def counting(self) -> bool:
        """Whether σ is from counting statistics."""
        return self.source == "counting"


def noise_source(noise: Noise) -> NoiseSource:
    """Read how σ is specified.

    Parameters
    ----------
    noise : float or str
        Fraction of the maximum, ``"counting"``, ``"file"``, ``"scatter"`` or ``"file-or-0.03"``; as text,
        ``"+0.05"`` can follow.

    Raises
    ------
    SlxrdError
        If it is none of these.
    """
    text = str(noise).strip()
    base, relative = text, 0.0
    if isinstance(noise, str):
        # Not the sign of an exponent, as in 1e+3.
        first, *rest = re.split(r"(?<![0-9.][eE])\+", text)
        if len(rest) > 1:
            raise SlxrdError(f"noise {noise}: must be {FORMS}")
        base, relative = first, _fraction(rest[0], noise) if rest else 0.0
    if base in SOURCES:
        return NoiseSource(base, relative)
    return NoiseSource(_fraction(base, noise), relative)


def _fraction(text: str, noise: Noise) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if isinstance(noise, bool) or not (math.isfinite(value) and value > 0.0):
        raise SlxrdError(f"noise {noise}: must be {FORMS}")
    if value > 1.0:
        raise SlxrdError(f"noise {noise}: a fraction above 1 is more than the signal; it must be {FORMS}")
    return value


def is_counting(noise: object) -> bool:
    """Whether this value of an option takes σ from counting statistics."""
    return isinstance(noise, str) and noise_source(noise).counting


def intensity_of_count(intensity: FloatArray) -> float:
    """Estimate the intensity of one count from the scatter of neighbouring points.

    The variance of counts is proportional to the intensity. The differences of a point from the mean of its
    neighbours show it where the points are dense compared with the structure of the curve; otherwise the
    estimate is too large.

    Parameters
    ----------
    intensity : ndarray, shape (n,)
        At successive points.

    Returns
    -------
    float
        Positive; the lowest positive intensity where the points do not scatter, or are too few. At least
        the rounding error of the highest intensity, below which no scatter is visible.
    """
    least = float(np.finfo(np.float64).eps) * float(intensity.max())
    y = np.maximum(intensity, 0.0)
    second = intensity[:-2] - 2.0 * intensity[1:-1] + intensity[2:]
    level = y[:-2] + 4.0 * y[1:-1] + y[2:]
    seen = level > 0.0
    if np.count_nonzero(seen) >= _FEWEST:
        found = float(np.median(second[seen] ** 2 / level[seen])) / _MEDIAN_CHI2
        if found > 0.0:
            return max(found, least)
    return max(float(intensity[intensity > 0.0].min()), least)


def describe_noise(noise: NoiseSource) -> str:
    """Describe the source of σ in words."""
    if noise.source == "counting":
        text = "σ from counting statistics"
    elif noise.source == "file":
        text = "σ from the file"
    elif noise.source == "scatter":
        text = "σ from the scatter of neighbouring points, as of counts"
    else:
        text = f"σ = {float(noise.source):.3g} of each region's maximum"
    return text + (f" and {noise.relative:.3g} of each point's intensity" if noise.relative else "")
