"""Micrographs: read from a file, or given as an array."""

from __future__ import annotations

import io
import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slxrd._documents import read_bytes
from slxrd._frozen import Sealed, read_only
from slxrd.errors import FileError, SlxrdError
from slxrd.units import FloatArray

#: Largest file in bytes, and most pixels of a picture.
LARGEST_FILE, MOST_PIXELS = 400_000_000, 64_000_000
#: Least rows and columns.
LEAST = 32


@dataclass(frozen=True, eq=False)
class Micrograph(Sealed):
    """A picture in one grey level a pixel.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        Grey levels.
    source : str
        File, or a description.
    simulated : bool
        Whether the texts in its file state that it was simulated.
    """

    values: FloatArray
    source: str
    simulated: bool = False

    def __post_init__(self) -> None:
        values = self.values
        if values.ndim != 2 or min(values.shape) < LEAST:
            shape = " × ".join(map(str, values.shape)) or "no"
            raise SlxrdError(
                f"{self.source}: expected a picture of at least {LEAST} × {LEAST} pixels, got {shape}"
            )
        if values.size > MOST_PIXELS:
            raise SlxrdError(
                f"{self.source}: {values.size / 1e6:.0f} megapixels, more than {MOST_PIXELS / 1e6:.0f}; "
                "reduce it first"
            )
        if not np.isfinite(values).all():
            raise SlxrdError(f"{self.source}: some pixels are not finite numbers; replace them first")
        read_only(values)


def read_micrograph(path: str | os.PathLike[str]) -> Micrograph:
    """Read a TIFF, PNG, JPEG or BMP file; colours become grey levels.

    Parameters
    ----------
    path : path-like
        The file. Of several pages, the first is taken.

    Raises
    ------
    FileError
        If it cannot be read, or is no picture.
    """
    path = Path(path)
    content = read_bytes(path, LARGEST_FILE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = _tiff if content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") else _picture
            values, texts = read(content)
    except ImportError:
        raise SlxrdError("a TIFF file needs scikit-image: python -m pip install 'slxrd[images]'") from None
    except _TooLargeError:
        raise FileError(path, f"more than {MOST_PIXELS / 1e6:.0f} megapixels; reduce it first") from None
    except MemoryError:
        raise FileError(path, "is larger than the memory; reduce it first") from None
    except Exception:  # decoders raise errors of all kinds for damaged files
        raise FileError(path, "is not a picture that can be read (TIFF, PNG, JPEG, BMP)") from None
    return Micrograph(_grey(values, path), str(path), "simulated" in texts.lower())


class _TooLargeError(Exception):
    """A picture with too many pixels."""


def _tiff(content: bytes) -> tuple[Any, str]:
    import tifffile

    logging.getLogger("tifffile").addHandler(logging.NullHandler())  # not printed
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page: Any = file.pages[0]
        if page.imagewidth * page.imagelength > MOST_PIXELS:
            raise _TooLargeError
        values = page.asarray()
        if page.photometric == tifffile.PHOTOMETRIC.PALETTE:
            values = page.colormap.T[values]
        return values, f"{page.description} {page.software}"


def _picture(content: bytes) -> tuple[Any, str]:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise _TooLargeError
        texts = " ".join(str(value)[:1000] for value in picture.info.values() if isinstance(value, str))
        deep = picture.mode in ("I;16", "I", "F", "L")
        return np.asarray(picture if deep else picture.convert("RGB")), texts


def _grey(values: Any, path: Path) -> FloatArray:
    """Return grey levels: the mean of red, green and blue, without transparency."""
    array = np.asarray(values)
    if array.dtype.kind not in "uif" or array.ndim not in (2, 3):
        raise FileError(path, "is not a picture with one level or three colours a pixel")
    if array.ndim == 3:
        if array.shape[2] not in (1, 2, 3, 4):
            raise FileError(path, f"has {array.shape[2]} channels; save one level or three colours a pixel")
        colours = array.shape[2] - (array.shape[2] in (2, 4))
        array = array[:, :, :colours].mean(axis=2)
    return array.astype(np.float64)
