"""Spacings of rings with their errors, and the scale that they have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from slxrd.fitting.result.fit import Estimate
from slxrd.instrument.broadening import FWHM
from slxrd.studies.images.rings.fit import MeasuredRing, bend_of
from slxrd.studies.images.saed.arcs import RingArcs
from slxrd.studies.images.saed.camera import Camera
from slxrd.studies.images.saed.ellipse import Ellipse
from slxrd.studies.images.saed.result import SaedRing


def own_width(measured: MeasuredRing) -> tuple[float, float]:
    """Width of a spot itself over the azimuth in rad, by that along the radius, and its error."""
    shape, fit = measured.fit.shape, measured.fit
    error = math.sqrt(fit.variances[1, 1] * max(fit.misfit, 1.0))
    return shape.width / shape.q, error / shape.q


def describe_rings(
    measured: Sequence[MeasuredRing],
    arcs: Sequence[RingArcs],
    camera: Camera,
    ellipse: Ellipse | None,
    k: int,
) -> tuple[SaedRing, ...]:
    """Describe the rings, with their arcs; ``k`` pixels of the image were summed to one."""
    relative, found = camera.relative_error, list[SaedRing]()
    first: tuple[float, float] | None = None
    for each, over in zip(measured, arcs, strict=True):
        shape, misfit = each.fit.shape, math.sqrt(max(each.fit.misfit, 1.0))
        error, width_error = (math.sqrt(float(each.fit.variances[n, n])) * misfit for n in (0, 1))
        if over.azimuths or over.spotty:
            # A spot does not follow its ring, and has a place on the ellipse.
            error = math.hypot(error, bend_of(shape), ellipse.largest * shape.q if ellipse else 0.0)
        radius, d = camera.radius(shape.q), 2.0 * math.pi / shape.q
        size = error / shape.q
        first = first or (radius, size)
        ratio = radius / first[0]
        spread = 0.0 if radius == first[0] else ratio * math.hypot(size, first[1])
        family = each.family
        found.append(
            SaedRing(
                planes="" if family is None else str(family),
                radius=Estimate(k * radius, k * radius * size, "pixels"),
                d=Estimate(d, None if relative is None else d * math.hypot(size, relative), "Å"),
                expected=None if family is None else 2.0 * math.pi / family.q,
                ratio=Estimate(ratio, spread or None, ""),
                width=Estimate(
                    k * FWHM * shape.width * radius / shape.q,
                    k * FWHM * width_error * radius / shape.q,
                    "pixels",
                ),
                significance=each.found.significance,
                arcs=over,
            )
        )
    return tuple(found)


def common_scale(
    rings: Sequence[SaedRing], relative: float, known: bool
) -> tuple[Estimate | None, tuple[float, int] | None]:
    """Spacings over those of the lattice, and χ² of their ratios."""
    used = [ring for ring in rings if ring.expected is not None]
    if not used:
        return None, None
    sizes = np.array([float(ring.radius.error or 0.0) / float(ring.radius.value or 1.0) for ring in used])
    logs = np.log([float(ring.d.value or 1.0) / float(ring.expected or 1.0) for ring in used])
    weight = sizes**-2
    mean = float(logs @ weight / weight.sum())
    chi2, degrees = float(((logs - mean) ** 2) @ weight), len(used) - 1
    own = math.sqrt(max(chi2 / degrees if degrees else 1.0, 1.0) / weight.sum())
    scale = math.exp(mean)
    error = scale * math.hypot(own, relative) if known else None
    return Estimate(scale, error, ""), (chi2, degrees) if degrees else None


def times(estimate: Estimate, length: float) -> Estimate:
    """Multiply an estimate by a length in Å."""
    value, error = float(estimate.value or 0.0), estimate.error
    return Estimate(value * length, None if error is None else error * length, "Å")
