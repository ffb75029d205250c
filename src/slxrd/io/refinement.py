"""Text files of the refinement programs GSAS and FullProf: what their headers do to the columns.

GSAS (manual, "Powder histogram data files"; APS beamline 11-BM, "Data formats"): a line ``BANK … CONS …
FXYE`` stands before rows of 2θ in hundredths of a degree, intensity and σ. FullProf (manual, "XYDATA"):
a line ``INTER fac_x fac_y …`` gives factors by which axis and intensity are to be multiplied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from slxrd.errors import FileError

#: Degrees in the unit of a GSAS axis.
CENTIDEGREE = 0.01

_BANK = re.compile(r"BANK\s+\d+\s+\d+\s+\d+\s+([A-Z]\w*)(?:\s+(.*))?$", re.I)
_INTER = re.compile(r"INTER\s+(\S+)\s+(\S+)", re.I)


def axis_unit(header: Sequence[str], source: str) -> float | None:
    """Unit of the axis in degrees of 2θ, where the header is one of GSAS; else None.

    Parameters
    ----------
    header : sequence of str
        Lines before the data.
    source : str
        Path, for messages.

    Raises
    ------
    FileError
        If the header says that the rows are not pairs or triples over 2θ, or are to be multiplied.
    """
    for line in header:
        bank = _BANK.match(line[:200])
        if bank:
            kind, layout = bank[1].upper(), (bank[2] or "").split()
            if kind not in ("CONS", "CONST"):
                raise FileError(source, f"is a GSAS file with an axis of {kind}, not of steps in 2θ")
            if not layout or layout[-1].upper() not in ("FXYE", "FXY"):
                raise FileError(source, "is a GSAS file of packed intensities; save it as .xye or with FXYE")
            return CENTIDEGREE
        factors = _INTER.match(line[:200])
        if factors and any(_is_factor(text) for text in factors.groups()):
            raise FileError(
                source,
                f"is a FullProf file whose columns are to be multiplied by {factors[1]} and {factors[2]} "
                "(INTER); multiply them, or set both factors to 1",
            )
    return None


def _is_factor(text: str) -> bool:
    try:
        return float(text) != 1.0
    except ValueError:
        return True
