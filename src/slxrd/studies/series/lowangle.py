"""Fit the low angles of every pattern of a series, for the gap between crystals (SI Fig. S1b)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slxrd._arguments import check_fields
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.studies.lowangle.fit import fit_low_angle
from slxrd.studies.series.member import Plain, failed_unless_interrupted
from slxrd.studies.series.result import SeriesMember


@dataclass(frozen=True)
class LowAngleOptions:
    """Options for the low angles of a series.

    Parameters
    ----------
    region : Region
        Region in Å⁻¹.
    critical : float, optional
        Critical scattering vector of the film in Å⁻¹; by default the fits average over values up to 0.06.

    Raises
    ------
    SlxrdError
        If the region does not begin above 0 and above the critical scattering vector.
    """

    region: Region
    critical: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        low = self.region.low
        if low <= 0.0:
            raise SlxrdError(f"low angles {low:g} to {self.region.high:g} Å⁻¹: must begin above 0")
        if self.critical is not None and not 0.0 <= self.critical < low:
            raise SlxrdError(f"critical {self.critical:g}: must be 0 or more, and below {low:g} Å⁻¹")

    @classmethod
    def of(cls, given: LowAngleOptions | tuple[float, float] | None) -> LowAngleOptions | None:
        """Convert a pair (q_min, q_max) to options; return other values unchanged."""
        return cls(Region(*given)) if isinstance(given, tuple) else given


def low_angle_arguments(
    member: SeriesMember, options: Mapping[str, Any], low_angles: LowAngleOptions
) -> dict[str, Any]:
    """Return the arguments of :func:`slxrd.fit_low_angle` for a pattern whose Bragg peaks are fitted.

    Parameters
    ----------
    member : SeriesMember
        The fitted pattern, whose d is used.
    options : mapping
        Options of the fits of the series.
    low_angles : LowAngleOptions
        Region and critical scattering vector.
    """
    d = None if member.failed else member.estimates["d"].value
    common = {name: options[name] for name in ("coherent", "resolution") if name in options}
    ends = (low_angles.region.low, low_angles.region.high)
    return {**common, "region": ends, "d": d, "critical": low_angles.critical}


def fit_low_angles(plain: Plain, arguments: Mapping[str, Any]) -> str:
    """Fit the low angles of one pattern as :func:`slxrd.fit_low_angle` does.

    Returns
    -------
    str
        JSON of the result as a dictionary; or of ``failed``, the reason why there is none.
    """
    try:
        return json.dumps(fit_low_angle(Pattern(**plain), **arguments).as_dictionary(), allow_nan=False)
    except SlxrdError as error:
        return json.dumps({"failed": str(error)})
    except Exception as error:  # a failure of one pattern must not end the series
        return failed_unless_interrupted(error)
