"""Films plane by plane: sizes, strains, roughness and spreads of d as explicit sums."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
from brute_cells import ComplexArray, FloatArray, nodes, shares


def heights(n: int, d: float, values: Mapping[str, float]) -> FloatArray:
    """Heights in Å of the planes of a film of n planes, from the lowest."""

    def moved(k: int, where: str) -> float:
        depth = values.get(f"depth_{where}", 3.0)
        return values.get(f"strain_{where}", 0.0) * d * depth * (1.0 - math.exp(-k / depth))

    planes = [k * d + moved(k, "bottom") + moved(n - 1, "top") - moved(n - 1 - k, "top") for k in range(n)]
    return np.array(planes)


def column(n: int, d: float, values: Mapping[str, float], q: FloatArray) -> ComplexArray:
    """Amplitude of n planes."""
    return _column(n, d, tuple(values.items()), q.tobytes())


@cache
def _column(n: int, d: float, values: tuple[tuple[str, float], ...], q: bytes) -> ComplexArray:
    return np.exp(1j * np.multiply.outer(np.frombuffer(q), heights(n, d, dict(values)))).sum(axis=1)


def film(mean: int, d: float, values: Mapping[str, float], q: FloatArray) -> ComplexArray:
    """Amplitude of a film whose number of planes varies over distances that scatter coherently."""
    spread = values.get("sigma_top", 0.0) / values["d"]
    if spread == 0.0:
        return column(mean, d, values, q)
    total = np.zeros(q.size, complex)
    for n in range(max(1, mean - math.ceil(8 * spread)), mean + math.ceil(8 * spread) + 1):
        above = [0.5 * math.erfc((k + 0.5 - mean) / (math.sqrt(2.0) * spread)) for k in (n - 1, n)]
        total += (above[0] - above[1]) * column(n, d, values, q)
    return total


def expected(
    values: Mapping[str, float], q: FloatArray, window: float = 5.0
) -> tuple[FloatArray, ComplexArray]:
    """Mean intensity and mean amplitude."""
    intensity, amplitude = np.zeros(q.size), np.zeros(q.size, complex)
    apart, weights = nodes(0.0, values.get("sigma_d", 0.0), 30)
    for n, share in shares(values["N"], values["sigma_N"], window, 0, 1).items():
        for x, weight in zip(apart, weights, strict=True):
            A = film(n, values["d"] * (1.0 + x), values, q)
            intensity += share * weight * np.abs(A) ** 2
            amplitude += share * weight * A
    return intensity, amplitude
