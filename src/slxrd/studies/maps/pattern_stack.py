"""A stack of patterns on one axis, read in blocks, and which of them contain a signal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._arguments import real_array
from slxrd.data.corrections import prepare_pattern
from slxrd.data.pattern import Axis, Pattern
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray, SecondLine, radiation

#: Number of patterns that are read at once where nothing is fitted.
READ_AT_ONCE = 1024
#: Where so many neighbouring points have the same maximum of so many counts, the detector was saturated.
PLATEAU, PLATEAU_COUNTS = 4, 1000.0
#: Patterns that are looked at to decide whether the intensities are counts.
LOOKED_AT = 64


@dataclass(frozen=True, eq=False)
class PatternStack:
    """Patterns with the same q, in a grid of one, two or more dimensions.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹, increasing.
    shape : tuple of int
        Numbers of patterns along the directions of the map.
    raw : callable
        Reads the patterns from a first to before a last one, shape (k, n), in the order of the file's memory.
    factor : ndarray, shape (n,)
        Correction of the intensities.
    source : str
        Origin, for messages.
    per_count : ndarray, shape (n,), optional
        Intensity of one count after correction; None if the intensities are not counts.
    wavelength, second_line : float and SecondLine, optional
        Radiation.
    saturation : float
        Raw intensity from which on the detector is saturated.
    simulated : bool
        Whether the patterns are simulated.
    """

    q: FloatArray
    shape: tuple[int, ...]
    raw: Callable[[int, int], NDArray[Any]]
    factor: FloatArray
    source: str
    per_count: FloatArray | None = None
    wavelength: float | None = None
    second_line: SecondLine | None = None
    saturation: float = math.inf
    simulated: bool = False

    @property
    def count(self) -> int:
        """Number of patterns."""
        return math.prod(self.shape)

    def rows(self, first: int, last: int) -> FloatArray:
        """Read corrected intensities of patterns, shape (last − first, n)."""
        return np.asarray(self.raw(first, last), dtype=np.float64) * self.factor

    def chosen(self, which: NDArray[np.intp]) -> FloatArray:
        """Read some patterns, by increasing index, shape (k, n)."""
        return np.array([self.rows(i, i + 1)[0] for i in which.tolist()]).reshape(-1, self.q.size)

    def saturated(self, rows: FloatArray) -> NDArray[np.bool_]:
        """Whether the detector was saturated in each pattern, shape (k,)."""
        found = np.any(rows >= self.saturation * self.factor, axis=1)
        if self.per_count is not None and rows.shape[1] > PLATEAU:
            raw = rows / self.per_count
            top = raw.max(axis=1, keepdims=True)
            at_top = (raw >= top * (1.0 - 1e-12)) & (top >= PLATEAU_COUNTS)
            runs = np.lib.stride_tricks.sliding_window_view(at_top, PLATEAU, axis=1)
            found |= np.any(np.all(runs, axis=2), axis=1)
        return np.asarray(found)

    def reshaped(self, shape: tuple[int, ...]) -> PatternStack:
        """Return the same patterns as a map of another shape."""
        if math.prod(shape) != self.count:
            raise SlxrdError(f"{self.source}: {self.count} patterns do not make a map of {shape}")
        return replace(self, shape=shape)

    def counted(self, per_count: FloatArray) -> PatternStack:
        """Return the stack with the intensity of one count, shape (n,)."""
        return replace(self, per_count=per_count)

    def pattern(self, intensity: FloatArray, sigma: FloatArray, name: str) -> Pattern:
        """Make a pattern of this stack."""
        simulated = {"simulated": "patterns of the map"} if self.simulated else {}
        return Pattern(
            self.q, intensity, sigma=sigma, wavelength=self.wavelength, second_line=self.second_line,
            source=f"{self.source} ({name})", metadata=simulated,
        )  # fmt: skip


def make_stack(
    x: ArrayLike,
    intensity: Any,
    *,
    axis: Axis = "q",
    wavelength: float | str | None = None,
    monochromator: float | None = None,
    no_lp: bool = False,
    saturation: float | None = None,
    source: str = "map",
    simulated: bool = False,
) -> PatternStack:
    """Make a stack from arrays, or from what can be sliced like one.

    Parameters
    ----------
    x : array_like, shape (n,)
        q in Å⁻¹, or 2θ in degrees, increasing or decreasing.
    intensity : array, shape (..., n)
        Intensities: an array, a memory map or a dataset of h5py, which is read in blocks.
    axis : {"q", "2theta"}
        Quantity of ``x``.
    wavelength : float or str, optional
        Å, or a name such as "CuKa1"; needed for 2θ.
    monochromator, no_lp : float and bool
        Lorentz-polarisation correction of data over 2θ, as in :func:`slxrd.fit`'s command.
    saturation : float, optional
        Intensity from which on the detector is saturated; default: the largest number of an integer type.
    source : str
        Origin, for messages.
    simulated : bool
        Whether the patterns are simulated.

    Raises
    ------
    SlxrdError
        If shapes do not fit together, or the axis or the wavelength is invalid.
    """
    places = np.asarray(x, dtype=np.float64)
    if not hasattr(intensity, "shape"):
        intensity = real_array(intensity, "intensity")
    shape = tuple(intensity.shape)
    if places.ndim != 1 or places.size < 2:
        raise SlxrdError(f"{source}: the axis has shape {places.shape}; give a list of q or 2θ of the points")
    if len(shape) < 2 or shape[-1] != places.size or math.prod(shape) == 0:
        raise SlxrdError(
            f"{source}: intensities of shape {shape} do not fit an axis of {places.size} points; the last "
            f"dimension must be the axis, as in (rows, columns, {places.size})"
        )
    data = intensity if hasattr(intensity, "dtype") else np.asarray(intensity)
    kind = np.dtype(data.dtype).kind
    if kind not in "uif":
        raise SlxrdError(f"{source}: intensities are of type {data.dtype}; real numbers are needed")
    backwards = bool(places[0] > places[-1])
    places = places[::-1] if backwards else places
    used = None if wavelength is None else radiation(wavelength)
    template = Pattern(
        places, np.ones(places.size), axis=axis, per_count=np.ones(places.size), source=source,
        wavelength=None if used is None else used.wavelength,
        second_line=None if used is None else used.second,
    )  # fmt: skip
    prepared = prepare_pattern(template, monochromator, no_lp).to_q()
    if saturation is not None and not saturation > 0.0:
        raise SlxrdError(f"saturation {saturation:g}: must be a positive intensity")
    full = math.inf if kind == "f" or saturation is not None else float(np.iinfo(data.dtype).max)
    raw = _reader(data, shape, backwards)
    count = math.prod(shape[:-1])
    return PatternStack(
        prepared.q, shape[:-1], raw, prepared.intensity, source,
        prepared.per_count if _are_counts(raw, count, full) else None,
        prepared.wavelength, prepared.second_line, full if saturation is None else saturation, simulated,
    )  # fmt: skip


def _reader(data: Any, shape: tuple[int, ...], backwards: bool) -> Callable[[int, int], NDArray[Any]]:
    """Return a function that reads consecutive patterns from an array of any number of dimensions."""
    step = -1 if backwards else 1
    inner = math.prod(shape[1:-1])
    n = shape[-1]

    def read(first: int, last: int) -> NDArray[Any]:
        low, high = first // inner, -(-last // inner)
        block = np.asarray(data[low:high]).reshape(-1, n)
        return np.asarray(block[first - low * inner : last - low * inner, ::step])

    return read


def _are_counts(raw: Callable[[int, int], NDArray[Any]], count: int, full: float) -> bool:
    """Whether the intensities of some patterns are whole numbers that are not negative."""
    seen = False
    for i in np.unique(np.linspace(0, count - 1, min(count, LOOKED_AT)).astype(int)).tolist():
        row = np.asarray(raw(i, i + 1)[0], dtype=np.float64)
        row = row[np.isfinite(row) & (row < full)]
        if np.any(row < 0.0) or np.any(row != np.round(row)):
            return False
        seen |= bool(np.any(row > 1.0))
    return seen
