"""The gaps of a series as people read them: printed, and as CSV.

The gap from the low angles of every pattern of a series, beside L from its Bragg peaks (SI Fig. S1b).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate
from slxrd.studies.lowangle.fit import fit_low_angle
from slxrd.studies.series.member import Plain, failed_unless_interrupted
from slxrd.studies.series.result import SeriesMember, estimate_of


@dataclass(frozen=True)
class LowAngleOptions:
    """How the low angles of a series are fitted.

    Parameters
    ----------
    region : Region
        In Å⁻¹.
    critical : float, optional
        Critical scattering vector of the film in Å⁻¹; anything up to 0.06 if not given.

    Raises
    ------
    SlxrdError
        If the region does not begin above 0 and above the critical scattering vector.
    """

    region: Region
    critical: float | None = None

    def __post_init__(self) -> None:
        low = self.region.low
        if low <= 0.0:
            raise SlxrdError(f"low angles {low:g} to {self.region.high:g} Å⁻¹: must begin above 0")
        if self.critical is not None and not 0.0 <= self.critical < low:
            raise SlxrdError(f"critical {self.critical:g}: must be 0 or more, and below {low:g} Å⁻¹")

    @classmethod
    def of(cls, given: LowAngleOptions | tuple[float, float] | None) -> LowAngleOptions | None:
        """Take a pair of ends for a region."""
        return cls(Region(*given)) if isinstance(given, tuple) else given


@dataclass(frozen=True)
class SeriesGap:
    """The gap of one pattern.

    Parameters
    ----------
    label : str
        The pattern.
    value : float
        Of the variable.
    record : mapping
        As :meth:`slxrd.studies.lowangle.result.LowAngle.as_dictionary`; or ``failed``, why there is none.
    width : Estimate
        w in Å.
    difference, d : Estimate
        L − w and the distance of the planes, which it should be, in Å, from the fit of the Bragg peaks.
    """

    label: str
    value: float
    record: Mapping[str, Any] = field(repr=False)
    width: Estimate
    difference: Estimate
    d: Estimate


def low_angle_arguments(
    member: SeriesMember, options: Mapping[str, Any], how: LowAngleOptions
) -> dict[str, Any]:
    """Arguments of :func:`slxrd.fit_low_angle` for a pattern whose Bragg peaks are fitted."""
    d = None if member.failed else member.estimates["d"].value
    told = {name: options[name] for name in ("coherent", "resolution") if name in options}
    ends = (how.region.low, how.region.high)
    return {**told, "region": ends, "d": d, "critical": how.critical}


def fit_low_angles(plain: Plain, arguments: Mapping[str, Any]) -> str:
    """Fit the low angles of one pattern as :func:`slxrd.fit_low_angle` does.

    Returns
    -------
    str
        JSON: what it found as a dictionary; or ``failed``, why there is nothing.
    """
    try:
        return json.dumps(fit_low_angle(Pattern(**plain), **arguments).as_dictionary(), allow_nan=False)
    except SlxrdError as error:
        return json.dumps({"failed": str(error)})
    except Exception as error:  # one pattern must not take the others with it
        return failed_unless_interrupted(error)


def gap_of(member: SeriesMember, record: Mapping[str, Any]) -> SeriesGap:
    """Put the gap of a pattern beside its L."""
    missing = Estimate(None, None, "Å", "undetermined", str(record.get("failed", "")))
    width = estimate_of(record["estimates"]["gap"]) if "failed" not in record else missing
    L = member.estimates.get("L", missing)
    known = [estimate for estimate in (L, width) if estimate.status in ("determined", "ambiguous")]
    difference = missing
    if len(known) == 2 and all(e.value is not None and e.error is not None for e in known):
        value, error = (L.value or 0.0) - (width.value or 0.0), math.hypot(L.error or 0.0, width.error or 0.0)
        ambiguous = "ambiguous" in (L.status, width.status)
        difference = Estimate(value, error, "Å", "ambiguous" if ambiguous else "determined")
    return SeriesGap(
        member.label, member.value, record, width, difference, member.estimates.get("d", missing)
    )


def average_difference(gaps: Sequence[SeriesGap]) -> Estimate:
    """Mean of L − w over a series, in Å.

    Its error is the mean error: most of it, refraction and the shape of the background, all patterns share.
    """
    known = [(g.difference.value, g.difference.error) for g in gaps if g.difference.status == "determined"]
    pairs = [(value, error) for value, error in known if value is not None and error is not None]
    if not pairs:
        return Estimate(None, None, "Å", "undetermined", "no pattern tells both L and w")
    weights = [error**-2.0 for _, error in pairs]
    mean = sum(weight * value for weight, (value, _) in zip(weights, pairs, strict=True)) / sum(weights)
    return Estimate(mean, sum(error for _, error in pairs) / len(pairs), "Å")


#: Rows of the printed table; the file holds the rest.
_MOST_ROWS = 60


def gaps_text(gaps: Sequence[SeriesGap], unit: str) -> list[str]:
    """Write the gaps of a series as lines of text."""
    head = ["pattern", unit or "value", "w (Å)", "L − w (Å)", "d (Å)"]
    cells = [head]
    for gap in gaps:
        told = [_written(estimate) for estimate in (gap.width, gap.difference, gap.d)]
        cells.append([gap.label, f"{gap.value:g}", *told])
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        "  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    if len(lines) > _MOST_ROWS + 1:
        half = _MOST_ROWS // 2
        lines = [*lines[: half + 1], f"  … {len(lines) - 1 - 2 * half} more in lowangle.csv", *lines[-half:]]
    out = ["low angles: w is the gap of low density, and L − w should be d", "", *lines]
    mean = average_difference(gaps)
    if mean.value is not None:
        out += ["", f"L − w on average {format_estimate(mean)}; most of the error is common to all patterns"]
    reasons = dict.fromkeys(_why(gap) for gap in gaps if gap.width.value is None)
    for why in reasons:
        told = [gap.label for gap in gaps if gap.width.value is None and _why(gap) == why]
        more = f" (and {len(told) - 1} more patterns)" if len(told) > 1 else ""
        out.append(f"! {told[0]}{more}: {why}")
    return out


def gaps_csv(gaps: Sequence[SeriesGap], variable: str, unit: str) -> str:
    """Write one row for each pattern, lengths in Å."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    header = [f"{variable} ({unit})" if unit else variable, "pattern"]
    for name in ("w", "L_minus_w", "d"):
        header += [f"{name} (Å)", f"{name}_error", f"{name}_status"]
    table.writerow([*header, "evidence", "reduced_chi2", "notes"])
    for gap in gaps:
        row = [f"{gap.value:.10g}", gap.label]
        for estimate in (gap.width, gap.difference, gap.d):
            row += [_number(estimate.value), _number(estimate.error), estimate.status]
        record = gap.record
        row += [_number(record.get(name)) for name in ("evidence", "reduced_chi2")]
        table.writerow([*row, str(record.get("failed", "")) or "; ".join(record["notes"])])
    return text.getvalue()


def _why(gap: SeriesGap) -> str:
    return str(gap.record.get("failed", "")) or gap.width.why


def _written(estimate: Estimate) -> str:
    text = format_estimate(estimate).removesuffix(f" {estimate.unit}").replace("not determined", "—")
    return text + (" ?" if estimate.status == "ambiguous" else "")


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.10g}"
