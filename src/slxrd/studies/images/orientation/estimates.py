"""What the fitted orientations and rings are, with their errors, or that they are not determined."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from slxrd.fitting.result.fit import Estimate
from slxrd.instrument.broadening import FWHM
from slxrd.studies.images.orientation.model import Found
from slxrd.studies.images.orientation.result import PreferredOrientation, Ring
from slxrd.studies.images.rings.fit import (
    MeasuredRing,
    bend_of,
    common_displacement,
)
from slxrd.studies.images.rings.lattice import Lattice, plane_text
from slxrd.studies.images.rings.profile import (
    is_even,
)
from slxrd.units import FloatArray

#: Quantiles of a normal distribution: a one-sided limit at 95 %, and what counts as different from zero.
_ONE_SIDED, _DIFFERENT = 1.645, 2.0
#: Standard deviations from which the variance of the tilt is separable from that of the spots themselves.
_SEPARABLE = 3.0
#: Error of the intensity of spots relative to that of an even ring, beside which other rings may lie.
_RELATIVE = 0.08
#: Relative difference of the variance of a spot along q and across it, that is not known to be tilt.
_ANISOTROPY = 0.06
#: Displacement of the centre in pixels from which on it is noted.
_NOTED = 1.0
#: χ² a degree of freedom from which on the orientations do not describe the image.
_MISFIT = 3.0


def preferred_orientations(best: Found, rivals: Sequence[Found]) -> tuple[PreferredOrientation, ...]:
    """Return the orientations with fractions and tilts, and those that fit nearly as well as the last one."""
    k, found = len(best.components), []
    for i, component in enumerate(best.components):
        variance = float(best.variances[i])
        error = math.hypot(math.sqrt(float(best.covariance[k + i, k + i])), _ANISOTROPY * best.own)
        others = tuple(plane_text(rival.components[-1].plane) for rival in rivals) if i == k - 1 else ()
        fraction = _fraction(float(best.fractions[i]), math.sqrt(float(best.covariance[i, i])))
        found.append(
            PreferredOrientation(plane_text(component.plane), fraction, _tilt(variance, error), others)
        )
    return tuple(found)


def _tilt(variance: float, error: float) -> Estimate:
    """Tilt from its variance in rad²; a limit where it is not different from zero."""
    if not error > 0.0:
        return Estimate(None, None, "°", "undetermined", "the width of the spots does not depend on it")
    if variance > _SEPARABLE * error:
        tilt = math.sqrt(variance)
        return Estimate(math.degrees(tilt), math.degrees(0.5 * error / tilt), "°")
    limit = math.sqrt(max(variance, 0.0) + _ONE_SIDED * error)
    why = "not separable from the width of the spots themselves"
    return Estimate(math.degrees(limit), None, "°", "upper bound", why)


def random_fraction(best: Found) -> Estimate:
    """Random fraction; a limit without a preferred orientation."""
    if best.components:
        return _fraction(*best.random)
    return Estimate(max(1.0 - best.unseen, 0.0), None, "", "lower bound", "no preferred orientation is seen")


def _fraction(value: float, error: float) -> Estimate:
    """A fraction; a limit where it is not different from zero."""
    error = math.hypot(error, _RELATIVE * abs(value * (1.0 - value)))
    if value < _DIFFERENT * error:
        return Estimate(max(value, 0.0) + _ONE_SIDED * error, None, "", "upper bound", "0 within its error")
    return Estimate(value, error, "")


def ring_of(measured: MeasuredRing, model: FloatArray | None, spacings: bool) -> Ring:
    """Return position, spacing, width and intensity over the azimuth of a ring with their errors."""
    shape, fit, profile = measured.fit.shape, measured.fit, measured.profile
    misfit = math.sqrt(max(fit.misfit, 1.0))
    q_error, width_error = (math.sqrt(float(fit.variances[k, k])) * misfit for k in (0, 1))
    q_error = math.hypot(q_error, bend_of(shape))
    d, family = 2.0 * math.pi / shape.q, measured.family
    planes = "" if family is None else f"d = {2.0 * math.pi / family.q:.4g} Å" if spacings else str(family)
    return Ring(
        planes=planes,
        q=Estimate(shape.q, q_error, "Å⁻¹"),
        d=Estimate(d, d * q_error / shape.q, "Å"),
        expected=None if family is None else 2.0 * math.pi / family.q,
        width=Estimate(FWHM * shape.width, FWHM * width_error, "Å⁻¹"),
        significance=measured.found.significance,
        even=is_even(profile),
        azimuth=np.degrees(profile.azimuth),
        height=profile.height,
        sigma=profile.sigma,
        model=np.full(profile.height.shape, np.nan) if model is None else model,
    )


def displacement_of(measured: Sequence[MeasuredRing], pixel: float) -> tuple[Estimate, Estimate] | None:
    """Return the displacement of all rings from the given centre in pixels, to the right and upwards."""
    if not measured:
        return None
    found = []
    for name in ("right", "up"):
        value, error = common_displacement(measured, name)
        error = math.hypot(error, float(np.mean([bend_of(each.fit.shape) for each in measured])))
        found.append(Estimate(value / pixel, error / pixel, "pixels"))
    return found[0], found[1]


def notes_of(
    measured: Sequence[MeasuredRing], best: Found | None, lattice: Lattice | None, pixel: float
) -> list[str]:
    """Return what is doubtful, one sentence each."""
    notes = []
    moved = displacement_of(measured, pixel)
    if moved is not None and any(
        abs(each.value or 0.0) > max(_NOTED, 3.0 * (each.error or 0.0)) for each in moved
    ):
        notes.append("the rings are displaced by more than a pixel: correct the centre (--centre)")
    if lattice is None and measured:
        notes.append("orientations need the lattice (--lattice)")
    if lattice is not None and measured and best is None:
        notes.append(
            f"no ring is of the lattice {lattice}: check it, the wavelength and the distance of the detector"
        )
    if best is not None and best.misfit > _MISFIT:
        notes.append(
            f"χ² is {best.misfit:.1f} a degree of freedom: the orientations do not describe the image "
            "within its noise, and errors are increased by its square root"
        )
    return notes
