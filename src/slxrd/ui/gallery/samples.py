"""Simulated samples of the gallery and their fits, each made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from slxrd._cached import cached_property
from slxrd.data.corrections import correct_lorentz_polarisation
from slxrd.data.pattern import Pattern
from slxrd.fitting.api import fit
from slxrd.fitting.examples import Example, example
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.model.simulation import simulate
from slxrd.units import FloatArray

Made = TypeVar("Made")
#: Pseudocubic lattice parameter of the upright platelets in the paper (SI section S.o), in Å.
BULK = 5.836
#: Stray reflections (200) and (210) of that lattice: q in Å⁻¹, and counts on the scale of the pattern.
STRAY = ((2.0 * np.pi / BULK * 2.0, 160.0), (2.0 * np.pi / BULK * 5.0**0.5, 70.0))


@dataclass(frozen=True)
class DrawnFigure:
    """Images, caption and table of a figure.

    Parameters
    ----------
    caption : str
        Caption.
    pictures : mapping of str to bytes
        PNG images by the endings of their names.
    table : tuple of tuple of str
        Rows with the header first; empty if there is no table.
    """

    caption: str
    pictures: Mapping[str, bytes]
    table: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Figure:
    """Definition of a figure.

    Parameters
    ----------
    name, title : str
        Name in the supporting information, and title.
    order : float
        Position on the page.
    draw : callable
        Function of the samples and a progress report.
    endings : tuple of str
        Endings of the names of its images.
    needs : tuple of str
        Optional libraries that it needs.
    simulated : bool
        Whether it shows (simulated) patterns.
    """

    name: str
    title: str
    order: float
    draw: Callable[[Samples, Progress], DrawnFigure]
    endings: tuple[str, ...] = ("",)
    needs: tuple[str, ...] = ()
    simulated: bool = True

    @property
    def files(self) -> list[str]:
        """Names of its images."""
        return [f"{self.name.replace(' ', '-')}{end}.png" for end in self.endings]


class Samples:
    """Simulated samples of the paper, and fits to them."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return an object, which is made at the first call with this name."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]  # type: ignore[no-any-return]

    @cached_property
    def cubes(self) -> Fit:
        """CsPbBr₃ nanocubes at 25 °C, both Bragg peaks."""
        return _fitted(example("cspbbr3-cubes"))

    @cached_property
    def spheres(self) -> Fit:
        """PbS nanospheres, without fringes."""
        return _fitted(example("pbs-spheres"))

    @cached_property
    def platelets(self) -> Pattern:
        """CsPbBr₃ nanoplatelets as acquired: with a halo, and reflections of upright platelets."""
        q = np.round(np.arange(0.5, 2.8, 0.002), 6)
        flat = simulate(q, example("cspbbr3-platelets").truth, peak=1500.0).intensity
        expected = flat + _gaussian(q, 2.0, 0.35, 60.0)
        for place, height in STRAY:
            expected = expected + _gaussian(q, place, 0.009, height)
        counts = np.random.default_rng(12).poisson(expected).astype(np.float64)
        return Pattern(
            q, counts, sigma=np.sqrt(np.maximum(expected, 1.0)), source="cspbbr3-platelets",
            metadata={"simulated": "platelets, a halo, and two stray reflections"},
        )  # fmt: skip

    @cached_property
    def sheets(self) -> tuple[Fit, Fit]:
        """PbS nanosheets with the paper's noise of 3 %, before and after the correction of section S.q.

        Without systematic effects: one of them is a smooth factor, which the missing correction is too.
        """
        of = example("pbs-sheets")
        q = np.round(np.arange(1.0, 2.8, 0.002), 6)
        raw = simulate(q, of.truth, wavelength="CuKa1", raw=True, peak=1500.0, noise=0.03, seed=14)
        raw = replace(raw, source="pbs-sheets")
        corrected = correct_lorentz_polarisation(raw)
        before, after = (fit(each, **of.options, systematics="none") for each in (raw, corrected))
        return before, after

    def repeated(self, noise: float | str) -> list[Pattern]:
        """Return three simulated measurements of the cubes."""
        q = np.round(np.arange(0.8, 1.4, 0.002), 6)
        truth = example("cspbbr3-cubes").truth
        return [
            replace(simulate(q, truth, peak=1500.0, noise=noise, seed=seed), source=f"repeat-{seed}")
            for seed in (1, 2, 3)
        ]


def _fitted(of: Example) -> Fit:
    return fit(replace(of.pattern(), source=of.file), **of.options)


def _gaussian(q: FloatArray, centre: float, sigma: float, height: float) -> FloatArray:
    return np.asarray(height * np.exp(-0.5 * ((q - centre) / sigma) ** 2))
