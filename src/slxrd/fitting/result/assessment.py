"""Record of whether a model describes the data: grade, reasons, largest misfit, advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from slxrd._short_repr import short_repr
from slxrd.parameters.definitions import symbol_of

#: describes; describes with systematic residuals; does not describe.
Grade = Literal["describes", "systematic", "rejected"]

#: Difference of ln Z below which two models are as probable: odds of 20 to 1.
AS_PROBABLE = 3.0
#: Smallest factor of the errors that is stated.
LEAST_WIDENING = 1.05


@dataclass(frozen=True)
class Misfit:
    """The largest misfit of a fit, and its place.

    Parameters
    ----------
    low, high : float
        Range in Å⁻¹.
    size : float
        Root mean square of the residuals there, in units of the noise of the data.
    text : str
        What differs, with the place: ``"fringes at 2.09–2.15 Å⁻¹ are shifted by −0.003 Å⁻¹"``.
    """

    low: float
    high: float
    size: float
    text: str


@dataclass(frozen=True)
class Rival:
    """Another model of the same points.

    Parameters
    ----------
    name : str
        Of the model.
    chi2 : float
        Its χ².
    log_odds : float
        ln Z of the fit less that of the rival, by the Laplace approximation, with χ² over the square of the
        widening of the errors; negative if the data prefer the rival.
    values : mapping of str to float
        Values of its parameters.
    """

    name: str
    chi2: float
    log_odds: float
    values: Mapping[str, float]


@short_repr
@dataclass(frozen=True)
class Assessment:
    """Whether the model of a fit describes the data.

    Parameters
    ----------
    grade : {"describes", "systematic", "rejected"}
        The model describes the data; it describes them with systematic residuals, and errors are widened;
        or it does not describe them, and no quantity of the fit is a result.
    reasons : tuple of str
        Why, one sentence each.
    misfit : Misfit or None
        The largest misfit; None if noise alone explains the residuals.
    advice : tuple of str
        What to try next.
    widening : float
        Factor on the errors from noise, at least 1; systematic effects have their own size.
    reduced_chi2 : float
        χ² per degree of freedom against the noise of the data, which is that of the fit unless the scatter
        of neighbouring points contradicts it.
    limit : float
        Largest value of it for a model that describes the data.
    noise_ratio : float
        Noise of the data over the σ of the fit, root mean square; 1 where they agree. Of points that are not
        independent: the noise of as many independent points with the same variations over many points.
    correlation_time : float
        Of the residuals, in points; 1 if they are independent.
    explained : float
        Smallest share of the structure of the data, region by region and from narrow to broad, that the
        model explains; 1 if the rest is noise.
    rivals : tuple of Rival
        Other models of the same points.
    noise_time : float
        Correlation time of the noise of the data in points, above 1 where they were smoothed or interpolated.
    replaced : str
        An option with which the fit does not describe the data, and what was used instead; empty without one.
    """

    grade: Grade
    reasons: tuple[str, ...] = ()
    misfit: Misfit | None = None
    advice: tuple[str, ...] = ()
    widening: float = 1.0
    reduced_chi2: float = 1.0
    limit: float = 1.0
    noise_ratio: float = 1.0
    correlation_time: float = 1.0
    explained: float = 1.0
    rivals: tuple[Rival, ...] = ()
    noise_time: float = 1.0
    replaced: str = ""

    @property
    def white(self) -> bool:
        """Whether noise alone explains the residuals."""
        return self.grade == "describes" or (
            self.grade == "systematic" and self.misfit is None and self.noise_time > 1.0
        )

    @property
    def rejected(self) -> bool:
        """Whether the model does not describe the data."""
        return self.grade == "rejected"

    @property
    def headline(self) -> str:
        """The grade, what it means for the values, and what was replaced."""
        return f"{self._graded} Changed: {self.replaced}." if self.replaced else self._graded

    @property
    def _graded(self) -> str:
        """One sentence: the grade, and what it means for the values."""
        measure = f"reduced χ² {self.reduced_chi2:.3g} against their noise, at most {self.limit:.3g} expected"
        shown = self.widening >= LEAST_WIDENING
        if self.grade == "describes":
            wider = f"; errors from noise widened × {self.widening:.2g}" if shown else ""
            return f"The model describes the data ({measure}){wider}."
        if self.grade == "systematic" and self.misfit is None:
            wider = f" Errors from noise are widened × {self.widening:.2g}." if shown else ""
            return f"Not certain: {self.reasons[0]}.{wider}"
        if self.grade == "systematic":
            wider = f": errors from noise are widened × {self.widening:.2g}" if shown else ""
            return f"The model describes the data with systematic residuals ({measure}){wider}."
        return f"REJECTED: the model does not describe the data ({measure}). No value below is a result."

    @property
    def lines(self) -> tuple[str, ...]:
        """The headline, reasons, largest misfit, advice, and rivals that are as probable, as text."""
        in_headline = self.grade == "systematic" and self.misfit is None
        found = [self.headline, *(f"  {reason}" for reason in self.reasons[in_headline:])]
        if self.misfit is not None:
            found.append(f"  Largest misfit: {sentence(self.misfit.text)}")
        if self.advice:
            found.append(f"  To try: {'; '.join(self.advice)}.")
        found += [f"  {rival_text(rival)}" for rival in self.rivals if rival.log_odds < AS_PROBABLE]
        return tuple(found)


def sentence(text: str) -> str:
    """End a text with a full stop, unless it ends with a question mark."""
    return text if text.endswith("?") else f"{text}."


def rival_text(rival: Rival) -> str:
    """Describe a rival in one sentence, without errors."""
    values = ", ".join(f"{symbol_of(name)} {value:.5g}" for name, value in rival.values.items())
    if abs(rival.log_odds) < AS_PROBABLE:
        verdict = "as probable as this model"
    else:
        verdict = "less probable than this model" if rival.log_odds > 0.0 else "more probable than this model"
    evidence = f"ln evidence {-rival.log_odds:+.1f} relative to it"
    return f"Rival: {rival.name}: χ² {rival.chi2:.5g}, {verdict} ({evidence}); {values}"
