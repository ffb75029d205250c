"""Compare the gap from low angles with L from a fit of the Bragg peaks, read from its result.json."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from slxrd.errors import FileError, unreadable
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate
from slxrd.studies.lowangle.result import LowAngle


def fitted_parameters(path: Path) -> dict[str, Estimate]:
    """Read the estimates of parameters and derived quantities from a ``result.json``.

    Parameters
    ----------
    path : Path
        File written by ``slxrd fit --out``.

    Returns
    -------
    dict of str to Estimate
        Estimates by name.

    Raises
    ------
    FileError
        If the file cannot be read, or is not such a file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = {**content["parameters"], **content["derived"]}
        names = {field.name for field in fields(Estimate)} - {"interval_68", "interval_95"}
        found = {
            key: Estimate(**{name: row[name] for name in names if name in row}) for key, row in rows.items()
        }
        complete = {"d", "L", "N", "sigma_L"} <= set(found)
    except OSError as error:
        raise unreadable(path, error) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        complete = False
    if not complete:
        raise FileError(path, "is not a result.json of slxrd fit; write one with slxrd fit --out")
    if found["d"].value is None:
        raise FileError(path, "does not contain d; give it with --d")
    return found


def compare_with_fit(found: LowAngle, known: Mapping[str, Estimate]) -> tuple[dict[str, Any], str]:
    """Compare w with L of a fit: L − w should be d.

    Parameters
    ----------
    found : LowAngle
        Result of the low-angle region.
    known : mapping of str to Estimate
        Estimates of the fit, from :func:`fitted_parameters`.

    Returns
    -------
    data : dict
        L, d, L − w and its deviation from d, for JSON.
    text : str
        One line of text.
    """
    difference, d = found.mismatch(known["L"]), known["d"]
    data: dict[str, Any] = {"L": asdict(known["L"]), "d": asdict(d), "L_minus_w": asdict(difference)}
    if difference.value is None or difference.error is None or d.value is None:
        return data, f"L − w: not determined [{difference.why}]"
    error = math.hypot(difference.error, d.error or 0.0)
    deviation = (difference.value - d.value) / error
    data["deviation_in_errors"] = deviation
    conclusion = (
        "the same gap" if abs(deviation) < 3.0 else "not the same: a surface layer, or another solution for L"
    )
    return data, (
        f"L of the fit {format_estimate(known['L'])}; L − w = {format_estimate(difference)}, d = "
        f"{format_estimate(d)}: {abs(deviation):.1f} σ apart, {conclusion}"
    )
