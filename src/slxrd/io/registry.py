"""Read a measured file: recognise its format by content and call the reader of that format."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from slxrd import units
from slxrd._arguments import check_arguments
from slxrd._documents import check_ordinary
from slxrd.data.pattern import FILE_AXES, FileAxis, Pattern
from slxrd.errors import FileError, SlxrdError, unreadable
from slxrd.io import unsupported
from slxrd.io.formats import Format, formats
from slxrd.io.shared.archive import Content
from slxrd.io.shared.column_choice import parse_column_choice
from slxrd.io.shared.scan import Request, select_scan, to_pattern

#: Largest file read, in bytes. A diffractogram of 10⁶ points has some 20 MB.
SIZE_LIMIT = 200_000_000


@check_arguments
def read(
    path: str | os.PathLike[str],
    *,
    axis: FileAxis | None = None,
    wavelength: float | str | None = None,
    trust_axis: bool = False,
    scan: int | None = None,
    columns: str | None = None,
) -> Pattern:
    """Read a diffractogram; its format is recognised by its content.

    Parameters
    ----------
    path : path-like
        A file of PANalytical and Philips (.xrdml, .udf, .rd, .sd, .x00), Bruker and Siemens (.brml, .raw,
        .uxd), Rigaku (.ras, .rasx, .asc, .rig) or STOE (.raw), JCAMP-DX, Excel (.xlsx), or text with two
        columns (axis, intensity) or three (axis, intensity, σ).
    axis : {"q", "2theta", "theta"}, optional
        Quantity on the axis of a text file: q in Å⁻¹, or 2θ or θ in degrees; θ is converted to 2θ. Without it
        the header is used; if the header does not name the quantity, values beyond 4π/λ are 2θ.
    wavelength : float or str, optional
        Å, or a name: ``"CuKa"`` for the doublet, ``"CuKa1"`` for the line. Replaces that in the file.
    trust_axis : bool
        Accept an axis whose range contradicts its name or unit.
    scan : int, optional
        Number of the scan in a file with several, from 1.
    columns : str, optional
        Columns of axis, intensity and, optionally, σ or an attenuation factor in a text file: ``"1,3"``,
        ``"2theta=1,intensity=3,sigma=4"``, ``"2theta=1,intensity=2,attenuation=3"``, or their names in the
        header instead of numbers. Intensities are multiplied by the attenuation factors.

    Returns
    -------
    Pattern
        With increasing axis and finite numbers.

    Raises
    ------
    FileError
        If the file cannot be read, or its content is not a valid pattern.
    SlxrdError
        If ``axis``, ``wavelength`` or ``columns`` is invalid.
    """
    request = _request(path, axis, wavelength, trust_axis, scan, columns)
    pattern = to_pattern(select_scan(_format(request).scans(request), request)(), request)
    digest = hashlib.sha256(request.data).hexdigest()
    return replace(pattern, metadata={**pattern.metadata, "sha256": digest})


@check_arguments
def read_scans(
    path: str | os.PathLike[str],
    *,
    axis: FileAxis | None = None,
    wavelength: float | str | None = None,
    trust_axis: bool = False,
    columns: str | None = None,
) -> list[Pattern | FileError]:
    """Read all scans of a file.

    Parameters
    ----------
    path, axis, wavelength, trust_axis, columns
        As in :func:`read`.

    Returns
    -------
    list of Pattern or FileError
        In the order of the file; for a scan that cannot be read, the error instead of a pattern.

    Raises
    ------
    FileError
        If the file as a whole cannot be read.
    SlxrdError
        If ``axis``, ``wavelength`` or ``columns`` is invalid.
    """
    request = _request(path, axis, wavelength, trust_axis, None, columns)
    found: list[Pattern | FileError] = []
    for load in _format(request).scans(request):
        try:
            found.append(to_pattern(load(), request))
        except FileError as error:
            found.append(error)
    return found


def _request(
    path: str | os.PathLike[str],
    axis: FileAxis | None,
    wavelength: float | str | None,
    trust_axis: bool,
    scan: int | None,
    columns: str | None,
) -> Request:
    if axis is not None and axis not in FILE_AXES:
        raise SlxrdError(f"axis {axis!r} is not one of {', '.join(FILE_AXES)}")
    choice = None if columns is None else parse_column_choice(columns)
    if choice is not None and choice.axis is not None:
        if axis not in (None, choice.axis):
            raise SlxrdError(f"columns {columns!r} and axis {axis!r} differ; leave one of them out")
        axis = choice.axis
    return Request(
        source=os.fspath(path),
        data=Content(_content(path)),
        axis=axis,
        radiation=None if wavelength is None else units.radiation(wavelength),
        trust_axis=trust_axis,
        scan=scan,
        columns=choice,
    )


def _format(request: Request) -> Format:
    known = formats()
    for candidate in known:
        if candidate.recognises(request.data):
            if request.columns is not None and not candidate.columns:
                raise FileError(
                    request.source, f"is {candidate.name}, whose columns are known; leave --columns out"
                )
            return candidate
    kind = unsupported.format_name(request.data) or "a binary file"
    names = " or ".join(candidate.name for candidate in known)
    raise FileError(request.source, f"is {kind}; export it as {names}")


def _content(path: str | os.PathLike[str]) -> bytes:
    check_ordinary(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(min(os.fstat(file.fileno()).st_size, SIZE_LIMIT) + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if not data:
        raise FileError(path, "is empty; choose another file")
    if len(data) > SIZE_LIMIT:
        raise FileError(path, f"is larger than {SIZE_LIMIT // 10**6} MB; cut out the scan you need")
    return data
