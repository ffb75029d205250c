"""Check of the results of a sample that a session keeps beside its fits."""

from __future__ import annotations

from slxrd.errors import SlxrdError
from slxrd.fitting.record.kept_sample import SampleResult
from slxrd.studies.directions.saved import SavedDirections
from slxrd.studies.sample_table.sources import of_document


def check_sample(found: SampleResult) -> None:
    """Check that a result can be shown, and put into the table of the sample.

    Raises
    ------
    SlxrdError
        If it is no result of slxrd fit, periods, orientation, saed or directions, or is damaged.
    """
    of_document(found.document)
    if found.name == "directions":
        try:
            SavedDirections.from_dictionary(found.document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SlxrdError(f"is damaged ({type(error).__name__}: {error})") from None
