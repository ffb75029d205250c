"""What a session keeps beside its current state: earlier fits, follow-ups, and results of other methods."""

from __future__ import annotations

from slxrd.errors import SlxrdError
from slxrd.fitting.record.kept_fit import (
    KeptFit,
    fits_of,
    followups_of,
    kept_result,
    with_followups,
)
from slxrd.fitting.record.kept_followup import FollowUps, KeptBootstrap, KeptMaps
from slxrd.fitting.record.kept_sample import SampleResult
from slxrd.fitting.record.state import State
from slxrd.ui.session.calculations import Calculations
from slxrd.ui.session.sample_results import check_sample


class KeptResults(Calculations):
    """Calculations, and the results that stay when the state changes.

    Parameters
    ----------
    state : State
        Initial state.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._kept = kept_result(state)
        self._sample: tuple[SampleResult, ...] = ()

    @property
    def fits(self) -> tuple[KeptFit, ...]:
        """The fits of the open file that were made in this session, the oldest first.

        The last :data:`slxrd.fitting.record.kept_fit.MOST_FITS` are kept. Undoing a fit does not remove it.
        """
        return fits_of(self._kept, self.state, self._now.removed)

    def restore_fit(self, number: int) -> None:
        """Return to a kept fit, with its options and its result, as one step that can be undone.

        Parameters
        ----------
        number : int
            Number of the fit, one of :attr:`fits`.

        Raises
        ------
        SlxrdError
            If there is no such fit.
        """
        with self._lock:
            kept = self._fit_with(number)
            if kept.is_of(self.state):
                return
            self._record(kept.state, f"return to fit {number}")
        self._notify()

    def remove_fit(self, number: int) -> None:
        """Remove a kept fit from the list, as one step that can be undone; the current result stays.

        Parameters
        ----------
        number : int
            Number of the fit, one of :attr:`fits`.

        Raises
        ------
        SlxrdError
            If there is no such fit.
        """
        with self._lock:
            self._fit_with(number)
            self._record(self.state, f"removal of fit {number}", self._now.removed | {number})
        self._notify()

    @property
    def followups(self) -> FollowUps:
        """Bootstrap and χ² maps of the current result, which are saved with it."""
        return followups_of(self._kept, self.state)

    def keep_followup(self, found: KeptBootstrap | KeptMaps) -> None:
        """Keep a bootstrap or χ² maps of the current result; this is no step that is undone.

        Parameters
        ----------
        found : KeptBootstrap or KeptMaps
            It replaces an earlier one of the same result.

        Raises
        ------
        SlxrdError
            If the fit is no longer in the list of fits.
        """
        with self._lock:
            kind = "bootstrap" if isinstance(found, KeptBootstrap) else "maps"
            self._kept = with_followups(self._kept, self.state, **{kind: found})
        self._notify()

    @property
    def sample(self) -> tuple[SampleResult, ...]:
        """Results of the sample by other methods, which are saved with the session."""
        return self._sample

    def keep_sample(self, found: SampleResult) -> None:
        """Keep a result of the sample by another method; this is no step that is undone.

        Parameters
        ----------
        found : SampleResult
            It replaces an earlier one of the same name.

        Raises
        ------
        SlxrdError
            If it is no result of slxrd fit, periods, orientation, saed or directions.
        """
        check_sample(found)
        with self._lock:
            self._sample = (*(each for each in self._sample if each.name != found.name), found)
        self._notify()

    def clear_sample(self) -> None:
        """Remove all results of the sample by other methods."""
        with self._lock:
            self._sample = ()
        self._notify()

    def _fit_with(self, number: int) -> KeptFit:
        for kept in self.fits:
            if kept.number == number:
                return kept
        known = ", ".join(str(kept.number) for kept in self.fits) or "none"
        raise SlxrdError(f"there is no fit {number} of this file; there are {known}")
