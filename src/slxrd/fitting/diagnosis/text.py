"""A diagnosis as text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from slxrd.fitting.assessment.correlated_noise import describe_dependence
from slxrd.instrument.diffractometer import Instrument

if TYPE_CHECKING:
    from slxrd.fitting.diagnosis.result import DiagnosedPeak, Diagnosis, FringePeriod, SubstratePeak

#: Peaks that are listed.
MOST_PEAKS = 12
#: Single points that are listed.
MOST_ISOLATED = 5


def describe(found: Diagnosis) -> str:
    """Describe a diagnosis in lines.

    Parameters
    ----------
    found : Diagnosis
    """
    return "\n".join(
        [
            *_noise(found),
            *_isolated(found),
            *_peaks(found),
            *_substrate(found.substrate),
            *(_fringes(period) for period in found.fringes),
            *_resolution(found),
            *_proposal(found),
        ]
    )


def summary(found: Diagnosis) -> str:
    """Return the main findings and the proposal in few lines.

    Parameters
    ----------
    found : Diagnosis
    """
    proposal = found.proposal
    lines = [f"The pattern shows: {proposal.kind} ({'; '.join(proposal.reasons)})"]
    lines += [f"  not excluded: {rival}" for rival in proposal.rivals]
    lines += [
        *_isolated(found),
        *_substrate(found.substrate),
        *(_fringes(period) for period in found.fringes),
    ]
    return "\n".join(lines)


def _row(name: str, text: str) -> str:
    return f"  {name:<14}{text}"


def _noise(found: Diagnosis) -> Iterator[str]:
    if found.noise.time > 1.0:
        yield _row("noise", describe_dependence(found.noise.time))
        yield _row("", "a fit counts fewer points, and is graded systematic at best; sharp peaks may be lost")


def _isolated(found: Diagnosis) -> Iterator[str]:
    if found.isolated:
        shown = ", ".join(f"{q:.4f}" for q in found.isolated[:MOST_ISOLATED])
        more = (
            f" and {len(found.isolated) - MOST_ISOLATED} more" if len(found.isolated) > MOST_ISOLATED else ""
        )
        yield _row(
            "single points", f"{shown}{more} Å⁻¹: far from both neighbours, no peaks; left out of a fit"
        )


def _peaks(found: Diagnosis) -> Iterator[str]:
    shown = [peak for peak in found.peaks if peak.kind in ("Bragg", "substrate")]
    highest = sorted(shown, key=lambda peak: -peak.height)[:MOST_PEAKS]
    if not shown:
        yield _row("peaks", "none")
    for k, peak in enumerate(peak for peak in shown if peak in highest):
        yield _row("peaks" if k == 0 else "", _peak(peak))
    left = len(shown) - len(highest)
    if left > 0:
        yield _row("", f"and {left} weaker ones")
    for series in found.series:
        size = f"{'at least ' if series.size_is_limit else ''}{series.size:.0f} Å"
        orders = ", ".join(str(order) for order in series.orders)
        yield _row("orders", f"{orders} of d = {series.d:.4f} ± {series.error:.4f} Å; size {size}")


def _peak(peak: DiagnosedPeak) -> str:
    order = f", order {peak.order} of series {1 + (peak.series or 0)}" if peak.order is not None else ""
    kind = ", substrate" if peak.kind == "substrate" else ""
    masked = ", masked" if peak.masked else ""
    return (
        f"{peak.q:.4f} Å⁻¹, d = {peak.d:.4f} Å, width {peak.width:.4f} Å⁻¹, height {peak.height:.4g}"
        f"{order}{kind}{masked}"
    )


def _substrate(substrate: SubstratePeak | None) -> Iterator[str]:
    if substrate is None:
        return
    text = f"{substrate.q:.4f} Å⁻¹, d = {substrate.d:.4f} Å"
    if substrate.material:
        others = f", or {', '.join(substrate.others[:3])}" if substrate.others else ""
        text += f": agrees with {substrate.material} {substrate.plane}{others}"
    yield _row("substrate", text)


def _fringes(period: FringePeriod) -> str:
    what = "thickness" if period.kind == "Laue" else "period"
    text = (
        f"{period.kind}, {what} {period.period:.4g} ± {period.error:.2g} Å, {period.count} fringes from "
        f"{period.low:.3f} to {period.high:.3f} Å⁻¹"
    )
    return _row("fringes", text + (f", about {period.repeats} repetitions" if period.repeats else ""))


def _resolution(found: Diagnosis) -> Iterator[str]:
    limit = found.resolution
    if limit is None:
        return
    assumed = Instrument.sigma_G
    text = f"σ_G at most {limit.sigma:.2g} Å⁻¹, estimated from the {limit.origin}"
    if limit.sigma < assumed:
        text += f"; sharper than the usual {assumed:g}"
    yield _row("resolution", text)
    for period in found.fringes:
        spacing = 2.0 * math.pi / period.period
        if spacing < 2.3548 * assumed:
            yield _row(
                "", f"fringes {spacing:.2g} Å⁻¹ apart cannot be seen with the usual σ_G of {assumed:g}"
            )


def _proposal(found: Diagnosis) -> Iterator[str]:
    proposal = found.proposal
    yield _row("proposal", proposal.kind)
    for reason in proposal.reasons:
        yield _row("", f"because: {reason}")
    for rival in proposal.rivals:
        yield _row("", f"not excluded: {rival}")
    if proposal.kind not in ("no structure of this kind", "crystals without a superlattice"):
        yield _row("command", proposal.command)
