"""What Rigaku's text formats share: names of scans, and counting times."""

from __future__ import annotations

import re

from slxrd.errors import FileError
from slxrd.io.instrument_text import counting_time, number
from slxrd.pattern import Step

#: Scans over 2θ → degrees of 2θ in a unit of their axis. ω-2θ moves both, and its axis is ω.
_SCANS = {
    "twothetatheta": 1.0,
    "twothetaomega": 1.0,
    "twotheta": 1.0,
    "omegatwotheta": 2.0,
    "thetatwotheta": 1.0,  # MiniFlex writes "Theta/2-Theta" over 2θ
}


def two_theta_factor(name: str, source: str) -> tuple[float, tuple[Step, ...]]:
    """Degrees of 2θ in a degree of a scan's axis, and the step that tells of it.

    Raises
    ------
    FileError
        If 2θ does not move in the scan, or not alone, or its name is not known.
    """
    plain = re.sub(r"2|２", "two", name.lower().replace("θ", "theta").replace("ω", "omega"))
    factor = _SCANS.get(re.sub(r"[^a-z]", "", plain))
    if factor is None:
        raise FileError(source, f"is a scan of {name[:40]!r}; only scans over 2θ are read")
    return factor, (Step("2θ = 2ω"),) if factor != 1.0 else ()


def time_per_point(speed: str | None, unit: str | None, step: str | None, source: str) -> float | None:
    """Counting time of a point in s, from a speed in s a step or degrees a minute or second, if told."""
    if not speed or not unit:
        return None
    unit = unit.lower().replace(" ", "")
    if unit.startswith("sec"):
        return (
            counting_time(speed, "the counting time", source) if number(speed, "the speed", source) else None
        )
    per = re.fullmatch(r"deg[a-z.]*/(min|s(?:ec)?)\.?", unit)
    if per and step:
        rate = number(speed, "the speed of the scan", source)
        width = number(step, "the step", source)
        time = (60.0 if per[1] == "min" else 1.0) * abs(width / rate) if rate else 0.0
        return time if 1e-6 <= time <= 1e7 else None
    return None
