"""X-ray properties of elements, interpolated in the tables of ``xray.npz`` (see NOTICE.md beside it)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd.units import FloatArray

#: Points on either side of an energy through which f′ is interpolated.
_POINTS = 3


@cache
def table(name: str) -> NDArray[Any]:
    """Return one array of the file; it is read at the first use."""
    with (files(__package__) / "xray.npz").open("rb") as file, np.load(file) as archive:
        return np.asarray(archive[name])


@cache
def atomic_numbers() -> dict[str, int]:
    """Return the atomic numbers of all elements by symbol."""
    return {str(symbol): number for number, symbol in enumerate(table("element"), 1)}


def molar_mass(element: str) -> float:
    """Return the molar mass in g/mol of an element."""
    return float(table("mass")[atomic_numbers()[element] - 1])


@cache
def tabulated_ions() -> dict[str, int]:
    """Return the rows of the form factors by atom or ion: ``"Pb"``, ``"Pb2+"``."""
    return {str(name): row for row, name in enumerate(table("f0_ion"))}


def f0(ion: str, s: ArrayLike) -> NDArray[Any]:
    """Return the form factor of an atom or ion, in electrons, of the shape of ``s``.

    Parameters
    ----------
    ion : str
        One of :func:`tabulated_ions`.
    s : array_like
        sin θ/λ in 1/Å; may be complex.
    """
    row, place = tabulated_ions()[ion], np.asarray(s)
    total = np.full(place.shape, table("f0_constant")[row], dtype=place.dtype)
    for amplitude, exponent in zip(table("f0_amplitude")[row], table("f0_exponent")[row], strict=True):
        total += amplitude * np.exp(-exponent * place * place)
    return total


def dispersion(element: str, energy: float) -> complex:
    """Return f′ + i f″ in electrons at a photon energy in eV; f′ by a cubic spline, f″ by a power law.

    Raises
    ------
    LookupError
        If the element is not tabulated.
    """
    from scipy.interpolate import UnivariateSpline

    energies, f1, f2 = _columns("dispersion", element)
    below = int(np.searchsorted(energies, energy, "right")) - 1
    near = slice(max(below - _POINTS, 0), below + _POINTS + 1)
    real = UnivariateSpline(energies[near], f1[near], s=0)(energy)
    imaginary = np.interp(np.log(energy), np.log(energies[near]), np.log(np.maximum(f2[near], 1e-99)))
    return complex(float(real), float(np.exp(imaginary)))


def attenuation_per_gram(element: str, energy: float) -> float:
    """Return the cross section for absorption and scattering in cm²/g at a photon energy in eV.

    Raises
    ------
    LookupError
        If the element is not tabulated.
    """
    logarithm = float(np.log(energy))
    absorbed = _columns("photoabsorption", element)
    scattered = _columns("scattering", element)
    terms = (absorbed, scattered[[0, 1, 2]], scattered[[0, 3, 4]])
    return float(sum(np.exp(_spline(x, y, second, logarithm)) for x, y, second in terms))


def _columns(name: str, element: str) -> FloatArray:
    number, start = atomic_numbers()[element], table(f"{name}_start")
    if number >= start.size:
        raise LookupError(element)
    return np.asarray(table(name)[:, start[number - 1] : start[number]])


def _spline(x: FloatArray, y: FloatArray, second: FloatArray, at: float) -> float:
    """Return the value of a cubic spline with these values and second derivatives at its knots."""
    high = int(np.clip(np.searchsorted(x, at, "right"), 1, x.size - 1))
    low = high - 1
    step = x[high] - x[low]
    a, b = (x[high] - at) / step, (at - x[low]) / step
    bend = (a**2 - 1.0) * a * second[low] + (b**2 - 1.0) * b * second[high]
    return float(a * y[low] + b * y[high] + step**2 / 6.0 * bend)
