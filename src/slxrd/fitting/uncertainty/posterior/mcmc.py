"""Posterior: what a pattern leaves possible, sampled over all solutions at once.

The density is exp(−χ²/2), flat within the parameters' bounds, times Gaussian priors where they are
given; scale and background stand at their best values, as in the fit. An ordinary sampler does not pass
between the solutions, which are some d apart in L and much narrower than that. Here half of the steps
are jumps to a point drawn anew from a picture of all solutions (the independence sampler of Tierney,
Ann. Stat. 1994, 22, 1701), so that the share of the samples in a solution is its probability; in the
others the walkers move along their differences, whatever the shape of the solution (ter Braak, Stat.
Comput. 2006, 16, 239). A solution that the search has not found is hardly ever entered.

Whether a chain has converged: autocorrelation time, split R-hat, agreement of its halves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.fitting.result.derived import with_derived
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.uncertainty.posterior.target import Priors, Target
from slxrd.fitting.uncertainty.posterior.walkers import Solutions, distributed, pictured
from slxrd.fitting.uncertainty.samples import Drawn
from slxrd.units import FloatArray

#: Autocorrelation times that a chain must be long, the split R-hat it may have, and the difference of the
#: solutions' shares between its halves, in standard deviations.
LONG_ENOUGH, WORST_RHAT, WORST_DIFFERENCE = 50.0, 1.05, 4.0
#: Share of the steps thrown away at the beginning.
DISCARDED = 0.2


def autocorrelation_time(chain: FloatArray) -> float:
    """Integrated autocorrelation time in steps of a quantity, shape (steps, walkers).

    Deviations are from the mean of all walkers, not of each as in emcee: walkers that stay each in its
    own solution are so seen to be correlated for ever. The window is Sokal's, five times the answer.
    """
    n = len(chain)
    away = chain - chain.mean()
    if not away.any():
        return float(n)
    power = np.abs(np.fft.rfft(away, 2 * n, axis=0)) ** 2
    correlation = np.fft.irfft(power.sum(axis=1))[:n] / np.arange(n, 0, -1)
    times = 2.0 * np.cumsum(correlation / correlation[0]) - 1.0
    enough = np.flatnonzero(np.arange(n) >= 5.0 * times)
    return float(max(times[enough[0]] if enough.size else times.max(), 1.0))


def split_rhat(chain: FloatArray) -> float:
    """Split R-hat of a quantity, shape (steps, walkers): 1 if all halves of all walkers agree."""
    n = len(chain) // 2
    halves = np.hstack([chain[:n], chain[n : 2 * n]])
    within = halves.var(axis=0, ddof=1).mean()
    if within == 0.0:
        return 1.0 if np.ptp(halves) == 0.0 else float("inf")
    return float(np.sqrt((n - 1) / n + halves.mean(axis=0).var(ddof=1) / within))


def judge(
    kept: int, tau: Mapping[str, float], rhat: Mapping[str, float], difference: float
) -> tuple[bool, str]:
    """Decide whether a chain has converged, and say why.

    Parameters
    ----------
    kept : int
        Steps of the chain.
    tau, rhat : mapping of str to float
        Autocorrelation time in steps, and split R-hat, of every quantity.
    difference : float
        Between the solutions' shares in the halves of the chain, in standard deviations.
    """
    slowest, worst = max(tau, key=lambda name: tau[name]), max(rhat, key=lambda name: rhat[name])
    long = kept / tau[slowest]
    length = f"{kept} steps are {long:.0f} autocorrelation times ({tau[slowest]:.0f} steps, {slowest})"
    agreement = f"split R-hat is at most {rhat[worst]:.3f} ({worst})"
    if kept < LONG_ENOUGH * tau[slowest]:
        needed = LONG_ENOUGH * tau[slowest] / (1.0 - DISCARDED)
        enough = f"{LONG_ENOUGH:.0f} are needed: take some {needed:.2g} steps"
        return False, f"not converged: {length}, {enough}"
    if rhat[worst] > WORST_RHAT:
        return False, f"not converged: {agreement}, above {WORST_RHAT}: the walkers do not agree"
    if difference > WORST_DIFFERENCE:
        return False, (
            f"not converged: the shares of the solutions differ by {difference:.1f} standard deviations "
            "between the two halves of the chain"
        )
    return True, f"converged: {length}, {agreement}, and the halves agree on the solutions"


#: Steps and walkers that suffice for six parameters and several solutions.
STEPS, WALKERS = 1500, 40
FEWEST_STEPS = 100


@dataclass(frozen=True, eq=False)
class Posterior(Drawn):
    """Samples of the posterior, and how far to trust them.

    Parameters
    ----------
    seed, asked, done, discarded : int
        Of the random numbers; steps that were wanted, made, and thrown away at the beginning.
    names : tuple of str
        Parameters that were refined.
    chain : ndarray, shape (steps, walkers, f)
        Their values.
    all_values : mapping of str to ndarray, shape (n,)
        Of every parameter and of the period Λ = (N−1)·d + L, thickness (N−1)·d, in Å and planes.
    chi2 : ndarray, shape (n,)
        Without priors.
    solution : ndarray of int, shape (n,)
        The nearest solution of the fit, counted from 0.
    fractions, fraction_errors : ndarray, shape (solutions,)
        Share of the samples in each solution, and its standard deviation.
    tau, effective, rhat : mapping of str to float
        Autocorrelation time in steps, independent samples, and split R-hat of what was refined.
    acceptance : float
        Share of the proposals that were accepted.
    converged : bool
        Whether all this can be trusted.
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

    def correlation(self) -> FloatArray:
        """Correlations of the refined parameters, shape (f, f)."""
        return np.atleast_2d(np.corrcoef(self.chain.reshape(-1, len(self.names)), rowvar=False))


def sample_posterior(
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
        Every walker makes so many steps, of which the first fifth is thrown away.
    seed : int
        Of the random numbers.
    priors : mapping of str to (float, float), optional
        Mean and standard deviation of what is known beforehand of refined parameters, ``{"L": (36, 2)}``,
        besides the priors of the fit.
    report : callable, optional
        Called with steps done and asked for. A KeyboardInterrupt ends the run and keeps what was done.

    Raises
    ------
    SlxrdError
        If nothing was refined, steps or walkers are too few, a prior cannot be or excludes all
        solutions, or emcee is not installed.
    """
    if not fit.names:
        raise SlxrdError("nothing was refined, so there is no posterior to sample")
    if steps < FEWEST_STEPS:
        raise SlxrdError(f"{steps} steps: at least {FEWEST_STEPS} are needed, thousands for a good answer")
    fewest = max(2 * len(fit.names), 8)
    if walkers < fewest:
        raise SlxrdError(f"{walkers} walkers: {len(fit.names)} refined parameters need at least {fewest}")
    target = Target(fit.objective, fit.minima, dict(priors or {}))
    solutions = pictured(fit, target)
    random = np.random.RandomState(np.random.MT19937(seed))  # the kind that emcee takes
    starts = distributed(target, solutions, walkers, random)
    target.lay_out(starts)
    sampler = _sampler(target, solutions, walkers)
    sampler.random_state = random.get_state()
    try:
        for done, _ in enumerate(sampler.sample(starts, iterations=steps, skip_initial_state_check=True), 1):
            if report is not None and (done % 50 == 0 or done == steps):
                report(done, steps)
    except KeyboardInterrupt:
        if sampler.iteration < FEWEST_STEPS:
            raise
    return _conclude(fit, target, solutions, sampler, seed, steps)


def _sampler(target: Target, solutions: Solutions, walkers: int) -> Any:
    """Set up emcee."""
    try:
        import emcee
    except ImportError:
        raise SlxrdError('sampling the posterior needs emcee: pip install "slxrd[posterior]"') from None
    moves = [(emcee.moves.DEMove(), 0.5), (emcee.moves.MHMove(solutions.jump), 0.5)]
    sampler = emcee.EnsembleSampler(walkers, len(target.names), target, moves=moves, vectorize=True)
    sampler.log_prob_fn = target  # emcee's own wrapper prints a traceback when it is interrupted
    return sampler


def _conclude(
    fit: Fit, target: Target, solutions: Solutions, sampler: Any, seed: int, asked: int
) -> Posterior:
    done = int(sampler.iteration)
    discarded = int(DISCARDED * done)
    chain = np.asarray(sampler.get_chain(discard=discarded))
    kept, walkers, f = chain.shape
    flat = chain.reshape(-1, f)
    columns = with_derived(target.full(flat), fit.stack)
    nearest = solutions.nearest(flat)
    tau = {name: autocorrelation_time(chain[:, :, i]) for i, name in enumerate(fit.names)}
    rhat = {name: split_rhat(chain[:, :, i]) for i, name in enumerate(fit.names)}
    fractions, errors, differences = [], [], [0.0]
    for k in range(len(solutions.shares)):
        inside = (nearest == k).astype(np.float64).reshape(kept, walkers)
        share, halves = inside.mean(), [half.mean() for half in np.array_split(inside, 2)]
        error = np.sqrt(share * (1.0 - share) * autocorrelation_time(inside) / inside.size)
        fractions.append(share)
        errors.append(error)
        if error > 0.0:
            differences.append(abs(halves[0] - halves[1]) / (2.0 * error))
    converged, why = judge(kept, tau, rhat, max(differences))
    return Posterior(
        seed=seed, asked=asked, done=done, discarded=discarded, names=fit.names, chain=chain,
        all_values=columns,
        chi2=-2.0 * (np.asarray(sampler.get_log_prob(discard=discarded)).ravel() - target.log_prior(flat)),
        solution=nearest, fractions=np.array(fractions), fraction_errors=np.array(errors), tau=tau,
        effective={name: flat.shape[0] / each for name, each in tau.items()}, rhat=rhat,
        acceptance=float(np.mean(sampler.acceptance_fraction)), converged=converged, why=why,
        notes=_notes(fit, done, asked),
    )  # fmt: skip


def _notes(fit: Fit, done: int, asked: int) -> tuple[str, ...]:
    notes = [f"interrupted after {done} of {asked} steps"] if done < asked else []
    if fit.settings.objective == "paper2021":
        notes.append(
            "the residuals of the 2021 program depend on each other, so exp(−χ²/2) is no likelihood: the "
            "widths are no errors; take the linear objective"
        )
    if any(region.region.weight != 1.0 for region in fit.regions):
        notes.append(
            "region weights other than 1 make exp(−χ²/2) a tempered likelihood: the widths follow the "
            "weights chosen, not the noise alone; take weights of 1, or errors from the fit or a bootstrap"
        )
    if not 0.5 <= fit.reduced_chi2 <= 2.0:
        notes.append(
            f"reduced χ² = {fit.reduced_chi2:.3g}: with the true σ the widths would be about "
            f"{np.sqrt(fit.reduced_chi2):.2g} times these, and the shares of the solutions others"
        )
    return tuple(notes)
