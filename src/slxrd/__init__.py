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

from slxrd._version import __version__ as __version__

if TYPE_CHECKING:
    from slxrd.data.corrections import correct_lorentz_polarisation as correct_lorentz_polarisation
    from slxrd.data.corrections import counting_statistics as counting_statistics
    from slxrd.data.fringes import laue_fringes as laue_fringes
    from slxrd.data.pattern import Pattern as Pattern
    from slxrd.data.peaks import find_regions as find_regions
    from slxrd.data.regions import Region as Region
    from slxrd.errors import SlxrdError as SlxrdError
    from slxrd.fitting.api import fit as fit
    from slxrd.fitting.examples import example as example
    from slxrd.fitting.record.saved_fit import load as load
    from slxrd.fitting.record.write import save as save
    from slxrd.fitting.result.fit import Fit as Fit
    from slxrd.instrument.calibration.file import read_resolution as read_resolution
    from slxrd.io.registry import read as read
    from slxrd.io.registry import read_scans as read_scans
    from slxrd.model.simulation import simulate as simulate
    from slxrd.parameters.parameter_set import Parameters as Parameters
    from slxrd.sample.cif.read import crystal_from_cif as crystal_from_cif
    from slxrd.sample.library.crystals import crystal as crystal
    from slxrd.studies.compare.run import compare_models as compare_models
    from slxrd.studies.lowangle.fit import fit_low_angle as fit_low_angle
    from slxrd.studies.series.run import fit_series as fit_series
    from slxrd.ui.plotting.fit import plot as plot

_HOMES = {
    "Fit": "fitting.result.fit",
    "Parameters": "parameters.parameter_set",
    "Pattern": "data.pattern",
    "Region": "data.regions",
    "SlxrdError": "errors",
    "compare_models": "studies.compare.run",
    "correct_lorentz_polarisation": "data.corrections",
    "counting_statistics": "data.corrections",
    "crystal": "sample.library.crystals",
    "crystal_from_cif": "sample.cif.read",
    "example": "fitting.examples",
    "find_regions": "data.peaks",
    "fit": "fitting.api",
    "fit_series": "studies.series.run",
    "fit_low_angle": "studies.lowangle.fit",
    "laue_fringes": "data.fringes",
    "load": "fitting.record.saved_fit",
    "plot": "ui.plotting.fit",
    "read": "io.registry",
    "read_resolution": "instrument.calibration.file",
    "read_scans": "io.registry",
    "save": "fitting.record.write",
    "simulate": "model.simulation",
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
