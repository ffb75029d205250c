"""Markov chain Monte Carlo of the posterior over all solutions of a fit.

The density is exp(−χ²/2) times the priors, which are flat within the bounds, and Gaussian where given. Scale
and background have their best values, as in the fit. The solutions are about d apart in L and much narrower,
so an ordinary sampler does not change from one to another. Here half of the steps are jumps to points drawn
from a mixture of distributions, one for each solution (the independence sampler of Tierney, Ann. Stat. 1994,
22, 1701), so that the share of the samples in a solution is its probability. In the other half, walkers move
along the differences between walkers (differential evolution: ter Braak, Stat. Comput. 2006, 16, 239). A
solution that the search has not found is hardly ever visited.

A chain has converged if it is long compared with its autocorrelation time, split R-hat is near 1, and its
halves agree on the shares of the solutions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.samples import Samples
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.uncertainty.posterior.sampler import SAMPLERS, Sampler, draw_samples
from slxrd.fitting.uncertainty.posterior.target import Priors, Target
from slxrd.fitting.uncertainty.posterior.walkers import Proposal, proposal_of_fit, starting_points
from slxrd.units import FloatArray

#: Smallest length of a chain in autocorrelation times, largest split R-hat, and largest difference of the
#: solutions' shares between its halves, in standard deviations.
LONG_ENOUGH, WORST_RHAT, WORST_DIFFERENCE = 50.0, 1.05, 4.0
#: Share of the steps that is discarded at the beginning.
DISCARDED = 0.2


def autocorrelation_time(chain: FloatArray) -> float:
    """Integrated autocorrelation time in steps of a quantity, shape (steps, walkers).

    Deviations are from the mean of all walkers, not of each as in emcee, so that walkers that each stay in
    one solution have an infinite correlation time. The window is that of Sokal, five times the result.
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


def assess_convergence(
    kept: int, tau: Mapping[str, float], rhat: Mapping[str, float], difference: float
) -> tuple[bool, str]:
    """Return whether a chain has converged, and the reason.

    Parameters
    ----------
    kept : int
        Steps of the chain.
    tau, rhat : mapping of str to float
        Autocorrelation time in steps, and split R-hat, of every quantity.
    difference : float
        Difference of the solutions' shares between the halves of the chain, in standard deviations.
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
FEWEST_STEPS, MOST_STEPS = 100, 1_000_000
#: Most steps of all walkers together.
MOST_POINTS = 10_000_000


@short_repr
@dataclass(frozen=True, eq=False)
class Posterior(Samples):
    """Samples of the posterior, with the diagnostics of convergence.

    Parameters
    ----------
    seed, requested, done, discarded : int
        Seed of the random numbers; number of steps requested, made, and discarded at the beginning.
    names : tuple of str
        Parameters that were refined.
    chain : ndarray, shape (steps, walkers, f)
        Their values.
    all_values : mapping of str to ndarray, shape (n,)
        Samples of every parameter and of the period Λ = (N−1)·d + L, thickness (N−1)·d, in Å and planes.
    chi2 : ndarray, shape (n,)
        χ² of the samples, without priors.
    solution : ndarray of int, shape (n,)
        The nearest solution of the fit, counted from 0.
    fractions, fraction_errors : ndarray, shape (solutions,)
        Share of the samples in each solution, and its standard deviation.
    tau, effective, rhat : mapping of str to float
        Autocorrelation time in steps, number of independent samples, and split R-hat, of the refined
        parameters.
    acceptance : float
        Share of the proposals that were accepted.
    converged : bool
        Whether the chain has converged.
    why : str
        The reason.
    notes : tuple of str
        Limits of the result.
    """

    seed: int
    requested: int
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


@check_arguments
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
        Number of steps of every walker, of which the first fifth is discarded, and number of walkers.
    seed : int
        Seed of the random numbers.
    priors : mapping of str to (float, float), optional
        Mean and standard deviation of Gaussian priors of refined parameters, ``{"L": (36, 2)}``, in addition
        to those of the fit.
    report : callable, optional
        Called with steps done and requested. A KeyboardInterrupt ends the run; the finished
        steps are returned.

    Raises
    ------
    SlxrdError
        If nothing was refined, steps or walkers are too few, a prior is invalid or excludes all
        solutions, or emcee is not installed.
    """
    found = draw_samples(fit, "mcmc", seed=seed, priors=priors, report=report, steps=steps, walkers=walkers)
    assert isinstance(found, Posterior)
    return found


@dataclass(frozen=True)
class EnsembleMCMC(Sampler):
    """Chains of walkers, by emcee.

    Parameters
    ----------
    steps, walkers : int
        Number of steps of every walker, of which the first fifth is discarded, and number of walkers.
    """

    bit_generator: ClassVar[type[np.random.BitGenerator]] = np.random.MT19937
    steps: int = STEPS
    walkers: int = WALKERS

    def sample(
        self, target: Target, random: np.random.Generator, report: Progress | None = None
    ) -> Posterior:
        """Run the chains; after a KeyboardInterrupt the finished steps are returned.

        Raises
        ------
        SlxrdError
            If steps or walkers are too few, the priors exclude all solutions, or emcee is not installed.
        """
        assert target.fit is not None
        if self.steps < FEWEST_STEPS:
            raise SlxrdError(
                f"{self.steps} steps: at least {FEWEST_STEPS} are needed, thousands for a good answer"
            )
        if self.steps > MOST_STEPS:
            raise SlxrdError(f"{self.steps} steps: at most {MOST_STEPS}; 1500 are usual")
        fewest = max(2 * len(target.names), 8)
        if self.walkers < fewest:
            raise SlxrdError(
                f"{self.walkers} walkers: {len(target.names)} refined parameters need at least {fewest}"
            )
        if self.steps * self.walkers > MOST_POINTS:
            raise SlxrdError(
                f"{self.walkers} walkers of {self.steps} steps: at most {MOST_POINTS:,} points; "
                f"{WALKERS} walkers are usual"
            )
        proposal = proposal_of_fit(target.fit, target)
        state = np.random.RandomState(random.bit_generator)  # as required by emcee
        starts = starting_points(target, proposal, self.walkers, state)
        target.prepare(starts)
        sampler = _sampler(target, proposal, self.walkers)
        sampler.random_state = state.get_state()
        steps = sampler.sample(starts, iterations=self.steps, skip_initial_state_check=True)
        try:
            for done, _ in enumerate(steps, 1):
                if report is not None and (done % 50 == 0 or done == self.steps):
                    report(done, self.steps)
        except KeyboardInterrupt:
            if sampler.iteration < FEWEST_STEPS:
                raise
        return _posterior(target.fit, target, proposal, sampler, self.steps, random)


SAMPLERS.register("mcmc", EnsembleMCMC)


def _sampler(target: Target, proposal: Proposal, walkers: int) -> Any:
    """Set up emcee."""
    try:
        import emcee
    except ImportError:
        raise SlxrdError('sampling the posterior needs emcee: pip install "slxrd[posterior]"') from None
    moves = [(emcee.moves.DEMove(), 0.5), (emcee.moves.MHMove(proposal.jump), 0.5)]
    sampler = emcee.EnsembleSampler(walkers, len(target.names), target, moves=moves, vectorize=True)
    sampler.log_prob_fn = target  # emcee's own wrapper prints a traceback when it is interrupted
    return sampler


def _posterior(
    fit: Fit,
    target: Target,
    proposal: Proposal,
    sampler: Any,
    requested: int,
    random: np.random.Generator,
) -> Posterior:
    done = int(sampler.iteration)
    discarded = int(DISCARDED * done)
    chain = np.asarray(sampler.get_chain(discard=discarded))
    kept, walkers, f = chain.shape
    flat = chain.reshape(-1, f)
    columns = target.quantities(flat, random)
    nearest = proposal.nearest(flat)
    tau = {name: autocorrelation_time(chain[:, :, i]) for i, name in enumerate(fit.names)}
    rhat = {name: split_rhat(chain[:, :, i]) for i, name in enumerate(fit.names)}
    fractions, errors, differences = [], [], [0.0]
    for k in range(len(proposal.shares)):
        inside = (nearest == k).astype(np.float64).reshape(kept, walkers)
        share, halves = inside.mean(), [half.mean() for half in np.array_split(inside, 2)]
        error = np.sqrt(share * (1.0 - share) * autocorrelation_time(inside) / inside.size)
        fractions.append(share)
        errors.append(error)
        if error > 0.0:
            differences.append(abs(halves[0] - halves[1]) / (2.0 * error))
    converged, why = assess_convergence(kept, tau, rhat, max(differences))
    return Posterior(
        seed=0, requested=requested, done=done, discarded=discarded, names=fit.names, chain=chain,
        all_values=columns,
        chi2=-2.0 * (np.asarray(sampler.get_log_prob(discard=discarded)).ravel() - target.log_prior(flat)),
        solution=nearest, fractions=np.array(fractions), fraction_errors=np.array(errors), tau=tau,
        effective={name: flat.shape[0] / each for name, each in tau.items()}, rhat=rhat,
        acceptance=float(np.mean(sampler.acceptance_fraction)), converged=converged, why=why,
        notes=_notes(fit, done, requested),
    )  # fmt: skip


def _notes(fit: Fit, done: int, requested: int) -> tuple[str, ...]:
    notes = [f"interrupted after {done} of {requested} steps"] if done < requested else []
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
