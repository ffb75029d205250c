"""Positions of the spots of a lattice in a profile, and their derivatives.

Out of plane, each reflection has two, of the transmitted beam and of that which the substrate reflects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.studies.images.spots.profiles import Profile
from slxrd.units import FloatArray

#: Parameters before the displacements: period, inside, width, growth, and four of the geometry.
PERIOD, INSIDE, WIDTH, GROWTH, GEOMETRY = 0, 1, 2, 3, slice(4, 8)
DISTANCE, INCIDENCE = 6, 7
FIRST = 8
#: Displacement of a spot by the form factor of the crystals: prior standard deviation, in widths.
DISPLACED = 0.1
#: Prior standard deviations of ln width, and of its growth up to the end of a profile.
WIDTH_ERROR, GROWTH_ERROR = 0.4, 0.3


@dataclass(frozen=True, eq=False)
class Teeth:
    """Positions of a lattice in one profile.

    Parameters
    ----------
    factor : ndarray, shape (m,)
        Scattering vector in the film times the period.
    beam : ndarray, shape (m,)
        −1 for the transmitted beam, 1 for the reflected, 0 for in-plane positions.
    row : ndarray of int, shape (m,)
        Positions with one number are displaced together.
    """

    factor: FloatArray
    beam: FloatArray
    row: np.ndarray


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Prior knowledge of a measurement.

    Parameters
    ----------
    width : float
        Standard deviation of a spot in Å⁻¹.
    geometry : ndarray, shape (4,)
        Standard deviations of row and column of the centre, relative distance, and incidence.
    incident, incident_slope : float
        k·sin(incidence) in Å⁻¹, and its derivative with respect to degrees.
    critical2, critical2_error : float
        q_c² of the film in Å⁻², and its standard deviation.
    """

    width: float
    geometry: FloatArray
    incident: float = 0.0
    incident_slope: float = 0.0
    critical2: float = 0.0
    critical2_error: float = 1e-6

    def inside(self, critical2: float) -> float:
        """Return k_z of the incident beam in the film; below 0, times −i, if it is evanescent."""
        square = self.incident**2 - critical2 / 4.0
        return math.copysign(math.sqrt(abs(square)), square)

    def incident_at(self, p: FloatArray) -> tuple[float, float]:
        """Return k·sin(incidence) for refined parameters, and its derivative."""
        return self.incident + self.incident_slope * float(p[INCIDENCE]), self.incident_slope

    def residuals(self, p: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return residuals of the prior knowledge, and their derivatives.

        Parameters
        ----------
        p : ndarray
            Parameters.
        """
        values, lines = [], []

        def add(position: int, value: float, slope: float) -> None:
            line = np.zeros(p.size)
            line[position] = slope
            values.append(value)
            lines.append(line)

        add(WIDTH, (p[WIDTH] - math.log(self.width)) / WIDTH_ERROR, 1.0 / WIDTH_ERROR)
        add(GROWTH, p[GROWTH] / GROWTH_ERROR, 1.0 / GROWTH_ERROR)
        for k, sigma in enumerate(self.geometry):
            position = GEOMETRY.start + k
            add(position, p[position] / max(sigma, 1e-9), 1.0 / max(sigma, 1e-9))
        for k in range(FIRST, p.size):
            add(k, p[k], 1.0)
        v, incident, slope = p[INSIDE], *self.incident_at(p)
        critical2 = 4.0 * (incident**2 - math.copysign(v * v, v))
        error = max(self.critical2_error, 1e-6)
        add(INSIDE, (critical2 - self.critical2) / error, -8.0 * max(abs(v), 1e-4) / error)
        lines[-1][INCIDENCE] = 8.0 * incident * slope / error
        return np.array(values), np.array(lines)


def centres(profile: Profile, teeth: Teeth, known: Knowledge, p: FloatArray, end: float) -> FloatArray:
    """Return the positions of a lattice in the coordinate of a profile, shape (m,).

    Parameters
    ----------
    profile : Profile
        The profile.
    teeth : Teeth
        Orders and beams of the positions.
    known : Knowledge
        Prior knowledge.
    p : ndarray
        Parameters.
    end : float
        Coordinate to which the growth of the widths refers, in Å⁻¹.
    """
    at, _ = _outside(teeth, known, p)
    shift = DISPLACED * width_at(p, at, end) * p[FIRST:][teeth.row]
    if p[GEOMETRY].any():
        shift -= profile.slopes_at(at) @ p[GEOMETRY]
    return np.asarray(at + shift)


def width_at(p: FloatArray, at: FloatArray, end: float) -> FloatArray:
    """Return the widths of spots at some places, shape (m,)."""
    return np.asarray(np.exp(p[WIDTH] + p[GROWTH] * (at / end) ** 2))


def _outside(teeth: Teeth, known: Knowledge, p: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scattering vectors in the film, and positions outside of it."""
    g, v = teeth.factor / p[PERIOD], float(p[INSIDE])
    if known.incident == 0.0:
        return g, g
    # Outside, k_z² is larger by (q_c/2)²: that of the incident beam less its square in the film.
    incident, _ = known.incident_at(p)
    square = incident**2 + g**2 + (2.0 * g * teeth.beam * v if v > 0.0 else v * v)
    return np.sqrt(np.maximum(square, 1e-12)), g


def slopes_of(profile: Profile, teeth: Teeth, known: Knowledge, p: FloatArray, end: float) -> FloatArray:
    """Return the derivatives of the positions with respect to the parameters, shape (m, p).

    The parameters are those of :func:`centres`.
    """
    at, g = _outside(teeth, known, p)
    slopes = np.zeros((g.size, p.size))
    width = width_at(p, at, end)
    shift = DISPLACED * width * p[FIRST:][teeth.row]
    by_at = 1.0 + shift * 2.0 * p[GROWTH] * at / end**2
    by_g = by_at
    if known.incident > 0.0:
        v = float(p[INSIDE])
        incident, of_incidence = known.incident_at(p)
        by_g = by_at * (g + (teeth.beam * v if v > 0.0 else 0.0)) / at
        slopes[:, INSIDE] = by_at * (g * teeth.beam if v > 0.0 else v) / at
        slopes[:, INCIDENCE] = by_at * incident * of_incidence / at
    slopes[:, PERIOD] = -by_g * g / p[PERIOD]
    slopes[:, GEOMETRY] -= profile.slopes_at(at)
    slopes[np.arange(g.size), FIRST + teeth.row] = DISPLACED * width
    slopes[:, WIDTH] += shift
    slopes[:, GROWTH] += shift * (at / end) ** 2
    return slopes
