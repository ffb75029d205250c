"""Rows of pictures and of what describes them: detector images, masks, micrographs and geometries."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import simulated_micrographs as micrographs
import simulated_spots as spots

import slxrd
from audit.documents import read_or_refused_document
from audit.hdf5 import examined_by_one_process
from audit.mutations import mutated_bytes
from audit.rows import Attempt, Row, Wrong

SHAPE = (60, 80)
PONI = """# Detector calibration file
poni_version: 2
Detector: Detector
Detector_config: {"pixel1": 0.000172, "pixel2": 0.000172, "max_shape": [60, 80]}
Distance: 0.2
Poni1: 0.017
Poni2: 0.017
Rot1: 0.0
Rot2: 0.0
Rot3: 0.0
Wavelength: 1e-10
"""


def _counts() -> np.ndarray:
    return np.random.default_rng(1).poisson(20.0, SHAPE).astype(np.int32)


def _edf(path: Path) -> None:
    spots.write_edf(path, slxrd.DetectorImage(_counts().astype(float)))


def _cbf(path: Path) -> None:
    from fabio.cbfimage import CbfImage

    CbfImage(data=_counts(), header={"Detector_distance": "0.2 m", "Wavelength": "1.0 A"}).write(str(path))


def _tiff(path: Path) -> None:
    import tifffile

    tifffile.imwrite(path, _counts().astype(np.uint16), description="simulated")


def _nexus(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        data = file.create_dataset("entry/instrument/detector/data", data=_counts()[np.newaxis])
        data.parent.attrs["NX_class"] = "NXdetector"
        distance = file.create_dataset("entry/instrument/detector/distance", data=0.2)
        distance.attrs["units"] = "m"


def _mask(path: Path) -> None:
    np.save(path, _counts() > 30)


def _png(path: Path) -> None:
    micrographs.write_png(path, 3.0 * _counts())


def _poni(path: Path) -> None:
    path.write_text(PONI, encoding="ascii")


def _image(path: Path) -> None:
    name = f"{path}::/entry/instrument/detector/data" if path.suffix == ".h5" else path
    image = slxrd.read_image(name)
    if not np.isfinite(image.counts[~image.mask]).all():
        raise Wrong("counts that are not finite")


def _geometry(path: Path) -> None:
    from slxrd.detector.geometry import Geometry

    Geometry.from_poni(path)


def _micrograph(path: Path) -> None:
    from slxrd.studies.images.outlines.micrograph import read_micrograph

    read_micrograph(path)


#: For each row the name of the file, what writes a valid one, and what reads it.
FILES: dict[str, tuple[str, Callable[[Path], None], Callable[[Path], object]]] = {
    "EDF": ("image.edf", _edf, _image),
    "CBF": ("image.cbf", _cbf, _image),
    "TIFF": ("image.tif", _tiff, _image),
    "NeXus": ("image.h5", _nexus, _image),
    "mask": ("mask.npy", _mask, slxrd.read_mask),
    "geometry": ("image.poni", _poni, _geometry),
    "micrograph TIFF": ("picture.tif", _tiff, _micrograph),
    "micrograph PNG": ("picture.png", _png, _micrograph),
}


def rows() -> list[Row]:
    """One row for each kind of file."""
    return [_row(name) for name in FILES]


def _row(name: str) -> Row:
    file, write, read = FILES[name]

    def prepare(folder: Path) -> Attempt:
        path = folder / file
        write(path)
        valid = path.read_bytes()
        read(path)

        def attempt(number: int, chance: random.Random) -> None:
            path.write_bytes(mutated_bytes(valid, chance))
            with warnings.catch_warnings(), examined_by_one_process():
                warnings.simplefilter("ignore")
                read_or_refused_document(path, read)

        return attempt

    return Row("reader", f"image {name}", prepare)
