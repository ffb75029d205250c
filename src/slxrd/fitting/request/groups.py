"""The options of a fit, in groups: each is declared once, in the module of its group.

To add an option, add a key to the group that it belongs to. It is then a keyword of :func:`slxrd.fit`, an
option of the command line, a choice of sessions and saved files, and, if it has a label, a field of the page.
Only the code that uses it remains to be written.
"""

from __future__ import annotations

from slxrd.fitting.request.directions_options import DirectionsOptions
from slxrd.fitting.request.measured_options import DataOptions, PreparationOptions, ReadingOptions
from slxrd.fitting.request.model_options import InstrumentOptions, SampleOptions
from slxrd.fitting.request.refinement_options import RefinementOptions, ResidualOptions

#: Groups whose options are keywords of :func:`slxrd.fit`, and keywords themselves.
FIT_GROUPS: dict[str, type] = {
    "data": DataOptions,
    "refinement": RefinementOptions,
    "sample": SampleOptions,
    "instrument": InstrumentOptions,
    "residuals": ResidualOptions,
}
GROUPS: dict[str, type] = {
    "reading": ReadingOptions,
    "preparation": PreparationOptions,
    **FIT_GROUPS,
    "directions": DirectionsOptions,
}


class FitKeywords(
    DataOptions, RefinementOptions, SampleOptions, InstrumentOptions, ResidualOptions, total=False
):
    """Keywords of :func:`slxrd.fit`: every option by itself, or the options of a group together."""

    data: DataOptions
    refinement: RefinementOptions
    sample: SampleOptions
    instrument: InstrumentOptions
    residuals: ResidualOptions
