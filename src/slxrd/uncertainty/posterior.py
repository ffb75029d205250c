"""Posterior: what a pattern leaves possible, sampled over all solutions at once.

The density is exp(−χ²/2), flat within the parameters' bounds, times Gaussian priors where they are
given; scale and background stand at their best values, as in the fit. An ordinary sampler does not pass
between the solutions, which are some d apart in L and much narrower than that. Here half of the steps
are jumps to a point drawn anew from a picture of all solutions (the independence sampler of Tierney,
Ann. Stat. 1994, 22, 1701), so that the share of the samples in a solution is its probability; in the
others the walkers move along their differences, whatever the shape of the solution (ter Braak, Stat.
Comput. 2006, 16, 239). A solution that the search has not found is hardly ever entered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.merit import with_derived
from slxrd.result import Fit
from slxrd.scan import Progress
from slxrd.uncertainty.convergence import DISCARDED, autocorrelation_time, judge, split_rhat
from slxrd.uncertainty.proposal import Mixture
from slxrd.uncertainty.target import Priors, Target
from slxrd.units import FloatArray

#: Steps and walkers that suffice for six parameters and several solutions.
STEPS, WALKERS = 1500, 40
FEWEST_STEPS = 100
#: Solutions with Δχ² below the first are started from, each by as many walkers as the second.
_REACHED, _A_FEW = 20.0, 3
#: A prior farther off than this, in σ, excludes a solution.
_EXCLUDED = 6.0


@dataclass(frozen=True, eq=False)
class Posterior:
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
        return np.atleast_2d(np.corrcoef(self.chain.reshape(-1, len(self.names)), rowvar=False))

    def _of(self, name: str) -> FloatArray:
        if name not in self.all_values:
            raise SlxrdError(f"unknown quantity {name!r}; there are {', '.join(self.all_values)}")
        return self.all_values[name]


class Solutions:
    """Jumps into the pictures of the solutions.

    Parameters
    ----------
    centres : ndarray, shape (s, f)
        Where they are.
    precisions : ndarray, shape (s, f, f)
        Inverses of their covariances.
    shares : ndarray, shape (s,)
        About how probable they are; any positive numbers will do.
    lower, upper : ndarray, shape (f,)
        Bounds.
    open_ : ndarray of bool, shape (f,), optional
        What the data leave open: it is drawn anywhere within the bounds.
    """

    def __init__(
        self,
        centres: FloatArray,
        precisions: FloatArray,
        shares: FloatArray,
        lower: FloatArray,
        upper: FloatArray,
        open_: NDArray[np.bool_] | None = None,
    ) -> None:
        self.centres, self.lower, self.upper = centres, lower, upper
        self.shares = 0.9 * shares / shares.sum() + 0.1 / len(shares)
        self._open = np.zeros(len(lower), dtype=bool) if open_ is None else open_
        closed = np.where(self._open[:, None] | self._open, np.eye(len(lower)), precisions)
        self._metric = np.linalg.cholesky(closed.mean(axis=0))
        inner = ~self._open
        covariances = np.linalg.inv(closed[:, inner][:, :, inner])
        self._mixture = Mixture(centres[:, inner], covariances, self.shares)

    def nearest(self, vectors: FloatArray) -> NDArray[np.int64]:
        """Solution to which each of ``vectors``, shape (n, f), belongs."""
        away = (vectors[:, None, :] - self.centres) @ self._metric
        return np.asarray(np.argmin(np.sum(away**2, axis=2), axis=1))

    def draw(self, chosen: NDArray[np.int64], random: np.random.RandomState) -> FloatArray:
        """Draw a point from each of the ``chosen`` solutions, shape (n, f)."""
        points = random.uniform(self.lower, self.upper, (len(chosen), len(self.lower)))
        points[:, ~self._open] = self._mixture.draw(chosen, random)
        return points

    def jump(self, vectors: FloatArray, random: np.random.RandomState) -> tuple[FloatArray, FloatArray]:
        """Propose points drawn anew; returns them, and the logarithm of the ratio of the densities."""
        new = self.draw(self._mixture.choose(len(vectors), random), random)
        densities = [self._mixture.log_density(points[:, ~self._open]) for points in (vectors, new)]
        return new, densities[0] - densities[1]


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
    solutions = _solutions(fit, target)
    random = np.random.RandomState(np.random.MT19937(seed))  # the kind that emcee takes
    starts = _starts(target, solutions, walkers, random)
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


def _solutions(fit: Fit, target: Target) -> Solutions:
    """Picture every solution from the curvature of χ², the priors, and the width of the bounds."""
    centres = np.array([minimum.vector for minimum in fit.minima])
    precisions = np.array([minimum.jacobian.T @ minimum.jacobian for minimum in fit.minima])
    precisions += np.diag(12.0 / (target.upper - target.lower) ** 2)
    shares = np.array([solution.probability for solution in fit.solutions])
    for name, (centre, spread) in target.added.items():  # those of the fit are in its Jacobian
        i = fit.names.index(name)
        along = np.linalg.inv(precisions)[:, :, i]
        total = np.sqrt(spread**2 + along[:, i])
        away = (centre - centres[:, i]) / total
        nearest = int(np.abs(away).argmin())
        if abs(away[nearest]) > _EXCLUDED:
            raise SlxrdError(
                f"prior {name} = {centre:g} ± {spread:g} excludes all solutions: the nearest, "
                f"{centres[nearest, i]:.5g}, is {abs(away[nearest]):.0f} standard deviations away"
            )
        centres += along * (away / total)[:, None]
        precisions[:, i, i] += spread**-2
        shares *= np.exp(0.5 * (away[nearest] ** 2 - away**2))
    unknown = [
        fit.parameters[name].status in ("undetermined", "lower bound") and name not in target.priors
        for name in fit.names
    ]
    centres = np.clip(centres, target.lower, target.upper)
    return Solutions(centres, precisions, shares, target.lower, target.upper, np.array(unknown))


def _starts(target: Target, solutions: Solutions, walkers: int, random: np.random.RandomState) -> FloatArray:
    """Distribute the walkers over the solutions as these are probable, and within each as it is wide."""
    heights = target(solutions.centres)
    if not np.isfinite(heights.max()):
        raise SlxrdError("the priors leave no solution within the bounds")
    order = np.array([i for i in np.argsort(-heights) if heights[i] > heights.max() - 0.5 * _REACHED])
    order = order[: walkers // _A_FEW]
    chances = solutions.shares[order] / solutions.shares[order].sum()
    rest = random.choice(order, walkers - _A_FEW * len(order), p=chances)
    chosen = np.concatenate([np.repeat(order, _A_FEW), rest])
    starts = solutions.centres[chosen].copy()
    width, bad = 1.0, np.arange(walkers)
    while bad.size and width > 1e-6:  # narrower and narrower where the picture is a poor one
        centres = solutions.centres[chosen[bad]]
        starts[bad] = centres + width * (solutions.draw(chosen[bad], random) - centres)
        bad = bad[target(starts[bad]) < heights[chosen[bad]] - _REACHED]
        width *= 0.8
    return np.asarray(starts)


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
    if fit.settings.kind == "paper2021":
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
