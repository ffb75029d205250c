"""STOE ``.raw`` of WinXPOW (``RAW_1.05``, ``RAW_1.06``): records of 512 bytes.

Source of the layout: STOE's definition of the records, in the source of CCDC's DASH (Load_rawSTOE_File, MIT
licence). Checked on a file: the ends of the scan, the smallest and largest count and the number of records
agree with those in its headers.
"""

from __future__ import annotations

from functools import partial

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared.binary import Fields, counting_time_entry, equidistant_angles
from slxrd.io.shared.counting import Counted, from_counts
from slxrd.io.shared.headers import is_plausible_wavelength
from slxrd.io.shared.scan import Load, Request, Scan, nonempty, refuse_q
from slxrd.units import ALPHA2_RATIO, FloatArray, Radiation, SecondLine

NAME = "STOE .raw"

_VERSIONS = (b"RAW_1.05", b"RAW_1.06")
_RECORD = 512
#: Largest number of ranges in a file, and largest plausible factor.
_MOST_RANGES = 8
_LARGEST_FACTOR = 1e6
#: Code of the scintillation counter among the detectors.
_COUNTER = 1
_ANODES = {1: "Ag", 2: "Mo", 3: "Cu", 4: "Co", 5: "Fe", 6: "Cr"}
_KINDS = {1: "2θ", 2: "ω", 3: "2θ/ω", 4: "2θ and ω independently"}
#: Codes of monochromators that transmit only Kα₁ (curved Ge 111 and quartz 101, Ge 111, Ge 220, GaAs 400),
#: and of graphite, which transmits both lines; motorised ones have 100 added.
_KALPHA1_ONLY, _BOTH_LINES = (2, 4, 6, 7, 8), (3,)
#: Bits of the two history fields → earlier processing of the numbers.
_PROCESSING = {4: "2θ scale changed", 5: "smoothed", 6: "background subtracted", 7: "Kα₂ stripped"}
_PROCESSING |= {8: "modified", 9: "absorption corrected"}
_STRIPPED = 7


def recognises(data: bytes) -> bool:
    """Return True for any version of the format; text that begins in the same way has no NUL byte."""
    return data.startswith(b"RAW_1.0") and b"\0" in data[:_RECORD]


def scans(request: Request) -> list[Load]:
    """List the ranges.

    Raises
    ------
    FileError
        If the version is not supported, or the file is truncated or not a measurement.
    """
    refuse_q(request, NAME)
    file = Fields(request.data, request.source, ".raw file")
    if not request.data.startswith(_VERSIONS):
        raise FileError(
            request.source,
            f"is of STOE's version {file.text(0, 8)}, but only 1.05 and 1.06 are supported; export it again",
        )
    ranges, records, kind = (file.number("h", at) for at in (378, 476, 470))
    file.take(0, max(0, records) * _RECORD)
    if not 0 <= ranges <= _MOST_RANGES:
        raise FileError(
            request.source, f"claims {ranges} ranges, which is impossible; copy or export it again"
        )
    if kind != 1:
        raise FileError(request.source, "contains a calculated pattern, not a measured one")
    return [partial(_read, file, file.number("h", 480 + 2 * i), request) for i in range(ranges)]


def _read(file: Fields, record: int, request: Request) -> Scan:
    """Read a range.

    Raises
    ------
    FileError
        If the header contradicts itself or the numbers, or 2θ does not move in the scan.
    """
    if record < 2:
        raise FileError(file.source, "a range has no position in the file; copy or export it again")
    header = file.part((record - 1) * _RECORD)
    scan = file.number("h", 360)
    if scan == 2 or header.number("f", 60) == 0.0:
        raise FileError(file.source, "the scan is over ω: 2θ does not move in it; choose another")
    stored = _read_numbers(header)
    _check_header(header, stored)
    factor = _read_factor(header)
    processing = _processing(file, header)
    if processing:
        counted = Counted(stored / factor, None)
    elif factor != 1.0:
        because = {"because": "they were multiplied and rounded"}
        counted = Counted(stored / factor, None, (Step("not taken for counts", because),))
    else:
        counted = from_counts(stored)
    history = [Step(text, {"before": "by the program that wrote the file"}) for text in processing.values()]
    if factor != 1.0:
        history.append(Step("divided by the file's factor", {"factor": factor}))
    entries = {
        "title": file.text(32, 80),
        "date": header.text(0, 16),
        "scan axis": _KINDS.get(scan, ""),
        "anode": _ANODES.get(file.number("h", 310), ""),
    }
    # With a moving position-sensitive detector the time is that of its steps, not of a point.
    time = counting_time_entry(header.number("f", 68)) if file.number("h", 312) == _COUNTER else {}
    return Scan(
        x=equidistant_angles(header.number("f", 44), header.number("f", 60), stored.size, file.source),
        intensity=counted.intensity,
        per_count=counted.per_count(),
        radiation=None if request.radiation else _radiation(file, _STRIPPED in processing),
        metadata={"format": f"STOE .raw, {file.text(0, 8)}", **nonempty(entries), **time},
        history=(*history, *counted.history),
    )


def _read_numbers(header: Fields) -> FloatArray:
    """Read the numbers, 16-bit or 32-bit integers."""
    points, form = header.number("h", 34), header.number("h", 38)
    if points < 1 or form not in (0, 1):
        raise FileError(
            header.source,
            f"a range of {points} points in form {form} is impossible; copy or export it again",
        )
    return header.column(_RECORD, points, "<i2" if form else "<i4")


def _read_factor(header: Fields) -> float:
    """Read the factor by which the numbers were multiplied; 0 means none."""
    factor = float(header.number("f", 40))
    if not 0.0 <= factor <= _LARGEST_FACTOR:
        raise FileError(header.source, f"a factor of {factor:g} is impossible; copy or export it again")
    return max(1.0, factor)


def _check_header(header: Fields, stored: FloatArray) -> None:
    """Compare the ends of the scan, and the smallest and largest number, with those in the header."""
    first, last, step = (header.number("f", at) for at in (44, 52, 60))
    if not abs(first + step * (stored.size - 1) - last) < 0.1 * abs(step):
        raise FileError(
            header.source,
            f"its header gives {stored.size} points from {first:g} to {last:g}° in steps of {step:g}°, "
            "which do not agree; copy or export it again",
        )
    smallest, largest = header.number("i", 120), header.number("i", 124)
    if largest and (smallest, largest) != (stored.min(), stored.max()):
        raise FileError(
            header.source,
            f"its numbers go from {stored.min():g} to {stored.max():g} but its header says {smallest} to "
            f"{largest}: it is damaged; copy or export it again",
        )


def _processing(file: Fields, header: Fields) -> dict[int, str]:
    bits = file.number("H", 472) | header.number("H", 118)
    return {bit: text for bit, text in _PROCESSING.items() if bits & (1 << bit)}


def _radiation(file: Fields, stripped: bool) -> Radiation | None:
    """Return the radiation given in the header.

    Raises
    ------
    FileError
        If it gives two lines and no monochromator, so it is unknown whether both reach the sample.
    """
    alpha1, alpha2 = file.number("f", 322), file.number("f", 326)
    if not is_plausible_wavelength(alpha1):
        return None
    monochromator = file.number("h", 308) % 100
    if stripped or alpha2 == 0.0 or monochromator in _KALPHA1_ONLY:
        return Radiation(alpha1)
    if monochromator in _BOTH_LINES and 0.9 < alpha2 / alpha1 < 1.1:
        return Radiation(alpha1, SecondLine(alpha2, ALPHA2_RATIO))
    raise FileError(
        file.source,
        f"its header gives {alpha1:g} and {alpha2:g} Å but not whether both reach the sample: use "
        f"--wavelength {alpha1:g} for the first alone, or a name such as CuKa for both",
    )


FORMATS.register("stoe-raw", Format(NAME, (".raw",), recognises, scans))
