"""Kind of disorder: its parameters, and the factor on the interference of crystals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from slxrd._registry import Registry
from slxrd.errors import SlxrdError
from slxrd.parameters.parameter_info import ParameterInfo, join_parameters, values_of
from slxrd.units import FloatArray


class DisorderFactor(NamedTuple):
    """The factor of a kind of disorder at given scattering vectors, and its derivatives.

    Parameters
    ----------
    value : ndarray, shape (n,)
        D(q), by which the interference of different crystals is multiplied.
    by_q : ndarray, shape (n,)
        dD/dq in Å.
    by_parameter : mapping of str to ndarray, shape (n,)
        Derivatives with respect to the parameters of the disorder, by their names.
    """

    value: FloatArray
    by_q: FloatArray
    by_parameter: Mapping[str, FloatArray]


def _no_reach(values: Mapping[str, float]) -> float:
    return 0.0


@dataclass(frozen=True)
class DisorderTerm:
    """A kind of disorder that weakens the interference of different crystals, however far apart they are.

    With A(q) the intensity of crystals that do not interfere and I(q) that of perfectly placed ones, stacks
    scatter A + D(I − A). A kind of disorder is D with its parameters. It is in use in a fit that names one
    of the parameters.

    Parameters
    ----------
    parameters : tuple of ParameterInfo
        Definitions of the parameters; their names must be new.
    factor : callable
        From q in Å⁻¹, shape (n,), and the values of the parameters by name to the :class:`DisorderFactor`.
    reach : callable, optional
        From the values to the distance in Å by which D(q) adds to the longest correlation: D has no structure
        finer than 2π over it. 0 if left out.
    equation, reference : str
        D(q) in symbols, and where it is derived.
    in_kernels : bool
        Whether the compiled kernels calculate it themselves; only for those of slxrd.
    """

    parameters: tuple[ParameterInfo, ...]
    factor: Callable[[FloatArray, Mapping[str, float]], DisorderFactor]
    reach: Callable[[Mapping[str, float]], float] = _no_reach
    equation: str = ""
    reference: str = ""
    in_kernels: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(row.name for row in self.parameters)

    def values(self, given: Mapping[str, float]) -> dict[str, float]:
        """Values of the parameters, the defaults for those that are not given."""
        return values_of(self.parameters, given)


#: All kinds of disorder by name.
DISORDERS: Registry[DisorderTerm] = Registry(
    "disorder", "slxrd.disorder", "slxrd.parameters.disorder", lambda item: isinstance(item, DisorderTerm)
)


def disorder_parameters() -> dict[str, ParameterInfo]:
    """Definitions of the parameters of all kinds of disorder, by name.

    Raises
    ------
    SlxrdError
        If two kinds have a parameter of one name.
    """
    return join_parameters("disorder", ((name, one.parameters) for name, one in DISORDERS.items()))


def disorders_in_use(names: Iterable[str]) -> tuple[DisorderTerm, ...]:
    """Kinds of disorder with one of these parameters that the kernels do not calculate themselves."""
    used = set(names)
    return tuple(one for _, one in DISORDERS.items() if not one.in_kernels and used.intersection(one.names))


def combined_factor(
    disorders: Iterable[DisorderTerm], q: FloatArray, values: Mapping[str, float]
) -> DisorderFactor:
    """Multiply the factors of several kinds of disorder.

    Parameters
    ----------
    disorders : iterable of DisorderTerm
        The kinds.
    q : ndarray, shape (n,)
        Å⁻¹.
    values : mapping of str to float
        Of the parameters, by name.

    Raises
    ------
    SlxrdError
        If one of them does not return finite arrays of the right shape.
    """
    value, by_q, by_parameter = np.ones(q.size), np.zeros(q.size), dict[str, FloatArray]()
    for disorder in disorders:
        own = disorder.factor(q.copy(), disorder.values(values))
        for row in (own.value, own.by_q, *(own.by_parameter[name] for name in disorder.names)):
            if np.shape(row) != q.shape or not np.all(np.isfinite(row)):
                raise SlxrdError(
                    f"the disorder of {', '.join(disorder.names)} gives values of shape {np.shape(row)} for "
                    f"{q.size} points, where as many finite ones are needed; correct its function"
                )
        by_q = by_q * own.value + value * own.by_q
        by_parameter = {name: row * own.value for name, row in by_parameter.items()}
        by_parameter |= {name: value * own.by_parameter[name] for name in disorder.names}
        value = value * own.value
    return DisorderFactor(value, by_q, by_parameter)
