"""Image files of several formats, frames, masks, and files that are no images."""

from pathlib import Path

import numpy as np
import pytest

from slxrd.detector.files import images_in, read_image, read_mask
from slxrd.detector.geometry import Geometry
from slxrd.errors import FileError, SlxrdError

fabio = pytest.importorskip("fabio")
COUNTS = np.random.default_rng(3).poisson(30.0, (20, 30)).astype(np.int32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("tifimage.TifImage", "tif"), ("edfimage.EdfImage", "edf"), ("cbfimage.CbfImage", "cbf"),
     ("eigerimage.EigerImage", "h5"), ("bruker100image.Bruker100Image", "gfrm"),
     ("numpyimage.NumpyImage", "npy")],
)  # fmt: skip
def test_formats(kind: str, suffix: str, tmp_path: Path) -> None:
    import importlib

    module, name = kind.split(".")
    path = tmp_path / f"image.{suffix}"
    getattr(importlib.import_module(f"fabio.{module}"), name)(data=COUNTS).write(str(path))
    found = read_image(path)
    assert found.shape == COUNTS.shape
    assert np.array_equal(found.counts, COUNTS)
    assert not found.mask.any()
    assert found.history == (f"read from {path}",)


def stack(path: Path) -> np.ndarray:
    from fabio.edfimage import EdfImage

    frames = np.random.default_rng(4).poisson(30.0, (3, 20, 30)).astype(np.int32)
    frames[1, 5, 6] = -1
    image = EdfImage(data=frames[0])
    for frame in frames[1:]:
        image.append_frame(data=frame)
    image.write(str(path))
    return frames


def test_frames(tmp_path: Path) -> None:
    path = tmp_path / "stack.edf"
    frames = stack(path)
    with pytest.raises(FileError, match=r"stack\.edf: holds 3 frames; choose one \(--frame N, from 1\)"):
        read_image(path)
    third = read_image(path, frame=3)
    assert np.array_equal(third.counts, frames[2])
    assert third.history[1] == "frame 3 of 3"
    total = read_image(path, frame="sum")
    assert total.history[1] == "sum of 3 frames"
    assert total.mask[5, 6]
    assert total.mask.sum() == 1
    assert np.array_equal(total.counts[~total.mask], frames.sum(axis=0)[~total.mask])
    for number in (0, 4):
        with pytest.raises(FileError, match=f"has no frame {number}; it holds 3"):
            read_image(path, frame=number)


def test_dataset_of_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["measurement/eiger"] = COUNTS[np.newaxis]
    assert np.array_equal(read_image(f"{path}::/measurement/eiger").counts, COUNTS)
    with pytest.raises(FileError, match=r"for HDF5, name the dataset, FILE::/entry/data"):
        read_image(path)
    with pytest.raises(FileError, match="cannot be read as a detector image"):
        read_image(f"{path}::/measurement/pilatus")


def test_geometry_in_a_file(tmp_path: Path) -> None:
    from fabio.edfimage import EdfImage

    header = {
        "SampleDistance": "0.5",
        "PSize_1": "1e-4",
        "PSize_2": "2e-4",
        "Center_1": "15",
        "Center_2": "10",
    }
    EdfImage(data=COUNTS, header=header).write(str(tmp_path / "a.edf"))
    found = Geometry.from_header(read_image(tmp_path / "a.edf"), wavelength=1.54)
    assert (found.distance, found.pixel_row, found.pixel_column) == pytest.approx((500.0, 200.0, 100.0))
    assert (found.centre_row, found.centre_column, found.wavelength) == (10.0, 15.0, 1.54)


def test_mask_files(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), dtype=np.uint8)
    mask[3:5] = 1
    np.save(tmp_path / "mask.npy", mask)
    assert np.array_equal(read_mask(tmp_path / "mask.npy"), mask == 1)
    np.save(tmp_path / "wrong.npy", mask[:10])
    from fabio.edfimage import EdfImage

    EdfImage(data=COUNTS).write(str(tmp_path / "a.edf"))
    with pytest.raises(
        SlxrdError, match=r"the mask has 10 × 30 pixels, the image 20 × 30 pixels; give the mask of"
    ):
        read_image(tmp_path / "a.edf").masked(read_mask(tmp_path / "wrong.npy"), "wrong.npy")


def test_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "empty.tif").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("q intensity\n1 2\n")
    (tmp_path / "cut.edf").write_bytes(b"{\nHeaderID = EH:000001 ;\n")
    with pytest.raises(FileError, match="is empty"):
        read_image(tmp_path / "empty.tif")
    with pytest.raises(FileError, match="does not exist"):
        read_image(tmp_path / "missing.tif")
    with pytest.raises(FileError, match="is a directory"):
        read_image(tmp_path)
    for name in ("notes.txt", "cut.edf"):
        with pytest.raises(FileError, match="cannot be read as a detector image") as caught:
            read_image(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_picture_in_colours_is_no_image(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.zeros((5, 5, 3), dtype=np.uint8)).save(tmp_path / "photo.png")
    with pytest.raises(FileError, match=r"detector image|picture in colours"):
        read_image(tmp_path / "photo.png")


def test_images_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.TIF", "a.edf", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in images_in(tmp_path)] == ["a.edf", "b.TIF"]
    (tmp_path / "sub").mkdir()
    with pytest.raises(FileError, match="contains no image"):
        images_in(tmp_path / "sub")
