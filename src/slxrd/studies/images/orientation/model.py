"""Fractions and tilts of orientations, from the profiles of all rings over the azimuth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from slxrd._least_squares import Residuals, minimise
from slxrd.studies.images.orientation.texture import Poles
from slxrd.studies.images.rings.lattice import Indices
from slxrd.studies.images.rings.profile import TAIL, Profile, covariance_of
from slxrd.units import FloatArray

#: Tilts in degrees at which orientations are tried, and turns in transmission.
_TILTS = (1.0, 2.5, 6.0, 12.0)
#: A further orientation lowers χ² by this, in units of the misfit: in 1 of 1000 by chance.
SIGNIFICANT = 25.0
#: Another orientation within this of the best one in χ² is not excluded (99.7 %).
CLOSE = 9.0
_MOST = 3
#: Quantile of a normal distribution: a one-sided limit at 95 %.
_ONE_SIDED = 1.645
#: Standard deviations of the displacements of the spots in rad, before the fit.
_TURN, _SHIFT = math.radians(3.0), math.radians(1.5)
#: Bounds of the variance of the tilt in rad², relative to the smallest variance of a spot of its own.
_LEAST = -0.6
#: Largest tilt in rad, and the step of derivatives, in units in which parameters are about 1.
_WIDEST, _STEP = 0.7, 1e-5


@dataclass(frozen=True, eq=False)
class RingProfile:
    """What the fit needs of one ring.

    Parameters
    ----------
    profile : Profile
        Intensity over the azimuth.
    width : float
        Standard deviation of a spot of its own in rad, and
    width_error : float
        its error.
    tail : float
        Part of the radial profile's height that is in the tail.
    """

    profile: Profile
    width: float
    width_error: float
    tail: float

    @property
    def used(self) -> NDArray[np.intp]:
        """Indices of the azimuths that are measured."""
        return np.flatnonzero(np.isfinite(self.profile.sigma))


@dataclass(frozen=True)
class Component:
    """One orientation: its name, and the poles of the rings in it (None: none of this ring)."""

    plane: Indices
    poles: tuple[Poles | None, ...]


@dataclass(frozen=True, eq=False)
class Found:
    """Orientations with fractions and tilts.

    Parameters
    ----------
    components : tuple of Component
        The orientations.
    fractions : ndarray, shape (k,)
        Of the crystals.
    variances : ndarray, shape (k,)
        Of their tilts in rad², less the width of the spots of their own; negative by chance.
    covariance : ndarray, shape (2k, 2k)
        Of fractions and variances, increased by the misfit.
    chi2, degrees : float
        χ² of all points, and their number less that of the parameters.
    heights : tuple of ndarray
        Model of each ring over the azimuth.
    scales : ndarray, shape (r,)
        Heights that the rings would have in a powder.
    turn, shift : (float, float)
        Displacement of the spots about the beam, and from the normal on both sides, in rad, with errors.
    own : float
        Mean variance of a spot itself, in rad².
    unseen : float
        Upper limit (95 %) of the fraction in an orientation that was not significant.
    """

    components: tuple[Component, ...]
    fractions: FloatArray
    variances: FloatArray
    covariance: FloatArray
    chi2: float
    degrees: int
    heights: tuple[FloatArray, ...]
    scales: FloatArray
    turn: tuple[float, float]
    shift: tuple[float, float]
    own: float
    unseen: float = 1.0

    @property
    def misfit(self) -> float:
        """χ² a degree of freedom, at least 1."""
        return max(self.chi2 / max(self.degrees, 1), 1.0)

    @property
    def random(self) -> tuple[float, float]:
        """Fraction of randomly oriented crystals, and its error."""
        k = self.fractions.size
        return 1.0 - float(self.fractions.sum()), math.sqrt(max(float(self.covariance[:k, :k].sum()), 0.0))


def _density(
    poles: Poles | None, ring: RingProfile, azimuth: FloatArray, variance: float, scale: float
) -> FloatArray:
    """Density of the poles with tilt and the width of a spot of its own, core and tail."""
    if poles is None:
        return np.zeros(azimuth.shape)
    core = (scale * ring.width) ** 2
    # A part t of the height with TAIL times the width is t·TAIL of the area of a radial profile.
    part = ring.tail * TAIL / (1.0 - ring.tail + ring.tail * TAIL)
    total = np.zeros(azimuth.shape)
    for share, own in ((1.0 - part, core), (part, TAIL**2 * core)):
        if share > 0.0:
            total += share * poles.density(azimuth, max(variance + own, 1e-7))
    return total


def scan(
    rings: Sequence[RingProfile], candidates: Sequence[Component], fixed: Sequence[Component] = ()
) -> list[tuple[float, Component, float]]:
    """Return χ², orientation and tilt in rad of the candidates beside fixed ones, best first.

    Each ring has its own intensities here, so that this is a linear problem.
    """
    found = []
    for candidate in candidates:
        for tilt in map(math.radians, _TILTS):
            chi2 = 0.0
            for r, ring in enumerate(rings):
                used = ring.used
                azimuth, sigma = ring.profile.azimuth[used], ring.profile.sigma[used]
                columns = [np.ones(used.size)]
                columns += [
                    _density(each.poles[r], ring, azimuth, tilt**2, 1.0) for each in (*fixed, candidate)
                ]
                chi2 += (
                    nnls(np.stack(columns, axis=1) / sigma[:, None], ring.profile.height[used] / sigma)[1]
                    ** 2
                )
            found.append((chi2, candidate, tilt))
    best: dict[Indices, tuple[float, Component, float]] = {}
    for entry in sorted(found, key=lambda each: each[0]):
        best.setdefault(entry[1].plane, entry)
    return list(best.values())


@dataclass(frozen=True, eq=False)
class _Fit:
    """Residuals of all rings, as a function of fractions, variances, displacements, scales and widths."""

    rings: Sequence[RingProfile]
    components: Sequence[Component]
    level: FloatArray
    unit: float

    def split(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return fractions, variances, displacements, scales and relative widths."""
        k, n = len(self.components), len(self.rings)
        ends = np.cumsum([k, k, 2, n])
        fractions, variances, moved, scales, widths = np.split(x, ends)
        return fractions, variances * self.unit, moved, scales * self.level, widths

    def heights(self, x: FloatArray, r: int, azimuth: FloatArray) -> FloatArray:
        """Return the model of a ring."""
        fractions, variances, moved, scales, widths = self.split(x)
        at = azimuth - moved[0] * _TURN - np.sign(azimuth) * moved[1] * _SHIFT * np.abs(np.sin(azimuth))
        total = np.full(azimuth.shape, 1.0 - float(fractions.sum()))
        for fraction, variance, each in zip(fractions, variances, self.components, strict=True):
            total += fraction * _density(each.poles[r], self.rings[r], at, variance, widths[r])
        return np.asarray(scales[r] * total)

    def of_ring(self, x: FloatArray, r: int) -> FloatArray:
        """Return the residuals of one ring."""
        ring, used = self.rings[r], self.rings[r].used
        model = self.heights(x, r, ring.profile.azimuth[used])
        return np.asarray((ring.profile.height[used] - model) / ring.profile.sigma[used])

    def evaluate(self, x: FloatArray) -> Residuals:
        """Return residuals and derivatives; a scale or a width concerns one ring alone."""
        k, n = len(self.components), len(self.rings)
        relative = np.array([max(ring.width_error / ring.width, 1e-4) for ring in self.rings])
        base = [self.of_ring(x, r) for r in range(n)]
        ends = np.cumsum([0, *(part.size for part in base)])
        jacobian = np.zeros((ends[-1] + 2 + n, x.size))
        for p in range(x.size):
            concerned = range(n) if p < 2 * k + 2 else [(p - 2 * k - 2) % n]
            moved = x.copy()
            moved[p] += _STEP
            for r in concerned:
                jacobian[ends[r] : ends[r + 1], p] = (self.of_ring(moved, r) - base[r]) / _STEP
        jacobian[ends[-1] : ends[-1] + 2, 2 * k : 2 * k + 2] = np.eye(2)
        jacobian[ends[-1] + 2 :, 2 * k + 2 + n :] = np.diag(1.0 / relative)
        held = [x[2 * k : 2 * k + 2], (x[2 * k + 2 + n :] - 1.0) / relative]
        return Residuals(np.concatenate([*base, *held]), jacobian)


def refine(
    rings: Sequence[RingProfile], components: Sequence[Component], tilts: Sequence[float], movable: bool
) -> Found:
    """Fit fractions, tilts, scales of the rings, displacements of the spots, and widths within their errors.

    Parameters
    ----------
    rings : sequence of RingProfile
        The rings.
    components : sequence of Component
        Orientations; none: a powder.
    tilts : sequence of float
        Initial tilts in rad.
    movable : bool
        Whether the spots may be displaced by the same angle on both sides of the normal, too.
    """
    k, n = len(components), len(rings)
    smallest = min(ring.width for ring in rings)
    unit = max(smallest, 0.01) ** 2
    fit = _Fit(rings, components, np.ones(n), unit)
    start = np.concatenate(
        [[0.8 / max(k, 1)] * k, [tilt**2 / unit for tilt in tilts], [0.0, 0.0], np.ones(2 * n)]
    )
    level = np.ones(n)
    for r, ring in enumerate(rings):
        used = ring.used
        model, sigma = fit.heights(start, r, ring.profile.azimuth[used]), ring.profile.sigma[used]
        best = (model * ring.profile.height[used] / sigma**2).sum() / max((model**2 / sigma**2).sum(), 1e-30)
        level[r] = max(float(best), 0.1 * float(np.median(sigma)))
    fit = replace(fit, level=level)
    least = _LEAST * smallest**2 / unit
    reach = 4.0 if movable else 1e-6
    lower = [-0.2] * k + [least] * k + [-4.0, -reach] + [1e-3] * n + [0.2] * n
    upper = [1.5] * k + [_WIDEST**2 / unit] * k + [4.0, reach] + [50.0] * n + [3.0] * n
    done = minimise(fit.evaluate, start, lower, upper, scale=1.0, most_evaluations=30, ftol=1e-5, xtol=1e-5)
    degrees = sum(ring.used.size for ring in rings) - 2 * k - n
    misfit = max(done.chi2 / max(degrees, 1), 1.0)
    spread = covariance_of(done) * misfit
    scale = np.array([1.0] * k + [unit] * k)
    fractions, variances, moved, scales, _ = fit.split(done.x)
    errors = np.sqrt(np.diag(spread)[2 * k : 2 * k + 2])
    return Found(
        tuple(components), fractions, variances, spread[: 2 * k, : 2 * k] * np.outer(scale, scale), done.chi2,
        degrees, tuple(fit.heights(done.x, r, ring.profile.azimuth) for r, ring in enumerate(rings)), scales,
        (float(moved[0]) * _TURN, float(errors[0]) * _TURN),
        (float(moved[1]) * _SHIFT, float(errors[1]) * _SHIFT),
        float(np.mean([ring.width**2 for ring in rings])),
    )  # fmt: skip


def select(
    rings: Sequence[RingProfile], candidates: Sequence[Component], movable: bool
) -> tuple[Found, list[Found]]:
    """Return the best set of orientations, and sets of as many orientations that fit nearly as well.

    Orientations are added while each lowers χ² by more than chance does.
    """
    best, rivals = refine(rings, (), (), movable), list[Found]()
    while len(best.components) < _MOST:
        rest = [each for each in candidates if each.plane not in {found.plane for found in best.components}]
        tried = [
            refine(rings, (*best.components, each), [*_tilts_of(best), tilt], movable)
            for _, each, tilt in scan(rings, rest, best.components)[:2]
        ]
        if not tried:
            break
        ranked = sorted(tried, key=lambda each: each.chi2)
        new = ranked[0]
        k = len(new.components)
        fraction, error = new.fractions[-1], math.sqrt(new.covariance[k - 1, k - 1])
        if (best.chi2 - new.chi2) / new.misfit < SIGNIFICANT or not fraction > 3.0 * error > 0.0:
            best = replace(best, unseen=max(fraction, 0.0) + _ONE_SIDED * error if error > 0.0 else 1.0)
            break
        best, rivals = new, [each for each in ranked[1:] if (each.chi2 - new.chi2) / new.misfit < CLOSE]
    return best, rivals


def again(rings: Sequence[RingProfile], found: Found, movable: bool) -> Found:
    """Fit the same orientations to other profiles of the rings."""
    return replace(refine(rings, found.components, _tilts_of(found), movable), unseen=found.unseen)


def _tilts_of(found: Found) -> list[float]:
    return [math.sqrt(max(float(variance), 1e-5)) for variance in found.variances]
