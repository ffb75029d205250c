"""The Bragg peak of a substrate: a sharp strong peak beside a broader one, and its material."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd.fitting.diagnosis.comb import find_comb
from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.result import SubstratePeak
from slxrd.sample.library.substrates import SUBSTRATES, SubstrateMaterial, plane_text, substrate_plane

#: Largest width of a film's peak, Å⁻¹; broader maxima are from amorphous parts.
BROADEST = 0.3
#: How much wider than the substrate's peak that of the film must be.
WIDER = 2.0
#: How much wider it must be if it is higher.
CLEARLY_WIDER = 3.0
#: Largest width of a substrate's peak, Å⁻¹; fringes of a stack are broader.
SHARP = 0.015
#: Largest distance of film and substrate: relative to q, and at least this many Å⁻¹.
MISFIT, NEAR = 0.07, 0.12
#: Smallest height of a substrate's peak, relative to the highest of the pattern; among satellites.
STRONG, STRONG_AMONG_SATELLITES = 0.3, 0.1
#: Height of a weaker one relative to the intensity under it.
CLEAR = 2.0
#: Fringes of a film that is hidden by the substrate: largest distance relative to q, smallest width and
#: largest height relative to those of the substrate's peak.
FRINGES_WITHIN, MUCH_WIDER, WEAK = 0.35, 8.0, 1e-2
#: Significance of one of them at least, if they are not equidistant.
CERTAIN = 15.0
#: Least number of satellites among which a sharper peak is the substrate's.
LEAST_SATELLITES = 4
#: A satellite that is closer, in widths of the peak, overlaps with it: its own width is not known.
OVERLAPS = 3.0
#: Number of satellites of which each needs to be wider by the second value only.
MANY_SATELLITES, SHARPER = 6, 1.4
#: Least distance of a substrate's peak from equidistant satellites that are hardly wider, in their distance
#: and in their width; how much higher it is than other such maxima, and their largest scatter.
OFF_COMB, OFF_WIDTHS, HIGHER, IN_COMB = 0.12, 2.0, 10.0, 0.06
#: Highest order of reflection, and the largest relative difference between the plane distances of two orders.
MOST_ORDERS, ORDERS_AGREE = 4, 5e-3
#: Largest relative difference between a measured plane distance and that of a material.
NAMED = 2.0e-3


def find_substrate(
    maxima: Sequence[Maximum], material: str | None = None
) -> tuple[int, SubstratePeak] | None:
    """Find the peak of a substrate.

    Parameters
    ----------
    maxima : sequence of Maximum
        All maxima of the pattern.
    material : str, optional
        Material of the substrate, with or without a plane (``"SrTiO3:002"``). A peak at its plane distance
        is taken for it even if the film's peak is hardly wider.

    Returns
    -------
    tuple of int and SubstratePeak, or None
        Index in ``maxima``, and the peak.

    Raises
    ------
    SlxrdError
        If the material is not in the library, or the plane cannot be read.
    """
    one, plane = substrate_plane(material) if material else (None, None)
    highest = max((peak.height for peak in maxima), default=0.0)
    for i in sorted(range(len(maxima)), key=lambda k: -maxima[k].height):
        peak = maxima[i]
        if peak.height < STRONG_AMONG_SATELLITES * highest:
            break
        known = one is not None and bool(_planes(peak.q, one, plane))
        if peak.width > SHARP or (one is not None and not known):
            continue
        strong = peak.height > STRONG * highest
        separate = strong or peak.height > CLEAR * peak.background
        if (
            one is None
            and separate
            and (_is_among_satellites(maxima, i) or _is_between_satellites(maxima, i))
        ):
            return i, _named(peak, one, plane)
        if not strong:
            continue
        if one is None and _hides_film(maxima, i):
            return i, _named(peak, one, plane)
        film = _strongest_beside(maxima, i)
        if film is None or (one is None and _as_sharp_elsewhere(maxima, i, highest)):
            continue
        much_wider = film.width > CLEARLY_WIDER * peak.width
        if one is None and not much_wider and _order_between(maxima, peak, film):
            continue
        if film.width > (1.2 if known else WIDER) * peak.width and (film.height < peak.height or much_wider):
            return i, _named(peak, one, plane)
    return None


def _as_sharp_elsewhere(maxima: Sequence[Maximum], i: int, highest: float) -> bool:
    """Whether another strong peak is as sharp, and no order of the same planes: both are of the sample."""
    peak = maxima[i]
    reach = max(MISFIT * peak.q, NEAR)
    return any(
        abs(other.q - peak.q) > reach
        and other.height > STRONG * highest
        and other.width < WIDER * peak.width
        and not _is_order(other.q / peak.q)
        for other in maxima
    )


def _order_between(maxima: Sequence[Maximum], one: Maximum, two: Maximum) -> bool:
    """Whether a broader peak is another order of planes whose peak is between two maxima.

    The two are then fringes of a superlattice, in whose other order the fringes are blurred.
    """
    low, high = sorted((one.q, two.q))
    ratios = [n / m for n in range(1, MOST_ORDERS + 1) for m in range(1, MOST_ORDERS + 1) if n != m]
    return any(
        max(one.width, two.width) < other.width < BROADEST
        and any(
            low * (1.0 + ORDERS_AGREE) < other.q * ratio < high * (1.0 - ORDERS_AGREE) for ratio in ratios
        )
        for other in maxima
        if other is not one and other is not two
    )


def _is_order(ratio: float) -> bool:
    """Whether two peaks may be orders of reflection of the same planes."""
    from fractions import Fraction

    n, m = Fraction(ratio).limit_denominator(MOST_ORDERS).as_integer_ratio()
    return 0 < n <= MOST_ORDERS and abs(ratio * m / n - 1.0) < ORDERS_AGREE


def _hides_film(maxima: Sequence[Maximum], i: int) -> bool:
    """Whether a sharp peak hides that of a film, of which only broad maxima far below it are seen."""
    broad = _broad_beside(maxima, i)
    alone = all(k == i or _is_broad_and_weak(other, maxima[i]) for k, other in enumerate(maxima))
    if alone and any(other.significance > CERTAIN for other in broad):
        return True
    comb = find_comb(np.array([other.q for other in broad])) if len(broad) > 2 else None
    return comb is not None and len(comb.members) >= len(broad) - 1


def _is_among_satellites(maxima: Sequence[Maximum], i: int) -> bool:
    """Whether the highest maxima around a sharp peak are equidistant and all wider: satellites of a stack."""
    peak = maxima[i]
    clear = [
        other
        for other in maxima
        if OVERLAPS * peak.width < abs(other.q - peak.q) < FRINGES_WITHIN * peak.q
        and other.significance > CERTAIN
    ]
    clear.sort(key=lambda other: -other.height)
    for count in range(LEAST_SATELLITES, len(clear) + 1):
        highest = clear[:count]
        # Disorder makes satellites wider with q, so that none is sharper than several at lower q.
        many = count >= MANY_SATELLITES and sum(other.q < peak.q for other in highest) >= 2
        if not all((SHARPER if many else WIDER) * peak.width < other.width < BROADEST for other in highest):
            if count >= MANY_SATELLITES:
                return False
            continue
        comb = find_comb(np.array(sorted(other.q for other in highest)))
        if comb is not None and len(comb.members) == count:
            return True
    return False


def _is_between_satellites(maxima: Sequence[Maximum], i: int) -> bool:
    """Whether the highest maxima around a peak are equidistant, and it is clearly between two of them.

    Satellites of many crystals are as narrow as the peak of the substrate.
    """
    peak = maxima[i]
    clear = [
        other
        for other in maxima
        if other is not peak
        and abs(other.q - peak.q) < FRINGES_WITHIN * peak.q
        and other.significance > CERTAIN
        and other.width < BROADEST
    ]
    clear.sort(key=lambda other: -other.height)
    for count in range(MANY_SATELLITES, len(clear) + 1):
        highest, lower = clear[:count], clear[count:]
        places = np.array(sorted(other.q for other in highest))
        comb = find_comb(places)
        if comb is None or not places[0] < peak.q < places[-1]:
            continue
        turns = (np.array([peak.q, *places]) - highest[0].q) / comb.spacing
        away = np.abs(turns - np.round(turns))
        widest = max(other.width for other in highest)
        if (
            np.all(away[1:] < IN_COMB)
            and away[0] > OFF_COMB
            and away[0] * comb.spacing > OFF_WIDTHS * widest
            and all(other.width > 0.95 * peak.width for other in highest)
            and all(peak.height > HIGHER * other.height for other in lower)
        ):
            return True
    return False


def _broad_beside(maxima: Sequence[Maximum], i: int) -> list[Maximum]:
    """Return the much broader and lower maxima around one."""
    return [other for k, other in enumerate(maxima) if k != i and is_hidden_film(other, maxima[i])]


def is_hidden_film(peak: Maximum, substrate: Maximum | SubstratePeak) -> bool:
    """Whether a maximum may be a fringe of a film whose own peak is under that of the substrate.

    Parameters
    ----------
    peak : Maximum
    substrate : Maximum or SubstratePeak
    """
    near = abs(peak.q - substrate.q) < FRINGES_WITHIN * substrate.q
    return near and _is_broad_and_weak(peak, substrate)


def _is_broad_and_weak(peak: Maximum, substrate: Maximum | SubstratePeak) -> bool:
    """Whether a maximum is no peak of another crystal, as fringes of a thin film are not."""
    wider = MUCH_WIDER * substrate.width < peak.width < BROADEST
    return wider and peak.height < WEAK * substrate.height


def _strongest_beside(maxima: Sequence[Maximum], i: int) -> Maximum | None:
    """Return the strongest other maximum near one."""
    peak = maxima[i]
    reach = max(MISFIT * peak.q, NEAR)
    beside = [other for k, other in enumerate(maxima) if k != i and abs(other.q - peak.q) < reach]
    beside = [other for other in beside if other.width < BROADEST]
    # Next to it, a tail of the peak itself or an aberration may be cut off as a maximum of its own.
    beside = [other for other in beside if abs(other.q - peak.q) > 1.5 * peak.width]
    # The width of a maximum that overlaps with the peak is uncertain.
    beside = [other for other in beside if other.background < other.height] or beside
    return max(beside, key=lambda other: other.height, default=None)


def _planes(
    q: float, one: SubstrateMaterial, plane: tuple[int, int, int] | None = None
) -> list[tuple[float, str]]:
    """Return relative differences and indices of the planes of a material that a peak may belong to."""
    d = 2.0 * np.pi / q
    if plane is not None:
        listed = [(plane, one.distance(plane))]
    else:
        listed = list(one.planes(d * (1.0 - NAMED), d * (1.0 + NAMED)))
    near = [(abs(distance / d - 1.0), plane_text(indices)) for indices, distance in listed]
    return sorted(pair for pair in near if pair[0] < (5.0 * NAMED if plane is not None else NAMED))


def _named(peak: Maximum, one: SubstrateMaterial | None, plane: tuple[int, int, int] | None) -> SubstratePeak:
    candidates = [one] if one is not None else list(SUBSTRATES.values())
    named = sorted(
        (difference, material.name, indices)
        for material in candidates
        for difference, indices in _planes(peak.q, material, plane)[:1]
    )
    own = {"material": named[0][1], "plane": named[0][2]} if named else {}
    others = tuple(f"{name} {indices}" for _, name, indices in named[1:])
    return SubstratePeak(peak.q, 2.0 * np.pi / peak.q, peak.width, peak.height, others=others, **own)
