"""Diagnosis of a pattern: what it shows, and the analysis that suits it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.data.corrections import POLARISATION, undo_correction
from slxrd.data.isolated import isolated_points
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.families import Family, find_families, members
from slxrd.fitting.diagnosis.findings import Findings
from slxrd.fitting.diagnosis.fringes import Surroundings, find_fringes
from slxrd.fitting.diagnosis.laue import laue_fringes
from slxrd.fitting.diagnosis.maxima import Maximum, find_maxima
from slxrd.fitting.diagnosis.noise import (
    FWHM,
    NoiseEstimate,
    ResolutionEstimate,
    estimate_noise,
    estimate_resolution,
)
from slxrd.fitting.diagnosis.proposal import NANOCRYSTAL, OVERLAPPING, PAIR, propose
from slxrd.fitting.diagnosis.result import (
    DiagnosedPeak,
    Diagnosis,
    FringePeriod,
    OrderSeries,
    PeakKind,
)
from slxrd.fitting.diagnosis.shapes import ShapeTest
from slxrd.fitting.diagnosis.shoulder import find_shoulder
from slxrd.fitting.diagnosis.substrate import SHARP, find_substrate, is_hidden_film

#: Full width at half maximum in Å⁻¹ above which a maximum is not a Bragg peak, unless it is near q = 0.
BROAD = 0.45
#: Smallest height of a strong peak, relative to the highest.
STRONG = 0.03
#: Heights of further members of a series, relative to the highest.
WEAK = 0.001
#: Half of the range of q around a peak in which its fringes are sought: in widths, and at least, in Å⁻¹.
FRINGES_WITHIN, AT_LEAST = 40.0, 0.3
#: It is at most this part of q.
WITHIN = 0.35
#: Significance that the strongest peak must have, relative to the noise.
CERTAIN = 9.0
#: Maxima beside an order that may be fringes: height relative to it, at least.
FAINT = 0.03
#: Series with a larger plane distance in Å are those of layered crystals, of which fewer orders are enough.
LAYERED = 8.0
#: By this part of their distance the interference with a substrate moves fringes towards each other.
SHIFTED = 0.2
#: Maxima beside a lone sharp peak, relative to its height, among which the shoulder of a film is sought.
FAINTEST = 1e-4
#: Smallest number of points of a pattern.
FEWEST = 16
#: Peaks among which series are sought, the highest; a series has at most 12 orders.
MOST_IN_SERIES = 60


@check_arguments
def diagnose(pattern: Pattern, material: str | None = None, order: int = 1) -> Diagnosis:
    """Find peaks, substrate and fringes of a pattern, and propose an analysis.

    Masked points are included, as they may be those of the substrate.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    material : str, optional
        Material of the substrate, with or without its plane: ``"SrTiO3"``, ``"Si:004"``. See
        :data:`slxrd.sample.library.substrates.SUBSTRATES`.
    order : int
        Order of the strongest peak of the film or crystals; its plane distance is ``order`` times 2π/q.

    Returns
    -------
    Diagnosis

    Raises
    ------
    SlxrdError
        If the wavelength is not known, the material is not in the library, the order is not a positive
        whole number, or the pattern has fewer than 16 points.
    """
    if isinstance(order, bool) or order != int(order) or order < 1:
        raise SlxrdError(f"order {order!r}: must be a whole number from 1")
    pattern, isolated = _without_isolated(_as_measured(pattern.to_q()))
    q, intensity = pattern.q, pattern.intensity
    if q.size < FEWEST:
        raise SlxrdError(
            f"{pattern.source}: {q.size} points are too few for a diagnosis; {FEWEST} are needed"
        )
    noise = estimate_noise(pattern)
    maxima = find_maxima(q, intensity, noise.stabilised(intensity), noise.time)
    maxima = _with_shoulder(pattern, maxima, noise)
    found = find_substrate(maxima, material)
    if found is not None and _repeats_without_film(maxima, found[0]):
        found = None
    own = [peak for i, peak in enumerate(maxima) if found is None or i != found[0]]
    bragg = [peak for peak in own if peak.width < BROAD]
    if max((peak.significance for peak in bragg), default=0.0) < CERTAIN and found is None:
        bragg = []
    families = _families(bragg)
    main = max(bragg, key=lambda peak: peak.height, default=None)
    fringes: list[FringePeriod] = []
    shape: ShapeTest | None = None
    crystals = main is not None and found is None and _are_crystals(bragg, families, main)
    if main is not None and not crystals:
        beyond = [peak for peak in bragg if abs(peak.q - main.q) < WITHIN * main.q]
        reach = max(FRINGES_WITHIN * main.width, AT_LEAST)
        near = [peak for peak in beyond if abs(peak.q - main.q) < reach]
        substrate = maxima[found[0]] if found else None
        fringes = find_fringes(Surroundings(near, beyond, substrate))
        if substrate is not None and not fringes and len(beyond) > len(near):
            # Satellites may be many widths apart, and those on one side too weak.
            fringes = find_fringes(Surroundings(beyond, beyond, substrate))
        fringes = [_refined(pattern, period, found is not None) for period in fringes]
    if main is not None:
        around = np.abs(q - main.q) < 4.0 * main.width
        lines = None
        if pattern.second_line is not None and pattern.wavelength is not None:
            lines = (pattern.wavelength, pattern.second_line)
        if around.sum() >= 8:
            sigma = noise.sigma(intensity[around]) * math.sqrt(noise.time)
            shape = ShapeTest(q[around], intensity[around], sigma, main.width, lines)
    resolution = estimate_resolution(maxima, pattern.q, intensity, noise, fringes)
    findings = Findings(
        pattern, maxima, bragg, main, found[1] if found else None, tuple(fringes), families, crystals,
        shape, resolution, order, isolated,
    )  # fmt: skip
    series = tuple(_series(family, bragg, resolution) for family in families) if crystals else ()
    proposal = propose(findings)
    if proposal.kind == "stack":  # then they are not those of a film
        fringes = [period for period in fringes if period.kind != "Laue"]
    listed = _listed(
        pattern, maxima, found[0] if found else None, bragg, families if crystals else [], fringes
    )
    return Diagnosis(
        pattern.source, float(q[0]), float(q[-1]), noise, listed, series, findings.substrate,
        tuple(fringes), resolution, proposal, isolated,
    )  # fmt: skip


def _with_shoulder(pattern: Pattern, maxima: list[Maximum], noise: NoiseEstimate) -> list[Maximum]:
    """Add the maximum of a film in the tail of a sharp peak, beside which others are faint at most."""
    if not maxima:
        return maxima
    peak = max(maxima, key=lambda one: one.height)
    others = [one for one in maxima if one is not peak]
    if peak.width > SHARP or any(one.height > FAINTEST * peak.height for one in others):
        return maxima
    sigma = noise.sigma(pattern.intensity) * math.sqrt(noise.time)
    shoulder = find_shoulder(pattern.q, pattern.intensity, sigma, peak)
    if shoulder is None or not is_hidden_film(shoulder, peak):
        return maxima
    return sorted([*maxima, shoulder], key=lambda one: one.q)


def _as_measured(pattern: Pattern) -> Pattern:
    """Undo the Lorentz-polarisation correction, after which counts of different angles are not alike."""
    if pattern.wavelength is not None and any(step.name == POLARISATION for step in pattern.history):
        return undo_correction(pattern, POLARISATION)
    return pattern


def _without_isolated(pattern: Pattern) -> tuple[Pattern, tuple[float, ...]]:
    """Replace single points that are far from both neighbours, and return their positions."""
    index, expected = isolated_points(pattern.q, pattern.intensity)
    if not index.size:
        return pattern, ()
    intensity = pattern.intensity.copy()
    intensity[index] = expected
    return replace(pattern, intensity=intensity), tuple(pattern.q[index].tolist())


def _refined(pattern: Pattern, period: FringePeriod, on_substrate: bool) -> FringePeriod:
    """Determine the thickness of a film from the minima between its fringes, which are better defined."""
    if period.kind != "Laue":
        return period
    thickness, error = period.period, period.error
    try:
        found = laue_fringes(replace(pattern, mask=np.zeros(len(pattern), bool)), period.low, period.high)
    except SlxrdError:
        pass
    else:
        if abs(found.thickness - period.period) < 0.08 * period.period:
            thickness, error = found.thickness, max(found.error, 1e-3 * found.thickness)
    if on_substrate:  # its amplitude moves fringes by a part of their distance that changes along q
        error = max(error, SHIFTED * thickness / period.count)
    return replace(period, period=thickness, error=error)


def _families(bragg: list[Maximum]) -> list[Family]:
    """Series of the strong peaks, with weaker members, then of the peaks that are left."""
    highest = max((peak.height for peak in bragg), default=0.0)
    found: list[Family] = []
    for share in (STRONG, WEAK):
        taken = {i for family in found for i in family.orders}
        left = [i for i, peak in enumerate(bragg) if peak.height > share * highest and i not in taken]
        left = sorted(sorted(left, key=lambda i: -bragg[i].height)[:MOST_IN_SERIES])
        for family in find_families([bragg[i] for i in left]):
            own = Family(family.first, family.error, {left[k]: n for k, n in family.orders.items()})
            found.append(members(own, bragg, {i for other in found for i in other.orders}))
    return [family for family in found if min(family.orders.values()) <= 3]


def _are_crystals(bragg: list[Maximum], families: list[Family], main: Maximum) -> bool:
    """Whether the strong peaks are orders of crystals, without companions that may be fringes."""
    strong = [i for i, peak in enumerate(bragg) if peak.height > 2.0 * STRONG * main.height]
    primary = next((family for family in families if bragg.index(main) in family.orders), None)
    if primary is None or not _from_the_first(primary):
        return False
    # Fringes too may be near multiples of some q, but not at several from the first order on.
    convincing = [one for one in families if len(one.orders) > 2 and _from_the_first(one)]
    explained = {i for family in [primary, *convincing] for i in family.orders}
    few = len(primary.orders) < 4
    for i in sorted(primary.orders, key=lambda k: -bragg[k].height)[:3]:
        for k, other in enumerate(bragg):
            apart = abs(other.q - bragg[i].q)
            if k not in explained and apart < 8.0 * bragg[i].width and other.height > 0.08 * bragg[i].height:
                return False
            near = 0.0 < apart < OVERLAPPING * (other.width + bragg[i].width) / 2.0
            if few and near and other.height > FAINT * bragg[i].height:
                return False
    if len(primary.orders) > 2:
        return True
    companions = [
        i
        for i in strong
        if i not in explained
        and any(abs(bragg[i].q - bragg[k].q) < PAIR * bragg[k].q for k in primary.orders)
    ]
    layered = 2.0 * math.pi / primary.first > LAYERED
    return not companions and main.width < (1.6 if layered else 1.0) * NANOCRYSTAL


def _repeats_without_film(maxima: list[Maximum], substrate: int) -> bool:
    """Whether other orders of a supposed substrate have no broader peak beside them, as that of a film."""
    peak = maxima[substrate]
    bragg = [other for other in maxima if other.width < BROAD]
    family = next((one for one in _families(bragg) if bragg.index(peak) in one.orders), None)
    if family is None or len(family.orders) < 3 or not _from_the_first(family):
        return False
    strong = [
        bragg[i] for i in family.orders if bragg[i] is not peak and bragg[i].height > STRONG * peak.height
    ]
    beside = [
        any(
            other.width > 1.5 * order.width
            and other.height > 0.03 * order.height
            and abs(other.q - order.q) < 0.05 * order.q
            for other in bragg
        )
        for order in strong
    ]
    return bool(strong) and sum(beside) < 0.5 * len(beside) + 0.5


def _from_the_first(family: Family) -> bool:
    """Whether a series has its first or second order, and most of the orders up to its highest."""
    orders = family.orders.values()
    return min(orders) <= 2 and len(orders) >= 0.5 * (max(orders) - min(orders) + 1)


def _series(family: Family, bragg: list[Maximum], resolution: ResolutionEstimate | None) -> OrderSeries:
    """Describe a series; its size is a limit where its peaks are as sharp as the sharpest of the pattern."""
    width = min(bragg[i].width for i in family.orders)
    d = 2.0 * math.pi / family.first
    sharp = resolution is not None and width < 1.5 * FWHM * resolution.sigma
    size = 0.886 * 2.0 * math.pi / width
    return OrderSeries(d, d * family.error / family.first, tuple(sorted(family.orders.values())), size, sharp)


def _listed(
    pattern: Pattern,
    maxima: list[Maximum],
    substrate: int | None,
    bragg: list[Maximum],
    families: list[Family],
    fringes: list[FringePeriod],
) -> tuple[DiagnosedPeak, ...]:
    listed = []
    places = {id(peak): i for i, peak in enumerate(bragg)}
    highest = max(bragg, key=lambda peak: peak.height, default=None)
    for i, peak in enumerate(maxima):
        kind: PeakKind = "Bragg" if id(peak) in places else "broad"
        if i == substrate:
            kind = "substrate"
        elif peak is not highest and any(period.low < peak.q < period.high for period in fringes):
            kind = "fringe"
        entry = DiagnosedPeak(
            peak.q, 2.0 * math.pi / peak.q, peak.width, peak.height, peak.significance, kind,
            masked=bool(pattern.mask[peak.index]),
        )  # fmt: skip
        for number, family in enumerate(families):
            order = family.orders.get(places.get(id(peak), -1))
            if order is not None:
                entry = replace(entry, series=number, order=order)
        listed.append(entry)
    return tuple(listed)
