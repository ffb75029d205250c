"""Disorder of a superlattice, from the Bragg peaks that have fringes and those that have none (Eq. 1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import Noise, RegionLike, as_region
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.fitting.search.scan import Progress
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.simulation import as_instrument
from slxrd.sample.stack import Stack
from slxrd.studies.merit.visibility import AT_THRESHOLD, CHANCE, Visibility, fringe_visibility


@dataclass(frozen=True, eq=False)
class Disorder:
    """Limits of the disorder from fringes that are seen at some Bragg peaks and not at others (Eq. 1).

    Parameters
    ----------
    pattern : Pattern
        Pattern over q.
    orders : tuple of Visibility
        One for each Bragg peak, in ascending order of q.
    above, below : float or None
        Lower and upper limit of δ_Λ in Å: π/(2q) of a peak whose visibility is below that of Eq. S21, or
        which has no fringes, and of the last peak whose visibility is above.
    sigma_L : Estimate
        σ_L from the visibility of the fringes, or a limit.
    notes : tuple of str
        Remarks on the result.
    """

    pattern: Pattern
    orders: tuple[Visibility, ...]
    above: float | None
    below: float | None
    sigma_L: Estimate
    notes: tuple[str, ...]

    def __str__(self) -> str:
        label = "  [simulated]" if is_simulated(self.pattern) else ""
        lines = [f"{on_one_line(self.pattern.source)}{label}", "", "superlattice fringes, peak by peak:"]
        for each in self.orders:
            chance = "< 1e-99" if each.chance < 1e-99 else f"{each.chance:.1g}"
            if each.seen:
                error = "" if each.error is None else f" ± {each.error:.2g}"
                z = "not known" if each.visibility is None else f"{each.visibility:.3g}{error}"
                text = f"fringes (by chance: {chance}), visibility {z}{_compared(each)}"
            elif each.conclusive:
                text = f"none (by chance: {chance}), visibility below {each.limit:.2g} at 95 %"
            else:
                text = f"none seen (by chance: {chance}), but the noise could hide them"
            lines.append(f"  q = {each.q:.3f} Å⁻¹  π/(2q) = {each.threshold:.3g} Å  {text}")
        lines += [
            "",
            f"  δ_Λ   {self.limits_text}   average misplacement, by Eq. 1 of the 2021 paper, a rule of thumb",
        ]
        lines.append(f"  σ_L   {format_estimate(self.sigma_L)}   from the visibility, exp(−q²σ_L²/2)")
        return "\n".join([*lines, *(f"! {note}" for note in self.notes)])

    @property
    def limits_text(self) -> str:
        """Limits of δ_Λ as text, ``"0.73 Å < δ_Λ < 1.5 Å"``."""
        if self.above is None and self.below is None:
            return "not limited"
        low = "" if self.above is None else f"{self.above:.3g} Å < "
        high = "" if self.below is None else f" < {self.below:.3g} Å"
        return f"{low}δ_Λ{high}"

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON; lengths in Å."""
        orders = [
            {
                "q": each.q,
                "threshold": each.threshold,
                "seen": each.seen,
                "chance": each.chance,
                "gain": each.gain,
                "visibility": each.visibility,
                "error": each.error,
                "limit": each.limit,
                "telling": each.conclusive,
                "within_threshold": each.within_threshold,
                "period": each.period,
                "reduced_chi2": each.reduced_chi2,
            }
            for each in self.orders
        ]
        return {
            "file": self.pattern.source,
            "metadata": dict(self.pattern.metadata),
            "history": [str(step) for step in self.pattern.history],
            "orders": orders,
            "delta_above": self.above,
            "delta_below": self.below,
            "sigma_L": asdict(self.sigma_L),
            "notes": list(self.notes),
        }


@check_arguments
def disorder_from_fringes(
    pattern: Pattern,
    regions: Iterable[RegionLike] = (),
    *,
    mask: Iterable[tuple[float, float]] = (),
    coherent: int = Stack.coherent,
    resolution: float | ResolutionShape = Instrument.sigma_G,
    noise: Noise | None = None,
    report: Progress | None = None,
) -> Disorder:
    """Estimate the disorder from the Bragg peaks that have fringes, δ_Λ ≤ π/(2q) (SI Eq. S21, Eq. 1).

    A peak gives a limit of δ_Λ if its visibility is above or below that at δ_Λ = π/(2q), 0.29.

    Parameters
    ----------
    pattern : Pattern
        Pattern over q, or over 2θ with a known wavelength.
    regions : iterable of Region or (q_min, q_max)
        One region in Å⁻¹ around each Bragg peak; by default, regions around the peaks that are found.
    mask : iterable of (q_min, q_max)
        Ranges in Å⁻¹ to exclude.
    coherent, resolution, noise
        As in :func:`slxrd.fit`.
    report : callable, optional
        Called with the number of completed peaks and of all peaks.

    Returns
    -------
    Disorder
        Print it for a table.

    Raises
    ------
    SlxrdError
        If there is no Bragg peak, or an argument is invalid.
    """
    pattern = pattern.without(mask)
    selected = tuple(as_region(region) for region in regions) or find_regions(pattern)
    instrument = as_instrument(pattern, resolution, "q")
    if coherent < 2:
        raise SlxrdError(f"coherent {coherent}: fringes need at least two crystals")
    orders = []
    for i, region in enumerate(sorted(selected, key=lambda each: each.low)):
        orders.append(fringe_visibility(pattern, region, instrument, coherent, noise))
        if report is not None:
            report(i + 1, len(selected))
    return _disorder(pattern, tuple(orders))


def _disorder(pattern: Pattern, orders: tuple[Visibility, ...]) -> Disorder:
    seen = [each for each in orders if each.seen]
    unseen = [each for each in orders if not each.seen and each.conclusive]
    within = [each for each in orders if each.within_threshold]
    beyond = [each for each in orders if each.within_threshold is False]
    notes = [
        f"fringes count as seen if noise alone gives as much in fewer than 1 of {1.0 / CHANCE:.0f} cases"
    ]
    below = min((each.threshold for each in within), default=None)
    above = max((each.threshold for each in beyond), default=None)
    if above is not None and below is not None and above >= below:
        notes.append(
            "fringes at a larger q but weaker or none at a smaller one, which disorder does not explain; "
            "check the figures, stray peaks and the regions"
        )
        above = below = None
    for each in orders:
        if not each.seen and not each.conclusive:
            notes.append(
                f"at {each.q:.3f} Å⁻¹ fringes with the visibility of the threshold, {AT_THRESHOLD:.2f}, "
                "would not be seen, so the peak gives no limit; count longer"
            )
        if each.seen and each.within_threshold is None:
            notes.append(
                f"at {each.q:.3f} Å⁻¹ the visibility cannot be distinguished from that of the threshold, "
                f"{AT_THRESHOLD:.2f}, so the peak gives no limit of δ_Λ"
            )
        if each.reduced_chi2 > 2.0:
            notes.append(
                f"at {each.q:.3f} Å⁻¹ the shape of the peak is different (reduced χ² {each.reduced_chi2:.3g})"
            )
    return Disorder(pattern, orders, above, below, _sigma_L(seen, unseen), tuple(notes))


def _compared(order: Visibility) -> str:
    """Return the comparison of a visibility with that of the threshold, as text."""
    if order.within_threshold is None:
        return ""
    return f", {'above' if order.within_threshold else 'below'} the {AT_THRESHOLD:.2f} of the threshold"


def _sigma_L(seen: Sequence[Visibility], unseen: Sequence[Visibility]) -> Estimate:
    measured = [each.sigma_L for each in seen]
    known = [pair for pair in measured if pair is not None]
    if known:
        weights = [error**-2.0 for _, error in known]
        value = sum(w * v for w, (v, _) in zip(weights, known, strict=True)) / sum(weights)
        return Estimate(value, sum(weights) ** -0.5, "Å", "determined", "from each peak fitted alone")
    limits = [math.sqrt(-2.0 * math.log(each.limit)) / each.q for each in unseen if each.limit]
    if limits:
        return Estimate(max(limits), None, "Å", "lower bound", "95 % limit of the visibility")
    return Estimate(None, None, "Å", "undetermined", "fringes neither seen nor excluded")
