"""The distribution of the gaps between crystals: its parameters and its characteristic function."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slxrd._registry import Registry
from slxrd.errors import SlxrdError
from slxrd.parameters.parameter_info import ParameterInfo, join_parameters, values_of
from slxrd.units import FloatArray

ComplexArray = NDArray[np.complex128]


class GapCharacteristic(NamedTuple):
    """The mean of e^{iqg} over gaps g, at given scattering vectors, and its derivatives.

    Parameters
    ----------
    less_one : ndarray of complex, shape (n,)
        w(q) − 1, where w = ⟨e^{iqg}⟩: exact to all digits where q is small.
    by_q, by_L, by_sigma_L : ndarray of complex, shape (n,)
        dw/dq, dw/dL and dw/dσ_L.
    by_parameter : mapping of str to ndarray of complex, shape (n,)
        Derivatives with respect to the parameters of the distribution, by their names.
    """

    less_one: ComplexArray
    by_q: ComplexArray
    by_L: ComplexArray
    by_sigma_L: ComplexArray
    by_parameter: Mapping[str, ComplexArray]


class GapMoments(NamedTuple):
    """Moments of the distribution of all gaps.

    Parameters
    ----------
    mean, deviation : float
        Mean and standard deviation in Å.
    skewness : float
        Third central moment over the third power of the standard deviation.
    """

    mean: float
    deviation: float
    skewness: float


class GapDistribution(ABC):
    """A distribution of the gaps between neighbouring crystals.

    A subclass defines the class attributes, :meth:`characteristic` and :meth:`moments`. A distribution is in
    use in a fit that names one of its parameters; the gaps are Gaussian otherwise.

    Attributes
    ----------
    parameters : tuple of ParameterInfo
        Definitions of the parameters in addition to L and σ_L; their names must be new.
    trials : tuple of mapping of str to float
        Values of the parameters from which a search refines.
    equation, reference : str
        w(q) in symbols, and where it is derived.
    in_kernels : bool
        Whether the compiled kernels calculate it themselves; only for that of slxrd.
    """

    parameters: ClassVar[tuple[ParameterInfo, ...]] = ()
    trials: ClassVar[tuple[Mapping[str, float], ...]] = ()
    equation: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    in_kernels: ClassVar[bool] = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(row.name for row in self.parameters)

    def values(self, given: Mapping[str, float]) -> dict[str, float]:
        """Values of the parameters, the defaults for those that are not given."""
        return values_of(self.parameters, given)

    @abstractmethod
    def characteristic(
        self, q: FloatArray, L: float, sigma_L: float, values: Mapping[str, float]
    ) -> GapCharacteristic:
        """Calculate the characteristic function.

        Parameters
        ----------
        q : ndarray, shape (n,)
            Scattering vectors in Å⁻¹, never 0 but as small as 1e-9, of either sign.
        L, sigma_L : float
            As the distribution defines them, in Å; L may be the width of the gap between protruding surfaces.
        values : mapping of str to float
            Of the parameters, by name.
        """

    @abstractmethod
    def moments(self, L: float, sigma_L: float, values: Mapping[str, float]) -> GapMoments:
        """Calculate mean, standard deviation and skewness of all gaps.

        The auxiliary grid of the resolution is as fine as they need.
        """


#: All distributions of gaps by name.
GAP_DISTRIBUTIONS: Registry[type[GapDistribution]] = Registry(
    "gap distribution",
    "slxrd.gap_distributions",
    "slxrd.parameters.gap_distributions",
    lambda item: isinstance(item, type) and issubclass(item, GapDistribution),
)


def gap_distribution(name: str) -> GapDistribution:
    """Return the distribution of a name.

    Raises
    ------
    SlxrdError
        If the name is unknown.
    """
    return GAP_DISTRIBUTIONS[name]()


def distribution_parameters() -> dict[str, ParameterInfo]:
    """Definitions of the parameters of all distributions of gaps, by name.

    Raises
    ------
    SlxrdError
        If two distributions have a parameter of one name.
    """
    return join_parameters(
        "gap distribution", ((name, one.parameters) for name, one in GAP_DISTRIBUTIONS.items())
    )


def gap_distribution_in_use(names: Iterable[str]) -> GapDistribution:
    """Return the distribution that has some of these parameters; the Gaussian if there is none.

    Raises
    ------
    SlxrdError
        If the parameters belong to more than one distribution.
    """
    used = set(names)
    found = [name for name, one in GAP_DISTRIBUTIONS.items() if used & {row.name for row in one.parameters}]
    if len(found) > 1:
        raise SlxrdError(
            f"the gaps have one distribution, and the parameters are those of {' and '.join(found)}; leave "
            "out those of all but one"
        )
    return gap_distribution(found[0] if found else "gaussian")
