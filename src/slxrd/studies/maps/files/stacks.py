"""Read stacks of patterns: .npy, .npz, HDF5 and NeXus files, and folders or lists of single patterns."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd._documents import check_ordinary, read_text
from slxrd.data.pattern import Axis, Pattern
from slxrd.errors import FileError, SlxrdError, unreadable
from slxrd.studies.maps.files.damage import RAISED, damage_named
from slxrd.studies.maps.files.hdf5 import is_hdf5, open_hdf5
from slxrd.studies.maps.files.npz import open_arrays
from slxrd.studies.maps.pattern_stack import PatternStack, make_stack
from slxrd.units import FloatArray

#: Names of the axis in files of several arrays, and the quantity that each is.
AXIS_NAMES: dict[str, Axis] = {
    "q": "q", "qx": "q", "q_axis": "q", "radial": "q", "2theta": "2theta", "two_theta": "2theta",
    "twotheta": "2theta", "tth": "2theta", "ttheta": "2theta", "x": "q",
}  # fmt: skip
#: Names of the intensities in files of several arrays.
DATA_NAMES = ("intensity", "intensities", "data", "patterns", "signal", "i")
#: Units of q in Å⁻¹; of 2θ in degrees.
_NM = ("nm^-1", "1/nm", "nm-1", "nm⁻¹", "q_nm^-1")
_RADIANS = ("rad", "radian", "radians", "2th_rad")


@dataclass(frozen=True)
class Choice:
    """Which datasets are read, and how.

    Parameters
    ----------
    data, q : str, optional
        Paths of the intensities and of their axis in an HDF5 file, names in an .npz; ``q`` can be a file.
    axis : {"q", "2theta"}, optional
        Quantity of the axis; default: by its name, else q.
    wavelength : float or str, optional
        For 2θ.
    monochromator, no_lp : float and bool
        Lorentz-polarisation correction of data over 2θ.
    saturation : float, optional
        Intensity from which on the detector is saturated.
    shape : tuple of int, optional
        Shape of the map, if the file contains a list of patterns.
    """

    data: str | None = None
    q: str | None = None
    axis: Axis | None = None
    wavelength: float | str | None = None
    monochromator: float | None = None
    no_lp: bool = False
    saturation: float | None = None
    shape: tuple[int, ...] | None = None


def open_stack(
    paths: Sequence[Path], choice: Choice, opened: ExitStack, load: Callable[[Path], Pattern]
) -> PatternStack:
    """Open the patterns of a map.

    Parameters
    ----------
    paths : sequence of Path
        One .npy, .npz or HDF5 file (``file.h5::/entry/data`` names the dataset), or files and folders of
        single patterns.
    choice : Choice
        Datasets and axis.
    opened : contextlib.ExitStack
        Closes the file in the end.
    load : callable
        Reads one pattern from a file.

    Raises
    ------
    SlxrdError
        If a file cannot be read, or contains several datasets of which none is named.
    """
    if not paths:
        raise SlxrdError(
            "no file to fit; give an HDF5, .npy or .npz file with a stack, or a folder of patterns"
        )
    first, _, inside = str(paths[0]).partition("::")
    file = Path(first)
    if not os.path.exists(file):
        raise FileError(file, "does not exist; check the path")
    if len(paths) == 1 and file.is_file():
        if inside:
            if choice.data is not None:
                raise SlxrdError(f"{paths[0]}: names a dataset, and so does --data; leave one out")
            choice = Choice(**{**vars(choice), "data": inside})
        if is_hdf5(file) or file.suffix.lower() in (".npy", ".npz"):
            with damage_named(file, "a stack of patterns"):
                found = _from_hdf5(file, choice, opened) if is_hdf5(file) else _from_numpy(file, choice)
            return replace(found, raw=partial(_read_rows, file, found.raw))
    return _from_files(paths, choice, load)


def _read_rows(file: Path, raw: Callable[[int, int], NDArray[Any]], first: int, last: int) -> NDArray[Any]:
    with damage_named(file, "a stack of patterns"):
        return raw(first, last)


def _from_hdf5(file: Path, choice: Choice, opened: ExitStack) -> PatternStack:
    found = open_hdf5(file, choice.data, choice.q, opened)
    axis = choice.axis or AXIS_NAMES.get(found.axis_name.lower(), "q")
    places, axis = _in_usual_units(file, found.axis, found.axis_unit, axis, choice.axis)
    wavelength = choice.wavelength if choice.wavelength is not None else found.wavelength
    return _made(
        file,
        places,
        found.intensity,
        axis,
        Choice(**{**vars(choice), "wavelength": wavelength}),
        found.simulated,
    )


def _in_usual_units(
    file: Path, places: FloatArray, unit: str, axis: Axis, given: Axis | None
) -> tuple[FloatArray, Axis]:
    """The axis in Å⁻¹ or degrees, by the unit that the file gives."""
    unit = unit.strip().lower()
    if unit in _NM:
        return places / 10.0, "q"
    if unit in _RADIANS:
        return np.degrees(places), "2theta"
    if unit in ("deg", "degree", "degrees", "2th_deg", "°") and given is None:
        return places, "2theta"
    return places, axis


def _made(
    file: Path, places: FloatArray, intensity: Any, axis: Axis, choice: Choice, simulated: bool
) -> PatternStack:
    if choice.shape is not None:
        own = tuple(intensity.shape[:-1])
        if math.prod(own) != math.prod(choice.shape):
            raise SlxrdError(
                f"--shape {'x'.join(map(str, choice.shape))}: {file} has {math.prod(own)} patterns"
            )
    stack = make_stack(
        places, intensity, axis=axis, wavelength=choice.wavelength, monochromator=choice.monochromator,
        no_lp=choice.no_lp, saturation=choice.saturation, source=str(file), simulated=simulated,
    )  # fmt: skip
    return stack if choice.shape is None else stack.reshaped(choice.shape)


def _from_numpy(file: Path, choice: Choice) -> PatternStack:
    try:
        if file.suffix.lower() == ".npz":
            return _from_npz(file, choice)
        found = np.load(file, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise unreadable(file, error) from None
    except SlxrdError:
        raise
    except (ValueError, EOFError) as error:
        raise FileError(file, f"cannot be read as arrays of numbers ({error})") from None
    if choice.q is None:
        raise FileError(file, "contains intensities only; give their axis too (--q FILE.npy, or a text file)")
    axis = choice.axis or AXIS_NAMES.get(Path(choice.q).stem.lower(), "q")
    return _made(file, _axis_of_file(choice.q), found, axis, choice, False)


def _from_npz(file: Path, choice: Choice) -> PatternStack:
    with open_arrays(file) as found:
        listed = ", ".join(f"{name} {shape}" for name, shape in found.shapes.items())
        data = _named(file, choice.data, DATA_NAMES, found.shapes, "--data", listed)
        if choice.q is not None and choice.q not in found.shapes:
            places, axis_name = _axis_of_file(choice.q), Path(choice.q).stem
        else:
            axis_name = _named(file, choice.q, tuple(AXIS_NAMES), found.shapes, "--q", listed)
            places = np.asarray(found.read(axis_name), dtype=np.float64)
        axis = choice.axis or AXIS_NAMES.get(axis_name.lower(), "q")
        simulated = "simulated" in found.shapes and bool(np.all(found.read("simulated")))
        return _made(file, places, found.read(data), axis, choice, simulated)


def _named(
    file: Path, given: str | None, usual: tuple[str, ...], shapes: Mapping[str, Any], option: str, listed: str
) -> str:
    if given is not None:
        if given not in shapes:
            raise FileError(file, f"contains no array {given!r}; it contains {listed}")
        return given
    found = [name for name in shapes if name.lower() in usual]
    if len(found) != 1:
        what = "several arrays that may be meant" if found else "no array of the usual name"
        raise FileError(file, f"contains {what}: {listed}; name one ({option} NAME)")
    return found[0]


def _axis_of_file(name: str) -> FloatArray:
    """Read an axis from an .npy or a text file of one column, or the first of several."""
    file = Path(name)
    check_ordinary(file)
    try:
        if file.suffix.lower() == ".npy":
            return np.array(np.load(file, mmap_mode="r", allow_pickle=False), dtype=np.float64)
        rows = [line for line in read_text(file).split("\n") if line.partition("#")[0].strip()]
        if not rows:
            raise FileError(file, "is not an axis: it has no numbers; give a column of numbers, or an .npy")
        return np.asarray(np.loadtxt(rows, ndmin=2)[:, 0], dtype=np.float64)
    except SlxrdError:
        raise
    except OSError as error:
        raise unreadable(file, error) from None
    except RAISED as error:
        raise FileError(
            file, f"is not an axis: a column of numbers, or an .npy, is needed ({error})"
        ) from None


def _from_files(paths: Sequence[Path], choice: Choice, load: Callable[[Path], Pattern]) -> PatternStack:
    """Read single patterns, in the order of their names, and put them on the axis of the first."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(
                each for each in path.iterdir() if each.is_file() and not each.name.startswith(".")
            )
        else:
            files.append(path)
    if len(files) < 2:
        raise SlxrdError(f"{paths[0]}: a map needs several patterns; slxrd fit is for one")
    first = load(files[0]).to_q()
    rows = np.full((len(files), first.x.size), np.nan)
    for row, file in zip(rows, files, strict=True):
        pattern = load(file).to_q()
        if pattern.x.shape != first.x.shape or not np.allclose(pattern.x, first.x, rtol=0.0, atol=1e-6):
            raise FileError(
                file,
                f"has another axis than {files[0]}; a map needs the same q in all patterns (slxrd series)",
            )
        row[:] = pattern.intensity
    simulated = "simulated" in first.metadata
    stack = make_stack(
        first.x, rows, saturation=choice.saturation, source=str(paths[0]), simulated=simulated,
        wavelength=first.wavelength,
    )  # fmt: skip
    if stack.per_count is None and first.per_count is not None:
        stack = stack.counted(first.per_count)
    return stack if choice.shape is None else stack.reshaped(choice.shape)
