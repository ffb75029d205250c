"""Zero errors of several scans of one sample."""

from __future__ import annotations

import re
from dataclasses import replace

from slxrd.parameters.parameter_info import ParameterInfo

_OF_FURTHER_SCAN = re.compile(r"q_zero_([2-9]|[1-9]\d+)")


def zero_of_scan(scan: int) -> str:
    """Name of the zero error of a scan: ``q_zero`` of the first (0), ``q_zero_2`` of the second (1)."""
    return "q_zero" if scan == 0 else f"q_zero_{scan + 1}"


def scan_of_zero(name: str) -> int | None:
    """Index of the further scan (1 for the second) that a zero error belongs to; None for other names."""
    found = _OF_FURTHER_SCAN.fullmatch(name)
    return None if found is None else int(found[1]) - 1


def zero_parameter(name: str, first: ParameterInfo) -> ParameterInfo | None:
    """Definition of the zero error of a further scan, from that of the first; None for other names."""
    scan = scan_of_zero(name)
    if scan is None:
        return None
    meaning = f"zero error of scan {scan + 1}: true q = measured q + {name}"
    return replace(first, name=name, symbol=f"q₀({scan + 1})", meaning=meaning)
