"""Decide whether the third column of a text file is σ.

A column that is named so is accepted. Any other is compared with the intensities: it is σ if it is
proportional to their square root, or agrees with their point-to-point scatter. Everything else, such as an
attenuation factor, a counting time or a calculated curve, is refused with a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from slxrd.errors import FileError
from slxrd.io.shared.counting import last_digit
from slxrd.io.shared.rows import strip_comment_mark
from slxrd.io.text.axis import names_q_or_two_theta
from slxrd.units import FloatArray

#: Largest number of distinct values of a column of settings, such as attenuation factors.
FEW = 10
#: Smallest number of points for a comparison with the scatter, and largest ratio of scatter and σ.
ENOUGH, RATIO = 15, 3.0
#: Share of the points that must agree with a multiple of √intensity, and relative difference that agrees.
MOST, CLOSE = 0.9, 0.01
#: Smallest and largest exponent of the intensity to which σ is proportional (1/2 for counts), and smallest
#: range of log(intensity) in which it is determined.
LEAST, LARGEST, LOGARITHMS = 0.2, 0.8, 1.5
#: Largest ratio of σ to the intensity at the highest intensities.
LARGEST_RELATIVE = 0.6

_SIGMA = re.compile(r"sig|err|e\.?s\.?d|st(?:d|dev|andard)|dev|unc|σ|Δ|δ|±|\bd[iy]\b|^[es]$|poisson", re.I)
_OTHER = re.compile(
    r"calc|fit|model|theor|back|bkg|bgr?$|diff|resid|time|monitor|cps|count|att|filter|absor|factor", re.I
)
_NUMBER = re.compile(r"[+-]?\.?\d")
_CHOICES = (
    "use --columns 1,2,3 if it is σ, --columns axis=1,intensity=2,attenuation=3 if it is an attenuation "
    "factor not yet applied, or --columns 1,2 to leave it out"
)


def check_third_column(
    table: FloatArray, header: Sequence[str], source: str, *, is_sigma: bool = False, usually: bool = False
) -> None:
    """Check that the third column is σ.

    Parameters
    ----------
    table : ndarray, shape (n, 3)
        Axis, intensity, and the column in question.
    header : sequence of str
        Lines before the data.
    source : str
        Path of the file, for messages.
    is_sigma : bool
        The format states that it is σ.
    usually : bool
        It is σ by the suffix of the file name, unless it has a few values only.

    Raises
    ------
    FileError
        If its heading does not mean σ, or it has none and its values cannot be σ for certain.
    """
    heading = _heading(header)
    if heading is not None and _SIGMA.search(heading):
        return
    if heading is not None:
        raise FileError(
            source,
            f"the third column is headed {heading[:40]!r}, and it is not clear that this is σ: {_CHOICES}",
        )
    if is_sigma:
        return
    finite = np.all(np.isfinite(table), axis=1) & (table[:, 2] > 0.0)
    intensity, third = table[finite][:, 1:].T
    problem = _too_few_values(intensity, third) or ("" if usually else _contradiction(intensity, third))
    if problem:
        raise FileError(source, f"it is not clear that the third column is σ ({problem}): {_CHOICES}")


def _heading(header: Sequence[str]) -> str | None:
    """Return the heading of the third column, if a line of the header has three headings."""
    for line in reversed(header):
        nearest = line is header[-1]
        for separator in (";", "\t", ",", None):
            fields = [field.strip(" \"'") for field in strip_comment_mark(line).split(separator)]
            if len(fields) != 3 or any(_NUMBER.match(field) for field in fields[1:]):
                continue
            if not (any(names_q_or_two_theta(fields[0])) or (nearest and separator)):
                continue
            # Three words separated by blanks need not be three headings: "q in 1/Å".
            if separator or _SIGMA.search(fields[2]) or _OTHER.search(fields[2]):
                return fields[2]
            return None
    return None


def _too_few_values(intensity: FloatArray, third: FloatArray) -> str:
    """Return why the column looks like settings; empty if it does not."""
    n, values = third.size, np.unique(third)
    if n == 0 or values.size > max(2, min(FEW, n // 4)):
        return ""
    if values.size == 1:
        return f"it is {values[0]:g} throughout"
    if _follows_root(intensity, third):
        return ""
    return f"it has only {values.size} values, {values[0]:g} to {values[-1]:g}, as attenuation factors have"


def _contradiction(intensity: FloatArray, third: FloatArray) -> str:
    """Return what in the intensities contradicts that the column is their σ; empty if nothing does."""
    if third.size == 0 or _follows_root(intensity, third):
        return ""
    high = intensity >= np.quantile(intensity, 0.75)
    relative = float(np.median(third[high] / intensity[high]))
    if relative > LARGEST_RELATIVE:
        return f"it is {relative:.2g} times the highest intensities"
    if third.size < ENOUGH:
        return ""
    exponent = _exponent(intensity, third)
    if exponent is None:
        return "the intensities vary too little to see whether it increases as their root"
    if not LEAST <= exponent <= LARGEST:
        return f"it increases as the power {exponent:.2g} of the intensity"
    second = np.abs(intensity[:-2] - 2.0 * intensity[1:-1] + intensity[2:]) / np.sqrt(6.0)
    ratio = float(np.median(second / third[1:-1])) / 0.6745
    if 1.0 / RATIO <= ratio <= RATIO:
        return ""
    return f"neighbouring intensities scatter by {ratio:.2g} times its values"


def _follows_root(intensity: FloatArray, third: FloatArray) -> bool:
    """Return True if the column is a multiple of √intensity, or √intensity rounded; or 1 where that is 0."""
    positive = intensity > 0.0
    if np.unique(intensity[positive]).size < 3:
        return False
    root, found = np.sqrt(intensity[positive]), third[positive]
    factor = float(np.median(found / root))
    close = np.abs(found - factor * root) <= CLOSE * found
    digit = last_digit(found)
    rounded = np.abs(found - digit * np.rint(root / digit)) <= 1e-6
    return bool(max(np.mean(close), np.mean(rounded)) >= MOST)


def _exponent(intensity: FloatArray, third: FloatArray) -> float | None:
    """Return the power of the intensity to which the column is proportional; None if it is not determined."""
    positive = intensity > 0.0
    logarithms = np.log(intensity[positive])
    if logarithms.size < 5 or np.ptp(np.quantile(logarithms, [0.05, 0.95])) < LOGARITHMS:
        return None
    return float(np.polyfit(logarithms, np.log(third[positive]), 1)[0])
