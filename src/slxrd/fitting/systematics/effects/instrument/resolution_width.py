"""Width of the resolution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.scans import in_proportion, least_known, prior_of_resolution
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.instrument.diffractometer import Band, Instrument
from slxrd.model.intensity import RegionModel, apply_resolution
from slxrd.units import FloatArray

#: Relative standard deviation of a width that was measured with a standard, and of one that was assumed.
MEASURED, ASSUMED = 0.02, 0.2
#: Relative step of the difference of lines of two widths; the error of the derivative is its square.
_STEP = 1e-3


def prior(objective: Objective) -> float:
    """Relative standard deviation of the width; of several scans, that of the least known."""
    return least_known(objective, _of_instrument)


def _of_instrument(region: RegionModel) -> float:
    return prior_of_resolution(region, MEASURED, ASSUMED)


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Derivative with respect to the relative change of the width, by that of the line.

    For a scan whose width is known better than that of another, in proportion.
    """
    return in_proportion(objective, _of_instrument, lambda region: _column(region, values))


def _column(region: RegionModel, values: Mapping[str, float]) -> FloatArray:
    on = region.on_grid(values)
    sigma = region.instrument.sigma(region.q)
    if not sigma.any():
        return np.zeros(region.q.size)
    weights = _change_of_weights(region.instrument, on.band, region.q, sigma)
    changed = Band(on.band.q, on.band.first, weights, on.band.shift)
    return np.asarray(apply_resolution(changed, region.before_resolution(on)[None])[0])


def _change_of_weights(instrument: Instrument, band: Band, q: FloatArray, sigma: FloatArray) -> FloatArray:
    """Derivative of the weights, shape (n, width), with respect to the relative width."""
    places = band.q[band.first[:, None] + np.arange(band.weights.shape[1])]
    step = (band.q[-1] - band.q[0]) / (band.q.size - 1)
    lines = [(1.0, 1.0)]
    if instrument.second_line is not None and instrument.wavelength is not None:
        lines.append(
            (instrument.wavelength / instrument.second_line.wavelength, instrument.second_line.ratio)
        )
    weights = np.zeros(places.shape)
    for ratio, share in lines:
        offset = places - ratio * q[:, None]
        wider, narrower = (
            instrument.resolution.line(offset, (1.0 + sign * _STEP) * sigma[:, None]) for sign in (1.0, -1.0)
        )
        weights += share * step * (wider - narrower) / (2.0 * _STEP)
    return weights


EFFECTS.register(
    "resolution_width",
    SystematicEffect(
        "resolution_width",
        "width of the resolution",
        "",
        prior,
        columns,
        remedy="measure the resolution with a standard (slxrd resolution)",
        reference="docs/systematic-effects.md",
    ),
)
