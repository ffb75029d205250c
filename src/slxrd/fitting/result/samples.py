"""Mean, standard deviation and quantiles of samples, weighted or not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray


class Samples:
    """Samples of parameters and derived quantities.

    Attributes
    ----------
    all_values : mapping of str to ndarray, shape (n,)
        Samples of every parameter and derived quantity.
    weights : ndarray, shape (n,), optional
        Weights of the samples, whose sum is 1; without this attribute, or if it is None, they are equal.
    """

    all_values: Mapping[str, FloatArray]

    @property
    def _weights(self) -> FloatArray | None:
        found: FloatArray | None = getattr(self, "weights", None)
        return found

    def mean(self, name: str) -> float:
        """Mean of a parameter or derived quantity."""
        weights = self._weights
        return float(np.mean(self._of(name)) if weights is None else weights @ self._of(name))

    def std(self, name: str) -> float:
        """Standard deviation of a parameter or derived quantity."""
        weights = self._weights
        if weights is None:
            return float(np.std(self._of(name), ddof=1))
        return float(np.sqrt(weights @ (self._of(name) - self.mean(name)) ** 2))

    def quantile(self, name: str, share: float) -> float:
        """Quantile of a parameter or derived quantity."""
        values, weights = self._of(name), self._weights
        if weights is None:
            return float(np.quantile(values, share))
        order = np.argsort(values)
        return float(np.interp(share, np.cumsum(weights[order]), values[order]))

    def _of(self, name: str) -> FloatArray:
        if name not in self.all_values:
            raise SlxrdError(f"unknown quantity {name!r}; there are {', '.join(self.all_values)}")
        return self.all_values[name]
