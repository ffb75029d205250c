"""Text summary of the scans of a file (``slxrd info``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd._escape import on_one_line
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError

#: Metadata that are shown in other rows, or are too long.
_NOT_LISTED = {"format", "sha256", "header", "wavelength from", "counting time (s)"}


def describe_scans(source: str, scans: Sequence[Pattern | SlxrdError]) -> str:
    """Summarise the scans of a file as text.

    Parameters
    ----------
    source : str
        Path of the file.
    scans : sequence of Pattern or SlxrdError
        In the order of the file; the error for a scan that could not be read.
    """
    several = len(scans) > 1
    lines = [on_one_line(source)]
    for number, scan in enumerate(scans, 1):
        if several:
            lines += ["", f"scan {number} of {len(scans)}"]
        if isinstance(scan, Pattern):
            lines += [f"  {name:<14}{value}" for name, value in _rows(scan)]
        else:
            lines.append(f"  not read: {str(scan).removeprefix(source).lstrip(':, ')}")
    return "\n".join(lines)


def _rows(pattern: Pattern) -> list[tuple[str, str]]:
    steps = np.diff(pattern.x)
    unit = " Å⁻¹" if pattern.axis == "q" else "°"
    name = "q" if pattern.axis == "q" else "2θ"
    step = f"step {np.median(steps):.5g}{unit}"
    if np.ptp(steps) > 0.01 * np.median(steps):
        step = f"steps {steps.min():.5g} to {steps.max():.5g}{unit}"
    rows = [
        ("format", str(pattern.metadata.get("format", "unknown"))),
        (name, f"{pattern.x[0]:.6g} to {pattern.x[-1]:.6g}{unit}, {len(pattern)} points, {step}"),
    ]
    if pattern.wavelength is not None:
        text = f"{pattern.wavelength:.6f} Å"
        if pattern.second_line is not None:
            second = pattern.second_line
            text += f", and {second.wavelength:.6f} Å of {second.ratio:.3g} times its intensity"
        rows.append(("wavelength", f"{text} (from {pattern.metadata.get('wavelength from', 'the user')})"))
    rows.append(("intensity", _intensity(pattern)))
    time = pattern.metadata.get("counting time (s)")
    if time is not None:
        rows.append(("counting time", f"{time:.6g} s per point" if isinstance(time, float) else str(time)))
    rows += [(key, str(value)) for key, value in pattern.metadata.items() if key not in _NOT_LISTED]
    rows += [("done", str(done)) for done in pattern.history]
    return rows


def _intensity(pattern: Pattern) -> str:
    ends = pattern.intensity.min(), pattern.intensity.max()
    text = " to ".join(f"{end:.0f}" if end.is_integer() and abs(end) < 1e12 else f"{end:.6g}" for end in ends)
    if pattern.per_count is None:
        text += ", not known to be counts"
    elif np.all(pattern.per_count == 1.0):
        text += " counts"
    elif np.all(pattern.per_count == pattern.per_count[0]):
        text += f", {pattern.per_count[0]:.5g} for one count"
    elif pattern.per_count.min() == 1.0:
        text += f" counts, attenuation factors 1 to {pattern.per_count.max():.5g}"
    else:
        text += f", {pattern.per_count.min():.5g} to {pattern.per_count.max():.5g} for one count"
    return text + (", with σ" if pattern.sigma is not None else "")
