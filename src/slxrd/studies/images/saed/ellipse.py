"""Ellipticity of rings, which the lenses of an electron microscope cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.rings.fit import MeasuredRing
from slxrd.units import FloatArray

#: Smallest eigenvalue of the scaled normal matrix: with arcs at few azimuths, an ellipse is not determined.
_DETERMINED = 0.03
#: Step of the derivative in widths; standard deviations from which on an ellipse is significant.
_STEP, _SIGNIFICANT = 0.05, 4.0
#: Quantile of a normal distribution: a one-sided limit at 95 %.
_ONE_SIDED = 1.645


@dataclass(frozen=True)
class Ellipse:
    """Relative amplitude of the radius with twice the azimuth, and its error."""

    amplitude: float
    error: float

    @property
    def significant(self) -> bool:
        """Whether it is not noise."""
        return self.amplitude > _SIGNIFICANT * self.error

    @property
    def largest(self) -> float:
        """The amplitude if it is significant; otherwise none."""
        return self.amplitude if self.significant else 0.0

    @property
    def estimate(self) -> Estimate:
        """As a number with its error, or a limit."""
        if self.significant:
            return Estimate(self.amplitude, self.error, "")
        limit = self.amplitude + _ONE_SIDED * self.error
        return Estimate(limit, None, "", "upper bound", "0 within its error")


def ellipse_of(rings: Sequence[MeasuredRing]) -> Ellipse | None:
    """Return the ellipticity that all rings have in common; None if none determines it."""
    total, right = np.zeros((2, 2)), np.zeros(2)
    for ring in rings:
        found = _of_ring(ring)
        if found is not None:
            vector, information = found
            total += information
            right += information @ vector
    if not np.linalg.det(total) > 0.0:
        return None
    spread = np.linalg.inv(total)
    vector = spread @ right
    return Ellipse(float(np.hypot(*vector)), math.sqrt(float(np.trace(spread)) / 2.0))


def _of_ring(ring: MeasuredRing) -> tuple[FloatArray, FloatArray] | None:
    """Cosine and sine amplitudes relative to the radius, and their inverse covariance.

    The residuals of the fit are projected on the derivative of the ring's profile by its radius, at every
    azimuth; the displacement of the centre and a common change of the radius are free.
    """
    shape, extraction = ring.fit.shape, ring.extraction
    data = extraction.data
    coefficients, variance = extraction.solve(shape)
    columns = extraction.columns(shape)
    radius = shape.radius(data.azimuth, data.q)
    step = _STEP * shape.width
    slope = (shape.height(radius - step) - shape.height(radius + step)) / (2.0 * step)
    known = np.isfinite(variance)[:, None] & (data.weight > 0.0)
    left = data.counts - np.einsum("mk,kmn->mn", coefficients, columns) * data.weight
    profile = ring.profile.height
    derivative = np.nan_to_num(np.maximum(profile, 0.0))[:, None] * slope * data.weight
    precision = np.where(known, 1.0 / np.maximum(extraction.noise, 1e-12), 0.0)
    information = (derivative**2 * precision).sum(axis=1)
    moved = (derivative * left * precision).sum(axis=1)
    azimuth = shape.turned(data.azimuth)
    waves = [wave(n * azimuth) for n in (1, 2) for wave in (np.cos, np.sin)]
    basis = np.stack([np.ones(azimuth.size), *waves])
    normal = (basis * information) @ basis.T
    scale = np.sqrt(np.diag(normal))
    if not np.all(scale > 0.0):
        return None
    if np.linalg.eigvalsh(normal / np.outer(scale, scale))[0] < _DETERMINED:
        return None
    spread = np.linalg.inv(normal)
    found = (spread @ (basis @ moved))[3:] / shape.q
    covariance = spread[3:, 3:] * max(ring.fit.misfit, 1.0) / shape.q**2
    return np.asarray(found), np.asarray(np.linalg.inv(covariance))
