"""The kinds of scan in Bruker's ``.raw``: in which of them 2θ moves by the step in the header."""

from __future__ import annotations

from slxrd.errors import FileError

#: Their numbers in version 3; version 4 writes the names.
KINDS = dict(
    enumerate(
        (
            *("locked coupled", "unlocked coupled", "detector scan", "rocking curve", "chi scan", "phi scan"),
            *("x scan", "y scan", "z scan", "aux1 scan", "aux2 scan", "aux3 scan", "psi scan", "hkl scan"),
            "reciprocal space scan",
        )
    )
)
KINDS |= {20: "unlocked coupled HR XRD", 129: "PSD fixed scan", 130: "PSD fast scan"}

_TWO_THETA = [KINDS[number] for number in range(3)]
_STANDING = [KINDS[number] for number in range(3, 13)]


def check_kind(kind: str, source: str) -> None:
    """Refuse a scan that is not over 2θ, or of which that is not known.

    Raises
    ------
    FileError
        If it is one.
    """
    plain = kind.strip().lower()
    if plain in _STANDING:
        raise FileError(source, f"the scan is a {plain}: 2θ does not move in it; choose another")
    if plain not in _TWO_THETA:
        raise FileError(
            source,
            f"the scan is of the kind {kind[:40]!r}, and it is not known publicly where its angles stand; "
            "export it as text with two columns",
        )
