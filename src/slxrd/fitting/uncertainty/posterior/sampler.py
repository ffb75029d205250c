"""Samplers of the posterior by name. Installed packages add theirs by entry points of ``slxrd.samplers``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import numpy as np

from slxrd._arguments import check_arguments, check_seed
from slxrd._registry import Registry
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.samples import Samples
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.uncertainty.posterior.target import Priors, Target
from slxrd.units import FloatArray


class Sampler(ABC):
    """Method to draw samples of the posterior; its fields are its settings."""

    #: Bit generator of the random numbers.
    bit_generator: ClassVar[type[np.random.BitGenerator]] = np.random.PCG64

    @abstractmethod
    def sample(self, target: Target, random: np.random.Generator, report: Progress | None = None) -> Samples:
        """Draw samples.

        Parameters
        ----------
        target : Target
            Logarithm of the density: called with vectors of shape (n, f), it returns shape (n,). It has the
            ``names`` of the f parameters, their bounds ``lower`` and ``upper``, and the ``minima``.
        random : Generator
            The only source of random numbers.
        report : callable, optional
            To be called with steps done and steps in all.

        Returns
        -------
        Samples
            Samples, such as :meth:`DrawnSamples.of` returns for vectors and weights.
        """


#: All samplers by name.
SAMPLERS: Registry[type[Sampler]] = Registry(
    "sampler",
    "slxrd.samplers",
    package="slxrd.fitting.uncertainty.posterior",
    accepts=lambda item: isinstance(item, type) and issubclass(item, Sampler),
)


@short_repr
@dataclass(frozen=True, eq=False)
class DrawnSamples(Samples):
    """Samples of the posterior.

    Parameters
    ----------
    names : tuple of str
        The f refined parameters.
    vectors : ndarray, shape (n, f)
        Their values.
    all_values : mapping of str to ndarray, shape (n,)
        Samples of every parameter and derived quantity, in Å, Å⁻¹ and planes.
    weights : ndarray, shape (n,), or None
        Weights of the samples, whose sum is 1; None if they are equal.
    """

    names: tuple[str, ...]
    vectors: FloatArray
    all_values: Mapping[str, FloatArray]
    weights: FloatArray | None = None

    @classmethod
    def of(cls, target: Target, vectors: FloatArray, weights: FloatArray | None = None) -> DrawnSamples:
        """Calculate all quantities of vectors, shape (n, f), with weights of shape (n,) on any scale."""
        columns = target.quantities(vectors, np.random.default_rng(0))
        return cls(target.names, vectors, columns, None if weights is None else weights / weights.sum())


@check_arguments
def draw_samples(
    fit: Fit,
    sampler: str = "importance",
    *,
    seed: int = 0,
    priors: Priors | None = None,
    report: Progress | None = None,
    **settings: Any,
) -> Samples:
    """Sample the posterior of a fit with a sampler by name.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    sampler : str
        "importance": a few thousand weighted samples over all solutions; "mcmc": the chain of
        :func:`slxrd.sample_posterior`; or the sampler of an installed package.
    seed : int
        Seed of the random numbers.
    priors : mapping of str to (float, float), optional
        Mean and standard deviation of Gaussian priors of refined parameters, ``{"L": (36, 2)}``, in addition
        to those of the fit.
    report : callable, optional
        Called with steps done and steps in all.
    **settings
        Settings of the sampler.

    Raises
    ------
    SlxrdError
        If the sampler or a setting is unknown, nothing was refined, or the sampling failed.
    """
    kind = SAMPLERS[sampler]
    if not fit.names:
        raise SlxrdError("nothing was refined, so there is no posterior to sample")
    try:
        made = kind(**settings)
    except TypeError as error:
        raise SlxrdError(f"sampler {sampler!r}: {error}; correct its settings") from None
    target = Target(fit.objective, fit.minima, dict(priors or {}), fit)
    check_seed(seed)
    found: Any = made.sample(target, np.random.Generator(kind.bit_generator(seed)), report)
    return cast(Samples, replace(found, seed=seed) if hasattr(found, "seed") else found)
