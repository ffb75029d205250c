"""Geometry in NeXus files, as entries of a header with their units; all uses of h5py for detector images."""

from __future__ import annotations

from typing import Any

#: Entries of a NXdetector, and of a NXbeam or NXmonochromator, by the names that a header gets.
_DETECTOR = {
    "distance": ("distance", "detector_distance"),
    "x_pixel_size": ("x_pixel_size",),
    "y_pixel_size": ("y_pixel_size",),
    "beam_center_x": ("beam_center_x",),
    "beam_center_y": ("beam_center_y",),
}
_BEAM = {"wavelength": ("incident_wavelength", "wavelength")}
#: Classes of groups that contain the wavelength.
_KINDS = ("NXbeam", "NXmonochromator")
#: What the names of entries begin with.
PREFIX = "NeXus "


def nexus_header(file: str) -> dict[str, str]:
    """Return distance, pixels, centre and wavelength of a NeXus file with their units, ``"0.25 m"``.

    Values without a unit, or of several detectors that differ, are left out.

    Parameters
    ----------
    file : str
        An HDF5 file.
    """
    import h5py

    found: dict[str, set[str]] = {}
    with h5py.File(file, "r") as root:
        for kind, group in _groups(root):
            wanted = _DETECTOR if kind == "NXdetector" else _BEAM if kind in _KINDS else {}
            for name, keys in wanted.items():
                texts = [text for key in keys if (text := _text(group, key))]
                if texts:
                    found.setdefault(name, set()).add(texts[0])
    return {PREFIX + name: texts.pop() for name, texts in found.items() if len(texts) == 1}


def _groups(root: Any) -> list[tuple[str, Any]]:
    """Groups of a file with their NeXus classes; links out of the file are not followed."""
    found: list[tuple[str, Any]] = []

    def visit(_name: str, item: Any) -> None:
        kind = _plain(item.attrs.get("NX_class", ""))
        if kind:
            found.append((kind, item))

    root.visititems(visit)
    return found


def _text(group: Any, key: str) -> str:
    """Write a number with its unit; empty if it is none, or has no unit."""
    try:
        item = group.get(key)
        if item.size != 1:
            return ""
        unit = _plain(item.attrs.get("units", ""))
        number = float(item[()].reshape(-1)[0]) if item.shape else float(item[()])
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return ""
    return f"{number!r} {unit}" if unit else ""


def _plain(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
