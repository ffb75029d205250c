"""Finding a standard's peaks in a pattern: noise, whether it is that standard, windows around them."""

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

#: A peak stands out if it is this many σ above the dips around it, and this part of the highest.
STANDS_OUT, WEAKEST = 8.0, 0.03
#: As many of the strongest peaks are looked at, and this share of them must be the standard's.
STRONGEST, SHARE = 12, 0.75
#: Degrees of 2θ by which all peaks together may be moved, and steps in which that is tried.
MOST_MOVED, STEP = 0.8, 0.01
#: Windows reach this many full widths at half maximum beyond the lines.
REACH = 10.0
#: A reflection needs as many points within one full width at half maximum of its first line.
FEWEST_POINTS = 5


@dataclass(frozen=True, eq=False)
class Data:
    """What is fitted: the points of a pattern that are not masked.

    Parameters
    ----------
    source : str
        Their file.
    two_theta, intensity, sigma : ndarray, shape (n,)
        Degrees; measured; and standard deviation.
    per_count : ndarray, shape (n,), optional
        What one count stands for, where σ is that of counts.
    noise : {"file", "counts", "scatter"}
        Where σ comes from: the file, counting statistics, or the scatter of neighbouring points.
    """

    source: str
    two_theta: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    per_count: FloatArray | None
    noise: Literal["file", "counts", "scatter"]


def prepare(pattern: Pattern) -> Data:
    """Take the points of a pattern with their σ.

    Parameters
    ----------
    pattern : Pattern
        Over 2θ, or over q with a known wavelength.

    Returns
    -------
    Data
        σ is the pattern's own; else that of its counts, known to be such or whole numbers; else
        √(k·intensity), k from the second differences of neighbouring points.

    Raises
    ------
    SlxrdError
        If there are too few points, or neighbouring ones do not scatter.
    """
    seen = ~pattern.mask
    if seen.sum() < 20:
        raise SlxrdError(f"{pattern.source}: {int(seen.sum())} points are too few for a resolution")
    two_theta, intensity = pattern.two_theta[seen], pattern.intensity[seen]
    if pattern.sigma is not None:
        return Data(pattern.source, two_theta, intensity, pattern.sigma[seen], None, "file")
    try:
        counted = counting_statistics(pattern)
    except SlxrdError:
        return Data(
            pattern.source, two_theta, intensity, _scatter(pattern.source, intensity), None, "scatter"
        )
    assert counted.sigma is not None
    assert counted.per_count is not None
    return Data(pattern.source, two_theta, intensity, counted.sigma[seen], counted.per_count[seen], "counts")


def _scatter(source: str, intensity: FloatArray) -> FloatArray:
    """σ from second differences, whose median a few peaks do not move."""
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
class Found:
    """Where the standard's peaks are.

    Parameters
    ----------
    moved : float
        By how many degrees of 2θ they lie higher than they should.
    fwhm : float
        Their typical full width at half maximum in degrees, with both lines of a doublet.
    """

    moved: float
    fwhm: float


def find(data: Data, name: str, bragg: FloatArray, wavelength: float) -> Found:
    """See whether the strongest peaks are a standard's, and how far they are moved.

    Parameters
    ----------
    data : Data
        The pattern.
    name : str
        The standard's.
    bragg : ndarray, shape (k, 2)
        Where its reflections are: 2θ in degrees, for both lines of the radiation.
    wavelength : float
        Å; for the message.

    Raises
    ------
    SlxrdError
        If no peak stands out, or the peaks are not where the standard's are.
    """
    from scipy.signal import find_peaks, peak_widths

    tops, facts = find_peaks(data.intensity, prominence=0.0)
    height = facts["prominences"]
    out = height > STANDS_OUT * data.sigma[tops]
    tops, height = tops[out], height[out]
    strong = np.argsort(-height)[:STRONGEST]
    strong = strong[height[strong] > WEAKEST * height.max()] if height.size else strong
    if strong.size == 0:
        raise SlxrdError(f"{data.source}: no peak stands out of the noise")
    tops, height = tops[strong], height[strong]
    _, _, left, right = peak_widths(data.intensity, tops, rel_height=0.5)
    index = np.arange(data.two_theta.size)
    ends = [np.interp(side, index, data.two_theta) for side in (left, right)]
    fwhm = float(np.median(ends[1] - ends[0]))
    near = max(0.1, fwhm)
    place, expected = data.two_theta[tops], np.sort(bragg.ravel())
    moves = np.arange(-MOST_MOVED, MOST_MOVED + STEP / 2.0, STEP)
    away = _distance(place[:, None] - moves, expected)
    weight = np.sqrt(height)[:, None] * np.exp(-0.5 * (away / (0.5 * near)) ** 2)
    # Where several fit alike, as with a single peak, the smallest.
    moved = float(moves[np.argmax(weight.sum(axis=0) - 1e-9 * weight.sum() * np.abs(moves))])
    strangers = np.flatnonzero(_distance(place - moved, expected) > 2.0 * near)
    if strangers.size > (1.0 - SHARE) * place.size:
        where = ", ".join(f"{value:.2f}" for value in np.sort(place[strangers])[:6])
        raise SlxrdError(
            f"{data.source}: the peaks are not where {name}'s are: of the {place.size} strongest, "
            f"{strangers.size} (at 2θ = {where}°) are none of its reflections, even if all are moved by up "
            f"to {MOST_MOVED:g}°; is it another standard, or a wavelength other than {wavelength:.6g} Å?"
        )
    return Found(moved, fwhm)


def _distance(values: FloatArray, places: FloatArray) -> FloatArray:
    """How far each value is from the nearest of sorted places."""
    after = np.searchsorted(places, values)
    below, above = places[np.maximum(after - 1, 0)], places[np.minimum(after, places.size - 1)]
    return np.asarray(np.minimum(np.abs(values - below), np.abs(values - above)))


def measured(data: Data, centres: FloatArray, widths: FloatArray) -> NDArray[np.bool_]:
    """Which reflections are in the data.

    Parameters
    ----------
    data : Data
        The pattern.
    centres, widths : ndarray, shape (k, 2)
        Centres and full widths at half maximum of both lines, in degrees.

    Returns
    -------
    ndarray of bool, shape (k,)
        Those with enough points on the first line and not cut off by an end of the pattern.
    """
    x = data.two_theta
    low, high = centres.min(axis=1) - 2.0 * widths[:, 0], centres.max(axis=1) + 2.0 * widths[:, 1]
    first = np.searchsorted(x, centres[:, 0] - widths[:, 0])
    last = np.searchsorted(x, centres[:, 0] + widths[:, 0], side="right")
    return np.asarray((low > x[0]) & (high < x[-1]) & (last - first >= FEWEST_POINTS))


def windows(
    data: Data, centres: FloatArray, widths: FloatArray, whole: NDArray[np.bool_]
) -> tuple[Window, ...]:
    """Cut the pattern into windows around reflections; those that overlap are one.

    Parameters
    ----------
    data : Data
        The pattern.
    centres, widths : ndarray, shape (k, 2)
        Centres and full widths at half maximum of both lines, in degrees, in the order of the angle.
    whole : ndarray of bool, shape (k,)
        Which reflections have a window. The others belong to a window that their lines reach into.

    Returns
    -------
    tuple of Window
        In the order of the angle.
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
