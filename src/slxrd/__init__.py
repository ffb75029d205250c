"""slxrd: the structure of colloidal superlattices, read from an ordinary X-ray diffractogram.

Read a pattern, fit it, look at it::

    import slxrd

    pattern = slxrd.read("film.xrdml")
    result = slxrd.fit(pattern, regions=[(0.9, 1.3)])
    print(result)
    slxrd.plot(result, "fit.png")
    slxrd.save(result, "results")

Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from slxrd.api import fit as fit
    from slxrd.cif import crystal_from_cif as crystal_from_cif
    from slxrd.compare_run import compare_models as compare_models
    from slxrd.corrections import correct_lorentz_polarisation as correct_lorentz_polarisation
    from slxrd.corrections import counting_statistics as counting_statistics
    from slxrd.crystals.library import crystal as crystal
    from slxrd.errors import SlxrdError as SlxrdError
    from slxrd.examples.catalogue import example as example
    from slxrd.io.registry import read as read
    from slxrd.io.registry import read_scans as read_scans
    from slxrd.laue import laue_fringes as laue_fringes
    from slxrd.lowangle import fit_low_angle as fit_low_angle
    from slxrd.output import save as save
    from slxrd.parameters import Parameters as Parameters
    from slxrd.pattern import Pattern as Pattern
    from slxrd.peaks import find_regions as find_regions
    from slxrd.plotting import plot as plot
    from slxrd.regions import Region as Region
    from slxrd.resolution_file import read_resolution as read_resolution
    from slxrd.result import Fit as Fit
    from slxrd.saved import load as load
    from slxrd.series_run import fit_series as fit_series
    from slxrd.simulation import simulate as simulate

_HOMES = {
    "Fit": "result",
    "Parameters": "parameters",
    "Pattern": "pattern",
    "Region": "regions",
    "SlxrdError": "errors",
    "compare_models": "compare_run",
    "correct_lorentz_polarisation": "corrections",
    "counting_statistics": "corrections",
    "crystal": "crystals.library",
    "crystal_from_cif": "cif",
    "example": "examples.catalogue",
    "find_regions": "peaks",
    "fit": "api",
    "fit_series": "series_run",
    "fit_low_angle": "lowangle",
    "laue_fringes": "laue",
    "load": "saved",
    "plot": "plotting",
    "read": "io.registry",
    "read_resolution": "resolution_file",
    "read_scans": "io.registry",
    "save": "output",
    "simulate": "simulation",
}

__all__ = [
    "Fit",
    "Parameters",
    "Pattern",
    "Region",
    "SlxrdError",
    "compare_models",
    "correct_lorentz_polarisation",
    "counting_statistics",
    "crystal",
    "crystal_from_cif",
    "example",
    "find_regions",
    "fit",
    "fit_low_angle",
    "fit_series",
    "laue_fringes",
    "load",
    "plot",
    "read",
    "read_resolution",
    "read_scans",
    "save",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'slxrd' has no attribute {name!r}")
    value = getattr(import_module(f"slxrd.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
