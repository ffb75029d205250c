"""What is to be expected of a measurement: errors, other solutions, and the table that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slxrd.data.regions import Region
from slxrd.fitting.result.fit import AMBIGUOUS
from slxrd.studies.planning.distinguishability import SURE, Foresight

#: What a comparison of several counting times shows the errors of.
COMPARED = ("d", "L", "sigma_L", "N", "sigma_N", "period", "thickness")


@dataclass(frozen=True)
class Expected:
    """What is to be expected of one parameter.

    Parameters
    ----------
    name, symbol, unit : str
        Which; the period and the thickness are among them.
    truth : float
        What was simulated with.
    determined, ambiguous : float
        Share of the fits whose 95 % interval is in one piece, with an error, and in several.
    rms, bias : float or None
        Root mean square and mean of fitted minus true value over those of them whose best solution is
        the right one; None where there is none.
    quoted : float or None
        Median of the errors that those fits quote.
    held : float or None
        Share of the fits whose 95 % interval holds the truth, of those that give one.
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
    held: float | None


@dataclass(frozen=True)
class Rival:
    """Another solution that the measurement may not exclude.

    Parameters
    ----------
    step : int
        Its L is about the true one plus so many d.
    L, N : float
        Where it lies on average, in Å and planes.
    near : float
        Share of the fits in which its χ² is less than 9 above the best one's.
    best : float
        Share in which it is the best.
    probability : float
        That it is given, on average over all fits.
    """

    step: int
    L: float
    N: float
    near: float
    best: float
    probability: float


@dataclass(frozen=True)
class Plan:
    """What a measurement would tell.

    Parameters
    ----------
    values : mapping of str to float
        The sample.
    regions : tuple of Region
        What was fitted.
    counts, noise : float or None
        Expected counts at the highest point above the background; or the noise, as a fraction of it.
    background : float
        In the same unit as the peak: counts, or a fraction of it.
    points, asked, done, seed : int
        Points measured; simulations wanted and made (fewer if interrupted), and their seed.
    expected : mapping of str to Expected
        By parameter.
    fringes, right, unique : float
        Share of the fits that see fringes, so that there is an L; whose best solution is the right
        one (L within d/2 of the truth); and of those where no other has Δχ² < 9.
    rivals : tuple of Rival
        The other solutions, the most frequent first.
    foresight : Foresight or None
        What to expect at other counting times.
    notes : tuple of str
        What the reader must know.
    """

    values: Mapping[str, float]
    regions: tuple[Region, ...]
    counts: float | None
    noise: float | None
    background: float
    points: int
    asked: int
    done: int
    seed: int
    expected: Mapping[str, Expected]
    fringes: float
    right: float
    unique: float
    rivals: tuple[Rival, ...]
    foresight: Foresight | None
    notes: tuple[str, ...]

    @property
    def level(self) -> str:
        """Counts or noise, in words."""
        if self.noise is not None:
            return f"noise of {100.0 * self.noise:.3g} % of the peak"
        return f"{self.counts:.4g} counts at the peak"

    @property
    def interrupted(self) -> bool:
        """Whether fewer simulations were made than wanted."""
        return self.done < self.asked

    def __str__(self) -> str:
        lines = [
            f"{self.done} simulated measurements of {self.points} points, {self.level}, "
            f"{self.background:.4g} in the background,",
            "fitted in " + ", ".join(region.name for region in self.regions),
            "",
            f"  {'':3} {'true':>9}  {'error':>9}  {'quoted':>9}  {'bias':>9}  determined  ambiguous  in 95 %",
        ]
        for row in self.expected.values():
            cells = "  ".join(f"{_short(x):>9}" for x in (row.rms, row.quoted, row.bias))
            held = "-" if row.held is None else f"{row.held:.0%}"
            shares = f"{row.determined:>10.0%}  {row.ambiguous:>9.0%}  {held:>7}"
            lines.append(f"  {row.symbol:3} {row.truth:>9.5g}  {cells}  {shares}  {row.unit}")
        if "L" in self.expected:
            rest = f"; the right solution is the best in {self.right:.0%}, the only one in {self.unique:.0%}"
            lines += ["", f"fringes are seen in {self.fringes:.0%} of the fits{rest if self.fringes else ''}"]
        lines += [
            f"  L {rival.step:+d}·d: L {rival.L:.2f} Å, N {rival.N:.2f}; Δχ² < {AMBIGUOUS:g} in "
            f"{rival.near:.0%}, the best in {rival.best:.0%}, mean probability {rival.probability:.2g}"
            for rival in self.rivals
        ]
        if self.foresight is not None and self.foresight.stacked:
            lines.append(self._needed(self.foresight))
        return "\n".join([*lines, *(f"! {note}" for note in self.notes)])

    def _needed(self, foresight: Foresight) -> str:
        more = foresight.needed()
        wanted = f"one solution only in {100.0 * SURE:.0f} of 100 measurements"
        if more is None:
            return f"{wanted}: no counting time would do; try other regions or a better resolution"
        times = f"{_two_digits(more)} times the counting time"
        if self.noise is not None:
            return f"{wanted}: at about {_two_digits(100.0 * self.noise / more**0.5)} % of noise, {times}"
        return f"{wanted}: from about {_two_digits((self.counts or 0.0) * more)} counts at the peak, {times}"

    def as_dictionary(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        foresight = self.foresight
        told = asdict(self)
        told["regions"] = [
            {"low": region.low, "high": region.high, "weight": region.weight} for region in self.regions
        ]
        rises = [] if foresight is None else sorted(foresight.rivals.items(), key=lambda pair: pair[1])
        told["foresight"] = None if foresight is None else {
            "fringes": foresight.fringes,
            "rivals": [{"step": step, "delta_chi2": rise} for step, rise in rises],
            "unique": foresight.unique(),
            "more_for_unique": foresight.needed() if foresight.stacked else None,
        }  # fmt: skip
        return told


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


def comparison(plans: Sequence[Plan]) -> str:
    """Write several plans of one sample as a table, a line for each counting time or noise.

    Parameters
    ----------
    plans : sequence of Plan
        What to compare.
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
