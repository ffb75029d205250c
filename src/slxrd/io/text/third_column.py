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
from slxrd.io.shared.rows import strip_comment_mark
from slxrd.io.text.axis import names_q_or_two_theta
from slxrd.units import FloatArray

#: Largest number of distinct values of a column of settings, such as attenuation factors.
FEW = 10
#: Smallest number of points for a comparison with the scatter, and largest ratio of scatter and σ.
ENOUGH, RATIO = 15, 4.0
#: Share of the points that must agree with a multiple of √intensity, and relative difference that agrees.
MOST, CLOSE = 0.9, 0.01
#: Largest spread of log(σ²/intensity) in a file too short for a comparison with the scatter.
SPREAD = 0.7

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
    if _follows_root(intensity, third) or _increases(intensity, third):
        return ""
    return f"it has only {values.size} values, {values[0]:g} to {values[-1]:g}, as attenuation factors have"


def _contradiction(intensity: FloatArray, third: FloatArray) -> str:
    """Return what in the intensities contradicts that the column is their σ; empty if nothing does."""
    if third.size == 0 or _follows_root(intensity, third):
        return ""
    if third.size < ENOUGH:
        return "" if _roughly_root(intensity, third) else "it does not increase as √intensity"
    second = np.abs(intensity[:-2] - 2.0 * intensity[1:-1] + intensity[2:]) / np.sqrt(6.0)
    ratio = float(np.median(second / third[1:-1])) / 0.6745
    if 1.0 / RATIO <= ratio <= RATIO:
        return ""
    return f"neighbouring intensities scatter by {ratio:.2g} times its values"


def _follows_root(intensity: FloatArray, third: FloatArray) -> bool:
    """Return True if the column is a multiple of √intensity, except where the intensity is 0."""
    positive = intensity > 0.0
    if np.unique(intensity[positive]).size < 3:
        return False
    root = np.sqrt(intensity[positive])
    factor = float(np.median(third[positive] / root))
    close = np.abs(third[positive] - factor * root) <= CLOSE * third[positive]
    return bool(np.mean(close) >= MOST)


def _increases(intensity: FloatArray, third: FloatArray) -> bool:
    """Return True if the column is an increasing function of the intensity, such as a rounded root."""
    order = np.lexsort((third, intensity))
    different = np.unique(intensity).size
    steps = np.diff(third[order])
    return bool(np.all(steps >= 0.0)) and np.unique(third).size > max(2, different // 2)


def _roughly_root(intensity: FloatArray, third: FloatArray) -> bool:
    positive = intensity > 0.0
    if not positive.any():
        return True
    quantum = third[positive] ** 2 / intensity[positive]
    logarithm = np.log(quantum)
    spread = float(np.median(np.abs(logarithm - np.median(logarithm)))) / 0.6745
    return spread <= SPREAD and float(np.median(quantum)) <= intensity.max()
