"""The measured pattern: axis, intensity, uncertainty, mask and processing history; immutable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._arguments import check_fields, real_array
from slxrd._escape import on_one_line
from slxrd._frozen import FrozenDict, Sealed, read_only
from slxrd._html import table
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray, SecondLine, q_from_two_theta, two_theta_from_q

Axis = Literal["q", "2theta"]
AXES: tuple[Axis, ...] = ("q", "2theta")
#: Quantities on the axis of a text file; θ is converted to 2θ.
FileAxis = Literal["q", "2theta", "theta"]
FILE_AXES: tuple[FileAxis, ...] = ("q", "2theta", "theta")
#: Largest number accepted as a measurement; squares of larger ones may overflow.
LARGEST = 1e100


@dataclass(frozen=True)
class Step:
    """One processing step in the history of a pattern.

    Parameters
    ----------
    name : str
        Short name of the step, for example ``"Lorentz-polarisation"``.
    details : mapping of str to str, float or int
        Settings of the step.
    """

    name: str
    details: Mapping[str, str | float | int] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.details:
            return self.name
        shown = {k: f"{v:.7g}" if isinstance(v, float) else str(v) for k, v in self.details.items()}
        settings = ", ".join(
            f"{key} {value}" if key == "because" else f"{key} = {value}" for key, value in shown.items()
        )
        return f"{self.name} ({settings})"


def _check_axis(x: FloatArray, axis: Axis, source: str) -> None:
    falling = np.flatnonzero(np.diff(x) <= 0.0)
    if falling.size:
        where = int(falling[0])
        raise SlxrdError(
            f"{source}: the axis does not increase after {x[where]:g} (point {where + 1}); "
            "sort it and merge repeated points"
        )
    if axis == "2theta" and (x[0] <= 0.0 or x[-1] >= 180.0):
        bad = x[0] if x[0] <= 0.0 else x[-1]
        raise SlxrdError(f"{source}: 2θ = {bad:g}° is not between 0 and 180°")


def _column(values: ArrayLike, name: str) -> FloatArray:
    """Return numbers as a read-only array; of a masked array, also the masked ones."""
    array = real_array(np.ma.getdata(values) if np.ma.isMaskedArray(values) else values, name)
    if array.ndim == 2 and array.shape[1] == 1 and hasattr(values, "columns"):  # one column of pandas
        array = array[:, 0]
    return read_only(np.array(array))


def _truth_values(values: ArrayLike, name: str) -> NDArray[np.bool_]:
    try:
        array = np.asarray(values)
        truth = array.dtype.kind == "b" or (array.dtype.kind in "uif" and np.isin(array, (0, 1)).all())
    except ValueError:
        truth = False
    if not truth:
        raise SlxrdError(f"{name}: expected True for each point that is left out, and False for the others")
    return np.array(array, dtype=bool)


@dataclass(frozen=True, eq=False)
class Pattern(Sealed):
    """A diffractogram: intensity against scattering vector or 2θ.

    Parameters
    ----------
    x : array_like, shape (n,)
        Axis values: q in Å⁻¹ (``axis="q"``) or 2θ in degrees (``axis="2theta"``), strictly increasing.
    intensity : array_like, shape (n,)
        Measured intensity in any unit. Negative values can occur after a background subtraction.
    axis : {"q", "2theta"}
        Quantity of ``x``.
    sigma : array_like, shape (n,), optional
        Standard deviation of the intensity, positive, in the same unit.
    mask : array_like of bool, shape (n,), optional
        True for points that are left out (as in ``numpy.ma``); points that are masked in a masked array given
        as ``x``, ``intensity`` or ``sigma`` are left out too.
    wavelength : float, optional
        Wavelength of the main line in Å; needed to convert 2θ to q.
    second_line : SecondLine, optional
        The weaker line of a doublet; None for a single line.
    per_count : array_like, shape (n,), or float, optional
        Intensity of one detected photon: 1 for raw counts, the attenuation factor for corrected counts,
        1/time for rates. None if the intensities are not known to be counts.
    source : str
        Origin of the pattern, usually a path; used in messages.
    metadata : mapping
        Other entries of the file: title, counting time in s, date, …
    history : tuple of Step
        Processing steps in order.

    Raises
    ------
    SlxrdError
        If shapes differ, the axis is not strictly increasing, or a value is not finite.
    """

    x: FloatArray
    intensity: FloatArray
    axis: Axis = "q"
    sigma: FloatArray | None = None
    mask: NDArray[np.bool_] = None  # type: ignore[assignment]  # filled in below
    wavelength: float | None = None
    second_line: SecondLine | None = None
    per_count: FloatArray | None = None
    source: str = "pattern"
    metadata: Mapping[str, str | float] = field(default_factory=dict)
    history: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self, "x", "intensity", "sigma", "mask", "per_count")
        if self.axis not in AXES:
            raise SlxrdError(f"{self.source}: axis {self.axis!r} is not one of {', '.join(AXES)}")
        columns = self._columns()
        _check_axis(columns["x"], self.axis, self.source)
        for name in ("sigma", "per_count"):
            if name in columns and np.any(columns[name] <= 0.0):
                where = int(np.flatnonzero(columns[name] <= 0.0)[0])
                raise SlxrdError(
                    f"{self.source}: {name} at {columns['x'][where]:g} is {columns[name][where]:g}, "
                    "must be positive"
                )
        if self.wavelength is not None and not (np.isfinite(self.wavelength) and self.wavelength > 0.0):
            raise SlxrdError(f"{self.source}: wavelength {self.wavelength!r} must be a positive number of Å")
        self._check_second_line()
        for name, values in columns.items():
            object.__setattr__(self, name, values)
        object.__setattr__(self, "metadata", FrozenDict(self.metadata))

    def _columns(self) -> dict[str, NDArray[Any]]:
        """Return read-only arrays of all columns, after checking that they are finite and of one length."""
        x = _column(self.x, f"{self.source}: the axis")
        if x.ndim != 1 or x.size == 0:
            raise SlxrdError(
                f"{self.source}: the axis must be a non-empty list of numbers, got shape {x.shape}"
            )
        n = x.size
        columns: dict[str, NDArray[Any]] = {
            "x": x,
            "intensity": _column(self.intensity, f"{self.source}: intensity"),
        }
        if self.sigma is not None:
            columns["sigma"] = _column(self.sigma, f"{self.source}: sigma")
        if self.per_count is not None:
            per_count = _column(self.per_count, f"{self.source}: per_count")
            columns["per_count"] = np.full(n, per_count) if per_count.ndim == 0 else per_count
            read_only(columns["per_count"])
        for name, values in columns.items():
            if values.shape != (n,):
                raise SlxrdError(f"{self.source}: {name} has shape {values.shape}, the axis has {n} points")
            if not np.all(np.isfinite(values)):
                where = int(np.flatnonzero(~np.isfinite(values))[0])
                raise SlxrdError(
                    f"{self.source}: {name} is not finite at point {where + 1}; remove that point"
                )
            if np.any(np.abs(values) > LARGEST):
                raise SlxrdError(
                    f"{self.source}: {name} beyond {LARGEST:g} cannot be a measurement; correct the file"
                )
        mask = (
            np.zeros(n, dtype=bool) if self.mask is None else _truth_values(self.mask, f"{self.source}: mask")
        )
        if mask.shape != (n,):
            raise SlxrdError(f"{self.source}: mask has shape {mask.shape}, the axis has {n} points")
        for given in (self.x, self.intensity, self.sigma):
            if np.ma.isMaskedArray(given):
                mask |= np.ma.getmaskarray(given).reshape(n)
        columns["mask"] = read_only(mask)
        return columns

    def _check_second_line(self) -> None:
        if self.second_line is None:
            return
        length, ratio = self.second_line
        if self.wavelength is None:
            raise SlxrdError(f"{self.source}: a second line needs the wavelength of the first")
        if not 0.9 < length / self.wavelength < 1.1:
            raise SlxrdError(
                f"{self.source}: the second line, {length!r} Å, is not that of a doublet at "
                f"{self.wavelength:g} Å (the lines of a doublet differ by less than 10 %)"
            )
        if not 0.0 < ratio <= 1.0:
            raise SlxrdError(f"{self.source}: ratio {ratio!r} of the lines must be above 0 and at most 1")

    def _facts(self) -> list[tuple[str, str]]:
        """Return the rows of the text and HTML summary."""
        axis, unit = ("q", " Å⁻¹") if self.axis == "q" else ("2θ", "°")
        facts = [(axis, f"{self.x[0]:.6g} to {self.x[-1]:.6g}{unit}, {len(self)} points")]
        if self.mask.any():
            facts.append(("masked", f"{int(self.mask.sum())} points"))
        facts.append(("intensity", f"{self.intensity.min():.5g} to {self.intensity.max():.5g}"))
        facts.append(("σ", "given" if self.sigma is not None else "not given"))
        facts.append(("counts", "known" if self.per_count is not None else "not known"))
        length = "not known" if self.wavelength is None else f"{self.wavelength:.6g} Å"
        if self.second_line is not None:
            length += f", second line {self.second_line.wavelength:.6g} Å, ratio {self.second_line.ratio:.3g}"
        facts.append(("wavelength", length))
        facts += [
            (key, on_one_line(self.metadata[key])) for key in ("title", "simulated") if key in self.metadata
        ]
        facts += [("step", str(step)) for step in self.history]
        return facts

    def __str__(self) -> str:
        return "\n".join([on_one_line(self.source), *(f"  {name:<12}{text}" for name, text in self._facts())])

    def __repr__(self) -> str:
        axis, text = self._facts()[0]
        return f"<Pattern {self.source}: {axis} {text}>"

    def _repr_html_(self) -> str:
        return table(self.source, self._facts())

    def __len__(self) -> int:
        return int(self.x.size)

    @property
    def q(self) -> FloatArray:
        """Scattering vector in Å⁻¹, shape (n,); requires the wavelength if the axis is 2θ."""
        if self.axis == "q":
            return self.x
        return q_from_two_theta(self.x, self._known_wavelength())

    @property
    def two_theta(self) -> FloatArray:
        """Scattering angle 2θ in degrees, shape (n,); requires the wavelength if the axis is q."""
        if self.axis == "2theta":
            return self.x
        return two_theta_from_q(self.x, self._known_wavelength())

    def _known_wavelength(self) -> float:
        if self.wavelength is None:
            raise SlxrdError(
                f"{self.source}: the wavelength is not known; give it (--wavelength CuKa1, or in Å)"
            )
        return self.wavelength

    def changed(self, step: Step, **changes: Any) -> Self:
        """Return a copy with changed fields and one more step in its history.

        Parameters
        ----------
        step : Step
            The processing step.
        **changes
            New values of fields.
        """
        return replace(self, history=(*self.history, step), **changes)

    def to_q(self) -> Self:
        """Return the pattern over the scattering vector q = 4π sin(θ)/λ.

        Raises
        ------
        SlxrdError
            If the axis is 2θ and the wavelength is not known.
        """
        if self.axis == "q":
            return self
        return self.changed(Step("2θ to q", {"wavelength (Å)": self._known_wavelength()}), x=self.q, axis="q")

    def two_theta_hint(self, low: float, high: float) -> str:
        """Return a hint for an error message if a range of q may have been given in degrees 2θ.

        Parameters
        ----------
        low, high : float
            Ends of the range.

        Returns
        -------
        str
            The range in q; empty if the range, read as 2θ, is not in the pattern.
        """
        if self.axis == "2theta" or self.wavelength is None or not 0.0 < low < high < 180.0:
            return ""
        q_low, q_high = q_from_two_theta([low, high], self.wavelength).tolist()
        if q_low >= self.x[-1] or q_high <= self.x[0]:
            return ""
        return f"; if degrees 2θ were meant, give q: {q_low:.4f}:{q_high:.4f}"

    def without(self, ranges: Iterable[tuple[float, float]]) -> Self:
        """Return the pattern over q with the points in some ranges of q masked.

        Parameters
        ----------
        ranges : iterable of (q_min, q_max)
            Å⁻¹.

        Raises
        ------
        SlxrdError
            If the wavelength is needed and not known, or a range is reversed or contains no point.
        """
        pattern = self.to_q()
        for low, high in ranges:
            pattern = pattern.masked(low, high)
        return pattern

    def masked(self, low: float, high: float) -> Self:
        """Return the pattern with the points from ``low`` to ``high`` masked.

        Parameters
        ----------
        low, high : float
            Ends in the unit of the axis, inclusive.

        Raises
        ------
        SlxrdError
            If the range is reversed or contains no point.
        """
        if not low < high:
            raise SlxrdError(f"mask {low:g}:{high:g}: the lower end must come first")
        inside = (self.x >= low) & (self.x <= high)
        if not inside.any():
            raise SlxrdError(
                f"mask {low:g}:{high:g} holds no point of {self.source}, which covers {self.x[0]:.4g} to "
                f"{self.x[-1]:.4g}{self.two_theta_hint(low, high)}"
            )
        return self.changed(Step("mask", {"from": low, "to": high}), mask=self.mask | inside)
