"""Loss of order along a series: disappearing fringes, growing crystals, lower intensity (SI section S.m).

Toso, Baranov et al., ACS Nano 2021, 15, 6243, Fig. S10: at 150 °C crystals sinter, so the intensity
drops, the fringes disappear and the peaks become sharper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from slxrd.fitting.result.fit import Estimate
from slxrd.studies.series.patterns import Series
from slxrd.studies.series.result import SeriesMember

#: Least change of the size, in standard errors, that is reported.
SIGNIFICANT = 3.0
#: Δχ² above which a parameter value is excluded.
EXCLUDED = 25.0
#: Ratio of intensities above which a difference may be due to the mounting of the sample.
_SAME_INTENSITY = 0.8


@dataclass(frozen=True)
class Change:
    """Loss or gain of order between two neighbours.

    Parameters
    ----------
    before, after : SeriesMember
        Last pattern before the change, and first one after it.
    lost : bool
        Whether order is lost with increasing variable; otherwise it is gained.
    certain : bool
        Whether the pattern without fringes excludes the disorder of the one with fringes. If not, noise may
        hide its fringes.
    growth : float or None
        Ratio of the crystal sizes N·d, without to with fringes.
    growth_error : float or None
        Standard error of ``growth``.
    intensity : float or None
        Ratio of the integrated intensities of the Bragg peaks; None where the scales differ.
    reasons : tuple of str
        Observations as text.
    """

    before: SeriesMember
    after: SeriesMember
    lost: bool
    certain: bool
    growth: float | None
    growth_error: float | None
    intensity: float | None
    reasons: tuple[str, ...]

    def text(self, series: Series) -> str:
        """Return the change as a sentence."""
        between = f"between {self.before.value:g} and {series.at(self.after.value)}"
        head = f"order {'lost' if self.lost else 'gained'} {between}"
        if not self.certain:
            head = f"no fringes seen from {series.at(self.after.value)} on, but order may remain"
            if not self.lost:
                head = f"no fringes seen up to {series.at(self.before.value)}, but there may have been order"
        return f"{head}: " + "; ".join(self.reasons)


def find_changes(series: Series, members: Sequence[SeriesMember]) -> tuple[Change, ...]:
    """Find neighbours between which fringes disappear or appear.

    Parameters
    ----------
    series : Series
        The patterns.
    members : sequence of SeriesMember
        Their fits, in order of the variable.

    Returns
    -------
    tuple of Change
        In order of the variable.
    """
    decided = [member for member in members if member.fringes is not None]
    return tuple(
        _change(series, one, other) for one, other in pairwise(decided) if one.fringes != other.fringes
    )


def _change(series: Series, before: SeriesMember, after: SeriesMember) -> Change:
    lost = bool(before.fringes)
    ordered, plain = (before, after) if lost else (after, before)
    reasons = ["fringes disappear" if lost else "fringes appear"]
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
        ratio = intensity if lost else 1.0 / intensity if intensity > 0.0 else math.inf
        trend = (
            "down" if ratio < _SAME_INTENSITY else "up" if ratio > 1.0 / _SAME_INTENSITY else "about the same"
        )
        amount = f", {100.0 * ratio:.0f} % of what it was" if math.isfinite(ratio) else ""
        reasons.append(f"intensity {trend}{amount}")
    return Change(before, after, lost, certain, growth, error, intensity, tuple(reasons))


def _excluded(ordered: SeriesMember, plain: SeriesMember) -> tuple[bool, str]:
    """Whether the pattern without fringes excludes L and σ_L of the one with fringes, and the reason."""
    costs = [path.delta_chi2 for path in plain.paths if path.label == ordered.label]
    if not costs:
        return True, ""
    if costs[0] > EXCLUDED:
        return True, f"L and σ_L of the pattern with fringes are excluded (Δχ² {costs[0]:.0f})"
    return False, f"it is too weak to exclude L and σ_L of the pattern with fringes (Δχ² {costs[0]:.1f})"


def _size(member: SeriesMember) -> str:
    size = member.estimates["thickness_with_surface"]
    return "?" if size.value is None or size.status == "rejected" else f"{size.value:.0f} Å"


def _ratio(one: Estimate, other: Estimate) -> tuple[float | None, float | None]:
    if one.value is None or other.value is None or not other.value > 0.0:
        return None, None
    if "rejected" in (one.status, other.status):
        return None, None
    ratio = one.value / other.value
    if one.error is None or other.error is None or "bound" in f"{one.status} {other.status}":
        return ratio, None
    return ratio, ratio * math.hypot(one.error / one.value, other.error / other.value)


def _intensity(member: SeriesMember) -> float:
    return float(sum(area["area"] for area in member.record["areas"]))
