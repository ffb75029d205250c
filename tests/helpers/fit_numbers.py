"""All numbers of a fit as plain data, in full precision, for the comparison with version 0.1.

``tests/files/v0.1/record.py`` imports this with version 0.1 on the path: it must not import slxrd.
"""

from __future__ import annotations

import math
from typing import Any


def numbers_of_estimate(row: Any) -> dict[str, Any]:
    """Numbers and status of one estimate."""
    return {name: getattr(row, name) for name in ("value", "error", "status", "interval_68", "interval_95")}


def numbers_of(fit: Any) -> dict[str, Any]:
    """All numbers of a fit or of a saved one; JSON writes each as ``repr`` does."""
    return {
        "parameters": {name: numbers_of_estimate(row) for name, row in fit.parameters.items()},
        "derived": {name: numbers_of_estimate(row) for name, row in fit.derived.items()},
        "chi2": fit.chi2,
        "reduced_chi2": fit.reduced_chi2,
        "n_points": fit.n_points,
        "names": list(fit.names),
        "covariance": [[v if math.isfinite(v) else None for v in row] for row in fit.covariance.tolist()],
        "solutions": [
            {
                "values": dict(s.values),
                "chi2": s.chi2,
                "delta_chi2": s.delta_chi2,
                "probability": s.probability,
            }
            for s in fit.solutions
        ],
        "unique": fit.unique,
        "converged": fit.converged,
        "regions": [{"scale": r.scale, "background": list(r.background)} for r in fit.regions],
    }
