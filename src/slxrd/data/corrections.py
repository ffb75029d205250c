"""Corrections of the measured intensity, and σ from counting statistics.

Each function returns a new pattern with one more step in its history. The corrections for
Lorentz-polarisation, absorption and footprint divide by a factor that depends on the angle and on the
settings recorded in the step, so that :func:`undo_correction` can multiply by it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.data.correction_factors import BeamProfile, film_absorption, footprint, lorentz_polarisation
from slxrd.data.pattern import Pattern, Step
from slxrd.errors import SlxrdError
from slxrd.sample.form_factors import attenuation
from slxrd.units import FloatArray

#: Settings of a step.
Details = Mapping[str, str | float | int]

POLARISATION, ABSORPTION, FOOTPRINT = "Lorentz-polarisation", "absorption", "footprint"
COUNTING = "σ from counting statistics"
MONOCHROMATOR, _THICKNESS, _MU = "monochromator θ_M (°)", "thickness (Å)", "μ (1/cm)"
_BEAM, _SAMPLE, _PROFILE = "beam (mm)", "sample (mm)", "profile"


@check_arguments
def correct_lorentz_polarisation(pattern: Pattern, monochromator: float | None = None) -> Pattern:
    """Divide intensity and σ by the Lorentz-polarisation factor.

    Parameters
    ----------
    pattern : Pattern
        With a known wavelength if its axis is q.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator in degrees.

    Raises
    ------
    SlxrdError
        If the pattern is already corrected.
    """
    return _divided(
        pattern, Step(POLARISATION, {MONOCHROMATOR: "none" if monochromator is None else monochromator})
    )


@check_arguments
def correct_absorption(
    pattern: Pattern,
    thickness: float,
    *,
    mu: float | None = None,
    formula: str | None = None,
    density: float | None = None,
) -> Pattern:
    """Correct for the absorption in a film of finite thickness; scale to an infinitely thick film.

    Intensity and σ are divided by the factor of `film_absorption`.

    Parameters
    ----------
    pattern : Pattern
        A symmetric θ:2θ scan in reflection; with a known wavelength if the axis is q, and for ``formula``.
    thickness : float
        Thickness of the film in Å (500 nm are 5000 Å).
    mu : float, optional
        Linear attenuation coefficient of the film in 1/cm.
    formula, density : str and float, optional
        Instead of ``mu``: chemical formula and density in g/cm³, as in
        :func:`slxrd.sample.form_factors.attenuation`. Only thickness × density matters: for a film with
        voids, give the mean density.

    Raises
    ------
    SlxrdError
        If the pattern is already corrected, or not exactly one of ``mu`` and ``formula`` with ``density`` is
        given.
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
        raise SlxrdError("absorption: mu and formula or density are both given; leave one out")
    return _divided(pattern, Step(ABSORPTION, {**details, _MU: mu}))


@check_arguments
def correct_footprint(pattern: Pattern, beam: float, sample: float, profile: BeamProfile = "box") -> Pattern:
    """Correct for a sample that is shorter than the footprint of the beam.

    Intensity and σ are divided by the factor of `footprint`.

    Parameters
    ----------
    pattern : Pattern
        With a known wavelength if its axis is q.
    beam, sample : float
        Width of the beam and length of the sample along it, in mm.
    profile : {"box", "gaussian"}
        Intensity profile across the beam; for ``"gaussian"``, ``beam`` is the full width at half maximum.

    Raises
    ------
    SlxrdError
        If the pattern is already corrected, or a length is not positive.
    """
    return _divided(pattern, Step(FOOTPRINT, {_BEAM: beam, _SAMPLE: sample, _PROFILE: profile}))


@check_arguments
def undo_correction(pattern: Pattern, name: str) -> Pattern:
    """Undo one correction.

    The factor is computed from the settings in the step, and intensity, σ and ``per_count`` are multiplied by
    it. Later steps are not undone: a background that was subtracted after the correction is multiplied by the
    factor too.

    Parameters
    ----------
    pattern : Pattern
        The corrected pattern.
    name : {"Lorentz-polarisation", "absorption", "footprint"}
        Name of the correction.

    Raises
    ------
    SlxrdError
        If the pattern has no such step, or the step is not a multiplication by a factor.
    """
    at = next((i for i, step in enumerate(pattern.history) if step.name == name), None)
    if name not in _FACTORS:
        raise SlxrdError(
            f"undo {name!r}: only {', '.join(_FACTORS)} can be undone; for other steps, keep the pattern "
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
    monochromator = details[MONOCHROMATOR]
    return lorentz_polarisation(two_theta, None if isinstance(monochromator, str) else monochromator)


def _absorption_of(two_theta: FloatArray, details: Details) -> FloatArray:
    return film_absorption(two_theta, float(details[_THICKNESS]), float(details[_MU]))


def _footprint_of(two_theta: FloatArray, details: Details) -> FloatArray:
    profile = cast(BeamProfile, details[_PROFILE])  # checked by footprint
    return footprint(two_theta, float(details[_BEAM]), float(details[_SAMPLE]), profile)


_FACTORS: dict[str, Callable[[FloatArray, Details], FloatArray]] = {
    POLARISATION: _polarisation_of,
    ABSORPTION: _absorption_of,
    FOOTPRINT: _footprint_of,
}


def prepare_like(first: Pattern, other: Pattern) -> Pattern:
    """Prepare a further scan as the first one was: σ from counts, Lorentz-polarisation correction.

    Parameters
    ----------
    first, other : Pattern
        The first scan after, and the other before its preparation.
    """
    steps = {step.name: step.details for step in first.history}
    if COUNTING in steps:
        other = counting_statistics(other)
    if POLARISATION in steps and other.axis == "2theta":
        angle = steps[POLARISATION][MONOCHROMATOR]
        return correct_lorentz_polarisation(other, None if isinstance(angle, str) else angle)
    return other


@check_arguments
def counting_statistics(pattern: Pattern) -> Pattern:
    """Set σ from counting statistics.

    σ = √n counts for n counts, and 1 count for n < 1; one count is ``pattern.per_count``.

    Parameters
    ----------
    pattern : Pattern
        With ``per_count``, or with intensities that are non-negative whole numbers.

    Raises
    ------
    SlxrdError
        If the intensities cannot be counts.
    """
    per_count = pattern.per_count
    if per_count is None:
        raw = _uncorrected(replace(pattern, per_count=np.ones_like(pattern.intensity)))
        whole = np.abs(raw.intensity - np.round(raw.intensity)) < 1e-6
        if not (whole.all() and raw.intensity.max() >= 1.0 and raw.intensity.min() >= 0.0):
            raise SlxrdError(
                f"{pattern.source}: counting statistics need raw counts or a known intensity of one "
                f"count{_why_not_counts(pattern)}; give σ as a third column or as a fraction of the maximum"
            )
        assert raw.per_count is not None
        per_count = 1.0 / raw.per_count
    counts = np.maximum(pattern.intensity / per_count, 1.0)
    return pattern.changed(Step(COUNTING), sigma=per_count * np.sqrt(counts), per_count=per_count)


def _why_not_counts(pattern: Pattern) -> str:
    """Return the reason that the reader found, in brackets; empty without one."""
    reason = str(pattern.metadata.get("counts", "")).removeprefix("not known: ")
    for step in pattern.history:
        if step.name in ("not taken for counts", "rates left as in the file"):
            reason = str(step.details.get("because", reason))
    return f" ({reason})" if reason else ""


def _uncorrected(pattern: Pattern) -> Pattern:
    """Undo the multiplications by a factor; later steps are not undone."""
    for step in reversed(pattern.history):
        if step.name in _FACTORS:
            pattern = undo_correction(pattern, step.name)
    return pattern


def with_counting_sigma(pattern: Pattern) -> Pattern:
    """Set σ from counting statistics if the pattern has none and is known to be counts.

    Necessary before a subtraction, after which the number of counts is not known.

    Parameters
    ----------
    pattern : Pattern
        Returned unchanged if it has σ, or is not known to be counts.
    """
    if pattern.sigma is not None or pattern.per_count is None:
        return pattern
    return counting_statistics(pattern)


def prepare_pattern(
    pattern: Pattern, monochromator: float | None = None, no_lp: bool = False, *, counting: bool = False
) -> Pattern:
    """Prepare a pattern for a fit: σ from counts, and the Lorentz-polarisation correction of data over 2θ.

    σ is set first: counts in a text file are recognised as whole numbers, which corrected ones are not.

    Parameters
    ----------
    pattern : Pattern
        As read from the file. Data over q are assumed to be corrected already.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator in degrees.
    no_lp : bool
        Do not correct data over 2θ.
    counting : bool
        Set σ from counting statistics.

    Raises
    ------
    SlxrdError
        If ``monochromator`` or ``no_lp`` is given for data to which it does not apply, or ``counting`` for
        data that are not counts.
    """
    if counting:
        pattern = counting_statistics(pattern)
    if pattern.axis == "2theta" and not no_lp:
        return correct_lorentz_polarisation(pattern, monochromator)
    if monochromator is not None:
        why = (
            "--no-lp turns it off"
            if no_lp
            else f"{pattern.source} is over q, and assumed to be corrected already"
        )
        raise SlxrdError(f"--monochromator belongs to the Lorentz-polarisation correction, but {why}")
    if no_lp and pattern.axis == "q":
        raise SlxrdError(f"--no-lp: {pattern.source} is over q and not corrected anyway; leave it out")
    return pattern
