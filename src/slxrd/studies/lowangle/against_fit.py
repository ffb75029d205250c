"""What a fit of the Bragg peaks said, read back from its result.json, and compared with the low angles."""

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
        As ``slxrd fit --out`` writes it.

    Raises
    ------
    FileError
        If it cannot be read, or is not such a file.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        rows = {**told["parameters"], **told["derived"]}
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
        raise FileError(path, "does not tell d; give it with --d")
    return found


def compared(found: LowAngle, known: Mapping[str, Estimate]) -> tuple[dict[str, Any], str]:
    """Compare w with the L of a fit: L − w should be d.

    Parameters
    ----------
    found : LowAngle
        From the low angles.
    known : mapping of str to Estimate
        From :func:`fitted_parameters`.
    """
    difference, d = found.mismatch(known["L"]), known["d"]
    told: dict[str, Any] = {"L": asdict(known["L"]), "d": asdict(d), "L_minus_w": asdict(difference)}
    if difference.value is None or difference.error is None or d.value is None:
        return told, f"L − w: not determined [{difference.why}]"
    error = math.hypot(difference.error, d.error or 0.0)
    off = (difference.value - d.value) / error
    told["deviation_in_errors"] = off
    verdict = "the same gap" if abs(off) < 3.0 else "not the same: a surface layer, or another solution for L"
    return told, (
        f"L of the fit {format_estimate(known['L'])}; L − w = {format_estimate(difference)}, d = "
        f"{format_estimate(d)}: {abs(off):.1f} σ apart, {verdict}"
    )
