"""Samples of the paper, under the names of its files, and the packaged patterns that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from slxrd.fitting.examples import example, example_series

_ANNEALED = example_series("cspbbr3-annealing")


@dataclass(frozen=True)
class PaperSample:
    """A sample of the paper.

    Parameters
    ----------
    name : str
        Name of its files in the paper.
    title : str
        What it is.
    options : mapping
        Arguments of :func:`slxrd.fit`.
    source : str
        Source of the parameters of the simulated pattern.
    example : str
        Name of the packaged pattern; empty for one of the packaged series.
    temperature : float
        Temperature (°C) of the pattern of the series.
    """

    name: str
    title: str
    options: Mapping[str, Any]
    source: str
    example: str = ""
    temperature: float = 25.0

    @property
    def simulated(self) -> str:
        """Name of the files of the simulated pattern."""
        return f"{self.name}_simulated"

    def content(self) -> str:
        """Read the packaged file of the simulated pattern."""
        folder = files("slxrd.io.examples")
        if self.example:
            return (folder / example(self.example).file).read_text(encoding="utf-8")
        return (folder / _ANNEALED.name / _ANNEALED.file(self.temperature)).read_text(encoding="utf-8")

    def data(self, folder: Path) -> Path:
        """Return the measured pattern of a folder, or the simulated one where there is none."""
        measured = folder / f"{self.name}.csv"
        return measured if measured.exists() else folder / f"{self.simulated}.csv"


def _annealed(name: str, temperature: float) -> PaperSample:
    title = f"CsPbBr₃ nanocrystal superlattices at {temperature:g} °C"
    return PaperSample(name, title, _ANNEALED.options, _ANNEALED.source, temperature=temperature)


def _packaged(name: str, title: str, of: str) -> PaperSample:
    return PaperSample(name, title, example(of).options, example(of).source, of)


#: All samples in the order of section S.r, by name.
SAMPLES: dict[str, PaperSample] = {
    sample.name: sample
    for sample in (
        _annealed("anneal_RT", 25.0),
        *(_annealed(f"anneal_{temperature:g}", temperature) for temperature in (50.0, 75.0, 100.0, 125.0)),
        _packaged("CsPbBr3_nanoplatelets", "CsPbBr₃ nanoplatelet stacks", "cspbbr3-platelets"),
        _packaged("PbS_nanoplatelets", "PbS nanoplatelet stacks", "pbs-sheets"),
        _packaged("PbS_nanocrystals", "PbS nanocrystal superlattices", "pbs-spheres"),
    )
}
