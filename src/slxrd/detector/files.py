"""Read detector images and masks by fabio; all uses of fabio."""

from __future__ import annotations

import bz2
import gzip
import logging
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments
from slxrd._documents import check_ordinary
from slxrd._examine_hdf5 import check_returns
from slxrd.detector.image import DetectorImage
from slxrd.detector.nexus import nexus_header
from slxrd.errors import FileError, SlxrdError, unreadable

#: A number of a frame from 1, or all frames added.
Frame = int | Literal["sum"]
#: Suffixes by which images are found in a folder.
SUFFIXES = (
    ".tif", ".tiff", ".edf", ".cbf", ".h5", ".hdf5", ".nxs", ".gfrm", ".mccd", ".mar3450", ".img", ".sfrm",
)  # fmt: skip
#: Most pixels of an image, and longest entry of a header that is kept.
_MOST_PIXELS, _LONGEST = 64_000_000, 10_000
#: How TIFF files begin, and most frames of one whose rows are looked for.
_TIFF, _MOST_FRAMES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), 1000
#: Bytes of the header of MarCCD files, which are TIFF files.
_MAR_START, _MAR_END = 1024, 4096
#: What precedes the last header and the counts of a CBF file, and most bytes of such a file.
_CBF_SECTION, _CBF_COUNTS = b"--CIF-BINARY-FORMAT-SECTION--", b"\x0c\x1a\x04\xd5"
_LARGEST_CBF = 4 * _MOST_PIXELS
#: How files that are packed as a whole begin, and what opens them.
_PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}


@check_arguments
def read_image(
    path: str | os.PathLike[str], *, frame: Frame | None = None, photon: float = 1.0
) -> DetectorImage:
    """Read a detector image.

    Parameters
    ----------
    path : path-like
        A file of a format that fabio reads: TIFF, EDF, CBF, HDF5 and NeXus (``FILE::/path/of/dataset``, where
        the file is not of an Eiger), Bruker .gfrm, MarCCD and others.
    frame : int or "sum", optional
        Which frame of a file with several, from 1; ``"sum"`` adds them.
    photon : float
        Value of one detected photon: 1 for counts; of a detector with a gain, its gain.

    Returns
    -------
    DetectorImage
        Nothing is left out yet but values that are not finite; see :func:`mask_pixels`.

    Raises
    ------
    FileError
        If the file cannot be read, is no image, or has several frames of which none is chosen.
    SlxrdError
        If fabio is not installed.
    """
    name = os.fspath(path)
    opened = _opened(name)
    try:
        count = int(opened.nframes)
        chosen = _chosen(name, frame, count)
        counts, bad = _frame(name, opened, chosen[0])
        for number in chosen[1:]:
            more, more_bad = _frame(name, opened, number)
            counts, bad = counts + more, bad | more_bad
        header = {str(key): str(value)[:_LONGEST] for key, value in opened.header.items()}
        header.update(_read(name, lambda: _further_header(name.split("::")[0])))
    finally:
        opened.close()
    simulated = [f"simulated: {value}" for key, value in header.items() if key.lower() == "simulated"]
    history = [*simulated, f"read from {name}"]
    if count > 1:
        history.append(f"sum of {count} frames" if frame == "sum" else f"frame {frame} of {count}")
    if photon != 1.0:
        history.append(f"value of one photon {photon:g}")
    image = DetectorImage(counts, name=name, header=header, history=tuple(history), photon=photon)
    return image.masked(bad, "pixels that are negative in a frame") if bad.any() and count > 1 else image


@check_arguments
def read_mask(path: str | os.PathLike[str]) -> NDArray[np.bool_]:
    """Read a mask: an image file whose pixels are left out where it is not 0, as pyFAI writes it.

    Parameters
    ----------
    path : path-like
        The file, of any format that fabio reads, .npy among them.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
        True for pixels that are left out.

    Raises
    ------
    FileError
        If the file cannot be read.
    """
    name = os.fspath(path)
    opened = _opened(name)
    try:
        return np.asarray(_data(name, opened) != 0)
    finally:
        opened.close()


def images_in(folder: Path) -> list[Path]:
    """Return the images in a folder by their suffixes, in the order of their names.

    Raises
    ------
    FileError
        If there is none.
    """
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise FileError(folder, f"contains no image ({', '.join(SUFFIXES)}); name the files")
    return found


def _opened(name: str) -> Any:
    """Open a file by fabio, which raises whatever its parsers raise."""
    try:
        import fabio
    except ImportError:
        raise SlxrdError(
            "detector images need pyFAI and fabio: python -m pip install 'slxrd[images]'"
        ) from None
    file = name.split("::")[0]
    check_ordinary(file)
    try:
        with open(file, "rb") as stream:
            if not stream.read(1):
                raise FileError(file, "is empty; choose another file")
    except OSError as error:
        raise unreadable(file, error) from None
    if _is_hdf5(file):
        check_returns(Path(file))
    _check_cbf(file)
    _check_tiff(file)
    try:
        with _damage_reported(name):
            return fabio.open(name)
    except FileError:
        raise
    except Exception as error:
        unnamed = _is_hdf5(file) and "::" not in name
        hint = "for HDF5, name the dataset, FILE::/entry/data" if unnamed else "was it copied whole?"
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise FileError(name, f"cannot be read as a detector image ({text}); {hint}") from None


class _Errors(logging.Handler):
    """Errors that fabio logs, such as a wrong check sum or missing bytes, which it replaces by zeros."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(" ".join(record.getMessage().split())[:200])


@contextmanager
def _damage_reported(name: str) -> Iterator[None]:
    """Refuse a file of which fabio logs an error; its messages are not printed.

    Raises
    ------
    FileError
        With the first error.
    """
    logger, errors = logging.getLogger("fabio"), _Errors()
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(errors)
    try:
        yield
    finally:
        logger.removeHandler(errors)
        logger.propagate = propagate
    if errors.texts:
        raise FileError(name, f"is damaged ({errors.texts[0]}); was it copied whole?")


def _check_cbf(file: str) -> None:
    """Refuse a CBF file without the bytes before its counts: fabio would look for them without an end.

    Raises
    ------
    FileError
        If they are missing.
    """
    with open(file, "rb") as stream:
        start = stream.read(8)
    suffixes = Path(file).suffixes
    if ".cbf" not in map(str.lower, suffixes) and not start.startswith(b"###CBF"):
        return
    opened = next((way for signature, way in _PACKED.items() if start.startswith(signature)), open)
    try:
        with opened(file, "rb") as stream:
            found = _CBF_COUNTS in stream.read(_LARGEST_CBF).partition(_CBF_SECTION)[2]
    except (OSError, EOFError, zlib.error):
        found = False
    if not found:
        raise FileError(file, "is damaged: no counts follow its header; was it copied whole?")


def _check_tiff(file: str) -> None:
    """Refuse a TIFF file that ends before its last strip: where they are packed, the rest would be zeros.

    Raises
    ------
    FileError
        If it does.
    """
    with open(file, "rb") as stream:
        if stream.read(4) not in _TIFF:
            return
    import tifffile

    logger = logging.getLogger("tifffile")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # what it logs is not printed
    try:
        with tifffile.TiffFile(file) as opened:
            ends = [
                offset + size
                for page in islice(opened.pages, _MOST_FRAMES)
                for offset, size in zip(page.dataoffsets, page.databytecounts, strict=True)
            ]
    except Exception:  # no TIFF file: what reads it says why
        return
    if max(ends, default=0) > os.path.getsize(file):
        raise FileError(file, "is damaged: it ends before its last row; was it copied whole?")


def _is_hdf5(file: str) -> bool:
    with open(file, "rb") as stream:
        return stream.read(8) == b"\x89HDF\r\n\x1a\n"


def _further_header(file: str) -> dict[str, str]:
    """Entries about the geometry that fabio does not return."""
    if _is_hdf5(file):
        return nexus_header(file)
    from fabio.marccdimage import HEADER_FORMAT, HEADER_NAMES, interpret_header

    with open(file, "rb") as stream:
        content = stream.read(_MAR_END)
    if len(content) < _MAR_END or content[_MAR_START + 4 : _MAR_START + 8] != b"MMX\0":
        return {}
    entries = interpret_header(content[_MAR_START:_MAR_END], HEADER_FORMAT, HEADER_NAMES)
    return {name: str(value) for name, value in entries.items() if isinstance(value, int)}


def _chosen(name: str, frame: Frame | None, count: int) -> list[int]:
    """Numbers of the frames that are read, from 0."""
    if frame is None:
        if count > 1:
            raise FileError(
                name, f"holds {count} frames; choose one (--frame N, from 1) or add them (--frame sum)"
            )
        return [0]
    if frame == "sum":
        return list(range(count))
    if frame not in range(1, count + 1):
        raise FileError(name, f"has no frame {frame!r}; it holds {count}, counted from 1")
    return [frame - 1]


def _frame(name: str, opened: Any, number: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Counts of a frame, and its negative values, by which detectors mark pixels that do not count."""
    data = _data(name, opened if opened.nframes == 1 else _read(name, lambda: opened.getframe(number)))
    counts = data.astype(np.float64)
    return counts, counts < 0.0


def _data(name: str, opened: Any) -> NDArray[Any]:
    data = np.asarray(_read(name, lambda: opened.data))
    if data.ndim != 2 or data.dtype.kind not in "uifb":
        kind = "a picture in colours" if data.ndim == 3 else f"an array of shape {data.shape}"
        raise FileError(name, f"holds {kind}, not counts in rows and columns; export it as TIFF or EDF")
    if data.size > _MOST_PIXELS:
        raise FileError(
            name, f"has {data.size / 1e6:.0f} million pixels, more than {_MOST_PIXELS // 10**6}; bin it"
        )
    return data


def _read(name: str, read: Any) -> Any:
    try:
        with _damage_reported(name):
            return read()
    except FileError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise FileError(name, f"cannot be read as a detector image ({text}); was it copied whole?") from None
