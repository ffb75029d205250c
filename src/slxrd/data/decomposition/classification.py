"""Classify the peaks of a decomposed region: fringe, Bragg peak, diffuse or spurious.

Fringes are equidistant and as wide as their neighbours. Toso, Baranov et al. (ACS Nano 2021, 15, 6243, SI
section S.o) assigned two peaks to crystals outside the stacks because they were sharper than the peaks around
them and not at a multiple of the fringe spacing. The classification is a suggestion: a spurious peak at the
position of a fringe and of its width cannot be distinguished from a fringe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slxrd.units import FloatArray

Kind = Literal["fringe", "Bragg peak", "diffuse", "spurious"]

# Lengths are in units of the fringe spacing unless another is named.
#: Standard deviation of the positions of fringes (from different sizes and the slope of the envelope).
SCATTER = 0.07
#: Largest distance of a fringe from its expected position.
OUT_OF_PERIOD = 0.2
#: Prior fraction of peaks that are not fringes, and penalty in ln(likelihood) for a missing fringe. Without
#: it, half the spacing would explain any spurious peak in the middle of two fringes.
STRAY, EMPTY = 0.2, 1.2
#: Smallest gain in ln(likelihood), relative to random positions, at which fringes are accepted.
SIGNIFICANT = 3.0
#: Largest width of a fringe.
FRINGE_WIDTH = 0.8
#: Peaks with widths within this ratio and a distance below this fraction of the width are treated as one,
#: whose shape is not that of a single component.
SIMILAR, SAME_POSITION = 3.0, 0.3
#: A peak is too sharp below this fraction of the width of its neighbours or, without fringes (some of the
#: peaks may still be fringes), of the highest peak.
SHARP, SHARP_ALONE = 0.7, 0.5
#: A peak is diffuse if it is wider than the envelope of the Bragg peak by this factor, or outside its width.
DIFFUSE = 2.0
#: Smallest significant difference in standard errors.
SURE = 3.0

_PER_SIGMA = math.sqrt(8.0 * math.log(2.0))


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of a region as columns of shape (m,).

    Parameters
    ----------
    position, position_error, fwhm, fwhm_error : ndarray, shape (m,)
        Å⁻¹; an error is nan if the quantity is at a bound.
    area : ndarray, shape (m,)
        Areas.
    """

    position: FloatArray
    position_error: FloatArray
    fwhm: FloatArray
    fwhm_error: FloatArray
    area: FloatArray


def classify(peaks: Peaks, spacing: float | None = None) -> tuple[list[tuple[Kind, str]], float | None]:
    """Suggest a classification of each peak.

    Parameters
    ----------
    peaks : Peaks
        All peaks of a region, by increasing position.
    spacing : float, optional
        Distance of the fringes in Å⁻¹, 2π/Λ, if known; by default found from the positions.

    Returns
    -------
    kinds : list of (kind, reason)
        One for each peak.
    spacing : float or None
        Distance of the fringes that was used; None if fewer than three peaks agree on one.
    """
    if not peaks.position.size:
        return [], None
    merged, labels = _merge(peaks)
    found = _find_fringes(merged, spacing)
    kinds = _without_fringes(merged) if found is None else _with_fringes(merged, *found)
    return [kinds[label] for label in labels], None if found is None else found[0]


def _merge(peaks: Peaks) -> tuple[Peaks, list[int]]:
    """Merge peaks at one position; return the merged peaks and, for each original one, its index there."""
    order = np.argsort(-peaks.area)
    labels = np.full(order.size, -1)
    main: list[int] = []
    for i in order.tolist():
        for number, j in enumerate(main):
            wide, narrow = sorted((float(peaks.fwhm[i]), float(peaks.fwhm[j])), reverse=True)
            if wide < SIMILAR * narrow and abs(peaks.position[i] - peaks.position[j]) < SAME_POSITION * wide:
                labels[i] = number
                break
        else:
            labels[i] = len(main)
            main.append(i)
    weight = np.array([[np.where(labels == k, peaks.area, 0.0)] for k in range(len(main))])[:, 0, :]
    weight = weight / weight.sum(axis=1, keepdims=True)
    errors = peaks.position_error[main], peaks.fwhm_error[main]
    area = np.array([peaks.area[labels == k].sum() for k in range(len(main))])
    return Peaks(weight @ peaks.position, errors[0], weight @ peaks.fwhm, errors[1], area), labels.tolist()


def _with_fringes(peaks: Peaks, spacing: float, origin: float) -> list[tuple[Kind, str]]:
    """Classify by position relative to the fringes, and by width relative to neighbours and envelope."""
    away = _distance(peaks.position, spacing, origin)
    narrow = peaks.fwhm < FRINGE_WIDTH * spacing
    in_place = narrow & (np.abs(away) <= OUT_OF_PERIOD * spacing)
    centre, envelope = _envelope(peaks, in_place if in_place.any() else narrow | True)
    kinds: list[tuple[Kind, str]] = []
    for i, fwhm in enumerate(peaks.fwhm.tolist()):
        width = f"{fwhm:.3f} Å⁻¹ wide"
        shift = f"{abs(away[i]) / spacing:.2f} of a period from the nearest fringe position"
        expected = _expected_width(peaks, i, in_place)
        aside = abs(float(peaks.position[i]) - centre)
        if not narrow[i] and fwhm > DIFFUSE * envelope:
            kinds.append(("diffuse", f"{width}, the fringes' envelope {envelope:.3f}"))
        elif not narrow[i] and aside > 0.5 * envelope:
            kinds.append(("diffuse", f"{width}, and {aside:.3f} Å⁻¹ from the centre of the fringes"))
        elif not narrow[i]:
            kinds.append(("Bragg peak", f"{width}: below the fringes, from disorder"))
        elif abs(away[i]) > OUT_OF_PERIOD * spacing + SURE * np.nan_to_num(peaks.position_error[i]):
            kinds.append(("spurious", shift))
        elif expected is not None and _is_sharper(peaks, i, SHARP, expected):
            kinds.append(
                ("spurious", f"{width}, its neighbours and the largest fringe at least {expected:.3f}")
            )
        else:
            kinds.append(("fringe", shift))
    return kinds


def _without_fringes(peaks: Peaks) -> list[tuple[Kind, str]]:
    """Classify by width relative to the highest peak, which is assumed to be the Bragg peak."""
    main = int(np.argmax(peaks.area / peaks.fwhm))
    kinds: list[tuple[Kind, str]] = []
    for i, fwhm in enumerate(peaks.fwhm.tolist()):
        reason = f"{fwhm:.3f} Å⁻¹ wide, the highest peak {peaks.fwhm[main]:.3f}"
        if i == main:
            kinds.append(("Bragg peak", "the highest, and no fringes found"))
        elif fwhm > DIFFUSE * peaks.fwhm[main]:
            kinds.append(("diffuse", reason))
        elif _is_sharper(peaks, i, SHARP_ALONE, float(peaks.fwhm[main])):
            kinds.append(("spurious", reason))
        else:
            kinds.append(("Bragg peak", reason))
    return kinds


def _find_fringes(peaks: Peaks, spacing: float | None) -> tuple[float, float] | None:
    """Find distance and origin of the fringes by maximum likelihood.

    Each position is either distributed about that of a fringe or uniformly; this is compared with uniform
    positions of all peaks. The two largest narrow peaks must be fringes.
    """
    if spacing is not None:
        _, origin, members = _likelihood(peaks, spacing)
        return (spacing, origin) if members.any() else None
    q = peaks.position
    if q.size < 3:
        return None
    best = (-math.inf, 0.0, 0.0)
    for trial in np.geomspace(float(peaks.fwhm.min()) / FRINGE_WIDTH, float(np.ptp(q)) / 1.8, 600).tolist():
        narrow = np.flatnonzero(peaks.fwhm < FRINGE_WIDTH * trial)
        if narrow.size < 3:
            continue
        gain, origin, members = _likelihood(peaks, trial)
        largest = narrow[np.argsort(-peaks.area[narrow])[:2]]
        if gain > SIGNIFICANT and members.sum() >= 3 and members[largest].all():
            places = round(float(np.ptp(q[members])) / trial) + 1
            best = max(best, (gain - EMPTY * (places - int(members.sum())), trial, origin))
    return best[1:] if best[1] else None


def _likelihood(peaks: Peaks, spacing: float) -> tuple[float, float, NDArray[np.bool_]]:
    """Return the gain in ln(likelihood) over uniform positions, the best origin, and which peaks are fringes.

    Of several peaks near the position of a fringe, the largest is the fringe.
    """
    narrow = peaks.fwhm < FRINGE_WIDTH * spacing
    starts = peaks.position[narrow]
    if not starts.size:
        return -math.inf, 0.0, np.zeros(narrow.size, dtype=bool)
    # One row for each narrow peak at which the fringes are assumed to start.
    away = _distance(peaks.position, spacing, starts[:, None])
    area = np.where(narrow & (np.abs(away) < OUT_OF_PERIOD * spacing), peaks.area, 0.0)
    origins = starts + np.sum(area * away, axis=1) / np.sum(area, axis=1)
    turns = (peaks.position - origins[:, None]) / spacing
    place = np.round(turns)
    away = turns - place
    members = narrow & (np.abs(away) < OUT_OF_PERIOD)
    larger = (peaks.area > peaks.area[:, None]) & (place[:, None, :] == place[:, :, None])
    members &= ~np.any(larger & members[:, None, :], axis=2)
    width = np.hypot(SCATTER, np.nan_to_num(peaks.position_error) / spacing)
    density = np.exp(-0.5 * (away / width) ** 2) / (width * math.sqrt(2.0 * math.pi))
    gains = np.log(STRAY + (1.0 - STRAY) * np.where(members, density, 0.0))[:, narrow].sum(axis=1)
    best = int(np.argmax(gains))
    return float(gains[best]), float(origins[best]), members[best]


def _distance(position: FloatArray, spacing: float, origin: float | FloatArray) -> FloatArray:
    """Return the signed distance to the nearest of the equidistant positions."""
    turns = (position - origin) / spacing
    return np.asarray((turns - np.round(turns)) * spacing)


def _envelope(peaks: Peaks, fringes: NDArray[np.bool_]) -> tuple[float, float]:
    """Return centre of the fringes, and full width at half maximum of a Gaussian of their variance."""
    share = np.where(fringes, peaks.area, 0.0) / peaks.area[fringes].sum()
    centre = float(share @ peaks.position)
    variance = (peaks.position - centre) ** 2 + (peaks.fwhm / _PER_SIGMA) ** 2
    return centre, _PER_SIGMA * math.sqrt(float(share @ variance))


def _expected_width(peaks: Peaks, i: int, fringes: NDArray[np.bool_]) -> float | None:
    """Return the smallest width of the two neighbours and the largest fringe; None without two neighbours.

    The largest fringe is included because fringes are sharpest at the centre of the Bragg peak.
    """
    there = fringes & (np.arange(fringes.size) != i)
    left, right = there & (peaks.position < peaks.position[i]), there & (peaks.position > peaks.position[i])
    if not (left.any() and right.any()):
        return None
    nearest = (
        np.where(left, peaks.position, -np.inf).argmax(),
        np.where(right, peaks.position, np.inf).argmin(),
    )
    largest = np.where(fringes, peaks.area, -np.inf).argmax()
    return float(peaks.fwhm[[*nearest, largest]].min())


def _is_sharper(peaks: Peaks, i: int, share: float, than: float) -> bool:
    """Return True if a peak is significantly sharper than a fraction of a width."""
    error = float(np.nan_to_num(peaks.fwhm_error[i]))
    return bool(peaks.fwhm[i] + SURE * error < than and peaks.fwhm[i] < share * than)
