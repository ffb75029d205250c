"""Refine position and width of each reflection of a standard individually."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slxrd.instrument.calibration.doublets import (
    CENTRE,
    CENTRE_2,
    MIXING,
    WIDTH,
    WIDTH_2,
    LinearFit,
    Shapes,
    Window,
    fit_linear,
)
from slxrd.instrument.calibration.refinement import MEASURABLE, minimise
from slxrd.units import FloatArray

#: Largest factor between the width of a single line and that of the common fit.
_WIDEST = 4.0


@dataclass(frozen=True)
class SingleLine:
    """Individual position and width of one reflection.

    Parameters
    ----------
    member : int
        Index of the reflection.
    offset, offset_error : float
        Position minus that of the common fit, in degrees of 2θ.
    fwhm, fwhm_error : float
        Full width at half maximum in degrees.
    height : float
        Height of the first line.
    """

    member: int
    offset: float
    offset_error: float
    fwhm: float
    fwhm_error: float
    height: float


def single_lines(
    pieces: Sequence[Window], parts: Sequence[LinearFit], values: FloatArray, ratio: float
) -> tuple[SingleLine, ...]:
    """Refine each reflection individually, with the mixing of the common fit.

    Parameters
    ----------
    pieces : sequence of Window
        The data.
    parts : sequence of LinearFit
        Result of the common fit for each window.
    values : ndarray, shape (k, 5)
        Lines of the common fit, as in :class:`slxrd.instrument.calibration.doublets.Shapes`.
    ratio : float
        Intensity ratio of the lines of the doublet.

    Returns
    -------
    tuple of SingleLine
        For the reflections above the noise whose position and width are determined.
    """
    found = []
    for piece, part in zip(pieces, parts, strict=True):
        strong = [
            i
            for i, height in enumerate(part.heights)
            if piece.whole[i] and height > MEASURABLE * part.height_errors[i] > 0.0
        ]
        if not strong:
            continue
        common = values[list(piece.members)]
        m = len(strong)
        done = minimise(
            lambda x, piece=piece, common=common, strong=strong: (  # type: ignore[misc]
                fit_linear(piece, _moved(common, strong, x), ratio),
            ),
            np.zeros(2 * m),
            np.concatenate((-common[strong, WIDTH], np.full(m, -math.log(_WIDEST)))),
            np.concatenate((common[strong, WIDTH], np.full(m, math.log(_WIDEST)))),
        )
        if done.covariance is None:
            continue
        errors = np.sqrt(np.diag(done.covariance))
        for j, i in enumerate(strong):
            if done.at_bound[j] or done.at_bound[m + j]:
                continue
            fwhm = float(common[i, WIDTH] * math.exp(done.x[m + j]))
            found.append(
                SingleLine(
                    piece.members[i],
                    float(done.x[j]),
                    float(errors[j]),
                    fwhm,
                    float(fwhm * errors[m + j]),
                    float(done.parts[0].heights[i]),
                )
            )
    return tuple(sorted(found, key=lambda line: line.member))


def _moved(common: FloatArray, strong: Sequence[int], x: FloatArray) -> Shapes:
    """Return the lines shifted by the first half of ``x``, their widths times exp of the second half."""
    m = len(strong)
    values, chain = common.copy(), np.zeros((len(common), MIXING + 1, 2 * m))
    for j, i in enumerate(strong):
        for centre, width in ((CENTRE, WIDTH), (CENTRE_2, WIDTH_2)):
            values[i, centre] += x[j]
            values[i, width] *= math.exp(x[m + j])
            chain[i, centre, j], chain[i, width, m + j] = 1.0, values[i, width]
    return Shapes(values, chain)
