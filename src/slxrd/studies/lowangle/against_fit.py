"""Compare the gap from low angles with L from a fit of the Bragg peaks, read from its result.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from slxrd._documents import read_json
from slxrd.errors import FileError
from slxrd.fitting.record.migrations import migrated
from slxrd.fitting.record.saved_fit import SavedFit
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
    otherwise = "is not a result.json of slxrd fit; write one with slxrd fit --out"
    document = read_json(path, otherwise)
    if not isinstance(document, dict) or "parameters" not in document:
        raise FileError(path, otherwise)
    saved = SavedFit.from_dictionary(migrated(document, path), path)
    estimates = {**saved.parameters, **saved.derived}
    found = {name: replace(each, interval_68=(), interval_95=()) for name, each in estimates.items()}
    if not {"d", "L", "N", "sigma_L"} <= set(found):
        raise FileError(path, otherwise)
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
