"""Refinement of low-angle curves by bounded least squares.

Refraction shifts the dips, and the data hardly determine the critical scattering vector. Unless it is given,
the curve is refined at all values up to a limit, and the results are weighted with exp(−χ²/2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slxrd._least_squares import Residuals, covariance, minimise, undetermined
from slxrd.data.regions import RegionData
from slxrd.studies.lowangle.model import HEIGHTS, NAMES, LowAngleModel
from slxrd.units import FloatArray

BoolArray = NDArray[np.bool_]

#: Bounds of the parameters in the order of NAMES.
LOWER = np.array([3.0, 0.0, 5.0, 0.2, -3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
UPPER = np.array([200.0, 20.0, 400.0, 100.0, 6.0, 25.0, np.inf, np.inf, np.inf, 25.0, np.inf])
#: Directions in which χ² is flatter than this, relative to the steepest, are not determined.
FLAT = 1e-10


@dataclass(frozen=True, eq=False)
class Refinement:
    """Result of one refinement.

    Parameters
    ----------
    model : LowAngleModel
        Model of the curve.
    values : ndarray, shape (11,)
        Parameters in the order of :data:`slxrd.studies.lowangle.model.NAMES`.
    free : ndarray of bool, shape (11,)
        Whether each parameter was refined and is not at a bound.
    covariance : ndarray, shape (11, 11)
        Covariance for the given σ; infinite on the diagonal where χ² is flat, 0 for parameters that are fixed
        or at a bound.
    curve : ndarray, shape (n,)
        Calculated intensity.
    chi2 : float
        Σ (residual/σ)².
    """

    model: LowAngleModel
    values: FloatArray
    free: BoolArray
    covariance: FloatArray
    curve: FloatArray
    chi2: float

    def value(self, name: str) -> float:
        """Return the value of a parameter."""
        return float(self.values[NAMES.index(name)])

    def error(self, name: str) -> float:
        """Return the standard deviation of a parameter; infinite where χ² is flat, 0 if it is fixed."""
        i = NAMES.index(name)
        return math.sqrt(float(self.covariance[i, i]))

    def bic(self) -> float:
        """Return n ln(χ²/n) + k ln n, for which σ need be known only up to a factor."""
        return _bic(self.chi2, self.curve.size, int(self.free.sum()))


def fixed_names(model: LowAngleModel, *names: str) -> tuple[str, ...]:
    """Return the given names and those of the parameters that the model does not use."""
    second = () if model.background == "both" else ("fall_2", "smooth_2")
    return (*names, *second, *(() if model.fringes else ("t", "sigma_t")))


def refine(
    model: LowAngleModel,
    data: RegionData,
    start: FloatArray,
    fix: Sequence[str] = (),
    tolerance: float = 1e-9,
) -> Refinement:
    """Refine a curve by bounded least squares with the analytical Jacobian.

    Parameters
    ----------
    model : LowAngleModel
        Model of the curve.
    data : RegionData
        Points and σ.
    start : ndarray, shape (11,)
        Starting values; moved inside the bounds if necessary.
    fix : sequence of str
        Parameters to fix at their starting values.
    tolerance : float
        Relative change of χ² and of the parameters at which to stop.

    Returns
    -------
    Refinement
        The minimum that was reached.
    """
    refined = np.array([name not in fixed_names(model, *fix) for name in NAMES])
    lower, upper = LOWER[refined], UPPER[refined]
    margin = 1e-6 * np.where(np.isfinite(upper), upper - lower, 1.0)
    base = start.copy()

    def full(vector: FloatArray) -> FloatArray:
        base[refined] = vector
        return base

    def evaluate(vector: FloatArray) -> Residuals:
        curve, slopes = model.curve(full(vector))
        return Residuals((curve - data.intensity) / data.sigma, (slopes[refined] / data.sigma).T)

    done = minimise(
        evaluate, np.clip(start[refined], lower + margin, upper - margin), lower, upper, ftol=tolerance,
        xtol=tolerance, gtol=1e-12, most_evaluations=150,
    )  # fmt: skip
    values = full(done.x).copy()
    # A height below a thousandth of the median σ counts as zero.
    least = 1e-3 * float(np.median(data.sigma)) * np.array([name in HEIGHTS for name in NAMES])
    free = refined & (values > LOWER + np.maximum(1e-4, least)) & (values < UPPER - 1e-4)
    curve, slopes = model.curve(values)
    information = (slopes / data.sigma) @ (slopes / data.sigma).T
    matrix = covariance(information, free, flat=FLAT)
    unknown = list(undetermined(information, free, flat=FLAT, share=0.05))
    matrix[unknown, unknown] = np.inf
    return Refinement(model, values, free, matrix, curve, done.chi2)


def refine_over_refraction(best: Refinement, data: RegionData, critical: FloatArray) -> list[Refinement]:
    """Refine at each critical scattering vector, starting from the nearest one that is refined already.

    Parameters
    ----------
    best : Refinement
        Where to start.
    data : RegionData
        Points and σ.
    critical : ndarray, shape (m,)
        Critical scattering vectors in Å⁻¹.

    Returns
    -------
    list of Refinement
        One for each critical scattering vector, in their order.
    """
    order = np.argsort(np.abs(critical - best.model.critical), kind="stable")
    done: dict[float, Refinement] = {}
    for value in critical[order].tolist():
        nearest = min(done, key=lambda other: abs(other - value), default=None)
        start = best.values if nearest is None else done[nearest].values
        done[value] = refine(replace(best.model, critical=value), data, start, tolerance=1e-7)
    return [done[value] for value in critical.tolist()]


def smooth_bic(data: RegionData) -> float:
    """Return the BIC of a curve without dips: exp of a fifth-order polynomial in ln q, plus a constant."""
    x = np.log(data.q)
    x = (2.0 * x - x[0] - x[-1]) / (x[-1] - x[0])
    powers = np.vander(x, 6, increasing=True).T
    size = float(np.max(np.abs(data.intensity)))

    def evaluate(vector: FloatArray) -> Residuals:
        falling = size * np.exp(np.minimum(vector[:6] @ powers, 50.0))
        return Residuals(
            (falling + size * vector[6] - data.intensity) / data.sigma,
            (np.vstack((falling * powers, np.full_like(x, size))) / data.sigma).T,
        )

    logs = np.log(np.maximum(data.intensity, 1e-3 * np.median(np.abs(data.intensity))) / size)
    start = np.append(np.linalg.lstsq(powers.T, logs, rcond=None)[0], 0.0)
    return _bic(minimise(evaluate, start).chi2, x.size, 7)


def _bic(chi2: float, n: int, k: int) -> float:
    return n * math.log(max(chi2, 1e-12 * n) / n) + k * math.log(n)
