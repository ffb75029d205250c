"""From the pattern as it was read to the one that is fitted: σ of counts, Lorentz-polarisation."""

from __future__ import annotations

from slxrd.corrections import correct_lorentz_polarisation, counting_statistics
from slxrd.errors import SlxrdError
from slxrd.pattern import Pattern


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
