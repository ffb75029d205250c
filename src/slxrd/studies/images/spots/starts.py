"""Where a refinement starts: values of the incidence and of k_z in the film that explain the spots.

A refinement does not pass over a spot that lies between two positions, so that it is started at each
combination of values that explains more spots than its neighbours do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import minimum_filter

from slxrd.studies.images.spots.profiles import Profile
from slxrd.studies.images.spots.teeth import FIRST, INCIDENCE, INSIDE, PERIOD, WIDTH, Knowledge, Teeth
from slxrd.units import FloatArray

#: Limits of q_c² and of the incidence, in standard deviations of their prior knowledge.
CRITICAL, INCLINED = 1.8, 3.5
#: Step of both in widths of a spot, and most values of each.
STEP, MOST = 0.7, 15
#: Deviation of a spot in widths that is taken as one standard deviation, and χ²/2 of a spot that is not
#: explained.
LOOSE, UNEXPLAINED = 0.5, 6.0
#: Most starts.
KEPT = 4
#: Distance in widths up to which the spots of neighbouring orders are tried the other way round.
BESIDE = 4.0


def starts(
    profiles: Sequence[Profile], teeth: Sequence[Teeth], known: Knowledge, period: float
) -> list[FloatArray]:
    """Return parameters to start from, those that explain most spots first.

    Parameters
    ----------
    profiles : sequence of Profile
        The profiles, with their spots.
    teeth : sequence of Teeth
        The positions in each.
    known : Knowledge
        Prior knowledge.
    period : float
        The period.
    """
    p = np.zeros(FIRST)
    p[PERIOD], p[WIDTH] = period, math.log(known.width)
    if not known.incident:
        return [p]
    inclined, incident, inside = _grid(known)
    cost = 0.5 * (inclined[:, None] / max(float(known.geometry[3]), 1e-9)) ** 2 + np.zeros_like(inside)
    critical2 = 4.0 * (incident[:, None] ** 2 - np.copysign(inside**2, inside))
    cost += 0.5 * ((critical2 - known.critical2) / max(known.critical2_error, 1e-6)) ** 2
    for profile, each in zip(profiles, teeth, strict=True):
        if each.factor.size and profile.spots.size:
            g = each.factor / period
            split = np.maximum(inside, 0.0)[..., None] * each.beam
            square = incident[:, None, None] ** 2 + g**2 + 2.0 * g * split
            square += np.minimum(inside, 0.0)[..., None] ** 2
            at = np.sqrt(np.maximum(square, 1e-12))
            at -= np.interp(at, profile.at, profile.slopes[:, 3]) * inclined[:, None, None]
            nearest = np.abs(at[..., None] - profile.spots).min(axis=2) / (LOOSE * known.width)
            cost += np.minimum(0.5 * nearest**2, UNEXPLAINED).sum(axis=2)
        else:
            cost += UNEXPLAINED * profile.spots.size
    rows, columns = np.nonzero(cost == minimum_filter(cost, 3, mode="nearest"))
    order = np.argsort(cost[rows, columns])[:KEPT]
    found = []
    for i, j in zip(rows[order], columns[order], strict=True):
        found.append(p.copy())
        found[-1][INSIDE], found[-1][INCIDENCE] = inside[i, j], inclined[i]
    return found


def exchanged(p: FloatArray, spacing: float, known: Knowledge) -> FloatArray | None:
    """Return parameters at which the transmitted and the reflected beam have changed places.

    The reflected spot of an order lies beside the transmitted one of the next. A slightly different incidence
    and period describe the same spots the other way round, and the heights do not decide.

    Parameters
    ----------
    p : ndarray
        Parameters.
    spacing : float
        Difference of the scattering vectors of neighbouring orders in the film.
    known : Knowledge
        Prior knowledge.

    Returns
    -------
    ndarray or None
        None if these spots are far apart, or there is one beam only.
    """
    inside, (incident, slope) = float(p[INSIDE]), known.incident_at(p)
    apart = spacing - 2.0 * inside
    square = incident**2 + spacing * apart
    if inside <= 0.0 or abs(apart) > BESIDE * known.width or square <= 0.0 or inside >= spacing:
        return None
    found = p.copy()
    # A change of the incidence moves the beam and the horizon.
    found[INCIDENCE] += (math.sqrt(square) - incident) / (2.0 * slope)
    found[INSIDE] = min(spacing - inside, known.incident_at(found)[0])
    found[FIRST:] = 0.0
    return found


def _grid(known: Knowledge) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Deviations of the incidence, k·sin(incidence) of each, and values in the film for each of these."""
    width = STEP * known.width
    reach = INCLINED * float(known.geometry[3])
    # A deviation moves the spots of the reflected beam twice, by the incident beam and by the horizon.
    count = min(2 * math.ceil(2.0 * reach * known.incident_slope / width / 2.0) + 1, MOST)
    inclined = np.linspace(-reach, reach, count) if reach > 0.0 else np.zeros(1)
    incident = np.maximum(known.incident + known.incident_slope * inclined, 0.0)
    ends = [max(known.critical2 + z * known.critical2_error, 0.0) for z in (CRITICAL, -CRITICAL)]
    square = incident[:, None] ** 2 - np.array(ends) / 4.0
    limits = np.copysign(np.sqrt(np.abs(square)), square)
    many = min(max(math.ceil(float(np.ptp(limits, axis=1).max()) / width), 1), MOST)
    share = (np.arange(many) + 0.5) / many
    return inclined, incident, limits[:, :1] + (limits[:, 1:] - limits[:, :1]) * share
