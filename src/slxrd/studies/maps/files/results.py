"""The result of a map as an HDF5 file: written beside and renamed, and read again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._examine_hdf5 import check_returns
from slxrd._version import __version__
from slxrd.errors import FileError
from slxrd.parameters.definitions import info
from slxrd.studies.maps.check import Check
from slxrd.studies.maps.files.damage import damage_named
from slxrd.studies.maps.files.hdf5 import h5py_of, is_hdf5, stored_values
from slxrd.studies.maps.result import GRADES, KINDS, STATUSES, MapFit

_KIND, _SCHEMA = "slxrd map", 1
#: Arrays of :class:`MapFit` under /patterns, with what they are.
_ARRAYS = {
    "best": "best solution, whether or not it is a result",
    "errors": "standard deviations",
    "status": "status of each parameter: index in " + ", ".join(STATUSES),
    "grade": "index in " + ", ".join(GRADES),
    "kind": "index in " + ", ".join(KINDS),
    "chi2": "χ² against the noise of the pattern",
    "reduced_chi2": "reduced χ²",
    "widening": "factor of the errors, which contain it",
    "solutions": "solutions that were kept, the best first",
    "rises": "Δχ² of these solutions",
    "competing": "number of solutions that compete with the best",
    "doubtful": "a full search found something else here or nearby",
}


def write_map(path: Path, found: MapFit, command: str = "", options: Mapping[str, Any] | None = None) -> None:
    """Write a map: /maps has a dataset for each parameter and its error, /patterns all that is known.

    Parameters
    ----------
    path : Path
        The file; it is written beside and renamed when complete.
    found : MapFit
        The map.
    command : str
        Command line that made it.
    options : mapping, optional
        Options of the fit, as text.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    h5py = h5py_of("the result of a map")
    beside = path.with_name(f".slxrd-{os.getpid()}.h5")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(beside, "w") as file:
            # Bytes of names that are not UTF-8 are written by their codes.
            attributes = {
                "kind": _KIND, "schema": _SCHEMA, "slxrd": __version__, "source": found.source,
                "simulated": found.simulated, "noise": found.noise, "command": command,
                "names": list(found.names), "free": list(found.free), "notes": json.dumps(found.notes),
                "check": json.dumps(found.check.as_dictionary()), "common": json.dumps(dict(found.common)),
                "summary": str(found), "options": repr(dict(options or {})), "shape": list(found.shape),
            }  # fmt: skip
            for name, value in attributes.items():
                file.attrs[name] = (
                    value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
                )
            maps = file.create_group("maps")
            for name in found.free:
                for label, values in ((name, found.value(name)), (f"{name}_error", found.error(name))):
                    maps.create_dataset(label, data=values, **_packed(values)).attrs["units"] = info(
                        name
                    ).unit
            patterns = file.create_group("patterns")
            for name, text in _ARRAYS.items():
                values = np.asarray(getattr(found, name))
                patterns.create_dataset(name, data=values, **_packed(values)).attrs["description"] = text
        beside.replace(path)
    except OSError as error:
        raise FileError(path, f"cannot be written ({error})") from None
    finally:
        beside.unlink(missing_ok=True)


def _packed(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {"compression": "gzip", "compression_opts": 1} if values.size > 1024 else {}


@check_arguments
def read_map(path: str | Path) -> MapFit:
    """Read a map that ``slxrd map`` wrote.

    Parameters
    ----------
    path : path-like
        The HDF5 file.

    Raises
    ------
    FileError
        If it is no such file.
    """
    h5py = h5py_of(f"{path}: the result of a map")
    with damage_named(path, "the result of slxrd map"), _opened(h5py, Path(path)) as file:
        if file.attrs.get("kind") != _KIND:
            raise FileError(path, "is not the result of slxrd map")
        if int(file.attrs["schema"]) > _SCHEMA:
            raise FileError(path, f"was written by a newer version, {file.attrs['slxrd']}; install that one")
        arrays = {name: stored_values(path, file["patterns"][name]) for name in _ARRAYS}
        at = file.attrs
        return MapFit(
            source=str(at["source"]), shape=tuple(int(n) for n in at["shape"]),
            names=tuple(map(str, at["names"])), free=tuple(map(str, at["free"])),
            check=Check.from_dictionary(json.loads(at["check"])), common=json.loads(at["common"]),
            noise=str(at["noise"]), notes=tuple(json.loads(at["notes"])), simulated=bool(at["simulated"]),
            **arrays,
        )  # fmt: skip


def _opened(h5py: Any, path: Path) -> Any:
    check_returns(path)
    return h5py.File(path, "r")


def is_map(path: Path) -> bool:
    """Whether a file is the result of ``slxrd map``."""
    if not is_hdf5(path):
        return False
    try:
        with _opened(h5py_of(f"{path}: an HDF5 file"), path) as file:
            return bool(file.attrs.get("kind") == _KIND)
    except (OSError, FileError):  # damaged: what reads it as patterns refuses it
        return False
