"""Bootstrap: the fit repeated on resampled patterns.

Every replicate is refined from every solution of the fit, and its best result is kept, so that it may change
from one minimum of χ² to another. A bootstrap from one minimum (SI section S.j of Toso, Baranov et al., ACS
Nano 2021, 15, 6243) does not reach the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments, check_seed
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.batch import Batch, Refined, joined
from slxrd.fitting.result.derived import with_derived
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.length_terms import length_terms
from slxrd.fitting.result.samples import Samples
from slxrd.fitting.uncertainty.kept_replicates import KeptReplicates
from slxrd.units import FloatArray

Kind = Literal["noise", "flat", "residual", "block"]
KINDS: tuple[Kind, ...] = ("noise", "flat", "residual", "block")

#: Quantiles that are reported: 68 % and 95 % intervals and the median.
QUANTILES = (0.025, 0.16, 0.5, 0.84, 0.975)
#: Largest number of replicates.
MOST_REPLICATES = 100_000
#: Replicates that are refined between two reports of progress.
_PORTION = 50
#: Solutions with a larger Δχ² are not used as starts; a replicate hardly ever reaches them.
_REACHED = 40.0
#: From the minimum of the measured pattern to that of a replicate, χ² decreases by a chi-squared variable
#: with one degree of freedom per parameter, which hardly ever exceeds this.
_HOPELESS = 25.0
#: Predicted relative change of χ² at which the last step of a replicate is taken without an evaluation.
_TOLERANCE = 1e-6

Progress = Callable[[int, int], None]


@short_repr
@dataclass(frozen=True)
class Bootstrap(Samples):
    """Result of a bootstrap: the parameters of the replicates.

    Parameters
    ----------
    kind : str
        Kind of resampling.
    seed : int
        Seed of the random numbers.
    requested : int
        Number of replicates requested; there are fewer if the run was interrupted.
    names : tuple of str
        Refined parameters.
    samples : ndarray, shape (n, f)
        Their values in the replicates that converged.
    all_values : mapping of str to ndarray, shape (n,)
        Values of every parameter and of the period Λ = (N−1)·d + L, thickness (N−1)·d, in Å and planes.
    chi2 : ndarray, shape (n,)
        χ² at the minima.
    solution : ndarray of int, shape (n,)
        Solution of the fit, counted from 0, from which each replicate was reached.
    failed : int
        Number of replicates that did not converge.
    """

    kind: Kind
    seed: int
    requested: int
    names: tuple[str, ...]
    samples: FloatArray
    all_values: Mapping[str, FloatArray]
    chi2: FloatArray
    solution: NDArray[np.int64]
    failed: int

    @property
    def done(self) -> int:
        """Number of replicates that were made, failed ones included."""
        return len(self.chi2) + self.failed

    def correlation(self) -> FloatArray:
        """Correlations of the refined parameters, shape (f, f)."""
        return np.asarray(np.corrcoef(self.samples, rowvar=False))


@check_arguments
def bootstrap(
    fit: Fit,
    n: int = 1000,
    *,
    kind: Kind = "noise",
    seed: int = 0,
    level: float = 0.03,
    block: int = 10,
    workers: int | None = None,
    keep: str | Path | None = None,
    report: Progress | None = None,
) -> Bootstrap:
    """Repeat a fit on resampled patterns.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    n : int
        Number of replicates, 2 or more.
    kind : {"noise", "flat", "residual", "block"}
        Kind of resampling. "noise" adds Gaussian noise of the fit's own σ, and systematic effects of random
        size, to the measured pattern, and
        "flat" noise of ``level`` times the region's maximum, as in the 2021 paper. "residual" adds
        resampled residuals to the calculated curve, and "block" resamples them in blocks, which keeps
        their correlation along q.
    seed : int
        Seed of the random numbers; the same seed gives the same replicates on any number of workers.
    level : float
        Fraction of the maximum, for ``kind="flat"``.
    block : int
        Points in a block, for ``kind="block"``.
    workers : int, optional
        Threads; all cores if not given.
    keep : path-like, optional
        File in which finished replicates are kept. After an interruption, the same bootstrap of the same fit
        goes on from there. It is removed when all are finished.
    report : callable, optional
        Called with replicates done and requested. A KeyboardInterrupt ends the run; the finished
        replicates are returned.

    Raises
    ------
    SlxrdError
        If n < 2, the kind is unknown, or the fit has nothing refined.
    """
    if n < 2:
        raise SlxrdError(f"bootstrap of {n} replicates: at least 2 are needed for a spread")
    if n > MOST_REPLICATES:
        raise SlxrdError(f"bootstrap of {n} replicates: at most {MOST_REPLICATES}; 500 are usual")
    if kind not in KINDS:
        raise SlxrdError(f"bootstrap {kind!r} is not one of {', '.join(KINDS)}")
    if not fit.names:
        raise SlxrdError("nothing was refined, so there is nothing to bootstrap")
    near = [m for m in fit.minima if m.chi2 - fit.chi2 < _REACHED]
    starts = np.array([[minimum.values[name] for name in fit.objective.model.names] for minimum in near])
    batch = Batch(fit.objective, near[0].parameters, starts)
    make = _maker(fit, kind, level, block)
    check_seed(seed)
    seeds = np.random.SeedSequence(seed).spawn(n)
    cores = workers or os.cpu_count() or 1
    done: list[Refined] = []
    kept = None
    if keep is not None:
        kept = KeptReplicates(Path(keep), _identity(fit, starts, make, seeds), starts.shape[1])
        earlier = kept.read(n)
        done = [] if earlier is None else [earlier]
    try:
        for first in range(len(done[0].chi2) if done else 0, n, _PORTION):
            generators = [np.random.default_rng(s) for s in seeds[first : first + _PORTION]]
            sets = [make(generator) for generator in generators]
            done.append(
                batch.refine(
                    [np.array(rows) for rows in zip(*sets, strict=True)],
                    cores,
                    tolerance=_TOLERANCE,
                    hopeless=_HOPELESS,
                    leap=True,
                )
            )
            if kept is not None:
                kept.write(done)
            if report is not None:
                report(min(first + _PORTION, n), n)
    except KeyboardInterrupt:
        if not done:
            raise
        if kept is not None:
            kept.write(done, now=True)
    else:
        if kept is not None:
            kept.remove()
    return _conclude(fit, joined(done), kind, seed, n)


def _identity(
    fit: Fit,
    starts: FloatArray,
    make: Callable[[np.random.Generator], list[FloatArray]],
    seeds: list[np.random.SeedSequence],
) -> list[FloatArray]:
    """Return numbers that are the same only for the same fit and the same kind of replicates."""
    regions = [
        column for part in fit.regions for column in (part.q, part.measured, part.sigma, part.calculated)
    ]
    return [np.array([fit.chi2]), starts, *regions, *make(np.random.default_rng(seeds[0]))]


def _maker(
    fit: Fit, kind: Kind, level: float, block: int
) -> Callable[[np.random.Generator], list[FloatArray]]:
    """Return a function that makes one replicate: an array of intensities per region."""
    regions = fit.regions
    if kind in ("residual", "block"):
        size = 1 if kind == "residual" else block
        if size < 1 or any(size > fitted.q.size for fitted in regions):
            raise SlxrdError(f"block of {size} points: must be at least 1 and no longer than a region")
        misfits = [(fitted.measured - fitted.calculated) / fitted.sigma for fitted in regions]
        centred = [misfit - misfit.mean() for misfit in misfits]
        return lambda random: [
            fitted.calculated + fitted.sigma * _blocks(misfit, size, random)
            for fitted, misfit in zip(regions, centred, strict=True)
        ]
    if kind == "flat":
        spreads = [np.full(fitted.q.size, level * fitted.measured.max()) for fitted in regions]
        return lambda random: [
            fitted.measured + random.normal(0.0, spread)
            for fitted, spread in zip(regions, spreads, strict=True)
        ]
    return lambda random: [
        fitted.measured + errors
        for fitted, errors in zip(regions, fit.objective.drawn_errors(random), strict=True)
    ]


def _blocks(values: FloatArray, size: int, random: np.random.Generator) -> FloatArray:
    """Resample values in blocks of neighbours, cyclically at the ends."""
    starts = random.integers(0, values.size, -(-values.size // size))
    places = (starts[:, None] + np.arange(size)).ravel()[: values.size]
    return np.asarray(values[places % values.size])


def _conclude(fit: Fit, refined: Refined, kind: Kind, seed: int, requested: int) -> Bootstrap:
    good = refined.converged & np.all(np.isfinite(refined.values), axis=1)
    if good.sum() < 2:
        raise SlxrdError(
            f"{int((~good).sum())} of {good.size} replicates failed; there is no spread to report"
        )
    values = refined.values[good]
    columns = with_derived(values, fit.stack)
    if kind == "noise":  # in which the sizes of systematic effects are drawn
        near = fit.minima[0]
        own = values[:, [fit.objective.model.names.index(name) for name in fit.names]]
        terms = length_terms(fit.objective, near)
        columns = terms.add(columns, own - near.vector, np.random.default_rng(seed))
    samples = np.column_stack([columns[name] for name in fit.names])
    return Bootstrap(
        kind,
        seed,
        requested,
        fit.names,
        samples,
        columns,
        refined.chi2[good],
        refined.start[good],
        int((~good).sum()),
    )
