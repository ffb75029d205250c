"""The electron density in the gap between two crystals: its Fourier transform and the means over gaps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slxrd._registry import Registry
from slxrd.errors import SlxrdError
from slxrd.parameters.gap_distributions.distribution import GapCharacteristic
from slxrd.parameters.parameter_info import ParameterInfo, join_parameters, values_of
from slxrd.units import FloatArray

ComplexArray = NDArray[np.complex128]

#: The Gaussian of the gaps is summed within this many σ_L; beyond, it is less than the rounding errors.
_WIDEST = 8.5


class GapTransform(NamedTuple):
    """The Fourier transform B of a density in gaps of given widths, and its derivatives.

    Parameters
    ----------
    value : ndarray of complex, shape (w, n)
        B(q, ℓ) = ∫ρ(z)e^{iqz}dz from 0 to ℓ, in e/Å², for w widths and n scattering vectors.
    by_q, by_width : ndarray of complex, shape (w, n)
        dB/dq and dB/dℓ.
    by_parameter : mapping of str to ndarray of complex, shape (w, n)
        Derivatives with respect to the parameters of the profile, by their names.
    """

    value: ComplexArray
    by_q: ComplexArray
    by_width: ComplexArray
    by_parameter: Mapping[str, ComplexArray]


class GapProfile(ABC):
    """An electron density ρ(z) between the outermost planes of two neighbouring crystals.

    A subclass defines the class attributes and :meth:`transform`. The width ℓ of the gap is a Gaussian of
    standard deviation σ_L, and ρ(z) may depend on ℓ. A profile is in use in a fit that names one of its
    parameters, and needs crystals that have an area.

    Attributes
    ----------
    parameters : tuple of ParameterInfo
        Definitions of the parameters; their names must be new.
    equation, reference : str
        ρ(z) in symbols, and where it is derived.
    in_kernels : bool
        Whether the compiled kernels calculate it themselves; only for those of slxrd.
    any_distribution : bool
        Whether :meth:`averages_from` is defined, so that the widths need not be Gaussian.
    """

    parameters: ClassVar[tuple[ParameterInfo, ...]] = ()
    equation: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    in_kernels: ClassVar[bool] = False
    any_distribution: ClassVar[bool] = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(row.name for row in self.parameters)

    def values(self, given: Mapping[str, float]) -> dict[str, float]:
        """Values of the parameters, the defaults for those that are not given."""
        return values_of(self.parameters, given)

    @abstractmethod
    def transform(self, q: FloatArray, width: FloatArray, values: Mapping[str, float]) -> GapTransform:
        """Calculate the Fourier transform of the density in gaps of given widths.

        Parameters
        ----------
        q : ndarray, shape (n,)
            Scattering vectors in Å⁻¹, never 0 but as small as 1e-9, of either sign.
        width : ndarray, shape (w, 1)
            Widths ℓ in Å. In the tail of a broad Gaussian some are negative: there the formula is continued.
        values : mapping of str to float
            Of the parameters, by name.
        """

    def averages(
        self, q: FloatArray, width: float, sigma_L: float, values: Mapping[str, float]
    ) -> ComplexArray:
        """Average over the Gaussian distribution of the width what the formula of a stack needs.

        By the trapezoidal rule, whose error for a Gaussian is below 1e-14 if the step resolves qσ_L; a
        subclass may have a closed form.

        Parameters
        ----------
        q : ndarray, shape (n,)
            Å⁻¹.
        width, sigma_L : float
            Mean and standard deviation of the width ℓ, in Å.
        values : mapping of str to float
            Of the parameters, by name.

        Returns
        -------
        ndarray of complex, shape (3, 4 + k, n)
            ``⟨B⟩``, ``⟨B* e^{iqℓ}⟩`` and ``⟨|B|²⟩``, each with its derivatives with respect to q, the mean
            width, σ_L and the k parameters.

        Raises
        ------
        SlxrdError
            If :meth:`transform` does not return finite arrays of the right shape.
        """
        x, weights = np.zeros(1), np.ones(1)
        if sigma_L > 0.0:
            places = np.ceil(_WIDEST * (float(np.abs(q).max()) * sigma_L + 9.0) / np.pi) + 1
            x = np.linspace(-_WIDEST, _WIDEST, int(places))
            weights = np.exp(-0.5 * x**2) / np.exp(-0.5 * x**2).sum()
        widths = (width + sigma_L * x)[:, None]
        found = self.transform(q.copy(), widths.copy(), values)
        rows = [found.value, found.by_q, found.by_width, *(found.by_parameter[name] for name in self.names)]
        for row in rows:
            if np.shape(row) != (x.size, q.size) or not np.all(np.isfinite(row)):
                raise SlxrdError(
                    f"the gap profile of {', '.join(self.names)} gives values of shape {np.shape(row)}, "
                    f"where finite ones of shape {(x.size, q.size)} are needed; correct its transform"
                )
        B = found.value
        phase = np.exp(1j * q * widths)
        turned = [np.conj(row) * phase for row in rows]
        turned[1] += 1j * widths * turned[0]
        turned[2] += 1j * q * turned[0]
        square = [np.abs(B) ** 2 + 0j, *(2.0 * np.real(np.conj(B) * row) + 0j for row in rows[1:])]
        total = np.empty((3, 4 + len(self.names), q.size), np.complex128)
        for kind, each in enumerate((rows, turned, square)):
            total[kind, :3] = [weights @ row for row in each[:3]]
            total[kind, 3] = (weights * x) @ each[2]
            total[kind, 4:] = [weights @ row for row in each[3:]]
        return total

    def averages_from(
        self, widths: GapCharacteristic, q: FloatArray, values: Mapping[str, float]
    ) -> ComplexArray:
        """Average over widths of any distribution, of which the characteristic function is enough.

        Parameters
        ----------
        widths : GapCharacteristic
            ⟨e^{iqℓ}⟩, and its derivatives.
        q : ndarray, shape (n,)
            Å⁻¹.
        values : mapping of str to float
            Of the parameters of the profile, by name.

        Returns
        -------
        ndarray of complex, shape (3, 4 + k + g, n)
            As :meth:`averages`, and derivatives with respect to the g parameters of the distribution.

        Raises
        ------
        SlxrdError
            If the profile needs more than the characteristic function.
        """
        raise SlxrdError(
            f"the gap profile of {', '.join(self.names)} is averaged over Gaussian gaps only; leave out "
            f"{', '.join(widths.by_parameter)}"
        )


#: All gap profiles by name.
GAP_PROFILES: Registry[type[GapProfile]] = Registry(
    "gap profile",
    "slxrd.gap_profiles",
    "slxrd.parameters.gap_profiles",
    lambda item: isinstance(item, type) and issubclass(item, GapProfile),
)


def gap_profile(name: str) -> GapProfile:
    """Return the gap profile of a name.

    Raises
    ------
    SlxrdError
        If the name is unknown.
    """
    return GAP_PROFILES[name]()


def gap_parameters() -> dict[str, ParameterInfo]:
    """Definitions of the parameters of all gap profiles, by name.

    Raises
    ------
    SlxrdError
        If two profiles have a parameter of one name.
    """
    return join_parameters("gap profile", ((name, one.parameters) for name, one in GAP_PROFILES.items()))


def gap_profile_in_use(names: Iterable[str]) -> GapProfile:
    """Return the gap profile that has some of these parameters; that without a density if there is none.

    Raises
    ------
    SlxrdError
        If the parameters belong to more than one profile.
    """
    used = set(names)
    found = [
        name for name, profile in GAP_PROFILES.items() if used & {row.name for row in profile.parameters}
    ]
    if len(found) > 1:
        raise SlxrdError(
            f"a gap has one profile, and the parameters are those of {' and '.join(found)}; leave out "
            "those of all but one"
        )
    return gap_profile(found[0] if found else "none")
