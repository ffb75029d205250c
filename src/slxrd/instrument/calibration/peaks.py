"""Locate the peaks of a standard in a pattern, and cut windows around its reflections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slxrd.data.corrections import counting_statistics
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.instrument.calibration.doublets import Window
from slxrd.units import FloatArray

#: Smallest prominence of a peak in σ, and relative to the highest peak.
SIGNIFICANT, WEAKEST = 8.0, 0.03
#: Number of strongest peaks that are compared with the standard, and fraction of them that must agree.
STRONGEST, AGREEING = 12, 0.75
#: Largest common shift of all peaks in degrees of 2θ, and step of the search for it.
LARGEST_SHIFT, STEP = 0.8, 0.01
#: Distance of the ends of a window from the lines, in full widths at half maximum.
REACH = 10.0
#: Smallest number of points within one full width at half maximum on each side of the first line.
FEWEST_POINTS = 5


@dataclass(frozen=True, eq=False)
class CalibrationData:
    """The unmasked points of the pattern of a standard.

    Parameters
    ----------
    source : str
        Origin of the pattern.
    two_theta, intensity, sigma : ndarray, shape (n,)
        2θ in degrees, intensity and its standard deviation.
    per_count : ndarray, shape (n,), optional
        Intensity of one detected photon, if σ is from counting statistics.
    noise : {"file", "counts", "scatter"}
        Origin of σ: the file, counting statistics, or the scatter of neighbouring points.
    """

    source: str
    two_theta: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    per_count: FloatArray | None
    noise: Literal["file", "counts", "scatter"]


def calibration_data(pattern: Pattern) -> CalibrationData:
    """Select the unmasked points of a pattern, with σ.

    Parameters
    ----------
    pattern : Pattern
        Over 2θ, or over q with a known wavelength.

    Returns
    -------
    CalibrationData
        σ is that of the pattern; otherwise from counting statistics, if the intensities are counts or whole
        numbers; otherwise √(k·intensity) with k from second differences of neighbouring points.

    Raises
    ------
    SlxrdError
        If there are too few points, or neighbouring ones do not scatter.
    """
    used = ~pattern.mask
    if used.sum() < 20:
        raise SlxrdError(f"{pattern.source}: {int(used.sum())} points are too few for a resolution")
    two_theta, intensity = pattern.two_theta[used], pattern.intensity[used]
    if pattern.sigma is not None:
        return CalibrationData(pattern.source, two_theta, intensity, pattern.sigma[used], None, "file")
    try:
        counted = counting_statistics(pattern)
    except SlxrdError:
        return CalibrationData(
            pattern.source, two_theta, intensity, _scatter(pattern.source, intensity), None, "scatter"
        )
    assert counted.sigma is not None
    assert counted.per_count is not None
    return CalibrationData(
        pattern.source, two_theta, intensity, counted.sigma[used], counted.per_count[used], "counts"
    )


def _scatter(source: str, intensity: FloatArray) -> FloatArray:
    """Estimate σ from the median of second differences, which a few peaks do not change."""
    second = np.abs(intensity[:-2] - 2.0 * intensity[1:-1] + intensity[2:]) / np.sqrt(6.0)
    smooth = np.convolve(np.pad(intensity, 2, mode="edge"), np.ones(5) / 5.0, mode="valid")
    growing = bool(np.all(smooth > 0.0))
    root = np.sqrt(smooth) if growing else np.ones_like(smooth)
    unit = float(np.median(second / root[1:-1])) / 0.6745
    if unit == 0.0:
        raise SlxrdError(
            f"{source}: neighbouring points do not scatter, so their σ is not known; give counts"
        )
    return unit * root


@dataclass(frozen=True, eq=False)
class PeakShift:
    """Common shift and typical width of the peaks of a standard.

    Parameters
    ----------
    shift : float
        Measured minus expected 2θ in degrees.
    fwhm : float
        Median full width at half maximum in degrees, of both lines of a doublet together.
    """

    shift: float
    fwhm: float


def locate_peaks(data: CalibrationData, name: str, bragg: FloatArray, wavelength: float) -> PeakShift:
    """Check that the strongest peaks are those of a standard, and find their common shift.

    Parameters
    ----------
    data : CalibrationData
        The pattern.
    name : str
        Name of the standard.
    bragg : ndarray, shape (k, 2)
        Expected 2θ in degrees of its reflections, for both lines of the radiation.
    wavelength : float
        Å; for messages.

    Raises
    ------
    SlxrdError
        If no peak is above the noise, or the positions are not those of the standard.
    """
    from scipy.signal import find_peaks, peak_widths

    tops, facts = find_peaks(data.intensity, prominence=0.0)
    height = facts["prominences"]
    significant = height > SIGNIFICANT * data.sigma[tops]
    tops, height = tops[significant], height[significant]
    strong = np.argsort(-height)[:STRONGEST]
    strong = strong[height[strong] > WEAKEST * height.max()] if height.size else strong
    if strong.size == 0:
        raise SlxrdError(f"{data.source}: no peak is above the noise")
    tops, height = tops[strong], height[strong]
    _, _, left, right = peak_widths(data.intensity, tops, rel_height=0.5)
    index = np.arange(data.two_theta.size)
    ends = [np.interp(side, index, data.two_theta) for side in (left, right)]
    fwhm = float(np.median(ends[1] - ends[0]))
    near = max(0.1, fwhm)
    position, expected = data.two_theta[tops], np.sort(bragg.ravel())
    shifts = np.arange(-LARGEST_SHIFT, LARGEST_SHIFT + STEP / 2.0, STEP)
    distance = _distance(position[:, None] - shifts, expected)
    weight = np.sqrt(height)[:, None] * np.exp(-0.5 * (distance / (0.5 * near)) ** 2)
    # Of equally good shifts, as for a single peak, the smallest.
    shift = float(shifts[np.argmax(weight.sum(axis=0) - 1e-9 * weight.sum() * np.abs(shifts))])
    others = np.flatnonzero(_distance(position - shift, expected) > 2.0 * near)
    if others.size > (1.0 - AGREEING) * position.size:
        where = ", ".join(f"{value:.2f}" for value in np.sort(position[others])[:6])
        raise SlxrdError(
            f"{data.source}: the peaks are not where {name}'s are: of the {position.size} strongest, "
            f"{others.size} (at 2θ = {where}°) are none of its reflections, even with a common shift of up "
            f"to {LARGEST_SHIFT:g}°; is it another standard, or a wavelength other than {wavelength:.6g} Å?"
        )
    return PeakShift(shift, fwhm)


def _distance(values: FloatArray, places: FloatArray) -> FloatArray:
    """Return the distance of each value from the nearest of sorted positions."""
    after = np.searchsorted(places, values)
    below, above = places[np.maximum(after - 1, 0)], places[np.minimum(after, places.size - 1)]
    return np.asarray(np.minimum(np.abs(values - below), np.abs(values - above)))


def is_measurable(data: CalibrationData, centres: FloatArray, widths: FloatArray) -> NDArray[np.bool_]:
    """Find the reflections that are completely in the data.

    Parameters
    ----------
    data : CalibrationData
        The pattern.
    centres, widths : ndarray, shape (k, 2)
        Centres and full widths at half maximum of both lines, in degrees.

    Returns
    -------
    ndarray of bool, shape (k,)
        True for reflections with enough points on the first line that no end of the pattern cuts off.
    """
    x = data.two_theta
    low, high = centres.min(axis=1) - 2.0 * widths[:, 0], centres.max(axis=1) + 2.0 * widths[:, 1]
    first = np.searchsorted(x, centres[:, 0] - widths[:, 0])
    last = np.searchsorted(x, centres[:, 0] + widths[:, 0], side="right")
    return np.asarray((low > x[0]) & (high < x[-1]) & (last - first >= FEWEST_POINTS))


def cut_windows(
    data: CalibrationData, centres: FloatArray, widths: FloatArray, whole: NDArray[np.bool_]
) -> tuple[Window, ...]:
    """Cut windows around reflections out of the pattern; overlapping windows are joined.

    Parameters
    ----------
    data : CalibrationData
        The pattern.
    centres, widths : ndarray, shape (k, 2)
        Centres and full widths at half maximum of both lines in degrees, by increasing angle.
    whole : ndarray of bool, shape (k,)
        True for reflections that get a window. The others are members of windows that overlap with them.

    Returns
    -------
    tuple of Window
        By increasing angle.
    """
    low, high = centres.min(axis=1) - REACH * widths[:, 0], centres.max(axis=1) + REACH * widths[:, 1]
    spans: list[tuple[float, float]] = []
    for i in np.flatnonzero(whole):
        if spans and low[i] < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(high[i], spans[-1][1]))
        else:
            spans.append((low[i], high[i]))
    cut = []
    for start, stop in spans:
        inside = (data.two_theta >= start) & (data.two_theta <= stop)
        members = np.flatnonzero((low < stop) & (high > start))
        cut.append(
            Window(
                data.two_theta[inside],
                data.intensity[inside],
                data.sigma[inside],
                tuple(members.tolist()),
                tuple(whole[members].tolist()),
            )
        )
    return tuple(cut)
