"""Kinds of disorder that are defined by Python functions, for every kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from slxrd.model.kernel.arrays import GapFunction, Sample
from slxrd.model.kernel.dispatch import curves
from slxrd.parameters.disorder.term import DisorderTerm, combined_factor
from slxrd.units import FloatArray

#: A σ_u in Å so large that different crystals do not interfere at any q above 1e-9 Å⁻¹.
_NO_INTERFERENCE = 1e100


def curves_with_disorder(
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    pairs: int,
    derivatives: bool,
    disorders: Sequence[DisorderTerm],
    names: Sequence[str],
    gaps: GapFunction | None = None,
) -> FloatArray:
    """Mean intensity and derivatives with the factors of some kinds of disorder.

    Every row of a kernel is linear in the factor D on the interference: rows(D) = rows(0) + D[rows(1) −
    rows(0)]. The kernel is therefore called twice; without interference σ_u is practically infinite.

    Parameters
    ----------
    p, q, delta, s, pairs, derivatives
        As in :func:`slxrd.model.kernel.dispatch.curves`.
    disorders : sequence of DisorderTerm
        The kinds of disorder; may be empty.
    names : sequence of str, length k
        Names of the parameters.
    gaps : GapFunction, optional
        The gaps; by default Gaussian, with nothing in them.

    Returns
    -------
    ndarray, shape (1 + k, n)
        As in :func:`slxrd.model.kernel.dispatch.curves`.

    Raises
    ------
    SlxrdError
        If a kind of disorder does not return finite arrays of the right shape.
    """
    rows = curves(p, q, delta, s, pairs, derivatives, gaps)
    if not disorders:
        return rows
    if s.sigma_u < 0:
        apart, without = np.append(p, _NO_INTERFERENCE), replace(s, sigma_u=p.size)
    else:
        apart, without = p.copy(), s
        apart[s.sigma_u] = _NO_INTERFERENCE
    alone = curves(apart, q, delta, without, pairs, derivatives, gaps)[: len(rows)]
    values: Mapping[str, float] = dict(zip(names, p.tolist(), strict=True))
    D = combined_factor(disorders, q, values)
    interference = rows[0] - alone[0]
    total: FloatArray = alone + D.value * (rows - alone)
    total[6] += D.by_q * interference
    for name, slope in D.by_parameter.items():
        if name in names:
            total[1 + names.index(name)] += slope * interference
    return total
