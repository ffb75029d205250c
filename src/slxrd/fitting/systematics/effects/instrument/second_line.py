"""Kα₂ that the model of a fit does not contain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.scans import in_proportion, least_known
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import RegionModel
from slxrd.units import ALPHA2_RATIO, K_ALPHA_LINES, FloatArray

#: Standard deviation of the share of Kα₂ in the intensity where the radiation was chosen as Kα₁ by name;
#: where it is unknown, or Kα₁ to within the rounding of its wavelength; and for the mean of the two lines.
CHOSEN, UNKNOWN, MEAN = 0.03, 0.2, 1.0 / 3.0
#: Share of Kα₂ in the intensity of both lines.
_SHARE = ALPHA2_RATIO / (1.0 + ALPHA2_RATIO)
#: Relative difference of wavelengths of one line, as they are given in files; Kα₁ and mean differ by more.
_SAME_LINE = 3e-4


def _lines(instrument: Instrument) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Prior of Kα₂, and the factors on q of the lines that it adds or removes, with their weights."""
    if instrument.second_line is not None:
        return 0.0, ()
    if instrument.wavelength is None:
        alpha1, alpha2 = K_ALPHA_LINES["Cu"]
        return UNKNOWN, ((alpha1 / alpha2, 1.0), (1.0, -1.0))
    wavelength = instrument.wavelength
    for alpha1, alpha2 in K_ALPHA_LINES.values():
        if abs(wavelength / alpha1 - 1.0) < _SAME_LINE:
            added = (wavelength / alpha2, 1.0), (1.0, -1.0)
            return CHOSEN if wavelength == alpha1 else UNKNOWN, added
        mean = (1.0 - _SHARE) * alpha1 + _SHARE * alpha2
        if abs(wavelength / mean - 1.0) < _SAME_LINE:
            # Both lines in place of one, where Kα₂ has its full share.
            both = (wavelength / alpha1, 1.0 / _SHARE - 1.0), (wavelength / alpha2, 1.0)
            return MEAN, (*both, (1.0, -1.0 / _SHARE))
    return 0.0, ()


def prior(objective: Objective) -> float:
    """Standard deviation of the share of Kα₂ in the intensity; of several scans the largest."""
    return least_known(objective, _of_instrument)


def _of_instrument(region: RegionModel) -> float:
    return _lines(region.instrument)[0]


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """I(qλ₁/λ₂) − I(q); for the mean wavelength the intensity of both lines less that of one.

    For a scan whose radiation is known better than that of another, in proportion.
    """
    return in_proportion(objective, _of_instrument, lambda region: _column(region, values))


def _column(region: RegionModel, values: Mapping[str, float]) -> FloatArray:
    total = np.zeros(region.q.size)
    for ratio, weight in _lines(region.instrument)[1]:
        moved = region if ratio == 1.0 else RegionModel(region.model, ratio * region.q, region.scan)
        total += weight * moved.evaluate(values, derivatives=False)[0]
    return total


EFFECTS.register(
    "second_line",
    SystematicEffect(
        "second_line",
        "Kα₂ that is not modelled",
        "",
        prior,
        columns,
        remedy="name the radiation (--wavelength CuKa for both lines, CuKa1 behind a monochromator)",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
