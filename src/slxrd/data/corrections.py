"""From the pattern as it was read to the one that is fitted: σ of counts, Lorentz-polarisation.

Corrections of the measured intensity: Pattern → Pattern, each a step in its history.

The corrections for polarisation, absorption and footprint divide by a factor that follows from the angle
and from what the step says of itself; :func:`undo_correction` multiplies by it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from slxrd.data.absorption import BeamProfile, film_absorption, footprint, scattering_angle
from slxrd.data.pattern import Pattern, Step
from slxrd.errors import SlxrdError
from slxrd.sample.form_factors import attenuation
from slxrd.units import FloatArray

#: Settings of a step.
Details = Mapping[str, str | float | int]

POLARISATION, ABSORPTION, FOOTPRINT = "Lorentz-polarisation", "absorption", "footprint"
COUNTING = "σ from counting statistics"
_MONOCHROMATOR, _THICKNESS, _MU = "monochromator θ_M (°)", "thickness (Å)", "μ (1/cm)"
_BEAM, _SAMPLE, _PROFILE = "beam (mm)", "sample (mm)", "profile"


def lorentz_polarisation(two_theta: ArrayLike, monochromator: float | None = None) -> FloatArray:
    """Lorentz-polarisation factor of a θ:2θ scan.

    Lp = (1 + A cos²2θ) / ((1 + A) sin 2θ), with A = cos²2θ_M behind a monochromator and A = 1
    without one (Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI section S.q).

    Parameters
    ----------
    two_theta : array_like
        Scattering angle in degrees, between 0 and 180 exclusive.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator crystal in degrees (not 2θ_M); None without one.

    Returns
    -------
    ndarray
        The factor, of the shape of ``two_theta``. The measured intensity is divided by it.

    Raises
    ------
    SlxrdError
        If an angle is outside its range.
    """
    angle = scattering_angle(two_theta, POLARISATION)
    a = 1.0
    if monochromator is not None:
        if not 0.0 <= monochromator < 90.0:
            raise SlxrdError(f"monochromator {monochromator!r}: its Bragg angle must be between 0 and 90°")
        a = float(np.cos(2.0 * np.deg2rad(monochromator)) ** 2)
    return np.asarray((1.0 + a * np.cos(angle) ** 2) / ((1.0 + a) * np.sin(angle)))


def correct_lorentz_polarisation(pattern: Pattern, monochromator: float | None = None) -> Pattern:
    """Return the pattern divided by its Lorentz-polarisation factor, σ likewise.

    Parameters
    ----------
    pattern : Pattern
        With a known wavelength where its axis is q.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator in degrees.

    Raises
    ------
    SlxrdError
        If the pattern has had this correction already.
    """
    return _divided(
        pattern, Step(POLARISATION, {_MONOCHROMATOR: "none" if monochromator is None else monochromator})
    )


def correct_absorption(
    pattern: Pattern,
    thickness: float,
    *,
    mu: float | None = None,
    formula: str | None = None,
    density: float | None = None,
) -> Pattern:
    """Return the pattern as a film thick enough to absorb the whole beam would give it, σ likewise.

    Parameters
    ----------
    pattern : Pattern
        A symmetric θ:2θ scan in reflection, with a known wavelength where its axis is q or the
        attenuation is to be looked up.
    thickness : float
        Of the film, in Å (500 nm are 5000 Å).
    mu : float, optional
        Linear attenuation coefficient of the film in 1/cm.
    formula, density : str and float, optional
        In its place: chemical formula and density in g/cm³, as in
        :func:`slxrd.sample.form_factors.attenuation`. What counts is the mass on the area: for a film with
        voids, give thickness and density as they go together.

    Raises
    ------
    SlxrdError
        If the pattern has had this correction already, or not exactly one of ``mu`` and ``formula``
        with ``density`` is given.
    """
    details: dict[str, str | float | int] = {_THICKNESS: thickness}
    if mu is None:
        if formula is None or density is None:
            raise SlxrdError("absorption: give mu in 1/cm, or formula and density in g/cm³")
        if pattern.wavelength is None:
            raise SlxrdError(
                f"{pattern.source}: the wavelength is not known, and attenuation depends on it; give it "
                "(--wavelength CuKa1, or in Å)"
            )
        mu = attenuation(formula, density, pattern.wavelength)
        details["film"] = f"{formula}, {density:g} g/cm³"
    elif formula is not None or density is not None:
        raise SlxrdError("absorption: mu is given, and so are formula or density; leave one out")
    return _divided(pattern, Step(ABSORPTION, {**details, _MU: mu}))


def correct_footprint(pattern: Pattern, beam: float, sample: float, profile: BeamProfile = "box") -> Pattern:
    """Return the pattern as a sample that catches the whole beam would give it, σ likewise.

    Parameters
    ----------
    pattern : Pattern
        With a known wavelength where its axis is q.
    beam, sample : float
        Width of the beam and length of the sample along it, in mm.
    profile : {"box", "gaussian"}
        How the intensity is spread over the beam; ``beam`` is the full width at half maximum of a
        Gaussian.

    Raises
    ------
    SlxrdError
        If the pattern has had this correction already, or a length is not positive.
    """
    return _divided(pattern, Step(FOOTPRINT, {_BEAM: beam, _SAMPLE: sample, _PROFILE: profile}))


def undo_correction(pattern: Pattern, name: str) -> Pattern:
    """Return the pattern without one of its corrections, as if it had not been made.

    The factor is computed once more from what the step says, and multiplied with intensity, σ and what
    a count stands for. Steps made since then stay: a background that was subtracted since is multiplied
    as well, that is, expressed in the uncorrected intensity.

    Parameters
    ----------
    pattern : Pattern
        The corrected one.
    name : {"Lorentz-polarisation", "absorption", "footprint"}
        Which correction.

    Raises
    ------
    SlxrdError
        If the pattern has no such step, or the step is none that a factor takes back.
    """
    at = next((i for i, step in enumerate(pattern.history) if step.name == name), None)
    if name not in _FACTORS:
        raise SlxrdError(
            f"undo {name!r}: only {', '.join(_FACTORS)} can be taken back; for the rest, keep the pattern "
            "from before"
        )
    if at is None:
        raise SlxrdError(f"{pattern.source}: no correction for {name} was made, so none can be undone")
    factor = _FACTORS[name](pattern.two_theta, pattern.history[at].details)
    return replace(_times(pattern, factor), history=(*pattern.history[:at], *pattern.history[at + 1 :]))


def _divided(pattern: Pattern, step: Step) -> Pattern:
    if any(made.name == step.name for made in pattern.history):
        raise SlxrdError(f"{pattern.source}: the {step.name} correction was applied already")
    factor = _FACTORS[step.name](pattern.two_theta, step.details)
    return replace(_times(pattern, 1.0 / factor), history=(*pattern.history, step))


def _times(pattern: Pattern, factor: FloatArray) -> Pattern:
    return replace(
        pattern,
        intensity=pattern.intensity * factor,
        sigma=None if pattern.sigma is None else pattern.sigma * factor,
        per_count=None if pattern.per_count is None else pattern.per_count * factor,
    )


def _polarisation_of(two_theta: FloatArray, details: Details) -> FloatArray:
    monochromator = details[_MONOCHROMATOR]
    return lorentz_polarisation(two_theta, None if isinstance(monochromator, str) else monochromator)


def _absorption_of(two_theta: FloatArray, details: Details) -> FloatArray:
    return film_absorption(two_theta, float(details[_THICKNESS]), float(details[_MU]))


def _footprint_of(two_theta: FloatArray, details: Details) -> FloatArray:
    profile = cast(BeamProfile, details[_PROFILE])  # which footprint looks at
    return footprint(two_theta, float(details[_BEAM]), float(details[_SAMPLE]), profile)


_FACTORS: dict[str, Callable[[FloatArray, Details], FloatArray]] = {
    POLARISATION: _polarisation_of,
    ABSORPTION: _absorption_of,
    FOOTPRINT: _footprint_of,
}


def counting_statistics(pattern: Pattern) -> Pattern:
    """Return the pattern with σ from counting statistics.

    A point of n counts has σ = √n counts, and σ = 1 count where n < 1; what one count stands for
    is taken from ``pattern.per_count``.

    Parameters
    ----------
    pattern : Pattern
        Of counts: from an instrument's file, or non-negative whole numbers.

    Raises
    ------
    SlxrdError
        If the intensities cannot be counts.
    """
    per_count = pattern.per_count
    if per_count is None:
        whole = np.abs(pattern.intensity - np.round(pattern.intensity)) < 1e-6
        if not (whole.all() and pattern.intensity.max() >= 1.0 and pattern.intensity.min() >= 0.0):
            raise SlxrdError(
                f"{pattern.source}: counting statistics need raw counts (whole numbers, none negative); "
                "give σ as a third column or as a fraction of the maximum instead"
            )
        per_count = np.ones_like(pattern.intensity)
    counts = np.maximum(pattern.intensity / per_count, 1.0)
    return pattern.changed(Step(COUNTING), sigma=per_count * np.sqrt(counts), per_count=per_count)


def counted(pattern: Pattern) -> Pattern:
    """Return the pattern with σ from its counts, where it has none and is known to be of counts.

    What is subtracted from an intensity leaves its σ, but no number of counts to tell it from: this comes
    before a subtraction.

    Parameters
    ----------
    pattern : Pattern
        It is returned as it is where it has σ, or is not known to be counts.
    """
    if pattern.sigma is not None or pattern.per_count is None:
        return pattern
    return counting_statistics(pattern)


def prepare(
    pattern: Pattern, monochromator: float | None = None, no_lp: bool = False, *, counting: bool = False
) -> Pattern:
    """Correct a pattern for Lorentz and polarisation factors where it is over 2θ.

    With ``counting``, σ is taken from the counts before that: corrected counts are no whole numbers, by which
    those of a text file are known.

    Parameters
    ----------
    pattern : Pattern
        As it was read.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator in degrees.
    no_lp : bool
        Not to correct data over 2θ.
    counting : bool
        Whether σ is that of the counts.

    Raises
    ------
    SlxrdError
        If a correction is asked for or declined that the pattern cannot have.
    """
    if counting:
        pattern = counting_statistics(pattern)
    if pattern.axis == "2theta" and not no_lp:
        return correct_lorentz_polarisation(pattern, monochromator)
    if monochromator is not None:
        why = (
            "--no-lp says not to correct"
            if no_lp
            else f"{pattern.source} is over q, and taken as corrected already"
        )
        raise SlxrdError(f"--monochromator belongs to the Lorentz-polarisation correction, but {why}")
    if no_lp and pattern.axis == "q":
        raise SlxrdError(f"--no-lp: {pattern.source} is over q and not corrected anyway; leave it out")
    return pattern
