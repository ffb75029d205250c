"""What the peaks of a decomposed region may be: fringes, what lies under them, or neither.

Fringes follow one another at equal distances and resemble their neighbours. Toso, Baranov et al. (ACS Nano
2021, 15, 6243, SI section S.o) took two peaks for reflections of crystals that are not part of the stacks
because they were sharper than the peaks around them and out of the fringes' period. These are suggestions:
a stray peak that falls on a fringe of its own width looks like a fringe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slxrd.units import FloatArray

Kind = Literal["fringe", "Bragg peak", "diffuse", "spurious"]

#: Fringes scatter about equal distances by this share of the period (sizes differ, the envelope slopes).
SCATTER = 0.07
#: Out of the period is what lies further than this share of it from the nearest place of a fringe.
OUT_OF_PERIOD = 0.2
#: Share of peaks that are expected to be no fringes, and what a fringe's empty place costs in ln(likelihood):
#: without a cost, half the distance would explain any stray peak in the middle of two fringes.
STRAY, EMPTY = 0.2, 1.2
#: Gain in ln(likelihood) over random places at which fringes are believed.
BELIEVED = 3.0
#: A peak broader than this share of the period is no single fringe.
FRINGE_WIDTH = 0.8
#: Peaks of similar width (within this ratio) at one place (within this share of the width) are one, whose
#: shape is not that of a single component.
SIMILAR, SAME_PLACE = 3.0, 0.3
#: Too sharp is what has less than this share of its neighbours' width or, where no fringes are found (some of
#: the peaks may be fringes still), of the highest peak's.
SHARP, SHARP_ALONE = 0.7, 0.5
#: Diffuse is what is broader than the Bragg peak's envelope by this factor, or beyond its half width.
DIFFUSE = 2.0
#: So many standard errors are not chance.
SURE = 3.0

_PER_SIGMA = math.sqrt(8.0 * math.log(2.0))


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of a region as columns, each of shape (m,): q, width and their errors in Å⁻¹, and area.

    An error is nan where there is none, the quantity lying on a bound.
    """

    position: FloatArray
    position_error: FloatArray
    fwhm: FloatArray
    fwhm_error: FloatArray
    area: FloatArray


def classify(peaks: Peaks, spacing: float | None = None) -> tuple[list[tuple[Kind, str]], float | None]:
    """Suggest what each peak is.

    Parameters
    ----------
    peaks : Peaks
        All peaks of a region, by position.
    spacing : float, optional
        Distance of the fringes in Å⁻¹, 2π/Λ, where it is known; otherwise it is sought in the positions.

    Returns
    -------
    kinds : list of (kind, reason)
        One for each peak.
    spacing : float or None
        Distance of the fringes that was used; None where fewer than three peaks agree on one.
    """
    if not peaks.position.size:
        return [], None
    one, labels = _united(peaks)
    found = _comb(one, spacing)
    kinds = _without_fringes(one) if found is None else _with_fringes(one, *found)
    return [kinds[label] for label in labels], None if found is None else found[0]


def _united(peaks: Peaks) -> tuple[Peaks, list[int]]:
    """Take peaks at one place together; return what they make, and to which of it each belongs."""
    order = np.argsort(-peaks.area)
    labels = np.full(order.size, -1)
    main: list[int] = []
    for i in order.tolist():
        for number, j in enumerate(main):
            wide, narrow = sorted((float(peaks.fwhm[i]), float(peaks.fwhm[j])), reverse=True)
            if wide < SIMILAR * narrow and abs(peaks.position[i] - peaks.position[j]) < SAME_PLACE * wide:
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
    """Compare places with the period, and widths with the neighbours' or with the envelope."""
    away = _distance(peaks.position, spacing, origin)
    narrow = peaks.fwhm < FRINGE_WIDTH * spacing
    in_place = narrow & (np.abs(away) <= OUT_OF_PERIOD * spacing)
    centre, envelope = _envelope(peaks, in_place if in_place.any() else narrow | True)
    kinds: list[tuple[Kind, str]] = []
    for i, fwhm in enumerate(peaks.fwhm.tolist()):
        width = f"{fwhm:.3f} Å⁻¹ wide"
        shift = f"{abs(away[i]) / spacing:.2f} of a period from the nearest fringe's place"
        beside = _beside(peaks, i, in_place)
        aside = abs(float(peaks.position[i]) - centre)
        if not narrow[i] and fwhm > DIFFUSE * envelope:
            kinds.append(("diffuse", f"{width}, the fringes' envelope {envelope:.3f}"))
        elif not narrow[i] and aside > 0.5 * envelope:
            kinds.append(("diffuse", f"{width}, and {aside:.3f} Å⁻¹ beside the middle of the fringes"))
        elif not narrow[i]:
            kinds.append(("Bragg peak", f"{width}: under the fringes, what disorder leaves between them"))
        elif abs(away[i]) > OUT_OF_PERIOD * spacing + SURE * np.nan_to_num(peaks.position_error[i]):
            kinds.append(("spurious", shift))
        elif beside is not None and _sharper(peaks, i, SHARP, beside):
            kinds.append(
                ("spurious", f"{width}, its neighbours and the largest fringe at least {beside:.3f}")
            )
        else:
            kinds.append(("fringe", shift))
    return kinds


def _without_fringes(peaks: Peaks) -> list[tuple[Kind, str]]:
    """Compare widths with that of the highest peak, which is taken for the Bragg peak."""
    main = int(np.argmax(peaks.area / peaks.fwhm))
    kinds: list[tuple[Kind, str]] = []
    for i, fwhm in enumerate(peaks.fwhm.tolist()):
        told = f"{fwhm:.3f} Å⁻¹ wide, the highest peak {peaks.fwhm[main]:.3f}"
        if i == main:
            kinds.append(("Bragg peak", "the highest, and no fringes found"))
        elif fwhm > DIFFUSE * peaks.fwhm[main]:
            kinds.append(("diffuse", told))
        elif _sharper(peaks, i, SHARP_ALONE, float(peaks.fwhm[main])):
            kinds.append(("spurious", told))
        else:
            kinds.append(("Bragg peak", told))
    return kinds


def _comb(peaks: Peaks, spacing: float | None) -> tuple[float, float] | None:
    """Distance and origin of the fringes: those that explain the positions best.

    Each position is either scattered about a fringe's place or anywhere; the likelihood of that is compared
    with that of positions at random. The two largest narrow peaks must be in place.
    """
    if spacing is not None:
        _, origin, members = _likelihood(peaks, spacing)
        return (spacing, origin) if members.any() else None
    q = peaks.position
    if q.size < 3:
        return None
    best = (-math.inf, 0.0, 0.0)
    for trial in np.geomspace(float(peaks.fwhm.min()) / FRINGE_WIDTH, float(np.ptp(q)) / 1.8, 600).tolist():
        gain, origin, members = _likelihood(peaks, trial)
        narrow = np.flatnonzero(peaks.fwhm < FRINGE_WIDTH * trial)
        largest = narrow[np.argsort(-peaks.area[narrow])[:2]]
        if gain > BELIEVED and members.sum() >= 3 and members[largest].all():
            places = round(float(np.ptp(q[members])) / trial) + 1
            best = max(best, (gain - EMPTY * (places - int(members.sum())), trial, origin))
    return best[1:] if best[1] else None


def _likelihood(peaks: Peaks, spacing: float) -> tuple[float, float, NDArray[np.bool_]]:
    """Gain in ln(likelihood) over random places, the best origin, and which peaks lie in place.

    A place holds one fringe: of several peaks that are near one, the largest.
    """
    narrow = peaks.fwhm < FRINGE_WIDTH * spacing
    width = np.hypot(SCATTER, np.nan_to_num(peaks.position_error) / spacing)
    best = (-math.inf, 0.0, np.zeros(narrow.size, dtype=bool))
    for start in peaks.position[narrow].tolist():
        members = narrow & (np.abs(_distance(peaks.position, spacing, start)) < OUT_OF_PERIOD * spacing)
        share = np.where(members, peaks.area, 0.0) / peaks.area[members].sum()
        origin = start + float(share @ _distance(peaks.position, spacing, start))
        away = _distance(peaks.position, spacing, origin) / spacing
        place = np.round((peaks.position - origin) / spacing)
        members = narrow & (np.abs(away) < OUT_OF_PERIOD)
        for i in np.flatnonzero(members).tolist():
            members[i] = not np.any(members & (place == place[i]) & (peaks.area > peaks.area[i]))
        density = np.exp(-0.5 * (away / width) ** 2) / (width * math.sqrt(2.0 * math.pi))
        gain = float(np.log(STRAY + (1.0 - STRAY) * np.where(members, density, 0.0))[narrow].sum())
        if gain > best[0]:
            best = gain, origin, members
    return best


def _distance(position: FloatArray, spacing: float, origin: float) -> FloatArray:
    """Signed distance to the nearest of the equidistant places."""
    turns = (position - origin) / spacing
    return np.asarray((turns - np.round(turns)) * spacing)


def _envelope(peaks: Peaks, fringes: NDArray[np.bool_]) -> tuple[float, float]:
    """Centre of the fringes, and full width at half maximum of a Gaussian with their spread."""
    share = np.where(fringes, peaks.area, 0.0) / peaks.area[fringes].sum()
    centre = float(share @ peaks.position)
    variance = (peaks.position - centre) ** 2 + (peaks.fwhm / _PER_SIGMA) ** 2
    return centre, _PER_SIGMA * math.sqrt(float(share @ variance))


def _beside(peaks: Peaks, i: int, fringes: NDArray[np.bool_]) -> float | None:
    """Width that a fringe should have: the least of its neighbours' and the largest fringe's.

    None where a neighbour is missing on either side. The largest belongs to it since fringes are sharpest
    at the middle of the Bragg peak.
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


def _sharper(peaks: Peaks, i: int, share: float, than: float) -> bool:
    """Whether a peak has less than a share of a width, and its error does not account for it."""
    error = float(np.nan_to_num(peaks.fwhm_error[i]))
    return bool(peaks.fwhm[i] + SURE * error < than and peaks.fwhm[i] < share * than)
