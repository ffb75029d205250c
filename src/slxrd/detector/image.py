"""One image of an area detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_fields
from slxrd._frozen import FrozenDict, Sealed, read_only
from slxrd.data.pattern import LARGEST
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray


@dataclass(frozen=True, eq=False)
class DetectorImage(Sealed):
    """An image of an area detector: counts of the pixels, and which of them are left out.

    Parameters
    ----------
    counts : array_like, shape (rows, columns)
        Counts, in the order of the file: row 0 is drawn at the top.
    mask : array_like of bool, shape (rows, columns), optional
        True for pixels that are left out. Pixels without a finite number are left out too.
    name : str
        Origin, usually a path; used in messages.
    header : mapping of str to str
        Entries of the file's header.
    history : tuple of str
        What was done, one sentence a step.
    photon : float
        Value of one detected photon: 1 for counts; of a detector with a gain, its gain. σ follows from it.

    Raises
    ------
    SlxrdError
        If shapes differ, or the image has no pixels.
    """

    counts: FloatArray
    mask: NDArray[np.bool_] = None  # type: ignore[assignment]  # filled in below
    name: str = "image"
    header: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    photon: float = 1.0

    def __post_init__(self) -> None:
        check_fields(self, "mask")
        counts = self.counts
        if counts.ndim != 2 or counts.size == 0:
            raise SlxrdError(f"{self.name}: an image has rows and columns, this has shape {counts.shape}")
        try:
            mask = np.array(np.zeros(counts.shape) if self.mask is None else self.mask, dtype=bool)
        except (TypeError, ValueError):
            raise SlxrdError(f"{self.name}: the mask must be an array of True and False") from None
        if mask.shape != counts.shape:
            raise SlxrdError(
                f"{self.name}: the mask has {_size(mask)}, the image {_size(counts)}; "
                "give the mask of this detector"
            )
        if not (np.isfinite(self.photon) and self.photon > 0.0):
            raise SlxrdError(f"{self.name}: the value of one photon, {self.photon!r}, must be positive")
        strange = ~(np.abs(counts) <= LARGEST)
        if strange.any():
            counts = np.where(strange, 0.0, counts)
            mask |= strange
        # A view, as an image of the caller is neither copied nor made read-only.
        object.__setattr__(self, "counts", read_only(counts.view()))
        object.__setattr__(self, "mask", read_only(mask))
        object.__setattr__(self, "header", FrozenDict(self.header))

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        rows, columns = self.counts.shape
        return rows, columns

    def masked(self, where: NDArray[np.bool_], what: str) -> Self:
        """Return the image with more pixels left out.

        Parameters
        ----------
        where : ndarray of bool, shape (rows, columns)
            True for the pixels.
        what : str
            What they are, for the history.
        """
        if where.shape != self.shape:
            raise SlxrdError(
                f"{self.name}: the mask has {_size(where)}, the image {_size(self.counts)}; "
                "give the mask of this detector"
            )
        step = f"left out: {what} ({int(where.sum())} pixels)"
        return replace(self, mask=self.mask | where, history=(*self.history, step))

    def check_counts(self) -> None:
        """Check that something is measured.

        Raises
        ------
        SlxrdError
            If all pixels are left out, or zero.
        """
        if self.mask.all():
            raise SlxrdError(f"{self.name}: all pixels are left out; check the masks")
        if not np.any(self.counts, where=~self.mask):
            raise SlxrdError(f"{self.name}: all pixels are zero; choose another image or frame")

    def __repr__(self) -> str:
        return f"<DetectorImage {self.name}: {_size(self.counts)}, {int(self.mask.sum())} left out>"


def _size(array: NDArray[np.generic]) -> str:
    return " × ".join(str(n) for n in array.shape) + " pixels"
