"""The proposed analysis: what the sample is taken to be, why, and the options of a fit that suit it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from slxrd.fitting.diagnosis.findings import Findings
from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.proposed_options import masked_range, proposed_options
from slxrd.fitting.diagnosis.result import (
    FringePeriod,
    Proposal,
    SampleKind,
    SubstratePeak,
)
from slxrd.fitting.diagnosis.substrate import SHARP
from slxrd.fitting.request.declaration import OPTIONS

#: A lone peak that is broader (Å⁻¹) may be that of nanocrystals in a stack.
NANOCRYSTAL = 0.022
#: Two strong peaks closer than this, relative to q, may be fringes of one Bragg peak.
PAIR = 0.25
#: Fringes of a stack of few crystals or of crystals of different sizes are less than this many widths apart.
OVERLAPPING = 4.0
#: Largest relative difference of the widths of the orders of a film.
SAME_WIDTH = 0.25
#: Up to this thickness in Å Laue fringes may be those of nanocrystals, up to the next if they are washed out
#: by a larger relative spread of the thickness.
THINNEST, THIN, SPREAD = 70.0, 150.0, 0.045
#: Peaks of a polycrystal: least height relative to the highest; part of q of the first order within which
#: others may be fringes; distance from a whole order; least number of groups that are no order.
FAIR, GROUPED, OFF_ORDER, IRREGULAR = 0.05, 0.1, 0.06, 3
#: Below this q in Å⁻¹ a scan is a reflectivity curve.
REFLECTIVITY = 0.45


def propose(found: Findings) -> Proposal:
    """Propose an analysis.

    Parameters
    ----------
    found : Findings
    """
    kind, reasons, rivals = _kind(found)
    options = proposed_options(kind, found)
    return Proposal(kind, tuple(reasons), options, command(found.pattern.source, options), tuple(rivals))


def command(source: str, options: Mapping[str, Any]) -> str:
    """Write the command ``slxrd fit`` with these options."""
    typed = ["slxrd", "fit", source]
    for name, value in options.items():
        option = OPTIONS[name]
        for text in option.kind.texts(name, value):
            typed += [option.flag, text]
    return shlex.join(typed)


def _kind(found: Findings) -> tuple[SampleKind, list[str], list[str]]:
    """Decide what the sample is; return it with the reasons and with other explanations."""
    main = found.main
    if main is None:
        return "no structure of this kind", [_nothing(found)], []
    if found.pattern.q[-1] < REFLECTIVITY:
        return (
            "no structure of this kind",
            [f"the data end at {found.pattern.q[-1]:.3g} Å⁻¹, below the Bragg peaks: a reflectivity curve"],
            [],
        )
    satellites, laue = found.period("superlattice"), found.period("Laue")
    if found.substrate is not None:
        return _on_substrate(found, found.substrate, main, satellites, laue)
    if found.crystals:
        return _crystals(found)
    if satellites is not None:
        reason = f"{_count(satellites.count)} satellites {2 * math.pi / satellites.period:.4f} Å⁻¹ apart"
        few = satellites.repeats is not None and _has_fringes_between(found, satellites)
        if few:
            return "multilayer", [reason, f"fringes between them: {satellites.repeats} repetitions"], []
        return "stack", [reason], []
    if laue is not None:
        unlike = _unlike_a_film(found, main, laue)
        if unlike:
            return "stack", [unlike], ["a film, or crystals, without a superlattice"]
        reasons = [
            f"Laue fringes {2 * math.pi / laue.period:.4f} Å⁻¹ apart beside a peak as wide as two of them",
            "no peak of a substrate",
        ]
        if laue.period < THIN:
            spread = _thickness_spread(found, main, laue)
            if spread > SPREAD or laue.period < THINNEST:
                reason = f"Laue fringes of crystals {laue.period:.3g} ± {spread * laue.period:.2g} Å thick"
                return "stack", [reason], ["a film, or crystals, without a superlattice"]
            return (
                "single film",
                reasons,
                ["nanocrystals of one size whose distances vary too much for fringes"],
            )
        return "single film", reasons, []
    return _lone_peak(found, main)


def _nothing(found: Findings) -> str:
    broad = [peak for peak in found.maxima if peak not in found.bragg]
    if broad:
        return f"no Bragg peak, only a broad maximum at {broad[0].q:.3g} Å⁻¹"
    return "no maximum is above the noise"


def _on_substrate(
    found: Findings,
    substrate: SubstratePeak,
    main: Maximum,
    satellites: FringePeriod | None,
    laue: FringePeriod | None,
) -> tuple[SampleKind, list[str], list[str]]:
    reasons = [
        f"a peak of width {substrate.width:.2g} Å⁻¹ at {substrate.q:.4f} Å⁻¹ beside one of "
        f"{main.width:.2g} Å⁻¹ at {main.q:.4f} Å⁻¹: a substrate"
    ]
    if satellites is not None:
        reasons.append(
            f"{_count(satellites.count)} satellites {2 * math.pi / satellites.period:.4f} Å⁻¹ apart"
        )
        return "multilayer", reasons, ["one film thick enough for its fringes to be that narrow"]
    if laue is not None:
        reasons.append(f"{_count(laue.count)} Laue fringes {2 * math.pi / laue.period:.4f} Å⁻¹ apart")
        return "film on substrate", reasons, []
    return "film on substrate", [*reasons, "no fringes"], []


def _crystals(found: Findings) -> tuple[SampleKind, list[str], list[str]]:
    reasons = []
    for family in found.families:
        orders = ", ".join(str(n) for n in sorted(family.orders.values()))
        reasons.append(
            f"orders {orders} of d = {2 * math.pi / family.first:.4g} Å, without fringes beside them"
        )
        if len(reasons) == 2:
            break
    return "crystals without a superlattice", reasons, []


def _lone_peak(found: Findings, main: Maximum) -> tuple[SampleKind, list[str], list[str]]:
    """Decide on a pattern without equidistant fringes and without series of orders."""
    strong = [peak for peak in found.bragg if peak.height > 0.1 * main.height]
    close = _companions(strong, main)
    layered = main.q < 2.0 * math.pi / 8.0
    narrow = main.width < (1.6 if layered else 1.0) * NANOCRYSTAL
    if not close and narrow and _has_one_maximum(found):
        return (
            "crystals without a superlattice",
            [f"one sharp peak at {main.q:.4f} Å⁻¹ without fringes or other orders"],
            [
                "a superlattice whose fringes the resolution or the disorder hides",
                *([_hidden_film(found, main)] if main.width < SHARP else []),
            ],
        )
    if len(strong) > 4 and not _overlapping(strong, main) and _has_one_maximum(found):
        return (
            "crystals without a superlattice",
            [f"{_count(len(strong))} sharp peaks at irregular distances, without fringes"],
            [],
        )
    irregular = _between_orders(found, main)
    if len(irregular) >= IRREGULAR:
        peaks = ", ".join(f"{q:.3f}" for q in irregular[:IRREGULAR])
        return (
            "crystals without a superlattice",
            [f"peaks at {peaks} Å⁻¹, no orders of that at {main.q:.4f} Å⁻¹: crystals in all directions"],
            ["a superlattice among such crystals"],
        )
    if close:
        return (
            "stack",
            [f"maxima at {main.q:.4f} and {close[0].q:.4f} Å⁻¹ that are not orders of one plane distance"],
            ["two kinds of crystals without a superlattice"],
        )
    if found.shape is not None and not found.shape.one_peak:
        return (
            "stack",
            ["a broad peak with shoulders"],
            ["crystals of different sizes without a superlattice"],
        )
    return "stack", ["a broad peak, as of nanocrystals"], ["nanocrystals without a superlattice"]


def _has_one_maximum(found: Findings) -> bool:
    """Whether the strongest peak has no fringes, as far as its points show."""
    return found.shape is None or found.shape.one_maximum


def _hidden_film(found: Findings, peak: Maximum) -> str:
    """Name the options of a fit of a film whose peak is under that of its substrate."""
    low, high = masked_range(found.pattern.q, peak)
    d = found.order * 2.0 * math.pi / peak.q
    return (
        "a thin film whose peak is under that of its substrate (--coherent 1 "
        f"--substrate {d:.5g} --mask {low}:{high})"
    )


def _between_orders(found: Findings, main: Maximum) -> list[float]:
    """Return the middles in Å⁻¹ of groups of peaks that are no order of the strongest one or its fringes."""
    first = main.q / found.order
    strong = sorted(
        (peak for peak in found.bragg if peak.height > FAIR * main.height), key=lambda peak: peak.q
    )
    groups: list[list[Maximum]] = []
    for peak in strong:
        if groups and _may_be_fringes(groups[-1][-1], peak, first):
            groups[-1].append(peak)
        else:
            groups.append([peak])
    return [
        (group[0].q + group[-1].q) / 2.0
        for group in groups
        if math.floor(group[-1].q / first + OFF_ORDER) < math.ceil(group[0].q / first - OFF_ORDER)
    ]


def _may_be_fringes(one: Maximum, other: Maximum, first: float) -> bool:
    """Whether two peaks are near each other, for their widths or for the distance of two orders."""
    near = max(GROUPED * first, OVERLAPPING * (one.width + other.width) / 2.0)
    return abs(other.q - one.q) < near


def _companions(peaks: list[Maximum], main: Maximum) -> list[Maximum]:
    """Return other peaks so near that both may be fringes of one Bragg peak."""
    return [peak for peak in peaks if peak is not main and abs(peak.q - main.q) < PAIR * main.q]


def _overlapping(peaks: list[Maximum], main: Maximum) -> bool:
    """Whether the peak beside the strongest is so near, for their widths, that both may be fringes."""
    return any(
        abs(peak.q - main.q) < OVERLAPPING * (peak.width + main.width) / 2.0
        for peak in peaks
        if peak is not main
    )


def _unlike_a_film(found: Findings, main: Maximum, laue: FringePeriod) -> str:
    """Return the reason why other Bragg peaks contradict a single film; empty if they do not."""
    others = [
        peak
        for peak in found.bragg
        if peak.height > 0.1 * main.height and not laue.low <= peak.q <= laue.high
    ]
    for peak in others:
        pair = _companions([one for one in others if one.height > 0.1 * peak.height], peak)
        if pair:
            return f"maxima at {peak.q:.4f} and {pair[0].q:.4f} Å⁻¹ beside one Bragg peak"
        if abs(peak.width / main.width - 1.0) > SAME_WIDTH:
            return (
                f"the peaks at {peak.q:.4f} and {main.q:.4f} Å⁻¹ differ in width, {peak.width:.2g} and "
                f"{main.width:.2g} Å⁻¹, as fringes of a stack change it from order to order"
            )
    return ""


def _thickness_spread(found: Findings, main: Maximum, laue: FringePeriod) -> float:
    """Estimate the relative spread of the thickness from the contrast of the fringes.

    Fringe k has the visibility exp(−2π²k²s²) for a relative standard deviation s.
    """
    spacing = 2.0 * math.pi / laue.period
    intensity = found.pattern.intensity
    floor = max(float(np.percentile(intensity, 3)), 0.0)
    values = []
    for peak in found.bragg:
        order = abs(peak.q - main.q) / spacing
        if not 1.2 < order < 5.0 or not laue.low <= peak.q <= laue.high:
            continue
        # The minimum on the side of the Bragg peak: the other may be cut off.
        low = max(float(intensity[peak.right if peak.q < main.q else peak.left]) - floor, 0.0)
        top = peak.height + peak.background - floor
        visibility = min(max((top - low) / (top + low), 0.02), 1.0) if top > 0.0 else 0.02
        values.append(math.sqrt(-math.log(visibility) / 2.0) / (math.pi * order))
    return float(np.median(values)) if values else math.inf


def _has_fringes_between(found: Findings, satellites: FringePeriod) -> bool:
    """Whether there are more maxima than satellites in their range."""
    inside = [peak for peak in found.bragg if satellites.low < peak.q < satellites.high]
    return len(inside) >= 2 * satellites.count - 2 and (satellites.repeats or 0) > 2


def _count(number: int) -> str:
    names = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return names[number] if number < len(names) else str(number)
