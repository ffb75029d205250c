"""Phase factors at equidistant q: most are the product of two, as exponentials take longer."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def waves(places: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Return e^{iqz} for each place z, at equidistant q; shape (number of places, number of q)."""
    step = (q[-1] - q[0]) / (q.size - 1)
    assert np.ptp(np.diff(q)) < 1e-6 * step
    n = math.isqrt(q.size) + 1
    begins = np.exp(1j * np.outer(places, q[::n]))
    onwards = np.exp(1j * np.outer(places, step * np.arange(n)))
    return (begins[:, :, None] * onwards[:, None, :]).reshape(len(places), -1)[:, : q.size]
