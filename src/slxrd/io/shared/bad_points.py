"""Leave out single points that cannot be used, and record which; refuse scans with many."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from slxrd.data.pattern import LARGEST, Step
from slxrd.errors import FileError
from slxrd.units import FloatArray

#: Largest share of the points of a scan that are left out; in short scans a few points may be more.
LARGEST_SHARE = 0.1
FEW, LARGEST_SHARE_OF_FEW = 3, 0.25
#: Largest intensity that can be counted; up to it, whole numbers are exact in double precision.
LARGEST_COUNT = 1e15
#: Number of points that are listed in the history.
LISTED = 5
#: Name of the step in the history.
STEP_NAME = "points left out"

#: Names of the columns, other than the axis, that must be positive.
ATTENUATION, SIGMA, INTENSITY = "attenuation factor", "σ", "intensity"


def usable(
    columns: Mapping[str, FloatArray], source: str, *, counts: bool, lines: NDArray[np.int_] | None = None
) -> tuple[NDArray[np.bool_], tuple[Step, ...]]:
    """Find the points that can be used.

    A point is left out if its axis value is not positive (2θ: not between 0 and 180°), if its σ or
    attenuation factor is not positive, if its counts are negative or impossibly many, or if a value is not
    finite.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        The axis first (``"q"``, ``"2θ"`` or another name), then the intensity and others.
    source : str
        Path of the file, for messages.
    counts : bool
        The intensities are counts, so that none can be negative.
    lines : ndarray of int, shape (n,), optional
        Line of each point in the file, for messages; otherwise the points are counted from 1.

    Returns
    -------
    ndarray of bool, shape (n,)
        True for the points that can be used.
    tuple of Step
        The entry of the history; empty if all can be used.

    Raises
    ------
    FileError
        If more than ``LARGEST_SHARE`` of the points cannot be used, unless they are only a ``FEW``.
    """
    reasons = dict(_reasons(columns, counts))
    bad = np.any(list(reasons.values()), axis=0)
    n, found = bad.size, int(bad.sum())
    if found == 0:
        return ~bad, ()
    numbers = np.arange(1, n + 1) if lines is None else lines
    word = "point" if lines is None else "line"
    listed = np.zeros(n, dtype=bool)
    details: dict[str, str | float | int] = {}
    for reason, where in reasons.items():
        fresh = numbers[where & ~listed]
        listed |= where
        if fresh.size:
            details[reason] = f"{word} {_list(fresh)}"
    if found > most_left_out(n):
        problem = "; ".join(f"{reason}: {text}" for reason, text in details.items())
        raise FileError(source, f"{found} of {n} points cannot be used ({problem}); {_advice(reasons)}")
    return ~bad, (Step(STEP_NAME, {"number": found, **details}),)


def most_left_out(n: int) -> float:
    """Return the largest number of points that may be left out of ``n``."""
    return max(LARGEST_SHARE * n, min(FEW, LARGEST_SHARE_OF_FEW * n))


def _reasons(columns: Mapping[str, FloatArray], counts: bool) -> list[tuple[str, NDArray[np.bool_]]]:
    axis, *_ = columns
    reasons = []
    # The intensity last: it is often calculated from the others.
    for name, values in sorted(columns.items(), key=lambda each: each[0] == INTENSITY):
        finite = np.isfinite(values)
        reasons.append((f"{name} not a number", np.isnan(values)))
        reasons.append(
            (f"{name} infinite or above {LARGEST:g}", ~np.isnan(values) & ~(np.abs(values) <= LARGEST))
        )
        if name == "2θ":
            reasons.append(("2θ not between 0 and 180°", finite & ((values <= 0.0) | (values >= 180.0))))
        elif name in (axis, SIGMA, ATTENUATION):
            reasons.append((f"{name} not positive", finite & (values <= 0.0)))
        elif name == INTENSITY and counts:
            reasons.append(("negative counts", finite & (values < 0.0)))
            reasons.append(("impossibly many counts", finite & (values > LARGEST_COUNT)))
    return reasons


def _list(numbers: NDArray[np.int_]) -> str:
    shown = ", ".join(str(number) for number in numbers[:LISTED].tolist())
    return shown if numbers.size <= LISTED else f"{shown} and {numbers.size - LISTED} more"


def _advice(reasons: Mapping[str, NDArray[np.bool_]]) -> str:
    if reasons.get(f"{SIGMA} not positive", np.zeros(1)).any():
        return (
            "leave the third column out (--columns 1,2), with --noise counting if the intensities are counts"
        )
    return "correct or remove them, or export the scan again"
