"""Options of a fit that suit what the sample is taken to be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from slxrd.fitting.diagnosis.findings import Findings
from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.result import (
    FringePeriod,
    SampleKind,
    SubstratePeak,
)
from slxrd.fitting.diagnosis.substrate import is_hidden_film
from slxrd.instrument.diffractometer import Instrument
from slxrd.units import FloatArray

#: Half of the masked range around a substrate's peak: in widths of the peak, and in steps of the scan.
MASKED_WIDTHS, MASKED_STEPS = 6.0, 3.0
#: Largest part of the distance from the substrate's to the film's peak that is masked.
MASKED_SHARE = 0.5
#: The usual resolution of a stack is replaced by a limit below this share of it.
CLEARLY_SHARPER = 0.5
#: Largest relative difference of the plane distances of the substrate and of one layer of a multilayer, and
#: the least number of planes of its layers.
MATCHED, FEWEST_PLANES = 0.012, 3.0
#: Half of the range in 2θ around a substrate's peak, in degrees, in which its dynamical diffraction hides the
#: satellites of a multilayer.
DYNAMICAL = 0.2
#: Half of the region around a film's peak without fringes, in widths.
WITHOUT_FRINGES = 5.0


def proposed_options(kind: SampleKind, found: Findings) -> dict[str, Any]:
    """Return the options of a fit for a kind of sample.

    Parameters
    ----------
    kind : str
        What the sample is taken to be.
    found : Findings
        What was found in the pattern.
    """
    main = found.main
    if kind == "no structure of this kind" or main is None:
        return {}
    options: dict[str, Any] = {}
    limit = found.resolution
    # The width of a fringe of a stack is uncertain by its neighbours: a limit little below the usual value
    # is no reason to replace it.
    usual = Instrument.sigma_G * (CLEARLY_SHARPER if kind == "stack" else 1.0)
    narrow = limit is not None and limit.sigma < usual
    if kind in ("single film", "film on substrate", "multilayer"):
        low, high = _region(found, main)
        options["regions"] = ((low, high),)
        if found.substrate is not None:
            mask = _mask(found, found.substrate, main, kind)
            if mask[0] < high and mask[1] > low:
                options["mask"] = (mask,)
            options["substrate"] = round(found.substrate.d, 5)
        options["coherent"] = 1
        satellites = found.period("superlattice")
        if kind == "multilayer" and satellites is not None:
            options |= _of_multilayer(found, satellites, low, high)
    if narrow and limit is not None and kind != "crystals without a superlattice":
        options["resolution"] = float(f"{limit.sigma:.3g}")
    laue = found.period("Laue")
    if kind in ("single film", "film on substrate"):
        substrate = found.substrate
        hidden = substrate is not None and is_hidden_film(main, substrate)
        q = substrate.q if substrate is not None and hidden else main.q
        d = found.order * 2.0 * math.pi / q
        thickness = laue.period if laue is not None else 0.886 * 2.0 * math.pi / main.width
        options["start"] = {"d": round(d, 4), "N": round(thickness / d, 1)}
    masks = [*options.get("mask", ()), *mask_points(found.pattern.q, found.isolated)]
    if found.isolated:
        options["mask"] = tuple(sorted(masks))
    return options


def _of_multilayer(found: Findings, satellites: FringePeriod, low: float, high: float) -> dict[str, Any]:
    """Return the options for two layers that alternate, without gaps between their planes.

    One has planes at about the distance of those of the substrate, or of the strongest peak; the planes of
    the other have their Bragg peak within the region. The distance between the layers is the mean of both
    on a substrate, and that of the first without one.
    """
    if (satellites.repeats or 1) < 2:
        return {"coherent": 1}
    near = (
        found.substrate.q if found.substrate is not None else found.main.q if found.main else (low + high) / 2
    )
    first = 2.0 * math.pi * found.order
    d = first / near
    most = math.ceil(satellites.period / (first / high)) + 1
    layer = (round(d * (1.0 - MATCHED), 4), round(d * (1.0 + MATCHED), 4))
    other = (round(first / high, 4), round(first / low, 4))
    planes = (FEWEST_PLANES, float(most))
    bounds = {"d": layer, "d_B": other, "N": planes, "N_B": planes}
    options = {"coherent": satellites.repeats, "stack": "alternating"}
    if found.substrate is None:  # the search needs a value
        return {**options, "fix": {"L": round(d, 4), "sigma_L": 0.0}, "bounds": bounds}
    bounds["L"] = (min(layer[0], other[0]), max(layer[1], other[1]))
    of_gap = {"fix": {"sigma_L": 0.0}, "tie": {"L": "0.5*(d + d_B)"}}
    return {**options, **of_gap, "free": ("f_B",), "bounds": bounds}


def _region(found: Findings, main: Maximum) -> tuple[float, float]:
    """Return the range of the film's peak and its fringes."""
    q, reach = found.pattern.q, WITHOUT_FRINGES * main.width
    low, high = main.q - reach, main.q + reach
    if found.substrate is not None:
        # The substrate interferes with the film on both of its sides.
        apart = abs(found.substrate.q - main.q)
        around = reach if apart < reach else 0.0
        if is_hidden_film(main, found.substrate):
            around = apart + reach
        if around:
            low, high = min(low, found.substrate.q - around), max(high, found.substrate.q + around)
    for period in found.fringes:
        # Outermost satellites are not cut in half.
        half = math.pi / period.period if period.kind == "superlattice" else 0.0
        low, high = min(low, period.low - half), max(high, period.high + half)
        if period.kind == "superlattice":
            beyond = 4.0 * 2.0 * math.pi / period.period
            near = [peak.q for peak in found.bragg if low - beyond < peak.q < high + beyond]
            low, high = min([low, *near]), max([high, *near])
    return float(np.ceil(1e4 * max(low, q[0])) / 1e4), float(np.floor(1e4 * min(high, q[-1])) / 1e4)


def mask_points(q: FloatArray, points: Sequence[float]) -> list[tuple[float, float]]:
    """Return ranges that contain one point each.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Positions of all points, Å⁻¹.
    points : sequence of float
        Some of them.
    """
    step = float(np.median(np.diff(q)))
    digits = 1 - math.floor(math.log10(0.2 * step))
    return [(round(at - 0.4 * step, digits), round(at + 0.4 * step, digits)) for at in points]


def masked_range(q: FloatArray, peak: Maximum | SubstratePeak, least: float = 0.0) -> tuple[float, float]:
    """Return the range around a sharp peak in which the kinematic theory fails.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Positions of the points, Å⁻¹.
    peak : Maximum or SubstratePeak
    least : float
        Smallest half of the range, Å⁻¹.
    """
    half = max(MASKED_WIDTHS * peak.width, MASKED_STEPS * float(np.median(np.diff(q))), least)
    return round(peak.q - half, 4), round(peak.q + half, 4)


def _mask(found: Findings, substrate: SubstratePeak, main: Maximum, kind: SampleKind) -> tuple[float, float]:
    """Return the masked range around a substrate's peak, not as far as the peak of the film."""
    least = 0.0
    if kind == "multilayer" and found.pattern.wavelength is not None:
        k = 4.0 * math.pi / found.pattern.wavelength
        least = math.radians(DYNAMICAL / 2.0) * math.sqrt(max(k**2 - substrate.q**2, 0.0))
    low, high = masked_range(found.pattern.q, substrate, least)
    most = MASKED_SHARE * abs(substrate.q - main.q)
    if high - substrate.q <= most:
        return low, high
    half = max(most, 1.5 * float(np.median(np.diff(found.pattern.q))))
    return round(substrate.q - half, 4), round(substrate.q + half, 4)
