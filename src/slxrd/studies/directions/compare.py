"""Comparison of cumulative and sinusoidal disorder by their evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.result.assessment import AS_PROBABLE
from slxrd.fitting.result.probabilities import log_evidence
from slxrd.model.directions.axes import ACROSS, ALONG, DISORDERS, Disorder
from slxrd.parameters.axes import split_axis
from slxrd.studies.directions.cuts import CutLike
from slxrd.studies.directions.fit import fit_directions
from slxrd.studies.directions.result import DirectionsFit


@short_repr
@dataclass(frozen=True, eq=False)
class DisorderComparison:
    """Both kinds of disorder, fitted to the same cuts; print it for the conclusion.

    Parameters
    ----------
    fits : mapping of str to DirectionsFit
        The fits, by the kind of disorder.
    log_evidence, bic : mapping of str to float
        ln Z, and χ² + k ln n with k parameters, scales and background coefficients. Where no kind describes
        the data, χ² is divided by the lower reduced χ².
    """

    fits: Mapping[Disorder, DirectionsFit]
    log_evidence: Mapping[Disorder, float]
    bic: Mapping[Disorder, float]

    @property
    def best(self) -> Disorder:
        """The kind of the higher evidence."""
        return max(self.fits, key=lambda kind: self.log_evidence[kind])

    @property
    def log_odds(self) -> float:
        """Difference of ln Z between the better and the other kind."""
        values = sorted(self.log_evidence.values())
        return values[-1] - values[0]

    @property
    def decided(self) -> bool:
        """Whether the data decide: odds above 20 by evidence and BIC, for a kind that describes them."""
        other = next(kind for kind in self.fits if kind != self.best)
        by_bic = 0.5 * (self.bic[other] - self.bic[self.best])
        return self.log_odds > AS_PROBABLE and by_bic > AS_PROBABLE and not self.fits[self.best].rejected

    @property
    def conclusion(self) -> str:
        """The conclusion in one sentence."""
        if all(fit.rejected for fit in self.fits.values()):
            return "Neither kind of disorder describes the data."
        if not self.decided:
            return "The data cannot decide between cumulative and sinusoidal disorder."
        other = next(kind for kind in self.fits if kind != self.best)
        return f"The data prefer {self.best} to {other} disorder (ln evidence {self.log_odds:.1f} higher)."

    def __str__(self) -> str:
        width = max(map(len, self.fits))
        lines = [self.conclusion, ""]
        lines.append(
            f"  {'disorder':<{width}}  {'χ²':>8}  {'reduced':>7}  {'k':>3}  {'ln evidence':>11}  {'ΔBIC':>8}"
        )
        top, least = max(self.log_evidence.values()), min(self.bic.values())
        for kind, fit in self.fits.items():
            lines.append(
                f"  {kind:<{width}}  {fit.chi2:8.1f}  {fit.reduced_chi2:7.3g}  {count(fit):3d}  "
                f"{self.log_evidence[kind] - top:11.1f}  {self.bic[kind] - least:8.1f}"
            )
        for kind, fit in self.fits.items():
            lines += ["", f"{kind} disorder", "", str(fit)]
        return "\n".join(lines)

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "conclusion": self.conclusion,
            "decided": self.decided,
            "log_evidence": dict(self.log_evidence),
            "bic": dict(self.bic),
            "fits": {kind: fit.as_dictionary() for kind, fit in self.fits.items()},
        }


@check_arguments
def compare_disorder(cuts: Sequence[CutLike], **options: Any) -> DisorderComparison:
    """Fit cuts with cumulative and with sinusoidal disorder, and compare both by their evidence.

    ln Z is the Laplace approximation, summed over all solutions, with flat priors within the bounds of the
    parameters. Options that name parameters of one kind of disorder apply to that kind.

    Parameters
    ----------
    cuts : sequence of Pattern or (Pattern, direction)
        As in :func:`slxrd.fit_directions`.
    **options
        Options of :func:`slxrd.fit_directions` without ``disorder``.

    Raises
    ------
    SlxrdError
        If a pattern or an option is at fault.
    """
    if "disorder" in options:
        raise SlxrdError("disorder: both kinds are compared; leave it out")
    fits: dict[Disorder, DirectionsFit] = {
        kind: fit_directions(cuts, disorder=kind, **_of_kind(options, kind)) for kind in DISORDERS
    }
    first = next(iter(fits.values()))
    scale = max(1.0, min(fit.reduced_chi2 for fit in fits.values()))
    evidence, bic = {}, {}
    for kind, fit in fits.items():
        # σ of counts follows from each fit's own curve.
        widths = sum(
            float(np.sum(np.log(mine.sigma / other.sigma)))
            for mine, other in zip(fit.regions, first.regions, strict=True)
        )
        evidence[kind] = (
            float(np.logaddexp.reduce([log_evidence(each, scale) for each in fit.minima])) - widths
        )
        bic[kind] = fit.chi2 / scale + 2.0 * widths + count(fit) * math.log(fit.n_points)
    return DisorderComparison(fits, evidence, bic)


def count(fit: DirectionsFit) -> int:
    """Number of refined parameters, scale factors and background coefficients."""
    return len(fit.names) + sum(1 + len(region.background) for region in fit.regions)


def _of_kind(options: Mapping[str, Any], kind: Disorder) -> dict[str, Any]:
    """Leave out what names parameters of the other kind of disorder only."""
    own = {*ALONG[kind], *ACROSS[kind]}
    others = {base for each in DISORDERS for base in (*ALONG[each], *ACROSS[each])} - own

    def kept(name: str) -> bool:
        parts = split_axis(name)
        return parts is None or parts[0] not in others

    found = dict(options)
    for option in ("share", "separate", "free"):
        if option in found:
            found[option] = [name for name in found[option] if kept(name)]
    for option in ("start", "fix", "bounds"):
        if found.get(option):
            found[option] = {name: value for name, value in found[option].items() if kept(name)}
    return found
