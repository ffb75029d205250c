"""Width of the gap between crystals from the low-angle region, by a fit of its dips (SI section S.a).

Toso, Baranov et al. (ACS Nano 2021, 15, 6243) measured the distance of the dips; here the whole curve is
fitted, with its slope, its background, and refraction, by
:class:`slxrd.studies.lowangle.model.LowAngleModel`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.simulation import as_instrument
from slxrd.sample.stack import Stack
from slxrd.studies.lowangle.average import CRITICAL_STEPS, average
from slxrd.studies.lowangle.data import Noise, low_angle_points
from slxrd.studies.lowangle.estimates import ResultBuilder
from slxrd.studies.lowangle.model import BACKGROUND_SHAPES, BackgroundShape, LowAngleModel
from slxrd.studies.lowangle.refinement import UPPER
from slxrd.studies.lowangle.result import LowAngle

#: Largest critical scattering vector considered, in Å⁻¹ (bulk PbS: 0.052), and as a fraction of the lowest q.
MAX_CRITICAL, MAX_CRITICAL_FRACTION = 0.06, 0.7


@check_arguments
def fit_low_angle(
    pattern: Pattern,
    region: Region | tuple[float, float] | None = None,
    *,
    d: float | None = None,
    mask: Iterable[tuple[float, float]] = (),
    coherent: int = Stack.coherent,
    resolution: float | ResolutionShape = Instrument.sigma_G,
    critical: float | None = None,
    background: BackgroundShape | None = None,
    noise: Noise | None = None,
) -> LowAngle:
    """Fit the dips of the low-angle region.

    Parameters
    ----------
    pattern : Pattern
        Pattern over q, or over 2θ with a known wavelength.
    region : Region or (q_min, q_max), optional
        Region in Å⁻¹. By default from 0.12 to 0.5, with ``d`` to 0.6, or to the end of the pattern.
    d : float, optional
        Distance of the planes in Å. With it the crystals are stacks of planes, and L = w + d; without
        it they are slabs.
    mask : iterable of (q_min, q_max)
        Ranges in Å⁻¹ to exclude.
    coherent : int
        M, number of crystals that scatter coherently.
    resolution : float or ResolutionShape
        As in :func:`slxrd.fit`.
    critical : float, optional
        Critical scattering vector q_c of the film in Å⁻¹, 0 for no refraction. By default w is averaged over
        values up to 0.06, and its error includes their effect.
    background : {"power", "exponential", "both"}, optional
        Shape of the background, which adds to a constant: a power law, an exponential, or both. By default w
        is averaged over all three, weighted by exp(−χ²/2), and its error includes their differences.
    noise : {"file", "counting", "scatter"}, optional
        Source of σ: the file, counting statistics, or a fraction of each point estimated from the scatter of
        the points. By default the first of these that the pattern has.

    Returns
    -------
    LowAngle
        Print it for a table.

    Raises
    ------
    SlxrdError
        If the pattern has no low-angle part, or an argument is invalid.
    """
    if background is not None and background not in BACKGROUND_SHAPES:
        raise SlxrdError(f"background {background!r} is not one of {', '.join(BACKGROUND_SHAPES)}")
    if d is not None and not (math.isfinite(d) and d > 0.0):
        raise SlxrdError(f"d = {d!r}: must be a positive number of Å")
    Stack(coherent)
    if coherent < 2:
        raise SlxrdError(f"coherent {coherent}: a gap has two neighbours, so M must be 2 or more")
    pattern = pattern.to_q()
    for low, high in mask:
        pattern = pattern.masked(low, high)
    data, noise_source = low_angle_points(pattern, region, d, noise)
    low = float(data.q[0])
    if critical is not None and not (math.isfinite(critical) and 0.0 <= critical < low):
        raise SlxrdError(f"critical {critical!r}: q_c must be 0 or more, and below the region, {low:.3g} Å⁻¹")
    instrument = as_instrument(pattern, resolution, "q")
    instrument.check_width(data.q, f"{low:g}:{float(data.q[-1]):g}")
    most = min(MAX_CRITICAL, MAX_CRITICAL_FRACTION * low)
    values = np.linspace(0.0, most, CRITICAL_STEPS + 1) if critical is None else np.array([critical])
    kinds = [
        LowAngleModel(
            instrument.band(data.q, UPPER[0] + UPPER[2]),
            0.5 * low,
            math.sqrt(low * float(data.q[-1])),
            d or 0.0,
            coherent,
            float(values[values.size // 2]),
            float(instrument.sigma(data.q).min()),
            kind,
            False,
        )
        for kind in (BACKGROUND_SHAPES if background is None else (background,))
    ]
    found = average(kinds, data, values)
    given = None if critical is None else float(critical)
    return ResultBuilder(pattern, found, instrument, noise_source, d, given, most).result()
