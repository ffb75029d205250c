"""Read and write a measured resolution as TOML: parameters, errors and origin."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slxrd
from slxrd._arguments import check_arguments
from slxrd._documents import read_toml
from slxrd._files import check_writable, write
from slxrd.errors import FileError, SlxrdError
from slxrd.instrument.broadening import Broadening, ResolutionShape, resolution_from_table

if TYPE_CHECKING:
    from slxrd.instrument.calibration.measure import Resolution

#: Version of the file format.
SCHEMA = 1
KIND = "resolution"
#: Largest width in square degrees, and wavelength in Å.
LARGEST = 1e6
_LINE = ("U", "V", "W", "lorentzian", "wavelength")


def resolution_dictionary(
    measured: Resolution, *, sha256: str = "", command: str = "", date: str = ""
) -> dict[str, Any]:
    """Convert a measured resolution to a dictionary for TOML and JSON.

    Parameters
    ----------
    measured : Resolution
        The result.
    sha256 : str
        Digest of the measured file.
    command : str
        The command line.
    date : str
        Date and time; by default now.

    Returns
    -------
    dict
        ``kind``, ``schema``, ``slxrd`` (version), ``date``, ``line`` (U, V, W in square degrees of 2θ,
        Lorentzian fraction, wavelength in Å), ``errors``, ``shift`` (zero error in degrees, s/R),
        ``measured`` (reflections: q and σ_G in Å⁻¹, 2θ and FWHM in degrees), ``source`` and ``notes``.
        Quantities that are not determined are left out.
    """
    b, lines = measured.broadening, measured.lines
    shift = {
        "zero": measured.zero,
        "zero_error": measured.zero_error,
        "displacement": measured.displacement,
        "displacement_error": measured.displacement_error,
    }
    second = measured.pattern.second_line
    source = {
        "file": measured.pattern.source,
        "sha256": sha256,
        "standard": measured.standard.name,
        "lattice": measured.standard.lattice,
        "a": measured.standard.a,
        "c": measured.standard.c,
        "lattice_parameters_from": measured.standard.source,
        "second_line": None if second is None else list(second),
        "command": command,
    }
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "slxrd": slxrd.__version__,
        "date": date or datetime.now(UTC).isoformat(timespec="seconds"),
        "notes": list(measured.notes),
        "line": {name: getattr(b, name) for name in _LINE},
        "errors": {**_known(measured.errors), "covariance_of_U_V_W": measured.covariance.tolist()},
        "shift": _known(shift),
        "measured": {
            "q_min": measured.q_range[0],
            "q_max": measured.q_range[1],
            **({"reduced_chi2": measured.reduced_chi2} if math.isfinite(measured.reduced_chi2) else {}),
            "n_points": measured.n_points,
            "hkl": [line.reflection.hkl for line in lines],
            "q": [line.reflection.q for line in lines],
            "two_theta": [line.two_theta for line in lines],
            "fwhm": [line.fwhm for line in lines],
            "fwhm_error": [line.fwhm_error for line in lines],
            "sigma_G": [line.sigma_G for line in lines],
            "sigma_G_error": [line.sigma_G_error for line in lines],
        },
        "source": {key: value for key, value in source.items() if value not in (None, "")},
    }


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def resolution_toml(measured: Resolution, *, sha256: str = "", command: str = "", date: str = "") -> str:
    """Return :func:`resolution_dictionary` as TOML text.

    Parameters
    ----------
    measured, sha256, command, date
        As in :func:`resolution_dictionary`.
    """
    content = resolution_dictionary(measured, sha256=sha256, command=command, date=date)
    rows = [
        "# The resolution of a diffractometer, measured from a standard: slxrd fit --resolution THIS_FILE"
    ]
    rows += [f"{key} = {_value(value)}" for key, value in content.items() if not isinstance(value, dict)]
    for name, table in content.items():
        if isinstance(table, dict):
            rows += ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join(rows) + "\n"


def _value(value: Any) -> str:
    """Format a value for TOML: finite numbers as in Python, strings as in JSON with DEL escaped."""
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode()
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return repr(value)


@check_arguments
def write_resolution(
    path: str | Path, measured: Resolution, *, sha256: str = "", command: str = "", force: bool = False
) -> None:
    """Write a measured resolution, for :func:`read_resolution` and ``slxrd fit --resolution``.

    Parameters
    ----------
    path : path-like
        File to write.
    measured : Resolution
        From :func:`slxrd.instrument.calibration.measure.measure_resolution`.
    sha256 : str
        Digest of the measured file.
    command : str
        The command line.
    force : bool
        Overwrite an existing file.

    Raises
    ------
    FileError
        If the file exists or cannot be written.
    """
    check_writable([Path(path)], force)
    write(Path(path), resolution_toml(measured, sha256=sha256, command=command))


@check_arguments
def read_resolution(path: str | Path) -> ResolutionShape:
    """Read a resolution from a file of ``slxrd resolution``, or one with a shape of an installed package.

    Parameters
    ----------
    path : path-like
        A file written by :func:`slxrd.instrument.calibration.file.write_resolution`, or one in which the
        table ``[line]`` holds ``shape``, the name of a resolution shape, and its numbers.

    Returns
    -------
    ResolutionShape
        The argument ``resolution`` of :func:`slxrd.fit`.

    Raises
    ------
    FileError
        If the file cannot be read, is not of this kind, or a number is missing or invalid.
    """
    content = read_toml(path, "give a file that slxrd resolution wrote", numbers=False)
    if content.get("kind") != KIND:
        raise FileError(path, f'has no kind = "{KIND}": it was not written by slxrd resolution')
    schema = content.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise FileError(path, f"schema = {schema!r}: must be a whole number")
    if schema > SCHEMA:
        raise FileError(path, f"schema = {schema}: a later slxrd wrote it; this one knows {SCHEMA}")
    line = content.get("line")
    if not isinstance(line, dict):
        raise FileError(path, "has no table [line]")
    if "shape" in line:
        try:
            return resolution_from_table(line)
        except SlxrdError as error:
            raise FileError(path, f"[line] {str(error).removeprefix('resolution: ')}") from None
    values = {}
    for name in _LINE:
        if name not in line:
            raise FileError(path, f"[line] has no {name}")
        value = line[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST:
            raise FileError(path, f"[line] {name} = {value!r}: must be a number, of at most {LARGEST:g}")
        values[name] = float(value)
    try:
        return Broadening(**values)
    except SlxrdError as error:
        raise FileError(path, f"[line] {str(error).removeprefix('resolution: ')}") from None
