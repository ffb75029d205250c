"""Scan types in Bruker's ``.raw``, and in which of them 2θ moves by the step in the header."""

from __future__ import annotations

from slxrd.errors import FileError

#: Codes in version 3 → names, which version 4 writes.
SCAN_TYPES = dict(
    enumerate(
        (
            *("locked coupled", "unlocked coupled", "detector scan", "rocking curve", "chi scan", "phi scan"),
            *("x scan", "y scan", "z scan", "aux1 scan", "aux2 scan", "aux3 scan", "psi scan", "hkl scan"),
            "reciprocal space scan",
        )
    )
)
SCAN_TYPES |= {20: "unlocked coupled HR XRD", 129: "PSD fixed scan", 130: "PSD fast scan"}

_OVER_TWO_THETA = [SCAN_TYPES[code] for code in range(3)]
_FIXED_TWO_THETA = [SCAN_TYPES[code] for code in range(3, 13)]


def check_scan_type(scan_type: str, source: str) -> None:
    """Check that a scan is over 2θ.

    Raises
    ------
    FileError
        If it is not, or the layout of this scan type is not known.
    """
    name = scan_type.strip().lower()
    if name in _FIXED_TWO_THETA:
        raise FileError(source, f"the scan is a {name}: 2θ does not move in it; choose another")
    if name not in _OVER_TWO_THETA:
        raise FileError(
            source,
            f"the scan is of the type {scan_type[:40]!r}, for which the position of the angles is not "
            "published; export it as text with two columns",
        )
