"""Geometry from the headers of image files, where the unit of a value is certain."""

from __future__ import annotations

import re
from collections.abc import Mapping

from slxrd.detector.nexus import PREFIX

_NUMBER = r"([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)"
#: Lengths in mm, and in Å for wavelengths.
_TO_MM = {"m": 1e3, "cm": 10.0, "mm": 1.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3}
_TO_ANGSTROM = {"a": 1.0, "å": 1.0, "angstrom": 1.0, "angstroms": 1.0, "nm": 10.0, "m": 1e10}
_PIXELS = ("pixel", "pixels", "px")
#: Entry of a Dectris header (in CBF and TIFF), which names the units.
_DECTRIS = {
    "distance": rf"Detector_distance\s*=?\s*{_NUMBER}\s*(m|mm)\b",
    "wavelength": rf"Wavelength\s*=?\s*{_NUMBER}\s*(A|nm)\b",
    "centre": rf"Beam_xy\s*\(?\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)?\s*pixels",
    "pixel": rf"Pixel_size\s*{_NUMBER}\s*(m|mm|um)\s*x\s*{_NUMBER}\s*(m|mm|um)\b",
}
#: Entries of the SAXS programs of the ESRF, in metres also where no unit is written, with the factors to the
#: units of a geometry.
_ESRF = {
    "SampleDistance": ("distance", 1e3), "WaveLength": ("wavelength", 1e10),
    "PSize_1": ("pixel_column", 1e6), "PSize_2": ("pixel_row", 1e6),
    "Center_1": ("centre_column", 1.0), "Center_2": ("centre_row", 1.0),
}  # fmt: skip


def geometry_entries(header: Mapping[str, str]) -> dict[str, float]:
    """Return what a header says about the geometry, in the units of :class:`slxrd.Geometry`.

    Parameters
    ----------
    header : mapping
        Entries of the file's header.

    Returns
    -------
    dict
        Of distance, centre_row, centre_column, pixel_row, pixel_column and wavelength, those that are given
        with a unit, or in a format that fixes it.
    """
    found: dict[str, float] = {}
    for reader in (_dectris, _edf, _nexus, _marccd):
        for name, value in reader(header).items():
            found.setdefault(name, value)
    return found


def header_entries(values: Mapping[str, float]) -> dict[str, str]:
    """Return entries of a header from which :func:`geometry_entries` reads these values.

    Parameters
    ----------
    values : mapping
        Of distance, centre_row, centre_column, pixel_row, pixel_column and wavelength.
    """
    return {key: f"{values[name] / factor:.12g}" for key, (name, factor) in _ESRF.items()}


def _dectris(header: Mapping[str, str]) -> dict[str, float]:
    text = "\n".join(f"{key} {value}" for key, value in header.items())
    found: dict[str, float] = {}
    if match := re.search(_DECTRIS["distance"], text):
        found["distance"] = float(match[1]) * _TO_MM[match[2]]
    if match := re.search(_DECTRIS["wavelength"], text):
        found["wavelength"] = float(match[1]) * _TO_ANGSTROM[match[2].lower()]
    if match := re.search(_DECTRIS["centre"], text):
        found["centre_column"], found["centre_row"] = float(match[1]), float(match[2])
    if match := re.search(_DECTRIS["pixel"], text):  # x, the columns, comes first
        found["pixel_column"] = float(match[1]) * _TO_MM[match[2]] * 1e3
        found["pixel_row"] = float(match[3]) * _TO_MM[match[4]] * 1e3
    return found


def _edf(header: Mapping[str, str]) -> dict[str, float]:
    if not {"SampleDistance", "PSize_1", "PSize_2"} <= set(header):
        return {}
    found: dict[str, float] = {}
    for key, (name, factor) in _ESRF.items():
        if match := re.fullmatch(rf"\s*{_NUMBER}\s*(?:_?m|pixels?)?\s*", header.get(key, "")):
            found[name] = float(match[1]) * factor
    return found


def _nexus(header: Mapping[str, str]) -> dict[str, float]:
    """Entries that :func:`slxrd.detector.nexus.nexus_header` found, each with its unit."""
    found: dict[str, float] = {}
    for name, key, factor in (
        ("distance", "distance", 1.0), ("pixel_column", "x_pixel_size", 1e3),
        ("pixel_row", "y_pixel_size", 1e3),
    ):  # fmt: skip
        value, unit = _with_unit(header, key)
        if unit.lower() in _TO_MM:
            found[name] = value * _TO_MM[unit.lower()] * factor
    value, unit = _with_unit(header, "wavelength")
    if unit.lower() in _TO_ANGSTROM:
        found["wavelength"] = value * _TO_ANGSTROM[unit.lower()]
    for name, key, pixel in (
        ("centre_column", "beam_center_x", "pixel_column"), ("centre_row", "beam_center_y", "pixel_row"),
    ):  # fmt: skip
        value, unit = _with_unit(header, key)
        if unit.lower() in _PIXELS:
            found[name] = value
        elif unit.lower() in _TO_MM and pixel in found:
            found[name] = value * _TO_MM[unit.lower()] * 1e3 / found[pixel]
    return found


def _with_unit(header: Mapping[str, str], key: str) -> tuple[float, str]:
    match = re.fullmatch(rf"{_NUMBER} (\S+)", header.get(PREFIX + key, ""))
    return (float(match[1]), match[2]) if match else (0.0, "")


def _marccd(header: Mapping[str, str]) -> dict[str, float]:
    """Entries of MarCCD files, whose units the format fixes; 0 where nothing was recorded."""
    keys = {
        "xtal_to_detector": ("distance", 1e-3), "pixelsize_x": ("pixel_column", 1e-3),
        "pixelsize_y": ("pixel_row", 1e-3), "beam_x": ("centre_column", 1e-3), "beam_y": ("centre_row", 1e-3),
        "source_wavelength": ("wavelength", 1e-5),
    }  # fmt: skip
    if not set(keys) <= set(header):
        return {}
    found: dict[str, float] = {}
    for key, (name, factor) in keys.items():
        if (match := re.fullmatch(r"\d+", header[key])) and int(match[0]) > 0:
            found[name] = int(match[0]) * factor
    return found
