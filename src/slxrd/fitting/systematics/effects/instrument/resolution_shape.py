"""Lorentzian share of the resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.scans import in_proportion, least_known, prior_of_resolution
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.instrument.broadening import (
    FWHM,
    LORENTZ_REACH,
    REACH,
    Broadening,
    Gaussian,
    ResolutionShape,
    line_profile,
)
from slxrd.model.intensity import RegionModel
from slxrd.units import FloatArray

#: Standard deviation of the Lorentzian share of a line measured with a standard, and of an assumed Gaussian.
MEASURED, ASSUMED = 0.03, 0.1


@dataclass(frozen=True)
class _Lorentzian(ResolutionShape):
    """The Lorentzian of the FWHM of another shape."""

    shape: ClassVar[str] = "lorentzian of another shape"
    other: ResolutionShape

    @property
    def reach(self) -> float:
        return LORENTZ_REACH * FWHM / 2.0

    def sigma(self, q: FloatArray) -> FloatArray:
        return self.other.sigma(q)

    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        return line_profile(offset, sigma, 1.0)

    def longest_fringe(self, sigma: float) -> float:
        # exp(−γr) as small as the Gaussian at its cut-off
        return 0.5 * REACH**2 / (FWHM / 2.0 * sigma)


@dataclass(frozen=True)
class _Gaussian(ResolutionShape):
    """The Gaussian of the FWHM of another shape."""

    shape: ClassVar[str] = "gaussian of another shape"
    other: ResolutionShape

    def sigma(self, q: FloatArray) -> FloatArray:
        return self.other.sigma(q)

    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        return line_profile(offset, sigma, 0.0)


def prior(objective: Objective) -> float:
    """Standard deviation of the Lorentzian share; of several scans, that of the least known."""
    return least_known(objective, _of_instrument)


def _of_instrument(region: RegionModel) -> float:
    return prior_of_resolution(region, MEASURED, ASSUMED)


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Intensity with a Lorentzian line less that with a Gaussian one of the same FWHM.

    For a scan whose line is known better than that of another, in proportion.
    """
    return in_proportion(objective, _of_instrument, lambda region: _column(region, values))


def _column(region: RegionModel, values: Mapping[str, float]) -> FloatArray:
    resolution = region.instrument.resolution
    if not region.instrument.sigma(region.q).any():
        return np.zeros(region.q.size)
    with_tails = _intensity(region, values, _Lorentzian(resolution))
    if isinstance(resolution, Gaussian) or (
        isinstance(resolution, Broadening) and resolution.lorentzian == 0.0
    ):
        return with_tails - region.evaluate(values, derivatives=False)[0]
    return with_tails - _intensity(region, values, _Gaussian(resolution))


def _intensity(region: RegionModel, values: Mapping[str, float], shape: ResolutionShape) -> FloatArray:
    changed = replace(region.instrument, broadening=shape)
    model = replace(region.model, instrument=changed, further=(changed,) * len(region.model.further))
    return RegionModel(model, region.q, region.scan).evaluate(values, derivatives=False)[0]


EFFECTS.register(
    "resolution_shape",
    SystematicEffect(
        "resolution_shape",
        "Lorentzian share of the resolution",
        "",
        prior,
        columns,
        remedy="measure the resolution with a standard (slxrd resolution)",
        reference="docs/systematic-effects.md",
    ),
)
