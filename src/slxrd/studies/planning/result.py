"""Expected uncertainties and other solutions of a planned measurement, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slxrd._short_repr import short_repr
from slxrd.data.regions import Region
from slxrd.fitting.result.fit import AMBIGUOUS
from slxrd.studies.planning.distinguishability import UNIQUE_FRACTION, Distinguishability

#: Quantities whose errors are shown in a comparison of several counting times.
COMPARED = ("d", "L", "sigma_L", "N", "sigma_N", "period", "thickness")


@dataclass(frozen=True)
class ExpectedUncertainty:
    """Expected uncertainty of one quantity.

    Parameters
    ----------
    name, symbol, unit : str
        Quantity: a parameter, the period or the thickness.
    truth : float
        Value of the simulation.
    determined, ambiguous : float
        Fraction of the fits whose 95 % interval is a single one, with an error, and has several parts.
    rms, bias : float or None
        Root mean square and mean of fitted minus true value over those fits whose best solution is the
        true one; None if there is none.
    quoted : float or None
        Median of the errors of those fits.
    coverage : float or None
        Fraction of the 95 % intervals that contain the true value.
    with_effects : float or None
        Median of the errors with systematic effects, as a fit of the measurement will print them; of the
        first simulations. The other columns describe the noise alone.
    """

    name: str
    symbol: str
    unit: str
    truth: float
    determined: float
    ambiguous: float
    rms: float | None
    bias: float | None
    quoted: float | None
    coverage: float | None
    with_effects: float | None = None


@dataclass(frozen=True)
class Rival:
    """Another solution that the measurement may not exclude.

    Parameters
    ----------
    step : int
        Distance of its L from the true one, in units of d.
    L, N : float
        Mean values, in Å and planes.
    near : float
        Fraction of the fits in which it has Δχ² < 9.
    best : float
        Fraction of the fits in which it is the best.
    probability : float
        Its mean probability over all fits.
    """

    step: int
    L: float
    N: float
    near: float
    best: float
    probability: float


@short_repr
@dataclass(frozen=True)
class Plan:
    """Expected result of a measurement; print it for a table.

    Parameters
    ----------
    values : mapping of str to float
        Parameters of the sample.
    regions : tuple of Region
        Fitted regions.
    counts, noise : float or None
        Expected counts at the highest point, above the background; or the noise as a fraction of it.
    background : float
        Background in counts, or as a fraction of the peak.
    points, requested, done, seed : int
        Number of points; of simulations requested and made (fewer if interrupted); seed of the noise.
    expected : mapping of str to ExpectedUncertainty
        Expected uncertainties by the names of the quantities.
    fringes, right, unique : float
        Fraction of the fits that see fringes, which L needs; whose best solution is the true one (L within
        d/2); and in which, in addition, no other has Δχ² < 9.
    rivals : tuple of Rival
        Other solutions, most frequent first.
    distinguishability : Distinguishability or None
        From which to predict other counting times.
    notes : tuple of str
        Remarks on the result.
    """

    values: Mapping[str, float]
    regions: tuple[Region, ...]
    counts: float | None
    noise: float | None
    background: float
    points: int
    requested: int
    done: int
    seed: int
    expected: Mapping[str, ExpectedUncertainty]
    fringes: float
    right: float
    unique: float
    rivals: tuple[Rival, ...]
    distinguishability: Distinguishability | None
    notes: tuple[str, ...]

    @property
    def level(self) -> str:
        """Counts or noise as text."""
        if self.noise is not None:
            return f"noise of {100.0 * self.noise:.3g} % of the peak"
        return f"{self.counts:.4g} counts at the peak"

    @property
    def interrupted(self) -> bool:
        """Whether fewer simulations were made than requested."""
        return self.done < self.requested

    def __str__(self) -> str:
        lines = [
            f"{self.done} simulated measurements of {self.points} points, {self.level}, "
            f"{self.background:.4g} in the background,",
            "fitted in " + ", ".join(region.name for region in self.regions),
            "",
            f"  {'':3} {'true':>9}  {'error':>9}  {'quoted':>9}  {'bias':>9}  determined  ambiguous  in 95 %"
            "  with effects",
        ]
        for row in self.expected.values():
            cells = "  ".join(f"{_short(x):>9}" for x in (row.rms, row.quoted, row.bias))
            coverage = "-" if row.coverage is None else f"{row.coverage:.0%}"
            shares = f"{row.determined:>10.0%}  {row.ambiguous:>9.0%}  {coverage:>7}"
            whole = _short(row.with_effects)
            lines.append(f"  {row.symbol:3} {row.truth:>9.5g}  {cells}  {shares}  {whole:>12}  {row.unit}")
        if "L" in self.expected:
            rest = f"; the true solution is the best in {self.right:.0%}, the only one in {self.unique:.0%}"
            lines += ["", f"fringes are seen in {self.fringes:.0%} of the fits{rest if self.fringes else ''}"]
        lines += [
            f"  L {rival.step:+d}·d: L {rival.L:.2f} Å, N {rival.N:.2f}; Δχ² < {AMBIGUOUS:g} in "
            f"{rival.near:.0%}, the best in {rival.best:.0%}, mean probability {rival.probability:.2g}"
            for rival in self.rivals
        ]
        if self.distinguishability is not None and self.distinguishability.stacked:
            lines.append(self._needed_time(self.distinguishability))
        return "\n".join([*lines, *(f"! {note}" for note in self.notes)])

    def _needed_time(self, distinguishability: Distinguishability) -> str:
        time = distinguishability.needed()
        aim = f"a single solution in {100.0 * UNIQUE_FRACTION:.0f} of 100 measurements"
        if time is None:
            return f"{aim}: no counting time suffices; try other regions or a better resolution"
        times = f"{_two_digits(time)} times the counting time"
        if self.noise is not None:
            return f"{aim}: at about {_two_digits(100.0 * self.noise / time**0.5)} % of noise, {times}"
        return f"{aim}: from about {_two_digits((self.counts or 0.0) * time)} counts at the peak, {times}"

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON; lengths in Å."""
        expected = self.distinguishability
        names = {"requested": "asked", "coverage": "held"}  # in the files of 0.1
        data = asdict(self, dict_factory=lambda pairs: {names.get(k, k): value for k, value in pairs})
        del data["distinguishability"]
        data["regions"] = [
            {"low": region.low, "high": region.high, "weight": region.weight} for region in self.regions
        ]
        rises = [] if expected is None else sorted(expected.rivals.items(), key=lambda pair: pair[1])
        data["foresight"] = None if expected is None else {
            "fringes": expected.fringes,
            "rivals": [{"step": step, "delta_chi2": rise} for step, rise in rises],
            "unique": expected.unique(),
            "more_for_unique": expected.needed() if expected.stacked else None,
        }  # fmt: skip
        return data


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


def comparison_text(plans: Sequence[Plan]) -> str:
    """Return several plans of one sample as a table, with a line for each counting time or noise.

    Parameters
    ----------
    plans : sequence of Plan
        Plans to compare.
    """
    names = [name for name in COMPARED if name in plans[0].expected]
    rows = [plans[0].expected[name] for name in names]
    head = "  ".join(f"{row.symbol:>8}" for row in rows)
    units = "  ".join(f"{row.unit:>8}" for row in rows)
    stacked = "L" in plans[0].expected
    lines = [
        f"{'':31}  {'fringes    right   unique  ' if stacked else ''}error of",
        f"{'':31}  {'':{27 if stacked else 0}}{head}",
        f"{'':31}  {'':{27 if stacked else 0}}{units}",
    ]
    for plan in plans:
        shares = "".join(f"{share:>7.0%}  " for share in (plan.fringes, plan.right, plan.unique))
        cells = "  ".join(f"{_short(plan.expected[name].rms):>8}" for name in names)
        lines.append(f"  {plan.level:<29}  {shares if stacked else ''}{cells}")
    return "\n".join(lines)
