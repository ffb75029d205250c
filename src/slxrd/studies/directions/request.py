"""A fit of cuts as the command line and the page request it, with the values of declared options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slxrd.fitting.objective.settings import AUTO
from slxrd.fitting.request.directions_options import OF_CUTS
from slxrd.fitting.search.scan import Progress
from slxrd.instrument.broadening import ResolutionShape
from slxrd.studies.directions.compare import DisorderComparison, compare_disorder
from slxrd.studies.directions.cuts import CutLike
from slxrd.studies.directions.fit import fit_directions
from slxrd.studies.directions.result import DirectionsFit


def fit_cuts(
    cuts: Sequence[CutLike],
    resolutions: Sequence[float | ResolutionShape],
    options: Mapping[str, Any],
    report: Progress | None = None,
) -> tuple[DirectionsFit, DisorderComparison | None]:
    """Fit cuts with the values of the declared options.

    Parameters
    ----------
    cuts : sequence of Pattern or (Pattern, direction)
        As in :func:`slxrd.fit_directions`.
    resolutions : sequence of float or ResolutionShape
        Of each cut.
    options : mapping
        Values of :data:`.OF_CUTS` as arguments.
    report : callable, optional
        Progress callback ``report(done, total)``.

    Returns
    -------
    DirectionsFit
        The fit; of two kinds of disorder, that of the higher evidence.
    DisorderComparison or None
        The comparison, if one was requested.

    Raises
    ------
    SlxrdError
        If a pattern or an option is at fault.
    """
    given = {name: options[name] for name in OF_CUTS if name != "disorder"}
    given |= {name: given[name] or () for name in ("share", "separate")}
    given["background"] = "linear" if given["background"] == AUTO else given["background"]
    given |= {"resolution": [*resolutions], "report": report}
    if options["disorder"] != "compare":
        return fit_directions(cuts, disorder=options["disorder"], **given), None
    compared = compare_disorder(cuts, **given)
    return compared.fits[compared.best], compared
