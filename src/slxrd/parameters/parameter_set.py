"""Sets of parameters: values, bounds, fixed or free, ties."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import TABLE, info
from slxrd.parameters.expressions import Dual, Expression
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.units import FloatArray


@dataclass(frozen=True)
class Parameter:
    """A parameter of a fit: value, bounds, tie, prior.

    Parameters
    ----------
    name : str
        One that :func:`slxrd.parameters.definitions.info` knows.
    value : float or None
        The value, or the start of a fit; None if it is estimated from the pattern.
    lower, upper : float
        Bounds, inclusive.
    free : bool or None
        Refined, fixed, or (None, for q_zero) decided from the data.
    expression : Expression or None
        The expression that it is tied to; it is then not free and has no value of its own.
    prior : tuple of float or None
        Mean and standard deviation of its Gaussian prior.

    Raises
    ------
    SlxrdError
        If the name is unknown, the bounds are reversed or physically impossible, or the value lies outside
        them.
    """

    name: str
    value: float | None
    lower: float
    upper: float
    free: bool | None = True
    expression: Expression | None = None
    prior: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        row = info(self.name)
        if math.isnan(self.lower) or math.isnan(self.upper) or not self.lower < self.upper:
            raise SlxrdError(
                f"bounds {self.name}={self.lower:g}:{self.upper:g}: the lower must be below the upper"
            )
        bounds = f"bounds {self.name}={self.lower:g}:{self.upper:g}"
        if self.lower < row.least:
            raise SlxrdError(f"{bounds}: {self.name} cannot be below {row.least:g}")
        if self.upper > row.greatest:
            raise SlxrdError(f"{bounds}: {self.name} cannot be above {row.greatest:g}")
        if self.prior is not None:
            self._check_prior(*self.prior)
        if self.value is None:
            return
        if not math.isfinite(self.value):
            raise SlxrdError(f"{self.name} = {self.value!r} is not a finite number")
        if self.free is False and self.expression is None:
            unit = f" {row.unit}" if row.unit else ""
            if self.value < row.least:
                raise SlxrdError(f"{self.name} = {self.value:g}: cannot be below {row.least:g}{unit}")
            if self.value > row.greatest:
                raise SlxrdError(f"{self.name} = {self.value:g}: cannot be above {row.greatest:g}{unit}")
        elif not self.lower <= self.value <= self.upper:
            raise SlxrdError(
                f"start {self.name}={self.value:g} lies outside its bounds {self.lower:g}:{self.upper:g}; "
                f"change the start or the bounds"
            )

    def _check_prior(self, mean: float, spread: float) -> None:
        text = f"prior {self.name}={mean:g}:{spread:g}"
        if not (math.isfinite(mean) and math.isfinite(spread) and spread > 0.0):
            raise SlxrdError(f"{text}: give a mean and a positive standard deviation")
        if not self.lower - 5.0 * spread <= mean <= self.upper + 5.0 * spread:
            raise SlxrdError(f"{text} excludes everything within the bounds {self.lower:g}:{self.upper:g}")
        if self.free is False:
            raise SlxrdError(f"{text}: {self.name} is not refined; leave one out")


def _default(row: ParameterInfo) -> Parameter:
    return Parameter(row.name, row.default, row.lower, row.upper, row.free)


class Parameters(Mapping[str, Parameter]):
    """The parameters of a fit, one for each entry of a table; cannot be changed.

    Parameters
    ----------
    parameters : mapping of str to Parameter, optional
        Those that differ from the defaults of the table.
    table : mapping of str to ParameterInfo, optional
        Definitions, such as those of a structure; by default :data:`slxrd.parameters.definitions.TABLE` and
        the given parameters.
    """

    @check_arguments
    def __init__(
        self,
        parameters: Mapping[str, Parameter] | None = None,
        table: Mapping[str, ParameterInfo] | None = None,
    ) -> None:
        given = dict(parameters or {})
        self._table = dict(TABLE if table is None else table)
        if table is None:
            self._table |= {name: info(name) for name in given if name not in TABLE}
        for name in given:
            self._info(name)
        self._rows = {
            name: given[name] if name in given else _default(row) for name, row in self._table.items()
        }
        self._check_ties()

    def _info(self, name: str) -> ParameterInfo:
        if name not in self._table:
            info(name)
            raise SlxrdError(
                f"{name} is not a parameter of this structure, which has {', '.join(self._table)}"
            )
        return self._table[name]

    def __getitem__(self, name: str) -> Parameter:
        self._info(name)
        return self._rows[name]

    def including(self, *names: str) -> Self:
        """Add parameters that only some structures have; ``including("rho")``."""
        further = {name: info(name) for name in names if name not in self._table}
        return type(self)(self._rows, {**self._table, **further})

    def within(self, table: Mapping[str, ParameterInfo]) -> Self:
        """Return the set for a structure with this table, whose defaults replace those left unchanged.

        Raises
        ------
        SlxrdError
            If the structure does not have one of the parameters.
        """
        own = {name: row for name, row in self._rows.items() if not self.is_default(name)}
        for name in self._rows:
            if name not in table:
                raise SlxrdError(f"{name} is not a parameter of this structure, which has {', '.join(table)}")
        return type(self)(own, table)

    def is_default(self, name: str) -> bool:
        """Whether value, bounds and all else of a parameter are those of the structure."""
        return self[name] == _default(self._info(name))

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _changed(self, changes: Mapping[str, Mapping[str, Any]]) -> Self:
        made = object.__new__(type(self))  # the other rows and the table have been checked
        made._table = self._table
        made._rows = {**self._rows, **{name: replace(self[name], **new) for name, new in changes.items()}}
        made._check_ties()
        return made

    def start(self, **values: float) -> Self:
        """Set starting values; ``start(d=5.84)``."""
        return self._changed({name: {"value": float(value)} for name, value in values.items()})

    def fix(self, **values: float) -> Self:
        """Fix parameters at given values; ``fix(q_zero=0)``."""
        fixed = {"free": False, "expression": None, "prior": None}
        return self._changed({name: {"value": float(value), **fixed} for name, value in values.items()})

    def release(self, *names: str) -> Self:
        """Refine parameters, within their bounds."""
        return self._changed({name: {"free": True, "expression": None} for name in names})

    def bound(self, **bounds: tuple[float, float]) -> Self:
        """Set bounds; ``bound(L=(20, 60))``."""
        return self._changed({n: {"lower": float(a), "upper": float(b)} for n, (a, b) in bounds.items()})

    def prior(self, **priors: tuple[float, float]) -> Self:
        """Give parameters Gaussian priors, as mean and standard deviation; ``prior(L=(36, 2))``."""
        return self._changed(
            {n: {"prior": (float(mean), float(spread))} for n, (mean, spread) in priors.items()}
        )

    @property
    def priors(self) -> dict[str, tuple[float, float]]:
        """Gaussian priors of the free parameters: mean and standard deviation by name."""
        return {name: row.prior for name, row in self._rows.items() if row.prior is not None and row.free}

    def redefine(self, name: str, lower: float, upper: float, value: float | None) -> Self:
        """Set new bounds and a new start together."""
        return self._changed({name: {"lower": float(lower), "upper": float(upper), "value": value}})

    def tie(self, **expressions: str) -> Self:
        """Tie parameters to others; ``tie(sigma_N="0.1*N")``.

        Raises
        ------
        SlxrdError
            If an expression is not arithmetic, names an unknown parameter, or is circular.
        """
        result = self
        for name, text in expressions.items():
            result = result._changed({name: {"value": None, "free": False, "expression": Expression(text)}})
        return result

    def _check_ties(self) -> None:
        for name, parameter in self._rows.items():
            seen = [name]
            while parameter.expression is not None:
                unknown = parameter.expression.names - set(self._table)
                if unknown:
                    raise SlxrdError(
                        f"tie {parameter.name}={parameter.expression.text}: unknown parameter "
                        f"{min(unknown)!r}; the parameters are {', '.join(self._table)}"
                    )
                tied = [n for n in parameter.expression.names if self._rows[n].expression is not None]
                if not tied:
                    break
                if len(tied) > 1 or tied[0] in seen:
                    raise SlxrdError(
                        f"tie {name}: ties run in a circle or fork ({' → '.join([*seen, tied[0]])})"
                    )
                seen.append(tied[0])
                parameter = self._rows[tied[0]]

    @property
    def free_names(self) -> tuple[str, ...]:
        """Names of the parameters that are refined."""
        return tuple(name for name, parameter in self._rows.items() if parameter.free is True)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the parameters without a value."""
        return tuple(n for n, p in self._rows.items() if p.value is None and p.expression is None)

    def resolve(self, vector: FloatArray) -> tuple[dict[str, float], FloatArray]:
        """Calculate the values of all parameters from those of the free ones.

        Parameters
        ----------
        vector : ndarray, shape (f,)
            In the order of :attr:`free_names`.

        Returns
        -------
        values : dict
            Of every parameter.
        jacobian : ndarray, shape (p, f)
            Derivatives of the values, in the table's order, with respect to the vector.

        Raises
        ------
        SlxrdError
            If a parameter has no value, or a tie leads outside its parameter's bounds.
        """
        free = self.free_names
        unit = np.eye(len(free))
        known: dict[str, Dual] = {}

        def lookup(name: str) -> Dual:
            if name in known:
                return known[name]
            parameter = self._rows[name]
            if parameter.expression is not None:
                dual = parameter.expression.evaluate(lookup, len(free))
                if not parameter.lower <= dual.value <= parameter.upper:
                    raise SlxrdError(
                        f"tie {name}={parameter.expression.text} gives {dual.value:g}, outside the bounds "
                        f"{parameter.lower:g}:{parameter.upper:g}; narrow those of what it depends on"
                    )
            elif name in free:
                index = free.index(name)
                dual = Dual(float(vector[index]), unit[index])
            elif parameter.value is None:
                raise SlxrdError(
                    f"{name} has no value yet; give one, or fit with starting values from the pattern"
                )
            else:
                dual = Dual(parameter.value, np.zeros(len(free)))
            known[name] = dual
            return dual

        duals = {name: lookup(name) for name in self._rows}
        jacobian = np.array([dual.gradient for dual in duals.values()]).reshape(len(duals), len(free))
        return {name: dual.value for name, dual in duals.items()}, jacobian

    def vector(self) -> FloatArray:
        """Return the values of the free parameters, shape (f,)."""
        missing = [n for n in self.free_names if self._rows[n].value is None]
        if missing:
            raise SlxrdError(f"no starting value for {', '.join(missing)}")
        return np.array([self._rows[n].value for n in self.free_names], dtype=np.float64)

    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Return the bounds of the free parameters, each of shape (f,)."""
        rows = [self._rows[n] for n in self.free_names]
        return np.array([r.lower for r in rows]), np.array([r.upper for r in rows])
