"""Starts for a substrate below a film, from linear least squares.

With d, N and σ_N given, the curve is linear in four quantities: the scale, the intensity of the substrate,
and the two phases of the interference. f_S, coherence_S and L_S follow from them.
"""

from __future__ import annotations

import cmath
import math

import numpy as np

from slxrd.data.regions import RegionData
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.film.curves import film_curves, relative_errors, rod_curves
from slxrd.fitting.search.film.interfering import best_mixtures
from slxrd.model.kernel.arrays import ComplexArray
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Starting values of f_S and of coherence_S lie within these limits.
LIMITS_F, LEAST_COHERENCE = (0.02, 50.0), 0.3
#: Distances at the interface that are searched, in turns of the phase about that in the substrate.
NEAR = 0.75


def substrate_values(
    objective: Objective, parameters: Parameters, d: float, N: float, sigma_N: float
) -> dict[str, float]:
    """Estimate f_S, coherence_S and L_S for a film of given structure.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a film on a substrate.
    parameters : Parameters
        Fixed values, starts and bounds.
    d : float
        Distance of planes in Å.
    N, sigma_N : float
        Mean and standard deviation of the number of planes.

    Returns
    -------
    dict of str to float
        Values within the bounds.
    """
    q = strongest_region(objective)[0].q + (parameters["q_zero"].value or 0.0)
    film = film_curves(q, d, np.array([N]), np.array([sigma_N]), objective.model.instrument, True)
    assert film.amplitude is not None
    return interface_values(objective, parameters, film.intensity[:, 0], film.amplitude[:, 0], d)


def strongest_region(objective: Objective) -> tuple[RegionData, FloatArray]:
    """Return the points of the region with the highest intensity, and the columns of its background."""
    k = max(range(len(objective.data)), key=lambda i: float(objective.data[i].intensity.max()))
    return objective.data[k], objective.backgrounds[k]


def interface_values(
    objective: Objective, parameters: Parameters, intensity: FloatArray, amplitude: ComplexArray, d: float
) -> dict[str, float]:
    """Estimate f_S, coherence_S and L_S for a known curve of what is on the substrate.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        Fixed values, starts and bounds.
    intensity, amplitude : ndarray, shape (n,)
        Mean intensity and mean amplitude in the strongest region, measured from the lowest plane.
    d : float
        Distance of planes in Å.

    Returns
    -------
    dict of str to float
        Values within the bounds.
    """
    points, background = strongest_region(objective)
    q = points.q + (parameters["q_zero"].value or 0.0)
    d_S = float(parameters["d_S"].value or d)
    below, alone = rod_curves(q, d_S, objective.model.instrument)
    cross = np.conj(below) * np.exp(1j * q * d_S) * amplitude
    sigma = np.hypot(points.sigma, 0.3 * relative_errors(points.q, points.intensity))
    columns = np.column_stack((intensity, cross.real, -cross.imag, alone)) / sigma[:, None]
    basis = np.linalg.qr(background / sigma[:, None])[0]
    columns = columns - basis @ (basis.T @ columns)
    _, found = best_mixtures((columns.T @ columns)[None], (points.intensity / sigma @ columns)[None])
    film, real, imaginary, bare = found[0].tolist()
    scale = max(film, 1e-300)
    mixed = complex(real, imaginary) / (2.0 * scale)  # coherence·f·exp(iq(L − d_S)) in the middle
    amount = math.sqrt(max(bare, 0.0) / scale)
    coherence = parameters["coherence_S"]
    f_S = abs(mixed)
    if coherence.free and amount > 0.0:
        f_S = max(amount, abs(mixed))
    f_S = float(np.clip(f_S, *LIMITS_F))
    # The phase of the interference at the points where it counts, near the peak of the film.
    weights = np.abs(cross) / sigma**2
    middle = float(weights @ q / weights.sum())
    values = {"f_S": f_S, "L_S": nearest_distance(parameters, d_S, cmath.phase(mixed) / middle, middle, d)}
    if coherence.free:
        values["coherence_S"] = float(np.clip(abs(mixed) / f_S, LEAST_COHERENCE, 0.98))
    return {
        name: float(np.clip(value, parameters[name].lower, parameters[name].upper))
        for name, value in values.items()
    }


def near_interface(objective: Objective, parameters: Parameters) -> Parameters:
    """Bound L_S to less than two turns of the phase about the mean plane distance, unless it was bounded.

    χ² is nearly periodic in L_S: a turn more with one plane fewer has its top at the same place. Where
    crystals grow on one another, the distance at the interface is close to those inside.
    """
    if objective.model.stack.substrate is None:
        return parameters
    row, usual = parameters["L_S"], objective.model.stack.table["L_S"]
    if not row.free or row.value is not None or (row.lower, row.upper) != (usual.lower, usual.upper):
        return parameters
    d_S = float(parameters["d_S"].value or 0.0)
    q = float(np.mean([points.q.mean() for points in objective.data]))
    reach = NEAR * 2.0 * math.pi / q
    lower, upper = max(row.lower, d_S - reach), min(row.upper, d_S + reach)
    return parameters.bound(L_S=(lower, upper)) if lower < upper else parameters


def nearest_distance(parameters: Parameters, d_S: float, shift: float, q: float, d: float) -> float:
    """Return the distance L_S = d_S + shift, up to turns of the phase, that is nearest to (d + d_S)/2."""
    row = parameters["L_S"]
    if row.value is not None:
        return row.value
    turn = 2.0 * math.pi / q
    first = d_S + shift
    places = [first + k * turn for k in range(-60, 61) if row.lower <= first + k * turn <= row.upper]
    usual = (d + d_S) / 2.0
    return (
        min(places, key=lambda place: abs(place - usual))
        if places
        else float(np.clip(usual, row.lower, row.upper))
    )
