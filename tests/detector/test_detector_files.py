"""Image files of several formats, frames, masks, and files that are no images."""

import struct
from pathlib import Path

import numpy as np
import pytest

from slxrd import _examine_hdf5
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


@pytest.mark.parametrize("kind", ["edf", "cbf"])
@pytest.mark.parametrize("part", [0.2, 0.9])
def test_a_file_that_is_cut_short_is_refused(kind: str, part: float, tmp_path: Path) -> None:
    """Of an EDF file fabio would replace the rest by zeros, and of a CBF file look for it without an end."""
    import importlib

    image = getattr(importlib.import_module(f"fabio.{kind}image"), f"{kind.capitalize()}Image")
    path = tmp_path / f"image.{kind}"
    image(data=COUNTS).write(str(path))
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(FileError, match="copied whole"):
        read_image(path)


def test_a_packed_tiff_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    """The strips that are missing would be zeros."""
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, COUNTS.astype(np.uint16), compression="zlib", rowsperstrip=4)
    assert np.array_equal(read_image(path).counts, COUNTS)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileError, match="ends before its last row"):
        read_image(path)


def test_counts_whose_check_sum_is_wrong_are_refused(tmp_path: Path) -> None:
    from fabio.cbfimage import CbfImage

    path = tmp_path / "image.cbf"
    CbfImage(data=COUNTS).write(str(path))
    content = bytearray(path.read_bytes())
    content[content.index(b"\x0c\x1a\x04\xd5") + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileError, match="Checksum"):
        read_image(path)


def test_an_hdf5_file_is_examined_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_examine_hdf5, "returns", lambda _: False)
    path = tmp_path / "image.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(FileError, match="does not return"):
        read_image(path)


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


def test_geometry_of_a_dectris_header_in_cbf(tmp_path: Path) -> None:
    from fabio.cbfimage import CbfImage

    text = (
        "# Detector: PILATUS 100K\n# Pixel_size 172e-6 m x 172e-6 m\n# Wavelength 1.5418 A\n"
        "# Detector_distance 0.301 m\n# Beam_xy (15.50, 10.25) pixels\n"
    )
    CbfImage(data=COUNTS, header={"_array_data.header_contents": text}).write(str(tmp_path / "a.cbf"))
    found = Geometry.from_header(read_image(tmp_path / "a.cbf"))
    assert (found.distance, found.wavelength) == pytest.approx((301.0, 1.5418))
    assert (found.centre_row, found.centre_column) == (10.25, 15.5)
    assert (found.pixel_row, found.pixel_column) == pytest.approx((172.0, 172.0))


def nexus(path: Path, **changed: tuple[float, str]) -> str:
    """Write a NeXus file with a detector; each value with its unit."""
    h5py = pytest.importorskip("h5py")
    values = {
        "distance": (0.25, "m"), "x_pixel_size": (0.075, "mm"), "y_pixel_size": (80.0, "um"),
        "beam_center_x": (15.5, "pixel"), "beam_center_y": (0.8, "mm"), "wavelength": (0.1, "nm"), **changed,
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        for name, kind in (
            ("entry", "NXentry"), ("entry/instrument", "NXinstrument"), ("entry/instrument/beam", "NXbeam"),
            ("entry/instrument/detector", "NXdetector"),
        ):  # fmt: skip
            file.create_group(name).attrs["NX_class"] = kind
        file["entry/instrument/detector/data"] = COUNTS[np.newaxis]
        for name, (value, unit) in values.items():
            place = "beam/incident_wavelength" if name == "wavelength" else f"detector/{name}"
            file[f"entry/instrument/{place}"] = value
            if unit:
                file[f"entry/instrument/{place}"].attrs["units"] = unit
    return f"{path}::/entry/instrument/detector/data"


@pytest.mark.slow
def test_geometry_of_a_nexus_file(tmp_path: Path) -> None:
    image = read_image(nexus(tmp_path / "a.nxs"))
    assert np.array_equal(image.counts, COUNTS)
    found = Geometry.from_header(image)
    assert (found.distance, found.wavelength) == pytest.approx((250.0, 1.0))
    assert (found.pixel_row, found.pixel_column) == pytest.approx((80.0, 75.0))
    assert (found.centre_row, found.centre_column) == pytest.approx((10.0, 15.5))
    unclear = read_image(nexus(tmp_path / "b.nxs", distance=(250.0, "")))
    with pytest.raises(SlxrdError, match=r"not known without distance \(mm\), which its header"):
        Geometry.from_header(unclear)


def test_geometry_of_a_marccd_file(tmp_path: Path) -> None:
    from fabio.marccdimage import HEADER_FORMAT, HEADER_NAMES

    values = {
        "xtal_to_detector": 150_000, "beam_x": 15_500, "beam_y": 10_250, "pixelsize_x": 80_000,
        "pixelsize_y": 79_000, "source_wavelength": 97_900,
    }  # fmt: skip
    fields = [
        values.get(name, b"\0" if kind == "c" else 0)
        for name, kind in zip(HEADER_NAMES, HEADER_FORMAT, strict=True)
    ]
    fields[1:4] = b"M", b"M", b"X"
    header = struct.pack(HEADER_FORMAT, *fields)
    entries = [
        (256, 3, COUNTS.shape[1]), (257, 3, COUNTS.shape[0]), (258, 3, 16), (259, 3, 1), (262, 3, 1),
        (273, 4, 4096), (277, 3, 1), (278, 3, COUNTS.shape[0]), (279, 4, 2 * COUNTS.size),
    ]  # fmt: skip
    tags = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    start = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + tags + bytes(4)
    content = start.ljust(1024, b"\0") + header.ljust(3072, b"\0") + COUNTS.astype("<u2").tobytes()
    (tmp_path / "a.mccd").write_bytes(content)
    image = read_image(tmp_path / "a.mccd")
    assert np.array_equal(image.counts, COUNTS)
    found = Geometry.from_header(image)
    assert (found.distance, found.wavelength) == pytest.approx((150.0, 0.979))
    assert (found.centre_row, found.centre_column) == pytest.approx((10.25, 15.5))
    assert (found.pixel_row, found.pixel_column) == pytest.approx((79.0, 80.0))


def test_an_mrc_file_of_an_electron_microscope(tmp_path: Path) -> None:
    rows, columns = COUNTS.shape
    header = struct.pack("<4i", columns, rows, 1, 1).ljust(64, b"\0") + struct.pack("<3i", 1, 2, 3)
    header = header.ljust(208, b"\0") + b"MAP \x44\x44\0\0"
    (tmp_path / "a.mrc").write_bytes(header.ljust(1024, b"\0") + COUNTS.astype("<i2").tobytes())
    assert np.array_equal(read_image(tmp_path / "a.mrc").counts, COUNTS)


def test_a_bruker_frame_needs_a_typed_geometry(tmp_path: Path) -> None:
    from fabio.bruker100image import Bruker100Image

    Bruker100Image(data=COUNTS).write(str(tmp_path / "a.gfrm"))
    image = read_image(tmp_path / "a.gfrm")
    with pytest.raises(SlxrdError, match=r"a\.gfrm: the geometry is not known without distance \(mm\)"):
        Geometry.from_header(image)
    found = Geometry.from_header(
        image, distance=100.0, centre_row=10.0, centre_column=15.0, pixel_row=135.0, pixel_column=135.0,
        wavelength=1.5418,
    )  # fmt: skip
    assert found.distance == 100.0


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
