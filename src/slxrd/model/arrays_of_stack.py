"""A structure as plain arrays for the kernels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.model.kernel.arrays import BOTTOM, COEFFICIENTS, REPEAT, TOP, GapFunction, Sample
from slxrd.parameters.gap_distributions.distribution import GapCharacteristic, GapDistribution
from slxrd.parameters.gap_profiles.profile import GapProfile
from slxrd.sample.amplitudes import plane_arrays
from slxrd.sample.crystal import Crystal
from slxrd.sample.form_factors import ComplexArray
from slxrd.sample.planes import Plane
from slxrd.sample.refinable import (
    CrystalParts,
    direction_of_apart,
    element,
    has_plane_parameters,
    label,
    parts_as_given,
    parts_with_separate_surfaces,
)
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

#: Largest shift of q, in Å⁻¹, for which the polynomials of the amplitudes are accurate.
FARTHEST_SHIFT = 0.05


@dataclass(frozen=True)
class _Placed:
    """A plane (None: a point, as in the paper), its part of the crystal, and the parameters that move it."""

    plane: Plane | None
    crystal: int
    part: int
    displacement: int
    sign: float
    where: str


def sample(stack: Stack, q: FloatArray, wavelength: float | None) -> Sample:
    """Convert a structure to plain arrays.

    Parameters
    ----------
    stack : Stack
        The structure.
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹ to which its amplitudes belong.
    wavelength : float or None
        Wavelength in Å; without it f′ and f″ are left out.

    Raises
    ------
    SlxrdError
        If the wavelength lies outside the tables.
    """
    names = stack.names
    crystals = [stack.crystal] if not stack.alternating else [stack.crystal, stack.partner]
    placed: list[_Placed] = []
    closing, ends = [], []
    for number, crystal in enumerate(crystals):
        parts, own = _parts(crystal, number, names)
        closing.append(parts.closing)
        planes = _placed(parts, number, own, names)
        ends.append((len(placed), len(placed) + len(planes) - 1))
        placed += planes
    terms = [
        term for k, each in enumerate(placed) for term in _terms(each, k, crystals, names, q, wavelength)
    ]
    numbers, shares = stack.numbers()
    indices: dict[str, Any] = {name: names.index(name) if name in names else -1 for name in _IN_KERNELS}
    return Sample(
        amplitudes=np.array([np.stack((term[2].real, term[2].imag), axis=1) for term in terms]),
        term_plane=np.array([term[0] for term in terms], dtype=np.int64),
        term_occupancy=np.array([term[1] for term in terms], dtype=np.int64),
        same_amplitude=_same_amplitude(len(placed), terms),
        lowest=np.array([lowest for lowest, _ in ends], dtype=np.int64),
        highest=np.array([highest for _, highest in ends], dtype=np.int64),
        closing=np.array(closing, dtype=np.int64),
        own=np.array([[names.index(n) for n in own] for own in _OWN[: len(crystals)]], dtype=np.int64),
        area=float(stack.crystal.area or 1.0) if stack.crystal is not None else 1.0,
        unit_planes=stack.crystal is None,
        mixed=stack.mixed,
        power=2 if stack.weighting == "volume" else 0,
        window=float(stack.size_window),
        numbers=numbers,
        shares=shares,
        **_of_planes(placed),
        **indices,
    )


def function_of_gaps(stack: Stack) -> GapFunction | None:
    """Return the gaps as a function for the kernels; None if they are Gaussian and empty.

    Parameters
    ----------
    stack : Stack
        The structure.
    """
    profile, distribution, names = stack.gap_profile, stack.gap_distribution, stack.names
    if not profile.parameters and not distribution.parameters:
        return None
    further = (*profile.names, *distribution.names)
    columns = tuple(names.index(name) if name in names else -1 for name in further)
    compiled = profile.in_kernels and distribution.in_kernels
    return GapFunction(_Averages(profile, distribution, names), columns, compiled)


@dataclass(frozen=True)
class _Averages:
    """The means over gaps, from the vector of all parameters of a structure."""

    profile: GapProfile
    distribution: GapDistribution
    names: tuple[str, ...]

    def __call__(self, q: FloatArray, L: float, width: float, sigma_L: float, p: FloatArray) -> ComplexArray:
        # Behind the parameters may be a σ_u that stands for crystals without interference.
        values = dict(zip(self.names, p.tolist(), strict=False))
        of_gaps, of_density = self.distribution.values(values), self.profile.values(values)
        w = self._characteristic(q, L, sigma_L, of_gaps)
        first = 4 + len(of_density)
        rows = np.zeros((4, first + len(of_gaps), q.size), np.complex128)
        rows[0, :4] = 1.0 + w.less_one, w.by_q, w.by_L, w.by_sigma_L
        for i, name in enumerate(of_gaps):
            rows[0, first + i] = w.by_parameter[name]
        if not of_gaps:
            rows[1:] = self.profile.averages(q, width, sigma_L, of_density)
        elif of_density:
            widths = self._characteristic(q, width, sigma_L, of_gaps)
            rows[1:] = self.profile.averages_from(widths, q, of_density)
        return rows

    def _characteristic(
        self, q: FloatArray, L: float, sigma_L: float, values: Mapping[str, float]
    ) -> GapCharacteristic:
        """Return the characteristic function, its rows in the order of the parameters."""
        found = self.distribution.characteristic(q.copy(), L, sigma_L, values)
        ordered = {name: found.by_parameter[name] for name in values}
        for row in (*found[:4], *ordered.values()):
            if np.shape(row) != q.shape or not np.all(np.isfinite(row)):
                raise SlxrdError(
                    f"the distribution of gaps of {', '.join(values) or 'L'} gives values of shape "
                    f"{np.shape(row)} for {q.size} points, where as many finite ones are needed; correct its "
                    "function"
                )
        return found._replace(by_parameter=ordered)


#: Parameters whose index is a field of :class:`Sample`; −1 if a structure does not have one.
_IN_KERNELS = ("dL_B", "f_B", "rho", "sigma_u", "unstacked", "B")


def _of_planes(placed: Sequence[_Placed]) -> dict[str, Any]:
    """Fields of :class:`Sample` with an entry for each plane."""
    planes = [each.plane for each in placed]
    return {
        "crystal": np.array([each.crystal for each in placed], dtype=np.int64),
        "part": np.array([each.part for each in placed], dtype=np.int64),
        "position": np.array([0.0 if plane is None else plane.position for plane in planes]),
        "shift": np.array([0.0 if plane is None else plane.shift for plane in planes]),
        "sign": np.array([each.sign for each in placed]),
        "displacement": np.array([each.displacement for each in placed], dtype=np.int64),
    }


def _same_amplitude(planes: int, terms: list[tuple[int, int, ComplexArray]]) -> NDArray[np.int64]:
    """Index, for each plane, of the first plane with identical scattering terms."""
    known: dict[tuple[tuple[int, bytes], ...], int] = {}
    first = []
    for k in range(planes):
        own = tuple((occupancy, full.tobytes()) for plane, occupancy, full in terms if plane == k)
        first.append(known.setdefault(own, k))
    return np.array(first, dtype=np.int64)


#: Suffix of the names of a crystal's own parameters.
_END = ("", "_B")
_OWN = (("d", "N", "sigma_N"), ("d_B", "N_B", "sigma_N_B"))


def _parts(crystal: Crystal | None, number: int, names: Sequence[str]) -> tuple[CrystalParts, bool]:
    """Return the planes of a crystal by part, and whether some of its planes have parameters of their own."""
    if crystal is None:
        return CrystalParts((), (), (), 0), False
    own = has_plane_parameters(names, number == 1)
    return (parts_with_separate_surfaces if own else parts_as_given)(crystal), own


def _placed(parts: CrystalParts, number: int, own: bool, names: Sequence[str]) -> list[_Placed]:
    listed = [
        (part, plane)
        for part, planes in ((BOTTOM, parts.bottom), (REPEAT, parts.repeat), (TOP, parts.top))
        for plane in planes
    ]
    if not listed:  # a plane of the paper: a point of unit amplitude
        return [_Placed(None, number, REPEAT, -1, 1.0, "")]
    placed = []
    for k, (part, plane) in enumerate(listed):
        outermost = own and k in (0, len(listed) - 1)
        where = "surface" if outermost else label(plane)
        displacement, sign = -1, 1.0
        ways = {"shift": -1.0 if k == 0 and outermost else 1.0, "apart": direction_of_apart(plane)}
        for kind, way in ways.items():
            if own and way and f"{kind}_{where}{_END[number]}" in names:
                displacement, sign = list(names).index(f"{kind}_{where}{_END[number]}"), way
        placed.append(_Placed(plane, number, part, displacement, sign, where if own else ""))
    return placed


def _terms(
    each: _Placed,
    k: int,
    crystals: Sequence[Crystal | None],
    names: Sequence[str],
    q: FloatArray,
    wavelength: float | None,
) -> list[tuple[int, int, ComplexArray]]:
    """Return the terms of a plane: plane, parameter that multiplies it, amplitude as a polynomial in q."""
    crystal = crystals[each.crystal]
    if crystal is None or each.plane is None:
        one = np.zeros((COEFFICIENTS, q.size), dtype=np.complex128)
        one[0] = 1.0
        return [(k, -1, one)]
    first = crystals[0]
    per_area = 1.0
    if first is not None and first.area is not None and crystal.area is not None:
        per_area = first.area / crystal.area
    sites = [per_area * row for row in _polynomials(each.plane, q.tobytes(), wavelength)]
    fixed = np.zeros((COEFFICIENTS, q.size), dtype=np.complex128)
    terms = []
    for site, full in zip(each.plane.sites, sites, strict=True):
        name = f"occ_{each.where}_{element(site.species)}{_END[each.crystal]}"
        if each.where and name in names:
            terms.append((k, list(names).index(name), full))
        else:
            fixed = fixed + site.occupancy * full
    return [(k, -1, fixed), *terms]


@lru_cache(maxsize=64)
def _polynomials(plane: Plane, points: bytes, wavelength: float | None) -> ComplexArray:
    """Amplitudes of the full sites of a plane in powers of the shift of q, shape (s, 5, n).

    Polynomials through five places: exact without a shift, and within 1e-8 of the amplitude at the
    farthest.
    """
    q = np.frombuffer(points)
    places = np.linspace(-FARTHEST_SHIFT, FARTHEST_SHIFT, COEFFICIENTS)
    values = np.array([plane_arrays([plane], np.abs(q + at), wavelength).sites for at in places])
    values -= values[2]
    values[2] = plane_arrays([plane], np.abs(q), wavelength).sites
    powers = np.vander(np.delete(places, 2), COEFFICIENTS, increasing=True)[:, 1:]
    inner = np.tensordot(np.linalg.inv(powers), np.delete(values, 2, axis=0), axes=1)
    coefficients = np.concatenate((values[2][None], inner))
    return np.ascontiguousarray(np.moveaxis(coefficients, 0, 1))


def check_bounds(stack: Stack, lower: float, upper: float) -> None:
    """Check that the bounds of a zero error suit the polynomials of atomic crystals.

    Raises
    ------
    SlxrdError
        If one of them is too large.
    """
    if stack.crystal is None:
        return
    for q_zero in (lower, upper):
        check_shift(q_zero if math.isfinite(q_zero) else 0.0)


def check_shift(q_zero: float) -> None:
    """Check that a zero error is small enough for the polynomials.

    Raises
    ------
    SlxrdError
        If it is too large.
    """
    if abs(q_zero) > FARTHEST_SHIFT:
        raise SlxrdError(
            f"q_zero = {q_zero:g}: with crystals of atoms at most {FARTHEST_SHIFT:g} Å⁻¹; correct the axis "
            "first"
        )
