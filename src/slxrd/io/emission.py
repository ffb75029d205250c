"""The emission lines that a header of numbers tells."""

from __future__ import annotations

from slxrd.errors import FileError
from slxrd.io.request import Request
from slxrd.units import Radiation, SecondLine

#: Wavelengths in Å that are believed: those of X-ray tubes from W to Cr, with room for others.
SHORTEST, LONGEST = 0.15, 3.0
#: How far, of itself, a wavelength may be from a line that it is taken for.
_SAME_LINE = 1e-4


def believed(wavelength: float) -> bool:
    """Tell whether a number of Å can be the wavelength of a diffractometer."""
    return SHORTEST <= wavelength <= LONGEST


def radiation(
    request: Request, alpha1: float, alpha2: float, ratio: float, used: float = 0.0
) -> Radiation | None:
    """Radiation that a header tells.

    Parameters
    ----------
    request : Request
        With the caller's radiation, beside which the header's is not looked at.
    alpha1, alpha2 : float
        Å; 0 where not told.
    ratio : float
        Intensity of α₂, of that of α₁; 0 where the radiation is one line.
    used : float
        Å, of the wavelength that the program reckoned with; 0 where not told.

    Returns
    -------
    Radiation or None
        The doublet, or the one line; None where the header does not tell.

    Raises
    ------
    FileError
        If the header contradicts itself.
    """
    if request.radiation is not None:
        return None
    if not believed(alpha1):
        return Radiation(used) if believed(used) else None
    lines = [alpha1]
    second = None
    if alpha2 != 0.0 and ratio != 0.0:
        if not (0.9 < alpha2 / alpha1 < 1.1 and 0.0 < ratio <= 1.0):
            wrong = "" if 0.0 < ratio <= 1.0 else f" in the ratio {ratio:g}"
            raise FileError(
                request.source,
                f"its header tells of lines at {alpha1:g} and {alpha2:g} Å{wrong}, which are no doublet: "
                "use --wavelength CuKa, or a number of Å",
            )
        second = SecondLine(alpha2, ratio)
        # Programs reckon with α₁, or with the mean by weight: of exactly 1/2, or rounded to 1.5418.
        lines += [(alpha1 + ratio * alpha2) / (1.0 + ratio), (alpha1 + 0.5 * alpha2) / 1.5]
    if believed(used) and not any(abs(used / line - 1.0) < _SAME_LINE for line in lines):
        raise FileError(
            request.source,
            f"its header tells of {alpha1:g} Å and of {used:g} Å: say which with --wavelength {used:.6g}",
        )
    return Radiation(alpha1, second)
