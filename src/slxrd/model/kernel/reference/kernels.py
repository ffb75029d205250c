"""The kernels in NumPy."""

from __future__ import annotations

from slxrd.model.kernel.arrays import FloatArray, Sample
from slxrd.model.kernel.geometry import distances as distances
from slxrd.model.kernel.geometry import is_equal_planes
from slxrd.model.kernel.geometry import reach as reach
from slxrd.model.kernel.reference import cells, equal_planes
from slxrd.model.kernel.reference.film_means import film_means as film_means
from slxrd.model.kernel.reference.interference import add_interference as add_interference
from slxrd.model.kernel.reference.smearing import smear as smear

#: Whether these kernels are compiled.
COMPILED = False


def curves(
    p: FloatArray, q: FloatArray, delta: FloatArray, s: Sample, pairs: int, derivatives: bool
) -> FloatArray:
    """Mean intensity of the stacks and its exact derivatives; see ``dispatch.curves``."""
    if is_equal_planes(s):
        return equal_planes.curves(p, q, delta, s, pairs, derivatives)
    return cells.curves(p, q, delta, s, pairs, derivatives)
