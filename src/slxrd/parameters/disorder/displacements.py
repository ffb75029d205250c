"""Independent Gaussian displacements of the crystals from their places in a stack."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.parameters.disorder.term import DISORDERS, DisorderFactor, DisorderTerm
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.units import FloatArray

SIGMA_U = ParameterInfo(
    "sigma_u", "σ_u", "Å", 0.0, 0.0, 10.0, 0.0, 1e4,
    "standard deviation of each crystal from its place in the stack (disorder that does not add up)",
    "docs/stacks.md", 0.1, False,
)  # fmt: skip


def factor(q: FloatArray, values: Mapping[str, float]) -> DisorderFactor:
    """D = exp(−q²σ_u²): the mean of e^{iq(u₁−u₂)} over two independent displacements."""
    sigma_u = values["sigma_u"]
    D = np.exp(-((q * sigma_u) ** 2))
    return DisorderFactor(D, -2.0 * q * sigma_u**2 * D, {"sigma_u": -2.0 * q**2 * sigma_u * D})


def reach(values: Mapping[str, float]) -> float:
    """Distance in Å by which the displacements smear the longest correlation."""
    return 10.0 * values["sigma_u"]


DISORDERS.register(
    "displacements",
    DisorderTerm(
        (SIGMA_U,),
        factor,
        reach,
        "D = exp(−q²σ_u²)",
        "docs/stacks.md",
        in_kernels=True,
    ),
)
