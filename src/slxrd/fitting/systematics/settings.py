"""Choice of the systematic effects of a fit, and of their priors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.fitting.systematics.effect import EFFECTS

#: Names of the zero error and of the discrepancy of the model among the effects.
ZERO_ERROR, DISCREPANCY = "zero_error", "discrepancy"
#: Standard deviation of q_zero in Å⁻¹ where the data do not determine it: 0.04° in 2θ with Cu Kα, or a sample
#: 0.1 mm too high or too low.
USUAL_ZERO = 0.003


def effect_names() -> tuple[str, ...]:
    """Names of all systematic effects, zero error and discrepancy of the model included."""
    return (*EFFECTS.names, ZERO_ERROR, DISCREPANCY)


@dataclass(frozen=True)
class Systematics:
    """Which systematic effects contribute to the errors of a fit.

    Parameters
    ----------
    use : bool
        Whether there are any; without them all errors are statistical.
    priors : mapping of str to float
        Standard deviations of the sizes of effects, instead of the defaults; 0 leaves an effect out. The
        discrepancy of the model has no prior: it can only be left out.

    Raises
    ------
    SlxrdError
        If an effect is unknown, or its prior is negative or not finite.
    """

    use: bool = True
    priors: Mapping[str, float] = field(default_factory=FrozenDict)

    def __post_init__(self) -> None:
        known = effect_names() if self.priors else ()
        for name, prior in self.priors.items():
            if name not in known:
                raise SlxrdError(f"systematics: {name!r} is not an effect; there are {', '.join(known)}")
            if not (math.isfinite(prior) and prior >= 0.0):
                raise SlxrdError(f"systematics {name}={prior!r}: the prior of an effect must be 0 or more")
            if name == DISCREPANCY and prior > 0.0:
                raise SlxrdError(
                    f"systematics {DISCREPANCY}={prior:g}: it has no prior; only 0 leaves it out"
                )

    def prior(self, name: str, usual: float) -> float:
        """Standard deviation of the size of an effect, given its default; 0 if it is left out."""
        return self.priors.get(name, usual) if self.use else 0.0

    @property
    def discrepancy(self) -> bool:
        """Whether the discrepancy of the model is estimated where the residuals are not white."""
        return self.use and self.priors.get(DISCREPANCY, 1.0) > 0.0


NONE = Systematics(use=False)
