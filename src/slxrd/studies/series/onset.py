"""The onset of lost order along a series: fringes gone, crystals grown, intensity down (SI section S.m).

Toso, Baranov et al., ACS Nano 2021, 15, 6243, Fig. S10: at 150 °C the intensity drops, the fringes are
lost and the peaks are sharper, as crystals sinter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from slxrd.fitting.result.fit import Estimate
from slxrd.studies.series.patterns import Series
from slxrd.studies.series.result import SeriesMember

#: A change of so many standard errors is one.
SIGNIFICANT = 3.0
#: What raises χ² by more than this is excluded.
EXCLUDED = 25.0
#: Intensities that differ by less than this factor may be a matter of how the sample was mounted.
_SAME_INTENSITY = 0.8


@dataclass(frozen=True)
class Change:
    """Order lost, or gained, between two neighbours.

    Parameters
    ----------
    before, after : SeriesMember
        The last pattern of the one kind, and the first of the other.
    lost : bool
        Lost on the way up of the variable; else gained.
    certain : bool
        Whether the pattern without fringes excludes the disorder of the one with them. If not, its
        fringes may only be hidden, by noise.
    growth : float or None
        Crystal size N·d of the one without fringes over that of the one with them.
    growth_error : float or None
        Its standard error.
    intensity : float or None
        The same of the integrated intensity of the Bragg peaks; None where the scales differ.
    reasons : tuple of str
        In words.
    """

    before: SeriesMember
    after: SeriesMember
    lost: bool
    certain: bool
    growth: float | None
    growth_error: float | None
    intensity: float | None
    reasons: tuple[str, ...]

    def told(self, series: Series) -> str:
        """Write it as a sentence."""
        between = f"between {self.before.value:g} and {series.at(self.after.value)}"
        head = f"order {'lost' if self.lost else 'gained'} {between}"
        if not self.certain:
            head = f"no fringes seen from {series.at(self.after.value)} on, but order need not be lost"
            if not self.lost:
                head = f"no fringes seen up to {series.at(self.before.value)}, but there may have been order"
        return f"{head}: " + "; ".join(self.reasons)


def find_changes(series: Series, members: Sequence[SeriesMember]) -> tuple[Change, ...]:
    """Find where fringes go or come.

    Parameters
    ----------
    series : Series
        The patterns.
    members : sequence of SeriesMember
        What they gave, in order of the variable.
    """
    judged = [member for member in members if member.fringes is not None]
    return tuple(
        _change(series, one, other) for one, other in pairwise(judged) if one.fringes != other.fringes
    )


def _change(series: Series, before: SeriesMember, after: SeriesMember) -> Change:
    lost = bool(before.fringes)
    ordered, plain = (before, after) if lost else (after, before)
    reasons = ["fringes gone" if lost else "fringes come"]
    certain, why = _excluded(ordered, plain)
    reasons += [why] if why else []
    growth, error = _ratio(
        plain.estimates["thickness_with_surface"], ordered.estimates["thickness_with_surface"]
    )
    if growth is not None and error is not None:
        if abs(growth - 1.0) > SIGNIFICANT * error:
            sharper = "sharper" if (growth > 1.0) == lost else "broader"
            reasons.append(f"peaks {sharper} (crystal size N·d {_size(before)} → {_size(after)})")
        else:
            reasons.append(f"peaks as wide as before (N·d {_size(before)} → {_size(after)})")
    intensity = None
    if not {before.label, after.label} & series.rescaled:
        intensity = _intensity(plain) / _intensity(ordered) if _intensity(ordered) > 0.0 else None
    if intensity is not None:
        seen = intensity if lost else 1.0 / intensity if intensity > 0.0 else math.inf
        way = "down" if seen < _SAME_INTENSITY else "up" if seen > 1.0 / _SAME_INTENSITY else "about the same"
        amount = f", {100.0 * seen:.0f} % of what it was" if math.isfinite(seen) else ""
        reasons.append(f"intensity {way}{amount}")
    return Change(before, after, lost, certain, growth, error, intensity, tuple(reasons))


def _excluded(ordered: SeriesMember, plain: SeriesMember) -> tuple[bool, str]:
    """Whether the pattern without fringes excludes the gap and the disorder of the one with them."""
    costs = [path.delta_chi2 for path in plain.paths if path.label == ordered.label]
    if not costs:
        return True, ""
    if costs[0] > EXCLUDED:
        return True, f"L and σ_L of the pattern with fringes are excluded (Δχ² {costs[0]:.0f})"
    return False, f"it is too weak to exclude L and σ_L of the pattern with fringes (Δχ² {costs[0]:.1f})"


def _size(member: SeriesMember) -> str:
    size = member.estimates["thickness_with_surface"]
    return "?" if size.value is None else f"{size.value:.0f} Å"


def _ratio(one: Estimate, other: Estimate) -> tuple[float | None, float | None]:
    if one.value is None or other.value is None or not other.value > 0.0:
        return None, None
    ratio = one.value / other.value
    if one.error is None or other.error is None or "bound" in f"{one.status} {other.status}":
        return ratio, None
    return ratio, ratio * math.hypot(one.error / one.value, other.error / other.value)


def _intensity(member: SeriesMember) -> float:
    return float(sum(area["area"] for area in member.record["areas"]))
