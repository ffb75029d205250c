"""Fewer points for the screen, without losing a peak."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from slxrd.units import FloatArray

#: More points than this are not drawn: four to each pixel of a wide screen.
MOST_POINTS = 8000


def decimated(x: FloatArray, y: FloatArray, most: int = MOST_POINTS) -> tuple[FloatArray, FloatArray]:
    """Keep the lowest and the highest point of each stretch, and both ends.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Points, x increasing.
    most : int
        How many may remain, 4 or more.

    Returns
    -------
    x, y : ndarray, shape (m,)
        m ≤ ``most``; the arrays themselves where they are short enough.
    """
    if x.size <= most:
        return x, y
    stretches = (most - 2) // 2
    edges = np.linspace(0, x.size, stretches + 1).astype(int)
    kept = {0, x.size - 1}
    for a, b in pairwise(edges.tolist()):
        kept |= {int(a + np.argmin(y[a:b])), int(a + np.argmax(y[a:b]))}
    chosen = np.array(sorted(kept))
    return x[chosen], y[chosen]
