"""Fit of a period to profiles: spots at all positions that it allows, with free heights.

Out of plane, each reflection has two spots, of the transmitted beam and of that which the substrate reflects.
Both are always in the model, also where they overlap: their heights are not known, so that a shift between
them is part of the error of the period. Heights are least squares without negative values at each vector of
the other parameters (variable projection); the evidence contains the volume of the heights, by which a period
with many positions at which nothing is seen is less probable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from slxrd._least_squares import covariance
from slxrd.studies.images.spots.heights import Heights, mean_log_evidence
from slxrd.studies.images.spots.profiles import DEGREE, Profile
from slxrd.studies.images.spots.teeth import (
    FIRST,
    GEOMETRY,
    GROWTH,
    GROWTH_ERROR,
    INSIDE,
    PERIOD,
    WIDTH,
    WIDTH_ERROR,
    Knowledge,
    Teeth,
    centres,
    slopes_of,
    width_at,
)  # fmt: skip
from slxrd.units import FloatArray

#: ln of how much less probable a spot is that is not of the lattice, and its least distance in widths.
STRAY, FAR = 10.0, 2.5
#: Most steps of a refinement, and change of the logarithm of the probability at which it ends.
STEPS, SETTLED = 25, 0.02


@dataclass(frozen=True, eq=False)
class CombFit:
    """A refined period.

    Parameters
    ----------
    p : ndarray
        Parameters.
    log_evidence : float
        Logarithm of the integral over everything but the period.
    information : ndarray
        Inverse of the covariance of the parameters.
    noise : ndarray
        The part of it by the noise of the profiles.
    free : ndarray of bool
        Which parameters were refined.
    chi2, points : float
        χ², and points less refined numbers.
    heights : tuple of ndarray
        Heights of the teeth of each profile, then of its stray spots.
    centres : tuple of ndarray
        Their positions.
    """

    p: FloatArray
    log_evidence: float
    information: FloatArray
    noise: FloatArray
    free: np.ndarray
    chi2: float
    points: float
    heights: tuple[FloatArray, ...]
    centres: tuple[FloatArray, ...]

    @property
    def period(self) -> float:
        """The period in Å."""
        return float(self.p[PERIOD])

    @property
    def covariance(self) -> FloatArray:
        """Of all parameters."""
        return covariance(self.information, self.free)

    @property
    def error(self) -> float:
        """Standard deviation of the period."""
        return math.sqrt(max(float(self.covariance[PERIOD, PERIOD]), 0.0))

    @property
    def statistical(self) -> float:
        """That by the noise of the profiles alone, with everything else known but the widths."""
        kept = [PERIOD, WIDTH, GROWTH]
        part = self.noise[np.ix_(kept, kept)] + np.diag([0.0, 1e-6, 1.0])
        return math.sqrt(max(float(covariance(part, np.ones(3, dtype=bool))[0, 0]), 0.0))


@dataclass(frozen=True, eq=False)
class _Solved:
    """One profile with the best heights."""

    at: FloatArray
    width: FloatArray
    u: FloatArray
    shape: FloatArray
    columns: FloatArray
    heights: FloatArray
    miss: FloatArray

    def volume(self, profile: Profile) -> float:
        """Logarithm of the prior volume of the heights over that which the data leave."""
        matrix = profile.height**2 * (self.columns.T @ self.columns)
        matrix[np.diag_indices_from(matrix)] += 1.0
        half = math.log(2.0) * np.count_nonzero(self.heights)
        return float(np.log(np.diag(np.linalg.cholesky(matrix))).sum()) - half


@dataclass(frozen=True, eq=False)
class _State:
    objective: float
    residual: FloatArray
    jacobian: FloatArray
    solved: list[_Solved]
    chi2: float
    points: float
    heights: tuple[FloatArray, ...]
    centres: tuple[FloatArray, ...]


class Comb:
    """Spots at the positions of a lattice in profiles.

    Parameters
    ----------
    profiles : sequence of Profile
        The profiles.
    teeth : sequence of Teeth
        The positions in each.
    known : Knowledge
        Prior knowledge.
    """

    def __init__(self, profiles: Sequence[Profile], teeth: Sequence[Teeth], known: Knowledge) -> None:
        self.profiles, self.teeth, self.known = profiles, teeth, known
        self.rows = 1 + max((int(each.row.max(initial=-1)) for each in teeth), default=-1)
        self.end = max(float(each.at[-1]) for each in profiles)
        self.strays: list[FloatArray] = [np.zeros(0) for _ in profiles]

    def adapted(self, p: FloatArray) -> FloatArray:
        """Return parameters of a comb with another number of positions, without their displacements."""
        return np.concatenate([p[:FIRST], np.zeros(self.rows)])

    def find_strays(self, p: FloatArray) -> None:
        """Take spots that are far from all positions as spots that are not of the lattice."""
        width = math.exp(p[WIDTH])
        self.strays = []
        for profile, teeth in zip(self.profiles, self.teeth, strict=True):
            at = centres(profile, teeth, self.known, p, self.end)
            nearest = np.abs(profile.spots[:, None] - at).min(axis=1, initial=np.inf)
            self.strays.append(profile.spots[nearest > FAR * width])

    def score(self, p: FloatArray) -> float:
        """Return the logarithm of the probability at some parameters, without refinement."""
        values, _ = self.known.residuals(p)
        total = 0.5 * float(values @ values) + STRAY * sum(each.size for each in self.strays)
        for profile, each in zip(self.profiles, self._solved(p), strict=True):
            ridge = each.heights / profile.height
            total += 0.5 * float(each.miss @ each.miss + ridge @ ridge) + each.volume(profile)
        return -total

    def refine(self, p: FloatArray, *, fixed: int | None = None) -> CombFit | None:
        """Refine the parameters; None if the period leaves its range.

        Parameters
        ----------
        p : ndarray
            Parameters to start from.
        fixed : int, optional
            Position of a parameter that is fixed.
        """
        found = self._descended(p, fixed)
        if fixed is None and found is not None and found.p[INSIDE] < 0.0:
            # Below the critical angle the two beams are one, and no slope leads back above it.
            above = found.p.copy()
            above[INSIDE] = min(0.5 * self.known.width, self.known.incident_at(above)[0])
            other = self._descended(above, fixed)
            if other is not None and other.log_evidence > found.log_evidence:
                return other
        return found

    def _descended(self, p: FloatArray, fixed: int | None) -> CombFit | None:
        free = np.ones(p.size, dtype=bool)
        if fixed is not None:
            free[fixed] = False
        scale = self._scale(p)
        state, damping = self._evaluate(p), 1e-3
        for _ in range(STEPS):
            jacobian = state.jacobian * scale
            matrix = jacobian.T @ jacobian
            gradient = jacobian.T @ state.residual
            part = np.ix_(free, free)
            step = np.zeros(p.size)
            step[free] = -np.linalg.solve(
                matrix[part] + damping * np.diag(np.diag(matrix)[free] + 1e-9), gradient[free]
            )
            tried = p + scale * np.clip(step, -3.0, 3.0)
            if not 0.5 * p[PERIOD] < tried[PERIOD] < 2.0 * p[PERIOD]:
                return None
            tried[INSIDE] = min(tried[INSIDE], self.known.incident_at(tried)[0])
            after = self._evaluate(tried)
            gain = state.objective - after.objective
            if gain < 0.0:
                damping *= 10.0
                if damping > 1e6:
                    break
                continue
            p, state, damping = tried, after, damping / 5.0
            if gain < SETTLED:
                break
        return self._finished(p, state, free)

    def _scale(self, p: FloatArray) -> FloatArray:
        """Steps of about one prior standard deviation, and of a width for the period."""
        scale = np.ones(p.size)
        scale[PERIOD] = p[PERIOD] * min(0.5 * self.known.width / self.end, 0.02)
        scale[INSIDE] = max(0.1 * self.known.incident, 1e-6)
        scale[WIDTH], scale[GROWTH] = WIDTH_ERROR, GROWTH_ERROR
        scale[GEOMETRY] = np.maximum(self.known.geometry, 1e-9)
        return scale

    def _finished(self, p: FloatArray, state: _State, free: np.ndarray) -> CombFit:
        whole = state.jacobian.T @ state.jacobian
        data = state.jacobian[: -self.known.residuals(p)[0].size]
        scale = self._scale(p)
        others = free.copy()
        others[PERIOD] = False
        # Volume of the other parameters, in units of their priors' (of which that of the period is none).
        relative = (whole * scale * scale[:, None])[np.ix_(others, others)]
        flat = (self._prior_information(p) * scale * scale[:, None])[np.ix_(others, others)]
        volume = 0.5 * (np.linalg.slogdet(relative)[1] - np.linalg.slogdet(flat)[1])
        values, _ = self.known.residuals(p)
        strays = STRAY * sum(each.size for each in self.strays)
        heights = [
            (
                Heights(each.columns, profile.data),
                np.full(each.at.size, profile.height),
                (each.at / self.end) ** 2,
            )
            for profile, each in zip(self.profiles, state.solved, strict=True)
        ]
        evidence = mean_log_evidence(heights) - 0.5 * float(values @ values) - strays - float(volume)
        return CombFit(
            p, evidence, whole, data.T @ data, free, state.chi2, state.points, state.heights, state.centres
        )

    def _prior_information(self, p: FloatArray) -> FloatArray:
        jacobian = self.known.residuals(p)[1]
        return np.asarray(jacobian.T @ jacobian + 1e-12 * np.eye(p.size))

    def _evaluate(self, p: FloatArray) -> _State:
        solved = self._solved(p)
        values, lines = self.known.residuals(p)
        residuals, jacobians = [], []
        for profile, teeth, each in zip(self.profiles, self.teeth, solved, strict=True):
            slopes = slopes_of(profile, teeth, self.known, p, self.end)
            strays = each.at.size - len(slopes)
            slopes = np.vstack([slopes, np.zeros((strays, p.size))])
            shape = each.heights * each.shape
            by_centre = profile.cleared(shape * each.u / each.width)
            by_width = profile.cleared(shape * each.u**2)
            slope = by_centre @ slopes
            slope[:, WIDTH] += by_width.sum(axis=1)
            slope[:, GROWTH] += by_width @ (each.at / self.end) ** 2
            # What the heights can describe of a change is no change of the residuals (Kaufman).
            seen = each.heights > 0.0
            if seen.any():
                ridge = np.eye(each.at.size)[:, seen] / profile.height
                basis = np.linalg.qr(np.vstack([each.columns[:, seen], ridge]))[0][: profile.at.size]
                slope -= basis @ (basis.T @ slope)
            residuals += [each.miss, each.heights / profile.height]
            jacobians += [-slope, np.zeros((each.at.size, p.size))]
        residual = np.concatenate([*residuals, values])
        return _State(
            0.5 * float(residual @ residual) + STRAY * sum(each.size for each in self.strays),
            residual,
            np.vstack([*jacobians, lines]),
            solved,
            sum(float(each.miss @ each.miss) for each in solved),
            sum(each.miss.size - DEGREE - 1.0 - np.count_nonzero(each.heights) for each in solved),
            tuple(each.heights for each in solved),
            tuple(each.at for each in solved),
        )

    def _solved(self, p: FloatArray) -> list[_Solved]:
        """Best heights in each profile."""
        found = []
        for profile, teeth, strays in zip(self.profiles, self.teeth, self.strays, strict=True):
            at = np.concatenate([centres(profile, teeth, self.known, p, self.end), strays])
            width = width_at(p, at, self.end)
            u = (profile.at[:, None] - at) / width
            shape = np.exp(-0.5 * u**2) / profile.sigma[:, None]
            columns = profile.cleared(shape)
            heights = np.zeros(at.size)
            if at.size:
                target = np.concatenate([profile.data, heights])
                heights = nnls(np.vstack([columns, np.eye(at.size) / profile.height]), target)[0]
            miss = profile.data - columns @ heights
            found.append(_Solved(at, width, u, shape, columns, heights, miss))
        return found

    def with_errors(self, noise: float, geometry: float) -> Comb:
        """Return the comb with a noise and errors of the geometry that are larger by factors."""
        known = replace(self.known, geometry=self.known.geometry * geometry)
        found = Comb([each.noisier(noise) for each in self.profiles], self.teeth, known)
        found.strays = self.strays
        return found
