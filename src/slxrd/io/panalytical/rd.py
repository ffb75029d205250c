"""Philips ``.rd`` (``V3RD``) and ``.sd`` (``V5RD``) of PC-APD: one scan over 2θ, as square roots of counts.

Sources of the layout: xylib (Wojdyr, philips_raw.cpp); the field at 136 is the largest stored number, as
found on the 28 files of the IUCr's round robin (rietx, philips_rd.py). A stored number v means v²/100 counts,
rounded: the listing by Philips' program in the manual of Xtal's ADDPAT agrees (437 = 209²/100,
454 = 213²/100), whereas xylib truncates. Checked on a scan that is also available as text.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared.binary import Fields, check_end_of_file, equidistant_angles
from slxrd.io.shared.headers import header_radiation
from slxrd.io.shared.scan import Load, Request, Scan, nonempty, refuse_q
from slxrd.units import K_ALPHA_LINES

NAME = "Philips .rd or .sd"

#: First bytes → position of the first stored number.
_COUNTS_AT = {b"V3RD": 250, b"V5RD": 810}
_ANODES = {0: "Cu", 1: "Mo", 2: "Fe", 3: "Cr"}
#: Largest distance of the number of steps from a whole number.
_WHOLE = 0.01
#: Values of the field of the largest number that converters leave blank or zero.
_BLANK = (0x2020, 0)


def recognises(data: bytes) -> bool:
    """Return True for both formats; text that begins in the same way has no NUL byte."""
    return data[:4] in _COUNTS_AT and b"\0" in data[:250]


def scans(request: Request) -> list[Load]:
    """Return the only scan of the file."""
    refuse_q(request, NAME)
    return [partial(_read, Fields(request.data, request.source, ".rd or .sd file"), request)]


def _read(file: Fields, request: Request) -> Scan:
    """Read the scan.

    Raises
    ------
    FileError
        If the length disagrees with the header, or a number is impossible.
    """
    step, start, end = (float(file.number("d", at)) for at in (214, 222, 230))
    steps = (end - start) / step if np.isfinite([step, start, end]).all() and step > 0.0 else -1.0
    if not (0.0 <= steps < len(file.data) and abs(steps - round(steps)) < _WHOLE):
        raise FileError(
            file.source,
            f"its header gives a scan from {start:g} to {end:g}° in steps of {step:g}°, which is impossible; "
            "copy or export it again",
        )
    points, first = round(steps) + 1, _COUNTS_AT[file.data[:4]]
    stored = file.column(first, points, "<u2")
    check_end_of_file(file, first + 2 * points)
    largest = file.number("H", 136)
    if largest not in _BLANK and largest != stored.max():
        raise FileError(
            file.source,
            f"its largest stored number is {stored.max():g} but its header says {largest}: it is "
            "damaged; copy or export it again",
        )
    alpha1, alpha2, ratio = (file.number("d", at) for at in (94, 102, 110))
    return Scan(
        x=equidistant_angles(start, step, points, file.source),
        intensity=np.rint(stored**2 / 100.0),
        per_count=1.0,
        radiation=header_radiation(request, alpha1, alpha2, ratio),
        metadata={
            "format": f"Philips .{'rd' if first == 250 else 'sd'}",
            **nonempty({"title": file.text(146, 20), "anode": _anode(file)}),
        },
        history=(Step("counts from their roots", {"as stored in the file": "10·√counts, rounded"}),),
    )


def _anode(file: Fields) -> str:
    """Return the anode if its code agrees with the wavelength, else an empty text."""
    anode = _ANODES.get(file.number("B", 85), "")
    known = K_ALPHA_LINES[anode][0] if anode else 0.0
    return anode if abs(file.number("d", 94) - known) < 0.01 else ""


FORMATS.register("philips-rd", Format(NAME, (".rd", ".sd"), recognises, scans))
