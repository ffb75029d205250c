"""Find the intensities and their axis in an HDF5 or NeXus file; all uses of h5py for reading."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd._examine_hdf5 import check_returns
from slxrd.errors import FileError, SlxrdError
from slxrd.studies.maps.files.damage import check_stored
from slxrd.units import FloatArray

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: Most datasets that an error lists.
_LISTED = 12
#: Å in an energy of 1 keV.
_KEV = 12.398419843320026


@dataclass(frozen=True, eq=False)
class Found:
    """Datasets of a map.

    Parameters
    ----------
    intensity : h5py.Dataset
        Shape (..., n).
    axis : ndarray, shape (n,)
        In the unit of the file.
    axis_name, axis_unit : str
        Its name and unit, empty where not given.
    wavelength : float or None
        In Å, if the file has one.
    simulated : bool
        Whether the file or the dataset is marked as simulated.
    """

    intensity: Any
    axis: FloatArray
    axis_name: str
    axis_unit: str
    wavelength: float | None
    simulated: bool


def is_hdf5(file: Path) -> bool:
    """Whether a file is HDF5, by its signature."""
    try:
        with file.open("rb") as stream:
            return stream.read(8) == _SIGNATURE
    except OSError:
        return False


def h5py_of(what: str) -> Any:
    """Import h5py.

    Raises
    ------
    SlxrdError
        If it is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise SlxrdError(f"{what} needs h5py: python -m pip install 'slxrd[maps]'") from None
    return h5py


def open_hdf5(file: Path, data: str | None, q: str | None, opened: ExitStack) -> Found:
    """Open an HDF5 file and find its datasets.

    Without names, the signal and axis of a NeXus group NXdata are taken, or the only dataset of at least two
    dimensions with the only axis of one that fits it.

    Parameters
    ----------
    file : Path
        The file.
    data, q : str, optional
        Paths of the datasets in it.
    opened : contextlib.ExitStack
        Closes the file in the end.

    Raises
    ------
    FileError
        If it cannot be read, a dataset is missing, or several may be meant.
    """
    h5py = h5py_of(f"{file}: an HDF5 file")
    check_returns(file)
    try:
        root = opened.enter_context(h5py.File(file, "r"))
    except OSError as error:
        raise FileError(file, f"cannot be read as HDF5 ({error}); was it copied whole?") from None
    datasets: dict[str, Any] = {}
    root.visititems(
        lambda name, item: datasets.__setitem__(f"/{name}", item) if _numeric(h5py, item) else None
    )
    intensity = _dataset(h5py, file, root, data, datasets) if data is not None else None
    if intensity is None:
        intensity = _signal(h5py, file, root, datasets)
    axis = _dataset(h5py, file, root, q, datasets) if q is not None else _axis(file, intensity, datasets)
    if axis.ndim != 1 or axis.shape[0] != intensity.shape[-1]:
        raise FileError(
            file, f"{axis.name} of shape {axis.shape} is not the axis of {intensity.name} of shape "
            f"{intensity.shape}, whose last dimension it must be; {_listed(datasets)}"
        )  # fmt: skip
    return Found(
        intensity, stored_values(file, axis).astype(np.float64), axis.name.rsplit("/", 1)[-1],
        _text(axis.attrs.get("units", axis.attrs.get("unit", ""))), _wavelength(datasets),
        bool(intensity.attrs.get("simulated", root.attrs.get("simulated", False))),
    )  # fmt: skip


def stored_values(file: str | Path, dataset: Any) -> NDArray[Any]:
    """Read a whole dataset, unless it is far larger than what is stored of it.

    Parameters
    ----------
    file : path-like
        Its file, for messages.
    dataset : h5py.Dataset
        An axis, or an array of a result.

    Raises
    ------
    FileError
        If it would take memory that no file of this size needs.
    """
    check_stored(file, dataset.name, dataset.nbytes, dataset.id.get_storage_size())
    return np.asarray(dataset[...])


def _numeric(h5py: Any, item: Any) -> bool:
    return isinstance(item, h5py.Dataset) and item.dtype.kind in "uif" and item.ndim > 0


def _dataset(h5py: Any, file: Path, root: Any, name: str, datasets: dict[str, Any]) -> Any:
    item = root.get(name)
    if item is None:
        raise FileError(file, f"contains no dataset {name}; {_listed(datasets)}")
    if isinstance(item, h5py.Group):
        signal = _text(item.attrs.get("signal", ""))
        if signal in item:
            return item[signal]
        raise FileError(file, f"{name} is a group, not a dataset; {_listed(datasets)}")
    if not _numeric(h5py, item):
        raise FileError(file, f"{name} contains no array of numbers; {_listed(datasets)}")
    return item


def _signal(h5py: Any, file: Path, root: Any, datasets: dict[str, Any]) -> Any:
    """Signal of the default NXdata group, else the only dataset with a second dimension."""
    group = root
    for _ in range(4):
        following = _text(group.attrs.get("default", ""))
        if following and following in group and isinstance(group[following], h5py.Group):
            group = group[following]
    signal = _text(group.attrs.get("signal", ""))
    if signal in datasets or (signal and signal in group):
        return group[signal]
    many = {name: item for name, item in datasets.items() if item.ndim >= 2 and item.shape[-1] > 1}
    if len(many) == 1:
        return next(iter(many.values()))
    if not many:
        raise FileError(
            file, f"contains no stack of patterns: at least two dimensions are needed; {_listed(datasets)}"
        )
    raise FileError(
        file, f"contains several datasets that may be meant: {_shapes(many)}; name one, as in "
        f"{file}::{next(iter(many))} or with --data"
    )  # fmt: skip


def _axis(file: Path, intensity: Any, datasets: dict[str, Any]) -> Any:
    """Axis that the group of the intensities names, else the only one that fits."""
    group = intensity.parent
    names = group.attrs.get("axes", ())
    names = [names] if isinstance(names, str | bytes) else list(names)
    if names and _text(names[-1]) in group:
        return group[_text(names[-1])]
    fitting = {
        name: item
        for name, item in datasets.items()
        if item.ndim == 1 and item.shape[0] == intensity.shape[-1]
    }
    beside = {name: item for name, item in fitting.items() if item.parent == group}
    for found in (beside, fitting):
        if len(found) == 1:
            return next(iter(found.values()))
    what = f"several axes of {intensity.shape[-1]} points: {_shapes(fitting)}" if fitting else (
        f"no axis of {intensity.shape[-1]} points for {intensity.name}"
    )  # fmt: skip
    raise FileError(file, f"contains {what}; name one (--q PATH, or --q FILE); {_listed(datasets)}")


def _wavelength(datasets: dict[str, Any]) -> float | None:
    """Wavelength in Å, where a dataset of one value gives it."""
    for name, item in datasets.items():
        last = name.rsplit("/", 1)[-1].lower()
        if item.size == 1 and last in ("wavelength", "incident_wavelength"):
            value = float(np.asarray(item).ravel()[0])
            unit = _text(item.attrs.get("units", "angstrom")).lower()
            return value * {"nm": 10.0, "m": 1e10, "pm": 0.01}.get(unit, 1.0)
    return None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _shapes(datasets: dict[str, Any]) -> str:
    listed = [f"{name} {item.shape}" for name, item in list(datasets.items())[:_LISTED]]
    more = len(datasets) - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more > 0 else "")


def _listed(datasets: dict[str, Any]) -> str:
    return f"it contains {_shapes(datasets)}" if datasets else "it contains no array of numbers"
