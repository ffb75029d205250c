"""What is asked of samples, however they were drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray


class Drawn:
    """Samples of parameters and derived quantities.

    Attributes
    ----------
    all_values : mapping of str to ndarray, shape (n,)
        Of every parameter and derived quantity.
    """

    all_values: Mapping[str, FloatArray]

    def mean(self, name: str) -> float:
        """Mean of a parameter or derived quantity."""
        return float(np.mean(self._of(name)))

    def std(self, name: str) -> float:
        """Standard deviation of a parameter or derived quantity."""
        return float(np.std(self._of(name), ddof=1))

    def quantile(self, name: str, share: float) -> float:
        """Quantile of a parameter or derived quantity."""
        return float(np.quantile(self._of(name), share))

    def _of(self, name: str) -> FloatArray:
        if name not in self.all_values:
            raise SlxrdError(f"unknown quantity {name!r}; there are {', '.join(self.all_values)}")
        return self.all_values[name]
