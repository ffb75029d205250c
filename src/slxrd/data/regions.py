"""Regions of a pattern: the points to be fitted, their weight and their σ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_fields, quoted
from slxrd.data.corrections import COUNTING, counting_statistics
from slxrd.data.noise import DEFAULT_NOISE as DEFAULT_NOISE
from slxrd.data.noise import FILE_OR_DEFAULT, NoiseSource, intensity_of_count, noise_source
from slxrd.data.noise import Noise as Noise
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Largest intensity, and largest ratio of an intensity to σ, with which χ² can be calculated.
LARGEST = 1e100
#: Largest ratio of the smallest σ of a region to its largest intensity.
LARGEST_RELATIVE_SIGMA = 1e6
#: Longest name of a region, in characters.
LONGEST_NAME = 500


@dataclass(frozen=True)
class Region:
    """A range of scattering vectors to be fitted.

    Parameters
    ----------
    low, high : float
        Ends in Å⁻¹, inclusive.
    weight : float
        Factor of the contribution of the region to χ²; positive.
    name : str
        Name in tables and messages; made from the ends if empty.

    Raises
    ------
    SlxrdError
        If the ends are reversed, the weight is not positive or the name has over 500 characters.
    """

    low: float
    high: float
    weight: float = 1.0
    name: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        text = f"{self.low:g}:{self.high:g}"
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise SlxrdError(f"region {text}: the lower end must come first, both finite")
        if not (math.isfinite(self.weight) and self.weight > 0.0):
            raise SlxrdError(
                f"region {text}: weight {self.weight:g} must be positive; leave the region out instead"
            )
        if len(self.name) > LONGEST_NAME:
            raise SlxrdError(f"region {text}: its name has over {LONGEST_NAME} characters; shorten it")
        if not self.name:
            object.__setattr__(self, "name", f"{self.low:.4g}–{self.high:.4g} Å⁻¹")


#: A region, or its ends, or its ends and weight.
RegionLike = Region | tuple[float, float] | tuple[float, float, float]


def as_region(region: RegionLike) -> Region:
    """Return a region from its ends and weight.

    Raises
    ------
    SlxrdError
        If it is neither a region nor two or three numbers, or the region is invalid.
    """
    if isinstance(region, Region):
        return region
    try:
        low, high, *rest = (float(number) for number in region)
    except (TypeError, ValueError):
        rest = [math.nan, math.nan]
    if len(rest) > 1:
        raise SlxrdError(f"region {region!r}: give (q_min, q_max) or (q_min, q_max, weight) in Å⁻¹")
    return Region(low, high, rest[0] if rest else 1.0)


def as_regions(regions: Iterable[RegionLike]) -> tuple[Region, ...]:
    """Return regions from their ends and weights, and check that they do not overlap.

    Raises
    ------
    SlxrdError
        If one is invalid, or two overlap.
    """
    if not isinstance(regions, Iterable):
        raise SlxrdError(f"regions {quoted(regions)}: give a list of (q_min, q_max) in Å⁻¹")
    found = tuple(as_region(region) for region in regions)
    for one, other in pairwise(sorted(found, key=lambda region: region.low)):
        if other.low < one.high:
            raise SlxrdError(
                f"regions {one.low:g}:{one.high:g} and {other.low:g}:{other.high:g} overlap; move them apart"
            )
    return found


@dataclass(frozen=True, eq=False)
class RegionData:
    """The points of one region.

    Parameters
    ----------
    region : Region
        Ends, weight and name.
    q, intensity, sigma : ndarray, shape (n,)
        Scattering vector in Å⁻¹, measured intensity and its standard deviation.
    per_count : ndarray, shape (n,), optional
        Intensity of one detected photon, if σ is from counting statistics or the scatter of the points.
    relative : float
        Fraction of the point's intensity whose square is part of σ².
    base : ndarray, shape (n,), optional
        σ without that part; ``sigma`` if None.
    scan : int
        Index of the scan that they belong to, where several scans of a sample are fitted.
    correlated : ndarray, shape (k, n), optional
        The part of this region of rows B of correlated errors, in units of the intensity: the covariance of
        the points of all regions is diag(σ²) + BᵀB.
    described : int
        Number of the first of these rows that are effects whose most probable sizes a calculated curve
        contains.
    """

    region: Region
    q: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    per_count: FloatArray | None = None
    relative: float = 0.0
    base: FloatArray | None = None
    scan: int = 0
    correlated: FloatArray | None = None
    described: int = 0

    @property
    def depends_on_curve(self) -> bool:
        """Whether σ depends on the intensity, so that it can be calculated from that of a fit."""
        return self.per_count is not None or self.relative > 0.0

    def recounted(self, expected: FloatArray) -> RegionData:
        """Return the points with σ from expected instead of observed intensities.

        σ from observed counts is too small where these are low by chance, which biases a fit downwards.

        Parameters
        ----------
        expected : ndarray, shape (n,)
            Fitted intensity.
        """
        if not self.depends_on_curve:
            return self
        base = self.sigma if self.base is None else self.base
        if self.per_count is not None:
            counts = np.maximum(expected / self.per_count, 1.0)
            base = self.per_count * np.sqrt(counts)
        if not self.relative:
            return replace(self, sigma=base)
        return replace(self, sigma=np.hypot(base, self.relative * expected), base=base)

    def wider(self, factor: float) -> RegionData:
        """Return the points with σ and correlated errors multiplied by a factor."""
        correlated = None if self.correlated is None else factor * self.correlated
        return replace(self, sigma=factor * self.sigma, correlated=correlated)

    def chosen(self, which: slice | NDArray[np.bool_]) -> RegionData:
        """Return some of the points.

        Parameters
        ----------
        which : slice or ndarray of bool, shape (n,)
            The points.
        """
        return replace(
            self,
            q=self.q[which],
            intensity=self.intensity[which],
            sigma=self.sigma[which],
            per_count=None if self.per_count is None else self.per_count[which],
            base=None if self.base is None else self.base[which],
            correlated=None if self.correlated is None else self.correlated[:, which],
        )


def select_points(
    pattern: Pattern, regions: Sequence[Region], noise: Noise | None = None
) -> tuple[RegionData, ...]:
    """Select the points of regions, with their σ.

    Parameters
    ----------
    pattern : Pattern
        The pattern; masked points are left out.
    regions : sequence of Region
        At least one; they must not overlap.
    noise : float, str or None
        Source of σ; see :func:`slxrd.data.noise.noise_source`. None: from the file if it has σ, otherwise
        :data:`DEFAULT_NOISE`.

    Returns
    -------
    tuple of RegionData
        In the order of ``regions``.

    Raises
    ------
    SlxrdError
        If there is no region, a region is outside the data, has no points or no positive intensity, or
        overlaps another; if the pattern has no σ or no counts for this ``noise``.
    """
    if not regions:
        raise SlxrdError("no region to fit; give at least one (--region QMIN:QMAX)")
    regions = as_regions(regions)
    source = source_in(pattern, noise)
    if source.counting and not any(step.name == COUNTING for step in pattern.history):
        pattern = counting_statistics(pattern)
    elif source.source == "file" and pattern.sigma is None:
        raise SlxrdError(f"{pattern.source}: has no σ (third column); give --noise as a fraction instead")
    return tuple(_points(pattern, region, source) for region in regions)


def source_in(pattern: Pattern, noise: Noise | None) -> NoiseSource:
    """Return the source of σ of a pattern, the file or the default fraction where either may be meant.

    Raises
    ------
    SlxrdError
        If it is no source of σ.
    """
    source = noise_source(FILE_OR_DEFAULT if noise is None else noise)
    if source.source == FILE_OR_DEFAULT:
        return replace(source, source=DEFAULT_NOISE if pattern.sigma is None else "file")
    return source


def _points(pattern: Pattern, region: Region, noise: NoiseSource) -> RegionData:
    q = pattern.q
    text = f"region {region.low:g}:{region.high:g}"
    if region.high <= q[0] or region.low >= q[-1]:
        raise SlxrdError(
            f"{text} lies outside {pattern.source}, which covers {q[0]:.4g} to {q[-1]:.4g} Å⁻¹"
            + pattern.to_q().two_theta_hint(region.low, region.high)
        )
    inside = (q >= region.low) & (q <= region.high) & ~pattern.mask
    if not inside.any():
        raise SlxrdError(f"{text} contains no point of {pattern.source}; widen it, or mask less")
    intensity = pattern.intensity[inside]
    if intensity.max() <= 0.0:
        raise SlxrdError(
            f"{text} of {pattern.source} has no positive intensity to fit; choose another region"
        )
    per_count = None
    if noise.source == "scatter":
        per_count = np.full(intensity.shape, intensity_of_count(intensity))
        sigma = per_count * np.sqrt(np.maximum(intensity / per_count, 1.0))
    elif isinstance(noise.source, str):
        assert pattern.sigma is not None
        sigma = pattern.sigma[inside]
    else:
        sigma = np.full(intensity.shape, noise.source * intensity.max())
    if noise.counting and pattern.per_count is not None:
        per_count = pattern.per_count[inside]
    if np.abs(intensity).max() > LARGEST * min(1.0, float(sigma.min())):
        raise SlxrdError(
            f"{text} of {pattern.source} has intensities up to {np.abs(intensity).max():.3g} with σ down to "
            f"{sigma.min():.3g}, for which χ² cannot be calculated; leave such points out (--mask)"
        )
    if sigma.min() > LARGEST_RELATIVE_SIGMA * intensity.max():
        raise SlxrdError(
            f"{text} of {pattern.source} has intensities up to {intensity.max():.3g} with σ of "
            f"{sigma.min():.3g} or more, which is no noise of them; correct σ, or give another (--noise)"
        )
    if not noise.relative:
        return RegionData(region, q[inside], intensity, sigma, per_count)
    total = np.hypot(sigma, noise.relative * np.maximum(intensity, 0.0))
    return RegionData(region, q[inside], intensity, total, per_count, noise.relative, sigma)
