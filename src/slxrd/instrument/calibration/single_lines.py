"""Each line of a standard measured by itself: where it is and how wide."""

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
    Projected,
    Shapes,
    Window,
    project,
)
from slxrd.instrument.calibration.refinement import MEASURABLE, minimise
from slxrd.units import FloatArray

#: Factor by which the width of a single line may differ from the curve.
_WIDEST = 4.0


@dataclass(frozen=True)
class SingleLine:
    """One reflection, measured by itself.

    Parameters
    ----------
    member : int
        Which reflection.
    offset, offset_error : float
        How far it lies from where the common fit has it, in degrees of 2θ.
    fwhm, fwhm_error : float
        Its own full width at half maximum in degrees.
    height : float
        Of its first line.
    """

    member: int
    offset: float
    offset_error: float
    fwhm: float
    fwhm_error: float
    height: float


def single_lines(
    pieces: Sequence[Window], parts: Sequence[Projected], values: FloatArray, ratio: float
) -> tuple[SingleLine, ...]:
    """Measure each reflection by itself, with the mixing that all have in common.

    Parameters
    ----------
    pieces : sequence of Window
        The data.
    parts : sequence of Projected
        What the common fit left of them.
    values : ndarray, shape (k, 5)
        Where the common fit has the lines, as in :class:`slxrd.instrument.calibration.doublets.Shapes`.
    ratio : float
        Of the lines.

    Returns
    -------
    tuple of SingleLine
        Of those reflections that stand out of the noise and whose place and width the data determine.
    """
    told = []
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
                project(piece, _own(common, strong, x), ratio),
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
            told.append(
                SingleLine(
                    piece.members[i],
                    float(done.x[j]),
                    float(errors[j]),
                    fwhm,
                    float(fwhm * errors[m + j]),
                    float(done.parts[0].heights[i]),
                )
            )
    return tuple(sorted(told, key=lambda line: line.member))


def _own(common: FloatArray, strong: Sequence[int], x: FloatArray) -> Shapes:
    """Lines that are moved by the first half of ``x``, and wider by the exponential of the second."""
    m = len(strong)
    values, chain = common.copy(), np.zeros((len(common), MIXING + 1, 2 * m))
    for j, i in enumerate(strong):
        for centre, width in ((CENTRE, WIDTH), (CENTRE_2, WIDTH_2)):
            values[i, centre] += x[j]
            values[i, width] *= math.exp(x[m + j])
            chain[i, centre, j], chain[i, width, m + j] = 1.0, values[i, width]
    return Shapes(values, chain)
