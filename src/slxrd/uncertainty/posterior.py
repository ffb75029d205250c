"""Posterior: what a pattern leaves possible, sampled over all solutions at once.

The density is exp(−χ²/2), flat within the parameters' bounds, times Gaussian priors where they are
given; scale and background stand at their best values, as in the fit. Between the solutions, which
are some d apart in L and much narrower than that, an ordinary sampler does not pass: here every third
step or so is a hop, which carries a point from its solution to the place in another that corresponds
to it (Tjelmeland and Hegland, Scand. J. Stat. 1998, 25, 205). So the share of the samples in each
solution is its probability. Solutions that the search has not found are hardly ever entered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.estimates import covariance
from slxrd.leastsquares import Minimum
from slxrd.model import REFINABLE
from slxrd.result import Fit
from slxrd.uncertainty.convergence import autocorrelation_time, judge, split_rhat
from slxrd.units import FloatArray

#: Steps and walkers that suffice for five parameters and two solutions.
STEPS, WALKERS = 6000, 40
FEWEST_STEPS = 100
#: Solutions above the best one by less than this in −2 ln(posterior) are started from, by so many walkers.
_REACHED, _A_FEW = 20.0, 3
#: A prior farther than this from every solution, in standard deviations, excludes them.
_EXCLUDED = 6.0
#: Share of the steps at the beginning that is thrown away.
_DISCARDED = 0.2

Progress = Callable[[int, int], None]
Priors = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Posterior:
    """Samples of the posterior, and how far to trust them.

    Parameters
    ----------
    seed, asked, done, discarded : int
        Seed of the random numbers; steps that were wanted, made, and thrown away at the beginning.
    names : tuple of str
        Parameters that were refined.
    chain : ndarray, shape (steps, walkers, f)
        Their values.
    all_values : mapping of str to ndarray, shape (n,)
        Of every parameter and of the period Λ = (N−1)·d + L and thickness (N−1)·d, in Å and planes,
        for the n = steps·walkers samples.
    chi2 : ndarray, shape (n,)
        Without priors.
    solution : ndarray of int, shape (n,)
        The solution of the fit, counted from 0, that is nearest.
    fractions, fraction_errors : ndarray, shape (solutions,)
        Share of the samples in each solution, and its standard deviation.
    tau, effective, rhat : mapping of str to float
        Autocorrelation time in steps, number of independent samples, and split R-hat (1 where all
        walkers agree), of each refined parameter.
    acceptance : float
        Share of the proposals that were accepted.
    converged : bool
        Whether the numbers above can be trusted.
    why : str
        On what grounds.
    notes : tuple of str
        What the reader must know.
    """

    seed: int
    asked: int
    done: int
    discarded: int
    names: tuple[str, ...]
    chain: FloatArray
    all_values: Mapping[str, FloatArray]
    chi2: FloatArray
    solution: NDArray[np.int64]
    fractions: FloatArray
    fraction_errors: FloatArray
    tau: Mapping[str, float]
    effective: Mapping[str, float]
    rhat: Mapping[str, float]
    acceptance: float
    converged: bool
    why: str
    notes: tuple[str, ...]

    def mean(self, name: str) -> float:
        """Mean of a parameter or derived quantity."""
        return float(np.mean(self._of(name)))

    def std(self, name: str) -> float:
        """Standard deviation of a parameter or derived quantity."""
        return float(np.std(self._of(name), ddof=1))

    def quantile(self, name: str, share: float) -> float:
        """Quantile of a parameter or derived quantity."""
        return float(np.quantile(self._of(name), share))

    def correlation(self) -> FloatArray:
        """Correlations of the refined parameters, shape (f, f)."""
        flat = self.chain.reshape(-1, len(self.names))
        return np.atleast_2d(np.corrcoef(flat, rowvar=False))

    def _of(self, name: str) -> FloatArray:
        if name not in self.all_values:
            raise SlxrdError(f"unknown quantity {name!r}; there are {', '.join(self.all_values)}")
        return self.all_values[name]


def sample(
    fit: Fit,
    *,
    steps: int = STEPS,
    walkers: int = WALKERS,
    seed: int = 0,
    priors: Priors | None = None,
    report: Progress | None = None,
) -> Posterior:
    """Sample the posterior of a fit.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    steps, walkers : int
        Every walker makes so many steps, of which the first fifth is thrown away; 4000 steps of 40
        walkers take some 20 s for one region.
    seed : int
        Of the random numbers.
    priors : mapping of str to (float, float), optional
        Mean and standard deviation of what is known beforehand, ``{"L": (36, 2)}``, of refined
        parameters, the period or the thickness.
    report : callable, optional
        Called with steps done and asked for. A KeyboardInterrupt ends the run and keeps what was
        done.

    Raises
    ------
    SlxrdError
        If nothing was refined, steps or walkers are too few, a prior cannot be or excludes all
        solutions, or emcee is not installed.
    """
    if not fit.names:
        raise SlxrdError("nothing was refined, so there is no posterior to sample")
    if steps < FEWEST_STEPS:
        raise SlxrdError(f"{steps} steps: at least {FEWEST_STEPS} are needed, and thousands for a good answer")
    fewest = max(2 * len(fit.names), 8)
    if walkers < fewest:
        raise SlxrdError(f"{walkers} walkers: {len(fit.names)} parameters need at least {fewest}")
    target = _Target(fit, dict(priors or {}))
    solutions = Solutions.of(fit.minima, target)
    starting, moving = np.random.SeedSequence(seed).spawn(2)
    starts = _starts(fit, target, solutions, walkers, np.random.default_rng(starting))
    chain, log_density, acceptance = _run(target, solutions, starts, steps, moving, report)
    return _conclude(fit, target, solutions, chain, log_density, acceptance, seed, steps)


class _Target:
    """The logarithm of the posterior's density, up to a constant."""

    def __init__(self, fit: Fit, priors: Priors) -> None:
        self.names = fit.names
        self.priors = priors
        self.parameters = fit.minima[0].parameters
        self.lower, self.upper = self.parameters.limits()
        self._objective = fit.objective
        self._fixed = dict(fit.minima[0].values)
        self._tied = any(row.expression is not None for row in self.parameters.values())
        known = (*fit.names, "period", "thickness")
        for name, (centre, spread) in priors.items():
            text = f"prior {name} = {centre:g} ± {spread:g}"
            if name not in known:
                raise SlxrdError(f"{text}: it is not refined; priors may be given for {', '.join(known)}")
            if not (np.isfinite(centre) and np.isfinite(spread) and spread > 0.0):
                raise SlxrdError(f"{text}: the standard deviation must be positive, both finite")
            self._check(fit, name, text)

    def _check(self, fit: Fit, name: str, text: str) -> None:
        """See that a prior admits a solution."""
        centre, spread = self.priors[name]
        at = np.array([self.quantities(minimum.vector)[name] for minimum in fit.minima])
        errors = np.array([covariance(minimum).of(self._slopes(minimum, name)) or 0.0 for minimum in fit.minima])
        if name in fit.names and fit.parameters[name].status == "undetermined":
            i = fit.names.index(name)
            errors[:] = self.upper[i] - self.lower[i]
        far = np.abs(at - centre) / np.hypot(errors, spread)
        if far.min() > _EXCLUDED:
            raise SlxrdError(
                f"{text} excludes all solutions; the nearest, {at[far.argmin()]:.5g}, is {far.min():.0f} "
                "standard deviations away"
            )

    def _slopes(self, minimum: Minimum, name: str) -> dict[str, float]:
        if name in REFINABLE:
            return {name: 1.0}
        slopes = {"d": minimum.values["N"] - 1.0, "N": minimum.values["d"]}
        return {**slopes, "L": 1.0} if name == "period" else slopes

    def pulls(self, minimum: Minimum) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Priors at a minimum: gradients, shape (k, f), distances and standard deviations, shape (k,)."""
        _, chain = self.parameters.resolve(minimum.vector)
        rows = dict(zip(self.parameters, chain, strict=True))
        slopes = [self._slopes(minimum, name) for name in self.priors]
        gradients = [sum(s * rows[n] for n, s in each.items()) for each in slopes]
        at = self.quantities(minimum.vector)
        distances = [centre - at[name] for name, (centre, _) in self.priors.items()]
        shape = (len(gradients), len(self.names))
        spreads = np.array([spread for _, spread in self.priors.values()])
        return np.array(gradients).reshape(shape), np.array(distances), spreads

    def quantities(self, vectors: FloatArray) -> dict[str, Any]:
        """All parameters and derived quantities; ``vectors`` of shape (..., f) give arrays of shape (...)."""
        values: dict[str, Any]
        if self._tied:
            flat = vectors.reshape(-1, len(self.names))
            resolved = [self.parameters.resolve(vector)[0] for vector in flat]
            values = {n: np.array([v[n] for v in resolved]).reshape(vectors.shape[:-1]) for n in REFINABLE}
        else:
            values = {n: np.full(vectors.shape[:-1], self._fixed[n]) for n in REFINABLE}
            values |= {name: vectors[..., i] for i, name in enumerate(self.names)}
        values["thickness"] = (values["N"] - 1.0) * values["d"]
        values["period"] = values["thickness"] + values["L"]
        return values

    def log_prior(self, quantities: Mapping[str, Any]) -> Any:
        """Logarithm of the Gaussian priors; 0 where there is none."""
        return -0.5 * sum(((quantities[n] - c) / s) ** 2 for n, (c, s) in self.priors.items())

    def __call__(self, vectors: FloatArray) -> FloatArray:
        """Evaluate at ``vectors``, shape (n, f)."""
        inside = np.all((vectors >= self.lower) & (vectors <= self.upper), axis=1)
        density = np.full(len(vectors), -np.inf)
        for i in np.flatnonzero(inside):
            try:
                values = self.quantities(vectors[i])
                chi2 = self._objective.chi2(values)
            except SlxrdError:  # a tie leads outside its bounds, or the curve has no logarithm
                continue
            density[i] = -0.5 * chi2 + self.log_prior(values)
        return density
