"""The packaged examples: patterns simulated at the 2021 paper's parameters, a series, a measured film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from typing import Any

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.data.corrections import correct_lorentz_polarisation
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.result.fit import Fit
from slxrd.io.registry import read


@short_repr
@dataclass(frozen=True)
class Example:
    """A packaged pattern.

    Parameters
    ----------
    name, title : str
        Name of the example, and its title in text.
    file : str
        File in ``slxrd.io.examples``.
    command : str
        Options of ``slxrd fit`` that suit it.
    options : mapping
        The same options for :func:`slxrd.fit`.
    truth : mapping of str to float, optional
        Parameters of a simulated pattern.
    settings : mapping
        Settings of the simulation: range and step of q (Å⁻¹), counts at the peak, seed.
    source : str
        Source of the parameters or the data.
    """

    name: str
    title: str
    file: str
    command: str
    options: Mapping[str, Any]
    source: str
    truth: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def pattern(self) -> Pattern:
        """Read the pattern, with the Lorentz-polarisation correction if it is measured over 2θ."""
        with as_file(files("slxrd.io.examples") / self.file) as path:
            pattern = read(path)
        return pattern if pattern.axis == "q" else correct_lorentz_polarisation(pattern).to_q()

    def fit(self) -> Fit:
        """Fit the pattern with ``options``."""
        return fit(self.pattern(), **self.options)


@short_repr
@dataclass(frozen=True)
class SeriesExample:
    """A packaged series of simulated patterns.

    Parameters
    ----------
    name, title : str
        Name of the series and of its folder in ``slxrd.io.examples``, and its title in text.
    variable, unit : str
        The quantity that is varied.
    options : mapping
        Arguments of :func:`slxrd.fit` that suit it.
    truth : mapping of float to mapping
        Parameters of the simulated pattern at each value.
    counts : mapping of float to float
        Counts at the highest point of each.
    order_lost : float
        Value from which on there are no fringes.
    source : str
        Source of the parameters.
    """

    name: str
    title: str
    variable: str
    unit: str
    options: Mapping[str, Any]
    truth: Mapping[float, Mapping[str, float]]
    counts: Mapping[float, float]
    order_lost: float
    source: str

    def file(self, value: float) -> str:
        """Return the name of the file of the pattern at a value."""
        return f"{self.name}-{value:03g}C.csv"

    def patterns(self) -> dict[float, Pattern]:
        """Read the patterns; the keys are the values of the variable."""
        with as_file(files("slxrd.io.examples") / self.name) as folder:
            return {value: read(folder / self.file(value)) for value in self.truth}


_PAPER = "Toso, Baranov et al., ACS Nano 2021, 15, 6243"

EXAMPLES: dict[str, Example] = {
    example.name: example
    for example in (
        Example(
            "cspbbr3-cubes",
            "CsPbBr3 nanocubes at 25 °C (simulated)",
            "cspbbr3-cubes.csv",
            "--region 0.88:1.28 --region 1.98:2.33:0.1",
            {"regions": [(0.88, 1.28), (1.98, 2.33, 0.1)]},
            f"{_PAPER}: N, σ_N, d, L and σ_L as published",
            {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0},
            {"low": 0.8, "high": 2.5, "step": 0.002, "peak": 1500.0, "seed": 25},
        ),
        Example(
            "cspbbr3-platelets",
            "CsPbBr3 nanoplatelets (simulated)",
            "cspbbr3-platelets.csv",
            "--region 0.62:0.78:0.1 --region 0.8:1.3",
            {"regions": [(0.62, 0.78, 0.1), (0.8, 1.3)]},
            f"{_PAPER}: d as published; N, σ_N, L and σ_L chosen as usual for such platelets",
            {"d": 6.0166, "L": 32.0, "sigma_L": 0.6, "N": 6.0, "sigma_N": 0.6, "q_zero": 0.0},
            {"low": 0.5, "high": 1.6, "step": 0.002, "peak": 1500.0, "seed": 6},
        ),
        Example(
            "pbs-sheets",
            "PbS nanosheets (simulated)",
            "pbs-sheets.csv",
            "--region 1.2:1.6:0.1 --region 1.65:2.6",
            {"regions": [(1.2, 1.6, 0.1), (1.65, 2.6)]},
            f"{_PAPER}, Table 1 after Lorentz-polarisation correction",
            {"d": 3.0083, "L": 44.444, "sigma_L": 0.325, "N": 3.98, "sigma_N": 0.85, "q_zero": 0.0},
            {"low": 1.0, "high": 2.8, "step": 0.002, "peak": 1500.0, "seed": 2021},
        ),
        Example(
            "pbs-spheres",
            "PbS nanospheres, without fringes (simulated)",
            "pbs-spheres.csv",
            "--region 1.9:2.32",
            {"regions": [(1.9, 2.32)]},
            f"{_PAPER}, section S.p: σ_L above 1.5 Å and a width of 90 Å as published; d of bulk PbS; "
            "σ_N and L chosen",
            {"d": 2.968, "L": 20.0, "sigma_L": 2.5, "N": 31.0, "sigma_N": 5.0, "q_zero": 0.0},
            {"low": 1.7, "high": 2.5, "step": 0.002, "peak": 1500.0, "seed": 7},
        ),
        Example(
            "cumnsb-film",
            "epitaxial film with Laue fringes (measured)",
            "H1202_o2t_fine_002.xrdml",
            "--coherent 1 --region 1.94:2.15 --mask 2.064:2.086 --resolution 0.0005 --objective log "
            "--noise counting --background constant",
            {
                "coherent": 1,
                "regions": [(1.94, 2.15)],
                "mask": [(2.064, 2.086)],
                "resolution": 0.0005,
                "objective": "log",
                "noise": "counting",
                "background": "constant",
            },
            "LukeSkywalker92/heuslertools 3dfb9fe1, MIT licence (see the notice beside the file)",
        ),
    )
}


_EXPANSION = 3.5e-5


def _annealed(temperature: float) -> dict[str, float]:
    """Parameters of CsPbBr3 cubes up to 125 °C: d expands, L shrinks, N and σ_N are constant."""
    share = (temperature - 25.0) / 100.0
    d, L, sigma_L = 5.84 * (1.0 + _EXPANSION * (temperature - 25.0)), 36.9 - 1.8 * share, 1.43 - 0.1 * share
    return {"d": d, "L": L, "sigma_L": sigma_L, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}


#: Packaged series.
SERIES: dict[str, SeriesExample] = {
    "cspbbr3-annealing": SeriesExample(
        "cspbbr3-annealing",
        "CsPbBr3 nanocubes heated from 25 to 150 °C (simulated)",
        "temperature",
        "°C",
        {"regions": [(0.88, 1.28), (1.98, 2.33, 0.1)]},
        {
            **{t: _annealed(t) for t in (25.0, 50.0, 75.0, 100.0, 125.0)},
            150.0: {"d": 5.866, "L": 33.0, "sigma_L": 8.0, "N": 21.0, "sigma_N": 3.5, "q_zero": 0.0},
        },
        {25.0: 1500.0, 50.0: 1570.0, 75.0: 1660.0, 100.0: 1770.0, 125.0: 1900.0, 150.0: 700.0},
        150.0,
        f"{_PAPER}, sections S.a, S.m and S.n: L, the width of the gap, N and σ_N, intensities and the loss "
        "of order as published; expansion of d, disorder and the sizes at 150 °C chosen",
    )
}


@check_arguments
def example(name: str) -> Example:
    """Look up a packaged example.

    Parameters
    ----------
    name : str
        One of :data:`EXAMPLES`.

    Raises
    ------
    SlxrdError
        If there is no example of this name.
    """
    try:
        return EXAMPLES[name]
    except KeyError:
        raise SlxrdError(f"unknown example {name!r}; there are {', '.join(EXAMPLES)}") from None


@check_arguments
def example_series(name: str) -> SeriesExample:
    """Look up a packaged series.

    Parameters
    ----------
    name : str
        One of :data:`SERIES`, ``"cspbbr3-annealing"``.

    Raises
    ------
    SlxrdError
        If there is no example of this name.
    """
    try:
        return SERIES[name]
    except KeyError:
        raise SlxrdError(f"unknown series {name!r}; there is {', '.join(SERIES)}") from None
