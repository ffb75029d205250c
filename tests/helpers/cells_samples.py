"""Structures that the tests of the general kernel share, with values for all their parameters."""

from __future__ import annotations

from collections.abc import Mapping

import brute_cells
import numpy as np
from numpy.typing import NDArray

import slxrd
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.gap_distributions.distribution import distribution_parameters
from slxrd.sample.stack import Stack

FloatArray = NDArray[np.float64]

CU = 1.540593
#: Through the low angles, two Bragg peaks and beyond.
Q = np.concatenate(([0.01, 0.05], np.linspace(0.1, 2.6, 31)))
USUAL = {"L": 36.9, "sigma_L": 1.2, "N": 5.3, "sigma_N": 0.8, "q_zero": 0.003}
PAIR = {"d_B": 2.97, "N_B": 4.4, "sigma_N_B": 0.7}
STANDING_OUT = ("occ_", "shift_", "apart_")

#: Crystals by name, termination and a period to try.
CRYSTALS: dict[str, tuple[str, str | tuple[str, str], float]] = {
    "Br": ("CsPbBr3", "Br", 5.84),
    "PbBr2": ("CsPbBr3", "PbBr2", 5.8),
    "CsBr": ("CsPbBr3", "CsBr", 5.9),
    "Pb to S": ("PbS-111", ("Pb", "S"), 3.43),
    "S to Pb": ("PbS-111", ("S", "Pb"), 3.4),
    "Pb": ("PbS-111", "Pb", 3.43),
    "CsI": ("Cs2PbI2Cl2", "CsI", 9.5),
    "I": ("Cs2PbI2Cl2", "I", 9.4),
    "PbS": ("PbS-100", "PbS", 2.97),
}


def crystal(key: str) -> slxrd.Crystal:
    name, termination, _ = CRYSTALS[key]
    return slxrd.crystal(name, termination)


def all_offers(stack: Stack, leaving: str = "apart_") -> list[str]:
    """All that a structure offers at once: planes cannot move upward and apart, so one of these is left.

    The gaps are Gaussian, as in the compiled kernels.
    """
    offers = [name for name in stack.offers if name not in distribution_parameters()]
    kept = "shift_" if leaving == "apart_" else "apart_"
    return [n for n in offers if not n.startswith(leaving) or n.replace(leaving, kept, 1) not in offers]


def values_of(stack: Stack, d: float, **further: float) -> dict[str, float]:
    """Values of all parameters of a structure: the usual ones, and others away from their defaults."""
    values = {**USUAL, **(PAIR if stack.alternating else {}), "d": d}
    away = {"rho": 0.28, "sigma_u": 0.4, "unstacked": 0.2, "B": 0.7, "dL_B": 3.1, "f_B": 0.6}
    away |= {"skew_L": 0.7, "skew_normal_L": 0.7, "wide_L": 0.12, "widening_L": 3.3}
    place = 0
    for name in stack.names:
        if name in away:
            values[name] = away[name]
        elif name.startswith(STANDING_OUT):
            values[name] = (
                0.95 - 0.07 * (place % 13) if name.startswith("occ_") else 0.11 - 0.05 * (place % 7)
            )
            place += 1
    return {**values, **further}


def sharp(stack: Stack, values: Mapping[str, float], q: FloatArray = Q) -> FloatArray:
    """The intensity of the model without smearing."""
    return Model(stack, Instrument(0.0, wavelength=CU)).intensity(q, values)


def assert_same(actual: FloatArray, expected: FloatArray, relative: float = 1e-9) -> None:
    """Every point finite and right, those between the peaks to their own size."""
    assert np.all(np.isfinite(actual))
    assert np.all(expected > 0.0)
    error = np.abs(actual / expected - 1.0)
    worst = int(np.argmax(error))
    assert error[worst] <= relative, f"{error[worst]:.1e} at point {worst}: {actual[worst]} {expected[worst]}"


def assert_brute(
    stack: Stack, values: Mapping[str, float], q: FloatArray = Q, relative: float = 1e-9
) -> None:
    assert_same(sharp(stack, values, q), brute_cells.expected(stack, values, q, CU), relative)
